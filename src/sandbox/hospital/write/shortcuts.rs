//! The usual kinds of contact in one call each.

use super::notes::{Format, Note, NoteKind};
use super::visit::{Disposition, Enc, Setting, Visit};
use super::vitals::{Illness, WELL};
use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::dx::Dx;
use crate::sandbox::hospital::staff::{Clinician, EMERGENCY_DEPT, Unit};
use crate::sandbox::hospital::time;

/// Who else took part, as v3 `ParticipationType` code and clinician.
pub type Others<'t> = &'t [(&'static str, &'static Clinician)];

/// A stay on a ward.
pub struct Stay<'s> {
    /// Which ward.
    pub unit: &'static Unit,
    /// From.
    pub from: Timestamp,
    /// Until; absent while it lasts.
    pub to: Option<Timestamp>,
    /// Responsible.
    pub attending: &'static Clinician,
    /// Who else took part.
    pub team: Others<'s>,
    /// Why, in words.
    pub reason: &'s str,
    /// What was found.
    pub diagnoses: &'s [&'static Dx],
    /// Where to, afterwards.
    pub disposition: Disposition,
    /// Whether through the emergency department.
    pub through_ed: bool,
}

impl Chart<'_> {
    /// A clinic visit of three quarters of an hour, with vital signs and growth.
    pub fn clinic(
        &mut self,
        setting: Setting,
        from: Timestamp,
        unit: &'static Unit,
        attending: &'static Clinician,
        reason: &str,
        diagnoses: &[&'static Dx],
    ) -> Enc {
        let enc = self.clinic_without_signs(setting, from, (unit, attending), reason, diagnoses);
        if setting != Setting::Video {
            self.vitals(&enc, time::after(from, 6), WELL);
            self.growth(&enc, time::after(from, 8));
        }
        enc
    }

    /// A clinic visit of three quarters of an hour; vital signs are up to the caller.
    pub fn clinic_without_signs(
        &mut self,
        setting: Setting,
        from: Timestamp,
        place: (&'static Unit, &'static Clinician),
        reason: &str,
        diagnoses: &[&'static Dx],
    ) -> Enc {
        self.visit(&Visit {
            setting,
            unit: place.0,
            from,
            to: Some(time::after(from, 45)),
            attending: place.1,
            team: &[],
            reason,
            diagnoses,
            disposition: None,
            through_ed: false,
        })
    }

    /// A visit to the emergency department that ended at home after `minutes`, with signs on arrival and on leaving.
    pub fn emergency(
        &mut self,
        from: Timestamp,
        minutes: i64,
        attending: &'static Clinician,
        reason: &str,
        diagnoses: &[&'static Dx],
        ill: Illness,
    ) -> Enc {
        let enc = self.visit(&Visit {
            setting: Setting::Emergency,
            unit: &EMERGENCY_DEPT,
            from,
            to: Some(time::after(from, minutes)),
            attending,
            team: &[],
            reason,
            diagnoses,
            disposition: Some(Disposition::Home),
            through_ed: false,
        });
        self.vitals(&enc, time::after(from, 8), ill);
        let weight = self.typical(from).weight;
        self.weight(&enc, time::after(from, 9), weight);
        let better = Illness {
            fever: ill.fever * 0.3,
            desaturation: ill.desaturation * 0.3,
            tachycardia: ill.tachycardia * 0.4,
            tachypnea: ill.tachypnea * 0.3,
        };
        self.vitals(&enc, time::after(from, minutes - 12), better);
        enc
    }

    /// A stay on a ward; signs are up to the caller.
    pub fn stay(&mut self, stay: &Stay<'_>) -> Enc {
        self.visit(&Visit {
            setting: Setting::Inpatient,
            unit: stay.unit,
            from: stay.from,
            to: stay.to,
            attending: stay.attending,
            team: stay.team,
            reason: stay.reason,
            diagnoses: stay.diagnoses,
            disposition: stay.to.map(|_| stay.disposition),
            through_ed: stay.through_ed,
        })
    }

    /// Vital signs every eight hours of a stay, from `ill` on arrival fading towards health; growth on arrival.
    pub fn ward_signs(&mut self, enc: &Enc, ill: Illness) {
        self.growth(enc, time::after(enc.from, 25));
        let end = enc.end_or(self.now);
        let mut at = time::after(enc.from, 20);
        let whole = (end.as_millis() - enc.from.as_millis()).max(1);
        while at < end {
            let left = super::super::json::float((end.as_millis() - at.as_millis()) / 60_000)
                / super::super::json::float((whole / 60_000).max(1));
            let share = (left * 1.15 - 0.15).max(0.0);
            self.vitals(
                enc,
                at,
                Illness {
                    fever: ill.fever * share,
                    desaturation: ill.desaturation * share,
                    tachycardia: ill.tachycardia * share,
                    tachypnea: ill.tachypnea * share,
                },
            );
            at = time::after(at, 480);
        }
    }

    /// A note.
    pub fn say(
        &mut self,
        enc: &Enc,
        kind: &'static NoteKind,
        by: &'static Clinician,
        at: Timestamp,
        format: Format,
        text: &str,
    ) {
        self.note(enc, &Note { kind, by, at, format, text });
    }
}
