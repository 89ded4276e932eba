//! The children at the front of every population, written by hand.

mod amara;
mod chronic;
mod clara;
mod complex;
mod elijah;
mod haddad;
mod jordan;
mod mateo;
mod sofia;
mod surgical;
mod twins;

use std::sync::Arc;

use jiff::civil::Date;

use super::chart::Chart;
use super::person::{Carer, Child, Gp, Household};
use super::staff::{ADEYEMI, BEGAYE, ELLIS, HOFFMAN, LOPEZ, NGUYEN, OBRIEN, PARK, RUIZ, SINGH};

/// A child with a story.
pub struct Cast {
    /// Medical record number.
    pub mrn: &'static str,
    /// Given, second and family name.
    pub name: (&'static str, &'static str, &'static str),
    /// Whether recorded as a girl.
    pub girl: bool,
    /// Age: months, and days on top.
    pub age: (i64, i64),
    /// OMB race category.
    pub race: (&'static str, &'static str),
    /// Whether Hispanic or Latino.
    pub hispanic: bool,
    /// Primary care providers in the EHR.
    pub gp: &'static [Gp],
    /// Place in [`HOMES`].
    pub home: usize,
    /// One sentence.
    pub story: &'static str,
    /// Writes the record.
    pub write: fn(&mut Chart<'_>),
}

/// Where a child with a story lives.
pub struct Home {
    /// Adults: given name, family name, relation, whether in the patient portal.
    pub carers: &'static [(&'static str, &'static str, (&'static str, &'static str), bool)],
    /// Street, city, ZIP code.
    pub address: (&'static str, &'static str, &'static str),
    /// Telephone.
    pub phone: &'static str,
    /// Language.
    pub language: (&'static str, &'static str),
}

const MOTHER: (&str, &str) = ("MTH", "mother");
const FATHER: (&str, &str) = ("FTH", "father");
const GRANDMOTHER: (&str, &str) = ("GRMTH", "grandmother");
const WHITE: (&str, &str) = ("2106-3", "White");
const BLACK: (&str, &str) = ("2054-5", "Black or African American");
const ASIAN: (&str, &str) = ("2028-9", "Asian");
const OTHER: (&str, &str) = ("2131-1", "Other Race");
const ENGLISH: (&str, &str) = ("en", "English");
const SPANISH: (&str, &str) = ("es", "Spanish");

type CarerRow = (&'static str, &'static str, (&'static str, &'static str), bool);

const fn home(
    carers: &'static [CarerRow],
    address: (&'static str, &'static str, &'static str),
    phone: &'static str,
    language: (&'static str, &'static str),
) -> Home {
    Home { carers, address, phone, language }
}

/// The homes of the stories.
static HOMES: &[Home] = &[
    home(
        &[("Carolina", "Rivera", MOTHER, true), ("Andres", "Rivera", FATHER, true)],
        ("418 E Palo Brea Street", "Scottsdale", "85251"),
        "(480) 555-0121",
        SPANISH,
    ),
    home(
        &[("Wen", "Lin", MOTHER, true), ("Jason", "Lin", FATHER, true)],
        ("77 N Cottonwood Road", "Scottsdale", "85258"),
        "(480) 555-0122",
        ENGLISH,
    ),
    home(
        &[("Megan", "Bennett", MOTHER, true), ("Tyler", "Bennett", FATHER, false)],
        ("2140 W Yucca Street", "Phoenix", "85015"),
        "(623) 555-0123",
        ENGLISH,
    ),
    home(
        &[("Samira", "Haddad", MOTHER, true)],
        ("930 S Citrus Avenue", "Mesa", "85202"),
        "(480) 555-0124",
        ENGLISH,
    ),
    home(
        &[("Victoria", "Hale", MOTHER, true)],
        ("15 Hummingbird Court", "Scottsdale", "85251"),
        "(480) 555-0125",
        ENGLISH,
    ),
    home(
        &[("Irina", "Petrova", MOTHER, true), ("Dmitri", "Petrov", FATHER, true)],
        ("3812 W Agave Lane", "Phoenix", "85009"),
        "(623) 555-0126",
        ENGLISH,
    ),
    home(
        &[("Danielle", "Brooks", MOTHER, true), ("Marcus", "Brooks", FATHER, true)],
        ("6021 N 32nd Place", "Phoenix", "85016"),
        "(602) 555-0127",
        ENGLISH,
    ),
    home(
        &[("Ngozi", "Nwosu", MOTHER, true), ("Obinna", "Nwosu", FATHER, true)],
        ("508 Verbena Lane", "Chandler", "85225"),
        "(480) 555-0128",
        ENGLISH,
    ),
    home(
        &[("Linnea", "Andersson", MOTHER, true), ("Erik", "Andersson", FATHER, true)],
        ("1290 Sandstone Drive", "Gilbert", "85233"),
        "(480) 555-0129",
        ENGLISH,
    ),
    home(
        &[("Hoa", "Tran", MOTHER, true), ("Binh", "Tran", FATHER, false)],
        ("2705 W Mesquite Avenue", "Phoenix", "85009"),
        "(623) 555-0131",
        ENGLISH,
    ),
    home(
        &[("Ruben", "Reyes", FATHER, true)],
        ("44 Javelina Trail", "Glendale", "85301"),
        "(623) 555-0132",
        SPANISH,
    ),
    home(
        &[("Barbara", "Kowalski", MOTHER, true), ("Jan", "Kowalski", FATHER, true)],
        ("871 Quail Run", "Phoenix", "85015"),
        "(602) 555-0133",
        ENGLISH,
    ),
    home(
        &[("Siobhan", "Walsh", MOTHER, true), ("Colm", "Walsh", FATHER, true)],
        ("330 Lantana Street", "Mesa", "85202"),
        "(480) 555-0134",
        ENGLISH,
    ),
    home(
        &[("Nicole", "Martin", MOTHER, true), ("Jamal", "Martin", FATHER, true)],
        ("1717 Desert Willow Drive", "Chandler", "85225"),
        "(480) 555-0135",
        ENGLISH,
    ),
    home(
        &[("Loretta", "Cole", GRANDMOTHER, false)],
        ("909 S Creosote Street", "Phoenix", "85042"),
        "(602) 555-0136",
        ENGLISH,
    ),
    home(
        &[("Eun-hye", "Kim", MOTHER, true), ("Daniel", "Kim", FATHER, true)],
        ("2250 E Cholla Road", "Mesa", "85202"),
        "(480) 555-0137",
        ENGLISH,
    ),
    home(
        &[("Lucia", "Rivera", MOTHER, true)],
        ("61 Ocotillo Circle", "Chandler", "85225"),
        "(480) 555-0138",
        SPANISH,
    ),
];

/// The children, in the order of their index.
pub static CAST: &[Cast] = &[
    Cast {
        mrn: "10001001",
        name: ("Mateo", "Luis", "Rivera"),
        girl: false,
        age: (50, 12),
        race: OTHER,
        hispanic: true,
        gp: &[Gp::Practitioner(&ELLIS)],
        home: 0,
        story: "Went home yesterday after four days with pneumonia and an asthma attack; one result is pending and four medicines changed.",
        write: mateo::write,
    },
    Cast {
        mrn: "10001002",
        name: ("Clara", "Mei", "Lin"),
        girl: true,
        age: (0, 6),
        race: ASIAN,
        hispanic: false,
        gp: &[Gp::Practitioner(&RUIZ)],
        home: 1,
        story: "Born six days ago at 35 weeks, treated for jaundice, home since yesterday; bilirubin has to be checked again and the newborn screen is pending.",
        write: clara::write,
    },
    Cast {
        mrn: "10001003",
        name: ("Ava", "Rose", "Bennett"),
        girl: true,
        age: (20, 9),
        race: WHITE,
        hispanic: false,
        gp: &[Gp::Practitioner(&OBRIEN)],
        home: 2,
        story: "A twin, born at 33 weeks: admitted with RSV bronchiolitis three weeks ago.",
        write: twins::ava,
    },
    Cast {
        mrn: "10001004",
        name: ("Ivy", "Jean", "Bennett"),
        girl: true,
        age: (20, 9),
        race: WHITE,
        hispanic: false,
        gp: &[Gp::Practitioner(&OBRIEN)],
        home: 2,
        story: "Ava's twin, with the same surname and birth date: seen in the emergency department for a febrile seizure.",
        write: twins::ivy,
    },
    Cast {
        mrn: "10001005",
        name: ("Layla", "Noor", "Haddad"),
        girl: true,
        age: (148, 3),
        race: WHITE,
        hispanic: false,
        gp: &[Gp::Practitioner(&LOPEZ)],
        home: 3,
        story: "The eldest of three children of one guardian: celiac disease, antibodies falling on a gluten-free diet.",
        write: haddad::layla,
    },
    Cast {
        mrn: "10001006",
        name: ("Yusuf", "", "Haddad"),
        girl: false,
        age: (113, 20),
        race: WHITE,
        hispanic: false,
        gp: &[Gp::Practitioner(&LOPEZ)],
        home: 3,
        story: "The second of three: generalized epilepsy, and attention deficit treated since last year.",
        write: haddad::yusuf,
    },
    Cast {
        mrn: "10001007",
        name: ("Noor", "", "Haddad"),
        girl: true,
        age: (29, 2),
        race: WHITE,
        hispanic: false,
        gp: &[Gp::Practitioner(&LOPEZ)],
        home: 3,
        story: "The youngest of three: gastroenteritis with dehydration, a night of observation last month.",
        write: haddad::noor,
    },
    Cast {
        mrn: "10001008",
        name: ("Jordan", "Sage", "Hale"),
        girl: true,
        age: (198, 5),
        race: WHITE,
        hispanic: false,
        gp: &[Gp::Practitioner(&RUIZ)],
        home: 4,
        story: "An adolescent with depression whose psychiatric and reproductive health notes are labelled restricted.",
        write: jordan::write,
    },
    Cast {
        mrn: "10001009",
        name: ("Sofia", "Anna", "Petrov"),
        girl: true,
        age: (140, 10),
        race: WHITE,
        hispanic: false,
        gp: &[Gp::Practitioner(&BEGAYE)],
        home: 5,
        story: "Type 1 diabetes for six years: a long series of hemoglobin A1c and a pump since spring.",
        write: sofia::write,
    },
    Cast {
        mrn: "10001010",
        name: ("Elijah", "James", "Brooks"),
        girl: false,
        age: (76, 1),
        race: BLACK,
        hispanic: false,
        gp: &[Gp::Practitioner(&ELLIS)],
        home: 6,
        story: "In the hospital right now: leukemia in maintenance, fever with neutropenia since two days.",
        write: elijah::write,
    },
    Cast {
        mrn: "10001011",
        name: ("Amara", "Grace", "Nwosu"),
        girl: true,
        age: (41, 15),
        race: BLACK,
        hispanic: false,
        gp: &[Gp::Practitioner(&ELLIS), Gp::Practitioner(&PARK)],
        home: 7,
        story: "Moving from one practice to another, both named as PCP: anaphylaxis to peanut twelve days ago.",
        write: amara::write,
    },
    Cast {
        mrn: "10001012",
        name: ("Lucas", "", "Andersson"),
        girl: false,
        age: (90, 4),
        race: WHITE,
        hispanic: false,
        gp: &[Gp::Role(&HOFFMAN)],
        home: 8,
        story: "PCP named by PractitionerRole: perforated appendicitis, operated and home again.",
        write: surgical::lucas,
    },
    Cast {
        mrn: "10001013",
        name: ("Chloe", "Linh", "Tran"),
        girl: true,
        age: (66, 8),
        race: ASIAN,
        hispanic: false,
        gp: &[Gp::Practice(3)],
        home: 9,
        story: "PCP named by Organization: nephrotic syndrome, second relapse under treatment.",
        write: chronic::chloe,
    },
    Cast {
        mrn: "10001014",
        name: ("Dylan", "Ray", "Reyes"),
        girl: false,
        age: (175, 6),
        race: OTHER,
        hispanic: true,
        gp: &[],
        home: 10,
        story: "No PCP in the EHR, so reachable only by a grant: forearm fracture and concussion from a mountain bike.",
        write: surgical::dylan,
    },
    Cast {
        mrn: "10001015",
        name: ("Hannah", "", "Kowalski"),
        girl: true,
        age: (215, 16),
        race: WHITE,
        hispanic: false,
        gp: &[Gp::Practitioner(&SINGH)],
        home: 11,
        story: "Turns 18 in about two weeks: Crohn disease, on the way to an adult clinic.",
        write: chronic::hannah,
    },
    Cast {
        mrn: "10001016",
        name: ("Ethan", "Patrick", "Walsh"),
        girl: false,
        age: (128, 22),
        race: WHITE,
        hispanic: false,
        gp: &[Gp::Role(&ADEYEMI)],
        home: 12,
        story: "Cystic fibrosis: clinic every three months, two admissions for exacerbations.",
        write: complex::ethan,
    },
    Cast {
        mrn: "10001017",
        name: ("Zoe", "Simone", "Martin"),
        girl: true,
        age: (8, 11),
        race: BLACK,
        hispanic: false,
        gp: &[Gp::Practitioner(&PARK)],
        home: 13,
        story: "Tetralogy of Fallot repaired at four months; many cardiology visits and slow weight gain.",
        write: complex::zoe,
    },
    Cast {
        mrn: "10001018",
        name: ("Isaiah", "", "Cole"),
        girl: false,
        age: (101, 14),
        race: BLACK,
        hispanic: false,
        gp: &[Gp::Practitioner(&NGUYEN), Gp::Practice(3)],
        home: 14,
        story: "Sickle cell disease; his grandmother has no patient portal account.",
        write: chronic::isaiah,
    },
    Cast {
        mrn: "10001019",
        name: ("Grace", "", "Kim"),
        girl: true,
        age: (160, 2),
        race: ASIAN,
        hispanic: false,
        gp: &[Gp::Practitioner(&LOPEZ), Gp::Practice(2)],
        home: 15,
        story: "Medically complex: cerebral palsy, epilepsy, gastrostomy, five specialties and a long medication list.",
        write: complex::grace,
    },
    Cast {
        mrn: "10001020",
        name: ("Mateo", "", "Rivera"),
        girl: false,
        age: (111, 19),
        race: OTHER,
        hispanic: true,
        gp: &[Gp::Role(&HOFFMAN)],
        home: 16,
        story: "Has the same name as the first child, but another birth date, family and practice: a facial laceration.",
        write: surgical::other_mateo,
    },
];

/// The children with a story, as of `today`.
pub fn children(today: Date) -> Vec<Child> {
    let homes: Vec<Arc<Household>> = HOMES.iter().enumerate().map(|(at, home)| household(at, home)).collect();
    let cast = CAST.iter().enumerate();
    cast.filter_map(|(index, cast)| Some(child(index, cast, homes.get(cast.home)?, today))).collect()
}

fn household(at: usize, home: &Home) -> Arc<Household> {
    let members = CAST.iter().enumerate().filter(|(_, cast)| cast.home == at);
    Arc::new(Household {
        children: members.map(|(index, _)| index).collect(),
        carers: home
            .carers
            .iter()
            .map(|(given, family, relation, portal)| Carer {
                given: (*given).to_owned(),
                family: (*family).to_owned(),
                relation: *relation,
                portal: *portal,
            })
            .collect(),
        address: (home.address.0.to_owned(), home.address.1, home.address.2),
        phone: home.phone.to_owned(),
        language: home.language,
    })
}

fn child(index: usize, cast: &Cast, home: &Arc<Household>, today: Date) -> Child {
    let months_ago = today.checked_sub(jiff::Span::new().months(cast.age.0)).unwrap_or(today);
    Child {
        index,
        mrn: cast.mrn.to_owned(),
        given: cast.name.0.to_owned(),
        middle: cast.name.1.to_owned(),
        family: cast.name.2.to_owned(),
        girl: cast.girl,
        birth: super::time::shift(months_ago, -cast.age.1),
        race: cast.race,
        hispanic: cast.hispanic,
        gp: cast.gp.to_vec(),
        household: Arc::clone(home),
    }
}
