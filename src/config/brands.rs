//! `[brands]`: how the hospital appears where people choose what to connect their app to.

use serde::Deserialize;
use url::Url;

/// The hospital and the places that belong to it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrandsSection {
    /// When anything of this section changed last; else when the configuration file did.
    pub updated: Option<jiff::Timestamp>,
    /// The hospital itself. Its name is `hospital.name` unless one stands here.
    pub primary: BrandSection,
    /// Clinics and the like whose records are reached through the hospital.
    pub affiliates: Vec<BrandSection>,
}

/// One brand.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrandSection {
    /// As people know it.
    pub name: Option<String>,
    /// Other and former names.
    pub aliases: Vec<String>,
    /// Public website; the brand's identifier comes from it.
    pub website: Option<Url>,
    /// Why there is no website.
    pub website_absent: Option<AbsentReason>,
    /// Telephone for the public.
    pub phone: Option<String>,
    /// Mailbox for the public.
    pub email: Option<String>,
    /// Logo: SVG or a square PNG of 1024 pixels.
    pub logo: Option<Url>,
    /// Terms under which apps may show the logo.
    pub logo_license: Option<Url>,
    /// HL7 organization types.
    pub categories: Option<Vec<String>>,
    /// Identifiers besides the one from `website`.
    pub identifiers: Vec<IdentifierSection>,
    /// Where it is found.
    pub addresses: Vec<AddressSection>,
    /// Where its people sign in; this portal when there is none.
    pub portals: Vec<PortalSection>,
}

/// Why a value is absent; the standard knows no other reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AbsentReason {
    /// Asked, and would not say.
    AskedDeclined,
    /// Asked, and did not know.
    AskedUnknown,
}

/// An identifier of an organization.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentifierSection {
    /// Namespace, a URI.
    pub system: String,
    /// The identifier.
    pub value: String,
}

/// A postal address, or as much of it as is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AddressSection {
    /// Street and number.
    pub lines: Vec<String>,
    /// City.
    pub city: Option<String>,
    /// State.
    pub state: Option<String>,
    /// ZIP code.
    pub postal_code: Option<String>,
    /// Country, ISO 3166.
    pub country: Option<String>,
}

/// A portal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortalSection {
    /// Its name.
    pub title: Option<String>,
    /// For whom it is.
    pub description: Option<String>,
    /// Where it is.
    pub url: Option<Url>,
}

/// HL7's `organization-type`.
const CATEGORIES: &[&str] =
    &["prov", "dept", "team", "govt", "ins", "pay", "edu", "reli", "crs", "cg", "bus", "other"];

const PRIMARY: &str = "brands.primary";

impl BrandSection {
    /// The identifiers as `(system, value)`; the first is the website's, without `www.` and path (rows 395, 422).
    pub fn all_identifiers(&self) -> Vec<(String, String)> {
        let website = self.website.as_ref().map(|url| {
            let origin = url.origin().ascii_serialization();
            ("urn:ietf:rfc:3986".to_owned(), origin.replacen("://www.", "://", 1))
        });
        let others = self.identifiers.iter().map(|i| (i.system.clone(), i.value.clone()));
        website.into_iter().chain(others).collect()
    }
}

impl BrandsSection {
    /// What is wrong with the section.
    pub(super) fn complaints(&self, found: &mut Vec<String>) {
        let mut identifiers = std::collections::HashSet::new();
        let mut names = std::collections::HashSet::new();
        for (place, brand) in self.places() {
            for (key, url) in [("website", &brand.website), ("logo_license", &brand.logo_license)] {
                if url.as_ref().is_some_and(|url| url.scheme() != "https") {
                    found.push(format!("{place}.{key} must begin with https://"));
                }
            }
            if brand.logo.as_ref().is_some_and(|url| !matches!(url.scheme(), "https" | "data")) {
                found.push(format!("{place}.logo must begin with https:// or data:"));
            }
            for category in brand.categories.iter().flatten() {
                if !CATEGORIES.contains(&category.as_str()) {
                    found.push(format!(
                        "{place}.categories: '{category}' is none of {}",
                        CATEGORIES.join(", ")
                    ));
                }
            }
            for (system, value) in brand.all_identifiers() {
                if !identifiers.insert((system, value.clone())) {
                    found.push(format!("{place}: another brand has the identifier '{value}'"));
                }
            }
            let nameless = brand.name.is_none() && place != PRIMARY;
            if nameless || !names.insert(brand.name.clone()) {
                found.push(format!("{place}.name is missing, or another brand's"));
            }
        }
    }

    fn places(&self) -> impl Iterator<Item = (String, &BrandSection)> {
        let affiliates = self.affiliates.iter().enumerate();
        let affiliates = affiliates.map(|(number, brand)| (format!("brands.affiliates[{number}]"), brand));
        std::iter::once((PRIMARY.to_owned(), &self.primary)).chain(affiliates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(text: &str) -> BrandsSection {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn rows_395_422_the_identifier_is_the_website_without_www_and_path() {
        let brand = section("[primary]\nwebsite = \"https://www.hospital.example/kids\"").primary;
        assert_eq!(
            brand.all_identifiers(),
            [("urn:ietf:rfc:3986".to_owned(), "https://hospital.example".to_owned())]
        );
    }

    #[test]
    fn row_405_other_reasons_are_refused() {
        assert!(toml::from_str::<BrandsSection>("[primary]\nwebsite_absent = \"unknown\"").is_err());
        let brand = section("[primary]\nwebsite_absent = \"asked-unknown\"").primary;
        assert_eq!(brand.website_absent, Some(AbsentReason::AskedUnknown));
    }

    #[test]
    fn rows_412_432_two_brands_cannot_share_an_identifier() {
        let mut found = Vec::new();
        section(
            "[primary]\nwebsite = \"https://a.example\"\n[[affiliates]]\nname = \"B\"\nwebsite = \"https://www.a.example/b\"",
        )
        .complaints(&mut found);
        assert_eq!(found, ["brands.affiliates[0]: another brand has the identifier 'https://a.example'"]);
        section("[primary]\ncategories = [\"shop\"]\nlogo = \"http://a.example\"").complaints(&mut found);
        assert_eq!(found.len(), 3, "{found:?}");
    }
}
