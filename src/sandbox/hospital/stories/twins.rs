//! Ava and Ivy Bennett: twins, told apart by first name and MRN only.

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds, procedures};
use crate::sandbox::hospital::staff::{
    BRANDT, CASTELLANOS, CLINIC_PULM, GUTIERREZ, IYER, MEDICAL_5, MERCER, TRAN_NP, WHITFIELD,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::background::ROLE_SPECIALIST;
use crate::sandbox::hospital::write::notes::{
    ADMISSION, CHEST_XRAY, CONSULT, DISCHARGE, EMERGENCY, PROGRESS, section,
};
use crate::sandbox::hospital::write::vitals::Illness;
use crate::sandbox::hospital::write::{Disposition, Format, Setting, Stay, order};

fn text(name: &str) -> &'static str {
    section(include_str!("twins.md"), name)
}

/// Writes Ava's record.
pub fn ava(c: &mut Chart<'_>) {
    c.size = -0.6;
    let born = time::at(c.child.birth, 2, 30);
    c.problem(&dx::PREMATURE_33, born, None, &IYER);
    c.problem(&dx::BPD, time::after(born, 36 * 1440), None, &MERCER);
    c.no_known_allergies(time::after(born, 600), &IYER);
    c.immunizations();
    c.care_team(time::after(born, 60 * 1440), &[(ROLE_SPECIALIST, &MERCER)]);
    for (days, name) in [(420, "ava lungs first"), (190, "ava lungs second")] {
        let from = c.on(days, 10, 20);
        let setting = if days == 420 { Setting::Consultation } else { Setting::FollowUp };
        let enc = c.clinic(
            setting,
            from,
            &CLINIC_PULM,
            &MERCER,
            "Chronic lung disease of prematurity",
            &[&dx::BPD],
        );
        c.say(&enc, &CONSULT, &MERCER, time::after(from, 70), Format::Html, text(name));
        if days == 420 {
            c.order(
                &enc,
                order(
                    &meds::BUDESONIDE_NEB,
                    "0.5 mg by nebulizer twice a day",
                    &MERCER,
                    time::after(from, 40),
                )
                .dose(0.5, "mg", "mg", 2)
                .for_dx(&dx::BPD)
                .stopped(c.on(190, 10, 55), "No symptoms for four months, off oxygen since spring")
                .dispense(120.0, "mL", 5),
            );
        }
    }
    let from = c.on(24, 16, 40);
    let to = c.on(20, 12, 15);
    let enc = c.stay(&Stay {
        unit: &MEDICAL_5,
        from,
        to: Some(to),
        attending: &IYER,
        team: &[("ADM", &WHITFIELD), ("PPRF", &TRAN_NP)],
        reason: "Cough, fast breathing and poor drinking for three days",
        diagnoses: &[&dx::BRONCHIOLITIS_RSV, &dx::HYPOXEMIA, &dx::DEHYDRATION],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.ward_signs(&enc, Illness { fever: 1.4, desaturation: 9.0, tachycardia: 0.3, tachypnea: 0.75 });
    c.finding(&enc, c.on(24, 17, 30), &labs::RSV, "Detected", true, 90);
    c.panel(
        &enc,
        c.on(24, 18, 0),
        &labs::BMP,
        &[(&labs::SODIUM, 134.0), (&labs::BUN, 21.0), (&labs::CO2, 17.0)],
    );
    c.panel(
        &enc,
        c.on(22, 6, 30),
        &labs::BMP,
        &[(&labs::SODIUM, 139.0), (&labs::BUN, 8.0), (&labs::CO2, 22.0)],
    );
    c.procedure(&enc, &procedures::HIGH_FLOW, c.on(24, 19, 0), &TRAN_NP, "12 L/min (1.3 L/kg), 52 hours");
    c.say(&enc, &CHEST_XRAY, &GUTIERREZ, c.on(24, 18, 40), Format::Pdf, text("ava x-ray"));
    c.order(
        &enc,
        order(&meds::ACETAMINOPHEN, "150 mg by mouth every 6 hours as needed", &IYER, c.on(24, 18, 0))
            .dose(150.0, "mg", "mg", 0)
            .until(to)
            .inpatient(),
    );
    c.say(&enc, &ADMISSION, &IYER, c.on(24, 21, 0), Format::Plain, text("ava admission"));
    c.say(&enc, &PROGRESS, &BRANDT, c.on(22, 11, 0), Format::Plain, text("ava progress"));
    c.say(&enc, &DISCHARGE, &IYER, c.on(20, 12, 0), Format::Pdf, text("ava discharge"));
}

/// Writes Ivy's record.
pub fn ivy(c: &mut Chart<'_>) {
    c.size = -0.3;
    let born = time::at(c.child.birth, 2, 34);
    c.problem(&dx::PREMATURE_33, born, None, &IYER);
    c.problem(&dx::FEBRILE_SEIZURE, c.on(9, 20, 0), None, &CASTELLANOS);
    c.no_known_allergies(time::after(born, 600), &IYER);
    c.immunizations();
    let from = c.on(9, 19, 35);
    let ill = Illness { fever: 2.5, desaturation: 1.0, tachycardia: 0.35, tachypnea: 0.2 };
    let reason = "Convulsion with fever, two minutes, at home";
    let found = [&dx::FEBRILE_SEIZURE, &dx::OTITIS_MEDIA];
    let enc = c.emergency(from, 265, &CASTELLANOS, reason, &found, ill);
    c.result(&enc, time::after(from, 12), &labs::GLUCOSE, 104.0);
    c.panel(&enc, time::after(from, 60), &labs::URINALYSIS, &[]);
    c.panel(&enc, time::after(from, 30), &labs::RESP_VIRUS, &[]);
    c.order(
        &enc,
        order(
            &meds::AMOXICILLIN,
            "5.5 mL (440 mg) by mouth twice a day for 10 days",
            &CASTELLANOS,
            time::after(from, 240),
        )
        .dose(440.0, "mg", "mg", 2)
        .for_dx(&dx::OTITIS_MEDIA)
        .until(time::after(from, 10 * 1440))
        .dispense(110.0, "mL", 0),
    );
    c.order(
        &enc,
        order(
            &meds::IBUPROFEN,
            "5 mL (100 mg) by mouth every 8 hours as needed for fever",
            &CASTELLANOS,
            time::after(from, 240),
        )
        .dose(100.0, "mg", "mg", 0)
        .for_dx(&dx::FEVER)
        .until(time::after(from, 4 * 1440)),
    );
    c.say(&enc, &EMERGENCY, &CASTELLANOS, time::after(from, 280), Format::Html, text("ivy emergency"));
}
