//! Who is at the two ends of a connection.

use std::net::SocketAddr;
use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use rustix::net::{SocketAddrAny, SocketAddrUnix};

/// The addresses of a connection, in the forms in which they are asked for.
pub(super) struct Peer {
    client: Option<SocketAddr>,
    text: OnceLock<String>,
    for_scope: OnceLock<ForScope>,
}

/// `client` and `server` of a scope.
pub(super) struct ForScope {
    pub(super) client: Option<Py<PyTuple>>,
    pub(super) server: Option<Py<PyTuple>>,
}

impl Peer {
    pub(super) fn new(client: Option<SocketAddrAny>) -> Self {
        Self {
            client: client.and_then(|address| SocketAddr::try_from(address).ok()),
            text: OnceLock::new(),
            for_scope: OnceLock::new(),
        }
    }

    pub(super) fn is_tcp(&self) -> bool {
        self.client.is_some()
    }

    /// The client as the access log shows it; empty for one without an address.
    pub(super) fn text(&self) -> &str {
        self.text.get_or_init(|| {
            self.client.map_or_else(String::new, |client| {
                format!("{}:{}", client.ip(), client.port())
            })
        })
    }

    /// The addresses for a scope, if there was one before.
    pub(super) fn known(&self) -> Option<&ForScope> {
        self.for_scope.get()
    }

    /// The addresses for scopes, of which `ours` is asked for the first time.
    pub(super) fn for_scope(
        &self,
        py: Python<'_>,
        ours: Option<SocketAddrAny>,
    ) -> PyResult<&ForScope> {
        let client = self.client.map(|client| pair(py, client)).transpose()?;
        let server = match ours {
            None => None,
            Some(address) => server(py, address)?,
        };
        Ok(self.for_scope.get_or_init(|| ForScope { client, server }))
    }
}

fn pair(py: Python<'_>, address: SocketAddr) -> PyResult<Py<PyTuple>> {
    (address.ip().to_string(), address.port())
        .into_pyobject(py)
        .map(Bound::unbind)
}

fn server(py: Python<'_>, address: SocketAddrAny) -> PyResult<Option<Py<PyTuple>>> {
    if let Ok(address) = SocketAddr::try_from(address.clone()) {
        return pair(py, address).map(Some);
    }
    let Ok(address) = SocketAddrUnix::try_from(address) else {
        return Ok(None);
    };
    let path = address.path_bytes().unwrap_or_default();
    let path = String::from_utf8_lossy(path);
    (path, py.None())
        .into_pyobject(py)
        .map(|pair| Some(pair.unbind()))
}
