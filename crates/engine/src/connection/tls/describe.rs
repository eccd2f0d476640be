//! What an application is told of TLS: the `tls` extension of ASGI.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{Seal, name};

/// What there is to tell.
#[derive(Default)]
pub(in super::super) struct Description {
    client_chain: Vec<String>,
    client_name: Option<String>,
    version: Option<u16>,
    suite: Option<u16>,
}

impl Description {
    pub(in super::super) fn new(seal: &Seal) -> Self {
        let session = seal.session();
        let chain = session.peer_certificates().unwrap_or_default();
        Self {
            client_name: chain.first().and_then(|own| name::of_subject(own)),
            client_chain: chain.iter().map(|certificate| pem(certificate)).collect(),
            version: session.protocol_version().map(u16::from),
            suite: session
                .negotiated_cipher_suite()
                .map(|suite| u16::from(suite.suite())),
        }
    }

    /// The extension's dictionary. The server's certificate is left out, as the specification allows.
    pub(in super::super) fn tell(self, py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
        let told = PyDict::new(py);
        told.set_item(intern!(py, "server_cert"), py.None())?;
        told.set_item(intern!(py, "client_cert_chain"), self.client_chain)?;
        told.set_item(intern!(py, "client_cert_name"), self.client_name)?;
        told.set_item(intern!(py, "client_cert_error"), py.None())?;
        told.set_item(intern!(py, "tls_version"), self.version)?;
        told.set_item(intern!(py, "cipher_suite"), self.suite)?;
        Ok(told)
    }
}

/// A certificate as text (RFC 7468).
fn pem(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}
