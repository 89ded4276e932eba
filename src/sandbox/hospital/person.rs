//! Who the children are, with whom they live, and whom the EHR names as their primary care providers.

use std::sync::Arc;

use jiff::civil::Date;

use super::draw::{Draw, Stream};
use super::names;
use super::staff::{self, Clinician, PRACTICES};
use super::stories::CAST;
use super::time;

/// How many children one block of households holds. Blocks are drawn independently of each other.
const BLOCK: usize = 6;

/// Sizes of the households in a block; each row adds up to [`BLOCK`].
static BLOCKS: &[&[usize]] =
    &[&[1, 1, 1, 1, 1, 1], &[2, 1, 1, 1, 1], &[1, 2, 1, 2], &[3, 1, 1, 1], &[1, 1, 2, 1, 1], &[1, 3, 2]];

/// One entry of `Patient.generalPractitioner`, in one of the three forms (D-09).
#[derive(Clone, Copy, Debug)]
pub enum Gp {
    /// `Practitioner/...`
    Practitioner(&'static Clinician),
    /// `PractitionerRole/...`
    Role(&'static Clinician),
    /// `Organization/...`: the practice at this place in [`PRACTICES`].
    Practice(usize),
}

impl Gp {
    /// The reference as the EHR writes it.
    pub fn reference(self) -> String {
        match self {
            Self::Practitioner(clinician) => clinician.reference(),
            Self::Role(clinician) => format!("PractitionerRole/{}", clinician.role_id()),
            Self::Practice(at) => {
                format!(
                    "Organization/{}",
                    PRACTICES.get(at).map(staff::Group::organization_id).unwrap_or_default()
                )
            }
        }
    }

    /// What is printed beside it.
    pub fn display(self) -> String {
        match self {
            Self::Practitioner(clinician) | Self::Role(clinician) => clinician.signed(),
            Self::Practice(at) => PRACTICES.get(at).map(|p| p.name.to_owned()).unwrap_or_default(),
        }
    }

    /// The practice to which it leads, as a place in [`PRACTICES`].
    pub fn practice(self) -> Option<usize> {
        match self {
            Self::Practitioner(clinician) | Self::Role(clinician) => match clinician.workplace {
                staff::Workplace::Practice(at) => Some(at),
                staff::Workplace::Hospital | staff::Workplace::Outside(_) => None,
            },
            Self::Practice(at) => Some(at),
        }
    }
}

/// An adult who is responsible for a child.
#[derive(Clone, Debug)]
pub struct Carer {
    /// Given name.
    pub given: String,
    /// Family name.
    pub family: String,
    /// v3 `RoleCode` and words: MTH, FTH, GRMTH, ...
    pub relation: (&'static str, &'static str),
    /// Whether this adult has an account in the patient portal (S-43).
    pub portal: bool,
}

impl Carer {
    /// FHIR administrative gender, from the relation.
    pub fn gender(&self) -> &'static str {
        match self.relation.0 {
            "FTH" | "GRFTH" => "male",
            "MTH" | "GRMTH" | "AUNT" => "female",
            _ => "unknown",
        }
    }

    /// Mailbox of the patient portal's account.
    pub fn email(&self) -> String {
        let plain = |name: &str| name.to_lowercase().replace([' ', '\''], "");
        format!("{}.{}@family.example", plain(&self.given), plain(&self.family))
    }
}

/// Children who live together, and the adults responsible for them.
#[derive(Debug)]
pub struct Household {
    /// The children, by index.
    pub children: Vec<usize>,
    /// The adults.
    pub carers: Vec<Carer>,
    /// Street, city, ZIP code.
    pub address: (String, &'static str, &'static str),
    /// Telephone.
    pub phone: String,
    /// Language: BCP 47 code and name.
    pub language: (&'static str, &'static str),
}

/// A child.
#[derive(Clone, Debug)]
pub struct Child {
    /// Place in the population.
    pub index: usize,
    /// Medical record number.
    pub mrn: String,
    /// Given names.
    pub given: String,
    /// Second given name; may be empty.
    pub middle: String,
    /// Family name.
    pub family: String,
    /// Whether the child is recorded as a girl.
    pub girl: bool,
    /// Date of birth.
    pub birth: Date,
    /// OMB race category: code and words.
    pub race: (&'static str, &'static str),
    /// Whether Hispanic or Latino.
    pub hispanic: bool,
    /// Primary care providers as the EHR names them.
    pub gp: Vec<Gp>,
    /// Home.
    pub household: Arc<Household>,
}

impl Child {
    /// The Patient's logical id.
    pub fn id(&self) -> String {
        patient_id(self.index)
    }

    /// `Patient/...`.
    pub fn reference(&self) -> String {
        format!("Patient/{}", self.id())
    }

    /// Given and family name.
    pub fn name(&self) -> String {
        format!("{} {}", self.given, self.family)
    }

    /// Whole days of age on `on`.
    pub fn age_days(&self, on: Date) -> i64 {
        time::days_between(self.birth, on).max(0)
    }

    /// The pronoun of the notes: she or he.
    pub fn pronoun(&self) -> &'static str {
        if self.girl { "she" } else { "he" }
    }

    /// The PCP clinician who is named in notes, if any.
    pub fn pcp(&self) -> Option<&'static Clinician> {
        self.gp.iter().find_map(|gp| match *gp {
            Gp::Practitioner(clinician) | Gp::Role(clinician) => Some(clinician),
            Gp::Practice(at) => staff::of_practice(at).next(),
        })
    }
}

/// Logical id of the Patient at `index`.
pub fn patient_id(index: usize) -> String {
    format!("p{:06}", index + 1)
}

/// The index of a Patient's logical id, or of any id that begins with one (`p000017-obs12`).
pub fn index_of_id(id: &str) -> Option<usize> {
    let digits = id.strip_prefix('p')?.split('-').next()?;
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse::<usize>().ok()?.checked_sub(1)
}

/// Everybody, stories first. `count` is at least the number of stories.
pub fn population(seed: u64, count: usize, today: Date) -> Vec<Child> {
    let mut all = Vec::with_capacity(count);
    all.extend(super::stories::children(today));
    let mut block = 0;
    while all.len() < count {
        households(seed, block, count, today, &mut all);
        block += 1;
    }
    all
}

fn households(seed: u64, block: usize, count: usize, today: Date, all: &mut Vec<Child>) {
    let first = CAST.len() + block * BLOCK;
    let mut draw = Draw::new(seed, Stream::Household, block as u64);
    let mut next = first;
    for size in draw.pick(BLOCKS).iter().copied() {
        let members: Vec<usize> = (next..next + size).collect();
        next += size;
        household(seed, &members, &mut draw, count, today, all);
    }
}

fn household(seed: u64, members: &[usize], draw: &mut Draw, count: usize, today: Date, all: &mut Vec<Child>) {
    let family = (*draw.pick(names::FAMILIES)).to_owned();
    let (city, zip) = *draw.pick(names::CITIES);
    let hispanic = draw.chance(42);
    let home = Arc::new(Household {
        children: members.iter().copied().filter(|m| *m < count).collect(),
        carers: carers(draw, &family),
        address: (format!("{} {}", draw.between(101, 9890), draw.pick(names::STREETS)), city, zip),
        phone: format!("({}) 555-01{:02}", draw.pick(&[602, 480, 623]), draw.below(100)),
        language: if hispanic && draw.chance(30) { ("es", "Spanish") } else { ("en", "English") },
    });
    let race = *draw.pick(names::RACES);
    let practice = draw.below(u32::try_from(PRACTICES.len()).unwrap_or(1)) as usize;
    let siblings = i64::try_from(members.len()).unwrap_or(1) - 1;
    let mut months = draw.between(0, 215 - 24 * siblings);
    let twins = siblings == 1 && draw.chance(10);
    let mut birth = None;
    for index in members.iter().copied() {
        let day = match birth {
            Some(day) if twins => day,
            _ => time::shift(today, -(months * 30 + months * 7 / 16) - draw.between(2, 27)),
        };
        birth = Some(day);
        months += draw.between(14, 23);
        if index < count {
            all.push(child(seed, index, &home, (&family, race, hispanic), practice, day));
        }
    }
}

fn carers(draw: &mut Draw, family: &str) -> Vec<Carer> {
    let mother = Carer {
        given: (*draw.pick(names::MOTHERS)).to_owned(),
        family: if draw.chance(25) { (*draw.pick(names::FAMILIES)).to_owned() } else { family.to_owned() },
        relation: ("MTH", "mother"),
        portal: draw.chance(80),
    };
    let father = Carer {
        given: (*draw.pick(names::FATHERS)).to_owned(),
        family: family.to_owned(),
        relation: ("FTH", "father"),
        portal: draw.chance(50),
    };
    match draw.below(10) {
        0..6 => vec![mother, father],
        6..9 => vec![mother],
        _ => vec![father],
    }
}

fn child(
    seed: u64,
    index: usize,
    home: &Arc<Household>,
    kin: (&str, (&'static str, &'static str), bool),
    practice: usize,
    birth: Date,
) -> Child {
    let mut draw = Draw::new(seed, Stream::Person, index as u64);
    let girl = draw.chance(49);
    Child {
        index,
        mrn: mrn(index),
        given: (*draw.pick(if girl { names::GIRLS } else { names::BOYS })).to_owned(),
        middle: (*draw.pick(names::MIDDLE)).to_owned(),
        family: kin.0.to_owned(),
        girl,
        birth,
        race: kin.1,
        hispanic: kin.2,
        gp: general_practitioners(&mut draw, practice),
        household: Arc::clone(home),
    }
}

fn general_practitioners(draw: &mut Draw, practice: usize) -> Vec<Gp> {
    let roster: Vec<&'static Clinician> = staff::of_practice(practice).collect();
    let mine = *draw.pick(&roster);
    match draw.below(100) {
        0..64 => vec![Gp::Practitioner(mine)],
        64..80 => vec![Gp::Role(mine)],
        80..90 => vec![Gp::Practice(practice)],
        90..95 => vec![Gp::Practitioner(mine), Gp::Practice(practice)],
        95..98 => {
            let other = (practice + 1) % PRACTICES.len();
            let theirs: Vec<&'static Clinician> = staff::of_practice(other).collect();
            let theirs: &'static Clinician = draw.pick::<&'static Clinician>(&theirs);
            vec![Gp::Practitioner(mine), Gp::Role(theirs)]
        }
        _ => Vec::new(),
    }
}

/// Medical record number of the child at `index`: unique, and not in order of index, as real ones aren't.
fn mrn(index: usize) -> String {
    format!("{}", 20_000_000 + (index as u64 * 7_919_317 + 104_729) % 69_999_989)
}
