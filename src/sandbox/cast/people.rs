//! Practices, providers, sponsored staff, guardians and hospital staff.

use std::collections::BTreeSet;

use secrecy::SecretString;

use crate::domain::account::{Account, AccountKind, AccountState, StaffRole};
use crate::domain::grant::{DataKind, DataKinds, Grant, GrantedBy};
use crate::domain::ids::{AccountId, FhirId, GrantId, Npi, PracticeId, SponsorshipId};
use crate::domain::practice::{Practice, Sponsorship, SponsorshipState};
use crate::domain::random::Random;
use crate::sandbox::hospital::Hospital;
use crate::sandbox::hospital::contract::{PracticeFacts, ProviderFacts};

use super::{CastError, DemoUser, Stage, reach};

/// Providers of each practice who have an account.
const PROVIDERS_WITH_ACCOUNT: usize = 2;

/// The hospital's books, read once.
pub(super) struct Plan {
    pub(super) practices: Vec<PracticeFacts>,
    specialists: Vec<PracticeFacts>,
}

/// An account on its way into the database.
struct Person {
    account: Account,
    password: String,
    practice: Option<String>,
    practices: BTreeSet<String>,
    granted: BTreeSet<String>,
    note: String,
}

impl Plan {
    pub(super) fn of(hospital: &Hospital) -> Self {
        Self { practices: hospital.practices(), specialists: hospital.specialists() }
    }

    /// The id under which a practice is kept: its key.
    pub(super) fn practice_id(facts: &PracticeFacts) -> Result<PracticeId, CastError> {
        Ok(PracticeId::parse(&facts.key)?)
    }

    /// Writes everything in one transaction; returns what the demo prints.
    pub(super) async fn carry_out(&self, stage: &Stage<'_>) -> Result<Vec<DemoUser>, CastError> {
        let mut people = self.providers(stage)?;
        let grants = self.grant_to_specialists(stage, &mut people)?;
        let sponsorships = self.sponsored(stage, &mut people);
        people.extend(guardians(stage)?);
        people.extend(staff(stage));

        let mut hashes = Vec::with_capacity(people.len());
        for person in &people {
            hashes.push(stage.passwords.hash(SecretString::from(person.password.clone())).await?);
        }
        let mut change = stage.store.begin().await?;
        for facts in self.practices.iter().chain(&self.specialists) {
            change.insert_practice(&practice(facts)?).await?;
        }
        for (person, hash) in people.iter().zip(&hashes) {
            change.insert_account(&person.account).await?;
            change.set_password_hash(&person.account.id, hash).await?;
        }
        for person in &people {
            // Specialists do without: one of each kind to try.
            let practices = &self.practices;
            let provider = matches!(person.account.kind, AccountKind::Provider { .. });
            if provider && practices.iter().any(|facts| Some(facts.name) == person.practice.as_deref()) {
                change.allow_sponsoring(&person.account.id).await?;
            }
        }
        for sponsorship in &sponsorships {
            change.insert_sponsorship(sponsorship).await?;
        }
        for grant in &grants {
            change.insert_grant(grant).await?;
        }
        change.commit().await?;
        Ok(people.into_iter().map(|person| printed(stage, person)).collect())
    }

    fn providers(&self, stage: &Stage<'_>) -> Result<Vec<Person>, CastError> {
        let mut people = Vec::new();
        for facts in &self.practices {
            for provider in facts.providers.iter().take(PROVIDERS_WITH_ACCOUNT) {
                let note = format!("sees every patient whose PCP in the EHR is at {}", facts.name);
                people.push(provider_person(stage, facts, provider, note)?);
            }
        }
        for facts in &self.specialists {
            for provider in facts.providers.iter().take(1) {
                let note = "a specialist: sees what families have granted, nothing else".to_owned();
                people.push(provider_person(stage, facts, provider, note)?);
            }
        }
        Ok(people)
    }

    /// The first specialist has three grants: two of everything, one of laboratory results and medications alone.
    fn grant_to_specialists(
        &self,
        stage: &Stage<'_>,
        people: &mut [Person],
    ) -> Result<Vec<Grant>, CastError> {
        let mut grants = Vec::new();
        let orphans = stage.hospital.patients().filter(|facts| facts.practices.is_empty()).take(1);
        let others = stage.hospital.patients().filter(|facts| !facts.practices.is_empty()).take(2);
        let Some(name) = self.specialists.first().map(|facts| facts.name) else { return Ok(grants) };
        let Some(person) = people.iter_mut().find(|person| person.practice.as_deref() == Some(name)) else {
            return Ok(grants);
        };
        for (number, facts) in orphans.chain(others).enumerate() {
            let kinds = if number == 2 {
                DataKinds::of(&[DataKind::Labs, DataKind::Medications])
            } else {
                DataKinds::ALL
            };
            grants.push(Grant {
                id: GrantId::generate(stage.random),
                patient: FhirId::parse(&facts.id)?,
                provider: person.account.id.clone(),
                granted_by: GrantedBy::Guardian,
                kinds,
                covers_restricted: false,
                created_at: stage.now,
                ends_at: None,
                revoked_at: None,
            });
            person.granted.insert(facts.id);
        }
        Ok(grants)
    }

    /// Two sponsored users: one behind one provider, one behind providers of two practices.
    fn sponsored(&self, stage: &Stage<'_>, people: &mut Vec<Person>) -> Vec<Sponsorship> {
        let provider_of = |place: usize, people: &[Person]| {
            let name = self.practices.get(place)?.name;
            let person = people.iter().find(|person| person.practice.as_deref() == Some(name))?;
            Some((person.account.id.clone(), person.account.name.clone(), person.practices.clone(), name))
        };
        let mut sponsorships = Vec::new();
        let wanted: [(&str, &str, &[usize]); 2] =
            [("Jo Lindqvist, RN", "jo.lindqvist", &[0]), ("Sam Carver", "sam.carver", &[1, 2])];
        for (name, mailbox, places) in wanted {
            let sponsors: Vec<_> = places.iter().filter_map(|place| provider_of(*place, people)).collect();
            let Some((_, _, _, practice)) = sponsors.first() else { continue };
            let names: Vec<_> = sponsors.iter().map(|(_, name, ..)| name.as_str()).collect();
            let account = account(
                stage,
                AccountKind::Sponsored,
                name.to_owned(),
                format!("{mailbox}@practice.example"),
            );
            sponsorships.extend(sponsors.iter().map(|(sponsor, ..)| Sponsorship {
                id: SponsorshipId::generate(stage.random),
                sponsor: sponsor.clone(),
                sponsored: account.id.clone(),
                state: SponsorshipState::Active,
                created_at: stage.now,
            }));
            people.push(Person {
                account,
                password: passphrase(stage.random),
                practice: Some((*practice).to_owned()),
                practices: sponsors.iter().flat_map(|(_, _, practices, _)| practices.clone()).collect(),
                granted: BTreeSet::new(),
                note: format!("sponsored by {}: sees exactly what they see", names.join(" and ")),
            });
        }
        sponsorships
    }
}

fn practice(facts: &PracticeFacts) -> Result<Practice, CastError> {
    Ok(Practice {
        id: Plan::practice_id(facts)?,
        name: facts.name.to_owned(),
        address: facts.address.clone(),
        phone: facts.phone.to_owned(),
        organization: Some(FhirId::parse(&facts.organization_id)?),
        roster: facts.providers.iter().map(|p| Npi::parse(&p.npi)).collect::<Result<_, _>>()?,
    })
}

fn provider_person(
    stage: &Stage<'_>,
    facts: &PracticeFacts,
    provider: &ProviderFacts,
    note: String,
) -> Result<Person, CastError> {
    let kind = AccountKind::Provider { npi: Npi::parse(&provider.npi)? };
    let mut account = account(stage, kind, provider.name.clone(), provider.email.to_lowercase());
    account.phone = Some(provider.phone.clone());
    Ok(Person {
        account,
        password: passphrase(stage.random),
        practice: Some(facts.name.to_owned()),
        practices: BTreeSet::from([facts.key.clone()]),
        granted: BTreeSet::new(),
        note,
    })
}

/// The first three guardians who are in the patient portal, and one with several children.
fn guardians(stage: &Stage<'_>) -> Result<Vec<Person>, CastError> {
    let known: Vec<_> = stage.hospital.guardians().take(60).filter(|g| g.has_portal_account).collect();
    let several = known.iter().position(|guardian| guardian.patient_ids.len() > 1);
    let mut places: Vec<usize> = (0..known.len().min(2)).collect();
    places.extend(several.filter(|place| !places.contains(place)));
    let mut people = Vec::new();
    for guardian in places.into_iter().filter_map(|place| known.get(place)) {
        let patients = guardian.patient_ids.iter().map(|id| FhirId::parse(id)).collect::<Result<_, _>>()?;
        let count = guardian.patient_ids.len();
        people.push(Person {
            account: account(
                stage,
                AccountKind::Guardian { patients },
                guardian.name.clone(),
                guardian.email.to_lowercase(),
            ),
            password: passphrase(stage.random),
            practice: None,
            practices: BTreeSet::new(),
            granted: BTreeSet::new(),
            note: format!(
                "a guardian of {count} {}: sees who may look and who looked, no clinical data",
                if count == 1 { "child" } else { "children" }
            ),
        });
    }
    Ok(people)
}

fn staff(stage: &Stage<'_>) -> [Person; 2] {
    [
        (
            StaffRole::Provisioning,
            "Alex Romero",
            "alex.romero",
            "provisioning staff: accounts, practices, clients",
        ),
        (
            StaffRole::Support,
            "Kim Duarte",
            "kim.duarte",
            "support staff: audit log and questions; no clinical data",
        ),
    ]
    .map(|(role, name, mailbox, note)| Person {
        account: account(
            stage,
            AccountKind::Staff { role },
            name.to_owned(),
            format!("{mailbox}@hospital.example"),
        ),
        password: passphrase(stage.random),
        practice: None,
        practices: BTreeSet::new(),
        granted: BTreeSet::new(),
        note: note.to_owned(),
    })
}

fn account(stage: &Stage<'_>, kind: AccountKind, name: String, email: String) -> Account {
    Account {
        id: AccountId::generate(stage.random),
        kind,
        email,
        name,
        phone: None,
        state: AccountState::Active,
        created_at: stage.now,
    }
}

fn printed(stage: &Stage<'_>, person: Person) -> DemoUser {
    let (sees, sees_not) = reach::split(stage.hospital, &person.practices, &person.granted);
    DemoUser {
        name: person.account.name,
        kind: person.account.kind.word().to_owned(),
        email: person.account.email,
        password: person.password,
        practice: person.practice,
        sees,
        sees_not,
        note: person.note,
    }
}

/// Four plain words: 28 bits, enough for a demo on loopback and easy to type (D-03 asks for 15 characters).
fn passphrase(random: &dyn Random) -> String {
    const WORDS: [&str; 128] = [
        "amber", "apple", "arrow", "autumn", "badger", "bamboo", "basil", "beacon", "berry", "birch",
        "bison", "blossom", "bridge", "bright", "brook", "butter", "cactus", "canyon", "carrot", "castle",
        "cedar", "cherry", "chestnut", "cinder", "citrus", "clover", "cobalt", "copper", "coral", "cosmic",
        "cotton", "crane", "cricket", "crimson", "crystal", "daisy", "dapple", "desert", "dolphin", "dragon",
        "eagle", "ember", "falcon", "feather", "fern", "fiddle", "finch", "forest", "fossil", "garden",
        "garnet", "ginger", "glacier", "golden", "granite", "grape", "gravel", "harbor", "hazel", "heron",
        "hickory", "honey", "indigo", "island", "ivory", "jasmine", "jigsaw", "juniper", "kettle", "kindle",
        "lagoon", "lantern", "laurel", "lemon", "lilac", "linen", "lobster", "lotus", "lumber", "magnet",
        "mango", "maple", "marble", "meadow", "melon", "mint", "mirror", "mitten", "monsoon", "mosaic",
        "nectar", "nickel", "nutmeg", "oasis", "ocean", "olive", "opal", "orange", "orchid", "osprey",
        "otter", "paddle", "papaya", "parrot", "pebble", "pepper", "pigeon", "planet", "plum", "pocket",
        "poplar", "prairie", "quartz", "rabbit", "raven", "river", "saffron", "salmon", "sandal", "sierra",
        "silver", "sparrow", "spruce", "sunset", "thistle", "timber", "violet", "walnut",
    ];
    let mut bytes = [0_u8; 4];
    random.fill(&mut bytes);
    let words = bytes.map(|byte| WORDS.get(usize::from(byte) % WORDS.len()).copied().unwrap_or("willow"));
    words.join("-")
}
