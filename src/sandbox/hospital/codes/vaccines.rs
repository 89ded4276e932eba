//! The childhood immunization schedule, in CVX.

/// One dose of the schedule.
#[derive(Debug)]
pub struct Dose {
    /// CVX code.
    pub cvx: &'static str,
    /// Vaccine as printed.
    pub name: &'static str,
    /// Age in months at which it is due.
    pub months: i64,
    /// Number of the dose within its series.
    pub number: u32,
}

const fn dose(cvx: &'static str, name: &'static str, months: i64, number: u32) -> Dose {
    Dose { cvx, name, months, number }
}

const HEP_B: &str = "Hep B, adolescent or pediatric";
const ROTA: &str = "rotavirus, pentavalent";
const DTAP: &str = "DTaP";
const HIB: &str = "Hib (PRP-T)";
const PCV: &str = "Pneumococcal conjugate PCV20";
const IPV: &str = "IPV";
const HEP_A: &str = "Hep A, ped/adol, 2 dose";
const HPV: &str = "HPV9";
const MENACWY: &str = "meningococcal polysaccharide (groups A, C, Y, W-135) TT conjugate";

/// Routine doses by age; influenza comes every autumn beside them.
pub static SCHEDULE: &[Dose] = &[
    dose("08", HEP_B, 0, 1),
    dose("08", HEP_B, 2, 2),
    dose("116", ROTA, 2, 1),
    dose("20", DTAP, 2, 1),
    dose("48", HIB, 2, 1),
    dose("216", PCV, 2, 1),
    dose("10", IPV, 2, 1),
    dose("116", ROTA, 4, 2),
    dose("20", DTAP, 4, 2),
    dose("48", HIB, 4, 2),
    dose("216", PCV, 4, 2),
    dose("10", IPV, 4, 2),
    dose("08", HEP_B, 6, 3),
    dose("116", ROTA, 6, 3),
    dose("20", DTAP, 6, 3),
    dose("216", PCV, 6, 3),
    dose("10", IPV, 6, 3),
    dose("03", "MMR", 12, 1),
    dose("21", "varicella", 12, 1),
    dose("83", HEP_A, 12, 1),
    dose("216", PCV, 12, 4),
    dose("48", HIB, 15, 3),
    dose("20", DTAP, 15, 4),
    dose("83", HEP_A, 18, 2),
    dose("20", DTAP, 50, 5),
    dose("10", IPV, 50, 4),
    dose("03", "MMR", 50, 2),
    dose("21", "varicella", 50, 2),
    dose("115", "Tdap", 133, 1),
    dose("203", MENACWY, 133, 1),
    dose("165", HPV, 133, 1),
    dose("165", HPV, 140, 2),
    dose("203", MENACWY, 193, 2),
    dose("162", "meningococcal B, recombinant", 194, 1),
];

/// The yearly influenza vaccine (CVX, name).
pub const INFLUENZA: (&str, &str) = ("140", "Influenza, split virus, trivalent, PF");
