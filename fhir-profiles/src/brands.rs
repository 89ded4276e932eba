//! The user-access brands bundle (SMART App Launch 2.2, "User-access Brands and Endpoints"), authored: who the hospital is, in
//! the words and pictures that people know it by, and where its FHIR server stands.

use serde_json::{Map, Value, json};

/// Why a value that apps expect is not there. Closed: the standard allows no other reason (rows 404, 405, 437).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// The hospital was asked and would not say.
    Declined,
    /// The hospital was asked and did not know.
    Unknown,
}

impl Absent {
    /// The code of the extension `data-absent-reason`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Declined => "asked-declined",
            Self::Unknown => "asked-unknown",
        }
    }
}

/// A postal address; any part may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
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

/// A place where people of this brand sign in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Portal {
    /// As people know it.
    pub name: Option<String>,
    /// For whom it is.
    pub description: Option<String>,
    /// Where it is.
    pub url: Option<String>,
}

/// A brand: an Organization of the profile `user-access-brand`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brand {
    /// Id within the bundle; a FHIR id.
    pub id: String,
    /// As printed on the door.
    pub name: String,
    /// Other and former names.
    pub aliases: Vec<String>,
    /// Public website.
    pub website: Option<String>,
    /// Why there is no website.
    pub website_absent: Option<Absent>,
    /// Telephone for the public.
    pub phone: Option<String>,
    /// Mailbox for the public.
    pub email: Option<String>,
    /// `(system, value)`; the first is the one that matches the server's configuration.
    pub identifiers: Vec<(String, String)>,
    /// Codes of HL7's organization types: `prov`, `ins` and so on.
    pub categories: Vec<String>,
    /// Where it is found.
    pub addresses: Vec<Address>,
    /// Logo: SVG or a square PNG, `https:` or `data:`.
    pub logo: Option<String>,
    /// Terms under which apps show it.
    pub logo_license: Option<String>,
    /// Portals; a brand without one is reached through the brand that it belongs to.
    pub portals: Vec<Portal>,
    /// Id of the brand that gives access to this one's records.
    pub part_of: Option<String>,
}

/// The FHIR server, an Endpoint of the profile `user-access-endpoint`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// FHIR base URL.
    pub address: String,
    /// Technical name, a fallback for apps.
    pub name: String,
    /// Page for whoever builds apps.
    pub developers: String,
}

/// Everything that the bundle is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brands {
    /// Base of `fullUrl`s, without a slash at its end.
    pub base: String,
    /// When any of this changed last (FHIR `instant`).
    pub updated: String,
    /// The server.
    pub server: Server,
    /// The brands, the primary one first.
    pub brands: Vec<Brand>,
}

const SMART: &str = "http://hl7.org/fhir/smart-app-launch/StructureDefinition";
const CORE: &str = "http://hl7.org/fhir/StructureDefinition";
const TERMINOLOGY: &str = "http://terminology.hl7.org/CodeSystem";
const ENDPOINT: &str = "fhir-r4";

/// The bundle, a FHIR R4 `collection`.
pub fn author(content: &Brands) -> Vec<u8> {
    let organizations = content.brands.iter().enumerate().map(|(number, brand)| {
        let organization = organization(brand, number == 0, &content.updated);
        json!({"fullUrl": format!("{}/Organization/{}", content.base, brand.id), "resource": organization})
    });
    let endpoint = json!({
        "fullUrl": format!("{}/Endpoint/{ENDPOINT}", content.base),
        "resource": endpoint(content),
    });
    let entries: Vec<Value> = organizations.chain([endpoint]).collect();
    let bundle = json!({
        "resourceType": "Bundle",
        "id": "brands",
        "meta": {"lastUpdated": content.updated, "profile": [format!("{SMART}/user-access-brands-bundle")]},
        "type": "collection",
        "timestamp": content.updated,
        "entry": entries,
    });
    serde_json::to_vec(&bundle).unwrap_or_default()
}

fn endpoint(content: &Brands) -> Value {
    let managing =
        content.brands.first().map(|brand| json!({"reference": format!("Organization/{}", brand.id)}));
    let mut endpoint = json!({
        "resourceType": "Endpoint",
        "id": ENDPOINT,
        "meta": {"lastUpdated": content.updated, "profile": [format!("{SMART}/user-access-endpoint")]},
        "extension": [{"url": format!("{CORE}/endpoint-fhir-version"), "valueCode": "4.0.1"}],
        "status": "active",
        "connectionType": {"system": format!("{TERMINOLOGY}/endpoint-connection-type"), "code": "hl7-fhir-rest"},
        "name": content.server.name,
        "contact": [{"system": "url", "value": content.server.developers}],
        "payloadType": [{"coding": [{"system": format!("{TERMINOLOGY}/endpoint-payload-type"), "code": "none"}]}],
        "address": content.server.address,
    });
    if let (Some(managing), Some(endpoint)) = (managing, endpoint.as_object_mut()) {
        endpoint.insert("managingOrganization".into(), managing);
    }
    endpoint
}

fn organization(brand: &Brand, primary: bool, updated: &str) -> Value {
    let endpoint = json!({"reference": format!("Endpoint/{ENDPOINT}")});
    let mut made = Map::new();
    made.insert("resourceType".into(), json!("Organization"));
    made.insert("id".into(), json!(brand.id));
    made.insert(
        "meta".into(),
        json!({"lastUpdated": updated, "profile": [format!("{SMART}/user-access-brand")]}),
    );
    let mut put = |key: &str, values: Vec<Value>| {
        if !values.is_empty() {
            made.insert(key.to_owned(), Value::Array(values));
        }
    };
    put(
        "extension",
        logo(brand).into_iter().chain(brand.portals.iter().map(|p| portal(p, &endpoint))).collect(),
    );
    put("identifier", brand.identifiers.iter().map(|(s, v)| json!({"system": s, "value": v})).collect());
    let category = |code: &String| json!({"coding": [{"system": format!("{TERMINOLOGY}/organization-type"), "code": code}]});
    put("type", brand.categories.iter().map(category).collect());
    put("alias", brand.aliases.iter().map(|alias| json!(alias)).collect());
    put("telecom", telecom(brand));
    put("address", brand.addresses.iter().map(address).collect());
    if primary || !brand.portals.is_empty() {
        put("endpoint", vec![endpoint]);
    }
    made.insert("active".into(), json!(true));
    made.insert("name".into(), json!(brand.name));
    if let Some(parent) = &brand.part_of {
        made.insert("partOf".into(), json!({"reference": format!("Organization/{parent}")}));
    }
    Value::Object(made)
}

fn absent(reason: Absent) -> Value {
    json!([{"url": format!("{CORE}/data-absent-reason"), "valueCode": reason.code()}])
}

fn telecom(brand: &Brand) -> Vec<Value> {
    let website = match (&brand.website, brand.website_absent) {
        (Some(website), _) => Some(json!({"system": "url", "value": website})),
        (None, Some(reason)) => Some(json!({"system": "url", "_value": {"extension": absent(reason)}})),
        (None, None) => None,
    };
    let phone = brand.phone.iter().map(|phone| json!({"system": "phone", "value": phone}));
    let email = brand.email.iter().map(|email| json!({"system": "email", "value": email}));
    website.into_iter().chain(phone).chain(email).collect()
}

fn address(address: &Address) -> Value {
    let mut made = Map::new();
    if !address.lines.is_empty() {
        made.insert("line".into(), json!(address.lines));
    }
    let parts = [
        ("city", &address.city),
        ("state", &address.state),
        ("postalCode", &address.postal_code),
        ("country", &address.country),
    ];
    for (name, part) in parts {
        if let Some(part) = part {
            made.insert(name.into(), json!(part));
        }
    }
    Value::Object(made)
}

fn logo(brand: &Brand) -> Option<Value> {
    let logo = brand.logo.iter().map(|url| json!({"url": "brandLogo", "valueUrl": url}));
    let license = brand.logo_license.iter().map(|url| json!({"url": "brandLogoLicense", "valueUrl": url}));
    let parts: Vec<Value> = logo.chain(license).collect();
    (!parts.is_empty()).then(|| json!({"url": format!("{CORE}/organization-brand"), "extension": parts}))
}

fn portal(portal: &Portal, endpoint: &Value) -> Value {
    let name = portal.name.iter().map(|name| json!({"url": "portalName", "valueString": name}));
    let description =
        portal.description.iter().map(|text| json!({"url": "portalDescription", "valueMarkdown": text}));
    let url = portal.url.iter().map(|url| json!({"url": "portalUrl", "valueUrl": url}));
    let endpoint = [json!({"url": "portalEndpoint", "valueReference": endpoint})];
    let parts: Vec<Value> = name.chain(description).chain(url).chain(endpoint).collect();
    json!({"url": format!("{CORE}/organization-portal"), "extension": parts})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Brands {
        let hospital = Brand {
            id: "hospital".into(),
            name: "Lakeside Children's".into(),
            aliases: vec!["Lakeside".into()],
            website: Some("https://www.lakeside.example/".into()),
            phone: Some("555 0100".into()),
            identifiers: vec![("urn:ietf:rfc:3986".into(), "https://lakeside.example".into())],
            categories: vec!["prov".into()],
            addresses: vec![Address { city: Some("Boston".into()), ..Address::default() }],
            logo: Some("https://lakeside.example/logo.svg".into()),
            portals: vec![Portal { name: Some("MyLakeside".into()), ..Portal::default() }],
            ..Brand::default()
        };
        let clinic = Brand {
            id: "north".into(),
            name: "Lakeside North".into(),
            website_absent: Some(Absent::Declined),
            part_of: Some("hospital".into()),
            ..Brand::default()
        };
        Brands {
            base: "https://gate.example/brands".into(),
            updated: "2026-05-01T00:00:00Z".into(),
            server: Server {
                address: "https://gate.example/fhir/r4".into(),
                name: "FHIR R4".into(),
                developers: "https://gate.example/developers".into(),
            },
            brands: vec![hospital, clinic],
        }
    }

    #[test]
    fn row_436_every_element_that_must_be_supported_can_be_filled() {
        let bytes = author(&content());
        let typed: fhir_sdk::r4b::resources::Bundle = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(typed.entry.len(), 3);
        let json: Value = serde_json::from_slice(&bytes).unwrap();
        let hospital = &json["entry"][0]["resource"];
        for element in ["identifier", "type", "name", "alias", "telecom", "address", "endpoint", "extension"]
        {
            assert!(!hospital[element].is_null(), "{element}");
        }
        let endpoint = &json["entry"][2]["resource"];
        for element in
            ["extension", "status", "connectionType", "name", "contact", "address", "managingOrganization"]
        {
            assert!(!endpoint[element].is_null(), "{element}");
        }
    }

    #[test]
    fn rows_404_405_437_what_is_absent_has_one_of_two_reasons() {
        let json: Value = serde_json::from_slice(&author(&content())).unwrap();
        let telecom = &json["entry"][1]["resource"]["telecom"][0];
        assert_eq!(telecom["_value"]["extension"][0]["valueCode"], "asked-declined");
        assert_eq!(Absent::Unknown.code(), "asked-unknown");
        assert_eq!(json["entry"][1]["resource"]["partOf"]["reference"], "Organization/hospital");
    }

    #[test]
    fn a_portals_endpoint_is_the_organizations_too() {
        let json: Value = serde_json::from_slice(&author(&content())).unwrap();
        let hospital = &json["entry"][0]["resource"];
        let portal = hospital["extension"].as_array().unwrap().last().unwrap();
        let of_portal = portal["extension"].as_array().unwrap().last().unwrap();
        assert_eq!(of_portal["valueReference"], hospital["endpoint"][0]);
    }
}
