//! What is to be forgotten of what the EHR said: because somebody who may say so says so, or because the EHR sent word of a
//! change. Declared here so that the database can pass it between nodes, and the cache and the PCP facts act on it, without
//! knowing each other.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::domain::ids::FhirId;
use crate::fhir::resource_type::ResourceType;

/// What is to be forgotten. Says nothing of what the EHR holds now: that is asked again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Forget {
    /// Everything.
    All,
    /// Every answer for or with a resource of this type.
    Type(ResourceType),
    /// Every answer with something of this patient in it, and whatever may be about anybody; PCP facts too.
    Patient(FhirId),
    /// Of these, the answers for or with a type.
    PatientType(FhirId, ResourceType),
    /// One resource: what holds it, and every search that could find it now and is known to be of the same patient or of
    /// anybody. A resource that no answer holds yet is better named by its patient and type.
    Resource(ResourceType, FhirId),
}

impl Forget {
    /// One resource; a Patient is the whole of what is kept of that patient.
    pub fn resource(resource_type: ResourceType, id: FhirId) -> Self {
        match resource_type {
            ResourceType::Patient => Self::Patient(id),
            _ => Self::Resource(resource_type, id),
        }
    }

    /// Reads the form in which it is written: `*`, `Observation`, `Patient/1`, `Patient/1/Observation`, `Observation/1`. `None`
    /// when it is none of these, or names a type that does not exist here.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let first = match parts.next()? {
            "*" => return parts.next().is_none().then_some(Self::All),
            name => ResourceType::parse(name)?,
        };
        let id = parts.next().map(FhirId::parse).transpose().ok()?;
        let within = parts.next().map(|name| ResourceType::parse(name).ok_or(())).transpose().ok()?;
        match (id, within, parts.next()) {
            (None, None, None) => Some(Self::Type(first)),
            (Some(id), None, None) => Some(Self::resource(first, id)),
            (Some(id), Some(within), None) if first == ResourceType::Patient => {
                Some(Self::PatientType(id, within))
            }
            _ => None,
        }
    }

    /// The patient whom it is about, if it is about one.
    pub const fn patient(&self) -> Option<&FhirId> {
        match self {
            Self::Patient(patient) | Self::PatientType(patient, _) => Some(patient),
            Self::All | Self::Type(_) | Self::Resource(..) => None,
        }
    }

    /// What kind of purge it is, for counts and logs: never whose.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Type(_) => "type",
            Self::Patient(_) => "patient",
            Self::PatientType(..) => "patient_type",
            Self::Resource(..) => "resource",
        }
    }
}

impl fmt::Display for Forget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Type(resource_type) => write!(f, "{resource_type}"),
            Self::Patient(patient) => write!(f, "Patient/{patient}"),
            Self::PatientType(patient, resource_type) => write!(f, "Patient/{patient}/{resource_type}"),
            Self::Resource(resource_type, id) => write!(f, "{resource_type}/{id}"),
        }
    }
}

/// Something that holds what the EHR said.
pub trait Forgets: Send + Sync {
    /// Forgets. When it returns, nothing of it is used any more, nor will an answer of the EHR that was under way be kept.
    fn forget<'a>(&'a self, what: &'a [Forget]) -> BoxFuture<'a, ()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_read_back() {
        for text in ["*", "Observation", "Patient/1", "Patient/1/Observation", "Observation/a.b-c"] {
            assert_eq!(Forget::parse(text).unwrap().to_string(), text);
        }
        let id = FhirId::parse("1").unwrap();
        assert_eq!(Forget::resource(ResourceType::Patient, id.clone()), Forget::Patient(id));
        for wrong in [
            "",
            "**",
            "*/1",
            "Nothing",
            "Patient/",
            "Patient/1/",
            "Patient/1/Nothing",
            "Observation/1/Patient",
            "Patient/a b",
            "Patient/1/Observation/2",
            "/Patient",
        ] {
            assert_eq!(Forget::parse(wrong), None, "{wrong}");
        }
    }
}
