//! Random worlds, askers and events.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::dice::Dice;
use super::hospital::{self, NPIS, ORGANIZATIONS, PATIENTS};
use super::judge::{ALL_KINDS, Asker, Grant, Practice, World};
use super::server::{NOW, Running};
use super::ward::{Ward, name, text};

pub const PROVIDERS: [&str; 4] = ["ana", "ben", "eve", "jon"];
pub const SPONSORED: [&str; 2] = ["nia", "pat"];
const PRACTICES: [&str; 2] = ["north", "south"];
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";

pub fn world(seed: u64) -> World {
    let mut dice = Dice::new(seed, 0);
    let ward = Arc::new(hospital::hospital(&mut dice));
    let practice = |dice: &mut Dice, at: usize| Practice {
        roster: dice.some(&NPIS, 45).into_iter().collect(),
        organization: dice.chance(60).then_some(ORGANIZATIONS[at]),
    };
    let mut north = practice(&mut dice, 0);
    // Somebody has to see something.
    north.roster.insert(NPIS[0]);
    let south = practice(&mut dice, 1);
    let grants = (0..8).map(|_| grant(&mut dice)).collect();
    World {
        now: NOW,
        providers: PROVIDERS.into_iter().zip(NPIS).collect(),
        sponsored: SPONSORED
            .into_iter()
            .map(|name| (name, dice.some(&PROVIDERS, 40).into_iter().collect()))
            .collect(),
        suspended: dice.some(&["eve", "pat", "sys-south"], 15).into_iter().collect(),
        practices: [(PRACTICES[0], north), (PRACTICES[1], south)].into(),
        grants,
        systems_use_grants: dice.chance(50),
        bodies: ward.clone(),
        care: ward,
    }
}

fn grant(dice: &mut Dice) -> Grant {
    Grant {
        provider: dice.one(&PROVIDERS),
        patient: dice.one(&PATIENTS),
        kinds: if dice.chance(40) { ALL_KINDS.to_vec() } else { dice.some(&ALL_KINDS, 50) },
        restricted: dice.chance(40),
        until: dice.chance(30).then(|| NOW.plus(Duration::from_mins(30 * (1 + dice.below(4) as u64)))),
        revoked: dice.chance(15),
    }
}

const SCOPES: &[&str] = &[
    "user/*.rs",
    "user/*.read",
    "user/*.r",
    "user/*.s",
    "patient/*.rs",
    "patient/*.read",
    "patient/*.cruds",
    "system/*.rs",
    "user/Observation.rs",
    "patient/Observation.rs",
    "user/DocumentReference.rs",
    "user/Binary.r",
    "patient/Binary.rs",
    "user/Medication.rs",
    "patient/Medication.s",
    "user/Provenance.rs",
    "patient/MedicationRequest.rs",
    "user/Patient.rs",
    "patient/Patient.r",
    "user/Practitioner.rs",
    "patient/Location.r",
    "user/Condition.rs",
    "user/Group.rs",
    "patient/Group.rs",
    "user/Observation.rs?category=laboratory",
    "user/*.rs?category=laboratory",
    "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs",
    "system/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
    "user/DiagnosticReport.rs?category=http://terminology.hl7.org/CodeSystem/v2-0074|LAB",
    "system/Group.r",
];

const CATEGORIES_OF_A_USER: &str = "user/*.rs?category=laboratory";
const CATEGORIES_OF_A_LAUNCH: &str =
    "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs";
const CATEGORIES_OF_A_SYSTEM: &str =
    "system/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory";

pub fn asker(seed: u64, number: u64) -> Asker {
    let mut dice = Dice::new(seed, 1_000_000 + number);
    let actor = dice.one(&[
        "ana",
        "ana",
        "ana",
        "ana",
        "ben",
        "ben",
        "jon",
        "eve",
        "nia",
        "nia",
        "pat",
        "gus",
        "sue",
        "system:north",
        "system:north",
        "system:south",
    ]);
    let system = actor.starts_with("system:");
    let mut scopes: Vec<&'static str> = (0..dice.below(4)).map(|_| dice.one(SCOPES)).collect();
    if dice.chance(20) {
        // Nothing but results of one category, or nothing but what a launch allows.
        let narrow = [CATEGORIES_OF_A_USER, CATEGORIES_OF_A_LAUNCH];
        scopes =
            if system { vec![CATEGORIES_OF_A_SYSTEM] } else { vec![dice.one(&narrow), "user/Patient.rs"] };
    } else if dice.chance(60) {
        scopes.push(if system { "system/*.rs" } else { "user/*.rs" });
    } else if dice.chance(50) {
        scopes.push("patient/*.rs");
    }
    let client = match actor {
        "system:north" => "sys-north",
        "system:south" => "sys-south",
        _ => dice.one(&["app", "app", "other"]),
    };
    // A backend client is not launched on anybody.
    let launch = (!system && dice.chance(60)).then(|| dice.one(&PATIENTS));
    Asker { actor, client, scopes, launch }
}

/// Something that changes who may see what.
#[derive(Clone, Debug)]
pub enum Event {
    Revoke(usize),
    Grant(Grant),
    Suspend(&'static str),
    Roster(&'static str, &'static str),
    Sponsor(&'static str, &'static str),
    /// In the EHR: a new version, or the end, of the resource at this place.
    Label(usize),
    Category(usize),
    Delete(usize),
    Move(usize),
    /// In the EHR: other PCPs.
    Care(&'static str),
    /// Nothing but time.
    Wait(u64),
}

impl Event {
    pub fn any(dice: &mut Dice) -> Self {
        if dice.chance(50) { Self::of_ours(dice) } else { Self::of_the_ehr(dice) }
    }

    /// One that the product hears of at once.
    pub fn of_ours(dice: &mut Dice) -> Self {
        match dice.below(6) {
            0 | 1 => Self::Revoke(dice.below(1000)),
            2 => Self::Grant(grant(dice)),
            3 => Self::Suspend(dice.one(&["ana", "ben", "jon", "nia", "sys-north", "other"])),
            4 => Self::Roster(dice.one(&PRACTICES), dice.one(&NPIS)),
            _ => Self::Sponsor(dice.one(&SPONSORED), dice.one(&PROVIDERS)),
        }
    }

    fn of_the_ehr(dice: &mut Dice) -> Self {
        match dice.below(8) {
            0 | 1 => Self::Label(dice.below(1000)),
            2 => Self::Category(dice.below(1000)),
            3 => Self::Delete(dice.below(1000)),
            4 => Self::Move(dice.below(1000)),
            5 | 6 => Self::Care(dice.one(&PATIENTS)),
            _ => Self::Wait(dice.one(&[11, 61, 301, 2000])),
        }
    }

    pub fn is_of_the_ehr(&self) -> bool {
        matches!(self, Self::Label(_) | Self::Category(_) | Self::Delete(_) | Self::Move(_) | Self::Care(_))
    }

    /// The world after it. What the EHR says is in `bodies` and `care` alike.
    pub fn after(&self, world: &World, dice: &mut Dice) -> World {
        let mut world = world.clone();
        match self {
            Self::Revoke(at) => {
                let at = at % world.grants.len();
                world.grants[at].revoked = true;
            }
            Self::Grant(grant) => world.grants.push(Grant { until: None, revoked: false, ..grant.clone() }),
            Self::Suspend(name) => {
                if !world.suspended.remove(name) {
                    world.suspended.insert(name);
                }
            }
            Self::Roster(practice, npi) => {
                let roster = &mut world.practices.get_mut(practice).unwrap().roster;
                if !roster.remove(npi) {
                    roster.insert(npi);
                }
            }
            Self::Sponsor(sponsored, sponsor) => {
                let sponsors = world.sponsored.get_mut(sponsored).unwrap();
                if !sponsors.remove(sponsor) {
                    sponsors.insert(sponsor);
                }
            }
            Self::Wait(seconds) => world.now = world.now.plus(Duration::from_secs(*seconds)),
            Self::Label(_) | Self::Category(_) | Self::Delete(_) | Self::Move(_) | Self::Care(_) => {
                let ward = Arc::new(self.changed(&world.bodies, dice));
                world.bodies = ward.clone();
                world.care = ward;
            }
        }
        world
    }

    fn changed(&self, ward: &Ward, dice: &mut Dice) -> Ward {
        let mut ward = ward.clone();
        let at = match self {
            Self::Label(at) | Self::Category(at) | Self::Delete(at) | Self::Move(at) => at % ward.rows.len(),
            Self::Care(patient) => {
                ward.rows.iter().position(|row| name(row.last()) == format!("Patient/{patient}")).unwrap()
            }
            _ => unreachable!(),
        };
        let row = &mut ward.rows[at];
        if let Self::Delete(_) = self {
            row.deleted = !row.deleted;
            return ward;
        }
        if row.last()["x-raw"].is_string() {
            return ward;
        }
        let mut resource = row.last().clone();
        let kind = text(&resource["resourceType"]).to_owned();
        match self {
            Self::Label(_) if resource["meta"]["security"].is_array() => {
                resource["meta"]["security"] = json!([]);
            }
            Self::Label(_) => resource["meta"]["security"] = json!([hospital::label(dice)]),
            Self::Category(_) if resource["category"].is_array() => {
                resource["category"] = hospital::category(dice, &kind);
            }
            Self::Move(_) if resource[hospital::owner_key(&kind)].is_object() && kind != "Patient" => {
                resource[hospital::owner_key(&kind)] =
                    json!({"reference": format!("Patient/{}", dice.one(&PATIENTS))});
            }
            Self::Care(_) => resource["generalPractitioner"] = hospital::general_practitioners(dice),
            _ => return ward,
        }
        let version = row.versions.len() + 1;
        row.versions.push(hospital::stamped(resource, version));
        ward
    }

    /// Makes it so on the server. `after` is the world that it makes.
    pub async fn happen(&self, server: &Running, after: &World) {
        match self {
            Self::Revoke(at) => server.revoke_grant(at % after.grants.len()).await,
            Self::Grant(_) => {
                let at = after.grants.len() - 1;
                server.add_grant(at, &after.grants[at]).await;
            }
            Self::Suspend(name) => server.suspend(name, after.suspended.contains(name)).await,
            Self::Roster(practice, _) => server.set_practice(practice, after).await,
            Self::Sponsor(sponsored, sponsor) => {
                server.sponsor(sponsored, sponsor, after.sponsored[sponsored].contains(sponsor)).await;
            }
            Self::Wait(seconds) => server.clock.advance(Duration::from_secs(*seconds)),
            Self::Label(_) | Self::Category(_) | Self::Delete(_) | Self::Move(_) | Self::Care(_) => {
                *server.ehr.ward.lock() = after.bodies.clone();
            }
        }
    }
}

/// A system of categories, for searches.
pub fn category_system() -> &'static str {
    CATEGORY
}
