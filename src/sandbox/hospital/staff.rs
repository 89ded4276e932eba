//! Who works where: the hospital's own staff, the practices around it, and specialists elsewhere.
//!
//! The same for every seed, so that scripts and credentials can name people.

/// A specialty: its name and its NUCC provider taxonomy code.
#[derive(Debug, PartialEq, Eq)]
pub struct Specialty {
    /// NUCC code.
    pub nucc: &'static str,
    /// As printed.
    pub name: &'static str,
}

macro_rules! specialties {
    ($($ident:ident = $nucc:literal $name:literal;)+) => {
        $(#[doc = $name] pub static $ident: Specialty = Specialty { nucc: $nucc, name: $name };)+
    };
}

specialties! {
    PEDIATRICS = "208000000X" "Pediatrics";
    FAMILY_MEDICINE = "207Q00000X" "Family Medicine";
    HOSPITAL_MEDICINE = "208M00000X" "Hospital Medicine";
    EMERGENCY = "2080P0204X" "Pediatric Emergency Medicine";
    CRITICAL_CARE = "2080P0203X" "Pediatric Critical Care Medicine";
    NEONATOLOGY = "2080N0001X" "Neonatal-Perinatal Medicine";
    PULMONOLOGY = "2080P0214X" "Pediatric Pulmonology";
    ENDOCRINOLOGY = "2080P0205X" "Pediatric Endocrinology";
    HEM_ONC = "2080P0207X" "Pediatric Hematology-Oncology";
    CARDIOLOGY = "2080P0202X" "Pediatric Cardiology";
    CARDIAC_SURGERY = "208G00000X" "Thoracic Surgery (Cardiothoracic Vascular Surgery)";
    GASTROENTEROLOGY = "2080P0206X" "Pediatric Gastroenterology";
    NEPHROLOGY = "2080P0210X" "Pediatric Nephrology";
    NEUROLOGY = "2084N0402X" "Child Neurology";
    SURGERY = "2086S0120X" "Pediatric Surgery";
    ORTHOPEDICS = "207XP3100X" "Pediatric Orthopaedic Surgery";
    OTOLARYNGOLOGY = "207YP0228X" "Pediatric Otolaryngology";
    INFECTIOUS_DISEASE = "2080P0208X" "Pediatric Infectious Diseases";
    ADOLESCENT = "2080A0000X" "Adolescent Medicine";
    PSYCHIATRY = "2084P0804X" "Child & Adolescent Psychiatry";
    ALLERGY = "207K00000X" "Allergy & Immunology";
    PHYSIATRY = "2081P0010X" "Pediatric Rehabilitation Medicine";
    RADIOLOGY = "2085P0229X" "Pediatric Radiology";
    NURSE_PRACTITIONER = "363LP0200X" "Nurse Practitioner, Pediatrics";
    PHYSICIAN_ASSISTANT = "363A00000X" "Physician Assistant";
    CARE_COORDINATION = "163WC0400X" "Registered Nurse, Case Management";
    SOCIAL_WORK = "1041C0700X" "Social Worker, Clinical";
    PHARMACY = "183500000X" "Pharmacist";
    NUTRITION = "133V00000X" "Dietitian, Registered";
    DERMATOLOGY = "207NP0225X" "Pediatric Dermatology";
}

/// Where somebody works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workplace {
    /// The hospital.
    Hospital,
    /// A practice, by its place in [`PRACTICES`].
    Practice(usize),
    /// A group outside the hospital and outside every practice, by its place in [`OUTSIDE`].
    Outside(usize),
}

/// A clinician.
#[derive(Debug)]
pub struct Clinician {
    /// Number in the directory: `Practitioner/prac-NUMBER`, `PractitionerRole/role-NUMBER`.
    pub number: u32,
    /// Given name.
    pub given: &'static str,
    /// Family name.
    pub family: &'static str,
    /// MD, DO, NP, PA and so on.
    pub credential: &'static str,
    /// FHIR administrative gender.
    pub gender: &'static str,
    /// Specialty.
    pub specialty: &'static Specialty,
    /// Where.
    pub workplace: Workplace,
}

impl Clinician {
    /// Logical id of the Practitioner.
    pub fn practitioner_id(&self) -> String {
        format!("prac-{}", self.number)
    }

    /// Logical id of the `PractitionerRole`.
    pub fn role_id(&self) -> String {
        format!("role-{}", self.number)
    }

    /// `Practitioner/...`.
    pub fn reference(&self) -> String {
        format!("Practitioner/prac-{}", self.number)
    }

    /// Name as signed: `Ana Ruiz, MD`.
    pub fn signed(&self) -> String {
        format!("{} {}, {}", self.given, self.family, self.credential)
    }

    /// Name as called: `Dr. Ruiz`, or given and family name of whoever is not a doctor.
    pub fn called(&self) -> String {
        if matches!(self.credential, "MD" | "DO") {
            format!("Dr. {}", self.family)
        } else {
            format!("{} {}", self.given, self.family)
        }
    }

    /// National Provider Identifier with a right check digit.
    pub fn npi(&self) -> String {
        npi(155_000_000 + self.number * 137)
    }

    /// Direct line. The numbers 555-0100 to 555-0199 belong to nobody.
    pub fn phone(&self) -> String {
        let area = match self.workplace {
            Workplace::Hospital => 602,
            Workplace::Practice(at) | Workplace::Outside(at) => {
                if at % 2 == 0 {
                    480
                } else {
                    623
                }
            }
        };
        format!("({area}) 555-{:04}", 100 + self.number % 100)
    }

    /// Mailbox.
    pub fn email(&self) -> String {
        let domain = match self.workplace {
            Workplace::Hospital => "saguarochildrens.example",
            Workplace::Practice(at) => PRACTICES.get(at).map_or("practice.example", |p| p.domain),
            Workplace::Outside(at) => OUTSIDE.get(at).map_or("clinic.example", |p| p.domain),
        };
        format!(
            "{}.{}@{domain}",
            self.given.to_lowercase(),
            self.family.to_lowercase().replace(['\'', ' '], "")
        )
    }
}

/// Nine digits and their check digit (CMS, "NPI check digit": Luhn over the prefix 80840).
pub fn npi(base: u32) -> String {
    let digits = format!("{base:09}");
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            let weighted = if place % 2 == 0 { digit * 2 } else { digit };
            if weighted > 9 { weighted - 9 } else { weighted }
        })
        .sum();
    format!("{digits}{}", (10 - (sum + 24) % 10) % 10)
}

/// An organization outside the hospital.
#[derive(Debug)]
pub struct Group {
    /// Number in the directory: `Organization/org-NUMBER`.
    pub number: u32,
    /// Name.
    pub name: &'static str,
    /// Street.
    pub street: &'static str,
    /// City.
    pub city: &'static str,
    /// ZIP code.
    pub zip: &'static str,
    /// Main telephone.
    pub phone: &'static str,
    /// Mail domain.
    pub domain: &'static str,
}

impl Group {
    /// Logical id of the Organization.
    pub fn organization_id(&self) -> String {
        format!("org-{}", self.number)
    }

    /// Postal address, one line.
    pub fn address(&self) -> String {
        format!("{}, {}, AZ {}", self.street, self.city, self.zip)
    }
}

const fn group(
    number: u32,
    name: &'static str,
    place: (&'static str, &'static str, &'static str),
    phone: &'static str,
    domain: &'static str,
) -> Group {
    Group { number, name, street: place.0, city: place.1, zip: place.2, phone, domain }
}

/// The hospital.
pub static HOSPITAL: Group = group(
    1,
    "Saguaro Children's Hospital",
    ("1919 E Ocotillo Avenue", "Phoenix", "85016"),
    "(602) 555-0100",
    "saguarochildrens.example",
);

/// Primary care practices.
pub static PRACTICES: &[Group] = &[
    group(
        11,
        "Desert Bloom Pediatrics",
        ("4450 N Palo Verde Drive, Suite 210", "Scottsdale", "85251"),
        "(480) 555-0110",
        "desertbloom.example",
    ),
    group(
        12,
        "Camelback Family Practice",
        ("2201 W Camelback Road", "Phoenix", "85015"),
        "(623) 555-0120",
        "camelbackfamily.example",
    ),
    group(
        13,
        "Mesa Verde Children's Clinic",
        ("815 S Mesquite Street", "Mesa", "85202"),
        "(480) 555-0130",
        "mesaverdeclinic.example",
    ),
    group(
        14,
        "Sonoran Community Health Center",
        ("3310 W Buckeye Road", "Phoenix", "85009"),
        "(623) 555-0140",
        "sonoranhealth.example",
    ),
    group(
        15,
        "Gila River Pediatric Associates",
        ("77 N Juniper Lane", "Chandler", "85225"),
        "(480) 555-0150",
        "gilariverpeds.example",
    ),
];

/// Specialist groups outside the hospital; their clinicians are nobody's PCP.
pub static OUTSIDE: &[Group] = &[
    group(
        21,
        "Valley Allergy and Asthma",
        ("9100 E Thistle Court", "Scottsdale", "85258"),
        "(480) 555-0160",
        "valleyallergy.example",
    ),
    group(
        22,
        "Copper State Orthopedics",
        ("640 W Ironwood Road", "Glendale", "85301"),
        "(623) 555-0170",
        "copperstateortho.example",
    ),
    group(
        23,
        "Tempe Behavioral Health",
        ("1208 S Acacia Avenue", "Tempe", "85281"),
        "(480) 555-0180",
        "tempebh.example",
    ),
];

macro_rules! clinicians {
    ($($ident:ident = $number:literal $given:literal $family:literal $cred:literal $gender:literal $specialty:ident $work:expr;)+) => {
        $(#[doc = concat!($given, " ", $family)] pub static $ident: Clinician = Clinician {
            number: $number, given: $given, family: $family, credential: $cred,
            gender: $gender, specialty: &$specialty, workplace: $work,
        };)+
        /// Everybody in the directory.
        pub static CLINICIANS: &[&Clinician] = &[$(&$ident),+];
    };
}

use Workplace::{Hospital, Outside, Practice};

clinicians! {
    // Saguaro Children's Hospital
    OYELARAN = 101 "Folake" "Oyelaran" "MD" "female" HOSPITAL_MEDICINE Hospital;
    BRANDT = 102 "Stefan" "Brandt" "MD" "male" HOSPITAL_MEDICINE Hospital;
    IYER = 103 "Meenakshi" "Iyer" "DO" "female" HOSPITAL_MEDICINE Hospital;
    CASTELLANOS = 104 "Rafael" "Castellanos" "MD" "male" EMERGENCY Hospital;
    WHITFIELD = 105 "Joan" "Whitfield" "MD" "female" EMERGENCY Hospital;
    SATO = 106 "Kenji" "Sato" "MD" "male" CRITICAL_CARE Hospital;
    LINDQVIST = 107 "Ingrid" "Lindqvist" "MD" "female" NEONATOLOGY Hospital;
    MERCER = 108 "Alan" "Mercer" "MD" "male" PULMONOLOGY Hospital;
    DELACRUZ = 109 "Isabel" "Delacruz" "MD" "female" ENDOCRINOLOGY Hospital;
    ROSENTHAL = 110 "Miriam" "Rosenthal" "MD" "female" HEM_ONC Hospital;
    OKONKWO = 111 "Chidi" "Okonkwo" "MD" "male" HEM_ONC Hospital;
    HARGREAVE = 112 "Peter" "Hargreave" "MD" "male" CARDIOLOGY Hospital;
    VOLKOV = 113 "Nina" "Volkov" "MD" "female" CARDIAC_SURGERY Hospital;
    ABERNATHY = 114 "Claire" "Abernathy" "MD" "female" GASTROENTEROLOGY Hospital;
    FARAH = 115 "Hassan" "Farah" "MD" "male" NEPHROLOGY Hospital;
    WEISS = 116 "Judith" "Weiss" "MD" "female" NEUROLOGY Hospital;
    TANAKA = 117 "Hiroshi" "Tanaka" "MD" "male" SURGERY Hospital;
    MCALLISTER = 118 "Fiona" "McAllister" "MD" "female" ORTHOPEDICS Hospital;
    DUBOIS = 119 "Etienne" "Dubois" "MD" "male" OTOLARYNGOLOGY Hospital;
    ACHTERBERG = 120 "Lotte" "Achterberg" "MD" "female" INFECTIOUS_DISEASE Hospital;
    MONTGOMERY = 121 "Renee" "Montgomery" "MD" "female" ADOLESCENT Hospital;
    SILVA = 122 "Paulo" "Silva" "MD" "male" PSYCHIATRY Hospital;
    NAKAMURA = 123 "Emi" "Nakamura" "MD" "female" ALLERGY Hospital;
    PRESCOTT = 124 "Daniel" "Prescott" "MD" "male" PHYSIATRY Hospital;
    GUTIERREZ = 125 "Marisol" "Gutierrez" "MD" "female" RADIOLOGY Hospital;
    TRAN_NP = 126 "Bich" "Tran" "NP" "female" NURSE_PRACTITIONER Hospital;
    COLLINS_PA = 127 "Owen" "Collins" "PA" "male" PHYSICIAN_ASSISTANT Hospital;
    BAPTISTE = 128 "Simone" "Baptiste" "RN" "female" CARE_COORDINATION Hospital;
    HALVORSEN = 129 "Karen" "Halvorsen" "LCSW" "female" SOCIAL_WORK Hospital;
    PATEL_RPH = 130 "Nikhil" "Patel" "PharmD" "male" PHARMACY Hospital;
    ORTEGA_RD = 131 "Lucia" "Ortega" "RD" "female" NUTRITION Hospital;
    KESSLER = 132 "Tobias" "Kessler" "MD" "male" DERMATOLOGY Hospital;
    // Desert Bloom Pediatrics
    ELLIS = 141 "Marcus" "Ellis" "MD" "male" PEDIATRICS Practice(0);
    RUIZ = 142 "Ana" "Ruiz" "MD" "female" PEDIATRICS Practice(0);
    COHEN = 143 "Rachel" "Cohen" "NP" "female" NURSE_PRACTITIONER Practice(0);
    // Camelback Family Practice
    OBRIEN = 144 "Kathleen" "O'Brien" "DO" "female" FAMILY_MEDICINE Practice(1);
    SINGH = 145 "Harpreet" "Singh" "MD" "male" FAMILY_MEDICINE Practice(1);
    // Mesa Verde Children's Clinic
    LOPEZ = 146 "Teresa" "Lopez" "MD" "female" PEDIATRICS Practice(2);
    ADEYEMI = 147 "Tunde" "Adeyemi" "MD" "male" PEDIATRICS Practice(2);
    KOWALCZYK = 148 "Ewa" "Kowalczyk" "PA" "female" PHYSICIAN_ASSISTANT Practice(2);
    // Sonoran Community Health Center
    BEGAYE = 149 "Lorraine" "Begaye" "MD" "female" PEDIATRICS Practice(3);
    NGUYEN = 150 "Minh" "Nguyen" "MD" "male" FAMILY_MEDICINE Practice(3);
    FOSTER = 151 "Denise" "Foster" "NP" "female" NURSE_PRACTITIONER Practice(3);
    // Gila River Pediatric Associates
    PARK = 152 "Soo-jin" "Park" "MD" "female" PEDIATRICS Practice(4);
    HOFFMAN = 153 "Gregory" "Hoffman" "DO" "male" PEDIATRICS Practice(4);
    // Outside specialists
    VASQUEZ = 161 "Elena" "Vasquez" "MD" "female" ALLERGY Outside(0);
    BLACKWOOD = 162 "James" "Blackwood" "MD" "male" ORTHOPEDICS Outside(1);
    SCHAEFER = 163 "Nora" "Schaefer" "MD" "female" PSYCHIATRY Outside(2);
    PELLETIER = 164 "Andre" "Pelletier" "MD" "male" PULMONOLOGY Outside(0);
}

/// The clinicians of the practice at `at` in [`PRACTICES`].
pub fn of_practice(at: usize) -> impl Iterator<Item = &'static Clinician> {
    CLINICIANS.iter().copied().filter(move |c| c.workplace == Practice(at))
}

/// A place inside the hospital.
#[derive(Debug)]
pub struct Unit {
    /// Number in the directory: `Location/loc-NUMBER`.
    pub number: u32,
    /// Name.
    pub name: &'static str,
    /// v3 `RoleCode` of the kind of place.
    pub role: &'static str,
    /// What that code says.
    pub role_name: &'static str,
    /// Telephone.
    pub phone: &'static str,
    /// Whether children stay overnight.
    pub ward: bool,
}

macro_rules! units {
    ($($ident:ident = $number:literal $name:literal $role:literal $words:literal $phone:literal $ward:literal;)+) => {
        $(#[doc = $name] pub static $ident: Unit = Unit {
            number: $number, name: $name, role: $role, role_name: $words, phone: $phone, ward: $ward,
        };)+
        /// Every unit.
        pub static UNITS: &[&Unit] = &[$(&$ident),+];
    };
}

units! {
    MEDICAL_5 = 301 "Medical Unit 5 West" "PEDU" "Pediatric unit" "(602) 555-0151" true;
    SURGICAL_6 = 302 "Surgical Unit 6 East" "PEDU" "Pediatric unit" "(602) 555-0152" true;
    ONCOLOGY_8 = 303 "Hematology-Oncology Unit 8" "PEDU" "Pediatric unit" "(602) 555-0153" true;
    PICU = 304 "Pediatric Intensive Care Unit" "PEDICU" "Pediatric intensive care unit" "(602) 555-0154" true;
    NICU = 305 "Neonatal Intensive Care Unit" "PEDNICU" "Pediatric neonatal intensive care unit" "(602) 555-0155" true;
    CARDIAC_ICU = 306 "Cardiac Intensive Care Unit" "PEDICU" "Pediatric intensive care unit" "(602) 555-0156" true;
    EMERGENCY_DEPT = 307 "Emergency Department" "ER" "Emergency room" "(602) 555-0157" false;
    BEHAVIORAL_4 = 308 "Behavioral Health Unit 4" "PEDU" "Pediatric unit" "(602) 555-0158" true;
    CLINIC_PULM = 321 "Pulmonology Clinic" "PEDC" "Pediatric clinic" "(602) 555-0171" false;
    CLINIC_ENDO = 322 "Endocrinology and Diabetes Clinic" "PEDC" "Pediatric clinic" "(602) 555-0172" false;
    CLINIC_CARD = 323 "Heart Center Clinic" "PEDC" "Pediatric clinic" "(602) 555-0173" false;
    CLINIC_GI = 324 "Gastroenterology Clinic" "PEDC" "Pediatric clinic" "(602) 555-0174" false;
    CLINIC_NEURO = 325 "Neurology Clinic" "PEDC" "Pediatric clinic" "(602) 555-0175" false;
    CLINIC_NEPH = 326 "Nephrology Clinic" "PEDC" "Pediatric clinic" "(602) 555-0176" false;
    CLINIC_HEMONC = 327 "Hematology-Oncology Clinic" "PEDC" "Pediatric clinic" "(602) 555-0177" false;
    CLINIC_ALLERGY = 328 "Allergy Clinic" "PEDC" "Pediatric clinic" "(602) 555-0178" false;
    CLINIC_ORTHO = 329 "Orthopedics Clinic" "PEDC" "Pediatric clinic" "(602) 555-0179" false;
    CLINIC_ENT = 330 "Ear, Nose and Throat Clinic" "PEDC" "Pediatric clinic" "(602) 555-0180" false;
    CLINIC_ADOLESCENT = 331 "Adolescent Medicine Clinic" "PEDC" "Pediatric clinic" "(602) 555-0181" false;
    CLINIC_SURGERY = 332 "Surgery Clinic" "PEDC" "Pediatric clinic" "(602) 555-0182" false;
    CLINIC_REHAB = 333 "Rehabilitation and Complex Care Clinic" "PEDC" "Pediatric clinic" "(602) 555-0183" false;
    CLINIC_DERM = 334 "Dermatology Clinic" "PEDC" "Pediatric clinic" "(602) 555-0184" false;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Npi;

    #[test]
    fn s01_every_clinician_has_a_valid_npi_of_their_own() {
        let all: std::collections::BTreeSet<String> = CLINICIANS.iter().map(|c| c.npi()).collect();
        assert_eq!(all.len(), CLINICIANS.len());
        for npi in all {
            assert!(Npi::parse(&npi).is_ok(), "{npi}");
        }
    }

    #[test]
    fn every_practice_has_at_least_two_providers() {
        for at in 0..PRACTICES.len() {
            assert!(of_practice(at).count() >= 2);
        }
    }
}
