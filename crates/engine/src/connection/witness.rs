//! A test client's place between requests and the application.

use pyo3::intern;
use pyo3::prelude::*;

use super::Connection;
use crate::exchange::AsgiArguments;

impl Connection {
    /// What the application is called with in the place of `arguments`.
    pub(crate) fn witnessed(
        &self,
        py: Python<'_>,
        arguments: AsgiArguments,
    ) -> PyResult<AsgiArguments> {
        match &self.shared.witness {
            None => Ok(arguments),
            Some(witness) => witness
                .call_method1(py, intern!(py, "enter"), arguments)?
                .extract(py),
        }
    }

    /// Tells the witness of an exception that nobody handled. Says whether there is one.
    pub(super) fn has_noted(&self, py: Python<'_>, error: &PyErr) -> bool {
        let Some(witness) = &self.shared.witness else {
            return false;
        };
        let noted = witness.call_method1(py, intern!(py, "note"), (error.value(py),));
        if let Err(error) = noted {
            error.write_unraisable(py, Some(witness.bind(py)));
        }
        true
    }
}
