//! Ethan Walsh (cystic fibrosis), Zoe Martin (heart) and Grace Kim (medically complex).

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds, procedures};
use crate::sandbox::hospital::json::float;
use crate::sandbox::hospital::staff::{
    ABERNATHY, ACHTERBERG, BAPTISTE, BRANDT, CARDIAC_ICU, CASTELLANOS, CLINIC_CARD, CLINIC_GI, CLINIC_NEURO,
    CLINIC_ORTHO, CLINIC_PULM, CLINIC_REHAB, GUTIERREZ, HALVORSEN, HARGREAVE, MCALLISTER, MEDICAL_5, MERCER,
    ORTEGA_RD, OYELARAN, PICU, PRESCOTT, SATO, TRAN_NP, VOLKOV, WEISS,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::background::{
    RASH, ROLE_COORDINATOR, ROLE_DIETITIAN, ROLE_SOCIAL_WORKER, ROLE_SPECIALIST,
};
use crate::sandbox::hospital::write::notes::{
    ADMISSION, CARE_PLAN, CHEST_XRAY, CONSULT, DISCHARGE, ECHO, NURSING, OPERATIVE, PROCEDURE, PROGRESS,
    TELEPHONE, section,
};
use crate::sandbox::hospital::write::vitals::{Illness, WELL};
use crate::sandbox::hospital::write::{Disposition, Enc, Format, Setting, Stay, order};

fn text(name: &str) -> &'static str {
    section(include_str!("complex.md"), name)
}

/// Writes Ethan's record.
pub fn ethan(c: &mut Chart<'_>) {
    c.size = -0.5;
    let born = time::at(c.child.birth, 9, 0);
    c.problem(&dx::CYSTIC_FIBROSIS, time::after(born, 20 * 1440), None, &MERCER);
    c.problem(&dx::PANCREATIC_INSUFFICIENCY, time::after(born, 40 * 1440), None, &ABERNATHY);
    c.allergy(&meds::CEFACLOR, RASH, c.on(1900, 9, 0), &MERCER);
    c.immunizations();
    c.care_team(
        c.on(2500, 9, 0),
        &[
            (ROLE_SPECIALIST, &MERCER),
            (ROLE_SPECIALIST, &ABERNATHY),
            (ROLE_DIETITIAN, &ORTEGA_RD),
            (ROLE_COORDINATOR, &BAPTISTE),
        ],
    );
    // Days ago, FEV1 in per cent of predicted, sputum, note.
    let visits = [
        (1105, 92.0, "Staphylococcus aureus, methicillin-susceptible", ""),
        (1014, 91.0, "Staphylococcus aureus, methicillin-susceptible", ""),
        (923, 89.0, "Staphylococcus aureus, methicillin-susceptible", ""),
        (832, 84.0, "Pseudomonas aeruginosa", "ethan pseudomonas"),
        (741, 88.0, "Normal respiratory flora", ""),
        (650, 86.0, "Staphylococcus aureus, methicillin-susceptible", ""),
        (559, 79.0, "Pseudomonas aeruginosa", "ethan decline"),
        (468, 87.0, "Normal respiratory flora", ""),
        (377, 85.0, "Staphylococcus aureus, methicillin-susceptible", ""),
        (286, 83.0, "Staphylococcus aureus, methicillin-susceptible", ""),
        (195, 76.0, "Pseudomonas aeruginosa", "ethan before admission"),
        (104, 88.0, "Normal respiratory flora", "ethan annual"),
        (13, 90.0, "Normal respiratory flora", "ethan now"),
    ];
    for (days, fev1, sputum, note) in visits {
        ethan_visit(c, days, fev1, sputum, note);
    }
    ethan_admission(c, 548, "ethan first admission");
    ethan_admission(c, 190, "ethan second admission");
}

fn ethan_visit(c: &mut Chart<'_>, days: i64, fev1: f64, sputum: &str, note: &str) {
    let from = c.on(days, 10, 10);
    let enc = c.clinic(
        Setting::FollowUp,
        from,
        &CLINIC_PULM,
        &MERCER,
        "Cystic fibrosis, quarterly visit",
        &[&dx::CYSTIC_FIBROSIS],
    );
    c.result(&enc, time::after(from, 15), &labs::FEV1_PCT, fev1);
    c.procedure(&enc, &procedures::SPIROMETRY, time::after(from, 15), &TRAN_NP, "");
    let abnormal = sputum != "Normal respiratory flora";
    c.finding(&enc, time::after(from, 25), &labs::RESP_CULTURE, sputum, abnormal, 4300);
    if note.is_empty() {
        let text = format!(
            "## Quarterly visit\nFEV1 {fev1:.0} % of predicted. Cough on waking, clears with the vest. Appetite good, stools formed with enzymes, weight {{kg}} kg.\n## Sputum\nLast result: {sputum}.\n## Plan\n- Treatments as before\n- Next visit in three months"
        );
        c.say(&enc, &PROGRESS, &TRAN_NP, time::after(from, 90), Format::Plain, &text);
    } else {
        c.say(&enc, &CONSULT, &MERCER, time::after(from, 90), Format::Html, text(note));
    }
    let at = time::after(from, 50);
    let add = |drug, sig| order(drug, sig, &MERCER, at).for_dx(&dx::CYSTIC_FIBROSIS);
    match days {
        1105 => {
            c.order(
                &enc,
                add(&meds::DORNASE, "2.5 mg by nebulizer once a day")
                    .dose(2.5, "mg", "mg", 1)
                    .dispense(75.0, "mL", 11),
            );
            c.order(
                &enc,
                add(&meds::HYPERTONIC_SALINE, "4 mL by nebulizer twice a day, after albuterol")
                    .dose(4.0, "mL", "mL", 2)
                    .dispense(240.0, "mL", 11),
            );
            c.order(
                &enc,
                add(&meds::ALBUTEROL_MDI, "2 puffs before saline and before sports")
                    .dose(2.0, "puff", "{puff}", 2)
                    .dispense(1.0, "inhaler", 11)
                    .by_reference(),
            );
            c.order(
                &enc,
                add(&meds::PANCRELIPASE, "4 capsules with meals, 2 with snacks")
                    .dispense(500.0, "capsule", 11),
            );
        }
        832 => {
            let tobramycin = add(&meds::TOBRAMYCIN_NEB, "300 mg by nebulizer twice a day for 28 days")
                .dose(300.0, "mg", "mg", 2);
            c.order(&enc, tobramycin.until(c.on(804, 9, 0)).dispense(280.0, "mL", 0));
        }
        195 => {
            let tobramycin =
                add(&meds::TOBRAMYCIN_NEB, "300 mg by nebulizer twice a day, every second month")
                    .dose(300.0, "mg", "mg", 2);
            c.order(&enc, tobramycin.dispense(280.0, "mL", 5));
        }
        104 => {
            c.panel(&enc, time::after(from, 30), &labs::CMP, &[]);
            c.panel(&enc, time::after(from, 30), &labs::CBC_DIFF, &[]);
            c.result(&enc, time::after(from, 30), &labs::A1C, 5.5);
            c.result(&enc, time::after(from, 30), &labs::VITAMIN_D, 27.0);
            c.order(
                &enc,
                add(
                    &meds::AZITHROMYCIN_TAB,
                    "250 mg (half a tablet) by mouth on Monday, Wednesday and Friday",
                )
                .dose(250.0, "mg", "mg", 0)
                .dispense(24.0, "tablet", 5),
            );
        }
        _ => {}
    }
}

fn ethan_admission(c: &mut Chart<'_>, days: i64, note: &str) {
    let from = c.on(days, 13, 0);
    let to = c.on(days - 13, 11, 30);
    let enc = c.stay(&Stay {
        unit: &MEDICAL_5,
        from,
        to: Some(to),
        attending: &MERCER,
        team: &[("CON", &ACHTERBERG), ("CON", &ORTEGA_RD), ("PPRF", &TRAN_NP)],
        reason: "Pulmonary exacerbation of cystic fibrosis",
        diagnoses: &[&dx::CYSTIC_FIBROSIS],
        disposition: Disposition::Home,
        through_ed: false,
    });
    c.growth(&enc, time::after(from, 30));
    for day in 0..13 {
        let left = float(13 - day) / 13.0;
        let ill = Illness {
            fever: 0.8 * left,
            desaturation: 4.0 * left,
            tachycardia: 0.15 * left,
            tachypnea: 0.25 * left,
        };
        c.vitals(&enc, time::after(from, 30 + day * 1440), ill);
    }
    c.panel(&enc, time::after(from, 60), &labs::CBC_DIFF, &[(&labs::WBC, 14.6), (&labs::NEUT, 76.0)]);
    c.result(&enc, time::after(from, 60), &labs::CRP, 38.0);
    c.panel(&enc, time::after(from, 3 * 1440), &labs::BMP, &[]);
    c.panel(&enc, time::after(from, 10 * 1440), &labs::BMP, &[]);
    c.result(&enc, time::after(from, 12 * 1440), &labs::CRP, 4.0);
    let cefepime =
        order(&meds::CEFEPIME, "1,400 mg IV every 8 hours for 13 days", &MERCER, time::after(from, 120));
    c.order(&enc, cefepime.dose(1400.0, "mg", "mg", 3).for_dx(&dx::CYSTIC_FIBROSIS).inpatient().until(to));
    c.say(&enc, &DISCHARGE, &MERCER, to, Format::Pdf, text(note));
}

/// Writes Zoe's record.
pub fn zoe(c: &mut Chart<'_>) {
    c.size = -1.5;
    let born = time::at(c.child.birth, 6, 0);
    c.problem(&dx::TOF, time::after(born, 2 * 1440), None, &HARGREAVE);
    c.problem(&dx::PULMONARY_REGURGITATION, c.on(118, 10, 0), None, &HARGREAVE);
    c.problem(&dx::GROWTH_DELAY, c.on(90, 10, 0), None, &HARGREAVE);
    c.no_known_allergies(time::after(born, 1440), &HARGREAVE);
    c.immunizations();
    c.care_team(
        time::after(born, 3 * 1440),
        &[
            (ROLE_SPECIALIST, &HARGREAVE),
            (ROLE_SPECIALIST, &VOLKOV),
            (ROLE_DIETITIAN, &ORTEGA_RD),
            (ROLE_SOCIAL_WORKER, &HALVORSEN),
        ],
    );
    // Days ago, saturation below 99, weight in kg, length in cm, NT-proBNP, note.
    let visits = [
        (238, 8.0, 3.2, 50.0, 1210.0, "zoe two weeks"),
        (210, 10.0, 3.8, 53.0, 980.0, "zoe six weeks"),
        (175, 14.0, 4.5, 57.0, 1040.0, "zoe spells"),
        (118, 1.0, 5.1, 60.5, 720.0, "zoe after repair"),
        (90, 1.0, 5.5, 62.0, 560.0, "zoe weight"),
        (62, 1.0, 6.0, 64.0, 430.0, "zoe better"),
        (27, 0.0, 6.5, 66.0, 340.0, "zoe now"),
    ];
    for (days, desaturation, weight, length, bnp, note) in visits {
        let from = c.on(days, 11, 30);
        let enc = c.clinic_without_signs(
            Setting::FollowUp,
            from,
            (&CLINIC_CARD, &HARGREAVE),
            "Tetralogy of Fallot",
            &[&dx::TOF],
        );
        c.vitals(&enc, time::after(from, 5), Illness { desaturation, ..WELL });
        c.measured(&enc, time::after(from, 7), weight, length);
        c.result(&enc, time::after(from, 20), &labs::NTPROBNP, bnp);
        c.procedure(&enc, &procedures::ECHO, time::after(from, 25), &HARGREAVE, "");
        c.say(&enc, &CONSULT, &HARGREAVE, time::after(from, 75), Format::Html, text(note));
        zoe_orders(c, &enc, days);
    }
    zoe_repair(c);
    let call = c.on(6, 13, 0);
    let enc =
        c.clinic(Setting::Video, call, &CLINIC_CARD, &ORTEGA_RD, "Feeding and weight", &[&dx::GROWTH_DELAY]);
    c.say(&enc, &TELEPHONE, &ORTEGA_RD, time::after(call, 30), Format::Plain, text("zoe feeding"));
}

fn zoe_orders(c: &mut Chart<'_>, enc: &Enc, days: i64) {
    let at = time::after(enc.from, 40);
    match days {
        175 => {
            let propranolol =
                order(&meds::PROPRANOLOL, "1.1 mL (4.4 mg) by mouth every 8 hours", &HARGREAVE, at);
            let propranolol = propranolol.dose(4.4, "mg", "mg", 3).for_dx(&dx::TOF);
            c.order(
                enc,
                propranolol
                    .stopped(c.on(128, 9, 0), "Heart repaired: no more spells")
                    .dispense(100.0, "mL", 2),
            );
        }
        118 => {
            let furosemide = order(&meds::FUROSEMIDE, "0.5 mL (5 mg) by mouth twice a day", &HARGREAVE, at);
            let furosemide = furosemide.dose(5.0, "mg", "mg", 2).for_dx(&dx::TOF);
            c.order(
                enc,
                furosemide.stopped(c.on(62, 12, 10), "Halved: no sign of congestion").dispense(60.0, "mL", 2),
            );
        }
        62 => {
            let furosemide =
                order(&meds::FUROSEMIDE, "0.5 mL (5 mg) by mouth once a day in the morning", &HARGREAVE, at);
            let furosemide = furosemide.dose(5.0, "mg", "mg", 1).for_dx(&dx::TOF);
            c.order(enc, furosemide.stopped(c.on(27, 12, 10), "No longer needed").dispense(30.0, "mL", 2));
        }
        _ => {}
    }
}

fn zoe_repair(c: &mut Chart<'_>) {
    let from = c.on(135, 7, 0);
    let to = c.on(124, 12, 0);
    let enc = c.stay(&Stay {
        unit: &CARDIAC_ICU,
        from,
        to: Some(to),
        attending: &VOLKOV,
        team: &[("CON", &HARGREAVE), ("CON", &SATO), ("CON", &ORTEGA_RD)],
        reason: "Planned repair of tetralogy of Fallot",
        diagnoses: &[&dx::TOF],
        disposition: Disposition::Home,
        through_ed: false,
    });
    c.ward_signs(&enc, Illness { fever: 0.6, desaturation: 5.0, tachycardia: 0.25, tachypnea: 0.2 });
    c.procedure(
        &enc,
        &procedures::TOF_REPAIR,
        c.on(135, 9, 0),
        &VOLKOV,
        "Complete repair of tetralogy of Fallot: transannular patch, VSD closed",
    );
    for (days, lactate, hemoglobin) in [(135, 3.1, 11.9), (134, 1.6, 10.8), (131, 1.0, 10.9)] {
        let at = c.on(days, 16, 0);
        c.panel(&enc, at, &labs::VENOUS_GAS, &[(&labs::LACTATE, lactate)]);
        c.panel(&enc, at, &labs::CBC, &[(&labs::HGB, hemoglobin)]);
        c.panel(&enc, at, &labs::BMP, &[]);
    }
    c.result(&enc, c.on(126, 6, 0), &labs::NTPROBNP, 1480.0);
    c.say(&enc, &OPERATIVE, &VOLKOV, c.on(135, 15, 0), Format::Plain, text("zoe operation"));
    c.say(&enc, &ECHO, &HARGREAVE, c.on(126, 14, 0), Format::Pdf, text("zoe echo"));
    c.say(&enc, &DISCHARGE, &VOLKOV, to, Format::Pdf, text("zoe discharge"));
}

/// Writes Grace's record.
pub fn grace(c: &mut Chart<'_>) {
    c.size = -2.0;
    let since = c.on(3000, 9, 0);
    for problem in [&dx::CEREBRAL_PALSY, &dx::EPILEPSY, &dx::DYSPHAGIA, &dx::GASTROSTOMY, &dx::SPASTICITY] {
        c.problem(problem, since, None, &WEISS);
    }
    c.problem(&dx::SCOLIOSIS_NM, c.on(1100, 9, 0), None, &MCALLISTER);
    c.problem(&dx::CONSTIPATION, c.on(2000, 9, 0), None, &ABERNATHY);
    c.allergy(&meds::LATEX, RASH, since, &PRESCOTT);
    c.immunizations();
    c.care_team(
        since,
        &[
            (ROLE_COORDINATOR, &BAPTISTE),
            (ROLE_SPECIALIST, &PRESCOTT),
            (ROLE_SPECIALIST, &WEISS),
            (ROLE_SPECIALIST, &ABERNATHY),
            (ROLE_SPECIALIST, &MERCER),
            (ROLE_SPECIALIST, &MCALLISTER),
            (ROLE_DIETITIAN, &ORTEGA_RD),
        ],
    );
    grace_visits(c);
    grace_admission(c);
}

fn grace_visits(c: &mut Chart<'_>) {
    let from = c.on(330, 9, 0);
    let enc = c.clinic_without_signs(
        Setting::FollowUp,
        from,
        (&CLINIC_REHAB, &PRESCOTT),
        "Complex care, yearly review",
        &[&dx::CEREBRAL_PALSY],
    );
    c.vitals(&enc, time::after(from, 5), WELL);
    c.measured(&enc, time::after(from, 7), 27.4, 132.0);
    c.say(&enc, &CARE_PLAN, &PRESCOTT, time::after(from, 90), Format::Pdf, text("grace plan"));
    grace_orders(c, &enc);
    let from = c.on(240, 10, 0);
    let enc = c.clinic(Setting::FollowUp, from, &CLINIC_NEURO, &WEISS, "Epilepsy", &[&dx::EPILEPSY]);
    c.result(&enc, time::after(from, 20), &labs::VALPROATE, 78.0);
    c.panel(&enc, time::after(from, 20), &labs::LIVER, &[]);
    c.panel(&enc, time::after(from, 20), &labs::CBC, &[(&labs::PLT, 162.0)]);
    c.say(&enc, &CONSULT, &WEISS, time::after(from, 60), Format::Html, text("grace neurology"));
    let from = c.on(180, 13, 0);
    let enc =
        c.clinic(Setting::FollowUp, from, &CLINIC_ORTHO, &MCALLISTER, "Scoliosis", &[&dx::SCOLIOSIS_NM]);
    c.say(&enc, &CONSULT, &MCALLISTER, time::after(from, 40), Format::Plain, text("grace spine"));
    let from = c.on(120, 9, 40);
    let enc = c.clinic(
        Setting::FollowUp,
        from,
        &CLINIC_REHAB,
        &PRESCOTT,
        "Spasticity: injections",
        &[&dx::SPASTICITY],
    );
    c.procedure(
        &enc,
        &procedures::BOTOX,
        time::after(from, 25),
        &PRESCOTT,
        "Adductors and gastrocnemius, both sides",
    );
    c.say(&enc, &PROCEDURE, &PRESCOTT, time::after(from, 50), Format::Plain, text("grace injections"));
    let from = c.on(75, 15, 0);
    let enc = c.clinic(
        Setting::FollowUp,
        from,
        &CLINIC_GI,
        &ABERNATHY,
        "Gastrostomy and feeding",
        &[&dx::GASTROSTOMY],
    );
    c.procedure(
        &enc,
        &procedures::GASTROSTOMY_CHANGE,
        time::after(from, 20),
        &TRAN_NP,
        "14 Fr, 2.0 cm low-profile",
    );
    c.say(&enc, &NURSING, &TRAN_NP, time::after(from, 40), Format::Plain, text("grace tube"));
    let from = c.on(17, 11, 0);
    let enc = c.clinic(
        Setting::FollowUp,
        from,
        &CLINIC_PULM,
        &MERCER,
        "Secretions and cough assist",
        &[&dx::CEREBRAL_PALSY],
    );
    c.say(&enc, &CONSULT, &MERCER, time::after(from, 60), Format::Html, text("grace lungs"));
}

fn grace_orders(c: &mut Chart<'_>, enc: &Enc) {
    let at = time::after(enc.from, 60);
    let add = |drug, sig| order(drug, sig, &PRESCOTT, at);
    c.order(
        enc,
        add(&meds::BACLOFEN, "2 mL (10 mg) by gastrostomy three times a day")
            .dose(10.0, "mg", "mg", 3)
            .for_dx(&dx::SPASTICITY)
            .dispense(180.0, "mL", 11),
    );
    c.order(
        enc,
        add(&meds::GLYCOPYRROLATE, "5 mL (1 mg) by gastrostomy three times a day")
            .dose(1.0, "mg", "mg", 3)
            .dispense(450.0, "mL", 11),
    );
    c.order(
        enc,
        add(&meds::VALPROATE, "6 mL (300 mg) by gastrostomy twice a day")
            .dose(300.0, "mg", "mg", 2)
            .for_dx(&dx::EPILEPSY)
            .dispense(360.0, "mL", 11),
    );
    c.order(
        enc,
        add(&meds::CLOBAZAM, "2 mL (5 mg) by gastrostomy every evening")
            .dose(5.0, "mg", "mg", 1)
            .for_dx(&dx::EPILEPSY)
            .dispense(60.0, "mL", 5)
            .by_reference(),
    );
    c.order(
        enc,
        add(&meds::OMEPRAZOLE, "10 mL (20 mg) by gastrostomy every morning")
            .dose(20.0, "mg", "mg", 1)
            .for_dx(&dx::GERD)
            .dispense(300.0, "mL", 11),
    );
    c.order(
        enc,
        add(&meds::PEG_3350, "17 g in 120 mL by gastrostomy once a day")
            .dose(17.0, "g", "g", 1)
            .for_dx(&dx::CONSTIPATION)
            .dispense(510.0, "g", 11),
    );
    c.order(
        enc,
        add(&meds::DIAZEPAM_RECTAL, "10 mg rectally for a seizure longer than 5 minutes")
            .dose(10.0, "mg", "mg", 0)
            .for_dx(&dx::EPILEPSY)
            .stopped(c.on(240, 10, 40), "Replaced by nasal midazolam"),
    );
    let nasal = order(
        &meds::MIDAZOLAM_NASAL,
        "5 mg into one nostril for a seizure longer than 5 minutes",
        &WEISS,
        c.on(240, 10, 40),
    );
    c.order(enc, nasal.dose(5.0, "mg", "mg", 0).for_dx(&dx::EPILEPSY).dispense(2.0, "spray", 2));
}

fn grace_admission(c: &mut Chart<'_>) {
    let from = c.on(62, 2, 40);
    let to = c.on(53, 13, 0);
    let enc = c.stay(&Stay {
        unit: &PICU,
        from,
        to: Some(to),
        attending: &OYELARAN,
        team: &[("ADM", &CASTELLANOS), ("CON", &SATO), ("CON", &MERCER), ("CON", &WEISS), ("DIS", &BRANDT)],
        reason: "Fever, more secretions and low oxygen after vomiting",
        diagnoses: &[&dx::PNEUMONIA, &dx::HYPOXEMIA, &dx::CEREBRAL_PALSY],
        disposition: Disposition::HomeNursing,
        through_ed: true,
    });
    c.ward_signs(&enc, Illness { fever: 2.1, desaturation: 11.0, tachycardia: 0.4, tachypnea: 0.6 });
    for (days, white, protein) in [(62, 17.9, 132.0), (60, 14.2, 96.0), (57, 9.8, 28.0)] {
        let at = c.on(days, 5, 0);
        c.panel(&enc, at, &labs::CBC_DIFF, &[(&labs::WBC, white), (&labs::NEUT, 78.0)]);
        c.result(&enc, at, &labs::CRP, protein);
        c.panel(&enc, at, &labs::BMP, &[]);
    }
    c.panel(
        &enc,
        time::after(from, 40),
        &labs::VENOUS_GAS,
        &[(&labs::VENOUS_PH, 7.29), (&labs::VENOUS_PCO2, 61.0), (&labs::LACTATE, 2.6)],
    );
    c.finding(
        &enc,
        c.on(62, 4, 0),
        &labs::RESP_CULTURE,
        "Streptococcus pneumoniae, penicillin-susceptible",
        true,
        2900,
    );
    c.finding(&enc, c.on(62, 3, 30), &labs::BLOOD_CULTURE, "No growth at 5 days", false, 7200);
    let ampicillin = order(&meds::AMPICILLIN, "1,400 mg IV every 6 hours for 7 days", &SATO, c.on(62, 4, 0));
    c.order(
        &enc,
        ampicillin.dose(1400.0, "mg", "mg", 4).for_dx(&dx::PNEUMONIA).inpatient().until(c.on(55, 10, 0)),
    );
    c.say(&enc, &ADMISSION, &SATO, c.on(62, 6, 0), Format::Plain, text("grace admission"));
    c.say(&enc, &CHEST_XRAY, &GUTIERREZ, c.on(62, 4, 30), Format::Pdf, text("grace x-ray"));
    c.say(&enc, &PROGRESS, &OYELARAN, c.on(58, 11, 0), Format::Plain, text("grace progress"));
    c.say(&enc, &DISCHARGE, &BRANDT, c.on(53, 12, 30), Format::Pdf, text("grace discharge"));
}
