//! Medication orders.

use serde_json::{Value, json};

use super::visit::Enc;
use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::dx::Dx;
use crate::sandbox::hospital::codes::meds::Drug;
use crate::sandbox::hospital::directory;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::staff::Clinician;
use crate::sandbox::hospital::{json as j, time};

/// An order to be written.
#[derive(Clone, Copy)]
pub struct Order<'o> {
    drug: &'static Drug,
    sig: &'o str,
    by: &'static Clinician,
    from: Timestamp,
    dose: Option<(f64, u32, &'o str, &'o str)>,
    times_a_day: Option<i64>,
    until: Option<Timestamp>,
    /// Why it was stopped before its time; absent when it ran its course.
    stopped: Option<&'o str>,
    reason: Option<&'static Dx>,
    inpatient: bool,
    dispensed: Option<(f64, &'o str, i64)>,
    note: &'o str,
    by_reference: bool,
}

/// An order of `drug` with instructions in words, by `by`, from `from`.
pub fn order<'o>(drug: &'static Drug, sig: &'o str, by: &'static Clinician, from: Timestamp) -> Order<'o> {
    Order {
        drug,
        sig,
        by,
        from,
        dose: None,
        times_a_day: None,
        until: None,
        stopped: None,
        reason: None,
        inpatient: false,
        dispensed: None,
        note: "",
        by_reference: false,
    }
}

impl<'o> Order<'o> {
    /// Dose (with decimal places), printed unit and UCUM unit, and how often a day.
    #[must_use]
    pub fn dose(mut self, amount: f64, unit: &'o str, ucum: &'o str, times_a_day: i64) -> Self {
        self.dose = Some((amount, 2, unit, ucum));
        self.times_a_day = (times_a_day > 0).then_some(times_a_day);
        self
    }

    /// What it is for.
    #[must_use]
    pub fn for_dx(mut self, dx: &'static Dx) -> Self {
        self.reason = Some(dx);
        self
    }

    /// It ran, or runs, until `until` as planned.
    #[must_use]
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// It was stopped at `at`, and why.
    #[must_use]
    pub fn stopped(mut self, at: Timestamp, why: &'o str) -> Self {
        self.until = Some(at);
        self.stopped = Some(why);
        self
    }

    /// Given on the ward.
    #[must_use]
    pub fn inpatient(mut self) -> Self {
        self.inpatient = true;
        self
    }

    /// Prescribed: quantity, unit, refills.
    #[must_use]
    pub fn dispense(mut self, quantity: f64, unit: &'o str, refills: i64) -> Self {
        self.dispensed = Some((quantity, unit, refills));
        self
    }

    /// What the prescriber wants known.
    #[must_use]
    pub fn note(mut self, note: &'o str) -> Self {
        self.note = note;
        self
    }

    /// Names the medicine by a Medication resource instead of a code.
    #[must_use]
    pub fn by_reference(mut self) -> Self {
        self.by_reference = true;
        self
    }
}

impl Chart<'_> {
    /// Writes an order that was made during `enc`.
    pub fn order(&mut self, enc: &Enc, order: Order<'_>) {
        let over = order.until.is_some_and(|until| until <= self.now);
        let status = match (over, order.stopped) {
            (true, Some(_)) => "stopped",
            (true, None) => "completed",
            (false, _) => "active",
        };
        let mut body = self.order_body(enc, &order, status);
        if order.by_reference {
            j::set(
                &mut body,
                "medicationReference",
                j::reference(&directory::medication_reference(order.drug), order.drug.product),
            );
        } else {
            j::set(&mut body, "medicationCodeableConcept", directory::drug_concept(order.drug));
        }
        if let Some(dx) = order.reason {
            j::set(&mut body, "reasonCode", json!([super::visit::diagnosis_code(dx)]));
        }
        if let (Some(why), true) = (order.stopped, over) {
            j::set(&mut body, "statusReason", json!({ "text": why }));
        }
        if !order.note.is_empty() {
            j::set(&mut body, "note", json!([{ "text": order.note }]));
        }
        let updated = if over { order.until.unwrap_or(order.from) } else { order.from };
        let request = self.add(Kind::MedicationRequest, &["us-core-medicationrequest"], updated, body);
        self.wrote(&enc.reference, order.by, updated, &request);
    }

    fn order_body(&self, enc: &Enc, order: &Order<'_>, status: &str) -> Value {
        let (category, words) =
            if order.inpatient { ("inpatient", "Inpatient") } else { ("community", "Community") };
        let mut bounds = json!({ "start": time::day_of(order.from).to_string() });
        if let Some(until) = order.until {
            j::set(&mut bounds, "end", json!(time::day_of(until).to_string()));
        }
        let mut repeat = json!({ "boundsPeriod": bounds });
        if let Some(times) = order.times_a_day {
            j::set(&mut repeat, "frequency", json!(times));
            j::set(&mut repeat, "period", json!(1));
            j::set(&mut repeat, "periodUnit", json!("d"));
        }
        let (route, route_words) = order.drug.route.coded();
        let mut dosage = json!({
            "text": order.sig,
            "timing": { "repeat": repeat },
            "route": j::concept(j::SNOMED, route, route_words)
        });
        if let Some((amount, decimals, unit, ucum)) = order.dose {
            j::set(
                &mut dosage,
                "doseAndRate",
                json!([{
                    "type": j::hl7_concept("dose-rate-type", "ordered", "Ordered"),
                    "doseQuantity": j::quantity(amount, decimals, unit, ucum)
                }]),
            );
        }
        let mut body = json!({
            "status": status,
            "intent": "order",
            "category": [j::hl7_concept("medicationrequest-category", category, words)],
            "reportedBoolean": false,
            "subject": self.subject(),
            "encounter": { "reference": enc.reference },
            "authoredOn": time::date_time(order.from),
            "requester": j::reference(&order.by.reference(), &order.by.signed()),
            "dosageInstruction": [dosage]
        });
        if let Some((quantity, unit, refills)) = order.dispensed {
            j::set(
                &mut body,
                "dispenseRequest",
                json!({
                    "validityPeriod": { "start": time::day_of(order.from).to_string() },
                    "numberOfRepeatsAllowed": refills,
                    "quantity": { "value": j::rounded(quantity, 0), "unit": unit }
                }),
            );
        }
        body
    }
}
