//! The transport below, which carries the ciphertext.

use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::TlsTransport;
use crate::eventloop::SocketTransport;
use crate::eventloop::written::Written;

impl TlsTransport {
    /// The transport below, once there is one.
    pub(super) fn lower<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.lower.bound(py)
    }

    /// Calls a method of the transport below, if there is one.
    pub(super) fn call_lower(&self, method: &Bound<'_, PyString>) -> PyResult<()> {
        self.lower(method.py())
            .map_or(Ok(()), |lower| lower.call_method0(method).map(drop))
    }

    /// Sends what the session has made, unless the transport below has no room.
    pub(super) fn send(&self, py: Python<'_>) -> PyResult<()> {
        if self.state.with(py, |state| {
            state.unsent = if state.lower_full { state.unsent } else { 0 };
            state.lower_full
        }) {
            return Ok(());
        }
        let data = self.session.drain(py)?;
        match self.lower(py) {
            Some(lower) if !data.as_bytes().is_empty() => write_to(&lower, data),
            _ => Ok(()),
        }
    }

    /// Takes the transport below down at once.
    pub(super) fn abort_lower(&self, py: Python<'_>, error: Option<PyErr>) -> PyResult<()> {
        let Some(lower) = self.lower(py) else {
            return Ok(());
        };
        let error = error.map(|error| error.into_value(py));
        match lower.call_method1(intern!(py, "_force_close"), (error,)) {
            Err(missing) if missing.is_instance_of::<PyAttributeError>(py) => {
                lower.call_method0(intern!(py, "abort")).map(drop)
            }
            outcome => outcome.map(drop),
        }
    }
}

/// Writes without a detour through Python if the transport is one of ours.
fn write_to(lower: &Bound<'_, PyAny>, data: Bound<'_, PyBytes>) -> PyResult<()> {
    if let Ok(socket) = lower.cast::<SocketTransport>() {
        SocketTransport::write_bytes(socket, &Written::Bytes(data))
    } else if let Ok(tls) = lower.cast::<TlsTransport>() {
        TlsTransport::write_bytes(tls, &Written::Bytes(data))
    } else {
        let py = lower.py();
        lower.call_method1(intern!(py, "write"), (data,)).map(drop)
    }
}
