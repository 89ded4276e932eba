//! Mateo Rivera: pneumonia with an asthma attack, home since yesterday.

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds, procedures};
use crate::sandbox::hospital::staff::{
    BAPTISTE, BRANDT, CASTELLANOS, CLINIC_PULM, EMERGENCY_DEPT, GUTIERREZ, MEDICAL_5, MERCER, OYELARAN,
    PATEL_RPH, TRAN_NP,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::background::{ROLE_COORDINATOR, ROLE_SPECIALIST, SNEEZING};
use crate::sandbox::hospital::write::notes::{
    ADMISSION, CHEST_XRAY, CONSULT, DISCHARGE, EMERGENCY, INSTRUCTIONS, PROGRESS, section,
};
use crate::sandbox::hospital::write::vitals::{Illness, WELL};
use crate::sandbox::hospital::write::{Disposition, Enc, Format, Note, Setting, Visit, order};

static NOTES: &str = include_str!("mateo.md");

fn text(name: &str) -> &'static str {
    section(NOTES, name)
}

/// Writes the record.
pub fn write(c: &mut Chart<'_>) {
    let first_wheeze = c.on(420, 11, 0);
    c.problem(&dx::ASTHMA_MODERATE, first_wheeze, None, &MERCER);
    c.problem(&dx::ALLERGIC_RHINITIS, c.on(150, 9, 40), None, &MERCER);
    c.problem(&dx::ATOPIC_DERMATITIS, c.on(1300, 9, 0), Some(c.on(700, 9, 0)), &OYELARAN);
    c.allergy(&meds::CAT, SNEEZING, c.on(150, 9, 45), &MERCER);
    c.care_team(c.on(150, 10, 0), &[(ROLE_SPECIALIST, &MERCER), (ROLE_COORDINATOR, &BAPTISTE)]);
    c.immunizations();
    spring_emergency(c);
    pulmonology(c);
    admission(c);
}

fn spring_emergency(c: &mut Chart<'_>) {
    let from = c.on(214, 19, 5);
    let enc = c.visit(&Visit {
        setting: Setting::Emergency,
        unit: &EMERGENCY_DEPT,
        from,
        to: Some(time::after(from, 245)),
        attending: &CASTELLANOS,
        team: &[],
        reason: "Wheezing and cough since the morning",
        diagnoses: &[&dx::ASTHMA_EXACERBATION],
        disposition: Some(Disposition::Home),
        through_ed: false,
    });
    c.vitals(
        &enc,
        time::after(from, 10),
        Illness { fever: 0.3, desaturation: 6.0, tachycardia: 0.3, tachypnea: 0.5 },
    );
    c.growth(&enc, time::after(from, 12));
    c.vitals(
        &enc,
        time::after(from, 225),
        Illness { fever: 0.1, desaturation: 2.0, tachycardia: 0.25, tachypnea: 0.1 },
    );
    c.panel(&enc, time::after(from, 40), &labs::RESP_VIRUS, &[]);
    c.order(
        &enc,
        order(&meds::DEXAMETHASONE, "9 mg by mouth once, now", &CASTELLANOS, time::after(from, 35))
            .dose(9.0, "mg", "mg", 1)
            .for_dx(&dx::ASTHMA_EXACERBATION)
            .until(time::after(from, 60))
            .inpatient(),
    );
    c.order(
        &enc,
        order(
            &meds::ALBUTEROL_NEB,
            "2.5 mg by nebulizer every 4 hours as needed for wheeze",
            &CASTELLANOS,
            time::after(from, 230),
        )
        .dose(2.5, "mg", "mg", 0)
        .for_dx(&dx::ASTHMA_MODERATE)
        .stopped(c.on(1, 12, 40), "Replaced by inhaler with spacer, which the family can carry")
        .dispense(75.0, "mL", 2)
        .by_reference(),
    );
    c.say(&enc, &EMERGENCY, &CASTELLANOS, time::after(from, 250), Format::Plain, text("spring"));
}

fn pulmonology(c: &mut Chart<'_>) {
    let from = c.on(150, 9, 20);
    let enc = c.visit(&Visit {
        setting: Setting::Consultation,
        unit: &CLINIC_PULM,
        from,
        to: Some(time::after(from, 55)),
        attending: &MERCER,
        team: &[("PPRF", &TRAN_NP)],
        reason: "Three episodes of wheezing within a year",
        diagnoses: &[&dx::ASTHMA_MILD, &dx::ALLERGIC_RHINITIS],
        disposition: None,
        through_ed: false,
    });
    c.vitals(&enc, time::after(from, 5), WELL);
    c.growth(&enc, time::after(from, 7));
    c.panel(&enc, time::after(from, 50), &labs::CBC_DIFF, &[(&labs::EOS, 8.4)]);
    c.order(
        &enc,
        order(&meds::MONTELUKAST, "4 mg, one chewable tablet, every evening", &MERCER, time::after(from, 50))
            .dose(4.0, "mg", "mg", 1)
            .for_dx(&dx::ASTHMA_MILD)
            .stopped(c.on(1, 12, 45), "Nightmares since starting; an inhaled steroid takes its place")
            .dispense(30.0, "tablet", 5),
    );
    c.order(
        &enc,
        order(
            &meds::CETIRIZINE,
            "2.5 mL (2.5 mg) by mouth once a day in the pollen season",
            &MERCER,
            time::after(from, 50),
        )
        .dose(2.5, "mg", "mg", 1)
        .for_dx(&dx::ALLERGIC_RHINITIS)
        .dispense(120.0, "mL", 3),
    );
    c.say(&enc, &CONSULT, &MERCER, time::after(from, 120), Format::Html, text("pulmonology"));
}

fn admission(c: &mut Chart<'_>) {
    let from = c.on(5, 18, 25);
    let to = c.on(1, 13, 30);
    let enc = c.visit(&Visit {
        setting: Setting::Inpatient,
        unit: &MEDICAL_5,
        from,
        to: Some(to),
        attending: &OYELARAN,
        team: &[
            ("ADM", &CASTELLANOS),
            ("CON", &MERCER),
            ("PPRF", &TRAN_NP),
            ("PPRF", &PATEL_RPH),
            ("DIS", &BRANDT),
        ],
        reason: "Fever, cough and fast breathing for two days",
        diagnoses: &[&dx::PNEUMONIA, &dx::ASTHMA_EXACERBATION, &dx::HYPOXEMIA],
        disposition: Some(Disposition::Home),
        through_ed: true,
    });
    admission_signs(c, &enc);
    admission_results(c, &enc);
    ward_orders(c, &enc);
    discharge_orders(c, &enc);
    c.say(&enc, &ADMISSION, &OYELARAN, c.on(5, 23, 10), Format::Plain, text("admission"));
    c.say(&enc, &PROGRESS, &BRANDT, c.on(3, 10, 30), Format::Plain, text("day two"));
    c.say(&enc, &CONSULT, &MERCER, c.on(2, 15, 20), Format::Html, text("inpatient pulmonology"));
    c.say(&enc, &DISCHARGE, &BRANDT, c.on(1, 14, 5), Format::Pdf, text("discharge"));
    c.say(&enc, &INSTRUCTIONS, &TRAN_NP, c.on(1, 13, 10), Format::Html, text("instructions"));
}

fn admission_signs(c: &mut Chart<'_>, enc: &Enc) {
    let course = [
        (5, 18, 35, 2.6, 9.0, 0.38, 0.7),
        (4, 0, 15, 1.9, 5.0, 0.3, 0.5),
        (4, 8, 0, 1.4, 4.0, 0.24, 0.4),
        (4, 16, 0, 1.5, 3.0, 0.2, 0.35),
        (3, 8, 0, 0.6, 3.0, 0.16, 0.25),
        (2, 8, 0, 0.2, 2.0, 0.1, 0.15),
        (1, 8, 0, 0.0, 1.0, 0.04, 0.08),
    ];
    for (day, hour, minute, fever, desaturation, tachycardia, tachypnea) in course {
        let at = c.on(day, hour, minute);
        c.vitals(enc, at, Illness { fever, desaturation, tachycardia, tachypnea });
    }
    c.growth(enc, c.on(5, 18, 40));
    c.weight(enc, c.on(1, 7, 30), 16.9);
}

fn admission_results(c: &mut Chart<'_>, enc: &Enc) {
    use labs::{CREAT, CRP, EOS, GLUCOSE, HGB, NEUT, PLT, SODIUM, WBC};
    let first = c.on(5, 19, 0);
    c.panel(
        enc,
        first,
        &labs::CBC_DIFF,
        &[(&WBC, 19.8), (&NEUT, 84.0), (&HGB, 11.6), (&PLT, 388.0), (&EOS, 1.1)],
    );
    c.panel(enc, first, &labs::BMP, &[(&SODIUM, 133.0), (&GLUCOSE, 118.0), (&CREAT, 0.34)]);
    c.result(enc, first, &CRP, 118.0);
    c.panel(enc, c.on(5, 19, 10), &labs::RESP_VIRUS, &[]);
    c.result(enc, c.on(3, 6, 10), &CRP, 64.0);
    c.panel(
        enc,
        c.on(3, 6, 10),
        &labs::CBC_DIFF,
        &[(&WBC, 13.1), (&NEUT, 66.0), (&HGB, 11.2), (&PLT, 402.0)],
    );
    c.result(enc, c.on(1, 6, 20), &CRP, 21.0);
    c.pending(enc, first, &labs::BLOOD_CULTURE, "No growth at 4 days. Final report at 5 days.");
    c.pending(enc, c.on(2, 16, 0), &labs::MYCOPLASMA, "");
    c.note(
        enc,
        &Note {
            kind: &CHEST_XRAY,
            by: &GUTIERREZ,
            at: c.on(5, 20, 15),
            format: Format::Pdf,
            text: text("chest x-ray"),
        },
    );
    c.procedure(enc, &procedures::CHEST_XRAY, c.on(5, 19, 30), &GUTIERREZ, "Two views");
    c.procedure(
        enc,
        &procedures::HIGH_FLOW,
        c.on(5, 22, 0),
        &TRAN_NP,
        "8 L/min, FiO2 0.35; stopped after 30 hours",
    );
}

fn ward_orders(c: &mut Chart<'_>, enc: &Enc) {
    c.order(
        enc,
        order(&meds::AMPICILLIN, "850 mg IV every 6 hours", &OYELARAN, c.on(5, 20, 30))
            .dose(850.0, "mg", "mg", 4)
            .for_dx(&dx::PNEUMONIA)
            .stopped(c.on(2, 9, 30), "Changed to amoxicillin by mouth")
            .inpatient(),
    );
    c.order(
        enc,
        order(
            &meds::ALBUTEROL_NEB,
            "2.5 mg by nebulizer every 2 hours, weaned to every 4 hours",
            &OYELARAN,
            c.on(5, 19, 15),
        )
        .dose(2.5, "mg", "mg", 8)
        .for_dx(&dx::ASTHMA_EXACERBATION)
        .until(c.on(1, 12, 0))
        .inpatient(),
    );
    c.order(
        enc,
        order(
            &meds::ACETAMINOPHEN,
            "240 mg by mouth every 6 hours as needed for fever or pain",
            &OYELARAN,
            c.on(5, 18, 50),
        )
        .dose(240.0, "mg", "mg", 0)
        .for_dx(&dx::FEVER)
        .until(c.on(1, 12, 0))
        .inpatient()
        .by_reference(),
    );
}

fn discharge_orders(c: &mut Chart<'_>, enc: &Enc) {
    let at = c.on(1, 12, 30);
    let last_dose = c.fill("5.5 mL (16.5 mg) by mouth twice a day, last dose on {d0} in the evening", at);
    let until = c.fill("9.5 mL (760 mg) by mouth twice a day, last dose on {d-4} in the evening", at);
    c.order(
        enc,
        order(&meds::AMOXICILLIN, &until, &BRANDT, c.on(2, 9, 30))
            .dose(760.0, "mg", "mg", 2)
            .for_dx(&dx::PNEUMONIA)
            .until(time::after(c.on(0, 12, 0), 4 * 1440))
            .dispense(150.0, "mL", 0)
            .note("10 days in all, counted from the first dose of ampicillin"),
    );
    c.order(
        enc,
        order(&meds::PREDNISOLONE, &last_dose, &OYELARAN, c.on(4, 8, 0))
            .dose(16.5, "mg", "mg", 2)
            .for_dx(&dx::ASTHMA_EXACERBATION)
            .until(time::at(c.today, 20, 0))
            .dispense(30.0, "mL", 0),
    );
    c.order(
        enc,
        order(
            &meds::FLUTICASONE,
            "2 puffs through spacer with mask, morning and evening, every day",
            &MERCER,
            at,
        )
        .dose(2.0, "puff", "{puff}", 2)
        .for_dx(&dx::ASTHMA_MODERATE)
        .dispense(1.0, "inhaler", 5)
        .note("New controller. Rinse the mouth afterwards.")
        .by_reference(),
    );
    c.order(
        enc,
        order(
            &meds::ALBUTEROL_MDI,
            "4 puffs through spacer every 4 hours while awake for 3 days, then 2 to 4 puffs as needed",
            &MERCER,
            at,
        )
        .dose(4.0, "puff", "{puff}", 0)
        .for_dx(&dx::ASTHMA_MODERATE)
        .dispense(2.0, "inhaler", 3)
        .note("One inhaler for home, one for preschool"),
    );
}
