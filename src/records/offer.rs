//! What can be asked at all: the product's tables less what the EHR does not declare.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use fhir_profiles::capability::Declared;

use crate::fhir::search::Rules;

/// The rules in force. Empty until the EHR has said what it can do; replaced when it says something else.
#[derive(Debug)]
pub struct Offer {
    base: String,
    rules: ArcSwapOption<Rules>,
}

impl Offer {
    /// No rules yet; `base` is the facade's base URL.
    pub fn new(base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), rules: ArcSwapOption::empty() }
    }

    /// The facade's base URL without a slash at its end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The EHR declared this.
    pub fn declare(&self, declared: &Declared) {
        self.rules.store(Some(Arc::new(Rules::new(declared, &self.base))));
    }

    /// The rules, once the EHR's CapabilityStatement is known.
    pub fn rules(&self) -> Option<Arc<Rules>> {
        self.rules.load_full()
    }
}
