//! Reading, merging and validating. Every complaint says where: file, line and column, or variable, or key.

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format as _, Toml};

use super::profile;
use super::sections::{Config, EhrAuth, EhrSection, PanelRoute};

/// Why a configuration was refused. Each element is one sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// Reads `file`, lets the environment override it, and validates the whole.
pub fn load(file: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| ConfigError(vec![format!("{} cannot be read: {error}", file.display())]))?;
    let mut config = parse(&text, &file.display().to_string())?;
    if config.brands.updated.is_none() {
        let modified = std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
        config.brands.updated = modified.and_then(|time| jiff::Timestamp::try_from(time).ok());
    }
    Ok(config)
}

/// The same for a text; `name` is what complaints call it.
pub fn parse(text: &str, name: &str) -> Result<Config, ConfigError> {
    // Read once by toml alone: it knows line and column, which are lost once the environment is merged in.
    toml::from_str::<Config>(text)
        .map_err(|error| ConfigError(vec![format!("in {name}: {}", error.to_string().trim_end())]))?;
    let own =
        Figment::from(Toml::string(text)) // Every key lies in a section. What has no section in its name is not ours: orchestrators set CHARTGATE_PORT and the like.
            .merge(Env::prefixed("CHARTGATE_").filter(|key| key.as_str().contains("__")).split("__"));
    let whole = match own.extract_inner::<String>("ehr.profile") {
        Ok(name) => {
            let profile = profile::text(&name).map_err(|complaint| ConfigError(vec![complaint]))?;
            Figment::from(Toml::string(&profile)).merge(own)
        }
        Err(_none) => own,
    };
    let config: Config = whole.extract().map_err(|error| {
        ConfigError(error.into_iter().map(|e| format!("in the environment: {e}")).collect())
    })?;
    let complaints = complaints(&config);
    if complaints.is_empty() { Ok(config) } else { Err(ConfigError(complaints)) }
}

/// What is wrong with a configuration whose form is right.
fn complaints(config: &Config) -> Vec<String> {
    let mut found = Vec::new();
    check_server(config, &mut found);
    check_secrets(config, &mut found);
    match &config.ehr.base_url {
        None => found.push("ehr.base_url is missing: the FHIR base URL of the hospital's EHR".to_owned()),
        Some(url) if !matches!(url.scheme(), "http" | "https") => {
            found.push("ehr.base_url must begin with https:// or http://".to_owned());
        }
        Some(_) => {}
    }
    if config.ehr.concurrency == 0 {
        found.push("ehr.concurrency must be at least 1".to_owned());
    }
    check_panel(&config.ehr, &mut found);
    if jiff::tz::TimeZone::get(&config.hospital.time_zone).is_err() {
        found.push(format!("hospital.time_zone '{}' is not an IANA time zone", config.hospital.time_zone));
    }
    config.brands.complaints(&mut found);
    if config.mail.smtp_url.is_some() && config.mail.from.is_none() {
        found.push("mail.from is missing: mail needs a sender".to_owned());
    }
    found
}

fn check_panel(ehr: &EhrSection, found: &mut Vec<String>) {
    if ehr.page_size == Some(0) {
        found.push("ehr.page_size must be at least 1".to_owned());
    }
    for (name, required) in &ehr.required_parameters {
        let fill = required.fill.as_deref();
        if required.any_of.is_empty() || fill.is_some_and(|fill| fill.contains('#') || !fill.contains('=')) {
            found.push(format!(
                "ehr.required_parameters.{name} needs names in any_of, and in fill, if any, parameters as in a query"
            ));
        }
    }
    if ehr.panel.roster_min_share > 100 {
        found.push("ehr.panel.roster_min_share is a percentage, from 0 to 100".to_owned());
    }
    match ehr.panel.route {
        PanelRoute::Groups if ehr.panel.groups.is_empty() => found.push(
            "ehr.panel.groups is missing: with the route 'groups' it says which Group of the EHR each practice has"
                .to_owned(),
        ),
        PanelRoute::Roster if ehr.panel.roster_file.is_none() => found.push(
            "ehr.panel.roster_file is missing: with the route 'roster' panels come from a file; ehr.panel.route may be 'search' or 'groups' instead"
                .to_owned(),
        ),
        _ => {}
    }
}

fn check_server(config: &Config, found: &mut Vec<String>) {
    let server = &config.server;
    let Some(url) = &server.public_url else {
        found.push("server.public_url is missing: what browsers and clients call this server".to_owned());
        return;
    };
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        found.push("server.public_url must be an origin, without a path".to_owned());
    }
    let loopback = server.listen.ip().is_loopback();
    if server.tls.is_none() && !server.behind_proxy && !loopback {
        found.push(format!(
            "server.listen is {} without TLS: plain HTTP is served on loopback or behind a proxy alone. Set server.tls, or server.behind_proxy = true",
            server.listen
        ));
    }
    if url.scheme() == "http" && !(loopback && url.host_str().is_some_and(is_loopback_name)) {
        found.push("server.public_url must be https:// unless it is a loopback address".to_owned());
    }
    if server.internal_listen.is_some_and(|address| address == server.listen) {
        found.push("server.internal_listen must differ from server.listen".to_owned());
    }
}

fn is_loopback_name(host: &str) -> bool {
    host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn check_secrets(config: &Config, found: &mut Vec<String>) {
    let mut secrets = Vec::new();
    match &config.database.master_key {
        None => found.push("database.master_key is missing: 32 random bytes in base64".to_owned()),
        Some(secret) => secrets.push(("database.master_key", secret)),
    }
    for secret in &config.database.previous_master_keys {
        secrets.push(("database.previous_master_keys", secret));
    }
    match &config.ehr.auth {
        EhrAuth::None {} => {}
        EhrAuth::StaticToken { token } => secrets.push(("ehr.auth.token", token)),
        EhrAuth::BackendServices { key, .. } => secrets.push(("ehr.auth.key", key)),
    }
    if let Some(identity) = &config.ehr.identity {
        secrets.push(("ehr.identity", identity));
    }
    if let Some(password) = &config.mail.smtp_password {
        secrets.push(("mail.smtp_password", password));
    }
    for (key, secret) in secrets {
        if secret.is_blank() {
            found.push(format!("{key} is empty"));
        } else if let Err(error) = secret.read() {
            found.push(format!("{key}: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = r#"
        [server]
        public_url = "http://localhost:8080"
        [database]
        master_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        [ehr]
        base_url = "https://ehr.example/fhir"
    "#;

    #[test]
    fn the_smallest_configuration_is_enough() {
        parse(SMALLEST, "test.toml").unwrap();
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let error = parse(&SMALLEST.replace("base_url =", "baseurl ="), "test.toml").unwrap_err().to_string();
        assert!(
            error.contains("line 7") && error.contains("baseurl") && error.contains("test.toml"),
            "{error}"
        );
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        let open = SMALLEST.replace("[server]", "[server]\nlisten = \"0.0.0.0:80\"");
        assert!(parse(&open, "t").unwrap_err().to_string().contains("plain HTTP"));
        let proxied = open
            .replace("[server]", "[server]\nbehind_proxy = true")
            .replace("http://localhost:8080", "https://portal.example");
        parse(&proxied, "t").unwrap();
    }

    #[test]
    fn every_complaint_is_made_at_once() {
        let error = parse("[ehr]\nconcurrency = 0", "t").unwrap_err();
        assert_eq!(error.0.len(), 4, "{error}");
    }

    #[test]
    fn the_documented_configuration_has_every_key_and_no_other() {
        let documented = include_str!("../../config/chartgate.toml");
        toml::from_str::<Config>(documented).unwrap_or_else(|error| panic!("{error}"));
        let fields = [include_str!("sections.rs"), include_str!("brands.rs")]
            .into_iter()
            .flat_map(str::lines)
            .filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(": "))
            .map(|(name, _)| name)
            .filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        for field in fields {
            assert!(
                documented.contains(&format!("{field} = "))
                    || documented.contains(&format!("[{field}]"))
                    || documented.contains(&format!(".{field}]")),
                "{field} is not documented in config/chartgate.toml"
            );
        }
    }
}
