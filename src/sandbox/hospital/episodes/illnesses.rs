//! Patterns of acute illness by age: what brings a child, what is found, what is done.

use crate::sandbox::hospital::codes::dx::{self, Dx};
use crate::sandbox::hospital::codes::labs::{self, Panel, Test};
use crate::sandbox::hospital::codes::meds::{self, Drug};
use crate::sandbox::hospital::codes::procedures::{self, Proc};
use crate::sandbox::hospital::staff::{
    BRANDT, COLLINS_PA, Clinician, GUTIERREZ, IYER, MEDICAL_5, OYELARAN, SURGICAL_6, TANAKA, TRAN_NP, Unit,
    WHITFIELD,
};
use crate::sandbox::hospital::write::vitals::Illness;

/// A medicine of an illness; `days` 0 means on the ward only.
#[derive(Clone, Copy)]
pub struct Treatment {
    /// Which.
    pub drug: &'static Drug,
    /// Amount for each kilogram.
    pub per_kg: f64,
    /// Printed unit.
    pub unit: &'static str,
    /// UCUM unit.
    pub ucum: &'static str,
    /// How often a day; 0 for as needed.
    pub times: i64,
    /// For how many days after leaving.
    pub days: i64,
    /// What follows the dose.
    pub sig: &'static str,
}

/// A pattern of acute illness.
pub struct Pattern {
    /// Ages in months: from, inclusive; until, exclusive.
    pub months: (i64, i64),
    /// Nights on a ward; 0 for an emergency visit.
    pub nights: (i64, i64),
    /// Which ward.
    pub unit: &'static Unit,
    /// Who may be responsible there.
    pub attending: &'static [&'static Clinician],
    /// What brings the child.
    pub reasons: &'static [&'static str],
    /// What is found.
    pub diagnoses: &'static [&'static Dx],
    /// How ill.
    pub ill: Illness,
    /// Panels taken.
    pub panels: &'static [&'static Panel],
    /// Abnormal values in them.
    pub abnormal: &'static [(&'static Test, f64)],
    /// Single tests and their values.
    pub single: &'static [(&'static Test, f64)],
    /// Findings in words, and after how many minutes.
    pub findings: &'static [(&'static Test, &'static str, i64)],
    /// Medicines.
    pub treatments: &'static [Treatment],
    /// Procedures: which, by whom, minutes after arrival.
    pub procedures: &'static [(&'static Proc, &'static Clinician, i64)],
    /// Ways to tell the history; each goes with the reason at the same place.
    pub history: &'static [&'static str],
    /// Ways to tell the examination.
    pub examination: &'static [&'static str],
    /// Ways to tell the course.
    pub course: &'static [&'static str],
    /// What to do.
    pub plan: &'static [&'static str],
}

const fn ill(fever: f64, desaturation: f64, tachycardia: f64, tachypnea: f64) -> Illness {
    Illness { fever, desaturation, tachycardia, tachypnea }
}

const fn give(
    drug: &'static Drug,
    per_kg: f64,
    units: (&'static str, &'static str),
    times: i64,
    days: i64,
    sig: &'static str,
) -> Treatment {
    Treatment { drug, per_kg, unit: units.0, ucum: units.1, times, days, sig }
}

const MG: (&str, &str) = ("mg", "mg");

const NOTHING: Pattern = Pattern {
    months: (0, 0),
    nights: (0, 0),
    unit: &MEDICAL_5,
    attending: &[&OYELARAN, &BRANDT, &IYER],
    reasons: &[],
    diagnoses: &[],
    ill: ill(0.0, 0.0, 0.0, 0.0),
    panels: &[],
    abnormal: &[],
    single: &[],
    findings: &[],
    treatments: &[],
    procedures: &[],
    history: &[],
    examination: &[],
    course: &[],
    plan: &[],
};

/// The patterns.
pub static ILLNESSES: &[Pattern] = &[
    Pattern {
        months: (1, 20),
        nights: (2, 4),
        reasons: &["Cough, fast breathing and poor feeding", "Wheezy breathing and pauses in feeding"],
        diagnoses: &[&dx::BRONCHIOLITIS_RSV, &dx::HYPOXEMIA],
        ill: ill(1.2, 7.0, 0.25, 0.6),
        panels: &[&labs::BMP],
        findings: &[(&labs::RSV, "Detected", 90)],
        procedures: &[(&procedures::HIGH_FLOW, &TRAN_NP, 70)],
        history: &[
            "{given}, {age}, has had a cold for three days; since last night {he} breathes fast and takes half of {his} bottles. An older sibling coughs. Wet diapers: four in 24 hours.",
            "Day 4 of a cold. {given}, a {age} {boy}, was seen at the practice yesterday and sent in today because of pulling between the ribs. Day care has RSV.",
            "Noisy breathing since two days, worse when lying down. Slept little, vomited mucus twice. No fever above 38.5 at home.",
        ],
        examination: &[
            "Rate raised, subcostal retractions, fine crackles on both sides. Fontanelle flat, mouth moist.",
            "Nasal flaring and head bobbing when upset, better on {his} parent's arm. Crackles and scattered wheeze.",
        ],
        course: &[
            "High flow oxygen for two days, weaned by score; feeds by tube for one day, then by mouth. No bronchodilator, no antibiotic.",
            "Needed oxygen for 40 hours, most in sleep. Suction before feeds helped. Room air through the last night.",
        ],
        plan: &[
            "Suction before feeds, small frequent feeds",
            "Cough may last three weeks; come back for fast breathing or fewer than four wet diapers a day",
        ],
        ..NOTHING
    },
    Pattern {
        months: (30, 200),
        nights: (1, 3),
        reasons: &[
            "Asthma attack that did not respond to the inhaler",
            "Wheeze and chest tightness since the night",
        ],
        diagnoses: &[&dx::ASTHMA_EXACERBATION],
        ill: ill(0.3, 6.0, 0.3, 0.45),
        panels: &[&labs::RESP_VIRUS],
        treatments: &[
            give(&meds::ALBUTEROL_NEB, 0.15, MG, 8, 0, "by nebulizer every 2 to 4 hours by score"),
            give(&meds::PREDNISOLONE, 1.0, MG, 2, 3, "by mouth twice a day"),
            give(&meds::FLUTICASONE, 0.1, ("puffs", "{puff}"), 2, 180, "through spacer morning and evening"),
        ],
        history: &[
            "{given}, a {age} {boy}, has asthma with two courses of steroids in the past year. A cold began on Sunday; since midnight albuterol every two hours without much effect. No controller for a month: the prescription had run out.",
            "Tight chest after football practice in the dust, worse overnight. {He} used the inhaler without spacer. Eczema as a baby, cat at home.",
            "Cough for three days, speaks in half sentences since this morning. Last attack a year ago. One parent smokes outside.",
        ],
        examination: &[
            "Speaks in phrases. Retractions, long expiration, wheeze all over, air entry reduced at the bases. PRAM 8.",
            "Sits forward, uses neck muscles. Wheeze on both sides, no crackles. PRAM 7 before, 4 after three treatments.",
        ],
        course: &[
            "Albuterol hourly for six hours, then every two, every four by the next morning. Oxygen for the first night only. Technique with spacer taught and shown back.",
            "Good response to steroids. Trigger and smoke exposure discussed. Asthma action plan in hand.",
        ],
        plan: &[
            "Controller twice a day with spacer, every day",
            "Albuterol every 4 hours for two days, then as needed; action plan given",
        ],
        ..NOTHING
    },
    Pattern {
        months: (8, 190),
        nights: (2, 4),
        reasons: &["Fever, cough and side pain", "High fever for four days with cough"],
        diagnoses: &[&dx::PNEUMONIA],
        ill: ill(2.3, 6.0, 0.3, 0.45),
        panels: &[&labs::CBC_DIFF, &labs::BMP],
        abnormal: &[(&labs::WBC, 18.0), (&labs::NEUT, 80.0)],
        single: &[(&labs::CRP, 96.0)],
        treatments: &[
            give(&meds::AMPICILLIN, 50.0, MG, 4, 0, "IV every 6 hours"),
            give(&meds::AMOXICILLIN, 45.0, MG, 2, 7, "by mouth twice a day"),
        ],
        procedures: &[(&procedures::CHEST_XRAY, &GUTIERREZ, 55)],
        history: &[
            "Cough for a week, fever to 40 for three days. {given}, a {age} {boy}, holds {his} right side when coughing and eats little.",
            "{given} was treated for a cold; yesterday shaking chills and fast breathing. Brother had influenza two weeks ago.",
        ],
        examination: &[
            "Ill, not toxic. Breath sounds reduced at the left base with crackles, dull to percussion.",
            "Flushed, rate raised, grunting at times. Crackles on the right below the shoulder blade.",
        ],
        course: &[
            "X-ray with lobar consolidation, no effusion. Ampicillin for two days, fever gone after 30 hours, then amoxicillin by mouth. Oxygen for one night.",
            "Afebrile on the second morning; CRP halved. Drinking well, intravenous fluid stopped. No effusion by ultrasound.",
        ],
        plan: &[
            "Amoxicillin to complete seven more days",
            "Come back for new fever, side pain or fast breathing: effusion",
        ],
        ..NOTHING
    },
    Pattern {
        months: (60, 210),
        nights: (1, 2),
        unit: &SURGICAL_6,
        attending: &[&TANAKA],
        reasons: &[
            "Pain in the right lower belly since yesterday",
            "Belly pain that moved to the right, vomiting",
        ],
        diagnoses: &[&dx::APPENDICITIS],
        ill: ill(1.1, 0.0, 0.2, 0.1),
        panels: &[&labs::CBC_DIFF, &labs::URINALYSIS],
        abnormal: &[(&labs::WBC, 15.5), (&labs::NEUT, 83.0)],
        single: &[(&labs::CRP, 34.0)],
        treatments: &[
            give(&meds::CEFTRIAXONE, 50.0, MG, 1, 0, "IV once a day"),
            give(&meds::IBUPROFEN, 10.0, MG, 0, 5, "by mouth every 6 hours as needed for pain"),
        ],
        procedures: &[
            (&procedures::ULTRASOUND_ABDOMEN, &GUTIERREZ, 80),
            (&procedures::APPENDECTOMY, &TANAKA, 420),
        ],
        history: &[
            "{given}, a {age} {boy}, woke with pain at the navel; by noon it sat on the right. Vomited twice, not hungry, walks bent.",
            "Pain for 20 hours, worse on the bumps of the car ride. Temperature 38.1. No diarrhea.",
        ],
        examination: &[
            "Tender with guarding at McBurney's point, heel tap hurts. Testes or lower abdomen otherwise normal.",
            "Right lower quadrant rebound, psoas sign present. Bowel sounds few.",
        ],
        course: &[
            "Ultrasound: appendix 9 mm, not compressible. Laparoscopic appendectomy, not perforated. Ate in the evening, pain held by ibuprofen and acetaminophen.",
            "Appendectomy without complication, acutely inflamed appendix, no pus. One dose of antibiotic before and one after. Walking on the first day.",
        ],
        plan: &[
            "No sports for two weeks; wound check by telephone in a week",
            "Surgery Clinic only if fever, redness or growing pain",
        ],
        ..NOTHING
    },
    Pattern {
        months: (1, 72),
        nights: (2, 3),
        reasons: &["Fever without source", "Fever and vomiting, smelly urine"],
        diagnoses: &[&dx::PYELONEPHRITIS],
        ill: ill(2.4, 0.0, 0.3, 0.2),
        panels: &[&labs::CBC_DIFF, &labs::RENAL],
        abnormal: &[(&labs::WBC, 19.5), (&labs::NEUT, 74.0)],
        single: &[(&labs::CRP, 88.0)],
        findings: &[
            (&labs::UA_LEUK, "Large", 40),
            (&labs::UA_NITRITE, "Positive", 40),
            (
                &labs::URINE_CULTURE,
                "Escherichia coli, more than 100,000 CFU/mL, susceptible to cefazolin and ceftriaxone",
                1900,
            ),
        ],
        treatments: &[
            give(&meds::CEFTRIAXONE, 50.0, MG, 1, 0, "IV once a day"),
            give(&meds::CEPHALEXIN, 17.0, MG, 3, 7, "by mouth three times a day"),
        ],
        procedures: &[(&procedures::ULTRASOUND_RENAL, &GUTIERREZ, 1500)],
        history: &[
            "Fever to 39.8 for two days, {given}, a {age} {boy}, is cross and drinks less. No cough, no rash.",
            "Vomiting and fever since yesterday, cries when passing urine. One earlier urine infection at the practice.",
        ],
        examination: &[
            "Febrile, pink, capillary refill 2 seconds. Abdomen soft. No focus found.",
            "Tired, flank tender on the left. Genital examination normal.",
        ],
        course: &[
            "Catheter urine with leukocytes and nitrite; E. coli in culture. Afebrile after 36 hours of ceftriaxone. Renal ultrasound normal.",
            "Fever for one more day, then well. Ultrasound: left renal pelvis 7 mm, otherwise normal; no voiding study now.",
        ],
        plan: &[
            "Cephalexin to complete ten days in all",
            "Urine test with any fever above 38.5 in the next months",
        ],
        ..NOTHING
    },
    Pattern {
        months: (6, 110),
        nights: (1, 2),
        reasons: &["Vomiting and diarrhea", "Vomiting for two days, sleepy"],
        diagnoses: &[&dx::GASTROENTERITIS, &dx::DEHYDRATION],
        ill: ill(0.9, 0.0, 0.3, 0.1),
        panels: &[&labs::BMP],
        abnormal: &[(&labs::CO2, 14.0), (&labs::BUN, 22.0), (&labs::SODIUM, 134.0)],
        treatments: &[give(
            &meds::ONDANSETRON,
            0.15,
            MG,
            0,
            0,
            "by mouth once, may be repeated after 8 hours",
        )],
        procedures: &[(&procedures::IV_FLUIDS, &TRAN_NP, 50)],
        history: &[
            "Eight vomits and ten watery stools in 24 hours. {given}, a {age} {boy}, passed urine once. The whole kindergarten is ill.",
            "Cannot keep fluids down since yesterday noon, now limp. Trip to Rocky Point last weekend; no blood in stool.",
        ],
        examination: &[
            "Sunken eyes, dry tongue, refill 3 seconds, abdomen soft.",
            "Sleepy but rousable, tears few, skin turgor slightly reduced. About 7 % dehydrated.",
        ],
        course: &[
            "Two boluses, maintenance overnight, one dose of ondansetron. Drinking by morning.",
            "Oral rehydration failed once, fluid by vein for 14 hours. Stools slowing, ate toast.",
        ],
        plan: &[
            "Oral rehydration after each stool, normal food as wanted",
            "Come back with blood, bile or no urine for eight hours",
        ],
        ..NOTHING
    },
    Pattern {
        months: (12, 200),
        nights: (1, 3),
        reasons: &["Spreading redness after an insect bite", "Red, swollen and painful leg"],
        diagnoses: &[&dx::CELLULITIS],
        ill: ill(1.3, 0.0, 0.2, 0.05),
        panels: &[&labs::CBC_DIFF],
        abnormal: &[(&labs::WBC, 15.0), (&labs::NEUT, 75.0)],
        single: &[(&labs::CRP, 47.0)],
        treatments: &[
            give(&meds::CEFTRIAXONE, 50.0, MG, 1, 0, "IV once a day"),
            give(&meds::CEPHALEXIN, 17.0, MG, 3, 7, "by mouth three times a day"),
        ],
        history: &[
            "{given} scratched a bite on the left calf four days ago; since yesterday the redness grows, fever 38.8. Cephalexin by mouth for one day did not hold it.",
            "Scraped knee at the playground five days ago, now red and hot to mid-thigh. Limps.",
        ],
        examination: &[
            "Warm red area of 9 by 6 cm, edge marked, no pus, joint moves freely.",
            "Redness of the lower leg, tender, no crepitus, two groin nodes.",
        ],
        course: &[
            "Redness back inside the mark after 24 hours, fever gone. Ultrasound without abscess.",
            "Slow first day, then fading. No drainage needed.",
        ],
        plan: &["Cephalexin for seven days", "Mark on the skin: come back if redness crosses it"],
        ..NOTHING
    },
    Pattern {
        months: (6, 60),
        nights: (0, 0),
        reasons: &["Barking cough and noisy breathing at night"],
        diagnoses: &[&dx::CROUP],
        ill: ill(0.9, 2.0, 0.2, 0.25),
        treatments: &[give(&meds::DEXAMETHASONE, 0.6, MG, 1, 0, "by mouth once")],
        history: &[
            "Woke at 01:00 with a barking cough; better in the cool air of the car. {given}, a {age} {boy}, had croup once before.",
            "Cold since yesterday, hoarse, then a harsh sound on breathing in when crying. Drinks well.",
        ],
        examination: &[
            "Barking cough, stridor when crying only, mild retractions. Drooling: no.",
            "Stridor at rest on arrival, none after an hour. Chest clear.",
        ],
        course: &[
            "Dexamethasone by mouth; racemic epinephrine not needed. Observed for two hours.",
            "Dexamethasone, one racemic epinephrine, observed for three hours without return.",
        ],
        plan: &[
            "Cool air, calm, fluids; come back for stridor at rest",
            "One dose was enough; second night may be noisy",
        ],
        ..NOTHING
    },
    Pattern {
        months: (4, 48),
        nights: (0, 0),
        reasons: &["Fever and ear pain", "Fever for three days, pulls at the ear"],
        diagnoses: &[&dx::OTITIS_MEDIA, &dx::FEVER],
        ill: ill(2.1, 0.0, 0.25, 0.1),
        treatments: &[
            give(&meds::AMOXICILLIN, 45.0, MG, 2, 10, "by mouth twice a day"),
            give(&meds::ACETAMINOPHEN, 15.0, MG, 0, 4, "by mouth every 6 hours as needed"),
        ],
        history: &[
            "Cold for a week, fever since Friday, woke screaming. Third ear infection this year.",
            "Fever 39.5 at home, drinks, vomited once. {given}, a {age} {boy}, goes to day care.",
        ],
        examination: &[
            "Left drum bulging and yellow, right dull. Neck supple.",
            "Both drums red and full, throat clear, chest clear.",
        ],
        course: &[
            "Temperature down after acetaminophen, drank 150 mL, played.",
            "No other focus; urine not tested since the ear explains the fever.",
        ],
        plan: &["Amoxicillin for ten days", "Ear check in four weeks; hearing if speech is slow"],
        ..NOTHING
    },
    Pattern {
        months: (36, 210),
        nights: (0, 0),
        reasons: &[
            "Fall from the monkey bars, wrist hurts",
            "Fell from a skateboard on the outstretched hand",
        ],
        diagnoses: &[&dx::FOREARM_FRACTURE],
        ill: ill(0.0, 0.0, 0.15, 0.05),
        treatments: &[give(&meds::IBUPROFEN, 10.0, MG, 0, 5, "by mouth every 6 hours as needed for pain")],
        procedures: &[(&procedures::CAST, &COLLINS_PA, 75)],
        history: &[
            "{given}, a {age} {boy}, fell from about 1.5 m an hour ago. Right-handed, left wrist swollen. No head injury.",
            "Fell at the skate park, helmet worn. Pain 6 of 10 before medicine.",
        ],
        examination: &[
            "Swelling over the distal radius, skin whole, pulse and feeling normal.",
            "Tender over the distal forearm, slight bend, fingers move.",
        ],
        course: &[
            "Buckle fracture of the distal radius, removable splint.",
            "Greenstick fracture with 9 degrees of bend, acceptable; short arm cast.",
        ],
        plan: &["Orthopedics Clinic in one week", "Splint for three weeks, then free; no sports for four"],
        ..NOTHING
    },
    Pattern {
        months: (84, 216),
        nights: (0, 0),
        reasons: &["Hit the head at football", "Headache and nausea after a fall"],
        diagnoses: &[&dx::CONCUSSION],
        ill: ill(0.0, 0.0, 0.05, 0.0),
        history: &[
            "Helmet to helmet in practice two hours ago, dazed, no loss of consciousness, does not remember the play.",
            "Fell from a bicycle with helmet; headache, light hurts, vomited once.",
        ],
        examination: &[
            "GCS 15, pupils equal, slow to recall three words, tandem gait unsteady.",
            "Alert, neck free, balance test with five errors, neurology normal.",
        ],
        course: &[
            "Observed for four hours after injury, headache 5 to 2. No imaging by the decision rule.",
            "Symptoms stable, drank and kept it down. CT not indicated.",
        ],
        plan: &[
            "No sport until cleared by {pcp}; school half days for three days",
            "Screen rest for 48 hours, then step by step",
        ],
        ..NOTHING
    },
    Pattern {
        months: (24, 150),
        nights: (0, 0),
        reasons: &["Cut on the forehead", "Cut above the eyebrow from a table edge"],
        diagnoses: &[&dx::LACERATION],
        ill: ill(0.0, 0.0, 0.1, 0.0),
        procedures: &[(&procedures::SUTURE, &WHITFIELD, 50)],
        history: &[
            "Ran into a table at 17:00. No loss of consciousness. Tetanus up to date.",
            "Fell from the sofa against the shelf, cried at once, no vomiting.",
        ],
        examination: &[
            "2 cm cut, clean, gaping, no bone.",
            "1.5 cm cut, edges sharp, forehead moves equally.",
        ],
        course: &[
            "Topical anesthetic, glue and strips.",
            "Topical anesthetic, four absorbable sutures, calm with a tablet film.",
        ],
        plan: &["Keep dry for two days; sun cream for a year", "No removal needed; {pcp} if red"],
        ..NOTHING
    },
    Pattern {
        months: (7, 60),
        nights: (0, 0),
        reasons: &["Convulsion with fever at home"],
        diagnoses: &[&dx::FEBRILE_SEIZURE, &dx::INFLUENZA],
        ill: ill(2.4, 0.0, 0.3, 0.15),
        findings: &[(&labs::FLU_A, "Detected", 60)],
        single: &[(&labs::GLUCOSE, 101.0)],
        treatments: &[give(&meds::OSELTAMIVIR, 3.0, MG, 2, 5, "by mouth twice a day")],
        history: &[
            "Fever since the morning, at 19:00 stiff and jerking for a minute and a half, then sleepy. First time. Cousin has epilepsy.",
            "Second febrile seizure, two minutes, eyes rolled up. {given}, a {age} {boy}, was asleep after it for half an hour.",
        ],
        examination: &[
            "Awake, clings to {his} parent, neck supple, no focal sign.",
            "Sleepy, then normal; throat red, chest clear, no rash.",
        ],
        course: &[
            "Influenza A. Watched for three hours, no second seizure.",
            "Influenza A; drank and walked before leaving.",
        ],
        plan: &[
            "Oseltamivir for five days; first aid explained",
            "Influenza vaccine next autumn; no preventive medicine",
        ],
        ..NOTHING
    },
];
