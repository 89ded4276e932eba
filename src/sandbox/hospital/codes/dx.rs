//! Diagnoses, coded in SNOMED CT and ICD-10-CM.

/// A diagnosis.
#[derive(Debug)]
pub struct Dx {
    /// SNOMED CT concept; empty where only ICD-10-CM says it.
    pub snomed: &'static str,
    /// ICD-10-CM code.
    pub icd10: &'static str,
    /// What a clinician calls it.
    pub name: &'static str,
}

macro_rules! diagnoses {
    ($($ident:ident = $snomed:literal $icd:literal $name:literal;)+) => {
        $(#[doc = $name] pub static $ident: Dx = Dx { snomed: $snomed, icd10: $icd, name: $name };)+
        /// Every diagnosis.
        pub static ALL: &[&Dx] = &[$(&$ident),+];
    };
}

diagnoses! {
    ASTHMA_MODERATE = "427295004" "J45.40" "Moderate persistent asthma";
    ASTHMA_MILD = "426979002" "J45.30" "Mild persistent asthma";
    ASTHMA_EXACERBATION = "708038006" "J45.41" "Asthma with acute exacerbation";
    PNEUMONIA = "385093006" "J18.9" "Community acquired pneumonia";
    BRONCHIOLITIS_RSV = "57089007" "J21.0" "Bronchiolitis due to respiratory syncytial virus";
    BRONCHIOLITIS = "4120002" "J21.9" "Bronchiolitis";
    CROUP = "71186008" "J05.0" "Croup";
    HYPOXEMIA = "389087006" "R09.02" "Hypoxemia";
    INFLUENZA = "6142004" "J10.1" "Influenza";
    OTITIS_MEDIA = "3110003" "H66.90" "Acute otitis media";
    STREP_THROAT = "43878008" "J02.0" "Streptococcal pharyngitis";
    FEBRILE_SEIZURE = "41497008" "R56.00" "Simple febrile seizure";
    FEVER = "386661006" "R50.9" "Fever";
    GASTROENTERITIS = "25374005" "A09" "Acute gastroenteritis";
    DEHYDRATION = "34095006" "E86.0" "Dehydration";
    APPENDICITIS = "85189001" "K35.80" "Acute appendicitis";
    UTI = "68566005" "N39.0" "Urinary tract infection";
    PYELONEPHRITIS = "45816000" "N10" "Acute pyelonephritis";
    CELLULITIS = "128045006" "L03.90" "Cellulitis";
    KAWASAKI = "75053002" "M30.3" "Kawasaki disease";
    FOREARM_FRACTURE = "65966004" "S52.90XA" "Fracture of forearm";
    CONCUSSION = "110030002" "S06.0X0A" "Concussion without loss of consciousness";
    LACERATION = "312608009" "S01.81XA" "Laceration of face";
    HYPERBILIRUBINEMIA = "387712008" "P59.9" "Neonatal jaundice";
    LATE_PRETERM = "395507008" "P07.38" "Preterm infant, 35 completed weeks";
    PREMATURE_33 = "771299009" "P07.36" "Preterm infant, 33 completed weeks";
    SINGLE_LIVEBORN = "442311008" "Z38.00" "Single liveborn infant, delivered vaginally";
    GERD = "235595009" "K21.9" "Gastroesophageal reflux disease";
    T1DM = "46635009" "E10.9" "Type 1 diabetes mellitus";
    DKA = "420270002" "E10.10" "Diabetic ketoacidosis without coma, type 1 diabetes";
    HYPOTHYROID = "40930008" "E03.9" "Hypothyroidism";
    AUTOIMMUNE_THYROIDITIS = "66944004" "E06.3" "Autoimmune thyroiditis";
    GROWTH_DELAY = "367460001" "R62.51" "Failure to thrive";
    OBESITY = "414916001" "E66.9" "Obesity";
    ALL_B = "277571004" "C91.01" "B-cell acute lymphoblastic leukemia";
    FEBRILE_NEUTROPENIA = "409089005" "D70.9" "Febrile neutropenia";
    IRON_DEFICIENCY = "87522002" "D50.9" "Iron deficiency anemia";
    SICKLE_CELL = "417357006" "D57.1" "Sickle cell disease (Hb SS)";
    VASO_OCCLUSIVE = "417425009" "D57.00" "Sickle cell disease with vaso-occlusive pain";
    ACUTE_CHEST = "372146004" "D57.01" "Acute chest syndrome";
    ITP = "32273002" "D69.3" "Immune thrombocytopenia";
    CYSTIC_FIBROSIS = "190905008" "E84.0" "Cystic fibrosis with pulmonary manifestations";
    PANCREATIC_INSUFFICIENCY = "47367009" "K86.81" "Exocrine pancreatic insufficiency";
    TOF = "86299006" "Q21.3" "Tetralogy of Fallot";
    VSD = "30288003" "Q21.0" "Ventricular septal defect";
    MURMUR = "88610006" "R01.1" "Heart murmur";
    PULMONARY_REGURGITATION = "91434003" "I37.1" "Pulmonary valve regurgitation";
    SVT = "6456007" "I47.10" "Supraventricular tachycardia";
    EPILEPSY = "84757009" "G40.909" "Epilepsy";
    EPILEPSY_GENERALIZED = "19598007" "G40.309" "Generalized epilepsy";
    MIGRAINE = "37796009" "G43.909" "Migraine";
    CEREBRAL_PALSY = "128188000" "G80.0" "Spastic quadriplegic cerebral palsy";
    DYSPHAGIA = "40739000" "R13.10" "Dysphagia";
    GASTROSTOMY = "" "Z93.1" "Gastrostomy present";
    SPASTICITY = "221360009" "R25.2" "Spasticity";
    SCOLIOSIS_NM = "203662005" "M41.40" "Neuromuscular scoliosis";
    SCOLIOSIS = "203646004" "M41.129" "Adolescent idiopathic scoliosis";
    ADHD = "406506008" "F90.9" "Attention deficit hyperactivity disorder";
    AUTISM = "35919005" "F84.0" "Autism spectrum disorder";
    DEPRESSION = "370143000" "F32.1" "Major depressive disorder, moderate";
    ANXIETY = "21897009" "F41.1" "Generalized anxiety disorder";
    SUICIDAL_IDEATION = "6471006" "R45.851" "Suicidal ideation";
    CONTRACEPTION = "13197004" "Z30.09" "Contraception counselling";
    CHLAMYDIA = "240589008" "A56.01" "Chlamydial infection of genital tract";
    CELIAC = "396331005" "K90.0" "Celiac disease";
    CROHN = "34000006" "K50.90" "Crohn disease";
    CONSTIPATION = "14760008" "K59.00" "Constipation";
    EOE = "235599003" "K20.0" "Eosinophilic esophagitis";
    NEPHROTIC = "52254009" "N04.9" "Nephrotic syndrome";
    HYPERTENSION = "38341003" "I10" "Hypertension";
    VUR = "197811007" "N13.70" "Vesicoureteral reflux";
    HYDRONEPHROSIS = "43064006" "N13.30" "Hydronephrosis";
    ATOPIC_DERMATITIS = "24079001" "L20.9" "Atopic dermatitis";
    ALLERGIC_RHINITIS = "61582004" "J30.9" "Allergic rhinitis";
    FOOD_ALLERGY = "414285001" "Z91.018" "Food allergy";
    ANAPHYLAXIS = "39579001" "T78.2XXA" "Anaphylaxis";
    OSA = "78275009" "G47.33" "Obstructive sleep apnea";
    BPD = "67569000" "P27.1" "Bronchopulmonary dysplasia";
    VITAMIN_D_DEFICIENCY = "34713006" "E55.9" "Vitamin D deficiency";
    WELL_CHILD = "410620009" "Z00.129" "Routine child health examination";
    JIA = "410502007" "M08.00" "Juvenile idiopathic arthritis";
    STRABISMUS = "22066006" "H50.9" "Strabismus";
}

#[cfg(test)]
mod tests {
    use super::super::procedures;
    use super::*;

    const TURN: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const SHUFFLE: [[u8; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];

    /// The check digit of a SNOMED CT identifier (Verhoeff).
    fn check_digit_is_right(concept: &str) -> bool {
        let digits = concept.bytes().rev().map(|byte| usize::from(byte - b'0')).enumerate();
        digits.fold(0, |sum, (place, digit)| TURN[usize::from(sum)][usize::from(SHUFFLE[place % 8][digit])])
            == 0
    }

    #[test]
    fn snomed_concepts_have_right_check_digits() {
        assert!(!check_digit_is_right("34000007"));
        let concepts = ALL.iter().map(|dx| (dx.snomed, dx.name));
        for (concept, name) in concepts.chain(procedures::ALL.iter().map(|p| (p.snomed, p.name))) {
            assert!(concept.is_empty() || check_digit_is_right(concept), "{concept} {name}");
        }
    }
}
