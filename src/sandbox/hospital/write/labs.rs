//! Laboratory results: Observations with flags and ranges, grouped by `DiagnosticReport`.

use serde_json::{Value, json};

use super::visit::Enc;
use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::labs::{
    self, ANC, HCT, HGB, LYMPH, MCV, NEUT, Panel, RBC, Range, Scale, Test, WBC,
};
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::{json as j, time};

/// Values that a story gives; everything else in a panel is drawn inside its range.
pub type Given<'g> = &'g [(&'static Test, f64)];

impl Chart<'_> {
    /// Writes a panel collected at `at`. Values in `given` are taken as they are.
    pub fn panel(&mut self, enc: &Enc, at: Timestamp, panel: &'static Panel, given: Given<'_>) {
        let at = at.min(time::after(self.now, -panel.turnaround.min(60)));
        let issued = time::after(at, panel.turnaround).min(self.now);
        let mut values: Vec<(&'static Test, f64)> = given.to_vec();
        let mut results = Vec::new();
        if panel.tests.iter().any(|test| std::ptr::eq(*test, &raw const RBC)) {
            // The number of red cells follows from these.
            for test in [&HGB, &MCV] {
                let number = self.value_of(test, at, &values);
                values.push((test, number));
            }
        }
        for test in panel.tests.iter().copied() {
            let body = if let Scale::Words { normal } = test.scale {
                let words = json!({ "valueString": normal });
                self.observation(enc, test, at, issued, &words, Some(("N", "Normal")))
            } else {
                let number = self.value_of(test, at, &values);
                values.push((test, number));
                self.numeric(enc, test, at, issued, number)
            };
            results.push(self.keep_result(enc, test, issued, body));
        }
        self.report(enc, (panel.loinc, panel.name), at, Some(issued), &results, "");
    }

    /// Writes one numeric result with its report.
    pub fn result(&mut self, enc: &Enc, at: Timestamp, test: &'static Test, value: f64) {
        let issued = time::after(at, 70).min(self.now);
        let body = self.numeric(enc, test, at, issued, value);
        let reference = self.keep_result(enc, test, issued, body);
        self.report(enc, (test.loinc, test.name), at, Some(issued), &[reference], "");
    }

    /// Writes one finding in words with its report, `minutes` after collection. `abnormal` flags it.
    pub fn finding(
        &mut self,
        enc: &Enc,
        at: Timestamp,
        test: &'static Test,
        words: &str,
        abnormal: bool,
        minutes: i64,
    ) {
        let issued = time::after(at, minutes).min(self.now);
        let flag = if abnormal { Some(("A", "Abnormal")) } else { Some(("N", "Normal")) };
        let body = self.observation(enc, test, at, issued, &json!({ "valueString": words }), flag);
        let reference = self.keep_result(enc, test, issued, body);
        let conclusion = if abnormal { words } else { "" };
        self.report(enc, (test.loinc, test.name), at, Some(issued), &[reference], conclusion);
    }

    /// Writes the normal finding of a test in words.
    pub fn normal(&mut self, enc: &Enc, at: Timestamp, test: &'static Test, minutes: i64) {
        if let Scale::Words { normal } = test.scale {
            self.finding(enc, at, test, normal, false, minutes);
        }
    }

    /// Writes a test that was collected and has no result yet; `says` is what the laboratory reports so far.
    pub fn pending(&mut self, enc: &Enc, at: Timestamp, test: &'static Test, says: &str) {
        let status = if says.is_empty() { "registered" } else { "preliminary" };
        let mut body = self.report_body(enc, (test.loinc, test.name), at, None, &[], says);
        j::set(&mut body, "status", json!(status));
        let report =
            self.add(Kind::DiagnosticReport, &["us-core-diagnosticreport-lab"], time::after(at, 30), body);
        self.wrote(&enc.reference, enc.attending, at, &report);
    }

    /// A value for `test`: given, derived from what is there already, or drawn inside the range.
    fn value_of(&mut self, test: &'static Test, at: Timestamp, known: &[(&'static Test, f64)]) -> f64 {
        let find =
            |wanted: &'static Test| known.iter().rev().find(|v| std::ptr::eq(v.0, wanted)).map(|v| v.1);
        if let Some(value) = find(test) {
            return value;
        }
        let derived = if std::ptr::eq(test, &raw const HCT) {
            find(&HGB).map(|hgb| hgb * 2.97)
        } else if std::ptr::eq(test, &raw const RBC) {
            find(&HGB).zip(find(&MCV)).map(|(hgb, mcv)| hgb * 29.7 / mcv.max(1.0))
        } else if std::ptr::eq(test, &raw const LYMPH) {
            find(&NEUT).map(|neut| (91.0 - neut).max(1.0))
        } else if std::ptr::eq(test, &raw const ANC) {
            find(&WBC).zip(find(&NEUT)).map(|(wbc, neut)| wbc * neut / 100.0)
        } else {
            None
        };
        let place = (0.5 + self.draw.bell() * 0.16).clamp(0.08, 0.92);
        derived.unwrap_or_else(|| {
            test.range(self.age_days(at)).map_or(0.0, |range| range.low + (range.high - range.low) * place)
        })
    }

    fn numeric(&self, enc: &Enc, test: &'static Test, at: Timestamp, issued: Timestamp, value: f64) -> Value {
        let Scale::Number { unit, ucum, decimals, .. } = test.scale else {
            return json!({});
        };
        let range = test.range(self.age_days(at));
        let quantity = j::quantity(value, decimals, unit, ucum);
        let flag = range.map(|range| flag(test, &quantity, range));
        let mut body = self.observation(enc, test, at, issued, &json!({ "valueQuantity": quantity }), flag);
        if let Some(range) = range {
            j::set(&mut body, "referenceRange", json!([reference_range(range, decimals, unit, ucum)]));
        }
        body
    }

    fn observation(
        &self,
        enc: &Enc,
        test: &'static Test,
        at: Timestamp,
        issued: Timestamp,
        value: &Value,
        flag: Option<(&str, &str)>,
    ) -> Value {
        let mut body = json!({
            "status": "final",
            "category": [j::hl7_concept("observation-category", "laboratory", "Laboratory")],
            "code": j::concept(j::LOINC, test.loinc, test.name),
            "subject": self.subject(),
            "encounter": { "reference": enc.reference },
            "effectiveDateTime": time::date_time(at),
            "issued": time::instant(issued),
            "performer": [j::reference("Organization/org-1", "Saguaro Children's Hospital, Clinical Laboratory")]
        });
        if let (Some(body), Some(value)) = (body.as_object_mut(), value.as_object()) {
            body.extend(value.clone());
        }
        if let Some((code, words)) = flag {
            j::set(
                &mut body,
                "interpretation",
                json!([j::hl7_concept("v3-ObservationInterpretation", code, words)]),
            );
        }
        body
    }

    fn keep_result(&mut self, enc: &Enc, test: &Test, issued: Timestamp, body: Value) -> (String, String) {
        let reference = self.add(Kind::Observation, &["us-core-observation-lab"], issued, body);
        self.wrote(&enc.reference, enc.attending, issued, &reference);
        (reference, test.name.to_owned())
    }

    fn report(
        &mut self,
        enc: &Enc,
        code: (&str, &str),
        at: Timestamp,
        issued: Option<Timestamp>,
        results: &[(String, String)],
        conclusion: &str,
    ) {
        let body = self.report_body(enc, code, at, issued, results, conclusion);
        let updated = issued.unwrap_or(at);
        let report = self.add(Kind::DiagnosticReport, &["us-core-diagnosticreport-lab"], updated, body);
        self.wrote(&enc.reference, enc.attending, updated, &report);
    }

    fn report_body(
        &self,
        enc: &Enc,
        code: (&str, &str),
        at: Timestamp,
        issued: Option<Timestamp>,
        results: &[(String, String)],
        conclusion: &str,
    ) -> Value {
        let mut body = json!({
            "status": "final",
            "category": [j::hl7_concept("v2-0074", "LAB", "Laboratory")],
            "code": j::concept(j::LOINC, code.0, code.1),
            "subject": self.subject(),
            "encounter": { "reference": enc.reference },
            "effectiveDateTime": time::date_time(at),
            "performer": [j::reference("Organization/org-1", "Saguaro Children's Hospital, Clinical Laboratory")]
        });
        if let Some(issued) = issued {
            j::set(&mut body, "issued", json!(time::instant(issued)));
        }
        if !results.is_empty() {
            j::set(
                &mut body,
                "result",
                results.iter().map(|(target, name)| j::reference(target, name)).collect(),
            );
        }
        if !conclusion.is_empty() {
            j::set(&mut body, "conclusion", json!(conclusion));
        }
        body
    }
}

/// Below or above these a laboratory calls the ward at once.
static CRITICAL: &[(&Test, f64, f64)] = &[
    (&labs::POTASSIUM, 2.8, 6.2),
    (&labs::SODIUM, 125.0, 155.0),
    (&labs::GLUCOSE, 45.0, 450.0),
    (&labs::CALCIUM, 7.0, 13.0),
    (&labs::CO2, 10.0, 40.0),
    (&labs::VENOUS_PH, 7.2, 7.6),
    (&labs::LACTATE, 0.0, 4.0),
    (&labs::HGB, 6.5, 22.0),
    (&labs::PLT, 20.0, 1000.0),
    (&labs::WBC, 1.0, 50.0),
    (&labs::ANC, 0.5, 40.0),
];

/// Low, normal or high, judged on the printed value, or critical.
fn flag(test: &'static Test, quantity: &Value, range: Range) -> (&'static str, &'static str) {
    let value = quantity.get("value").and_then(Value::as_f64).unwrap_or_default();
    let critical = CRITICAL.iter().find(|row| std::ptr::eq(row.0, test));
    match critical {
        Some((_, low, _)) if value < *low && value < range.low => ("LL", "Critical low"),
        Some((_, _, high)) if value > *high && value > range.high => ("HH", "Critical high"),
        _ if value < range.low => ("L", "Low"),
        _ if value > range.high => ("H", "High"),
        _ => ("N", "Normal"),
    }
}

fn reference_range(range: Range, decimals: u32, unit: &str, ucum: &str) -> Value {
    let mut shown = json!({
        "type": j::hl7_concept("referencerange-meaning", "normal", "Normal Range"),
        "high": j::quantity(range.high, decimals, unit, ucum)
    });
    if range.low > 0.0 {
        j::set(&mut shown, "low", j::quantity(range.low, decimals, unit, ucum));
    }
    let places = usize::try_from(decimals).unwrap_or(0);
    j::set(
        &mut shown,
        "text",
        json!(if range.low > 0.0 {
            format!("{:.places$}-{:.places$} {unit}", range.low, range.high).trim_end().to_owned()
        } else {
            format!("<= {:.places$} {unit}", range.high).trim_end().to_owned()
        }),
    );
    shown
}
