//! How the EHR wants to be asked: what its family is known for, and the configuration says (`config/ehr/`).

use std::collections::HashMap;

use crate::access::upstream::UpstreamError;
use crate::fhir::interaction::Interaction;
use crate::fhir::resource_type::ResourceType;

use super::options::{EhrOptions, RequiredParameters};

/// The ways of one EHR.
#[derive(Debug)]
pub(super) struct Manners {
    page_size: Option<u32>,
    required: HashMap<ResourceType, RequiredParameters>,
}

impl Manners {
    pub(super) fn new(options: &EhrOptions) -> Self {
        let required = options.required_parameters.iter();
        let required =
            required.filter_map(|(name, wanted)| Some((ResourceType::parse(name)?, wanted.clone())));
        Self { page_size: options.page_size, required: required.collect() }
    }

    /// The number of matches to ask for where `wanted` are.
    pub(super) fn page_size(&self, wanted: u32) -> u32 {
        self.page_size.map_or(wanted, |most| wanted.min(most))
    }

    /// Path and query for an interaction. A search that lacks what the EHR demands gets what the configuration gives it, and is
    /// not asked where that gives nothing.
    pub(super) fn path(&self, interaction: &Interaction) -> Result<String, UpstreamError> {
        let path = interaction.upstream_path();
        let Interaction::Search(search) = interaction else { return Ok(path) };
        let Some((base, query)) = path.split_once('?') else { return Ok(path) };
        let mut parts: Vec<String> = query.split('&').map(|part| self.capped(part)).collect();
        if let Some(required) = self.required.get(&search.resource_type) {
            let names = |part: &String, wanted: &String| {
                let name = part.split(['=', ':']).next().unwrap_or_default();
                name == wanted
            };
            let has = parts.iter().any(|part| required.any_of.iter().any(|wanted| names(part, wanted)));
            match &required.fill {
                _ if has => {}
                Some(fill) => parts.push(fill.clone()),
                None => return Err(UpstreamError::Unsupported),
            }
        }
        Ok(format!("{base}?{}", parts.join("&")))
    }

    fn capped(&self, part: &str) -> String {
        match part.strip_prefix("_count=").and_then(|count| count.parse().ok()) {
            Some(count) => format!("_count={}", self.page_size(count)),
            None => part.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::FhirId;
    use crate::fhir::interaction::Search;

    fn path(manners: &Manners, resource_type: ResourceType, query: &str) -> Result<String, UpstreamError> {
        let patient = FhirId::parse("p").ok();
        manners.path(&Interaction::Search(Search { resource_type, patient, query: query.into() }))
    }

    #[test]
    fn searches_are_put_as_the_ehr_wants_them() {
        let required = |fill: Option<&str>| RequiredParameters {
            any_of: vec!["category".into(), "code".into(), "_id".into()],
            fill: fill.map(str::to_owned),
        };
        let base: url::Url = "https://ehr.example".parse().unwrap();
        let options = EhrOptions {
            page_size: Some(20),
            required_parameters: [
                ("Observation".to_owned(), required(Some("category=laboratory,vital-signs"))),
                ("Condition".to_owned(), required(None)),
            ]
            .into(),
            ..EhrOptions::new(base.clone(), base)
        };
        let manners = Manners::new(&options);
        let observation = |query| path(&manners, ResourceType::Observation, query).unwrap();
        assert_eq!(
            observation("_count=50&patient=p"),
            "Observation?_count=20&patient=p&category=laboratory,vital-signs"
        );
        assert_eq!(observation("_count=9&code=1&patient=p"), "Observation?_count=9&code=1&patient=p");
        assert_eq!(observation("category:not=x&patient=p"), "Observation?category:not=x&patient=p");
        assert_eq!(path(&manners, ResourceType::Condition, "patient=p"), Err(UpstreamError::Unsupported));
        assert!(path(&manners, ResourceType::Condition, "category=x&patient=p").is_ok());
        assert_eq!(path(&manners, ResourceType::Encounter, "patient=p").unwrap(), "Encounter?patient=p");
        assert_eq!(manners.page_size(200), 20);
    }
}
