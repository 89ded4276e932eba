//! Chloe Tran (nephrotic syndrome), Hannah Kowalski (Crohn disease) and Isaiah Cole (sickle cell disease).

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds, procedures};
use crate::sandbox::hospital::staff::{
    ABERNATHY, BAPTISTE, CASTELLANOS, CLINIC_GI, CLINIC_HEMONC, CLINIC_NEPH, FARAH, GUTIERREZ, HALVORSEN,
    IYER, MEDICAL_5, OKONKWO, ONCOLOGY_8, ORTEGA_RD, OYELARAN, TRAN_NP,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::background::{
    HIVES, ROLE_COORDINATOR, ROLE_DIETITIAN, ROLE_SOCIAL_WORKER, ROLE_SPECIALIST,
};
use crate::sandbox::hospital::write::notes::{
    ADMISSION, CARE_PLAN, CHEST_XRAY, CONSULT, DISCHARGE, IMAGING, PATHOLOGY_REPORT, PROCEDURE, PROGRESS,
    SOCIAL_WORK, TELEPHONE, section,
};
use crate::sandbox::hospital::write::vitals::Illness;
use crate::sandbox::hospital::write::{Disposition, Enc, Format, Setting, Stay, order};

fn text(name: &str) -> &'static str {
    section(include_str!("chronic.md"), name)
}

/// Writes Chloe's record.
pub fn chloe(c: &mut Chart<'_>) {
    c.problem(&dx::NEPHROTIC, c.on(496, 10, 0), None, &FARAH);
    c.no_known_allergies(c.on(496, 10, 0), &FARAH);
    c.immunizations();
    c.care_team(c.on(496, 12, 0), &[(ROLE_SPECIALIST, &FARAH), (ROLE_DIETITIAN, &ORTEGA_RD)]);
    let from = c.on(499, 11, 0);
    let to = c.on(494, 12, 30);
    let enc = c.stay(&Stay {
        unit: &MEDICAL_5,
        from,
        to: Some(to),
        attending: &IYER,
        team: &[("CON", &FARAH), ("CON", &ORTEGA_RD)],
        reason: "Swollen eyelids and legs for a week",
        diagnoses: &[&dx::NEPHROTIC],
        disposition: Disposition::Home,
        through_ed: false,
    });
    c.ward_signs(&enc, Illness { fever: 0.0, desaturation: 0.0, tachycardia: 0.1, tachypnea: 0.05 });
    kidney(c, &enc, time::after(from, 60), 8900.0, 1.6, 412.0);
    c.procedure(&enc, &procedures::ULTRASOUND_RENAL, c.on(498, 9, 0), &GUTIERREZ, "");
    c.say(&enc, &IMAGING, &GUTIERREZ, c.on(498, 10, 0), Format::Pdf, text("chloe ultrasound"));
    c.say(&enc, &DISCHARGE, &IYER, to, Format::Pdf, text("chloe first"));
    let visits = [
        (440, 90.0, 4.0, 190.0, "chloe remission"),
        (325, 4100.0, 2.2, 301.0, "chloe relapse one"),
        (270, 110.0, 3.9, 188.0, "chloe after one"),
        (95, 80.0, 4.1, 172.0, "chloe steady"),
        (19, 3600.0, 2.4, 288.0, "chloe relapse two"),
        (5, 240.0, 3.4, 221.0, "chloe now"),
    ];
    for (days, protein, albumin, cholesterol, note) in visits {
        let from = c.on(days, 13, 15);
        let enc =
            c.clinic(Setting::FollowUp, from, &CLINIC_NEPH, &FARAH, "Nephrotic syndrome", &[&dx::NEPHROTIC]);
        kidney(c, &enc, time::after(from, 12), protein, albumin, cholesterol);
        c.say(&enc, &CONSULT, &FARAH, time::after(from, 75), Format::Html, text(note));
        chloe_orders(c, &enc, days);
    }
}

fn kidney(
    c: &mut Chart<'_>,
    enc: &Enc,
    at: crate::domain::clock::Timestamp,
    protein: f64,
    albumin: f64,
    cholesterol: f64,
) {
    c.result(enc, at, &labs::URINE_PC, protein);
    c.panel(enc, at, &labs::RENAL, &[(&labs::ALBUMIN, albumin)]);
    c.result(enc, at, &labs::CHOLESTEROL, cholesterol);
}

fn chloe_orders(c: &mut Chart<'_>, enc: &Enc, days: i64) {
    let at = time::after(enc.from, 40);
    let steroid = |sig| order(&meds::PREDNISOLONE, sig, &FARAH, at).for_dx(&dx::NEPHROTIC);
    match days {
        325 => {
            let course = steroid(
                "12 mL (36 mg) by mouth every morning until three days without protein, then by plan",
            );
            c.order(enc, course.dose(36.0, "mg", "mg", 1).until(c.on(255, 9, 0)).dispense(480.0, "mL", 1));
        }
        19 => {
            let course = steroid(
                "13 mL (39 mg) by mouth every morning until three days without protein, then every second day",
            );
            let course = course.dose(39.0, "mg", "mg", 1);
            c.order(
                enc,
                course.stopped(c.on(5, 14, 0), "No protein for three days: every second day from now on"),
            );
            let famotidine = order(
                &meds::FAMOTIDINE,
                "1.5 mL (12 mg) by mouth twice a day while on daily prednisolone",
                &FARAH,
                at,
            );
            c.order(
                enc,
                famotidine
                    .dose(12.0, "mg", "mg", 2)
                    .stopped(c.on(5, 14, 0), "No longer on daily prednisolone"),
            );
        }
        5 => {
            let course = steroid("8.5 mL (25 mg) by mouth every second morning for four weeks");
            c.order(enc, course.dose(25.0, "mg", "mg", 0).dispense(240.0, "mL", 0).by_reference());
        }
        _ => {}
    }
}

/// Writes Hannah's record.
pub fn hannah(c: &mut Chart<'_>) {
    c.size = -0.4;
    c.problem(&dx::CROHN, c.on(1180, 10, 0), None, &ABERNATHY);
    c.problem(&dx::VITAMIN_D_DEFICIENCY, c.on(1100, 10, 0), Some(c.on(500, 10, 0)), &ABERNATHY);
    c.allergy(&meds::PENICILLIN, HIVES, c.on(3000, 10, 0), &OYELARAN);
    c.immunizations();
    c.care_team(
        c.on(1180, 12, 0),
        &[(ROLE_SPECIALIST, &ABERNATHY), (ROLE_DIETITIAN, &ORTEGA_RD), (ROLE_COORDINATOR, &BAPTISTE)],
    );
    let from = c.on(1192, 8, 0);
    let enc = c.clinic(
        Setting::FollowUp,
        from,
        &CLINIC_GI,
        &ABERNATHY,
        "Ileocolonoscopy and gastroscopy",
        &[&dx::CROHN],
    );
    c.procedure(
        &enc,
        &procedures::COLONOSCOPY,
        time::after(from, 30),
        &ABERNATHY,
        "To the terminal ileum, biopsies",
    );
    c.procedure(&enc, &procedures::UPPER_ENDOSCOPY, time::after(from, 30), &ABERNATHY, "Biopsies");
    c.say(&enc, &PROCEDURE, &ABERNATHY, time::after(from, 100), Format::Plain, text("hannah endoscopy"));
    c.say(&enc, &PATHOLOGY_REPORT, &ABERNATHY, c.on(1187, 15, 0), Format::Pdf, text("hannah pathology"));
    let visits = [
        (1180, 1420.0, 38.0, 10.2, "hannah start"),
        (1060, 310.0, 9.0, 11.6, "hannah early"),
        (820, 920.0, 24.0, 11.1, "hannah switch"),
        (600, 140.0, 4.0, 12.4, "hannah calm"),
        (360, 96.0, 3.0, 12.8, "hannah calm"),
        (150, 62.0, 2.0, 13.0, "hannah transition"),
        (22, 48.0, 2.0, 13.2, "hannah now"),
    ];
    for (days, calprotectin, protein, hemoglobin, note) in visits {
        let from = c.on(days, 14, 45);
        let enc = c.clinic(Setting::FollowUp, from, &CLINIC_GI, &ABERNATHY, "Crohn disease", &[&dx::CROHN]);
        let at = time::after(from, 15);
        c.result(&enc, at, &labs::CALPROTECTIN, calprotectin);
        c.result(&enc, at, &labs::CRP, protein);
        c.result(&enc, at, &labs::ESR, protein + 6.0);
        c.panel(&enc, at, &labs::CBC, &[(&labs::HGB, hemoglobin)]);
        c.panel(&enc, at, &labs::LIVER, &[(&labs::ALBUMIN, 3.1 + hemoglobin * 0.08)]);
        c.say(&enc, &CONSULT, &ABERNATHY, time::after(from, 80), Format::Html, text(note));
        hannah_orders(c, &enc, days);
    }
    let meeting = c.on(20, 16, 0);
    let enc = c.clinic(Setting::Video, meeting, &CLINIC_GI, &ABERNATHY, "Transfer to adult care", &[]);
    c.say(&enc, &CARE_PLAN, &BAPTISTE, time::after(meeting, 50), Format::Pdf, text("hannah plan"));
}

fn hannah_orders(c: &mut Chart<'_>, enc: &Enc, days: i64) {
    let at = time::after(enc.from, 40);
    match days {
        1180 => {
            let infliximab = order(
                &meds::INFLIXIMAB,
                "5 mg/kg IV at weeks 0, 2 and 6, then every 8 weeks",
                &ABERNATHY,
                at,
            );
            let end = c.on(820, 15, 20);
            c.order(enc, infliximab.for_dx(&dx::CROHN).stopped(end, "Antibodies to infliximab, effect lost"));
            let azathioprine =
                order(&meds::AZATHIOPRINE, "100 mg (two tablets) by mouth once a day", &ABERNATHY, at);
            let azathioprine = azathioprine.dose(100.0, "mg", "mg", 1).for_dx(&dx::CROHN);
            c.order(
                enc,
                azathioprine
                    .stopped(c.on(600, 15, 20), "In remission on adalimumab alone")
                    .dispense(60.0, "tablet", 5),
            );
        }
        820 => c.order(
            enc,
            order(&meds::ADALIMUMAB, "40 mg under the skin every second week", &ABERNATHY, at)
                .dose(40.0, "mg", "mg", 0)
                .for_dx(&dx::CROHN)
                .dispense(2.0, "pen", 11)
                .by_reference(),
        ),
        _ => {}
    }
}

/// Writes Isaiah's record.
pub fn isaiah(c: &mut Chart<'_>) {
    c.size = -0.5;
    let born = time::at(c.child.birth, 10, 0);
    c.problem(&dx::SICKLE_CELL, time::after(born, 12 * 1440), None, &OKONKWO);
    c.problem(&dx::ACUTE_CHEST, c.on(700, 9, 0), Some(c.on(693, 9, 0)), &OKONKWO);
    c.no_known_allergies(time::after(born, 12 * 1440), &OKONKWO);
    c.immunizations();
    c.care_team(c.on(1200, 9, 0), &[(ROLE_SPECIALIST, &OKONKWO), (ROLE_SOCIAL_WORKER, &HALVORSEN)]);
    isaiah_chest(c);
    let visits = [
        (600, 8.1, 9.8, "isaiah plan"),
        (410, 8.6, 14.9, "isaiah steady"),
        (230, 8.8, 18.2, "isaiah doppler"),
        (52, 9.1, 21.4, "isaiah now"),
    ];
    for (days, hemoglobin, fetal, note) in visits {
        let from = c.on(days, 10, 40);
        let enc = c.clinic(
            Setting::FollowUp,
            from,
            &CLINIC_HEMONC,
            &OKONKWO,
            "Sickle cell disease",
            &[&dx::SICKLE_CELL],
        );
        let at = time::after(from, 10);
        c.panel(
            &enc,
            at,
            &labs::CBC_DIFF,
            &[(&labs::HGB, hemoglobin), (&labs::WBC, 10.9), (&labs::MCV, 78.0 + fetal), (&labs::PLT, 402.0)],
        );
        c.result(&enc, at, &labs::RETIC, 8.4);
        c.result(&enc, at, &labs::HBF, fetal);
        if days == 230 {
            c.procedure(
                &enc,
                &procedures::TCD,
                time::after(from, -40),
                &GUTIERREZ,
                "Highest mean velocity 142 cm/s: normal",
            );
        }
        c.say(&enc, &CONSULT, &OKONKWO, time::after(from, 70), Format::Html, text(note));
    }
    isaiah_pain(c);
}

fn isaiah_chest(c: &mut Chart<'_>) {
    let from = c.on(700, 6, 20);
    let to = c.on(693, 13, 0);
    let enc = c.stay(&Stay {
        unit: &ONCOLOGY_8,
        from,
        to: Some(to),
        attending: &OKONKWO,
        team: &[("ADM", &CASTELLANOS), ("PPRF", &TRAN_NP)],
        reason: "Fever and chest pain",
        diagnoses: &[&dx::ACUTE_CHEST, &dx::SICKLE_CELL],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.ward_signs(&enc, Illness { fever: 2.2, desaturation: 9.0, tachycardia: 0.35, tachypnea: 0.5 });
    c.panel(&enc, time::after(from, 30), &labs::CBC_DIFF, &[(&labs::HGB, 6.2), (&labs::WBC, 21.7)]);
    c.panel(&enc, c.on(697, 5, 0), &labs::CBC_DIFF, &[(&labs::HGB, 9.2), (&labs::WBC, 15.1)]);
    c.finding(&enc, time::after(from, 35), &labs::BLOOD_CULTURE, "No growth at 5 days", false, 7200);
    c.procedure(
        &enc,
        &procedures::TRANSFUSION,
        c.on(700, 13, 0),
        &OKONKWO,
        "Red cells 10 mL/kg, matched for Rh and Kell",
    );
    c.say(&enc, &CHEST_XRAY, &GUTIERREZ, time::after(from, 70), Format::Pdf, text("isaiah x-ray"));
    c.say(&enc, &DISCHARGE, &OKONKWO, to, Format::Pdf, text("isaiah chest"));
    let at = c.on(693, 12, 30);
    let hydroxyurea = order(&meds::HYDROXYUREA, "300 mg (one capsule) by mouth once a day", &OKONKWO, at);
    let hydroxyurea = hydroxyurea.dose(300.0, "mg", "mg", 1).for_dx(&dx::SICKLE_CELL);
    c.order(
        &enc,
        hydroxyurea.stopped(c.on(410, 11, 0), "Dose raised with weight").dispense(30.0, "capsule", 5),
    );
    let penicillin = order(&meds::PENICILLIN_V, "5 mL (250 mg) by mouth twice a day", &OKONKWO, at)
        .dose(250.0, "mg", "mg", 2);
    c.order(&enc, penicillin.for_dx(&dx::SICKLE_CELL).dispense(300.0, "mL", 5).by_reference());
    let folic = order(&meds::FOLIC_ACID, "1 mg by mouth once a day", &OKONKWO, at).dose(1.0, "mg", "mg", 1);
    c.order(&enc, folic.for_dx(&dx::SICKLE_CELL).dispense(90.0, "tablet", 3));
}

fn isaiah_pain(c: &mut Chart<'_>) {
    let from = c.on(14, 22, 15);
    let to = c.on(11, 11, 0);
    let enc = c.stay(&Stay {
        unit: &ONCOLOGY_8,
        from,
        to: Some(to),
        attending: &OKONKWO,
        team: &[("ADM", &CASTELLANOS), ("CON", &HALVORSEN), ("PPRF", &TRAN_NP)],
        reason: "Pain in both legs and the back",
        diagnoses: &[&dx::VASO_OCCLUSIVE, &dx::SICKLE_CELL],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.ward_signs(&enc, Illness { fever: 0.6, desaturation: 3.0, tachycardia: 0.3, tachypnea: 0.15 });
    c.panel(&enc, time::after(from, 20), &labs::CBC_DIFF, &[(&labs::HGB, 8.4), (&labs::WBC, 13.8)]);
    c.result(&enc, time::after(from, 20), &labs::RETIC, 11.2);
    c.panel(&enc, c.on(12, 5, 0), &labs::CBC_DIFF, &[(&labs::HGB, 8.0), (&labs::WBC, 11.6)]);
    let morphine =
        order(&meds::MORPHINE, "By patient-controlled pump, 0.4 mg a dose", &OKONKWO, time::after(from, 60));
    c.order(&enc, morphine.for_dx(&dx::VASO_OCCLUSIVE).inpatient().until(c.on(12, 9, 0)));
    let ketorolac =
        order(&meds::KETOROLAC, "12 mg IV every 6 hours for 48 hours", &OKONKWO, time::after(from, 60));
    c.order(&enc, ketorolac.dose(12.0, "mg", "mg", 4).inpatient().until(c.on(12, 20, 0)));
    let hydroxyurea = order(&meds::HYDROXYUREA, "500 mg by mouth once a day", &OKONKWO, c.on(410, 11, 20));
    c.order(
        &enc,
        hydroxyurea.dose(500.0, "mg", "mg", 1).for_dx(&dx::SICKLE_CELL).dispense(60.0, "capsule", 5),
    );
    let oxycodone =
        order(&meds::OXYCODONE, "2.5 mL (2.5 mg) by mouth every 6 hours as needed, 3 days", &OKONKWO, to);
    c.order(&enc, oxycodone.dose(2.5, "mg", "mg", 0).until(c.on(8, 12, 0)).dispense(30.0, "mL", 0));
    c.say(&enc, &ADMISSION, &CASTELLANOS, c.on(13, 0, 40), Format::Plain, text("isaiah pain"));
    c.say(&enc, &SOCIAL_WORK, &HALVORSEN, c.on(12, 14, 0), Format::Plain, text("isaiah social work"));
    c.say(&enc, &PROGRESS, &TRAN_NP, c.on(12, 10, 0), Format::Plain, text("isaiah progress"));
    c.say(&enc, &DISCHARGE, &OKONKWO, c.on(11, 10, 40), Format::Html, text("isaiah discharge"));
    let call = c.on(7, 15, 0);
    let enc = c.clinic(Setting::Video, call, &CLINIC_HEMONC, &OKONKWO, "After admission for pain", &[]);
    c.say(&enc, &TELEPHONE, &TRAN_NP, time::after(call, 25), Format::Plain, text("isaiah call"));
}
