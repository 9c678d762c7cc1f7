//! The server's certificate, loaded again when its files change.
//!
//! The files are compared every few seconds, by content: certificates are often replaced by pointing a link
//! elsewhere, which a file watcher does not notice. An unusable pair is reported once, and the previous one
//! stays in use.
//!
//! Offers HTTP/1.1 only: WebSockets need it, and the deadlines of `connections` assume one request per connection.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hsc_config::TlsSettings;
use hsc_monitoring::Metrics;
use log::{info, warn};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How often the files are compared. Certificates are replaced weeks before they expire.
const COMPARED_EVERY: Duration = Duration::from_secs(2);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCertificate {
    /// A file cannot be read.
    #[error("{setting} = {}: {cause}", path.display())]
    Unreadable {
        /// The setting that names the file.
        setting: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// The system's error.
        cause: std::io::Error,
    },
    /// A file does not contain the expected PEM.
    #[error("{setting} = {}: {cause}; the file has to hold PEM", path.display())]
    NoPem {
        /// The setting that names the file.
        setting: &'static str,
        /// Path of the file.
        path: PathBuf,
        /// The PEM error.
        cause: rustls::pki_types::pem::Error,
    },
    /// The certificate and the key cannot be used together.
    #[error("server.tls.cert and server.tls.key cannot be used together: {0}")]
    Unfit(#[from] rustls::Error),
}

/// A certificate and its key.
pub struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    current: Mutex<Arc<ServerConfig>>,
    /// Content of the files at the last comparison.
    seen: Mutex<Files>,
}

#[derive(PartialEq, Eq)]
struct Files {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Certificate {
    /// From the settings; none if they name no files.
    ///
    /// # Errors
    /// If the files cannot be read or do not match.
    pub fn of(settings: &TlsSettings) -> Result<Option<Arc<Self>>, InvalidCertificate> {
        if settings.cert.is_empty() {
            return Ok(None);
        }
        let (cert, key) = (PathBuf::from(&settings.cert), PathBuf::from(&settings.key));
        let files = read(&cert, &key)?;
        let current = Mutex::new(config(&cert, &key, &files)?);
        Ok(Some(Arc::new(Self { cert, key, current, seen: Mutex::new(files) })))
    }

    pub(super) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Compares the files forever, and uses the new content when it changes.
    pub async fn keep_current(self: Arc<Self>, metrics: Arc<Metrics>) {
        let mut is_unreadable = false;
        loop {
            tokio::time::sleep(COMPARED_EVERY).await;
            let certificate = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || certificate.look()).await;
            match looked {
                Ok(Ok(false)) => is_unreadable = false,
                Ok(Ok(true)) => {
                    is_unreadable = false;
                    metrics.connections.certificate_reloaded("taken");
                    info!("the certificate has changed; new connections get the new one");
                }
                // Unreadable files stay so for many comparisons; the error is logged once.
                Ok(Err(InvalidCertificate::Unreadable { .. })) if is_unreadable => {}
                Ok(Err(error)) => {
                    is_unreadable = matches!(error, InvalidCertificate::Unreadable { .. });
                    metrics.connections.certificate_reloaded("kept");
                    warn!(cause:% = error; "the new certificate cannot be used; the one before stays");
                }
                Err(_) => {}
            }
        }
    }

    /// True if the files changed and the new certificate is in use.
    fn look(&self) -> Result<bool, InvalidCertificate> {
        let files = read(&self.cert, &self.key)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == files {
            return Ok(false);
        }
        let made = config(&self.cert, &self.key, &files);
        *seen = files;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = made?;
        Ok(true)
    }
}

fn read(cert: &Path, key: &Path) -> Result<Files, InvalidCertificate> {
    let file = |setting, path: &Path| {
        std::fs::read(path).map_err(|cause| {
            let path = path.to_owned();
            InvalidCertificate::Unreadable { setting, path, cause }
        })
    };
    Ok(Files { cert: file("server.tls.cert", cert)?, key: file("server.tls.key", key)? })
}

fn config(cert: &Path, key: &Path, files: &Files) -> Result<Arc<ServerConfig>, InvalidCertificate> {
    let no_pem = |setting, path: &Path, cause| {
        let path = path.to_owned();
        InvalidCertificate::NoPem { setting, path, cause }
    };
    let chain = CertificateDer::pem_slice_iter(&files.cert)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| no_pem("server.tls.cert", cert, cause))?;
    let key = PrivateKeyDer::from_pem_slice(&files.key)
        .map_err(|cause| no_pem("server.tls.key", key, cause))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
