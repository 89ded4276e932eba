//! Lucas Andersson (appendicitis), Dylan Reyes (fracture) and the other Mateo Rivera (laceration).

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds, procedures};
use crate::sandbox::hospital::staff::{
    CASTELLANOS, CLINIC_ORTHO, CLINIC_SURGERY, COLLINS_PA, GUTIERREZ, HALVORSEN, MCALLISTER, PATEL_RPH,
    SURGICAL_6, TANAKA, WHITFIELD,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::background::{ROLE_SPECIALIST, VOMITING};
use crate::sandbox::hospital::write::notes::{
    ADMISSION, CONSULT, DISCHARGE, EMERGENCY, IMAGING, INSTRUCTIONS, OPERATIVE, OUTSIDE, PATHOLOGY_REPORT,
    PROGRESS, section,
};
use crate::sandbox::hospital::write::vitals::Illness;
use crate::sandbox::hospital::write::{Disposition, Enc, Format, Setting, Stay, order};

fn text(name: &str) -> &'static str {
    section(include_str!("surgical.md"), name)
}

/// Writes Lucas's record.
pub fn lucas(c: &mut Chart<'_>) {
    c.allergy(&meds::CEFACLOR, VOMITING, c.on(1400, 9, 0), &WHITFIELD);
    c.immunizations();
    c.care_team(c.on(15, 22, 0), &[(ROLE_SPECIALIST, &TANAKA)]);
    let from = c.on(15, 20, 10);
    let to = c.on(9, 12, 0);
    let enc = c.stay(&Stay {
        unit: &SURGICAL_6,
        from,
        to: Some(to),
        attending: &TANAKA,
        team: &[("ADM", &CASTELLANOS), ("PPRF", &COLLINS_PA), ("PPRF", &PATEL_RPH)],
        reason: "Belly pain for three days, now with fever",
        diagnoses: &[&dx::APPENDICITIS],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.ward_signs(&enc, Illness { fever: 2.0, desaturation: 1.0, tachycardia: 0.35, tachypnea: 0.2 });
    let course = [
        (15, 20, 21.4, 88.0, 142.0),
        (13, 5, 16.2, 82.0, 168.0),
        (11, 5, 11.9, 71.0, 74.0),
        (9, 5, 9.4, 60.0, 31.0),
    ];
    for (day, hour, white, neutrophils, protein) in course {
        let at = c.on(day, hour, 50);
        c.panel(&enc, at, &labs::CBC_DIFF, &[(&labs::WBC, white), (&labs::NEUT, neutrophils)]);
        c.result(&enc, at, &labs::CRP, protein);
    }
    c.panel(&enc, c.on(15, 20, 50), &labs::BMP, &[(&labs::SODIUM, 133.0), (&labs::CO2, 19.0)]);
    c.panel(&enc, c.on(15, 21, 0), &labs::URINALYSIS, &[]);
    c.procedure(&enc, &procedures::ULTRASOUND_ABDOMEN, c.on(15, 21, 30), &GUTIERREZ, "");
    c.procedure(
        &enc,
        &procedures::APPENDECTOMY,
        c.on(14, 1, 15),
        &TANAKA,
        "Perforated, washed out, drain left",
    );
    c.say(&enc, &IMAGING, &GUTIERREZ, c.on(15, 21, 55), Format::Pdf, text("lucas ultrasound"));
    c.say(&enc, &ADMISSION, &COLLINS_PA, c.on(15, 23, 0), Format::Plain, text("lucas admission"));
    c.say(&enc, &OPERATIVE, &TANAKA, c.on(14, 3, 0), Format::Plain, text("lucas operation"));
    c.say(&enc, &PROGRESS, &COLLINS_PA, c.on(12, 9, 0), Format::Plain, text("lucas progress"));
    c.say(&enc, &PATHOLOGY_REPORT, &TANAKA, c.on(10, 15, 0), Format::Html, text("lucas pathology"));
    c.say(&enc, &DISCHARGE, &TANAKA, c.on(9, 11, 30), Format::Pdf, text("lucas discharge"));
    c.say(&enc, &INSTRUCTIONS, &COLLINS_PA, c.on(9, 11, 40), Format::Html, text("lucas instructions"));
    lucas_orders(c, &enc);
    let visit = c.on(2, 10, 20);
    let enc = c.clinic(
        Setting::FollowUp,
        visit,
        &CLINIC_SURGERY,
        &TANAKA,
        "After appendectomy",
        &[&dx::APPENDICITIS],
    );
    c.say(&enc, &CONSULT, &TANAKA, time::after(visit, 40), Format::Plain, text("lucas visit"));
}

fn lucas_orders(c: &mut Chart<'_>, enc: &Enc) {
    let tazobactam = order(&meds::PIP_TAZO, "2,400 mg IV every 6 hours", &TANAKA, c.on(15, 22, 0));
    let tazobactam = tazobactam.dose(2400.0, "mg", "mg", 4).for_dx(&dx::APPENDICITIS).inpatient();
    c.order(enc, tazobactam.until(c.on(9, 8, 0)));
    let morphine =
        order(&meds::MORPHINE, "1 mg IV every 4 hours as needed for pain", &COLLINS_PA, c.on(14, 3, 0));
    c.order(enc, morphine.dose(1.0, "mg", "mg", 0).inpatient().until(c.on(12, 9, 0)));
    let oral =
        order(&meds::AMOX_CLAV, "7 mL (840 mg) by mouth twice a day for 5 days", &TANAKA, c.on(9, 11, 0));
    let oral = oral.dose(840.0, "mg", "mg", 2).for_dx(&dx::APPENDICITIS).until(c.on(4, 20, 0));
    c.order(enc, oral.dispense(75.0, "mL", 0).by_reference());
    let ibuprofen = order(
        &meds::IBUPROFEN,
        "12 mL (240 mg) by mouth every 6 hours as needed for pain",
        &TANAKA,
        c.on(9, 11, 0),
    );
    c.order(enc, ibuprofen.dose(240.0, "mg", "mg", 0).dispense(240.0, "mL", 0));
}

/// Writes Dylan's record.
pub fn dylan(c: &mut Chart<'_>) {
    c.size = 0.5;
    c.no_known_allergies(c.on(26, 17, 0), &CASTELLANOS);
    c.immunizations();
    c.care_team(c.on(25, 10, 0), &[(ROLE_SPECIALIST, &MCALLISTER)]);
    let from = c.on(26, 16, 50);
    let to = c.on(25, 11, 30);
    let enc = c.stay(&Stay {
        unit: &SURGICAL_6,
        from,
        to: Some(to),
        attending: &MCALLISTER,
        team: &[("ADM", &CASTELLANOS), ("PPRF", &COLLINS_PA), ("CON", &HALVORSEN)],
        reason: "Fall from a mountain bike: forearm deformed, hit the head",
        diagnoses: &[&dx::FOREARM_FRACTURE, &dx::CONCUSSION],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.ward_signs(&enc, Illness { fever: 0.0, desaturation: 0.0, tachycardia: 0.25, tachypnea: 0.1 });
    c.panel(&enc, time::after(from, 30), &labs::CBC, &[]);
    c.procedure(
        &enc,
        &procedures::CLOSED_REDUCTION,
        c.on(26, 19, 40),
        &MCALLISTER,
        "Under ketamine; good position",
    );
    c.procedure(&enc, &procedures::CAST, c.on(26, 20, 0), &COLLINS_PA, "Long arm cast, split");
    c.say(&enc, &IMAGING, &GUTIERREZ, c.on(26, 18, 0), Format::Pdf, text("dylan x-ray"));
    c.say(&enc, &EMERGENCY, &CASTELLANOS, c.on(26, 20, 30), Format::Plain, text("dylan emergency"));
    c.say(&enc, &DISCHARGE, &MCALLISTER, c.on(25, 11, 10), Format::Pdf, text("dylan discharge"));
    // Viewers must not trust what other systems call HTML.
    c.say(&enc, &OUTSIDE, &COLLINS_PA, c.on(25, 9, 0), Format::Foreign, text("dylan outside"));
    let oxycodone = order(
        &meds::OXYCODONE,
        "5 mL (5 mg) by mouth every 6 hours as needed, for at most 3 days",
        &MCALLISTER,
        to,
    );
    c.order(&enc, oxycodone.dose(5.0, "mg", "mg", 0).until(c.on(22, 12, 0)).dispense(40.0, "mL", 0));
    let naproxen =
        order(&meds::NAPROXEN, "15 mL (375 mg) by mouth twice a day with food for 5 days", &MCALLISTER, to);
    c.order(&enc, naproxen.dose(375.0, "mg", "mg", 2).until(c.on(20, 12, 0)).dispense(150.0, "mL", 0));
    for (days, note) in [(18, "dylan first visit"), (4, "dylan second visit")] {
        let visit = c.on(days, 13, 40);
        let enc = c.clinic(
            Setting::FollowUp,
            visit,
            &CLINIC_ORTHO,
            &MCALLISTER,
            "Forearm fracture",
            &[&dx::FOREARM_FRACTURE],
        );
        c.say(&enc, &CONSULT, &MCALLISTER, time::after(visit, 30), Format::Html, text(note));
    }
}

/// Writes the other Mateo Rivera's record.
pub fn other_mateo(c: &mut Chart<'_>) {
    c.no_known_allergies(c.on(55, 18, 0), &WHITFIELD);
    c.immunizations();
    let from = c.on(55, 17, 45);
    let calm = Illness { fever: 0.0, desaturation: 0.0, tachycardia: 0.1, tachypnea: 0.0 };
    let enc = c.emergency(
        from,
        130,
        &WHITFIELD,
        "Cut on the chin from a fall at the pool",
        &[&dx::LACERATION],
        calm,
    );
    c.procedure(
        &enc,
        &procedures::SUTURE,
        time::after(from, 70),
        &WHITFIELD,
        "2.5 cm, five absorbable sutures",
    );
    c.say(&enc, &EMERGENCY, &WHITFIELD, time::after(from, 135), Format::Plain, text("laceration"));
}
