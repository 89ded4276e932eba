//! What happened to the children who have no story of their own: acute illnesses and chronic conditions put together
//! from templates that fit their age, so that no two records are the same.

mod acute;
mod chronic;
mod illnesses;

use super::chart::Chart;
use super::codes::meds;
use super::staff::{Clinician, IYER, OYELARAN};
use super::time;
use super::write::background::{ANAPHYLAXIS, HIVES, RASH, ROLE_SPECIALIST, SNEEZING};

/// Writes a record that fits the child's age: background, at most one chronic condition, up to three acute illnesses.
pub fn write(c: &mut Chart<'_>) {
    allergies(c);
    c.immunizations();
    let specialist = chronic::write(c);
    let team: Vec<_> = specialist.into_iter().map(|clinician| (ROLE_SPECIALIST, clinician)).collect();
    let age = c.age_days(c.now);
    if !team.is_empty() || c.draw.chance(40) {
        let since = c.on(age.min(300) / 2, 9, 0);
        c.care_team(since, &team);
    }
    let illnesses = match c.draw.below(10) {
        0..2 if specialist.is_some() => 0,
        0..6 => 1,
        6..9 => 2,
        _ => 3,
    };
    let mut before = 0;
    let mut had = Vec::new();
    for _ in 0..illnesses {
        let room = age.min(1100) - before;
        if room < 25 {
            break;
        }
        // The practices' morning list wants some who are in the hospital now or have just gone home.
        let recent = before == 0 && c.draw.chance(15);
        let days = before + if recent { c.draw.between(1, 6) } else { c.draw.between(1, room / 2) };
        acute::write(c, days, &mut had);
        before = days + 20;
    }
}

fn allergies(c: &mut Chart<'_>) {
    let by: &'static Clinician = &OYELARAN;
    let age = c.age_days(c.now);
    let days = c.draw.between(age / 4, age * 3 / 4);
    let since = c.on(days, 9, 0).max(time::at(c.child.birth, 13, 0));
    match c.draw.below(20) {
        0 => c.allergy(&meds::PENICILLIN, HIVES, since, by),
        1 => c.allergy(&meds::AMOXICILLIN_ALLERGY, RASH, since, by),
        2 => c.allergy(&meds::PEANUT, ANAPHYLAXIS, since, by),
        3 => c.allergy(&meds::CAT, SNEEZING, since, by),
        4 => {
            c.allergy(&meds::EGG, HIVES, since, by);
            c.allergy(&meds::TREE_NUT, HIVES, since, by);
        }
        5 => c.allergy(&meds::DUST_MITE, SNEEZING, since, by),
        6 => c.allergy(&meds::SULFA, RASH, since, by),
        7 => c.allergy(&meds::MILK, RASH, since, &IYER),
        _ => c.no_known_allergies(since, by),
    }
}
