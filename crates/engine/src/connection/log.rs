//! What a server tells its operator.

use std::borrow::Cow;
use std::fmt::Write;

use http1::RequestHead;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit};

use super::Connection;
use super::peer::host_of;
use crate::exchange::Exchange;

/// The error logger and, where wanted, the access log.
pub(super) struct Logs {
    errors: Py<PyAny>,
    /// Called with client, method, path with query, HTTP version and status.
    access: Option<Py<PyAny>>,
}

impl Logs {
    pub(super) fn new(py: Python<'_>, access: Option<Py<PyAny>>) -> PyResult<Self> {
        let logging = py.import("logging")?;
        let drop_in = py.import("jebi.drop_in")?.call_method0("is_installed")?;
        let name = if drop_in.is_truthy()? {
            "uvicorn.error"
        } else {
            "jebi.error"
        };
        let errors = logging.call_method1("getLogger", (name,))?.unbind();
        Ok(Self { errors, access })
    }

    pub(super) fn traverse(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.errors)?;
        visit.call(&self.access)
    }

    /// Something went wrong in the application or in the server.
    pub(super) fn error(&self, py: Python<'_>, message: &str) {
        self.write(py, "error", message, None);
    }

    /// The same, with the traceback.
    pub(super) fn exception(&self, py: Python<'_>, message: &str, error: &PyErr) {
        self.write(py, "error", message, Some(error));
    }

    /// A client or the system misbehaved.
    pub(super) fn warning(&self, py: Python<'_>, message: &str) {
        self.write(py, "warning", message, None);
    }

    /// Something that is as it should be.
    pub(super) fn info(&self, py: Python<'_>, message: &str) {
        self.write(py, "info", message, None);
    }

    fn write(&self, py: Python<'_>, level: &str, message: &str, error: Option<&PyErr>) {
        let logger = self.errors.bind(py);
        let written = match error {
            None => logger.call_method1(level, ("%s", message)),
            Some(error) => {
                let options = PyDict::new(py);
                options
                    .set_item(intern!(py, "exc_info"), error.clone_ref(py).into_value(py))
                    .and_then(|()| logger.call_method(level, ("%s", message), Some(&options)))
            }
        };
        if let Err(error) = written {
            error.write_unraisable(py, Some(logger));
        }
    }

    /// One answered request.
    pub(super) fn access(
        &self,
        py: Python<'_>,
        client: &str,
        method: &str,
        path: &str,
        version: &str,
        status: u16,
    ) {
        let Some(access) = &self.access else { return };
        if let Err(error) = access.call1(py, (client, method, path, version, status)) {
            error.write_unraisable(py, Some(access.bind(py)));
        }
    }
}

impl Connection {
    pub(crate) fn has_access_log(&self) -> bool {
        self.shared.logs.access.is_some()
    }

    /// Logs a request that was answered on the fast path.
    pub(crate) fn log_native(&self, py: Python<'_>, head: &RequestHead, status: u16) {
        let told = self.told(head).unwrap_or_default();
        let path = params::decode_path(head.path());
        let path = format!("{}{path}", self.root_path(&told));
        let path = quote(&path, head.query());
        let client = match told.client {
            None => Cow::Borrowed(self.peer.text()),
            Some(node) => format!("{}:{}", escape(&host_of(node)), node.port).into(),
        };
        let version = Exchange::version(head);
        self.shared
            .logs
            .access(py, &client, head.method(), &path, version, status);
    }

    /// Logs a request as its scope has it: middleware may have put another client there.
    pub(super) fn log_scope(&self, py: Python<'_>, scope: &Bound<'_, PyDict>, status: u16) {
        if self.has_access_log()
            && let Err(error) = self.try_log_scope(scope, status)
        {
            error.write_unraisable(py, Some(scope));
        }
    }

    fn try_log_scope(&self, scope: &Bound<'_, PyDict>, status: u16) -> PyResult<()> {
        let py = scope.py();
        let (client, path) = client_and_path(scope)?;
        let method = text(scope, intern!(py, "method"))?;
        let method = escape(&method);
        let version = text(scope, intern!(py, "http_version"))?;
        self.shared
            .logs
            .access(py, &client, &method, &path, &version, status);
        Ok(())
    }

    /// Logs what became of a WebSocket's handshake.
    pub(super) fn log_handshake(&self, py: Python<'_>, scope: &Bound<'_, PyDict>, outcome: &str) {
        match client_and_path(scope) {
            Ok((client, path)) => {
                let line = format!("{client} - \"WebSocket {path}\" {outcome}");
                self.shared.logs.info(py, &line);
            }
            Err(error) => error.write_unraisable(py, Some(scope)),
        }
    }

    pub(crate) fn log_exception(&self, py: Python<'_>, error: &PyErr) {
        if !self.has_noted(py, error) {
            self.shared
                .logs
                .exception(py, "Exception in ASGI application", error);
        }
    }

    pub(crate) fn log_error(&self, py: Python<'_>, message: &str) {
        self.shared.logs.error(py, message);
    }

    /// An application returned what nobody asked for.
    pub(crate) fn log_returned(&self, py: Python<'_>, value: &Bound<'_, PyAny>) {
        let kind = value.get_type();
        let message = format!("ASGI callable should return None, but returned a {kind}.");
        self.shared.logs.error(py, &message);
    }
}

/// A scope's client and its path with the query, as logs show them.
fn client_and_path(scope: &Bound<'_, PyDict>) -> PyResult<(String, String)> {
    let py = scope.py();
    let client: Option<(String, u32)> = match scope.get_item(intern!(py, "client"))? {
        None => None,
        Some(client) => client.extract()?,
    };
    let client = client.map_or_else(String::new, |(host, port)| {
        format!("{}:{port}", escape(&host))
    });
    let query: Vec<u8> = match scope.get_item(intern!(py, "query_string"))? {
        None => Vec::new(),
        Some(query) => query.extract()?,
    };
    Ok((client, quote(&text(scope, intern!(py, "path"))?, &query)))
}

fn text(scope: &Bound<'_, PyDict>, name: &Bound<'_, PyString>) -> PyResult<String> {
    scope
        .get_item(name)?
        .map_or_else(|| Ok(String::new()), |value| value.extract())
}

/// A decoded path as the access log shows it: every byte outside of RFC 3986's unreserved ones
/// and `/` as a percent sign and two digits, so no control byte reaches a terminal.
pub(super) fn quote(path: &str, query: &[u8]) -> String {
    let mut quoted = String::with_capacity(path.len() + query.len() + 1);
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' | b'/' => {
                quoted.push(char::from(byte));
            }
            _ => push_escaped(&mut quoted, byte),
        }
    }
    if !query.is_empty() {
        quoted.push('?');
        for byte in query {
            if byte.is_ascii_graphic() {
                quoted.push(char::from(*byte));
            } else {
                push_escaped(&mut quoted, *byte);
            }
        }
    }
    quoted
}

/// Text in which nothing can end a line or steer a terminal: control characters, those beyond ASCII
/// and the line ends of Unicode included, as `\x1b` and `\u2028`.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match u32::from(character) {
            code if code < 0x20 || (0x7f..0xa0).contains(&code) => {
                let _ = write!(escaped, "\\x{code:02x}");
            }
            code @ (0x2028 | 0x2029) => {
                let _ = write!(escaped, "\\u{code:04x}");
            }
            _ => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

fn push_escaped(quoted: &mut String, byte: u8) {
    quoted.push('%');
    for half in [byte >> 4, byte & 15] {
        let digit = char::from_digit(u32::from(half), 16).unwrap_or('0');
        quoted.push(digit.to_ascii_uppercase());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_path_can_forge_a_line() {
        assert_eq!(quote("/a b\r\nc", b""), "/a%20b%0D%0Ac");
        assert_eq!(
            quote("/제비", b"q=\x1b[31m&r=1"),
            "/%EC%A0%9C%EB%B9%84?q=%1B[31m&r=1"
        );
        assert_eq!(quote("/a-z_0.~", b"x"), "/a-z_0.~?x");
    }

    #[test]
    fn nothing_in_a_name_can_either() {
        assert_eq!(escape("제비 \u{a0}"), "제비 \u{a0}");
        assert_eq!(
            escape("\r\n\x1b\u{9b}2J\u{2028}\0\x7f"),
            r"\x0d\x0a\x1b\x9b2J\u2028\x00\x7f"
        );
    }
}
