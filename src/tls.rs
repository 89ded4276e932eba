//! TLS from certificate files, read again when they change (renewal) without losing a connection.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

/// How often the files' times are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Certificate and key in files, and the configuration made of them.
pub struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<ArcSwap<ServerConfig>>,
}

impl TlsFiles {
    /// Reads both files; the error names the file and what is wrong with it.
    pub fn open(certificate: PathBuf, key: PathBuf) -> Result<Self, String> {
        let config = read(&certificate, &key)?;
        Ok(Self { certificate, key, current: Arc::new(ArcSwap::from_pointee(config)) })
    }

    /// The configuration in force, for the accept loop.
    pub fn current(&self) -> Arc<ArcSwap<ServerConfig>> {
        Arc::clone(&self.current)
    }

    /// Reads the files again whenever they change, until `stop`. Files that do not fit leave the old pair in force.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut seen = self.changed_at();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let now = self.changed_at();
            if now == seen {
                continue;
            }
            match self.reload() {
                Ok(()) => {
                    seen = now;
                    tracing::info!("TLS certificate reloaded");
                }
                // Certificate and key are seldom replaced in the same instant: the next look finds both.
                Err(error) => {
                    tracing::warn!(%error, "the new TLS certificate is not usable; the old one stays");
                }
            }
        }
    }

    /// Reads the files and puts them in force.
    pub fn reload(&self) -> Result<(), String> {
        self.current.store(Arc::new(read(&self.certificate, &self.key)?));
        Ok(())
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        [&self.certificate, &self.key].map(|path| std::fs::metadata(path).and_then(|m| m.modified()).ok())
    }
}

fn read(certificate: &PathBuf, key: &PathBuf) -> Result<ServerConfig, String> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| format!("the certificate {} cannot be read: {error}", certificate.display()))?;
    if chain.is_empty() {
        return Err(format!("{} holds no certificate", certificate.display()));
    }
    let key_der = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| format!("the key {} cannot be read: {error}", key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key_der))
        .map_err(|error| format!("certificate and key do not fit: {error}"))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
