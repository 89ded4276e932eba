//! Elijah Brooks: leukemia in maintenance, in the hospital now.

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds, procedures};
use crate::sandbox::hospital::staff::{
    ACHTERBERG, BAPTISTE, BRANDT, CLINIC_HEMONC, GUTIERREZ, HALVORSEN, OKONKWO, ONCOLOGY_8, PATEL_RPH,
    ROSENTHAL, TANAKA, TRAN_NP, WHITFIELD,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::background::{
    ANAPHYLAXIS, ROLE_COORDINATOR, ROLE_SOCIAL_WORKER, ROLE_SPECIALIST,
};
use crate::sandbox::hospital::write::notes::{
    ADMISSION, CARE_PLAN, CHEST_XRAY, CONSULT, DISCHARGE, PROCEDURE, PROGRESS, section,
};
use crate::sandbox::hospital::write::vitals::Illness;
use crate::sandbox::hospital::write::{Disposition, Enc, Format, Setting, Stay, order};

fn text(name: &str) -> &'static str {
    section(include_str!("elijah.md"), name)
}

/// Writes the record.
pub fn write(c: &mut Chart<'_>) {
    c.size = 0.2;
    c.problem(&dx::ALL_B, c.on(520, 16, 0), None, &ROSENTHAL);
    c.allergy(&meds::PEGASPARGASE_ALLERGY, ANAPHYLAXIS, c.on(430, 11, 30), &ROSENTHAL);
    c.immunizations();
    c.care_team(
        c.on(515, 10, 0),
        &[(ROLE_SPECIALIST, &ROSENTHAL), (ROLE_COORDINATOR, &BAPTISTE), (ROLE_SOCIAL_WORKER, &HALVORSEN)],
    );
    diagnosis(c);
    for day in [480_i64, 430, 380, 330, 280, 224, 196, 168, 140, 112, 84, 56, 28] {
        clinic(c, day);
    }
    now(c);
}

fn diagnosis(c: &mut Chart<'_>) {
    let from = c.on(521, 17, 30);
    let to = c.on(509, 13, 0);
    let enc = c.stay(&Stay {
        unit: &ONCOLOGY_8,
        from,
        to: Some(to),
        attending: &ROSENTHAL,
        team: &[("ADM", &WHITFIELD), ("CON", &TANAKA), ("PPRF", &TRAN_NP)],
        reason: "Pallor, bruises and leg pain for three weeks",
        diagnoses: &[&dx::ALL_B],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.ward_signs(&enc, Illness { fever: 1.0, desaturation: 0.0, tachycardia: 0.3, tachypnea: 0.1 });
    c.panel(
        &enc,
        time::after(from, 30),
        &labs::CBC_DIFF,
        &[
            (&labs::WBC, 38.4),
            (&labs::HGB, 5.9),
            (&labs::PLT, 17.0),
            (&labs::NEUT, 2.0),
            (&labs::LYMPH, 95.0),
            (&labs::EOS, 0.0),
        ],
    );
    c.panel(
        &enc,
        time::after(from, 40),
        &labs::TUMOR_LYSIS,
        &[(&labs::URIC_ACID, 8.1), (&labs::LDH, 1240.0), (&labs::PHOSPHATE, 6.2)],
    );
    c.panel(&enc, c.on(518, 5, 0), &labs::TUMOR_LYSIS, &[(&labs::URIC_ACID, 2.2), (&labs::LDH, 610.0)]);
    c.panel(
        &enc,
        c.on(513, 5, 0),
        &labs::CBC_DIFF,
        &[(&labs::WBC, 2.1), (&labs::HGB, 8.8), (&labs::PLT, 61.0), (&labs::NEUT, 12.0)],
    );
    c.procedure(
        &enc,
        &procedures::TRANSFUSION,
        c.on(521, 22, 0),
        &ROSENTHAL,
        "Red cells 10 mL/kg, irradiated; platelets 10 mL/kg",
    );
    c.procedure(&enc, &procedures::BONE_MARROW, c.on(519, 9, 0), &ROSENTHAL, "Blasts 88 %, B precursor");
    c.procedure(
        &enc,
        &procedures::LUMBAR_PUNCTURE,
        c.on(519, 9, 25),
        &ROSENTHAL,
        "No blasts (CNS 1); cytarabine given",
    );
    c.procedure(
        &enc,
        &procedures::PORT_INSERTION,
        c.on(517, 8, 30),
        &TANAKA,
        "Right subclavian, single lumen",
    );
    c.say(&enc, &PROCEDURE, &ROSENTHAL, c.on(519, 11, 0), Format::Plain, text("marrow"));
    c.say(&enc, &DISCHARGE, &ROSENTHAL, to, Format::Pdf, text("induction"));
}

fn clinic(c: &mut Chart<'_>, day: i64) {
    let from = c.on(day, 9, 0);
    let enc = c.clinic(
        Setting::FollowUp,
        from,
        &CLINIC_HEMONC,
        &ROSENTHAL,
        "Leukemia treatment visit",
        &[&dx::ALL_B],
    );
    let wobble = c.draw.bell() * 0.5;
    let (white, neutrophils, platelets) = if day > 230 {
        (2.4 + wobble, 46.0, 142.0 + wobble * 60.0)
    } else {
        (3.1 + wobble, 52.0, 196.0 + wobble * 60.0)
    };
    c.panel(
        &enc,
        time::after(from, 10),
        &labs::CBC_DIFF,
        &[
            (&labs::WBC, white),
            (&labs::NEUT, neutrophils),
            (&labs::PLT, platelets),
            (&labs::HGB, 11.1 + wobble),
        ],
    );
    c.panel(&enc, time::after(from, 10), &labs::LIVER, &[(&labs::ALT, 48.0 + wobble * 30.0)]);
    let note = match day {
        480 => "remission",
        430 => "asparaginase",
        224 => "maintenance start",
        28 => "maintenance now",
        _ => "",
    };
    if note.is_empty() {
        let text = format!(
            "## Visit\n{{given}} is a {{age}} {{boy}}, weight {{kg}} kg. Eating and playing. Leukocytes {white:.1}, platelets {platelets:.0}. No fever since the last visit, port flushes easily.\n## Treatment today\n{}\n## Plan\n- Doses kept for these counts\n- Fever of 38.0 or more: call and come at once",
            if day > 230 {
                "As the road map says for this week of consolidation."
            } else {
                "Vincristine through the port, steroid pulse for five days at home, mercaptopurine and methotrexate by mouth go on."
            }
        );
        c.say(&enc, &PROGRESS, &TRAN_NP, time::after(from, 80), Format::Plain, &text);
    } else {
        c.say(&enc, &CONSULT, &ROSENTHAL, time::after(from, 80), Format::Html, text(note));
    }
    if day == 224 {
        maintenance(c, &enc);
    }
}

fn maintenance(c: &mut Chart<'_>, enc: &Enc) {
    let at = time::after(enc.from, 70);
    let hold = c.on(2, 15, 0);
    let mercaptopurine =
        order(&meds::MERCAPTOPURINE, "2.5 mL (50 mg) by mouth every evening", &ROSENTHAL, at);
    let mercaptopurine = mercaptopurine.dose(50.0, "mg", "mg", 1).for_dx(&dx::ALL_B).dispense(100.0, "mL", 5);
    c.order(
        enc,
        mercaptopurine.stopped(hold, "Held while neutrophils are below 0.5; restart decided by Oncology"),
    );
    let methotrexate =
        order(&meds::METHOTREXATE, "15 mg (six tablets) by mouth once a week, on Mondays", &ROSENTHAL, at);
    let methotrexate = methotrexate.dose(15.0, "mg", "mg", 0).for_dx(&dx::ALL_B).dispense(24.0, "tablet", 5);
    c.order(enc, methotrexate.stopped(hold, "Held while neutrophils are below 0.5").by_reference());
    c.order(
        enc,
        order(
            &meds::TMP_SMX,
            "6 mL (48 mg trimethoprim) by mouth twice a day on Saturdays and Sundays",
            &ROSENTHAL,
            at,
        )
        .dose(6.0, "mL", "mL", 0)
        .for_dx(&dx::ALL_B)
        .dispense(100.0, "mL", 5),
    );
    c.order(
        enc,
        order(&meds::ONDANSETRON, "4 mg by mouth every 8 hours as needed for nausea", &ROSENTHAL, at)
            .dose(4.0, "mg", "mg", 0)
            .dispense(20.0, "tablet", 3),
    );
}

fn now(c: &mut Chart<'_>) {
    let from = c.on(2, 13, 20);
    let enc = c.stay(&Stay {
        unit: &ONCOLOGY_8,
        from,
        to: None,
        attending: &OKONKWO,
        team: &[
            ("ADM", &WHITFIELD),
            ("CON", &ACHTERBERG),
            ("CON", &ROSENTHAL),
            ("PPRF", &TRAN_NP),
            ("PPRF", &PATEL_RPH),
        ],
        reason: "Fever of 39.1 at home, neutropenia",
        diagnoses: &[&dx::FEBRILE_NEUTROPENIA, &dx::ALL_B],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.ward_signs(&enc, Illness { fever: 2.2, desaturation: 1.0, tachycardia: 0.35, tachypnea: 0.15 });
    let first = c.on(2, 13, 45);
    let days = [
        (2, 13, 0.6, 12.0, 84.0, 8.9, 74.0),
        (1, 5, 0.5, 10.0, 71.0, 8.1, 121.0),
        (0, 1, 0.7, 16.0, 66.0, 8.4, 88.0),
    ];
    for (day, hour, white, neutrophils, platelets, hemoglobin, protein) in days {
        let at = c.on(day, hour, 45);
        c.panel(
            &enc,
            at,
            &labs::CBC_DIFF,
            &[
                (&labs::WBC, white),
                (&labs::NEUT, neutrophils),
                (&labs::PLT, platelets),
                (&labs::HGB, hemoglobin),
                (&labs::EOS, 0.0),
            ],
        );
        c.result(&enc, at, &labs::CRP, protein);
    }
    c.panel(&enc, first, &labs::CMP, &[(&labs::ALT, 88.0), (&labs::SODIUM, 134.0)]);
    c.panel(&enc, first, &labs::RESP_VIRUS, &[]);
    c.panel(&enc, time::after(first, 30), &labs::URINALYSIS, &[]);
    c.pending(&enc, first, &labs::BLOOD_CULTURE, "Port: gram-positive cocci in chains after 19 hours; identification follows. Peripheral: no growth so far.");
    c.pending(&enc, time::after(first, 30), &labs::URINE_CULTURE, "No growth so far.");
    now_orders(c, &enc);
    c.say(&enc, &CHEST_XRAY, &GUTIERREZ, c.on(2, 15, 0), Format::Pdf, text("x-ray"));
    c.say(&enc, &ADMISSION, &OKONKWO, c.on(2, 17, 0), Format::Plain, text("admission"));
    c.say(&enc, &CONSULT, &ACHTERBERG, c.on(1, 14, 0), Format::Html, text("infectious diseases"));
    c.say(&enc, &PROGRESS, &BRANDT, c.on(1, 10, 30), Format::Plain, text("day two"));
    c.say(&enc, &CARE_PLAN, &TRAN_NP, c.on(1, 16, 0), Format::Html, text("plan"));
}

fn now_orders(c: &mut Chart<'_>, enc: &Enc) {
    let first = c.on(2, 14, 5);
    c.order(
        enc,
        order(&meds::CEFEPIME, "1,050 mg IV every 8 hours", &OKONKWO, first)
            .dose(1050.0, "mg", "mg", 3)
            .for_dx(&dx::FEBRILE_NEUTROPENIA)
            .inpatient()
            .note("First dose 45 minutes after arrival"),
    );
    c.order(
        enc,
        order(&meds::VANCOMYCIN, "315 mg IV every 6 hours, dose by level", &ACHTERBERG, c.on(1, 9, 30))
            .dose(315.0, "mg", "mg", 4)
            .for_dx(&dx::FEBRILE_NEUTROPENIA)
            .inpatient()
            .by_reference(),
    );
    c.order(
        enc,
        order(
            &meds::ACETAMINOPHEN,
            "320 mg by mouth every 6 hours as needed, only after temperature is taken",
            &OKONKWO,
            first,
        )
        .dose(320.0, "mg", "mg", 0)
        .inpatient(),
    );
    c.order(
        enc,
        order(&meds::HEPARIN_FLUSH, "5 mL into the port after each use", &OKONKWO, first).inpatient(),
    );
}
