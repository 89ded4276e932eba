//! The fields of a registration as a form: what was typed, into what `accounts` checks, and back with what is wrong.

use serde::Deserialize;

use crate::accounts::NewClientAuth;
use crate::accounts::registration::{Metadata, Wrong};
use crate::domain::client::{Client, ClientAuth, ClientKind};
use crate::web::forms::FormErrors;

/// What was typed. Lists are one entry a line.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Typed {
    client_name: String,
    organization: String,
    purpose: String,
    contacts: String,
    kind: String,
    redirect_uris: String,
    launch_uri: String,
    scope: String,
    jwks_uri: String,
    jwks: String,
    practice: String,
    client_uri: String,
    policy_uri: String,
    tos_uri: String,
    logo_uri: String,
    post_logout_redirect_uris: String,
    software_version: String,
    /// Not asked for on the page: kept from what is registered.
    #[serde(skip)]
    software_id: Option<String>,
    #[serde(skip)]
    secret_by_post: bool,
    #[serde(skip)]
    security: (bool, bool),
}

/// One control of the form.
pub struct Control {
    pub id: &'static str,
    pub label: &'static str,
    pub hint: &'static str,
    pub value: String,
    pub error: Option<String>,
    /// Lines; 1: an input.
    pub rows: u8,
    /// Choices, if it is a list of them: value, words, chosen.
    pub options: Vec<(&'static str, &'static str, bool)>,
    pub required: bool,
}

/// Controls under one heading.
pub struct Section {
    pub title: &'static str,
    pub controls: Vec<Control>,
}

const KINDS: [(&str, &str); 4] = [
    ("public", "An app in the browser or on a device, without a server of its own"),
    ("secret", "An app with a server, that proves itself by a secret"),
    ("keys", "An app with a server, that proves itself by a key"),
    ("backend", "A practice\u{2019}s system that works without a user"),
];

impl Typed {
    /// What is registered, to be changed.
    pub fn of(client: &Client) -> Self {
        let d = client.details.clone();
        let lines = |list: Vec<String>| list.join("\n");
        let (jwks_uri, jwks) = match &client.auth {
            ClientAuth::KeysUrl { jwks_uri } => (jwks_uri.clone(), String::new()),
            ClientAuth::Keys { jwks } => (String::new(), jwks.clone()),
            ClientAuth::None | ClientAuth::Secret { .. } => (String::new(), String::new()),
        };
        let mut typed = Self {
            client_name: client.name.clone(),
            organization: d.organization.unwrap_or_default(),
            purpose: d.purpose.unwrap_or_default(),
            contacts: lines(d.contacts),
            kind: kind_of(client).to_owned(),
            redirect_uris: lines(client.redirect_uris.clone()),
            launch_uri: client.launch_uri.clone().unwrap_or_default(),
            scope: client.scope.clone(),
            jwks_uri,
            jwks,
            practice: d.practice_named.unwrap_or_default(),
            client_uri: d.client_uri.unwrap_or_default(),
            policy_uri: d.policy_uri.unwrap_or_default(),
            tos_uri: d.tos_uri.unwrap_or_default(),
            logo_uri: d.logo_uri.unwrap_or_default(),
            post_logout_redirect_uris: lines(d.post_logout_redirect_uris),
            software_version: d.software_version.unwrap_or_default(),
            ..Self::default()
        };
        typed.keep(client);
        typed
    }

    /// Takes over what the page does not ask for, so that saving it changes nothing there.
    pub fn keep(&mut self, client: &Client) {
        let d = &client.details;
        self.software_id.clone_from(&d.software_id);
        self.secret_by_post = d.secret_by_post;
        self.security = (d.security.pushed_requests, d.security.bound_tokens);
    }

    /// For `accounts`, or what the form asks for beyond it.
    pub fn metadata(&self) -> Result<Metadata, FormErrors> {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let some = |text: &str| Some(text.to_owned());
        let mut errors = FormErrors::default();
        if self.contacts.trim().is_empty() {
            errors.add("contacts", "Name at least one e-mail address: we write there when we have decided.");
        }
        if self.purpose.trim().is_empty() {
            errors.add("purpose", "Say in a sentence or two what it is for; whoever decides reads it.");
        }
        let (kind, auth) = match self.kind.as_str() {
            "public" => (ClientKind::Public, NewClientAuth::None),
            "secret" => (ClientKind::Confidential, NewClientAuth::Secret),
            "keys" => (ClientKind::Confidential, self.keys(&mut errors)),
            "backend" => (ClientKind::Backend, self.keys(&mut errors)),
            _ => {
                errors.add("kind", "Choose what kind of app it is.");
                (ClientKind::Public, NewClientAuth::None)
            }
        };
        let metadata = Metadata {
            name: self.client_name.clone(),
            kind,
            auth,
            secret_by_post: self.secret_by_post,
            redirect_uris: lines(&self.redirect_uris),
            launch_uri: some(&self.launch_uri),
            scope: self.scope.clone(),
            contacts: lines(&self.contacts),
            organization: some(&self.organization),
            client_uri: some(&self.client_uri),
            logo_uri: some(&self.logo_uri),
            tos_uri: some(&self.tos_uri),
            policy_uri: some(&self.policy_uri),
            software_id: self.software_id.clone(),
            software_version: some(&self.software_version),
            purpose: some(&self.purpose),
            post_logout_redirect_uris: lines(&self.post_logout_redirect_uris),
            practice: some(&self.practice),
            pushed_requests: self.security.0,
            bound_tokens: self.security.1,
        };
        // Everything that is wrong at once, not one round after the other.
        for wrong in metadata.clone().checked().err().unwrap_or_default() {
            add(&mut errors, wrong);
        }
        if errors.is_empty() { Ok(metadata) } else { Err(self.in_order(&errors)) }
    }

    fn keys(&self, errors: &mut FormErrors) -> NewClientAuth {
        match (self.jwks_uri.trim(), self.jwks.trim()) {
            ("", "") => errors.add("jwks_uri", "Say where your public keys are, or paste them below."),
            (_, "") => return NewClientAuth::KeysUrl(self.jwks_uri.trim().to_owned()),
            ("", _) => {}
            _ => errors.add("jwks", "Give either the address of the keys or the keys themselves, not both."),
        }
        NewClientAuth::Keys(self.jwks.trim().to_owned())
    }

    /// The same errors in the order of the form.
    fn in_order(&self, errors: &FormErrors) -> FormErrors {
        let mut ordered = FormErrors::default();
        for control in self.sections(errors).into_iter().flat_map(|section| section.controls) {
            if let Some(message) = control.error {
                ordered.add(control.id, message);
            }
        }
        ordered
    }

    /// The form, with what was typed and what is wrong with it.
    pub fn sections(&self, errors: &FormErrors) -> Vec<Section> {
        let mut sections = vec![
            Section { title: "The app", controls: self.about() },
            Section { title: "How it connects", controls: self.connection() },
            Section { title: "Keys, if it proves itself by a key", controls: self.proof() },
            Section { title: "Pages about it", controls: self.pages() },
        ];
        for control in sections.iter_mut().flat_map(|section| &mut section.controls) {
            control.error = errors.of(control.id).map(str::to_owned);
        }
        sections
    }

    fn about(&self) -> Vec<Control> {
        vec![
            control("client_name", "Name", "Users see it when they decide.", &self.client_name, 1, true),
            control("organization", "Your organization", "", &self.organization, 1, false),
            control(
                "purpose",
                "What it is for",
                "In a sentence or two, for whoever decides and for users.",
                &self.purpose,
                3,
                true,
            ),
            control(
                "contacts",
                "Whom we write to",
                "E-mail addresses, one a line, at most five.",
                &self.contacts,
                2,
                true,
            ),
        ]
    }

    fn connection(&self) -> Vec<Control> {
        let kinds = KINDS.map(|(value, words)| (value, words, self.kind == value));
        vec![
            Control {
                options: kinds.to_vec(),
                ..control("kind", "What kind of app is it?", "", "", 1, true)
            },
            control(
                "redirect_uris",
                "Redirect addresses",
                "Where users return to, one a line, exactly as the app sends them. Not for a practice\u{2019}s system.",
                &self.redirect_uris,
                3,
                false,
            ),
            control(
                "launch_uri",
                "Launch address",
                "If the app can be opened from the portal with a patient (EHR launch).",
                &self.launch_uri,
                1,
                false,
            ),
            control(
                "scope",
                "Scopes",
                "Every scope that it may ask for, with spaces between: launch/patient openid fhirUser patient/Observation.rs",
                &self.scope,
                3,
                true,
            ),
            control(
                "practice",
                "Practice",
                "For a practice\u{2019}s system alone: the practice\u{2019}s name, or the NPI of one of its providers.",
                &self.practice,
                1,
                false,
            ),
        ]
    }

    fn proof(&self) -> Vec<Control> {
        vec![
            control(
                "jwks_uri",
                "Address of your public keys",
                "An https address of a JWK Set. New keys there are found by themselves.",
                &self.jwks_uri,
                1,
                false,
            ),
            control(
                "jwks",
                "Or the public keys themselves",
                "A JWK Set, each key with a kid. Come back here whenever a key changes.",
                &self.jwks,
                4,
                false,
            ),
        ]
    }

    fn pages(&self) -> Vec<Control> {
        vec![
            control("client_uri", "Home page", "", &self.client_uri, 1, false),
            control("policy_uri", "Privacy policy", "", &self.policy_uri, 1, false),
            control("tos_uri", "Terms of service", "", &self.tos_uri, 1, false),
            control("logo_uri", "Logo", "", &self.logo_uri, 1, false),
            control(
                "post_logout_redirect_uris",
                "Addresses after signing out",
                "One a line, if the app signs users out here as well.",
                &self.post_logout_redirect_uris,
                2,
                false,
            ),
            control("software_version", "Version", "", &self.software_version, 1, false),
        ]
    }
}

fn control(
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    value: &str,
    rows: u8,
    required: bool,
) -> Control {
    Control { id, label, hint, value: value.to_owned(), error: None, rows, options: Vec::new(), required }
}

/// The form's word for the kind of a client.
pub const fn kind_of(client: &Client) -> &'static str {
    match (client.kind, &client.auth) {
        (ClientKind::Public, _) => "public",
        (ClientKind::Confidential, ClientAuth::Secret { .. } | ClientAuth::None) => "secret",
        (ClientKind::Confidential, ClientAuth::Keys { .. } | ClientAuth::KeysUrl { .. }) => "keys",
        (ClientKind::Backend, _) => "backend",
    }
}

/// The kind of a client in words.
pub fn kind_words(client: &Client) -> &'static str {
    let kind = kind_of(client);
    KINDS.iter().find(|(value, _)| *value == kind).map_or("", |(_, words)| words)
}

/// Adds what `accounts` found, at the control that it is about.
pub fn add(errors: &mut FormErrors, wrong: Wrong) {
    let field = if wrong.field == "token_endpoint_auth_method" { "kind" } else { wrong.field };
    if errors.of(field).is_none() {
        errors.add(field, wrong.message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed() -> Typed {
        Typed {
            client_name: "Growth Charts".to_owned(),
            purpose: "Growth.".to_owned(),
            contacts: "dev@growth.example\n".to_owned(),
            kind: "public".to_owned(),
            redirect_uris: "https://growth.example/cb\r\n\r\nhttps://growth.example/cb2".to_owned(),
            scope: "launch/patient\npatient/*.rs".to_owned(),
            ..Typed::default()
        }
    }

    #[test]
    fn lines_become_lists() {
        let metadata = typed().metadata().unwrap().checked().unwrap();
        assert_eq!(metadata.redirect_uris, ["https://growth.example/cb", "https://growth.example/cb2"]);
        assert_eq!((metadata.scope.as_str(), metadata.launch_uri), ("launch/patient patient/*.rs", None));
    }

    #[test]
    fn every_error_has_its_control_and_all_come_at_once() {
        let errors = Typed::default().metadata().unwrap_err();
        let sections = Typed::default().sections(&errors);
        let ids: Vec<_> =
            sections.iter().flat_map(|section| &section.controls).map(|control| control.id).collect();
        for field in ["contacts", "purpose", "kind", "client_name", "redirect_uris", "scope"] {
            assert!(errors.of(field).is_some(), "{field}");
        }
        assert!(errors.all().iter().all(|error| ids.contains(&error.field)), "{errors:?}");
        let both = Typed {
            kind: "keys".into(),
            jwks: "{}".into(),
            jwks_uri: "https://a.example/".into(),
            ..typed()
        };
        assert!(both.metadata().unwrap_err().of("jwks").is_some());
        assert!(Typed { kind: "keys".into(), ..typed() }.metadata().unwrap_err().of("jwks_uri").is_some());
    }
}
