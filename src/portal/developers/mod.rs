//! `/developers`: for whoever builds an app, open to everybody. What can be read from a table of the product is; the rest is
//! said in plain words.

mod examples;
pub mod facts;
mod parameters;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fhir_profiles::search_table::TypeTable;

use self::facts::Facts;
use super::Portal;
use crate::web::page::{Chrome, Page};
use crate::web::session::Visitor;

/// The developer pages.
pub fn router() -> Router<Portal> {
    Router::new()
        .route("/developers", get(index))
        .route("/developers/start", get(start))
        .route("/developers/endpoints", get(endpoints))
        .route("/developers/launch", get(launch))
        .route("/developers/scopes", get(scopes))
        .route("/developers/parameters", get(parameters))
        .route("/developers/backend", get(backend))
        .route("/developers/hardening", get(hardening))
        .route("/developers/fhir", get(fhir))
        .route("/developers/errors", get(errors))
        .route("/developers/limits", get(limits))
        .route("/developers/examples", get(examples))
        .route("/developers/examples/{file}", get(examples::file))
}

/// Address, label, and what stands there.
const PAGES: &[(&str, &str, &str)] = &[
    ("/developers/start", "First 200", "From nothing to a patient in five minutes, on your own machine."),
    ("/developers/endpoints", "Endpoints", "Every address of this server."),
    ("/developers/launch", "Launch", "EHR launch and standalone launch, step by step."),
    ("/developers/scopes", "Scopes", "What you can ask for, and what comes with a launch."),
    ("/developers/parameters", "Parameters", "Everything that is sent and answered, name by name."),
    ("/developers/backend", "Backend Services", "A practice\u{2019}s system without a user; keys."),
    ("/developers/hardening", "PAR and DPoP", "Pushed requests, and tokens that are bound to a key."),
    ("/developers/fhir", "FHIR reads", "Resource types, search parameters, paging."),
    ("/developers/errors", "Errors", "Every error and what to do about it."),
    ("/developers/limits", "Limits", "How long things live, how large they may be."),
    ("/developers/examples", "Examples", "Programs in curl, Python and JavaScript that run as printed."),
];

macro_rules! page {
    ($handler:ident, $name:ident, $file:literal, $path:literal, $title:literal) => {
        #[derive(Template)]
        #[template(path = $file)]
        struct $name<'a> {
            chrome: Chrome,
            here: &'static str,
            f: &'a Facts,
        }

        async fn $handler(State(portal): State<Portal>, visitor: Visitor) -> Response {
            let f = &portal.developers;
            Page::new($name { chrome: visitor.chrome($title), here: $path, f }).into_response()
        }
    };
}

page!(index, Index, "developers/index.html", "/developers", "For developers");
page!(start, Start, "developers/start.html", "/developers/start", "Your first 200");
page!(endpoints, Endpoints, "developers/endpoints.html", "/developers/endpoints", "Endpoints");
page!(launch, Launch, "developers/launch.html", "/developers/launch", "Launch");
page!(scopes, Scopes, "developers/scopes.html", "/developers/scopes", "Scopes and launch context");
page!(parameters, Parameters, "developers/parameters.html", "/developers/parameters", "Parameters");
page!(backend, Backend, "developers/backend.html", "/developers/backend", "Backend Services and keys");
page!(hardening, Hardening, "developers/hardening.html", "/developers/hardening", "PAR and DPoP");
page!(errors, Errors, "developers/errors.html", "/developers/errors", "Errors");
page!(examples, Examples, "developers/examples.html", "/developers/examples", "Examples");

/// A resource type as the CapabilityStatement tells it.
struct Readable<'a> {
    name: &'a str,
    read: bool,
    search: bool,
    anchors: String,
    parameters: String,
    includes: String,
}

impl<'a> Readable<'a> {
    fn of(name: &'a str, table: &TypeTable) -> Self {
        let join = |words: Vec<&str>| words.join(", ");
        let anchors: Vec<String> = table.anchors.iter().map(|group| group.join(" + ")).collect();
        let includes = table.include.iter().chain(&table.revinclude);
        Self {
            name,
            read: table.read,
            search: table.search,
            anchors: anchors.join(" or "),
            parameters: join(table.parameters.keys().map(String::as_str).collect()),
            includes: join(includes.map(String::as_str).collect()),
        }
    }
}

#[derive(Template)]
#[template(path = "developers/fhir.html")]
struct Fhir<'a> {
    chrome: Chrome,
    here: &'static str,
    f: &'a Facts,
    types: Vec<Readable<'a>>,
}

async fn fhir(State(portal): State<Portal>, visitor: Visitor) -> Response {
    let rules = portal.records.offer().rules();
    let types = rules.tables.iter().map(|(name, table)| Readable::of(name, table)).collect();
    let chrome = visitor.chrome("FHIR reads");
    Page::new(Fhir { chrome, here: "/developers/fhir", f: &portal.developers, types }).into_response()
}

#[derive(Template)]
#[template(path = "developers/limits.html")]
struct Limits<'a> {
    chrome: Chrome,
    here: &'static str,
    f: &'a Facts,
    count: u32,
    most: u32,
}

async fn limits(State(portal): State<Portal>, visitor: Visitor) -> Response {
    let rules = portal.records.offer().rules();
    let (count, most) = (rules.default_count, rules.most_count);
    let chrome = visitor.chrome("Limits");
    Page::new(Limits { chrome, here: "/developers/limits", f: &portal.developers, count, most })
        .into_response()
}

#[cfg(test)]
pub(super) fn samples(chrome: &Chrome) -> Vec<(&'static str, String)> {
    let titled = |title: &str| Chrome { title: title.into(), ..chrome.clone() };
    let f = &tests::facts();
    macro_rules! sample {
        ($name:ident, $title:literal, $path:literal) => {
            $name { chrome: titled($title), here: $path, f }.render().unwrap()
        };
    }
    let tables = fhir_profiles::search_table::tables();
    let types = tables.iter().map(|(name, table)| Readable::of(name, table)).collect();
    let fhir = Fhir { chrome: titled("FHIR reads"), here: "/developers/fhir", f, types };
    let limits = Limits { chrome: titled("Limits"), here: "/developers/limits", f, count: 50, most: 200 };
    vec![
        ("developers", sample!(Index, "For developers", "/developers")),
        ("developers-start", sample!(Start, "Your first 200", "/developers/start")),
        ("developers-endpoints", sample!(Endpoints, "Endpoints", "/developers/endpoints")),
        ("developers-launch", sample!(Launch, "Launch", "/developers/launch")),
        ("developers-scopes", sample!(Scopes, "Scopes", "/developers/scopes")),
        ("developers-parameters", sample!(Parameters, "Parameters", "/developers/parameters")),
        ("developers-backend", sample!(Backend, "Backend Services", "/developers/backend")),
        ("developers-hardening", sample!(Hardening, "PAR and DPoP", "/developers/hardening")),
        ("developers-errors", sample!(Errors, "Errors", "/developers/errors")),
        ("developers-examples", sample!(Examples, "Examples", "/developers/examples")),
        ("developers-fhir", fhir.render().unwrap()),
        ("developers-limits", limits.render().unwrap()),
    ]
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::facts::{Address, Category, Limit, Reaches, Refusal};
    use super::*;

    pub fn facts() -> Facts {
        let at = |path: &str| format!("https://gate.example{path}");
        Facts {
            issuer: at(""),
            fhir: at("/fhir/r4"),
            discovery: at("/fhir/r4/.well-known/smart-configuration"),
            authorize: at("/oauth/authorize"),
            token: at("/oauth/token"),
            revoke: at("/oauth/revoke"),
            introspect: at("/oauth/introspect"),
            par: at("/oauth/par"),
            proof_algorithms: vec!["ES256"],
            brands: at("/brands.json"),
            addresses: vec![Address {
                name: "token_endpoint",
                url: at("/oauth/token"),
                methods: "POST",
                what: "Tokens",
                origins: "registered",
            }],
            refusals: vec![Refusal {
                reaches: Reaches::Json,
                status: 400,
                code: "invalid_grant",
                text: "The code is \"old\".",
            }],
            capabilities: &["launch-ehr"],
            client_auth: &["none"],
            algorithms: &["RS384", "ES384"],
            categories: vec![Category {
                resource_type: "Observation",
                label: "Vital signs",
                token: "s|vital-signs",
            }],
            code_life: Duration::from_mins(1),
            access_life: Duration::from_hours(1),
            backend_life: Duration::from_mins(5),
            refresh_life: Duration::from_hours(93 * 24),
            context_life: Duration::from_mins(30),
            free_failures: 20,
            requests_per_minute: 6000,
            fhir_limits: vec![Limit { of: "one practice’s system", per_minute: 6000, at_once: 2000 }],
        }
    }

    #[test]
    fn row_139_the_pages_say_what_linked_patients_give() {
        let index =
            Index { chrome: Chrome::sample("x", None, "/developers"), here: "/developers", f: &facts() };
        assert!(index.render().unwrap().contains("Patient.link"));
    }

    #[test]
    fn row_306_the_pages_remind_of_new_keys() {
        let page =
            Backend { chrome: Chrome::sample("x", None, "/"), here: "/developers/backend", f: &facts() };
        assert!(page.render().unwrap().contains("send an update whenever your keys change"));
    }

    #[test]
    fn every_page_is_listed_and_every_block_of_code_can_be_reached_by_keyboard() {
        let index = samples(&Chrome::sample("For developers", None, "/developers"));
        for (path, _, _) in PAGES {
            assert!(index[0].1.contains(&format!("href=\"{path}\"")), "{path}");
        }
        for (name, html) in index {
            for pre in html.match_indices("<pre").map(|(at, _)| &html[at..html[at..].find('>').unwrap() + at])
            {
                assert!(pre.contains("tabindex=\"0\"") && pre.contains("aria-label"), "{name}: {pre}");
            }
            for (path, label, _) in PAGES {
                assert!(html.contains(path) && html.contains(label), "{name} leads to {path}");
            }
        }
    }
}
