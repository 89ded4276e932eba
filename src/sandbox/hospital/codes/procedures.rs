//! Procedures, coded in SNOMED CT.

/// A procedure.
#[derive(Debug)]
pub struct Proc {
    /// SNOMED CT concept.
    pub snomed: &'static str,
    /// What a clinician calls it.
    pub name: &'static str,
}

macro_rules! procedures {
    ($($ident:ident = $snomed:literal $name:literal;)+) => {
        $(#[doc = $name] pub static $ident: Proc = Proc { snomed: $snomed, name: $name };)+
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
    TOF_REPAIR = "174920005" "Complete repair of tetralogy of Fallot";
    PHOTOTHERAPY = "31394004" "Phototherapy";
    SPIROMETRY = "127783003" "Spirometry";
    CLOSED_REDUCTION = "179097006" "Closed reduction of fracture";
    CAST = "43823003" "Application of cast";
    TONSILLECTOMY = "119954001" "Tonsillectomy and adenoidectomy";
    MYRINGOTOMY = "172676009" "Myringotomy with insertion of ventilation tube";
    GASTROSTOMY_CHANGE = "235214004" "Replacement of gastrostomy tube";
    TRANSFUSION = "116863004" "Transfusion of red blood cells";
    SUTURE = "18557009" "Suture of laceration";
    ULTRASOUND_RENAL = "306005" "Ultrasonography of kidney";
    BOTOX = "404909007" "Injection of botulinum toxin";
    HIGH_FLOW = "426854004" "High flow oxygen therapy";
    NEBULIZER = "56251003" "Nebulizer therapy";
    IV_FLUIDS = "103743007" "Intravenous fluid therapy";
    HEARING = "417491009" "Neonatal hearing test";
    ULTRASOUND_ABDOMEN = "45036003" "Ultrasonography of abdomen";
    MRI_BRAIN = "816077007" "Magnetic resonance imaging of brain";
    TCD = "426420006" "Transcranial Doppler ultrasonography";
}
