//! Layla, Yusuf and Noor Haddad: three children of one guardian.

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds, procedures};
use crate::sandbox::hospital::staff::{
    ABERNATHY, BRANDT, CLINIC_GI, CLINIC_NEURO, MEDICAL_5, ORTEGA_RD, WEISS, WHITFIELD,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::background::{RASH, ROLE_DIETITIAN, ROLE_SPECIALIST};
use crate::sandbox::hospital::write::notes::{
    CARE_PLAN, CONSULT, DISCHARGE, EEG, EMERGENCY, PATHOLOGY_REPORT, PROCEDURE, PROGRESS, TELEPHONE, section,
};
use crate::sandbox::hospital::write::vitals::Illness;
use crate::sandbox::hospital::write::{Disposition, Format, Setting, Stay, order};

fn text(name: &str) -> &'static str {
    section(include_str!("haddad.md"), name)
}

/// Writes Layla's record: celiac disease.
pub fn layla(c: &mut Chart<'_>) {
    c.size = -0.8;
    c.problem(&dx::CELIAC, c.on(610, 9, 0), None, &ABERNATHY);
    c.problem(&dx::IRON_DEFICIENCY, c.on(640, 9, 0), Some(c.on(230, 9, 0)), &ABERNATHY);
    c.no_known_allergies(c.on(640, 9, 0), &ABERNATHY);
    c.immunizations();
    c.care_team(c.on(610, 10, 0), &[(ROLE_SPECIALIST, &ABERNATHY), (ROLE_DIETITIAN, &ORTEGA_RD)]);
    // Days ago, antibody, hemoglobin, ferritin, vitamin D, size at the time, note.
    let visits = [
        (640, 168.0, 10.4, 6.0, 17.0, -1.2, "layla first"),
        (420, 71.0, 11.8, 15.0, 26.0, -1.1, "layla half year"),
        (230, 24.0, 12.9, 31.0, 33.0, -0.9, "layla year"),
        (38, 9.0, 13.1, 38.0, 35.0, -0.8, "layla now"),
    ];
    for (days, antibody, hemoglobin, ferritin, vitamin_d, size, note) in visits {
        c.size = size;
        let from = c.on(days, 9, 30);
        let setting = if days == 640 { Setting::Consultation } else { Setting::FollowUp };
        let enc = c.clinic(setting, from, &CLINIC_GI, &ABERNATHY, "Celiac disease", &[&dx::CELIAC]);
        let drawn = time::after(from, 50);
        c.panel(&enc, drawn, &labs::CELIAC, &[(&labs::TTG, antibody), (&labs::IGA, 142.0)]);
        c.panel(&enc, drawn, &labs::CBC, &[(&labs::HGB, hemoglobin)]);
        c.panel(
            &enc,
            drawn,
            &labs::IRON_STUDIES,
            &[(&labs::FERRITIN, ferritin), (&labs::IRON, ferritin * 1.4 + 22.0)],
        );
        c.result(&enc, drawn, &labs::VITAMIN_D, vitamin_d);
        c.panel(&enc, drawn, &labs::LIVER, &[]);
        if days == 38 {
            c.panel(&enc, drawn, &labs::THYROID, &[]);
        }
        c.say(&enc, &CONSULT, &ABERNATHY, time::after(from, 90), Format::Html, text(note));
        if days == 640 {
            c.order(
                &enc,
                order(
                    &meds::FERROUS_SULFATE,
                    "4 mL (60 mg iron) by mouth once a day, with juice",
                    &ABERNATHY,
                    time::after(from, 60),
                )
                .dose(60.0, "mg", "mg", 1)
                .for_dx(&dx::IRON_DEFICIENCY)
                .stopped(c.on(230, 10, 10), "Iron stores are full")
                .dispense(120.0, "mL", 5),
            );
        }
    }
    layla_endoscopy(c);
}

fn layla_endoscopy(c: &mut Chart<'_>) {
    let from = c.on(610, 7, 40);
    let enc = c.clinic(
        Setting::FollowUp,
        from,
        &CLINIC_GI,
        &ABERNATHY,
        "Upper endoscopy with biopsies",
        &[&dx::CELIAC],
    );
    c.procedure(
        &enc,
        &procedures::UPPER_ENDOSCOPY,
        time::after(from, 30),
        &ABERNATHY,
        "Biopsies of duodenum, stomach and esophagus",
    );
    c.say(&enc, &PROCEDURE, &ABERNATHY, time::after(from, 60), Format::Plain, text("layla endoscopy"));
    c.say(&enc, &PATHOLOGY_REPORT, &ABERNATHY, c.on(606, 16, 0), Format::Pdf, text("layla pathology"));
    c.say(&enc, &CARE_PLAN, &ORTEGA_RD, c.on(600, 11, 0), Format::Html, text("layla diet"));
}

/// Writes Yusuf's record: epilepsy and attention deficit.
pub fn yusuf(c: &mut Chart<'_>) {
    c.problem(&dx::EPILEPSY_GENERALIZED, c.on(560, 14, 0), None, &WEISS);
    c.problem(&dx::ADHD, c.on(330, 10, 0), None, &WEISS);
    c.allergy(&meds::AMOXICILLIN_ALLERGY, RASH, c.on(900, 10, 0), &WHITFIELD);
    c.immunizations();
    c.care_team(c.on(560, 15, 0), &[(ROLE_SPECIALIST, &WEISS)]);
    let from = c.on(575, 13, 5);
    let ill = Illness { fever: 0.1, desaturation: 1.0, tachycardia: 0.15, tachypnea: 0.05 };
    let enc = c.emergency(from, 220, &WHITFIELD, "First seizure, at school", &[&dx::EPILEPSY], ill);
    c.panel(&enc, time::after(from, 20), &labs::BMP, &[(&labs::GLUCOSE, 97.0)]);
    c.say(&enc, &EMERGENCY, &WHITFIELD, time::after(from, 225), Format::Plain, text("yusuf first seizure"));
    let visits = [
        (560, "yusuf diagnosis", 0.0),
        (470, "yusuf dose", 14.2),
        (330, "yusuf attention", 18.6),
        (160, "yusuf school", 19.9),
        (47, "yusuf now", 22.4),
    ];
    for (days, note, level) in visits {
        let from = c.on(days, 14, 10);
        let setting = if days == 560 { Setting::Consultation } else { Setting::FollowUp };
        let enc = c.clinic(
            setting,
            from,
            &CLINIC_NEURO,
            &WEISS,
            "Generalized epilepsy",
            &[&dx::EPILEPSY_GENERALIZED],
        );
        if level > 0.0 {
            c.result(&enc, time::after(from, 40), &labs::LEVETIRACETAM, level);
            c.panel(&enc, time::after(from, 40), &labs::CBC, &[]);
        }
        c.say(&enc, &CONSULT, &WEISS, time::after(from, 80), Format::Html, text(note));
        yusuf_orders(c, &enc, days);
    }
    let call = c.on(12, 16, 30);
    let enc = c.clinic(
        Setting::Video,
        call,
        &CLINIC_NEURO,
        &WEISS,
        "Missed doses, question about a school trip",
        &[],
    );
    c.say(&enc, &TELEPHONE, &WEISS, time::after(call, 30), Format::Plain, text("yusuf call"));
}

fn yusuf_orders(c: &mut Chart<'_>, enc: &crate::sandbox::hospital::write::Enc, days: i64) {
    let at = time::after(enc.from, 42);
    let step = |sig| order(&meds::LEVETIRACETAM, sig, &WEISS, at).for_dx(&dx::EPILEPSY_GENERALIZED);
    match days {
        560 => {
            c.procedure(enc, &procedures::EEG, time::after(enc.from, -90), &WEISS, "Awake and asleep");
            c.say(enc, &EEG, &WEISS, time::after(enc.from, -20), Format::Pdf, text("yusuf eeg"));
            let first = step("2 mL (200 mg) by mouth twice a day").dose(200.0, "mg", "mg", 2);
            c.order(
                enc,
                first.stopped(c.on(470, 14, 50), "Dose raised: two more seizures").dispense(120.0, "mL", 3),
            );
            c.order(
                enc,
                order(
                    &meds::MIDAZOLAM_NASAL,
                    "5 mg (one spray) into one nostril for a seizure longer than 5 minutes",
                    &WEISS,
                    at,
                )
                .dose(5.0, "mg", "mg", 0)
                .for_dx(&dx::EPILEPSY_GENERALIZED)
                .dispense(2.0, "spray", 1)
                .by_reference(),
            );
        }
        470 => {
            let second = step("4 mL (400 mg) by mouth twice a day").dose(400.0, "mg", "mg", 2);
            c.order(
                enc,
                second.stopped(c.on(160, 14, 50), "Dose adapted to weight").dispense(240.0, "mL", 5),
            );
        }
        330 => c.order(
            enc,
            order(&meds::METHYLPHENIDATE, "18 mg, one tablet, every school morning", &WEISS, at)
                .dose(18.0, "mg", "mg", 1)
                .for_dx(&dx::ADHD)
                .dispense(30.0, "tablet", 0)
                .note("Seizure free for four months before the start"),
        ),
        160 => {
            let third = step("5 mL (500 mg) by mouth twice a day").dose(500.0, "mg", "mg", 2);
            c.order(enc, third.dispense(300.0, "mL", 5).by_reference());
        }
        _ => {}
    }
}

/// Writes Noor's record: gastroenteritis.
pub fn noor(c: &mut Chart<'_>) {
    c.no_known_allergies(c.on(33, 9, 0), &BRANDT);
    c.immunizations();
    let from = c.on(33, 3, 20);
    let to = c.on(32, 10, 45);
    let enc = c.stay(&Stay {
        unit: &MEDICAL_5,
        from,
        to: Some(to),
        attending: &BRANDT,
        team: &[("ADM", &WHITFIELD)],
        reason: "Vomiting and diarrhea for two days",
        diagnoses: &[&dx::GASTROENTERITIS, &dx::DEHYDRATION],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.ward_signs(&enc, Illness { fever: 1.1, desaturation: 0.0, tachycardia: 0.35, tachypnea: 0.15 });
    let sick = [
        (&labs::SODIUM, 132.0),
        (&labs::CO2, 13.0),
        (&labs::BUN, 24.0),
        (&labs::GLUCOSE, 61.0),
        (&labs::POTASSIUM, 3.4),
    ];
    c.panel(&enc, c.on(33, 3, 55), &labs::BMP, &sick);
    let better = [(&labs::SODIUM, 138.0), (&labs::CO2, 19.0), (&labs::BUN, 9.0), (&labs::GLUCOSE, 92.0)];
    c.panel(&enc, c.on(33, 15, 10), &labs::BMP, &better);
    c.finding(&enc, c.on(33, 5, 0), &labs::UA_KETONES, "Large", true, 40);
    c.procedure(
        &enc,
        &procedures::IV_FLUIDS,
        c.on(33, 4, 10),
        &WHITFIELD,
        "Two boluses of 20 mL/kg, then maintenance",
    );
    c.order(
        &enc,
        order(
            &meds::ONDANSETRON,
            "2 mg by mouth once, may be repeated after 8 hours",
            &WHITFIELD,
            c.on(33, 3, 40),
        )
        .dose(2.0, "mg", "mg", 0)
        .for_dx(&dx::GASTROENTERITIS)
        .until(to)
        .inpatient(),
    );
    c.say(&enc, &PROGRESS, &BRANDT, c.on(33, 16, 30), Format::Plain, text("noor progress"));
    c.say(&enc, &DISCHARGE, &BRANDT, c.on(32, 10, 30), Format::Html, text("noor discharge"));
}
