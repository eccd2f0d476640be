//! Who is at the two ends of a connection.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use ::proxy::Node;
use ::proxy::preface::Ends;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use rustix::net::{SocketAddrAny, SocketAddrUnix};

use super::proxy::Proxies;

/// The addresses of a connection, in the forms in which they are asked for.
pub(super) struct Peer {
    socket: Option<SocketAddr>,
    /// It is a proxy whose word is taken.
    trusted: AtomicBool,
    /// The connection that a proxy made this one for.
    ends: OnceLock<Ends>,
    text: OnceLock<String>,
    for_scope: OnceLock<ForScope>,
}

/// `client` and `server` of a scope.
pub(super) struct ForScope {
    pub(super) client: Option<Py<PyTuple>>,
    pub(super) server: Option<Py<PyTuple>>,
}

impl Peer {
    pub(super) fn new(client: Option<SocketAddrAny>, proxies: Option<&Proxies>) -> Self {
        let socket = client.and_then(|address| SocketAddr::try_from(address).ok());
        let socket = socket.map(canonical);
        Self {
            socket,
            trusted: AtomicBool::new(is_trusted(socket, proxies)),
            ends: OnceLock::new(),
            text: OnceLock::new(),
            for_scope: OnceLock::new(),
        }
    }

    pub(super) fn is_tcp(&self) -> bool {
        self.socket.is_some()
    }

    /// Whether what it says of its clients counts.
    pub(super) fn is_trusted(&self) -> bool {
        self.trusted.load(Ordering::Relaxed)
    }

    /// Takes the place of another client, for whom a trusted proxy made this connection. From now
    /// on it is that one's word that counts or does not.
    pub(super) fn stand_for(&self, ends: Ends, proxies: Option<&Proxies>) {
        if self.ends.set(ends).is_ok() {
            let trusted = is_trusted(Some(ends.source), proxies);
            self.trusted.store(trusted, Ordering::Relaxed);
        }
    }

    /// Whether it spoke TLS with the proxy that it stands behind.
    pub(super) fn spoke_tls(&self) -> bool {
        self.ends.get().is_some_and(|ends| ends.tls)
    }

    fn client(&self) -> Option<SocketAddr> {
        self.ends.get().map(|ends| ends.source).or(self.socket)
    }

    /// The client as the access log shows it; empty for one without an address.
    pub(super) fn text(&self) -> &str {
        self.text.get_or_init(|| {
            self.client().map_or_else(String::new, |client| {
                format!("{}:{}", client.ip(), client.port())
            })
        })
    }

    /// The client in its two parts; `unix:` for one without an address, as nginx has it.
    pub(super) fn host_and_port(&self) -> (String, u16) {
        self.client().map_or_else(
            || ("unix:".to_owned(), 0),
            |client| (client.ip().to_string(), client.port()),
        )
    }

    /// The addresses for a scope, if there was one before.
    pub(super) fn known(&self) -> Option<&ForScope> {
        self.for_scope.get()
    }

    /// The addresses for scopes, of which `ours` is asked for the first time; `usual` is what another
    /// connection has, and this one uses as well where it is the same.
    pub(super) fn for_scope(
        &self,
        py: Python<'_>,
        ours: Option<SocketAddrAny>,
        usual: Option<Py<PyTuple>>,
    ) -> PyResult<&ForScope> {
        let client = self.client().map(|client| pair(py, client)).transpose()?;
        let server = match (self.ends.get(), ours) {
            (Some(ends), _) => Some(pair(py, ends.destination)?),
            (None, Some(address)) => server(py, address)?,
            (None, None) => None,
        };
        let server = match (server, usual) {
            (Some(server), Some(usual)) if server.bind(py).eq(&usual)? => Some(usual),
            (server, _) => server,
        };
        Ok(self.for_scope.get_or_init(|| ForScope { client, server }))
    }
}

/// A hop that a proxy named, as a scope has it.
pub(super) fn named(py: Python<'_>, node: Node<'_>) -> PyResult<Py<PyTuple>> {
    (host_of(node), node.port)
        .into_pyobject(py)
        .map(Bound::unbind)
}

/// The host of a hop as text: what is no ASCII is Latin-1, as everywhere in headers.
pub(super) fn host_of(node: Node<'_>) -> Cow<'_, str> {
    match std::str::from_utf8(node.host) {
        Ok(host) if host.is_ascii() => Cow::Borrowed(host),
        _ => node.host.iter().copied().map(char::from).collect(),
    }
}

fn is_trusted(peer: Option<SocketAddr>, proxies: Option<&Proxies>) -> bool {
    let ip: Option<IpAddr> = peer.map(|peer| peer.ip());
    proxies.is_some_and(|proxies| match ip {
        Some(ip) => proxies.trust.has_address(ip),
        None => proxies.trust.has_unix(),
    })
}

/// An inherited socket may take clients of both families, and shows those of IPv4 as
/// `::ffff:192.0.2.1` (RFC 4291, section 2.5.5.2). They are known by their own addresses.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

fn pair(py: Python<'_>, address: SocketAddr) -> PyResult<Py<PyTuple>> {
    (address.ip().to_string(), address.port())
        .into_pyobject(py)
        .map(Bound::unbind)
}

fn server(py: Python<'_>, address: SocketAddrAny) -> PyResult<Option<Py<PyTuple>>> {
    if let Ok(address) = SocketAddr::try_from(address.clone()) {
        return pair(py, canonical(address)).map(Some);
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
