//! The scope: what an ASGI application is told of a request.

use ::websocket::Upgrade;
use http1::{RequestHead, Version};
use proxy::{Scheme, Told};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use rustix::net::getsockname;

use super::super::Connection;
use super::super::peer::{ForScope, named};
use super::super::tls::Description;

impl Connection {
    /// A scope for a request of this connection.
    pub(crate) fn new_scope(
        &self,
        py: Python<'_>,
        head: &RequestHead,
        upgrade: Option<&Upgrade>,
    ) -> PyResult<Py<PyDict>> {
        // What is malformed was refused before it came here.
        let told = self.told(head).unwrap_or_default();
        let scope = if upgrade.is_none() && self.is_usual(head, &told) {
            let addresses = self.addresses(py)?;
            let root = self.root_path(&told);
            self.shared.blank.cast(py, head, addresses, root)?
        } else {
            let scope = self.unusual_scope(py, head, upgrade, &told)?;
            scope.set_item(intern!(py, "state"), PyDict::new(py))?;
            scope
        };
        if let Some(state) = &self.shared.lifespan_state
            && !state.bind(py).is_empty()
        {
            scope.set_item(intern!(py, "state"), state.bind(py).copy()?)?;
        }
        if let Some(said) = &self.shared.scope {
            scope.update(said.bind(py).as_mapping())?;
        }
        Ok(scope.unbind())
    }

    /// Whether a request comes over plain HTTP/1.1, and no proxy says anything of it.
    fn is_usual(&self, head: &RequestHead, told: &Told<'_>) -> bool {
        head.version() == Version::Http11
            && self.shared.options.tls.is_none()
            && self.told_scheme(told).is_none()
            && told.client.is_none()
            && told.port.is_none()
            && told.prefix.is_none()
    }

    /// A scope, whole but for its `state`.
    fn unusual_scope<'py>(
        &self,
        py: Python<'py>,
        head: &RequestHead,
        upgrade: Option<&Upgrade>,
        told: &Told<'_>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let scope = self.shared.blank.scope(py)?;
        let extensions = match upgrade {
            None => self.shared.blank.extensions(py)?,
            Some(_) => PyDict::new(py),
        };
        let (mut http, mut ws) = self.add_tls(py, &extensions)?;
        match self.told_scheme(told) {
            None => {}
            Some(Scheme::Http) => (http, ws) = (intern!(py, "http"), intern!(py, "ws")),
            Some(Scheme::Https) => (http, ws) = (intern!(py, "https"), intern!(py, "wss")),
        }
        if let Some(upgrade) = upgrade {
            scope.del_item(intern!(py, "method"))?;
            scope.set_item(intern!(py, "type"), intern!(py, "websocket"))?;
            scope.set_item(intern!(py, "scheme"), ws)?;
            scope.set_item(intern!(py, "subprotocols"), upgrade.protocols())?;
            extensions.set_item(intern!(py, "websocket.http.response"), PyDict::new(py))?;
        } else {
            scope.set_item(intern!(py, "scheme"), http)?;
            scope.set_item(intern!(py, "method"), method(py, head.method()))?;
        }
        let versions = self.shared.blank.versions(py)?;
        if upgrade.is_some() {
            // Of a WebSocket that is gone, `send` raises an `OSError`.
            versions.set_item(intern!(py, "spec_version"), intern!(py, "2.4"))?;
        }
        scope.set_item(intern!(py, "asgi"), versions)?;
        match head.version() {
            Version::Http10 => scope.set_item(intern!(py, "http_version"), intern!(py, "1.0"))?,
            // As it is in every blank.
            Version::Http11 => {}
            Version::Http2 => scope.set_item(intern!(py, "http_version"), intern!(py, "2"))?,
        }
        let addresses = self.addresses(py)?;
        scope.set_item(intern!(py, "server"), &addresses.server)?;
        scope.set_item(intern!(py, "client"), &addresses.client)?;
        if self.peer.is_trusted() {
            add_told(py, &scope, told)?;
        }
        if let Some(prefix) = told.prefix {
            scope.set_item(intern!(py, "root_path"), prefix)?;
        }
        let (path, raw) = target(py, head, self.root_path(told));
        scope.set_item(intern!(py, "path"), path)?;
        scope.set_item(intern!(py, "raw_path"), raw)?;
        scope.set_item(intern!(py, "query_string"), PyBytes::new(py, head.query()))?;
        scope.set_item(intern!(py, "headers"), headers(py, head)?)?;
        scope.set_item(intern!(py, "extensions"), extensions)?;
        Ok(scope)
    }

    /// The two ends of the connection, looked up for its first scope.
    fn addresses(&self, py: Python<'_>) -> PyResult<&ForScope> {
        if let Some(known) = self.peer.known() {
            return Ok(known);
        }
        let ours = {
            let state = self.state(py);
            let socket = state.socket.as_ref();
            socket.and_then(|socket| getsockname(socket).ok())
        };
        let usual = self.shared.blank.usual_server(py);
        self.peer.for_scope(py, ours, usual)
    }

    /// Tells of TLS where it is spoken. The schemes of requests and `WebSocket`s depend on it.
    fn add_tls<'py>(
        &self,
        py: Python<'py>,
        extensions: &Bound<'py, PyDict>,
    ) -> PyResult<(&'py Bound<'py, PyString>, &'py Bound<'py, PyString>)> {
        if self.shared.options.tls.is_none() {
            return Ok((intern!(py, "http"), intern!(py, "ws")));
        }
        let described = self
            .state(py)
            .output
            .seal
            .as_deref()
            .map(Description::new)
            .unwrap_or_default();
        extensions.set_item(intern!(py, "tls"), described.tell(py)?)?;
        Ok((intern!(py, "https"), intern!(py, "wss")))
    }

    /// The prefix under which the client sees the application.
    pub(in super::super) fn root_path<'t>(&'t self, told: &Told<'t>) -> &'t str {
        told.prefix.unwrap_or(&self.shared.options.root_path)
    }
}

/// The path in its two forms; the prefix of a proxy is part of both spellings.
pub(super) fn target<'py>(
    py: Python<'py>,
    head: &RequestHead,
    root: &str,
) -> (Bound<'py, PyString>, Bound<'py, PyBytes>) {
    let raw = head.path();
    let path = params::decode_path(raw);
    if root.is_empty() {
        return (PyString::new(py, &path), PyBytes::new(py, raw));
    }
    let path = PyString::new(py, &format!("{root}{path}"));
    let raw = [root.as_bytes(), raw].concat();
    (path, PyBytes::new(py, &raw))
}

/// Puts what a trusted proxy says in the place of what the socket says.
fn add_told(py: Python<'_>, scope: &Bound<'_, PyDict>, told: &Told<'_>) -> PyResult<()> {
    if let Some(client) = told.client {
        scope.set_item(intern!(py, "client"), named(py, client)?)?;
    }
    if let Some(port) = told.port
        && let Some(server) = scope.get_item(intern!(py, "server"))?
        && let Ok((host, Some(_))) = server.extract::<(String, Option<u16>)>()
    {
        scope.set_item(intern!(py, "server"), (host, port))?;
    }
    Ok(())
}

pub(super) fn method<'py>(py: Python<'py>, method: &str) -> Bound<'py, PyString> {
    match method {
        "GET" => intern!(py, "GET").clone(),
        "POST" => intern!(py, "POST").clone(),
        "PUT" => intern!(py, "PUT").clone(),
        "DELETE" => intern!(py, "DELETE").clone(),
        "PATCH" => intern!(py, "PATCH").clone(),
        "HEAD" => intern!(py, "HEAD").clone(),
        "OPTIONS" => intern!(py, "OPTIONS").clone(),
        other => PyString::new(py, other),
    }
}

fn headers<'py>(py: Python<'py>, head: &RequestHead) -> PyResult<Bound<'py, PyList>> {
    let pair = |(name, value)| (PyBytes::new(py, name), PyBytes::new(py, value));
    PyList::new(py, head.headers().map(pair))
}
