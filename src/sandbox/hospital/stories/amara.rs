//! Amara Nwosu: anaphylaxis to peanut, between two practices.

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds};
use crate::sandbox::hospital::staff::{
    CASTELLANOS, CLINIC_ALLERGY, CLINIC_DERM, KESSLER, NAKAMURA, ORTEGA_RD, WHITFIELD,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::background::{ANAPHYLAXIS, HIVES, ROLE_DIETITIAN, ROLE_SPECIALIST};
use crate::sandbox::hospital::write::notes::{CARE_PLAN, CONSULT, EMERGENCY, TELEPHONE, section};
use crate::sandbox::hospital::write::vitals::Illness;
use crate::sandbox::hospital::write::{Format, Setting, order};

fn text(name: &str) -> &'static str {
    section(include_str!("amara.md"), name)
}

/// Writes the record.
pub fn write(c: &mut Chart<'_>) {
    c.problem(&dx::ATOPIC_DERMATITIS, c.on(980, 9, 0), None, &KESSLER);
    c.problem(&dx::FOOD_ALLERGY, c.on(410, 10, 0), None, &NAKAMURA);
    c.allergy(&meds::EGG, HIVES, c.on(410, 10, 30), &NAKAMURA);
    c.allergy(&meds::PEANUT, ANAPHYLAXIS, c.on(12, 19, 0), &CASTELLANOS);
    c.immunizations();
    c.care_team(c.on(410, 11, 0), &[(ROLE_SPECIALIST, &NAKAMURA), (ROLE_DIETITIAN, &ORTEGA_RD)]);
    let from = c.on(980, 8, 50);
    let enc =
        c.clinic(Setting::Consultation, from, &CLINIC_DERM, &KESSLER, "Eczema", &[&dx::ATOPIC_DERMATITIS]);
    c.say(&enc, &CONSULT, &KESSLER, time::after(from, 50), Format::Plain, text("eczema"));
    c.order(
        &enc,
        order(
            &meds::TRIAMCINOLONE,
            "Thin layer on red areas of trunk and limbs twice a day for up to 7 days",
            &KESSLER,
            time::after(from, 35),
        )
        .for_dx(&dx::ATOPIC_DERMATITIS)
        .dispense(80.0, "g", 3),
    );
    c.order(
        &enc,
        order(
            &meds::HYDROCORTISONE_CREAM,
            "Thin layer on face twice a day for up to 5 days",
            &KESSLER,
            time::after(from, 35),
        )
        .for_dx(&dx::ATOPIC_DERMATITIS)
        .dispense(30.0, "g", 3),
    );
    let from = c.on(410, 10, 5);
    let enc = c.clinic(
        Setting::Consultation,
        from,
        &CLINIC_ALLERGY,
        &NAKAMURA,
        "Hives after scrambled egg",
        &[&dx::FOOD_ALLERGY],
    );
    c.panel(&enc, time::after(from, 40), &labs::CBC_DIFF, &[(&labs::EOS, 9.1)]);
    c.say(&enc, &CONSULT, &NAKAMURA, time::after(from, 70), Format::Html, text("egg"));
    anaphylaxis(c);
}

fn anaphylaxis(c: &mut Chart<'_>) {
    let from = c.on(12, 18, 20);
    let ill = Illness { fever: 0.0, desaturation: 7.0, tachycardia: 0.45, tachypnea: 0.5 };
    let found = [&dx::ANAPHYLAXIS, &dx::FOOD_ALLERGY];
    let enc = c.emergency(from, 480, &CASTELLANOS, "Hives, vomiting and wheeze after a cookie", &found, ill);
    c.order(
        &enc,
        order(
            &meds::EPINEPHRINE,
            "0.15 mg into the outer thigh, now; repeated after 10 minutes",
            &CASTELLANOS,
            time::after(from, 4),
        )
        .dose(0.15, "mg", "mg", 0)
        .for_dx(&dx::ANAPHYLAXIS)
        .until(time::after(from, 20))
        .inpatient(),
    );
    c.order(
        &enc,
        order(
            &meds::EPINEPHRINE,
            "0.15 mg into the outer thigh at the first sign of anaphylaxis, then call 911",
            &CASTELLANOS,
            time::after(from, 440),
        )
        .dose(0.15, "mg", "mg", 0)
        .for_dx(&dx::ANAPHYLAXIS)
        .dispense(4.0, "auto-injector", 1)
        .note("Two for home, two for day care")
        .by_reference(),
    );
    c.order(
        &enc,
        order(
            &meds::CETIRIZINE,
            "2.5 mL (2.5 mg) by mouth once a day for 3 days",
            &CASTELLANOS,
            time::after(from, 440),
        )
        .dose(2.5, "mg", "mg", 1)
        .until(time::after(from, 3 * 1440)),
    );
    c.say(&enc, &EMERGENCY, &CASTELLANOS, time::after(from, 485), Format::Pdf, text("anaphylaxis"));
    let call = c.on(10, 9, 30);
    let enc = c.clinic(
        Setting::Video,
        call,
        &CLINIC_ALLERGY,
        &NAKAMURA,
        "After anaphylaxis to peanut",
        &[&dx::FOOD_ALLERGY],
    );
    c.say(&enc, &TELEPHONE, &WHITFIELD, c.on(11, 10, 0), Format::Plain, text("recall"));
    c.say(&enc, &CARE_PLAN, &NAKAMURA, time::after(call, 50), Format::Html, text("action plan"));
}
