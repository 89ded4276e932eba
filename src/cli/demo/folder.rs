//! The demo's data folder: database, keys, the configuration that other commands read, and the printed credentials.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::cli::CommandError;
use crate::credentials::seal::SealingKey;
use crate::credentials::signing::{SigningAlgorithm, SigningKey};
use crate::domain::random::SystemRandom;
use crate::sandbox::cast::Cast;
use crate::sandbox::ehr::token::BackendClient;

/// Our client id at the synthetic EHR.
const CLIENT_ID: &str = "chartgate";

/// The folder; removed at the end when it is temporary.
pub struct Folder {
    path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

/// The key by which the product proves itself to the synthetic EHR.
pub struct EhrKey(SigningKey);

impl EhrKey {
    /// As the EHR registers it.
    pub fn registration(&self) -> Result<BackendClient, CommandError> {
        Ok(BackendClient {
            client_id: CLIENT_ID.to_owned(),
            jwks: serde_json::from_value(serde_json::json!({ "keys": [self.0.jwk()] }))?,
            scope: "system/*.rs".to_owned(),
        })
    }
}

impl Folder {
    /// The folder at `path`, made if absent; a temporary one without.
    pub fn open(path: Option<&Path>) -> Result<Self, CommandError> {
        let Some(path) = path else {
            let temporary = tempfile::Builder::new().prefix("chartgate-demo-").tempdir()?;
            return Ok(Self { path: temporary.path().to_owned(), _temporary: Some(temporary) });
        };
        std::fs::create_dir_all(path)
            .map_err(|error| format!("the folder {} cannot be made: {error}", path.display()))?;
        Ok(Self { path: path.canonicalize()?, _temporary: None })
    }

    /// The configuration file, for every command's `--data`.
    pub fn config(&self) -> PathBuf {
        self.path.join("chartgate.toml")
    }

    /// Makes what is not there yet, and writes the configuration for the ports of this start.
    pub fn prepare(&self, listen: SocketAddr, portal: &str, ehr: &str) -> Result<EhrKey, CommandError> {
        SealingKey::load_or_create(&self.path.join("master.key"), &SystemRandom)?;
        let key = self.ehr_key()?;
        let at = |name: &str| toml::Value::from(self.path.join(name).display().to_string()).to_string();
        let database = toml::Value::from(format!("sqlite://{}", self.path.join("chartgate.db").display()));
        let text = format!(
            "# Written by `chartgate demo` at each start.\n\
             [server]\nlisten = \"{listen}\"\npublic_url = \"{portal}\"\n\n\
             [hospital]\nname = \"Saguaro Children's Hospital\"\nsupport_email = \"support@saguaro.example\"\n\
             support_phone = \"(602) 555-0100\"\nmrn_system = \"{mrn}\"\ntime_zone = \"America/Phoenix\"\ntenant = \"saguaro\"\n\n\
             [brands.primary]\nwebsite = \"https://www.saguaro.example\"\naliases = [\"Saguaro\"]\n\
             addresses = [{{ city = \"Phoenix\", state = \"AZ\" }}]\n\n\
             [[brands.affiliates]]\nname = \"Saguaro Children's, Flagstaff clinic\"\n\
             website_absent = \"asked-unknown\"\naddresses = [{{ city = \"Flagstaff\", state = \"AZ\" }}]\n\n\
             [database]\nurl = {database}\nmaster_key = {{ file = {master} }}\n\n\
             # Whatever tries the demo comes from one address.\n[oauth]\nrequests_per_minute = 0\n\n\
             [limits]\naddress_per_minute = 0\nunauthenticated_per_minute = 0\nuser_per_minute = 0\n\
             app_per_minute = 0\nsystem_per_minute = 0\n\n\
             [ehr]\nbase_url = \"{ehr}\"\n\n\
             [ehr.auth]\ntype = \"backend_services\"\nclient_id = \"{CLIENT_ID}\"\nkey = {{ file = {key_file} }}\n\n\
             [identity.childrens_id]\nlabel = \"Children's ID\"\nissuer = \"{portal}/demo/childrens-id\"\n\
             client_id = \"chartgate\"\nscopes = [\"profile\", \"email\"]\nprivate_network = true\n\n\
             [identity.patient_portal]\nlabel = \"the patient portal\"\nissuer = \"{portal}/demo/patient-portal\"\n\
             client_id = \"chartgate\"\nscopes = [\"profile\", \"email\", \"fhirUser\"]\nprivate_network = true\n\n\
             [log]\nformat = \"text\"\nfilter = \"warn\"\n",
            mrn = crate::sandbox::hospital::MRN_SYSTEM,
            master = at("master.key"),
            key_file = at("ehr-key.pem"),
        );
        std::fs::write(self.config(), text)?;
        Ok(key)
    }

    fn ehr_key(&self) -> Result<EhrKey, CommandError> {
        let file = self.path.join("ehr-key.pem");
        if let Ok(pem) = std::fs::read_to_string(&file) {
            return Ok(EhrKey(SigningKey::from_pem(&pem, None)?));
        }
        let key = SigningKey::generate(SigningAlgorithm::Es384)?;
        let pem = key.to_pem()?;
        write_private(&file, pem.as_bytes())?;
        Ok(EhrKey(key))
    }

    fn credentials(&self) -> PathBuf {
        self.path.join("demo.json")
    }

    /// The people of an earlier start.
    pub fn cast(&self) -> Result<Option<Cast>, CommandError> {
        match std::fs::read(self.credentials()) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps the people for the next start.
    pub fn keep(&self, cast: &Cast) -> Result<(), CommandError> {
        write_private(&self.credentials(), &serde_json::to_vec_pretty(cast)?)
    }
}

impl Folder {
    /// For the examples of the developer pages: a file of variables for each client, and its private key where it has one.
    /// Written at each start, because the port may be another.
    pub fn write_clients(&self, cast: &Cast, fhir: &str) -> Result<(), CommandError> {
        let folder = self.path.join("clients");
        std::fs::create_dir_all(&folder)?;
        for client in &cast.clients {
            let mut lines =
                vec![format!("export FHIR_BASE={fhir}"), format!("export CLIENT_ID={}", client.client_id)];
            if let Some(pem) = &client.pem {
                let file = folder.join(format!("{}.pem", client.client_id));
                write_private(&file, pem.as_bytes())?;
                lines.push(format!("export KEY_FILE='{}'", file.display()));
            }
            let kid = client.jwk.as_ref().and_then(|jwk| jwk.get("kid")).and_then(|kid| kid.as_str());
            lines.extend(kid.map(|kid| format!("export KEY_ID={kid}")));
            lines.extend(client.redirect_uris.first().map(|uri| format!("export REDIRECT_URI={uri}")));
            let colleague =
                cast.users.iter().find(|user| user.practice.is_some() && user.practice == client.practice);
            let patient = colleague.and_then(|user| user.sees.first());
            lines.extend(patient.map(|mrn| format!("export PATIENT_MRN={mrn}")));
            let text = format!("{}\n", lines.join("\n"));
            write_private(&folder.join(format!("{}.env", client.client_id)), text.as_bytes())?;
        }
        Ok(())
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    Ok(())
}
