//! One chronic condition followed in a specialty clinic over some years.

use crate::domain::clock::Timestamp;
use crate::sandbox::hospital::chart::Chart;
use crate::sandbox::hospital::codes::dx::{self, Dx};
use crate::sandbox::hospital::codes::labs::{self, Panel, Test};
use crate::sandbox::hospital::codes::meds::{self, Drug};
use crate::sandbox::hospital::codes::procedures::{self, Proc};
use crate::sandbox::hospital::json::float;
use crate::sandbox::hospital::staff::{
    ABERNATHY, CLINIC_ALLERGY, CLINIC_CARD, CLINIC_DERM, CLINIC_ENDO, CLINIC_ENT, CLINIC_GI, CLINIC_NEPH,
    CLINIC_NEURO, CLINIC_ORTHO, CLINIC_PULM, Clinician, DELACRUZ, DUBOIS, FARAH, HARGREAVE, KESSLER,
    MCALLISTER, MERCER, NAKAMURA, Unit, WEISS,
};
use crate::sandbox::hospital::time;
use crate::sandbox::hospital::write::notes::{CONSULT, PROGRESS};
use crate::sandbox::hospital::write::{Format, Setting, order};

/// A regular medicine: which, instructions, dose, printed and UCUM unit, times a day.
type Regular = (&'static Drug, &'static str, f64, (&'static str, &'static str), i64);

/// A course of a chronic condition.
struct Course {
    months: (i64, i64),
    dx: &'static Dx,
    unit: &'static Unit,
    by: &'static Clinician,
    /// Days between visits.
    every: i64,
    panels: &'static [&'static Panel],
    /// A test, its value at the first visit and the value towards which it moves.
    trend: Option<(&'static Test, f64, f64)>,
    /// Medicine, instructions, dose, units, times a day.
    drug: Option<Regular>,
    procedure: Option<&'static Proc>,
    reasons: &'static [&'static str],
    first: &'static [&'static str],
    interval: &'static [&'static str],
    plan: &'static [&'static str],
}

static COURSES: &[Course] = &[
    Course {
        months: (30, 216),
        dx: &dx::ASTHMA_MILD,
        unit: &CLINIC_PULM,
        by: &MERCER,
        every: 150,
        panels: &[],
        trend: Some((&labs::FEV1_PCT, 82.0, 96.0)),
        drug: Some((
            &meds::FLUTICASONE,
            "2 puffs through spacer, morning and evening",
            2.0,
            ("puff", "{puff}"),
            2,
        )),
        procedure: Some(&procedures::SPIROMETRY),
        reasons: &["Asthma"],
        first: &[
            "Cough at night twice a week and wheeze with every cold; two courses of steroids in a year. Father and an aunt have asthma.",
            "Short of breath at sports, cough in dust storms. Albuterol helps within minutes.",
        ],
        interval: &[
            "No night cough for two months, albuterol twice.",
            "One cold with wheeze, no steroids. Inhaler technique good, spacer used.",
            "Forgets the evening dose on weekends; one school day missed.",
        ],
        plan: &[
            "Controller unchanged; action plan renewed",
            "Step down after three good months",
            "Influenza vaccine each autumn",
        ],
    },
    Course {
        months: (2, 150),
        dx: &dx::VSD,
        unit: &CLINIC_CARD,
        by: &HARGREAVE,
        every: 240,
        panels: &[],
        trend: None,
        drug: None,
        procedure: Some(&procedures::ECHO),
        reasons: &["Ventricular septal defect"],
        first: &[
            "Murmur heard by {pcp}; feeds well, no sweating, grows along the line.",
            "Murmur since the first week. Pink, no cough, rate normal.",
        ],
        interval: &[
            "No complaints, plays like the others. Murmur softer.",
            "Growing well. Echo: 2 mm muscular defect, left ventricle normal.",
        ],
        plan: &["No restriction, no antibiotic prophylaxis", "Closure by itself is likely"],
    },
    Course {
        months: (96, 216),
        dx: &dx::OBESITY,
        unit: &CLINIC_ENDO,
        by: &DELACRUZ,
        every: 120,
        panels: &[&labs::LIVER],
        trend: Some((&labs::A1C, 5.9, 5.4)),
        drug: None,
        procedure: None,
        reasons: &["Weight gain", "Obesity, raised A1c"],
        first: &[
            "Weight has crossed two lines since six years. Sweet drinks daily, sleeps seven hours, teased at school.",
            "Referred for A1c 5.9 % and a dark velvety neck. Grandmother has diabetes.",
        ],
        interval: &[
            "Walks the dog daily, water instead of soda. Weight stable, height up.",
            "Swims twice a week; breakfast still skipped.",
            "Family cooks together on Sundays. Proud of the new belt hole.",
        ],
        plan: &[
            "One goal until the next visit: sleep nine hours",
            "A1c and liver in four months",
            "No medicine now",
        ],
    },
    Course {
        months: (60, 216),
        dx: &dx::HYPOTHYROID,
        unit: &CLINIC_ENDO,
        by: &DELACRUZ,
        every: 130,
        panels: &[],
        trend: Some((&labs::TSH, 18.4, 2.6)),
        drug: Some((
            &meds::LEVOTHYROXINE,
            "50 mcg by mouth every morning before breakfast",
            50.0,
            ("mcg", "ug"),
            1,
        )),
        procedure: None,
        reasons: &["Hypothyroidism"],
        first: &[
            "Tired, constipated and cold for half a year, growth slow. Small firm goiter.",
            "Found by blood test for short stature. Mother takes levothyroxine.",
        ],
        interval: &[
            "Takes the tablet daily, energy better.",
            "Two weeks without tablets during holidays.",
            "Grew 3 cm, no complaints.",
        ],
        plan: &["Dose unchanged, TSH in four months", "Tablet away from iron and soy"],
    },
    Course {
        months: (24, 170),
        dx: &dx::CONSTIPATION,
        unit: &CLINIC_GI,
        by: &ABERNATHY,
        every: 100,
        panels: &[],
        trend: None,
        drug: Some((&meds::PEG_3350, "17 g in 240 mL of water by mouth once a day", 17.0, ("g", "g"), 1)),
        procedure: None,
        reasons: &["Constipation with soiling", "Constipation"],
        first: &[
            "Stool every fourth day, large and painful, soiling since kindergarten. Meconium on the first day of life.",
            "Holds back, hides behind the couch. Blood on the paper twice.",
        ],
        interval: &[
            "Soft stool daily, soiling once a week.",
            "Stopped the powder in summer, back to every third day.",
            "Sits after meals with a foot stool, sticker chart full.",
        ],
        plan: &["Powder for six months at least before tapering", "No tests needed"],
    },
    Course {
        months: (72, 216),
        dx: &dx::MIGRAINE,
        unit: &CLINIC_NEURO,
        by: &WEISS,
        every: 140,
        panels: &[],
        trend: None,
        drug: Some((
            &meds::SUMATRIPTAN,
            "25 mg by mouth at the start of a migraine, at most twice a week",
            25.0,
            ("mg", "mg"),
            0,
        )),
        procedure: None,
        reasons: &["Headaches"],
        first: &[
            "Throbbing headaches with vomiting, three a month, two school days missed each. Mother has migraine. Examination normal.",
            "Forehead pain after school, light hurts. Skips breakfast, phone until midnight.",
        ],
        interval: &[
            "Two attacks a month, medicine within half an hour helps.",
            "Sleep longer, one attack since the last visit.",
            "Exam weeks are worst.",
        ],
        plan: &["Diary goes on; no imaging", "Ibuprofen first, sumatriptan if not better in an hour"],
    },
    Course {
        months: (36, 200),
        dx: &dx::ALLERGIC_RHINITIS,
        unit: &CLINIC_ALLERGY,
        by: &NAKAMURA,
        every: 220,
        panels: &[],
        trend: None,
        drug: Some((&meds::CETIRIZINE, "5 mL (5 mg) by mouth once a day in season", 5.0, ("mg", "mg"), 1)),
        procedure: None,
        reasons: &["Hay fever", "Sneezing and itchy eyes"],
        first: &[
            "Sneezes from March to June, eyes swollen at baseball. Skin tests: olive, mulberry and Bermuda grass positive.",
            "Blocked nose all year, snores. Skin tests: house dust mite and cat.",
        ],
        interval: &[
            "Spray used daily from February: a good season.",
            "Mattress cover bought, cat stays.",
            "Immunotherapy by tablet started at home without trouble.",
        ],
        plan: &["Nasal spray two weeks before the season", "Skin tests again in two years"],
    },
    Course {
        months: (120, 216),
        dx: &dx::SCOLIOSIS,
        unit: &CLINIC_ORTHO,
        by: &MCALLISTER,
        every: 180,
        panels: &[],
        trend: None,
        drug: None,
        procedure: None,
        reasons: &["Scoliosis"],
        first: &[
            "Uneven shoulders seen at the school screening. No pain. Right thoracic curve of 24 degrees, Risser 1.",
            "Rib hump on bending, 28 degrees; aunt was operated.",
        ],
        interval: &[
            "Curve 27 degrees. Wears the brace at night.",
            "Curve unchanged, brace 15 hours a day by its sensor.",
            "Grew 2 cm, curve 26 degrees.",
        ],
        plan: &["X-ray in six months", "Sports without limits"],
    },
    Course {
        months: (24, 110),
        dx: &dx::OSA,
        unit: &CLINIC_ENT,
        by: &DUBOIS,
        every: 110,
        panels: &[],
        trend: None,
        drug: Some((
            &meds::FLUTICASONE_NASAL,
            "1 spray in each nostril once a day",
            1.0,
            ("spray", "{spray}"),
            1,
        )),
        procedure: None,
        reasons: &["Snoring with pauses", "Snoring and restless sleep"],
        first: &[
            "Snores each night with pauses, sweats, naps at school. Tonsils 3+, mouth breather.",
            "Sleep study: 6 events an hour. Tonsils and adenoid large.",
        ],
        interval: &[
            "Spray for six weeks: a little quieter.",
            "Sleeps through since tonsillectomy in summer.",
            "No pauses seen; mouth closed at night.",
        ],
        plan: &["Sleep study to be repeated", "Weight and blood pressure at {pcp}'s"],
    },
    Course {
        months: (3, 84),
        dx: &dx::VUR,
        unit: &CLINIC_NEPH,
        by: &FARAH,
        every: 200,
        panels: &[&labs::RENAL, &labs::URINALYSIS],
        trend: None,
        drug: Some((&meds::TMP_SMX, "2 mg/kg of trimethoprim by mouth every evening", 2.0, ("mL", "mL"), 1)),
        procedure: Some(&procedures::ULTRASOUND_RENAL),
        reasons: &["Vesicoureteral reflux"],
        first: &[
            "Two urine infections with fever; voiding study: grade III reflux on the left.",
            "Hydronephrosis before birth, reflux grade II on both sides.",
        ],
        interval: &[
            "No infection since the last visit. Kidneys grow equally.",
            "One fever, urine clean. Toilet training going well.",
        ],
        plan: &["Evening dose until out of diapers", "Urine test with any fever"],
    },
    Course {
        months: (4, 130),
        dx: &dx::ATOPIC_DERMATITIS,
        unit: &CLINIC_DERM,
        by: &KESSLER,
        every: 120,
        panels: &[],
        trend: None,
        drug: Some((
            &meds::TRIAMCINOLONE,
            "Thin layer on red areas twice a day for up to 7 days",
            1.0,
            ("application", "{application}"),
            2,
        )),
        procedure: None,
        reasons: &["Eczema"],
        first: &[
            "Itch all night, blood on the sheets. Red dry skin in the folds and on the cheeks, about 15 % of the surface.",
            "Eczema since four months, worse in winter. Bathes every third day for fear of water.",
        ],
        interval: &[
            "Ointment after each bath: nights are quiet.",
            "A flare with a cold, two weeks of triamcinolone.",
            "Skin soft, only the elbows red.",
        ],
        plan: &["Bath daily, ointment at once", "Triamcinolone up to a week, then pause"],
    },
    Course {
        months: (48, 216),
        dx: &dx::JIA,
        unit: &CLINIC_ORTHO,
        by: &MCALLISTER,
        every: 90,
        panels: &[&labs::CBC_DIFF, &labs::LIVER],
        trend: Some((&labs::ESR, 44.0, 9.0)),
        drug: Some((&meds::NAPROXEN, "7 mg/kg by mouth twice a day with food", 150.0, ("mg", "mg"), 2)),
        procedure: None,
        reasons: &["Arthritis"],
        first: &[
            "Stiff in the morning for an hour, left knee and right ankle swollen for two months. Eyes checked: no uveitis.",
            "Limps since a cold in spring; knee warm, 10 degrees short of straight.",
        ],
        interval: &[
            "Knee dry, runs again. Eye check normal.",
            "Injection of the ankle helped. Morning stiffness ten minutes.",
            "Two swollen finger joints, grip weak.",
        ],
        plan: &["Eye examination every three months", "Blood count and liver with each visit"],
    },
];

/// Writes a chronic condition that fits the age, for about half of the children, and gives its specialist.
pub fn write(c: &mut Chart<'_>) -> Option<&'static Clinician> {
    let months = time::whole_months(c.child.birth, c.today);
    let fitting: Vec<&Course> =
        COURSES.iter().filter(|k| k.months.0 <= months && months < k.months.1).collect();
    if fitting.is_empty() || c.draw.chance(45) {
        return None;
    }
    let course: &Course = c.draw.pick::<&Course>(&fitting);
    let known = (c.age_days(c.now) - course.months.0 * 30).clamp(20, 1400);
    let visits = (known / course.every).clamp(1, 6);
    let last = c.draw.between(3, course.every.min(known));
    for visit in (0..visits).rev() {
        let days = last + visit * course.every;
        if days < known + course.every {
            one(c, course, visits - 1 - visit, visits, days.min(known.max(last)));
        }
    }
    Some(course.by)
}

fn one(c: &mut Chart<'_>, course: &Course, number: i64, of: i64, days: i64) {
    let hour = i8::try_from(c.draw.between(8, 15)).unwrap_or(9);
    let from = c.on(days, hour, 20);
    if number == 0 {
        c.problem(course.dx, from, None, course.by);
    }
    let setting = if number == 0 { Setting::Consultation } else { Setting::FollowUp };
    let reason = *c.draw.pick(course.reasons);
    let enc = c.clinic(setting, from, course.unit, course.by, reason, &[course.dx]);
    let drawn = time::after(from, 15);
    for panel in course.panels {
        c.panel(&enc, drawn, panel, &[]);
    }
    let mut measured = String::new();
    if let Some((test, first, goal)) = course.trend {
        let share = if of > 1 { float(number) / float(of - 1) } else { 0.0 };
        let value = first + (goal - first) * share.sqrt() * (1.0 + c.draw.bell() * 0.05);
        c.result(&enc, drawn, test, value);
        measured = format!("## Results\n{} {value:.1}.\n", test.name);
    }
    if let Some(procedure) = course.procedure {
        c.procedure(&enc, procedure, time::after(from, 20), course.by, "");
    }
    if number == 0 {
        first_order(c, course, &enc, from);
    }
    let story = if number == 0 { c.draw.pick(course.first) } else { c.draw.pick(course.interval) };
    let heading = if number == 0 { "History" } else { "Interval" };
    let text = format!(
        "## {heading}\n{{given}} is a {{age}} {{boy}}, {{kg}} kg. {story}\n{measured}## Assessment\n{}.\n## Plan\n- {}\n- Next visit in about {} months\n- Copy to {{pcp}}",
        course.dx.name,
        c.draw.pick(course.plan),
        (course.every / 30).max(1)
    );
    let kind = if number == 0 { &CONSULT } else { &PROGRESS };
    let format = match c.draw.below(10) {
        0..5 => Format::Html,
        5..8 => Format::Plain,
        _ => Format::Pdf,
    };
    c.say(&enc, kind, course.by, time::after(from, 90), format, &text);
}

fn first_order(
    c: &mut Chart<'_>,
    course: &Course,
    enc: &crate::sandbox::hospital::write::Enc,
    from: Timestamp,
) {
    let Some((drug, sig, amount, units, times)) = course.drug else { return };
    let mut one = order(drug, sig, course.by, time::after(from, 35))
        .dose(amount, units.0, units.1, times)
        .for_dx(course.dx);
    one = one.dispense(1.0, "package", 5);
    if c.draw.chance(20) {
        let end = time::after(from, 60 * 1440);
        if end < c.now {
            one = one.stopped(end, "Not needed any more");
        }
    }
    if c.draw.chance(30) {
        one = one.by_reference();
    }
    c.order(enc, one);
}
