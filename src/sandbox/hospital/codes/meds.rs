//! Medicines. The RxNorm concept is the ingredient; the product and strength that were ordered stand in the text.

/// How a medicine is given (SNOMED CT).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// By mouth.
    Oral,
    /// Breathed in.
    Inhaled,
    /// Into a vein.
    Intravenous,
    /// Under the skin.
    Subcutaneous,
    /// Into a muscle.
    Intramuscular,
    /// On the skin.
    Topical,
    /// Into the nose.
    Nasal,
    /// Through a gastrostomy.
    Gastrostomy,
    /// Into the rectum.
    Rectal,
}

impl Route {
    /// SNOMED CT code and words.
    pub const fn coded(self) -> (&'static str, &'static str) {
        match self {
            Self::Oral => ("26643006", "Oral route"),
            Self::Inhaled => ("447694001", "Respiratory tract route"),
            Self::Intravenous => ("47625008", "Intravenous route"),
            Self::Subcutaneous => ("34206005", "Subcutaneous route"),
            Self::Intramuscular => ("78421000", "Intramuscular route"),
            Self::Topical => ("6064005", "Topical route"),
            Self::Nasal => ("46713006", "Nasal route"),
            Self::Gastrostomy => ("127490009", "Gastrostomy route"),
            Self::Rectal => ("37161004", "Rectal route"),
        }
    }
}

/// A medicine as stocked.
#[derive(Debug)]
pub struct Drug {
    /// `RxNorm` concept of the ingredient (or fixed combination); empty where words have to do.
    pub rxcui: &'static str,
    /// Its name.
    pub ingredient: &'static str,
    /// Product, strength and form, as ordered.
    pub product: &'static str,
    /// How it is given.
    pub route: Route,
}

macro_rules! drugs {
    ($($ident:ident = $rx:literal $name:literal, $product:literal $route:ident;)+) => {
        $(#[doc = $product] pub static $ident: Drug = Drug {
            rxcui: $rx, ingredient: $name, product: $product, route: Route::$route,
        };)+
        /// The hospital's formulary.
        pub static FORMULARY: &[&Drug] = &[$(&$ident),+];
    };
}

drugs! {
    ALBUTEROL_MDI = "435" "albuterol", "albuterol 90 mcg/actuation HFA inhaler" Inhaled;
    ALBUTEROL_NEB = "435" "albuterol", "albuterol 2.5 mg/3 mL nebulizer solution" Inhaled;
    FLUTICASONE = "41126" "fluticasone", "fluticasone 44 mcg/actuation HFA inhaler" Inhaled;
    FLUTICASONE_110 = "41126" "fluticasone", "fluticasone 110 mcg/actuation HFA inhaler" Inhaled;
    FLUTICASONE_NASAL = "41126" "fluticasone", "fluticasone 50 mcg/spray nasal spray" Nasal;
    MONTELUKAST = "88249" "montelukast", "montelukast 4 mg chewable tablet" Oral;
    PREDNISOLONE = "8638" "prednisolone", "prednisolone 15 mg/5 mL oral solution" Oral;
    PREDNISONE = "8640" "prednisone", "prednisone 20 mg tablet" Oral;
    DEXAMETHASONE = "3264" "dexamethasone", "dexamethasone 1 mg/mL oral solution" Oral;
    AMOXICILLIN = "723" "amoxicillin", "amoxicillin 400 mg/5 mL oral suspension" Oral;
    AMOX_CLAV = "19711" "amoxicillin / clavulanate", "amoxicillin-clavulanate 600 mg-42.9 mg/5 mL oral suspension" Oral;
    AZITHROMYCIN = "18631" "azithromycin", "azithromycin 200 mg/5 mL oral suspension" Oral;
    AZITHROMYCIN_TAB = "18631" "azithromycin", "azithromycin 500 mg tablet" Oral;
    CEFDINIR = "25037" "cefdinir", "cefdinir 250 mg/5 mL oral suspension" Oral;
    CEPHALEXIN = "2231" "cephalexin", "cephalexin 250 mg/5 mL oral suspension" Oral;
    CEFTRIAXONE = "2193" "ceftriaxone", "ceftriaxone injection" Intravenous;
    CEFEPIME = "20481" "cefepime", "cefepime injection" Intravenous;
    VANCOMYCIN = "11124" "vancomycin", "vancomycin injection" Intravenous;
    AMPICILLIN = "733" "ampicillin", "ampicillin injection" Intravenous;
    PIP_TAZO = "74169" "piperacillin / tazobactam", "piperacillin-tazobactam injection" Intravenous;
    OSELTAMIVIR = "260101" "oseltamivir", "oseltamivir 6 mg/mL oral suspension" Oral;
    DOXYCYCLINE = "3640" "doxycycline", "doxycycline hyclate 100 mg tablet" Oral;
    IBUPROFEN = "5640" "ibuprofen", "ibuprofen 100 mg/5 mL oral suspension" Oral;
    ACETAMINOPHEN = "161" "acetaminophen", "acetaminophen 160 mg/5 mL oral suspension" Oral;
    ONDANSETRON = "26225" "ondansetron", "ondansetron 4 mg orally disintegrating tablet" Oral;
    MORPHINE = "7052" "morphine", "morphine injection" Intravenous;
    OXYCODONE = "7804" "oxycodone", "oxycodone 5 mg/5 mL oral solution" Oral;
    KETOROLAC = "35827" "ketorolac", "ketorolac injection" Intravenous;
    GLARGINE = "274783" "insulin glargine", "insulin glargine 100 units/mL pen" Subcutaneous;
    LISPRO = "86009" "insulin lispro", "insulin lispro 100 units/mL" Subcutaneous;
    GLUCAGON = "4832" "glucagon", "glucagon 3 mg nasal powder" Nasal;
    LEVOTHYROXINE = "10582" "levothyroxine", "levothyroxine 50 mcg tablet" Oral;
    VINCRISTINE = "11202" "vincristine", "vincristine injection" Intravenous;
    MERCAPTOPURINE = "103" "mercaptopurine", "mercaptopurine 20 mg/mL oral suspension" Oral;
    METHOTREXATE = "6851" "methotrexate", "methotrexate 2.5 mg tablet" Oral;
    PEGASPARGASE = "34132" "pegaspargase", "pegaspargase injection" Intravenous;
    TMP_SMX = "10831" "sulfamethoxazole / trimethoprim", "sulfamethoxazole-trimethoprim 200 mg-40 mg/5 mL oral suspension" Oral;
    HYDROXYUREA = "5552" "hydroxyurea", "hydroxyurea 300 mg capsule" Oral;
    PENICILLIN_V = "7984" "penicillin V", "penicillin V potassium 250 mg/5 mL oral solution" Oral;
    FOLIC_ACID = "4511" "folic acid", "folic acid 1 mg tablet" Oral;
    FERROUS_SULFATE = "24947" "ferrous sulfate", "ferrous sulfate 15 mg iron/mL oral drops" Oral;
    VITAMIN_D = "2418" "cholecalciferol", "cholecalciferol 400 units/mL oral drops" Oral;
    DORNASE = "337623" "dornase alfa", "dornase alfa 2.5 mg/2.5 mL nebulizer solution" Inhaled;
    HYPERTONIC_SALINE = "9863" "sodium chloride", "sodium chloride 7 % nebulizer solution" Inhaled;
    TOBRAMYCIN_NEB = "10627" "tobramycin", "tobramycin 300 mg/5 mL nebulizer solution" Inhaled;
    PANCRELIPASE = "" "pancrelipase", "pancrelipase delayed-release 12,000 unit capsule" Oral;
    FUROSEMIDE = "4603" "furosemide", "furosemide 10 mg/mL oral solution" Oral;
    ENALAPRIL = "3827" "enalapril", "enalapril 1 mg/mL oral solution" Oral;
    PROPRANOLOL = "8787" "propranolol", "propranolol 20 mg/5 mL oral solution" Oral;
    ASPIRIN = "1191" "aspirin", "aspirin 81 mg chewable tablet" Oral;
    AMLODIPINE = "17767" "amlodipine", "amlodipine 1 mg/mL oral suspension" Oral;
    LEVETIRACETAM = "114477" "levetiracetam", "levetiracetam 100 mg/mL oral solution" Oral;
    VALPROATE = "40254" "valproate", "valproic acid 250 mg/5 mL oral solution" Oral;
    CLOBAZAM = "21241" "clobazam", "clobazam 2.5 mg/mL oral suspension" Oral;
    DIAZEPAM_RECTAL = "3322" "diazepam", "diazepam rectal gel" Rectal;
    MIDAZOLAM_NASAL = "6960" "midazolam", "midazolam 5 mg nasal spray" Nasal;
    BACLOFEN = "1292" "baclofen", "baclofen 5 mg/mL oral suspension" Gastrostomy;
    GLYCOPYRROLATE = "4955" "glycopyrrolate", "glycopyrrolate 1 mg/5 mL oral solution" Gastrostomy;
    PEG_3350 = "221147" "polyethylene glycol 3350", "polyethylene glycol 3350 powder" Oral;
    OMEPRAZOLE = "7646" "omeprazole", "omeprazole 2 mg/mL oral suspension" Oral;
    FAMOTIDINE = "4278" "famotidine", "famotidine 40 mg/5 mL oral suspension" Oral;
    METHYLPHENIDATE = "6901" "methylphenidate", "methylphenidate extended-release 18 mg tablet" Oral;
    GUANFACINE = "40114" "guanfacine", "guanfacine extended-release 1 mg tablet" Oral;
    FLUOXETINE = "4493" "fluoxetine", "fluoxetine 10 mg capsule" Oral;
    SERTRALINE = "36437" "sertraline", "sertraline 50 mg tablet" Oral;
    HYDROXYZINE = "5553" "hydroxyzine", "hydroxyzine 10 mg tablet" Oral;
    ETONOGESTREL = "14584" "etonogestrel", "etonogestrel 68 mg subdermal implant" Subcutaneous;
    INFLIXIMAB = "191831" "infliximab", "infliximab infusion" Intravenous;
    AZATHIOPRINE = "1256" "azathioprine", "azathioprine 50 mg tablet" Oral;
    ADALIMUMAB = "327361" "adalimumab", "adalimumab 40 mg/0.4 mL pen" Subcutaneous;
    CETIRIZINE = "20610" "cetirizine", "cetirizine 1 mg/mL oral solution" Oral;
    EPINEPHRINE = "3992" "epinephrine", "epinephrine 0.15 mg auto-injector" Intramuscular;
    HYDROCORTISONE_CREAM = "5492" "hydrocortisone", "hydrocortisone 2.5 % cream" Topical;
    TRIAMCINOLONE = "10759" "triamcinolone", "triamcinolone 0.1 % ointment" Topical;
    BUDESONIDE_NEB = "19831" "budesonide", "budesonide 0.5 mg/2 mL nebulizer suspension" Inhaled;
    SUMATRIPTAN = "37418" "sumatriptan", "sumatriptan 25 mg tablet" Oral;
    TOPIRAMATE = "38404" "topiramate", "topiramate 25 mg tablet" Oral;
    NAPROXEN = "7258" "naproxen", "naproxen 125 mg/5 mL oral suspension" Oral;
    HEPARIN_FLUSH = "5224" "heparin", "heparin 10 units/mL flush" Intravenous;
}

/// A substance to which a child may react.
#[derive(Debug)]
pub struct Allergen {
    /// Code system.
    pub system: &'static str,
    /// Code.
    pub code: &'static str,
    /// Words.
    pub name: &'static str,
    /// FHIR `AllergyIntolerance.category`.
    pub category: &'static str,
}

macro_rules! allergens {
    ($($ident:ident = $system:ident $code:literal $name:literal $category:literal;)+) => {
        $(#[doc = $name] pub static $ident: Allergen = Allergen {
            system: super::super::json::$system, code: $code, name: $name, category: $category,
        };)+
    };
}

allergens! {
    PENICILLIN = RXNORM "7980" "penicillin G" "medication";
    AMOXICILLIN_ALLERGY = RXNORM "723" "amoxicillin" "medication";
    SULFA = RXNORM "10831" "sulfamethoxazole / trimethoprim" "medication";
    PEGASPARGASE_ALLERGY = RXNORM "34132" "pegaspargase" "medication";
    CEFACLOR = RXNORM "2176" "cefaclor" "medication";
    PEANUT = SNOMED "762952008" "Peanut" "food";
    EGG = SNOMED "102263004" "Eggs" "food";
    MILK = SNOMED "3718001" "Cow's milk" "food";
    TREE_NUT = SNOMED "13577000" "Tree nuts" "food";
    LATEX = SNOMED "111088007" "Latex" "environment";
    CAT = SNOMED "260152009" "Cat dander" "environment";
    DUST_MITE = SNOMED "260147004" "House dust mite" "environment";
}
