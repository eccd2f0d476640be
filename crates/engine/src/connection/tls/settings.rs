//! How a server proves who it is, and whom it lets in.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, ServerConfig, WebPkiClientVerifier};
use rustls::{SupportedProtocolVersion, crypto, version};

use super::super::shared::lock;
use super::files::{self, Wrong};

/// Certificate, key and authorities of a server, by the names of their files.
///
/// They are read when this is made and again by `reload`; connections keep what they began with.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct TlsSettings {
    files: Files,
    config: Mutex<Arc<ServerConfig>>,
}

struct Files {
    certificates: PathBuf,
    key: PathBuf,
    password: Option<String>,
    authorities: Option<PathBuf>,
    client: ClientCertificate,
    versions: &'static [&'static SupportedProtocolVersion],
    /// HTTP/2 is offered.
    http2: bool,
}

/// Whether clients have to show a certificate, with the numbers of Python's `ssl`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ClientCertificate {
    None,
    Optional,
    Required,
}

const FROM_1_2: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
const FROM_1_3: &[&SupportedProtocolVersion] = &[&version::TLS13];

#[pymethods]
impl TlsSettings {
    /// Reads the files.
    ///
    /// `cert_reqs` is `ssl.CERT_NONE`, `CERT_OPTIONAL` or `CERT_REQUIRED`, `minimum_version` `"1.2"`
    /// or `"1.3"`; `http2` offers that to clients (ALPN, RFC 7301). Raises `ValueError` with a sentence that names the file and what is wrong.
    #[new]
    #[pyo3(signature = (
        certfile, keyfile = None, *, password = None, ca_certs = None, cert_reqs = 0,
        minimum_version = "1.2", http2 = true,
    ))]
    fn new(
        certfile: PathBuf,
        keyfile: Option<PathBuf>,
        password: Option<String>,
        ca_certs: Option<PathBuf>,
        cert_reqs: u8,
        minimum_version: &str,
        http2: bool,
    ) -> PyResult<Self> {
        let client = match cert_reqs {
            0 => ClientCertificate::None,
            1 => ClientCertificate::Optional,
            2 => ClientCertificate::Required,
            _ => return Err(PyValueError::new_err("cert_reqs is 0, 1 or 2")),
        };
        let versions = match minimum_version {
            "1.2" => FROM_1_2,
            "1.3" => FROM_1_3,
            _ => return Err(PyValueError::new_err("minimum_version is '1.2' or '1.3'")),
        };
        let files = Files {
            // One file may hold both.
            key: keyfile.unwrap_or_else(|| certfile.clone()),
            certificates: certfile,
            password,
            authorities: ca_certs,
            client,
            versions,
            http2,
        };
        let config = files.load().map_err(PyValueError::new_err)?;
        Ok(Self {
            files,
            config: Mutex::new(config),
        })
    }

    /// Reads the files again, for connections from now on. If something is wrong with them it raises
    /// `ValueError`, and what was read before stays in use.
    fn reload(&self, py: Python<'_>) -> PyResult<()> {
        let config = py
            .detach(|| self.files.load())
            .map_err(PyValueError::new_err)?;
        *lock(&self.config) = config;
        Ok(())
    }
}

impl TlsSettings {
    /// For a connection that begins now.
    pub(in super::super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&lock(&self.config))
    }
}

impl Files {
    fn load(&self) -> Result<Arc<ServerConfig>, Wrong> {
        let chain = files::certificates(&self.certificates)?;
        let password = self.password.as_deref().map(str::as_bytes);
        let key = files::private_key(&self.key, password)?;
        let provider = Arc::new(crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions)
            .map_err(|error| error.to_string())?
            .with_client_cert_verifier(self.verifier(&provider)?)
            .with_single_cert(chain, key)
            .map_err(|error| {
                let (certificates, key) = (self.certificates.display(), self.key.display());
                format!("{certificates} and {key} do not go together: {error}")
            })?;
        if self.http2 {
            config.alpn_protocols.push(b"h2".to_vec());
        }
        config.alpn_protocols.push(b"http/1.1".to_vec());
        config.ticketer = crypto::ring::Ticketer::new().map_err(|error| error.to_string())?;
        Ok(Arc::new(config))
    }

    fn verifier(
        &self,
        provider: &Arc<crypto::CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, Wrong> {
        if self.client == ClientCertificate::None {
            return Ok(Arc::new(NoClientAuth));
        }
        let Some(path) = &self.authorities else {
            return Err(
                "clients are asked for a certificate, so `ssl_ca_certs` has to say whose \
                        are trusted"
                    .to_owned(),
            );
        };
        let store = Arc::new(files::authorities(path)?);
        let verifier = WebPkiClientVerifier::builder_with_provider(store, Arc::clone(provider));
        let verifier = match self.client {
            ClientCertificate::Required => verifier,
            _ => verifier.allow_unauthenticated(),
        };
        verifier
            .build()
            .map_err(|error| format!("{} cannot be used: {error}", path.display()))
    }
}
