//! Sofia Petrov: type 1 diabetes, six years of it.

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds};
use crate::sandbox::hospital::json::float;
use crate::sandbox::hospital::staff::{
    BAPTISTE, CLINIC_ENDO, DELACRUZ, MEDICAL_5, ORTEGA_RD, PICU, SATO, WHITFIELD,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::background::{ROLE_COORDINATOR, ROLE_DIETITIAN, ROLE_SPECIALIST};
use crate::sandbox::hospital::write::notes::{CARE_PLAN, CONSULT, DISCHARGE, PROGRESS, section};
use crate::sandbox::hospital::write::vitals::Illness;
use crate::sandbox::hospital::write::{Disposition, Enc, Format, Setting, Stay, order};

fn text(name: &str) -> &'static str {
    section(include_str!("sofia.md"), name)
}

/// Hemoglobin A1c every three months, oldest first, the last one five weeks ago.
static A1C: [f64; 24] = [
    9.1, 7.9, 7.4, 7.2, 7.5, 7.8, 7.6, 7.9, 8.1, 8.4, 8.2, 8.6, 8.9, 8.7, 9.2, 9.6, 9.4, 9.8, 9.1, 8.6, 8.0,
    7.6, 7.3, 7.1,
];

const FIRST: i64 = 2140;
const SECOND_KETOACIDOSIS: i64 = 640;

/// Writes the record.
pub fn write(c: &mut Chart<'_>) {
    c.size = 0.3;
    c.problem(&dx::T1DM, c.on(FIRST + 4, 15, 0), None, &DELACRUZ);
    c.problem(&dx::AUTOIMMUNE_THYROIDITIS, c.on(940, 10, 0), None, &DELACRUZ);
    c.no_known_allergies(c.on(FIRST, 10, 0), &DELACRUZ);
    c.immunizations();
    c.care_team(
        c.on(FIRST, 11, 0),
        &[(ROLE_SPECIALIST, &DELACRUZ), (ROLE_DIETITIAN, &ORTEGA_RD), (ROLE_COORDINATOR, &BAPTISTE)],
    );
    onset(c);
    for (at, a1c) in (0..).zip(A1C) {
        quarter(c, at, a1c);
    }
    ketoacidosis(c);
}

fn onset(c: &mut Chart<'_>) {
    let from = c.on(FIRST + 4, 13, 10);
    let to = c.on(FIRST, 12, 0);
    let enc = c.stay(&Stay {
        unit: &MEDICAL_5,
        from,
        to: Some(to),
        attending: &DELACRUZ,
        team: &[("ADM", &WHITFIELD), ("CON", &ORTEGA_RD)],
        reason: "Thirst, passing urine often and weight loss",
        diagnoses: &[&dx::T1DM],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.growth(&enc, time::after(from, 20));
    c.panel(
        &enc,
        time::after(from, 30),
        &labs::BMP,
        &[(&labs::GLUCOSE, 418.0), (&labs::CO2, 19.0), (&labs::SODIUM, 134.0)],
    );
    c.panel(&enc, time::after(from, 30), &labs::VENOUS_GAS, &[(&labs::VENOUS_PH, 7.34)]);
    c.result(&enc, time::after(from, 30), &labs::A1C, 11.8);
    c.say(&enc, &DISCHARGE, &DELACRUZ, to, Format::Plain, text("onset"));
    let glargine = order(&meds::GLARGINE, "5 units under the skin every evening", &DELACRUZ, to)
        .dose(5.0, "units", "[iU]", 1);
    c.order(
        &enc,
        glargine.for_dx(&dx::T1DM).stopped(c.on(1400, 10, 0), "Dose grew with her").dispense(15.0, "mL", 5),
    );
    c.order(
        &enc,
        order(&meds::LISPRO, "With each meal and snack by ratio, from pump settings or pen", &DELACRUZ, to)
            .dose(1.0, "units", "[iU]", 0)
            .for_dx(&dx::T1DM)
            .dispense(20.0, "mL", 11)
            .by_reference(),
    );
    c.order(
        &enc,
        order(&meds::GLUCAGON, "3 mg, one device into one nostril, for a severe low", &DELACRUZ, to)
            .dose(3.0, "mg", "mg", 0)
            .for_dx(&dx::T1DM)
            .dispense(2.0, "device", 2),
    );
}

fn quarter(c: &mut Chart<'_>, at: i64, a1c: f64) {
    let days = 35 + (23 - at) * 91;
    let from = c.on(days, 9, 45);
    let enc = c.clinic(
        Setting::FollowUp,
        from,
        &CLINIC_ENDO,
        &DELACRUZ,
        "Type 1 diabetes, quarterly visit",
        &[&dx::T1DM],
    );
    c.result(&enc, time::after(from, 5), &labs::A1C, a1c);
    if at % 4 == 3 {
        let drawn = time::after(from, 30);
        c.panel(&enc, drawn, &labs::THYROID, &[(&labs::TSH, thyrotropin(days))]);
        c.result(&enc, drawn, &labs::URINE_AC, 6.0 + float(at) * 0.4);
        c.result(&enc, drawn, &labs::CHOLESTEROL, 148.0 + float(at));
        c.result(&enc, drawn, &labs::TTG, 2.0);
    }
    let note = match at {
        23 => "now",
        22 => "pump settled",
        21 => "pump start",
        17 => "worst",
        12 => "thyroid",
        _ => "",
    };
    if note.is_empty() {
        let text = routine(at, a1c);
        c.say(&enc, &PROGRESS, &DELACRUZ, time::after(from, 60), Format::Plain, &text);
    } else {
        c.say(&enc, &CONSULT, &DELACRUZ, time::after(from, 60), Format::Html, text(note));
    }
    orders(c, &enc, at);
}

fn thyrotropin(days: i64) -> f64 {
    match days {
        0..500 => 2.1,
        500..1000 => 7.8,
        _ => 2.9,
    }
}

fn routine(at: i64, a1c: f64) -> String {
    let tone = if a1c < 7.6 {
        "Within the goal agreed for her age."
    } else if a1c < 8.5 {
        "Somewhat above the goal of 7.0."
    } else {
        "Well above the goal of 7.0; reasons discussed with both parents."
    };
    let focus = match at % 5 {
        0 => "Carbohydrate counting reviewed; breakfast is guessed more than weighed.",
        1 => "Injection sites rotated; a lump on the right thigh is to be rested.",
        2 => "Sick day rules repeated; ketone strips at home had expired and were replaced.",
        3 => "Lows after gymnastics: 15 g without insulin before training.",
        _ => "Sensor worn most days; alarms at night muted by the family.",
    };
    format!(
        "## Quarterly visit\nHemoglobin A1c {a1c:.1} %. {tone} No severe low, no ketoacidosis since the last visit.\n## Discussed\n{focus}\n## Plan\n- Doses adapted in the table that the family took home\n- Next visit in three months"
    )
}

fn orders(c: &mut Chart<'_>, enc: &Enc, at: i64) {
    let when = time::after(enc.from, 40);
    match at {
        8 => {
            let glargine = order(&meds::GLARGINE, "11 units under the skin every evening", &DELACRUZ, when);
            let glargine = glargine.dose(11.0, "units", "[iU]", 1).for_dx(&dx::T1DM);
            let end = c.on(35 + 2 * 91, 10, 30);
            c.order(enc, glargine.stopped(end, "Insulin pump started").dispense(15.0, "mL", 5));
        }
        13 => c.order(
            enc,
            order(&meds::LEVOTHYROXINE, "50 mcg by mouth every morning before breakfast", &DELACRUZ, when)
                .dose(50.0, "ug", "ug", 1)
                .for_dx(&dx::AUTOIMMUNE_THYROIDITIS)
                .dispense(90.0, "tablet", 3),
        ),
        21 => {
            c.say(enc, &CARE_PLAN, &ORTEGA_RD, time::after(enc.from, 90), Format::Html, text("school plan"));
        }
        _ => {}
    }
}

fn ketoacidosis(c: &mut Chart<'_>) {
    let from = c.on(SECOND_KETOACIDOSIS, 4, 30);
    let to = c.on(SECOND_KETOACIDOSIS - 3, 11, 0);
    let enc = c.stay(&Stay {
        unit: &PICU,
        from,
        to: Some(to),
        attending: &SATO,
        team: &[("ADM", &WHITFIELD), ("CON", &DELACRUZ)],
        reason: "Vomiting and deep breathing, high ketones",
        diagnoses: &[&dx::DKA, &dx::T1DM],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.ward_signs(&enc, Illness { fever: 0.3, desaturation: 0.0, tachycardia: 0.4, tachypnea: 0.6 });
    let course = [
        (0, 7.09, 512.0, 6.0, 131.0, 5.6),
        (4, 7.18, 344.0, 9.0, 134.0, 4.1),
        (9, 7.27, 236.0, 14.0, 137.0, 3.6),
        (16, 7.36, 181.0, 20.0, 138.0, 3.8),
    ];
    for (hours, ph, glucose, bicarbonate, sodium, potassium) in course {
        let at = time::after(from, 25 + hours * 60);
        c.panel(
            &enc,
            at,
            &labs::VENOUS_GAS,
            &[(&labs::VENOUS_PH, ph), (&labs::VENOUS_PCO2, 18.0 + float(hours) * 1.3)],
        );
        let given = [
            (&labs::GLUCOSE, glucose),
            (&labs::CO2, bicarbonate),
            (&labs::SODIUM, sodium),
            (&labs::POTASSIUM, potassium),
        ];
        c.panel(&enc, at, &labs::BMP, &given);
    }
    c.say(&enc, &DISCHARGE, &SATO, to, Format::Pdf, text("ketoacidosis"));
}
