//! The paths of `fhir-profiles` (R4 patient compartment, categories, referrers) as a tree of keys for each type, so that one
//! forward pass over a resource meets them all.

use std::sync::LazyLock;

use fhir_profiles::compartment::{TypePaths, paths};

use super::resource_type::ResourceType;

/// What an element means to the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `resourceType`.
    TypeName,
    /// `id`.
    Id,
    /// `meta.versionId`.
    Version,
    /// A Coding in `meta.security`.
    Label,
    /// Reference to whose record it is.
    Owner,
    /// Reference that may name a further patient.
    Also,
    /// Category as `CodeableConcept`.
    Concept,
    /// Category as Coding.
    Coding,
    /// Category as code.
    Code,
    /// Reference to a Medication.
    Medication,
    /// Attachment.
    Attachment,
    /// Reference to what a Provenance is about.
    Target,
    /// Contained resources, each with a tree of its own.
    Contained,
}

/// A key of an object and what is below it.
#[derive(Debug)]
pub struct Step {
    /// The key.
    pub key: String,
    /// What the element itself means; `None` for one that is only on the way.
    pub role: Option<Role>,
    /// The keys below.
    pub below: Vec<Step>,
}

/// What to look at in resources of one type.
#[derive(Debug, Default)]
pub struct Plan {
    /// The top-level keys.
    pub steps: Vec<Step>,
    /// The resource is a patient.
    pub itself: bool,
}

static PLANS: LazyLock<Vec<Option<Plan>>> = LazyLock::new(|| {
    let plan = |kind: &ResourceType| paths().get(kind.as_str()).map(Plan::of);
    ResourceType::ALL.iter().map(plan).collect()
});

static CONTAINED: LazyLock<Vec<Step>> = LazyLock::new(|| {
    let mut steps = Vec::new();
    for (path, role) in [
        ("resourceType", Role::TypeName),
        ("id", Role::Id),
        ("meta.security", Role::Label),
        ("subject", Role::Also),
        ("patient", Role::Also),
    ] {
        grow(&mut steps, path, role);
    }
    steps
});

/// The plan of a type; `None` when it has no definition, and then nothing of it can be judged.
pub fn plan(resource_type: ResourceType) -> Option<&'static Plan> {
    PLANS.get(resource_type as usize)?.as_ref()
}

/// What to look at in a contained resource of any type.
pub fn contained() -> &'static [Step] {
    &CONTAINED
}

impl Plan {
    fn of(paths: &TypePaths) -> Self {
        let mut steps = Vec::new();
        for (path, role) in [
            ("resourceType", Role::TypeName),
            ("id", Role::Id),
            ("meta.versionId", Role::Version),
            ("meta.security", Role::Label),
            ("contained", Role::Contained),
        ] {
            grow(&mut steps, path, role);
        }
        for (group, role) in [
            (&paths.owner, Role::Owner),
            (&paths.also, Role::Also),
            (&paths.concept, Role::Concept),
            (&paths.coding, Role::Coding),
            (&paths.code, Role::Code),
            (&paths.medication, Role::Medication),
            (&paths.attachment, Role::Attachment),
            (&paths.target, Role::Target),
        ] {
            for path in group {
                grow(&mut steps, path, role);
            }
        }
        Self { steps, itself: paths.itself }
    }
}

fn grow(steps: &mut Vec<Step>, path: &str, role: Role) {
    let (key, rest) = path.split_once('.').map_or((path, None), |(key, rest)| (key, Some(rest)));
    let index = steps.iter().position(|step| step.key == key).unwrap_or_else(|| {
        steps.push(Step { key: key.to_owned(), role: None, below: Vec::new() });
        steps.len() - 1
    });
    let Some(step) = steps.get_mut(index) else { return };
    match rest {
        Some(rest) => grow(&mut step.below, rest, role),
        None => step.role = Some(role),
    }
}

#[cfg(test)]
mod tests {
    use crate::fhir::resource_type::Judgement;

    use super::*;

    fn has(steps: &[Step], role: Role) -> bool {
        steps.iter().any(|step| step.role == Some(role) || has(&step.below, role))
    }

    #[test]
    fn every_type_has_a_plan_that_fits_how_it_is_judged() {
        for kind in ResourceType::ALL {
            let plan = plan(*kind).unwrap_or_else(|| panic!("{kind} has no definition"));
            let owned = plan.itself || has(&plan.steps, Role::Owner);
            assert_eq!(owned, kind.judgement() == Judgement::Patient, "{kind}");
            assert_eq!(has(&plan.steps, Role::Target), *kind == ResourceType::Provenance, "{kind}");
        }
        assert_eq!(paths().len(), ResourceType::ALL.len(), "no definition without a type");
    }
}
