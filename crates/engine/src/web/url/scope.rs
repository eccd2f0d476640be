//! The URL that a request is for.

use params::Url;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::web::headers::each_value;
use crate::web::request::scope_headers;

/// The text of the URL that a scope describes.
///
/// The host is that of the `Host` header where it is an authority, or else the server's own: what a client sends
/// there never ends up in the path. What is no text is replaced.
pub(super) fn url_of_scope<'py>(scope: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    let py = scope.py();
    let scheme = field(scope, intern!(py, "scheme"))?;
    let scheme = match &scheme {
        Some(scheme) => scheme.extract::<&str>()?,
        None => "http",
    };
    let path = scope.get_item(intern!(py, "path"))?;
    let path = path.cast::<PyString>()?.to_string_lossy();
    let path = params::escape_path(&path);
    let query = field(scope, intern!(py, "query_string"))?;
    let query = match &query {
        Some(query) => String::from_utf8_lossy(query.extract::<&[u8]>()?),
        None => "".into(),
    };
    let netloc = match requested(scope)? {
        Some(host) => Some(host),
        None => own(scope, scheme)?,
    };
    let url = Url {
        scheme: scheme.into(),
        netloc: netloc.as_deref().unwrap_or_default(),
        path: &path,
        query: &query,
        fragment: "",
    };
    let text = url.join().unwrap_or_else(|| relative(&path, &query));
    Ok(PyString::new(py, &text))
}

/// The URL of a request to nowhere in particular.
fn relative(path: &str, query: &str) -> String {
    let mut text = String::with_capacity(path.len() + query.len() + "?%2F".len());
    // A leading `//` would be read as the start of an authority.
    match path.strip_prefix("//") {
        Some(rest) => text.extend(["/%2F", rest]),
        None => text.push_str(path),
    }
    if !query.is_empty() {
        text.extend(["?", query]);
    }
    text
}

/// The host that the client asked for, if it is one.
fn requested(scope: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    let mut found = None;
    each_value(&scope_headers(scope, false)?, b"host", |value| {
        let host = value.cast::<PyBytes>().ok();
        let host = host.and_then(|host| params::host(host.as_bytes()));
        found = host
            .filter(params::Host::has_valid_port)
            .map(|host| match host.port {
                Some(port) => format!("{}:{port}", host.name),
                None => host.name.to_owned(),
            });
        Ok(false)
    })?;
    Ok(found)
}

/// The address that the server says it has; a path of a socket is none.
fn own(scope: &Bound<'_, PyAny>, scheme: &str) -> PyResult<Option<String>> {
    let Some(server) = field(scope, intern!(scope.py(), "server"))? else {
        return Ok(None);
    };
    let (address, port) = (server.get_item(0)?, server.get_item(1)?);
    let mut netloc = address.extract::<String>()?;
    if netloc.starts_with('/') {
        return Ok(None);
    }
    if netloc.contains(':') && !netloc.starts_with('[') {
        netloc = format!("[{netloc}]");
    }
    let usual = match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    };
    if !port.is_none() && !usual.is_some_and(|usual: u16| port.eq(usual).unwrap_or(false)) {
        netloc = format!("{netloc}:{port}");
    }
    Ok(Some(netloc))
}

/// What a scope has under `key`, if anything.
fn field<'py>(
    scope: &Bound<'py, PyAny>,
    key: &Bound<'py, PyString>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let found = match scope.cast_exact::<PyDict>() {
        Ok(scope) => scope.get_item(key)?,
        Err(_) => Some(scope.call_method1(intern!(scope.py(), "get"), (key,))?),
    };
    Ok(found.filter(|found| !found.is_none()))
}
