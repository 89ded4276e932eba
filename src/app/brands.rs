//! From `[hospital]` and `[brands]` to the user-access brands that are published.

use fhir_profiles::brands::{Absent, Address, Brand, Brands, Portal, Server};

use crate::config::{AbsentReason, AddressSection, BrandSection, Config};
use crate::domain::clock::Timestamp;
use crate::oauth::endpoints::Endpoints;
use crate::web::Web;

/// The hospital's id within the bundle.
const PRIMARY: &str = "hospital";

/// The brands. `started` is taken for the last change where the configuration came from no file.
pub fn content(config: &Config, web: &Web, started: Timestamp) -> Brands {
    let endpoints = Endpoints::under(web.settings().public_base.as_str());
    let section = &config.brands;
    let mut primary = brand(&section.primary, PRIMARY.to_owned());
    if section.primary.name.is_none() {
        primary.name.clone_from(&config.hospital.name);
    }
    primary.phone = primary.phone.or_else(|| config.hospital.support_phone.clone());
    if primary.identifiers.is_empty() {
        primary.identifiers.push(("urn:ietf:rfc:3986".to_owned(), endpoints.issuer.clone()));
    }
    if primary.portals.is_empty() {
        let url = Some(format!("{}/", endpoints.issuer));
        primary.portals.push(Portal { name: Some(primary.name.clone()), description: None, url });
    }
    let affiliates = section.affiliates.iter().enumerate().map(|(number, affiliate)| {
        let id = format!("affiliate-{}", number + 1);
        Brand { part_of: Some(PRIMARY.to_owned()), ..brand(affiliate, id) }
    });
    Brands {
        updated: section.updated.map_or_else(|| started.to_string(), |updated| updated.to_string()),
        server: Server {
            address: endpoints.fhir,
            name: format!("FHIR R4 of {}", primary.name),
            developers: endpoints.developers,
        },
        base: format!("{}/brands", endpoints.issuer),
        brands: std::iter::once(primary.clone()).chain(affiliates).collect(),
    }
}

fn brand(section: &BrandSection, id: String) -> Brand {
    let absent = |reason| match reason {
        AbsentReason::AskedDeclined => Absent::Declined,
        AbsentReason::AskedUnknown => Absent::Unknown,
    };
    let portals = section.portals.iter().map(|portal| Portal {
        name: portal.title.clone(),
        description: portal.description.clone(),
        url: portal.url.as_ref().map(ToString::to_string),
    });
    Brand {
        id,
        name: section.name.clone().unwrap_or_default(),
        aliases: section.aliases.clone(),
        website: section.website.as_ref().map(ToString::to_string),
        website_absent: section.website_absent.map(absent),
        phone: section.phone.clone(),
        email: section.email.clone(),
        identifiers: section.all_identifiers(),
        categories: section.categories.clone().unwrap_or_else(|| vec!["prov".to_owned()]),
        addresses: section.addresses.iter().map(address).collect(),
        logo: section.logo.as_ref().map(ToString::to_string),
        logo_license: section.logo_license.as_ref().map(ToString::to_string),
        portals: portals.collect(),
        part_of: None,
    }
}

fn address(section: &AddressSection) -> Address {
    Address {
        lines: section.lines.clone(),
        city: section.city.clone(),
        state: section.state.clone(),
        postal_code: section.postal_code.clone(),
        country: section.country.clone(),
    }
}
