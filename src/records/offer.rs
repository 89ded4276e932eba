//! What can be asked at all: the product's tables less what the EHR does not declare.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use fhir_profiles::search_table::Abilities;

use crate::ehr::EhrCapabilities;
use crate::fhir::resource_type::ResourceType;
use crate::fhir::search::Rules;

type Source = Box<dyn Fn() -> Arc<EhrCapabilities> + Send + Sync>;

/// The rules in force; made anew whenever the EHR says something else.
pub struct Offer {
    base: String,
    source: Source,
    made: ArcSwapOption<(Arc<EhrCapabilities>, Arc<Rules>)>,
}

impl Offer {
    /// The offer of the facade at `base`, with what `source` says that the EHR can do at the moment
    /// ([`Ehr::capabilities`](crate::ehr::Ehr::capabilities)).
    pub fn new(base: &str, source: impl Fn() -> Arc<EhrCapabilities> + Send + Sync + 'static) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { base, source: Box::new(source), made: ArcSwapOption::empty() }
    }

    /// The facade's base URL without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The rules in force.
    pub fn rules(&self) -> Arc<Rules> {
        let said = (self.source)();
        if let Some(made) = &*self.made.load()
            && Arc::ptr_eq(&made.0, &said)
        {
            return made.1.clone();
        }
        let rules = Arc::new(Rules::new(&Said(&said), &self.base));
        self.made.store(Some(Arc::new((said, rules.clone()))));
        rules
    }
}

struct Said<'a>(&'a EhrCapabilities);

impl Said<'_> {
    fn ask(resource_type: &str, question: impl Fn(ResourceType) -> bool) -> bool {
        ResourceType::parse(resource_type).is_some_and(question)
    }
}

impl Abilities for Said<'_> {
    fn reads(&self, resource_type: &str) -> bool {
        Self::ask(resource_type, |resource_type| self.0.reads(resource_type))
    }

    fn vreads(&self, resource_type: &str) -> bool {
        Self::ask(resource_type, |resource_type| self.0.vreads(resource_type))
    }

    fn histories(&self, resource_type: &str) -> bool {
        Self::ask(resource_type, |resource_type| self.0.histories(resource_type))
    }

    fn searches(&self, resource_type: &str) -> bool {
        Self::ask(resource_type, |resource_type| self.0.searches(resource_type))
    }

    fn has_parameter(&self, resource_type: &str, parameter: &str) -> bool {
        Self::ask(resource_type, |resource_type| self.0.has_parameter(resource_type, parameter))
    }

    fn lists_panels(&self) -> bool {
        self.0.lists_panels()
    }

    fn has_include(&self, resource_type: &str, value: &str) -> bool {
        Self::ask(resource_type, |resource_type| self.0.has_include(resource_type, value))
    }

    fn has_revinclude(&self, resource_type: &str, value: &str) -> bool {
        Self::ask(resource_type, |resource_type| self.0.has_reverse_include(resource_type, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_the_ehr_has_said_what_it_can_the_tables_stand_whole_and_are_made_once() {
        let said = Arc::new(EhrCapabilities::default());
        let offer = Offer::new("https://gate.example/fhir/r4/", move || said.clone());
        let rules = offer.rules();
        assert_eq!(&rules.tables, fhir_profiles::search_table::tables());
        assert!(Arc::ptr_eq(&rules, &offer.rules()));
        assert_eq!(offer.base(), "https://gate.example/fhir/r4");
    }
}
