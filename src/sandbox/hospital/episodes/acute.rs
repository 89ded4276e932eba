//! One acute illness: an emergency visit or a stay, its signs, results, medicines and notes.

use super::illnesses::{ILLNESSES, Pattern, Treatment};
use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::labs;
use crate::sandbox::hospital::codes::meds::{self, Drug};
use crate::sandbox::hospital::staff::{CASTELLANOS, TRAN_NP, WHITFIELD};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::notes::{ADMISSION, DISCHARGE, EMERGENCY, PROGRESS};
use crate::sandbox::hospital::write::{Disposition, Enc, Format, Stay, order};

/// Writes an illness that began `days` ago, if there is one for the age that is not among `had`, and adds it to them.
pub fn write(c: &mut Chart<'_>, days: i64, had: &mut Vec<usize>) {
    let minutes = c.draw.between(6 * 60, 22 * 60 + 50);
    let from = time::after(c.on(days, 0, 0), minutes);
    let months = time::whole_months(c.child.birth, time::day_of(from));
    let fits = |p: &Pattern| p.months.0 <= months && months < p.months.1;
    let fitting: Vec<(usize, &Pattern)> =
        ILLNESSES.iter().enumerate().filter(|(at, p)| fits(p) && !had.contains(at)).collect();
    if fitting.is_empty() {
        return;
    }
    let (at, pattern) = *c.draw.pick(&fitting);
    had.push(at);
    let version = c.draw.below(60) as usize;
    if pattern.nights.1 == 0 {
        emergency(c, pattern, from, version);
    } else {
        stay(c, pattern, from, version);
    }
}

fn emergency(c: &mut Chart<'_>, pattern: &Pattern, from: Timestamp, version: usize) {
    let attending = if c.draw.chance(50) { &CASTELLANOS } else { &WHITFIELD };
    let minutes = c.draw.between(95, 320);
    let from = from.min(time::after(c.now, -minutes - 30));
    let reason = told(pattern.reasons, version);
    let enc = c.emergency(from, minutes, attending, reason, pattern.diagnoses, pattern.ill);
    results(c, pattern, &enc);
    treatments(c, pattern, &enc);
    procedures(c, pattern, &enc);
    let text = emergency_text(pattern, version);
    let format = if c.draw.chance(50) { Format::Plain } else { Format::Html };
    c.say(&enc, &EMERGENCY, attending, time::after(from, minutes + 5), format, &text);
}

fn stay(c: &mut Chart<'_>, pattern: &Pattern, from: Timestamp, version: usize) {
    let nights = c.draw.between(pattern.nights.0, pattern.nights.1);
    let end = time::at(time::shift(time::day_of(from), nights), 11, 20);
    let to = (end < time::after(c.now, -30)).then_some(end);
    let attending = *c.draw.pick(pattern.attending);
    let admitter = if c.draw.chance(50) { &CASTELLANOS } else { &WHITFIELD };
    let reason = told(pattern.reasons, version);
    let enc = c.stay(&Stay {
        unit: pattern.unit,
        from,
        to,
        attending,
        team: &[("ADM", admitter), ("PPRF", &TRAN_NP)],
        reason,
        diagnoses: pattern.diagnoses,
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.ward_signs(&enc, pattern.ill);
    results(c, pattern, &enc);
    if time::after(from, 1440) < enc.end_or(c.now) {
        recovery(c, pattern, &enc);
    }
    treatments(c, pattern, &enc);
    procedures(c, pattern, &enc);
    let text = admission_text(c, pattern, version);
    c.say(&enc, &ADMISSION, admitter, time::after(from, 150), Format::Plain, &text);
    if nights > 1 && time::after(from, 1500) < c.now {
        let text = progress_text(c, pattern);
        c.say(&enc, &PROGRESS, attending, time::after(from, 1480), Format::Plain, &text);
    }
    if let Some(to) = to {
        let text = discharge_text(c, pattern, &enc, version);
        let format = if c.draw.chance(60) { Format::Pdf } else { Format::Html };
        c.say(&enc, &DISCHARGE, attending, time::after(to, 25), format, &text);
    }
}

fn results(c: &mut Chart<'_>, pattern: &Pattern, enc: &Enc) {
    let at = time::after(enc.from, 35);
    for panel in pattern.panels {
        let given: Vec<(&'static labs::Test, f64)> =
            pattern.abnormal.iter().map(|(test, value)| (*test, varied(c, *value))).collect();
        c.panel(enc, at, panel, &given);
    }
    for (test, value) in pattern.single {
        let value = varied(c, *value);
        c.result(enc, at, test, value);
    }
    for (test, words, minutes) in pattern.findings {
        c.finding(enc, at, test, words, true, *minutes);
    }
}

/// On the second day what was abnormal is half way back.
fn recovery(c: &mut Chart<'_>, pattern: &Pattern, enc: &Enc) {
    let at = time::after(enc.from, 1440);
    for (test, value) in pattern.single {
        if let Some(range) = test.range(c.age_days(at)) {
            let middle = f64::midpoint(range.low, range.high);
            let value = varied(c, f64::midpoint(*value, middle));
            c.result(enc, at, test, value);
        }
    }
}

fn varied(c: &mut Chart<'_>, value: f64) -> f64 {
    value * (1.0 + c.draw.bell() * 0.05)
}

fn treatments(c: &mut Chart<'_>, pattern: &Pattern, enc: &Enc) {
    let end = enc.end_or(c.now);
    for treatment in pattern.treatments {
        let Treatment { drug, per_kg, unit, ucum, times, days, sig } = *treatment;
        let weight = c.typical(enc.from).weight;
        let dose = (weight * per_kg).round().clamp(1.0, most(drug));
        let words = format!("{dose:.0} {unit} {sig}");
        let main = pattern.diagnoses.first().copied();
        let inpatient = days == 0;
        let start = if inpatient { time::after(enc.from, 40) } else { time::after(end, -40) };
        let until = if inpatient { end } else { time::after(start, days * 1440) };
        let mut one = order(drug, &words, enc.attending, start).dose(dose, unit, ucum, times);
        if let Some(dx) = main {
            one = one.for_dx(dx);
        }
        if inpatient {
            one = one.inpatient();
        } else {
            one = one.dispense((weight * per_kg).max(10.0) * 2.0, "mL", 0);
        }
        let regular = days >= 90;
        if (enc.to.is_some() || !inpatient) && !regular {
            one = one.until(until);
        }
        if inpatient || enc.to.is_some() {
            if c.draw.chance(30) {
                one = one.by_reference();
            }
            c.order(enc, one);
        }
    }
}

/// The largest single dose, whatever a child weighs.
fn most(drug: &Drug) -> f64 {
    let limits: [(&Drug, f64); 12] = [
        (&meds::FLUTICASONE, 2.0),
        (&meds::ALBUTEROL_NEB, 5.0),
        (&meds::PREDNISOLONE, 30.0),
        (&meds::DEXAMETHASONE, 16.0),
        (&meds::AMPICILLIN, 2000.0),
        (&meds::AMOXICILLIN, 1000.0),
        (&meds::CEFTRIAXONE, 2000.0),
        (&meds::CEPHALEXIN, 500.0),
        (&meds::IBUPROFEN, 600.0),
        (&meds::ACETAMINOPHEN, 650.0),
        (&meds::ONDANSETRON, 8.0),
        (&meds::OSELTAMIVIR, 75.0),
    ];
    limits.iter().find(|(known, _)| std::ptr::eq(*known, drug)).map_or(1000.0, |(_, most)| *most)
}

fn procedures(c: &mut Chart<'_>, pattern: &Pattern, enc: &Enc) {
    for (procedure, by, minutes) in pattern.procedures {
        let at = time::after(enc.from, *minutes).min(enc.end_or(c.now));
        c.procedure(enc, procedure, at, by, "");
    }
}

/// The version of a text: reason, history, findings and course of one version belong together.
fn told<'t>(versions: &'t [&'t str], version: usize) -> &'t str {
    versions.get(version % versions.len().max(1)).copied().unwrap_or_default()
}

fn bullets(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| ["- ", line, "\n"]).collect()
}

fn emergency_text(p: &Pattern, version: usize) -> String {
    format!(
        "## Presenting complaint\n{}.\n## History\n{}\n## Examination\n{}\n## Course\n{}\n## Plan\n{}- {{pcp}} in two to three days",
        told(p.reasons, version),
        told(p.history, version),
        told(p.examination, version),
        told(p.course, version),
        bullets(p.plan)
    )
}

fn admission_text(c: &mut Chart<'_>, p: &Pattern, version: usize) -> String {
    let wanted: Vec<String> =
        p.treatments.iter().filter(|t| t.days == 0).map(|t| t.drug.ingredient.to_owned()).collect();
    let treatment =
        if wanted.is_empty() { "Supportive care".to_owned() } else { capital(&wanted.join(", ")) };
    format!(
        "## Chief complaint\n{}.\n## History of present illness\n{}\n## Past history\n{}\n## Examination\nWeight {{kg}} kg. {}\n## Assessment\n{}.\n## Plan\n- {treatment}\n- {}",
        told(p.reasons, version),
        told(p.history, version),
        c.draw.pick(&[
            "Born at term, no hospital stays.",
            "Healthy until now. Immunizations by the registry.",
            "One emergency visit last year, otherwise healthy.",
            "Growing well, no regular medicines.",
        ]),
        told(p.examination, version),
        named(p).join("; "),
        c.draw.pick(&[
            "Fluid at maintenance until drinking well",
            "Vital signs every four hours",
            "Parents stay with {him}; plan discussed with them",
            "Reassess in the morning",
        ])
    )
}

fn named(p: &Pattern) -> Vec<&'static str> {
    p.diagnoses.iter().map(|dx| dx.name).collect()
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The second day, which lies within the course that the discharge summary tells.
fn progress_text(c: &mut Chart<'_>, p: &Pattern) -> String {
    let breathing: &[&str] = if p.ill.desaturation > 3.0 {
        &[
            "Breathing easier than on arrival, still retracting a little.",
            "Oxygen halved since midnight.",
            "Work of breathing down, naps without alarms.",
        ]
    } else {
        &["Lungs clear.", "Breathing comfortably.", "No trouble breathing."]
    };
    let fever: &[&str] = if p.ill.fever > 1.0 {
        &[
            "Temperature 38.4 at 04:00, 37.6 now.",
            "Last fever in the evening.",
            "Still 38.1 this morning, looks better for it.",
        ]
    } else {
        &["No fever.", "Temperature normal through the night.", "Afebrile."]
    };
    format!(
        "## Overnight\n{}\n## Today\n{} {} {}\n## Plan\n- {}\n- Home when drinking well and stable for a night",
        c.draw.pick(&[
            "Slept in stretches.",
            "Better night than the first hours.",
            "Parent at the bedside all night.",
            "Restless until midnight, then slept.",
        ]),
        c.draw.pick(fever),
        c.draw.pick(breathing),
        c.draw.pick(&[
            "Drinks about half of the usual.",
            "Ate some breakfast.",
            "Walked to the play room.",
            "Took fluids, no vomiting since the evening.",
            "Pain held by the medicine as ordered.",
        ]),
        c.draw.pick(&[
            "Continue as ordered",
            "Wean as tolerated",
            "Change to medicine by mouth when eating",
            "Repeat blood test only if worse"
        ])
    )
}

fn discharge_text(c: &mut Chart<'_>, p: &Pattern, enc: &Enc, version: usize) -> String {
    let day = |at| time::long_day(time::day_of(at));
    let diagnoses = bullets(&named(p));
    let home: Vec<String> = p
        .treatments
        .iter()
        .filter(|t| t.days > 0)
        .map(|t| {
            if t.days >= 90 {
                format!("- {}, every day from now on", t.drug.product)
            } else {
                format!("- {}, {} days", t.drug.product, t.days)
            }
        })
        .collect();
    format!(
        "## Stay\nAdmitted {} through the Emergency Department, discharged {} from {}, home with family.\n## Diagnoses\n{diagnoses}## Why {{he}} came\n{}. {}\n## Hospital course\n{}\n## Condition at discharge\n{}\n## Medicines started\n{}\n## Results pending\nNone.\n## Follow-up\n- {{pcp}} in {} days\n{}",
        day(enc.from),
        day(enc.end_or(c.now)),
        enc.unit.name,
        told(p.reasons, version),
        told(p.history, version),
        told(p.course, version),
        c.draw.pick(&[
            "Well, eating and playing.",
            "Tired but comfortable, drinking well.",
            "Afebrile for more than 24 hours, active.",
            "Back to normal by the parents' account.",
        ]),
        if home.is_empty() { "None.".to_owned() } else { home.join("\n") },
        c.draw.between(2, 5),
        bullets(p.plan)
    )
}
