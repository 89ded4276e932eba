//! Jordan Hale: an adolescent whose confidential care is labelled.

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds};
use crate::sandbox::hospital::meta::Label;
use crate::sandbox::hospital::staff::{
    BEHAVIORAL_4, CLINIC_ADOLESCENT, CLINIC_NEURO, HALVORSEN, MONTGOMERY, SILVA, WEISS, WHITFIELD,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::background::{HIVES, ROLE_SPECIALIST};
use crate::sandbox::hospital::write::notes::{
    CARE_PLAN, CONSULT, DISCHARGE, EMERGENCY, PROGRESS, SOCIAL_WORK, section,
};
use crate::sandbox::hospital::write::vitals::{Illness, WELL};
use crate::sandbox::hospital::write::{Disposition, Format, Setting, Stay, order};

fn text(name: &str) -> &'static str {
    section(include_str!("jordan.md"), name)
}

const PSYCHIATRIC: [Label; 2] = [Label::Restricted, Label::Psychiatry];
const REPRODUCTIVE: [Label; 2] = [Label::Restricted, Label::ReproductiveHealth];
const INFECTION: [Label; 3] = [Label::VeryRestricted, Label::ReproductiveHealth, Label::SexuallyTransmitted];

/// Writes the record. What a parent or an outside reader sees by default is the migraine and the background.
pub fn write(c: &mut Chart<'_>) {
    c.allergy(&meds::SULFA, HIVES, c.on(1500, 10, 0), &WHITFIELD);
    c.problem(&dx::MIGRAINE, c.on(380, 10, 0), None, &WEISS);
    c.immunizations();
    c.care_team(c.on(380, 11, 0), &[(ROLE_SPECIALIST, &WEISS), (ROLE_SPECIALIST, &MONTGOMERY)]);
    migraine(c);
    c.labels = PSYCHIATRIC.to_vec();
    c.problem(&dx::DEPRESSION, c.on(120, 10, 0), None, &SILVA);
    psychiatry(c);
    c.labels = REPRODUCTIVE.to_vec();
    confidential(c);
    c.labels = Vec::new();
}

fn migraine(c: &mut Chart<'_>) {
    for (days, note) in [(380, "migraine first"), (210, "migraine second"), (30, "migraine now")] {
        let from = c.on(days, 15, 30);
        let setting = if days == 380 { Setting::Consultation } else { Setting::FollowUp };
        let enc = c.clinic(setting, from, &CLINIC_NEURO, &WEISS, "Headache", &[&dx::MIGRAINE]);
        c.say(&enc, &CONSULT, &WEISS, time::after(from, 75), Format::Html, text(note));
        if days == 380 {
            c.order(
                &enc,
                order(
                    &meds::SUMATRIPTAN,
                    "25 mg by mouth at the start of a migraine, at most twice a week",
                    &WEISS,
                    time::after(from, 40),
                )
                .dose(25.0, "mg", "mg", 0)
                .for_dx(&dx::MIGRAINE)
                .dispense(9.0, "tablet", 3),
            );
            c.order(
                &enc,
                order(&meds::TOPIRAMATE, "25 mg by mouth every evening", &WEISS, time::after(from, 40))
                    .dose(25.0, "mg", "mg", 1)
                    .for_dx(&dx::MIGRAINE)
                    .stopped(c.on(210, 16, 10), "Word-finding trouble; fewer attacks anyway")
                    .dispense(30.0, "tablet", 3),
            );
        }
    }
}

fn psychiatry(c: &mut Chart<'_>) {
    let from = c.on(121, 21, 15);
    let to = c.on(112, 14, 0);
    let enc = c.stay(&Stay {
        unit: &BEHAVIORAL_4,
        from,
        to: Some(to),
        attending: &SILVA,
        team: &[("ADM", &WHITFIELD), ("CON", &HALVORSEN)],
        reason: "Suicidal thoughts with a plan",
        diagnoses: &[&dx::DEPRESSION, &dx::SUICIDAL_IDEATION, &dx::ANXIETY],
        disposition: Disposition::Home,
        through_ed: true,
    });
    c.vitals(&enc, time::after(from, 20), Illness { tachycardia: 0.15, ..WELL });
    c.growth(&enc, time::after(from, 25));
    c.panel(&enc, time::after(from, 45), &labs::CMP, &[]);
    c.panel(&enc, time::after(from, 45), &labs::THYROID, &[]);
    c.normal(&enc, time::after(from, 50), &labs::HCG, 40);
    c.order(
        &enc,
        order(&meds::FLUOXETINE, "10 mg by mouth every morning", &SILVA, c.on(119, 9, 0))
            .dose(10.0, "mg", "mg", 1)
            .for_dx(&dx::DEPRESSION)
            .stopped(c.on(92, 10, 30), "Dose raised to 20 mg")
            .dispense(30.0, "capsule", 0),
    );
    c.say(&enc, &EMERGENCY, &WHITFIELD, time::after(from, 170), Format::Plain, text("crisis"));
    c.say(&enc, &SOCIAL_WORK, &HALVORSEN, c.on(118, 13, 0), Format::Plain, text("social work"));
    c.say(&enc, &PROGRESS, &SILVA, c.on(116, 11, 0), Format::Plain, text("ward"));
    c.say(&enc, &CARE_PLAN, &SILVA, c.on(112, 13, 0), Format::Html, text("safety plan"));
    c.say(&enc, &DISCHARGE, &SILVA, c.on(112, 14, 30), Format::Pdf, text("psychiatry discharge"));
    for (days, note) in [(92, "outpatient first"), (50, "outpatient second"), (15, "outpatient now")] {
        let from = c.on(days, 10, 0);
        let setting = if days == 50 { Setting::Video } else { Setting::FollowUp };
        let enc =
            c.clinic(setting, from, &CLINIC_ADOLESCENT, &SILVA, "Depression, follow-up", &[&dx::DEPRESSION]);
        if days == 92 {
            c.order(
                &enc,
                order(
                    &meds::FLUOXETINE,
                    "20 mg (two capsules) by mouth every morning",
                    &SILVA,
                    time::after(from, 35),
                )
                .dose(20.0, "mg", "mg", 1)
                .for_dx(&dx::DEPRESSION)
                .dispense(60.0, "capsule", 2),
            );
        }
        c.say(&enc, &PROGRESS, &SILVA, time::after(from, 60), Format::Plain, text(note));
    }
}

fn confidential(c: &mut Chart<'_>) {
    let from = c.on(64, 15, 10);
    let enc = c.clinic(
        Setting::Consultation,
        from,
        &CLINIC_ADOLESCENT,
        &MONTGOMERY,
        "Confidential visit",
        &[&dx::CONTRACEPTION],
    );
    c.normal(&enc, time::after(from, 12), &labs::HCG, 20);
    c.order(
        &enc,
        order(
            &meds::ETONOGESTREL,
            "One implant under the skin of the left upper arm, for up to five years",
            &MONTGOMERY,
            time::after(from, 30),
        )
        .for_dx(&dx::CONTRACEPTION),
    );
    c.say(&enc, &CONSULT, &MONTGOMERY, time::after(from, 70), Format::Plain, text("contraception"));
    c.labels = INFECTION.to_vec();
    c.finding(&enc, time::after(from, 14), &labs::CHLAMYDIA, "Detected", true, 2800);
    let recall = c.on(60, 16, 0);
    let treated = c.clinic(
        Setting::FollowUp,
        recall,
        &CLINIC_ADOLESCENT,
        &MONTGOMERY,
        "Confidential visit: treatment",
        &[&dx::CHLAMYDIA],
    );
    c.order(
        &treated,
        order(
            &meds::DOXYCYCLINE,
            "100 mg by mouth twice a day for 7 days",
            &MONTGOMERY,
            time::after(recall, 20),
        )
        .dose(100.0, "mg", "mg", 2)
        .for_dx(&dx::CHLAMYDIA)
        .until(time::after(recall, 7 * 1440)),
    );
    c.say(&treated, &PROGRESS, &MONTGOMERY, time::after(recall, 40), Format::Plain, text("treatment"));
}
