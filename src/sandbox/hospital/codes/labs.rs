//! Laboratory tests with LOINC codes, UCUM units and paediatric reference ranges by age.
//!
//! Ranges are of the kind that a children's hospital laboratory prints; they are for demonstration, not for care.

/// Days in a year, for the age limits below.
const Y: i64 = 365;
const NO_LIMIT: i64 = i64::MAX;

/// A reference range that holds until an age.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// Exclusive upper age in days.
    pub until_days: i64,
    /// Lower limit, inclusive.
    pub low: f64,
    /// Upper limit, inclusive.
    pub high: f64,
}

/// How a result is expressed.
#[derive(Clone, Copy, Debug)]
pub enum Scale {
    /// A number: printed unit, UCUM code, decimals, ranges by rising age.
    Number {
        /// As printed.
        unit: &'static str,
        /// UCUM.
        ucum: &'static str,
        /// Decimal places.
        decimals: u32,
        /// By rising age; empty where the laboratory prints none.
        ranges: &'static [Range],
    },
    /// Words, with the one that is normal.
    Words {
        /// The normal finding.
        normal: &'static str,
    },
}

/// One test.
#[derive(Debug)]
pub struct Test {
    /// LOINC code.
    pub loinc: &'static str,
    /// Name as printed.
    pub name: &'static str,
    /// How it is expressed.
    pub scale: Scale,
}

impl Test {
    /// The range for a child of `age_days`.
    pub fn range(&self, age_days: i64) -> Option<Range> {
        match self.scale {
            Scale::Number { ranges, .. } => ranges.iter().find(|r| age_days < r.until_days).copied(),
            Scale::Words { .. } => None,
        }
    }
}

/// Tests that are ordered and reported together.
#[derive(Debug)]
pub struct Panel {
    /// LOINC code of the panel.
    pub loinc: &'static str,
    /// Name as printed.
    pub name: &'static str,
    /// What is in it.
    pub tests: &'static [&'static Test],
    /// Minutes from collection to result.
    pub turnaround: i64,
}

macro_rules! tests {
    ($($name:ident = $loinc:literal $text:literal, $unit:literal $ucum:literal $dec:literal [$(($until:expr, $low:expr, $high:expr)),*];)+) => {
        $(
            #[doc = concat!("`", $text, "`")]
            pub static $name: Test = Test {
                loinc: $loinc,
                name: $text,
                scale: Scale::Number {
                    unit: $unit, ucum: $ucum, decimals: $dec,
                    ranges: &[$(Range { until_days: $until, low: $low, high: $high }),*],
                },
            };
        )+
        /// Every test with a number for a result.
        pub static TESTS: &[&Test] = &[$(&$name),+];
    };
}

macro_rules! findings {
    ($($name:ident = $loinc:literal $text:literal, $normal:literal;)+) => {
        $(
            #[doc = $text]
            pub static $name: Test = Test { loinc: $loinc, name: $text, scale: Scale::Words { normal: $normal } };
        )+
        /// Every test with words for a result.
        pub static FINDINGS: &[&Test] = &[$(&$name),+];
    };
}

macro_rules! panels {
    ($($name:ident = $loinc:literal $text:literal $mins:literal [$($test:ident),+];)+) => {
        $(
            #[doc = $text]
            pub static $name: Panel = Panel { loinc: $loinc, name: $text, turnaround: $mins, tests: &[$(&$test),+] };
        )+
        /// Every panel.
        pub static PANELS: &[&Panel] = &[$(&$name),+];
    };
}

tests! {
    WBC = "6690-2" "Leukocytes", "10*3/uL" "10*3/uL" 1 [(7, 9.0, 30.0), (30, 5.0, 20.0), (2*Y, 6.0, 17.5), (6*Y, 5.0, 15.5), (12*Y, 4.5, 13.5), (NO_LIMIT, 4.5, 13.0)];
    RBC = "789-8" "Erythrocytes", "10*6/uL" "10*6/uL" 2 [(14, 3.9, 6.3), (180, 3.0, 4.9), (2*Y, 3.7, 5.3), (12*Y, 3.9, 5.3), (NO_LIMIT, 4.0, 5.4)];
    HGB = "718-7" "Hemoglobin", "g/dL" "g/dL" 1 [(14, 13.5, 21.5), (60, 10.0, 18.0), (180, 9.5, 13.5), (2*Y, 10.5, 13.5), (6*Y, 11.0, 14.0), (12*Y, 11.5, 15.5), (NO_LIMIT, 12.0, 16.0)];
    HCT = "4544-3" "Hematocrit", "%" "%" 1 [(14, 42.0, 66.0), (60, 31.0, 55.0), (180, 29.0, 41.0), (2*Y, 33.0, 40.0), (6*Y, 34.0, 42.0), (12*Y, 35.0, 45.0), (NO_LIMIT, 36.0, 48.0)];
    MCV = "787-2" "Mean corpuscular volume", "fL" "fL" 0 [(14, 95.0, 121.0), (180, 74.0, 108.0), (2*Y, 70.0, 86.0), (6*Y, 75.0, 87.0), (12*Y, 77.0, 95.0), (NO_LIMIT, 78.0, 98.0)];
    RDW = "788-0" "Erythrocyte distribution width", "%" "%" 1 [(30, 14.0, 18.0), (NO_LIMIT, 11.5, 14.5)];
    PLT = "777-3" "Platelets", "10*3/uL" "10*3/uL" 0 [(30, 150.0, 450.0), (2*Y, 200.0, 550.0), (12*Y, 180.0, 450.0), (NO_LIMIT, 150.0, 400.0)];
    NEUT = "770-8" "Neutrophils/100 leukocytes", "%" "%" 0 [(30, 30.0, 65.0), (2*Y, 18.0, 48.0), (6*Y, 25.0, 60.0), (12*Y, 35.0, 65.0), (NO_LIMIT, 40.0, 70.0)];
    LYMPH = "736-9" "Lymphocytes/100 leukocytes", "%" "%" 0 [(30, 25.0, 60.0), (2*Y, 45.0, 75.0), (6*Y, 30.0, 65.0), (12*Y, 28.0, 55.0), (NO_LIMIT, 22.0, 50.0)];
    EOS = "713-8" "Eosinophils/100 leukocytes", "%" "%" 1 [(NO_LIMIT, 0.0, 6.0)];
    ANC = "751-8" "Neutrophils (absolute)", "10*3/uL" "10*3/uL" 2 [(30, 1.8, 9.5), (2*Y, 1.0, 8.5), (12*Y, 1.5, 8.0), (NO_LIMIT, 1.8, 8.0)];
    RETIC = "17849-1" "Reticulocytes/100 erythrocytes", "%" "%" 1 [(7, 3.0, 7.0), (NO_LIMIT, 0.5, 2.0)];

    SODIUM = "2951-2" "Sodium", "mmol/L" "mmol/L" 0 [(NO_LIMIT, 135.0, 145.0)];
    POTASSIUM = "2823-3" "Potassium", "mmol/L" "mmol/L" 1 [(30, 3.7, 5.9), (Y, 4.1, 5.3), (NO_LIMIT, 3.4, 4.7)];
    CHLORIDE = "2075-0" "Chloride", "mmol/L" "mmol/L" 0 [(NO_LIMIT, 98.0, 107.0)];
    CO2 = "2028-9" "Carbon dioxide, total", "mmol/L" "mmol/L" 0 [(Y, 18.0, 25.0), (NO_LIMIT, 20.0, 28.0)];
    BUN = "3094-0" "Urea nitrogen", "mg/dL" "mg/dL" 0 [(Y, 3.0, 17.0), (NO_LIMIT, 7.0, 18.0)];
    CREAT = "2160-0" "Creatinine", "mg/dL" "mg/dL" 2 [(30, 0.3, 1.0), (3*Y, 0.17, 0.42), (7*Y, 0.26, 0.5), (12*Y, 0.34, 0.65), (NO_LIMIT, 0.45, 0.95)];
    GLUCOSE = "2345-7" "Glucose", "mg/dL" "mg/dL" 0 [(7, 45.0, 100.0), (NO_LIMIT, 65.0, 110.0)];
    CALCIUM = "17861-6" "Calcium", "mg/dL" "mg/dL" 1 [(30, 8.5, 10.6), (2*Y, 9.0, 11.0), (NO_LIMIT, 8.8, 10.6)];
    PROTEIN = "2885-2" "Protein, total", "g/dL" "g/dL" 1 [(Y, 4.6, 7.3), (NO_LIMIT, 6.0, 8.0)];
    ALBUMIN = "1751-7" "Albumin", "g/dL" "g/dL" 1 [(Y, 2.8, 4.8), (NO_LIMIT, 3.6, 5.1)];
    BILI = "1975-2" "Bilirubin, total", "mg/dL" "mg/dL" 1 [(14, 0.0, 12.0), (NO_LIMIT, 0.1, 1.0)];
    BILI_DIRECT = "1968-7" "Bilirubin, direct", "mg/dL" "mg/dL" 1 [(NO_LIMIT, 0.0, 0.4)];
    ALP = "6768-6" "Alkaline phosphatase", "U/L" "U/L" 0 [(Y, 110.0, 400.0), (10*Y, 130.0, 320.0), (15*Y, 100.0, 420.0), (NO_LIMIT, 55.0, 170.0)];
    ALT = "1742-6" "Alanine aminotransferase", "U/L" "U/L" 0 [(Y, 5.0, 50.0), (NO_LIMIT, 5.0, 30.0)];
    AST = "1920-8" "Aspartate aminotransferase", "U/L" "U/L" 0 [(Y, 20.0, 65.0), (12*Y, 15.0, 45.0), (NO_LIMIT, 10.0, 36.0)];
    GGT = "2324-2" "Gamma glutamyl transferase", "U/L" "U/L" 0 [(180, 8.0, 120.0), (NO_LIMIT, 5.0, 24.0)];
    LIPASE = "3040-3" "Lipase", "U/L" "U/L" 0 [(NO_LIMIT, 4.0, 39.0)];
    MAGNESIUM = "19123-9" "Magnesium", "mg/dL" "mg/dL" 1 [(NO_LIMIT, 1.6, 2.4)];
    PHOSPHATE = "2777-1" "Phosphate", "mg/dL" "mg/dL" 1 [(Y, 4.2, 7.0), (12*Y, 3.7, 5.8), (NO_LIMIT, 2.9, 5.2)];
    URIC_ACID = "3084-1" "Uric acid", "mg/dL" "mg/dL" 1 [(12*Y, 1.7, 5.5), (NO_LIMIT, 2.5, 7.0)];
    LDH = "14804-9" "Lactate dehydrogenase", "U/L" "U/L" 0 [(2*Y, 180.0, 430.0), (12*Y, 160.0, 370.0), (NO_LIMIT, 105.0, 290.0)];
    LACTATE = "2524-7" "Lactate", "mmol/L" "mmol/L" 1 [(NO_LIMIT, 0.5, 2.2)];
    CRP = "1988-5" "C reactive protein", "mg/L" "mg/L" 1 [(NO_LIMIT, 0.0, 5.0)];
    PCT = "33959-8" "Procalcitonin", "ng/mL" "ng/mL" 2 [(NO_LIMIT, 0.0, 0.15)];
    ESR = "4537-7" "Erythrocyte sedimentation rate", "mm/h" "mm/h" 0 [(NO_LIMIT, 0.0, 20.0)];
    FERRITIN = "2276-4" "Ferritin", "ng/mL" "ng/mL" 0 [(Y, 12.0, 150.0), (15*Y, 12.0, 80.0), (NO_LIMIT, 12.0, 120.0)];
    IRON = "2498-4" "Iron", "ug/dL" "ug/dL" 0 [(NO_LIMIT, 40.0, 120.0)];
    VITAMIN_D = "1989-3" "25-hydroxyvitamin D3", "ng/mL" "ng/mL" 0 [(NO_LIMIT, 30.0, 80.0)];
    A1C = "4548-4" "Hemoglobin A1c", "%" "%" 1 [(NO_LIMIT, 4.0, 5.6)];
    TSH = "3016-3" "Thyrotropin", "mIU/L" "m[IU]/L" 2 [(30, 0.7, 11.0), (2*Y, 0.8, 6.3), (NO_LIMIT, 0.6, 4.8)];
    FT4 = "3024-7" "Thyroxine, free", "ng/dL" "ng/dL" 2 [(30, 0.9, 2.6), (NO_LIMIT, 0.9, 1.6)];
    TTG = "31017-7" "Tissue transglutaminase IgA", "U/mL" "U/mL" 0 [(NO_LIMIT, 0.0, 7.0)];
    IGA = "2458-8" "Immunoglobulin A", "mg/dL" "mg/dL" 0 [(3*Y, 10.0, 100.0), (10*Y, 30.0, 200.0), (NO_LIMIT, 60.0, 340.0)];
    CHOLESTEROL = "2093-3" "Cholesterol, total", "mg/dL" "mg/dL" 0 [(NO_LIMIT, 0.0, 170.0)];
    URINE_PC = "2890-2" "Protein/creatinine, urine", "mg/g" "mg/g{creat}" 0 [(2*Y, 0.0, 500.0), (NO_LIMIT, 0.0, 200.0)];
    URINE_AC = "9318-7" "Albumin/creatinine, urine", "mg/g" "mg/g{creat}" 0 [(NO_LIMIT, 0.0, 30.0)];
    CALPROTECTIN = "38445-3" "Calprotectin, stool", "ug/g" "ug/g" 0 [(4*Y, 0.0, 150.0), (NO_LIMIT, 0.0, 50.0)];
    NTPROBNP = "33762-6" "NT-proBNP", "pg/mL" "pg/mL" 0 [(Y, 0.0, 650.0), (NO_LIMIT, 0.0, 300.0)];
    INR = "6301-6" "INR", "" "{INR}" 1 [(NO_LIMIT, 0.9, 1.2)];
    VENOUS_PH = "2746-6" "pH, venous", "" "[pH]" 2 [(NO_LIMIT, 7.32, 7.42)];
    VENOUS_PCO2 = "2021-4" "pCO2, venous", "mmHg" "mm[Hg]" 0 [(NO_LIMIT, 38.0, 52.0)];
    HBF = "4576-5" "Hemoglobin F/total hemoglobin", "%" "%" 1 [(60, 40.0, 85.0), (2*Y, 0.0, 15.0), (NO_LIMIT, 0.0, 2.0)];
    VALPROATE = "4086-5" "Valproate", "ug/mL" "ug/mL" 0 [(NO_LIMIT, 50.0, 100.0)];
    LEVETIRACETAM = "30471-7" "Levetiracetam", "ug/mL" "ug/mL" 1 [(NO_LIMIT, 10.0, 40.0)];
    VANC_TROUGH = "4092-3" "Vancomycin, trough", "ug/mL" "ug/mL" 1 [(NO_LIMIT, 10.0, 20.0)];
    FEV1_PCT = "20152-5" "FEV1, percent of predicted", "%" "%" 0 [(NO_LIMIT, 80.0, 120.0)];
    LEAD = "5671-3" "Lead", "ug/dL" "ug/dL" 1 [(NO_LIMIT, 0.0, 3.5)];
}

findings! {
    BLOOD_CULTURE = "600-7" "Blood culture", "No growth at 5 days";
    URINE_CULTURE = "630-4" "Urine culture", "No growth";
    RESP_CULTURE = "6460-0" "Sputum culture", "Normal respiratory flora";
    THROAT_STREP = "78012-2" "Streptococcus pyogenes antigen, rapid", "Negative";
    FLU_A = "92142-9" "Influenza A RNA", "Not detected";
    FLU_B = "92141-1" "Influenza B RNA", "Not detected";
    RSV = "92131-2" "Respiratory syncytial virus RNA", "Not detected";
    SARS_COV_2 = "94500-6" "SARS-CoV-2 RNA", "Not detected";
    MYCOPLASMA = "29257-3" "Mycoplasma pneumoniae DNA", "Not detected";
    UA_LEUK = "5799-2" "Leukocyte esterase, urine", "Negative";
    UA_NITRITE = "5802-4" "Nitrite, urine", "Negative";
    UA_BLOOD = "5794-3" "Hemoglobin, urine", "Negative";
    UA_PROTEIN = "20454-5" "Protein, urine", "Negative";
    UA_KETONES = "2514-8" "Ketones, urine", "Negative";
    UA_GLUCOSE = "25428-4" "Glucose, urine", "Negative";
    NEWBORN_SCREEN = "54089-8" "Newborn screening panel", "In range";
    DAT = "1007-4" "Direct antiglobulin test", "Negative";
    BLOOD_GROUP = "882-1" "ABO and Rh group", "O positive";
    HCG = "2106-3" "Choriogonadotropin, urine", "Negative";
    CHLAMYDIA = "21613-5" "Chlamydia trachomatis DNA", "Not detected";
}

// Panels without a LOINC code of their own are reported as 11502-2, "Laboratory report".
panels! {
    CBC = "58410-2" "CBC panel" 55 [WBC, RBC, HGB, HCT, MCV, RDW, PLT];
    CBC_DIFF = "57021-8" "CBC with differential" 70 [WBC, RBC, HGB, HCT, MCV, RDW, PLT, NEUT, LYMPH, EOS, ANC];
    BMP = "51990-0" "Basic metabolic panel" 60 [SODIUM, POTASSIUM, CHLORIDE, CO2, BUN, CREAT, GLUCOSE, CALCIUM];
    CMP = "24323-8" "Comprehensive metabolic panel" 75 [SODIUM, POTASSIUM, CHLORIDE, CO2, BUN, CREAT, GLUCOSE, CALCIUM, PROTEIN, ALBUMIN, BILI, ALP, ALT, AST];
    LIVER = "24325-3" "Hepatic function panel" 75 [PROTEIN, ALBUMIN, BILI, BILI_DIRECT, ALP, ALT, AST];
    RENAL = "24362-6" "Renal function panel" 65 [SODIUM, POTASSIUM, CHLORIDE, CO2, BUN, CREAT, GLUCOSE, CALCIUM, PHOSPHATE, ALBUMIN];
    THYROID = "24348-5" "Thyroid function" 240 [TSH, FT4];
    URINALYSIS = "24356-8" "Urinalysis" 45 [UA_LEUK, UA_NITRITE, UA_BLOOD, UA_PROTEIN, UA_KETONES, UA_GLUCOSE];
    RESP_VIRUS = "95941-1" "Influenza A and B, RSV and SARS-CoV-2 RNA panel" 90 [FLU_A, FLU_B, RSV, SARS_COV_2];
    CELIAC = "11502-2" "Celiac disease panel" 2880 [TTG, IGA];
    TUMOR_LYSIS = "11502-2" "Tumor lysis panel" 80 [POTASSIUM, PHOSPHATE, CALCIUM, URIC_ACID, LDH, CREAT];
    VENOUS_GAS = "24339-4" "Venous blood gas" 12 [VENOUS_PH, VENOUS_PCO2, LACTATE];
    IRON_STUDIES = "50190-8" "Iron studies" 180 [IRON, FERRITIN];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check digit of a LOINC code (Luhn, mod 10, over the part before the hyphen).
    fn check_digit_is_right(loinc: &str) -> bool {
        let (number, check) = loinc.split_once('-').unwrap();
        let sum: u32 = number
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, byte)| {
                let digit = u32::from(byte - b'0') * if place % 2 == 0 { 2 } else { 1 };
                digit / 10 + digit % 10
            })
            .sum();
        (10 - sum % 10) % 10 == check.parse::<u32>().unwrap()
    }

    #[test]
    fn loinc_codes_have_right_check_digits() {
        for panel in PANELS {
            assert!(check_digit_is_right(panel.loinc), "{} {}", panel.loinc, panel.name);
            for test in panel.tests {
                assert!(check_digit_is_right(test.loinc), "{} {}", test.loinc, test.name);
            }
        }
        for test in TESTS.iter().chain(FINDINGS) {
            assert!(check_digit_is_right(test.loinc), "{} {}", test.loinc, test.name);
        }
    }

    #[test]
    fn ranges_rise_with_age_and_are_not_empty() {
        for test in TESTS {
            if let Scale::Number { ranges, .. } = test.scale {
                assert!(
                    ranges.windows(2).all(|pair| pair[0].until_days < pair[1].until_days),
                    "{}",
                    test.name
                );
                assert!(ranges.iter().all(|range| range.low < range.high), "{}", test.name);
            }
        }
    }
}
