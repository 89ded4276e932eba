//! One acute illness: an emergency visit or a stay, its signs, results, medicines and notes.

use super::illnesses::{ILLNESSES, Pattern, Treatment};
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::labs;
use crate::sandbox::hospital::codes::meds::{self, Drug};
use crate::sandbox::hospital::staff::{CASTELLANOS, TRAN_NP, WHITFIELD};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::notes::{ADMISSION, DISCHARGE, EMERGENCY, PROGRESS};
use crate::sandbox::hospital::write::{Disposition, Enc, Format, Stay, order};

/// Writes an illness that began `days` ago, if there is one for the age.
pub fn write(c: &mut Chart<'_>, days: i64) {
    let minutes = c.draw.between(6 * 60, 22 * 60 + 50);
    let from = time::after(c.on(days, 0, 0), minutes);
    let months = time::whole_months(c.child.birth, time::day_of(from));
    let fitting: Vec<&Pattern> =
        ILLNESSES.iter().filter(|p| p.months.0 <= months && months < p.months.1).collect();
    if fitting.is_empty() {
        return;
    }
    let pattern: &Pattern = c.draw.pick::<&Pattern>(&fitting);
    if pattern.nights.1 == 0 {
        emergency(c, pattern, from);
    } else {
        stay(c, pattern, from);
    }
}

fn emergency(c: &mut Chart<'_>, pattern: &Pattern, from: crate::domain::clock::Timestamp) {
    let attending = if c.draw.chance(50) { &CASTELLANOS } else { &WHITFIELD };
    let minutes = c.draw.between(95, 320);
    let from = from.min(time::after(c.now, -minutes - 30));
    let reason = *c.draw.pick(pattern.reasons);
    let enc = c.emergency(from, minutes, attending, reason, pattern.diagnoses, pattern.ill);
    results(c, pattern, &enc);
    treatments(c, pattern, &enc);
    procedures(c, pattern, &enc);
    let text = emergency_text(c, pattern, reason);
    let format = if c.draw.chance(50) { Format::Plain } else { Format::Html };
    c.say(&enc, &EMERGENCY, attending, time::after(from, minutes + 5), format, &text);
}

fn stay(c: &mut Chart<'_>, pattern: &Pattern, from: crate::domain::clock::Timestamp) {
    let nights = c.draw.between(pattern.nights.0, pattern.nights.1);
    let end = time::at(time::shift(time::day_of(from), nights), 11, 20);
    let to = (end < time::after(c.now, -30)).then_some(end);
    let attending = *c.draw.pick(pattern.attending);
    let admitter = if c.draw.chance(50) { &CASTELLANOS } else { &WHITFIELD };
    let reason = *c.draw.pick(pattern.reasons);
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
    let text = admission_text(c, pattern, reason);
    c.say(&enc, &ADMISSION, admitter, time::after(from, 150), Format::Plain, &text);
    if nights > 1 && time::after(from, 1500) < c.now {
        let text = progress_text(c, pattern);
        c.say(&enc, &PROGRESS, attending, time::after(from, 1480), Format::Plain, &text);
    }
    if let Some(to) = to {
        let text = discharge_text(c, pattern, &enc, reason);
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
            c.result(enc, at, test, f64::midpoint(*value, middle));
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
        if enc.to.is_some() || !inpatient {
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

fn emergency_text(c: &mut Chart<'_>, p: &Pattern, reason: &str) -> String {
    format!(
        "## Presenting complaint\n{reason}.\n## History\n{}\n## Examination\n{}\n## Course\n{}\n## Plan\n- {}\n- {{pcp}} in two to three days",
        c.draw.pick(p.history),
        c.draw.pick(p.examination),
        c.draw.pick(p.course),
        c.draw.pick(p.plan)
    )
}

fn admission_text(c: &mut Chart<'_>, p: &Pattern, reason: &str) -> String {
    format!(
        "## Chief complaint\n{reason}.\n## History of present illness\n{}\n## Past history\n{}\n## Examination\nWeight {{kg}} kg. {}\n## Plan\n- {}",
        c.draw.pick(p.history),
        c.draw.pick(&[
            "Born at term, no hospital stays.",
            "Healthy until now. Immunizations by the registry.",
            "One emergency visit last year, otherwise healthy.",
            "Growing well, no regular medicines.",
        ]),
        c.draw.pick(p.examination),
        c.draw.pick(p.plan)
    )
}

fn progress_text(c: &mut Chart<'_>, p: &Pattern) -> String {
    format!(
        "## Overnight\n{}\n## Today\n{}\n## Plan\n- {}\n- Home when drinking well and stable for a night",
        c.draw.pick(&[
            "Slept in stretches.",
            "Better night than the first.",
            "Parent at the bedside all night.",
            "Restless until midnight, then slept."
        ]),
        c.draw.pick(p.course),
        c.draw.pick(p.plan)
    )
}

fn discharge_text(c: &mut Chart<'_>, p: &Pattern, enc: &Enc, reason: &str) -> String {
    let day = |at| time::long_day(time::day_of(at));
    let diagnoses: Vec<String> = p.diagnoses.iter().map(|dx| format!("- {}", dx.name)).collect();
    let home: Vec<String> = p
        .treatments
        .iter()
        .filter(|t| t.days > 0)
        .map(|t| format!("- {}, {} days", t.drug.product, t.days))
        .collect();
    format!(
        "## Stay\nAdmitted {} through the Emergency Department, discharged {} from {}, home with family.\n## Diagnoses\n{}\n## Why {{he}} came\n{reason}. {}\n## Hospital course\n{}\n## Condition at discharge\n{}\n## Medicines started\n{}\n## Results pending\nNone.\n## Follow-up\n- {{pcp}} in {} days\n- {}",
        day(enc.from),
        day(enc.end_or(c.now)),
        enc.unit.name,
        diagnoses.join("\n"),
        c.draw.pick(p.history),
        c.draw.pick(p.course),
        c.draw.pick(&[
            "Well, eating and playing.",
            "Tired but comfortable, drinking well.",
            "Afebrile for more than 24 hours, active.",
            "Back to normal by the parents' account."
        ]),
        if home.is_empty() { "None.".to_owned() } else { home.join("\n") },
        c.draw.between(2, 5),
        c.draw.pick(p.plan)
    )
}
