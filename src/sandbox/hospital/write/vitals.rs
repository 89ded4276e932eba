//! Vital signs and growth.

use serde_json::{Value, json};

use super::visit::Enc;
use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::kind::Kind;
use crate::sandbox::hospital::{json as j, time};

/// How ill the child is: shifts of the vital signs from what is typical.
#[derive(Clone, Copy, Debug, Default)]
pub struct Illness {
    /// Degrees Celsius above 36.9.
    pub fever: f64,
    /// Per cent below 99.
    pub desaturation: f64,
    /// Share by which the heart beats faster: 0.2 is a fifth.
    pub tachycardia: f64,
    /// Share by which breathing is faster.
    pub tachypnea: f64,
}

/// A well child.
pub const WELL: Illness = Illness { fever: 0.0, desaturation: 0.0, tachycardia: 0.0, tachypnea: 0.0 };

impl Chart<'_> {
    /// Temperature, heart rate, breathing, oxygen saturation and blood pressure.
    pub fn vitals(&mut self, enc: &Enc, at: Timestamp, ill: Illness) {
        let normal = self.typical(at);
        let wobble = self.draw.bell() * 0.04;
        let temperature = 36.9 + ill.fever + self.draw.bell() * 0.15;
        let heart_rate = normal.heart_rate * (1.0 + ill.tachycardia + wobble);
        let breaths = normal.breaths * (1.0 + ill.tachypnea + wobble);
        let saturation = (99.0 - ill.desaturation).clamp(60.0, 100.0);
        self.vital(
            enc,
            at,
            "us-core-body-temperature",
            ("8310-5", "Body temperature"),
            (temperature, 1, "°C", "Cel"),
        );
        self.vital(enc, at, "us-core-heart-rate", ("8867-4", "Heart rate"), (heart_rate, 0, "/min", "/min"));
        self.vital(
            enc,
            at,
            "us-core-respiratory-rate",
            ("9279-1", "Respiratory rate"),
            (breaths, 0, "/min", "/min"),
        );
        self.saturation(enc, at, saturation);
        let pulse = wobble * 2.0;
        self.pressure(enc, at, normal.systolic * (1.0 + pulse), normal.diastolic * (1.0 + pulse));
    }

    /// Weight and height (length below two years), head circumference below three years, BMI from two years on.
    pub fn growth(&mut self, enc: &Enc, at: Timestamp) {
        let normal = self.typical(at);
        self.measured(enc, at, normal.weight, normal.height);
        if self.age_days(at) < 3 * 365 {
            self.vital(
                enc,
                at,
                "us-core-head-circumference",
                ("9843-4", "Head Occipital-frontal circumference"),
                (normal.head, 1, "cm", "cm"),
            );
        }
    }

    /// Weight and height as given, with BMI from two years on.
    pub fn measured(&mut self, enc: &Enc, at: Timestamp, weight: f64, height: f64) {
        self.weight(enc, at, weight);
        self.vital(enc, at, "us-core-body-height", ("8302-2", "Body height"), (height, 1, "cm", "cm"));
        if self.age_days(at) >= 2 * 365 {
            let metres = height / 100.0;
            let bmi = weight / (metres * metres);
            self.vital(
                enc,
                at,
                "us-core-bmi",
                ("39156-5", "Body mass index (BMI) [Ratio]"),
                (bmi, 1, "kg/m2", "kg/m2"),
            );
        }
    }

    /// Weight alone.
    pub fn weight(&mut self, enc: &Enc, at: Timestamp, weight: f64) {
        let decimals = if weight < 10.0 { 2 } else { 1 };
        self.vital(
            enc,
            at,
            "us-core-body-weight",
            ("29463-7", "Body weight"),
            (weight, decimals, "kg", "kg"),
        );
    }

    fn vital(
        &mut self,
        enc: &Enc,
        at: Timestamp,
        profile: &'static str,
        code: (&str, &str),
        value: (f64, u32, &str, &str),
    ) {
        let mut body = self.vital_body(enc, at, &j::concept(j::LOINC, code.0, code.1));
        j::set(&mut body, "valueQuantity", j::quantity(value.0, value.1, value.2, value.3));
        self.keep_vital(enc, at, profile, body);
    }

    fn saturation(&mut self, enc: &Enc, at: Timestamp, percent: f64) {
        let code = json!({
            "coding": [
                j::coding(j::LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
                j::coding(j::LOINC, "2708-6", "Oxygen saturation in Arterial blood")
            ],
            "text": "Oxygen saturation"
        });
        let mut body = self.vital_body(enc, at, &code);
        j::set(&mut body, "valueQuantity", j::quantity(percent, 0, "%", "%"));
        self.keep_vital(enc, at, "us-core-pulse-oximetry", body);
    }

    /// Blood pressure as given.
    pub fn pressure(&mut self, enc: &Enc, at: Timestamp, systolic: f64, diastolic: f64) {
        let code = j::concept_text(
            j::LOINC,
            "85354-9",
            "Blood pressure panel with all children optional",
            "Blood pressure",
        );
        let mut body = self.vital_body(enc, at, &code);
        j::set(
            &mut body,
            "component",
            json!([
                {
                    "code": j::concept(j::LOINC, "8480-6", "Systolic blood pressure"),
                    "valueQuantity": j::quantity(systolic, 0, "mmHg", "mm[Hg]")
                },
                {
                    "code": j::concept(j::LOINC, "8462-4", "Diastolic blood pressure"),
                    "valueQuantity": j::quantity(diastolic, 0, "mmHg", "mm[Hg]")
                }
            ]),
        );
        self.keep_vital(enc, at, "us-core-blood-pressure", body);
    }

    fn vital_body(&self, enc: &Enc, at: Timestamp, code: &Value) -> Value {
        json!({
            "status": "final",
            "category": [j::hl7_concept("observation-category", "vital-signs", "Vital Signs")],
            "code": code,
            "subject": self.subject(),
            "encounter": { "reference": enc.reference },
            "effectiveDateTime": time::date_time(at),
            "issued": time::instant(at),
            "performer": [j::reference(&enc.attending.reference(), &enc.attending.signed())]
        })
    }

    fn keep_vital(&mut self, enc: &Enc, at: Timestamp, profile: &'static str, body: Value) {
        let reference = self.add(Kind::Observation, &[profile], time::after(at, 5), body);
        self.wrote(&enc.reference, enc.attending, at, &reference);
    }
}
