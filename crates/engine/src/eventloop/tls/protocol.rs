//! What the transport below sees: an asyncio protocol.

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::{Phase, TlsTransport};
use crate::eventloop::log;

/// The protocol of the transport that carries a TLS connection.
#[pyclass(frozen, weakref, module = "jebi._engine")]
pub(crate) struct TlsProtocol(Py<TlsTransport>);

impl TlsProtocol {
    pub(super) fn new(transport: Py<TlsTransport>) -> Self {
        Self(transport)
    }

    /// The connection it belongs to.
    pub(in crate::eventloop) fn transport(&self) -> &Py<TlsTransport> {
        &self.0
    }
}

#[pymethods]
impl TlsProtocol {
    /// Begins the handshake over `transport`.
    fn connection_made(&self, transport: Bound<'_, PyAny>) -> PyResult<()> {
        TlsTransport::start(self.0.bind(transport.py()), transport)
    }

    /// The transport below is gone.
    fn connection_lost(&self, py: Python<'_>, exc: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        TlsTransport::lose(self.0.bind(py), exc)
    }

    /// Takes ciphertext.
    fn data_received(&self, py: Python<'_>, data: &[u8]) {
        TlsTransport::receive(self.0.bind(py), data);
    }

    /// The peer has ended its side; `True` while the transport below is still needed.
    fn eof_received(&self, py: Python<'_>) -> PyResult<bool> {
        let transport = self.0.bind(py);
        if transport.get().event_loop.get().is_debug() {
            log(py, "debug", ("%r received EOF", transport))?;
        }
        Ok(TlsTransport::end(transport))
    }

    /// The transport below has no room.
    fn pause_writing(&self, py: Python<'_>) {
        let state = &self.0.get().state;
        state.with(py, |state| state.lower_full = true);
    }

    /// The transport below has room again.
    fn resume_writing(&self, py: Python<'_>) -> PyResult<()> {
        TlsTransport::resume_writing(self.0.bind(py))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<TlsProtocol of {}>", self.0.bind(py).repr()?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.0)
    }
}

impl Phase {
    /// Its name for `repr`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Handshake => "handshake",
            Self::Open => "open",
            Self::Flushing | Self::ShuttingDown => "closing",
            Self::Closed => "closed",
        }
    }
}
