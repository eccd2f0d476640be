//! What is in a message of an application.

use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::entries::Entries;
use super::message::optional;

/// The entries that messages of an answer commonly have.
///
/// Of a plain dictionary they are found in one pass. To look up each by its name, those that are
/// missing among them, costs three times as much.
pub(super) struct Parts<'a, 'py> {
    pub(super) message: &'a Bound<'py, PyAny>,
    kind: Option<Bound<'py, PyAny>>,
    pub(super) status: Option<Bound<'py, PyAny>>,
    pub(super) headers: Option<Bound<'py, PyAny>>,
    pub(super) trailers: Option<Bound<'py, PyAny>>,
    pub(super) body: Option<Bound<'py, PyAny>>,
    pub(super) more_body: Option<Bound<'py, PyAny>>,
}

impl<'a, 'py> Parts<'a, 'py> {
    pub(super) fn of(message: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        let mut parts = Self {
            message,
            kind: None,
            status: None,
            headers: None,
            trailers: None,
            body: None,
            more_body: None,
        };
        let is_read = message
            .cast_exact::<PyDict>()
            .is_ok_and(|message| parts.read(message));
        if !is_read {
            parts.look_up()?;
        }
        Ok(parts)
    }

    /// Reads the entries of a dictionary; `false` if only a look-up can tell what they are.
    fn read(&mut self, message: &Bound<'py, PyDict>) -> bool {
        let py = message.py();
        for (key, value) in Entries::of(message) {
            // The names in a program are interned, as these are.
            let part = if key.is(intern!(py, "type")) {
                &mut self.kind
            } else if key.is(intern!(py, "status")) {
                &mut self.status
            } else if key.is(intern!(py, "headers")) {
                &mut self.headers
            } else if key.is(intern!(py, "body")) {
                &mut self.body
            } else if key.is(intern!(py, "more_body")) {
                &mut self.more_body
            } else {
                let Ok(name) = key.cast_exact::<PyString>() else {
                    return false;
                };
                match name.to_str() {
                    Ok("type") => &mut self.kind,
                    Ok("status") => &mut self.status,
                    Ok("headers") => &mut self.headers,
                    Ok("body") => &mut self.body,
                    Ok("more_body") => &mut self.more_body,
                    Ok("trailers") => &mut self.trailers,
                    _ => continue,
                }
            };
            *part = Some(value.to_owned());
        }
        true
    }

    /// Looks up the entries of any mapping.
    fn look_up(&mut self) -> PyResult<()> {
        let (py, message) = (self.message.py(), self.message);
        self.kind = Some(message.get_item(intern!(py, "type"))?);
        self.status = optional(message, intern!(py, "status"))?;
        self.headers = optional(message, intern!(py, "headers"))?;
        self.trailers = optional(message, intern!(py, "trailers"))?;
        self.body = optional(message, intern!(py, "body"))?;
        self.more_body = optional(message, intern!(py, "more_body"))?;
        Ok(())
    }

    /// The message's `type`.
    pub(super) fn kind(&self) -> PyResult<&Bound<'py, PyAny>> {
        self.kind.as_ref().ok_or_else(|| self.missing("type"))
    }

    /// What a look-up of an entry that is missing raises.
    #[expect(clippy::unused_self, reason = "of this message")]
    pub(super) fn missing(&self, key: &'static str) -> PyErr {
        PyKeyError::new_err(key)
    }
}
