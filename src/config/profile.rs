//! What is known of families of EHRs: settings of `[ehr]` that lie under the operator's own (`ehr.profile`).

use serde::Deserialize;

use super::sections::EhrSection;

/// The profiles that come with the product, by name.
const KNOWN: &[(&str, &str)] = &[
    ("generic", include_str!("../../config/ehr/generic.toml")),
    ("hapi", include_str!("../../config/ehr/hapi.toml")),
    ("sekmet", include_str!("../../config/ehr/sekmet.toml")),
    ("epic", include_str!("../../config/ehr/epic.toml")),
    ("oracle-health", include_str!("../../config/ehr/oracle-health.toml")),
    ("meditech", include_str!("../../config/ehr/meditech.toml")),
];

/// A profile has this section and no other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    ehr: EhrSection,
}

/// The text of the profile that `name` says: a known one, or a file (anything with a slash or that ends in `.toml`). Fails with a
/// sentence for the operator.
pub(super) fn text(name: &str) -> Result<String, String> {
    let is_file = name.contains('/') || name.to_ascii_lowercase().ends_with(".toml");
    let text = if is_file {
        std::fs::read_to_string(name)
            .map_err(|error| format!("ehr.profile: {name} cannot be read: {error}"))?
    } else {
        let known = KNOWN.iter().find(|(known, _)| *known == name);
        let names: Vec<_> = KNOWN.iter().map(|(name, _)| *name).collect();
        let (_, text) = known.ok_or_else(|| {
            format!("ehr.profile: '{name}' is none of {}, nor a file that ends in .toml", names.join(", "))
        })?;
        (*text).to_owned()
    };
    let profile: Profile = toml::from_str(&text)
        .map_err(|error| format!("in the EHR profile {name}: {}", error.to_string().trim_end()))?;
    if profile.ehr.base_url.is_some() || profile.ehr.profile.is_some() {
        return Err(format!("in the EHR profile {name}: base_url and profile belong into the configuration"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn config(ehr: &str) -> String {
        format!(
            "[server]\npublic_url = \"http://localhost:8080\"\n[database]\nmaster_key = \"{}\"\n[ehr]\nbase_url = \"https://ehr.example/fhir\"\n{ehr}",
            "A".repeat(43)
        )
    }

    #[test]
    fn every_profile_is_whole_and_every_file_is_known() {
        for (name, _) in KNOWN {
            text(name).unwrap();
            let roster = "[ehr.panel]\nroster_file = \"/tmp/roster.csv\"";
            parse(&config(&format!("profile = \"{name}\"\n{roster}")), "t").unwrap();
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/ehr");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), KNOWN.len());
    }

    #[test]
    fn the_operators_settings_lie_over_the_profiles() {
        let ehr = |text: &str| parse(&config(text), "t").unwrap().ehr;
        let plain = ehr("profile = \"sekmet\"");
        assert_eq!(plain.undeclared_types, ["CareTeam", "Goal", "Binary"]);
        assert_eq!(plain.timeout.0.as_secs(), 60);
        let own = ehr("profile = \"sekmet\"\ntimeout = \"5s\"\nundeclared_types = []");
        assert_eq!((own.timeout.0.as_secs(), own.undeclared_types.len()), (5, 0));
        let epic = ehr(
            "profile = \"epic\"\npage_size = 7\n[ehr.panel]\nroute = \"groups\"\ngroups = { north = \"Group/g\" }",
        );
        assert_eq!((epic.page_size, epic.concurrency), (Some(7), 16));
        assert_eq!(epic.missing_parameters["Patient"], ["general-practitioner"]);
    }

    #[test]
    fn what_is_wrong_with_a_profile_is_said() {
        let complaint = |text: &str| parse(&config(text), "t").unwrap_err().to_string();
        assert!(complaint("profile = \"epik\"").contains("none of generic, hapi"));
        assert!(complaint("profile = \"/nowhere/x.toml\"").contains("cannot be read"));
        assert!(complaint("profile = \"epic\"").contains("ehr.panel.roster_file"));
        assert!(complaint("[ehr.panel]\nroute = \"groups\"").contains("ehr.panel.groups"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.toml");
        for (text, said) in [
            ("[ehr]\npagesize = 3", "pagesize"),
            ("[server]\ndrain = \"1s\"", "server"),
            ("[ehr]\nbase_url = \"https://x.example\"", "base_url"),
            ("[ehr]\npage_size = 0", "ehr.page_size"),
        ] {
            std::fs::write(&file, text).unwrap();
            assert!(complaint(&format!("profile = \"{}\"", file.display())).contains(said), "{text}");
        }
    }
}
