//! Clara Lin: a late preterm newborn with jaundice.

use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::{dx, labs, meds, procedures};
use crate::sandbox::hospital::staff::{HALVORSEN, LINDQVIST, NICU, ORTEGA_RD, TRAN_NP};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::notes::{ADMISSION, DISCHARGE, INSTRUCTIONS, PROGRESS, section};
use crate::sandbox::hospital::write::vitals::WELL;
use crate::sandbox::hospital::write::{Disposition, Format, Setting, Visit, order};

fn text(name: &str) -> &'static str {
    section(include_str!("clara.md"), name)
}

/// Writes the record.
pub fn write(c: &mut Chart<'_>) {
    let born = c.on(6, 4, 12);
    let home = c.on(1, 11, 30);
    c.size = -0.9;
    c.problem(&dx::LATE_PRETERM, born, None, &LINDQVIST);
    c.problem(&dx::HYPERBILIRUBINEMIA, c.on(4, 6, 0), None, &LINDQVIST);
    c.no_known_allergies(c.on(6, 8, 0), &LINDQVIST);
    c.immunizations();
    let enc = c.visit(&Visit {
        setting: Setting::Birth,
        unit: &NICU,
        from: born,
        to: Some(home),
        attending: &LINDQVIST,
        team: &[("PPRF", &TRAN_NP), ("CON", &ORTEGA_RD), ("CON", &HALVORSEN)],
        reason: "Born at 35 weeks and 3 days",
        diagnoses: &[&dx::SINGLE_LIVEBORN, &dx::LATE_PRETERM, &dx::HYPERBILIRUBINEMIA],
        disposition: Some(Disposition::HomeNursing),
        through_ed: false,
    });
    c.measured(&enc, time::after(born, 50), 2.48, 45.5);
    for (days, kg) in [(5, 2.41), (4, 2.33), (3, 2.29), (2, 2.30), (1, 2.33)] {
        let at = c.on(days, 6, 0);
        c.weight(&enc, at, kg);
        c.vitals(&enc, at, WELL);
    }
    let bilirubin = [(5, 5, 6.8), (4, 5, 12.9), (4, 17, 14.6), (3, 5, 12.2), (2, 5, 10.1), (1, 6, 10.9)];
    for (days, hour, value) in bilirubin {
        c.result(&enc, c.on(days, hour, 40), &labs::BILI, value);
    }
    c.result(&enc, c.on(4, 6, 0), &labs::BILI_DIRECT, 0.3);
    c.panel(&enc, c.on(4, 6, 5), &labs::CBC, &[(&labs::HGB, 16.4), (&labs::HCT, 49.0), (&labs::WBC, 14.2)]);
    c.result(&enc, c.on(4, 6, 5), &labs::RETIC, 5.1);
    c.finding(&enc, c.on(6, 5, 0), &labs::BLOOD_GROUP, "A positive (mother O positive)", false, 120);
    c.finding(&enc, c.on(6, 5, 0), &labs::DAT, "Weakly positive", true, 130);
    for (hours, value) in [(1, 41.0), (3, 52.0), (9, 58.0), (20, 66.0)] {
        c.result(&enc, time::after(born, hours * 60), &labs::GLUCOSE, value);
    }
    c.pending(&enc, c.on(4, 7, 0), &labs::NEWBORN_SCREEN, "");
    c.procedure(
        &enc,
        &procedures::PHOTOTHERAPY,
        c.on(4, 7, 30),
        &LINDQVIST,
        "Double, 46 hours, stopped two days ago",
    );
    c.procedure(&enc, &procedures::HEARING, c.on(2, 13, 0), &TRAN_NP, "Passed on both sides");
    c.order(
        &enc,
        order(&meds::VITAMIN_D, "1 mL (400 units) by mouth once a day", &LINDQVIST, c.on(1, 10, 0))
            .dose(400.0, "units", "[iU]", 1)
            .dispense(50.0, "mL", 5),
    );
    c.say(&enc, &ADMISSION, &LINDQVIST, c.on(6, 7, 30), Format::Plain, text("birth"));
    c.say(&enc, &PROGRESS, &TRAN_NP, c.on(4, 9, 15), Format::Plain, text("jaundice"));
    c.say(&enc, &PROGRESS, &ORTEGA_RD, c.on(3, 14, 0), Format::Html, text("feeding"));
    c.say(&enc, &DISCHARGE, &LINDQVIST, c.on(1, 11, 0), Format::Pdf, text("discharge"));
    c.say(&enc, &INSTRUCTIONS, &TRAN_NP, c.on(1, 11, 10), Format::Html, text("instructions"));
    c.care_team(home, &[(crate::sandbox::hospital::write::background::ROLE_SPECIALIST, &LINDQVIST)]);
}
