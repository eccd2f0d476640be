//! What is in a message that an application sends to a WebSocket.

use pyo3::exceptions::PyKeyError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::entries::Entries;
use super::message::optional;

/// The entries that most of these messages have; `None` is nothing.
///
/// Of a plain dictionary they are found in one pass, as those of an answer are.
#[derive(Default)]
pub(super) struct Spoken<'py> {
    kind: Option<Bound<'py, PyAny>>,
    pub(super) bytes: Option<Bound<'py, PyAny>>,
    pub(super) text: Option<Bound<'py, PyAny>>,
}

impl<'py> Spoken<'py> {
    pub(super) fn of(message: &Bound<'py, PyAny>) -> PyResult<Self> {
        let mut spoken = Self::default();
        let is_read = message
            .cast_exact::<PyDict>()
            .is_ok_and(|message| spoken.read(message));
        if !is_read {
            spoken.look_up(message)?;
        }
        let given = |value: &Bound<'py, PyAny>| !value.is_none();
        spoken.bytes = spoken.bytes.filter(given);
        spoken.text = spoken.text.filter(given);
        Ok(spoken)
    }

    /// Reads the entries of a dictionary; `false` if only a look-up can tell what they are.
    fn read(&mut self, message: &Bound<'py, PyDict>) -> bool {
        let py = message.py();
        for (key, value) in Entries::of(message) {
            // The names in a program are interned, as these are.
            let part = if key.is(intern!(py, "type")) {
                &mut self.kind
            } else if key.is(intern!(py, "text")) {
                &mut self.text
            } else if key.is(intern!(py, "bytes")) {
                &mut self.bytes
            } else {
                let Ok(name) = key.cast_exact::<PyString>() else {
                    return false;
                };
                match name.to_str() {
                    Ok("type") => &mut self.kind,
                    Ok("text") => &mut self.text,
                    Ok("bytes") => &mut self.bytes,
                    _ => continue,
                }
            };
            *part = Some(value.to_owned());
        }
        true
    }

    /// Looks up the entries of any mapping.
    fn look_up(&mut self, message: &Bound<'py, PyAny>) -> PyResult<()> {
        let py = message.py();
        self.kind = Some(message.get_item(intern!(py, "type"))?);
        self.bytes = optional(message, intern!(py, "bytes"))?;
        self.text = optional(message, intern!(py, "text"))?;
        Ok(())
    }

    /// The message's `type`.
    pub(super) fn kind(&self) -> PyResult<&Bound<'py, PyAny>> {
        self.kind
            .as_ref()
            .ok_or_else(|| PyKeyError::new_err("type"))
    }
}
