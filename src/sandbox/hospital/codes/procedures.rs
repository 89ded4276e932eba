//! Procedures, coded in SNOMED CT.

/// A procedure.
#[derive(Debug)]
pub struct Proc {
    /// SNOMED CT concept; empty where words have to do.
    pub snomed: &'static str,
    /// What a clinician calls it.
    pub name: &'static str,
}

macro_rules! procedures {
    ($($ident:ident = $snomed:literal $name:literal;)+) => {
        $(#[doc = $name] pub static $ident: Proc = Proc { snomed: $snomed, name: $name };)+
        /// Every procedure.
        pub static ALL: &[&Proc] = &[$(&$ident),+];
    };
}

procedures! {
    CHEST_XRAY = "399208008" "Plain chest X-ray";
    APPENDECTOMY = "174041007" "Laparoscopic emergency appendectomy";
    LUMBAR_PUNCTURE = "277762005" "Lumbar puncture";
    BONE_MARROW = "14766002" "Aspiration of bone marrow";
    PORT_INSERTION = "233527006" "Insertion of central venous catheter with port";
    ECHO = "40701008" "Echocardiography";
    EEG = "54550000" "Electroencephalogram";
    COLONOSCOPY = "73761001" "Colonoscopy";
    UPPER_ENDOSCOPY = "76009000" "Esophagogastroduodenoscopy";
    TOF_REPAIR = "64915003" "Operation on heart";
    PHOTOTHERAPY = "31394004" "Phototherapy";
    SPIROMETRY = "127783003" "Spirometry";
    CLOSED_REDUCTION = "" "Closed reduction of fracture";
    CAST = "274474001" "Bone immobilization";
    GASTROSTOMY_CHANGE = "" "Replacement of gastrostomy tube";
    TRANSFUSION = "116863004" "Transfusion of red blood cells";
    SUTURE = "288086009" "Suture open wound";
    ULTRASOUND_RENAL = "306005" "Ultrasonography of kidney";
    BOTOX = "404909007" "Injection of botulinum toxin";
    HIGH_FLOW = "371907003" "Oxygen administration by nasal cannula";
    IV_FLUIDS = "14152002" "Intravenous infusion";
    HEARING = "417491009" "Neonatal hearing test";
    ULTRASOUND_ABDOMEN = "45036003" "Ultrasonography of abdomen";
    TCD = "16310003" "Ultrasonography";
}
