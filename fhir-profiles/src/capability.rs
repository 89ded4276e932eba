//! The CapabilityStatement: the EHR's, read; and ours, authored from the same tables by which requests are judged.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Unreadable;
use crate::search_table::{Abilities, Tables, TypeTable, offers_docref, offers_everything};

/// What an EHR says that it can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// `fhirVersion`.
    pub fhir_version: Option<String>,
    /// By type name.
    pub types: BTreeMap<String, DeclaredType>,
}

/// What an EHR says of one type.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an interaction that a server declares or does not"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeclaredType {
    /// `read`.
    pub read: bool,
    /// `vread`.
    pub vread: bool,
    /// `history-instance`.
    pub history: bool,
    /// `search-type`.
    pub search: bool,
    /// Names of search parameters.
    pub parameters: BTreeSet<String>,
    includes: BTreeSet<String>,
    revincludes: BTreeSet<String>,
}

impl Abilities for Declared {
    fn reads(&self, resource_type: &str) -> bool {
        self.types.get(resource_type).is_some_and(|declared| declared.read)
    }

    fn vreads(&self, resource_type: &str) -> bool {
        self.types.get(resource_type).is_some_and(|declared| declared.vread)
    }

    fn histories(&self, resource_type: &str) -> bool {
        self.types.get(resource_type).is_some_and(|declared| declared.history)
    }

    fn searches(&self, resource_type: &str) -> bool {
        self.types.get(resource_type).is_some_and(|declared| declared.search)
    }

    fn has_parameter(&self, resource_type: &str, parameter: &str) -> bool {
        self.types.get(resource_type).is_some_and(|declared| declared.parameters.contains(parameter))
    }

    fn has_include(&self, resource_type: &str, value: &str) -> bool {
        self.types.get(resource_type).is_some_and(|declared| offers(&declared.includes, value))
    }

    fn has_revinclude(&self, resource_type: &str, value: &str) -> bool {
        self.types.get(resource_type).is_some_and(|declared| offers(&declared.revincludes, value))
    }
}

/// A value with a target type is offered also where the one without is.
fn offers(declared: &BTreeSet<String>, value: &str) -> bool {
    let general = value.match_indices(':').nth(1).and_then(|(at, _)| value.get(..at));
    declared.contains("*") || declared.contains(value) || general.is_some_and(|g| declared.contains(g))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    resource_type: String,
    fhir_version: Option<String>,
    #[serde(default)]
    rest: Vec<Rest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rest {
    mode: Option<String>,
    #[serde(default)]
    resource: Vec<RestResource>,
    #[serde(default)]
    search_param: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RestResource {
    #[serde(rename = "type")]
    name: String,
    #[serde(default)]
    interaction: Vec<Coded>,
    #[serde(default)]
    search_param: Vec<Named>,
    #[serde(default)]
    search_include: Vec<String>,
    #[serde(default)]
    search_rev_include: Vec<String>,
}

#[derive(Deserialize)]
struct Coded {
    code: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Reads an EHR's CapabilityStatement. Parameters declared for all types count for each.
pub fn read(statement: &[u8]) -> Result<Declared, Unreadable> {
    let unreadable = || Unreadable("CapabilityStatement");
    let statement: Statement = serde_json::from_slice(statement).map_err(|_| unreadable())?;
    if statement.resource_type != "CapabilityStatement" {
        return Err(unreadable());
    }
    let mut types = BTreeMap::<String, DeclaredType>::new();
    for rest in statement.rest.into_iter().filter(|rest| rest.mode.as_deref() != Some("client")) {
        let common: Vec<String> = rest.search_param.into_iter().map(|p| p.name).collect();
        for resource in rest.resource {
            let declared = types.entry(resource.name).or_default();
            declared.read |= resource.interaction.iter().any(|i| i.code == "read");
            declared.vread |= resource.interaction.iter().any(|i| i.code == "vread");
            declared.history |= resource.interaction.iter().any(|i| i.code == "history-instance");
            declared.search |= resource.interaction.iter().any(|i| i.code == "search-type");
            declared.parameters.extend(resource.search_param.into_iter().map(|p| p.name));
            declared.parameters.extend(common.iter().cloned());
            declared.includes.extend(resource.search_include);
            declared.revincludes.extend(resource.search_rev_include);
        }
    }
    Ok(Declared { fhir_version: statement.fhir_version, types })
}

/// What our own statement says besides the tables.
#[derive(Clone, Debug, Default)]
pub struct Facade<'a> {
    /// Base URL of the facade, without a slash at its end.
    pub base: &'a str,
    /// Version of the software.
    pub version: &'a str,
    /// Since when this statement holds (FHIR `dateTime`).
    pub date: &'a str,
    /// OAuth endpoints of the authorization server, absolute.
    pub authorize: &'a str,
    /// Token endpoint.
    pub token: &'a str,
    /// Revocation endpoint.
    pub revoke: &'a str,
    /// Introspection endpoint.
    pub introspect: &'a str,
    /// Where a user sees and revokes the apps they authorized.
    pub manage: &'a str,
    /// Dynamic registration; none where it is not offered.
    pub register: Option<&'a str>,
}

/// Authors our CapabilityStatement (R4; US Core server, SMART `oauth-uris`) from the tables by which requests are judged.
pub fn author(tables: &Tables, facade: &Facade<'_>) -> Vec<u8> {
    let base: Value =
        serde_json::from_str(include_str!("../definitions/capability.json")).unwrap_or_else(|_| json!({}));
    let mut statement = match base {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    statement.insert("url".into(), json!(format!("{}/metadata", facade.base)));
    statement.insert("version".into(), json!(facade.version));
    statement.insert("date".into(), json!(facade.date));
    statement.insert("software".into(), json!({"name": "Chartgate", "version": facade.version}));
    let implementation = json!({"description": "Chartgate", "url": facade.base});
    statement.insert("implementation".into(), implementation);
    let resources: Vec<Value> =
        tables.iter().map(|(name, table)| resource(name, table, operation(name, tables))).collect();
    let rest = json!([{
        "mode": "server",
        "documentation": READ_ONLY,
        "security": security(facade),
        "resource": resources,
        "interaction": [{"code": "batch", "documentation": "Reads and searches only, at most 50 in one batch."}],
    }]);
    statement.insert("rest".into(), rest);
    serde_json::to_vec(&statement).unwrap_or_default()
}

const READ_ONLY: &str = "This server is read-only, a deliberate deviation: what US Core expects to be creatable (DiagnosticReport, DocumentReference) is not, nor can hospital data be changed in any other way.";
const OAUTH_URIS: &str = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";
const COMBINATION: &str =
    "http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination";
const SERVICE: &str = "http://terminology.hl7.org/CodeSystem/restful-security-service";

fn security(facade: &Facade<'_>) -> Value {
    let uri = |name: &str, value: &str| json!({"url": name, "valueUri": value});
    let mut uris = vec![
        uri("authorize", facade.authorize),
        uri("token", facade.token),
        uri("revoke", facade.revoke),
        uri("introspect", facade.introspect),
        uri("manage", facade.manage),
    ];
    uris.extend(facade.register.map(|register| uri("register", register)));
    json!({
        "extension": [{"url": OAUTH_URIS, "extension": uris}],
        "cors": true,
        "service": [{"coding": [{"system": SERVICE, "code": "SMART-on-FHIR"}], "text": "OAuth2 with SMART App Launch"}],
    })
}

/// The operation on a type, by name and definition, where the EHR has what it is made of.
fn operation(name: &str, tables: &Tables) -> Option<Value> {
    let (operation, definition) = match name {
        "Patient" if offers_everything(tables) => {
            ("everything", "http://hl7.org/fhir/OperationDefinition/Patient-everything")
        }
        "DocumentReference" if offers_docref(tables) => {
            ("docref", "http://hl7.org/fhir/us/core/OperationDefinition/docref")
        }
        _ => return None,
    };
    Some(json!({"name": operation, "definition": definition}))
}

fn resource(name: &str, table: &TypeTable, operation: Option<Value>) -> Value {
    let interactions = [
        ("read", table.read),
        ("vread", table.vread),
        ("history-instance", table.history),
        ("search-type", table.search),
    ];
    let interactions =
        interactions.iter().filter(|(_, offered)| *offered).map(|(code, _)| json!({"code": code})).collect();
    let mut resource = Map::from_iter([
        ("type".to_owned(), json!(name)),
        ("interaction".to_owned(), Value::Array(interactions)),
    ]);
    let mut put = |key: &str, values: Vec<Value>| {
        if !values.is_empty() {
            resource.insert(key.to_owned(), Value::Array(values));
        }
    };
    put("operation", operation.into_iter().collect());
    put("supportedProfile", table.profiles.iter().map(|p| json!(p)).collect());
    if table.search {
        put("extension", table.combinations.iter().map(|group| combination(group)).collect());
        let parameters = table.parameters.iter();
        put(
            "searchParam",
            parameters.map(|(name, p)| json!({"name": name, "type": p.kind.code()})).collect(),
        );
        put("searchInclude", table.include.iter().map(|v| json!(v)).collect());
        put("searchRevInclude", table.revinclude.iter().map(|v| json!(v)).collect());
    }
    Value::Object(resource)
}

fn combination(group: &[String]) -> Value {
    let required = group.iter().map(|parameter| json!({"url": "required", "valueString": parameter}));
    json!({"url": COMBINATION, "extension": required.collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search_table::tables;

    #[test]
    fn our_statement_is_one_that_others_can_read() {
        let facade = Facade {
            base: "https://gate.example/fhir/r4",
            version: "0.1.0",
            date: "2026-05-01",
            authorize: "https://gate.example/oauth/authorize",
            ..Facade::default()
        };
        let bytes = author(tables(), &facade);
        let typed: fhir_sdk::r4b::resources::CapabilityStatement = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(typed.rest.len(), 1);
        let declared = read(&bytes).unwrap();
        assert_eq!(declared.fhir_version.as_deref(), Some("4.0.1"));
        assert_eq!(declared.types.len(), tables().len());
        assert_eq!(&crate::search_table::offered(&declared), tables(), "the facade can stand behind itself");
    }

    #[test]
    fn s64_nothing_but_reading_is_declared() {
        let text = String::from_utf8(author(tables(), &Facade::default())).unwrap();
        for word in ["create", "update", "patch\"", "delete", "transaction"] {
            assert!(!text.contains(&format!("\"code\":\"{word}")), "{word}");
        }
    }

    #[test]
    fn a_statement_that_is_none_is_refused() {
        assert!(read(b"{}").is_err());
        assert!(read(br#"{"resourceType":"OperationOutcome"}"#).is_err());
    }
}
