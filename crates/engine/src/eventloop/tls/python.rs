//! What the application sees of a TLS connection: an asyncio transport.

use pyo3::exceptions::PyNotImplementedError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::{Options, Phase, TlsProtocol, TlsTransport};
use crate::eventloop::EventLoop;
use crate::eventloop::flow::Limits;
use crate::eventloop::speaking::Flowing;
use crate::eventloop::speaking::Speaking;
use crate::eventloop::written::Written;

#[pymethods]
impl TlsTransport {
    /// A connection that begins as soon as its `_protocol` gets a transport to go over.
    #[new]
    #[pyo3(signature = (
        event_loop, protocol, sslcontext, waiter = None, *, server_side = false,
        server_hostname = None, made = false, context = None, handshake_timeout,
        shutdown_timeout,
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python names them")]
    fn new<'py>(
        event_loop: &Bound<'py, EventLoop>,
        protocol: Bound<'py, PyAny>,
        sslcontext: Bound<'py, PyAny>,
        waiter: Option<Bound<'py, PyAny>>,
        server_side: bool,
        server_hostname: Option<String>,
        made: bool,
        context: Option<Bound<'py, PyAny>>,
        handshake_timeout: f64,
        shutdown_timeout: f64,
    ) -> PyResult<Bound<'py, Self>> {
        Self::make(
            event_loop,
            Options {
                protocol,
                sslcontext,
                waiter,
                server_side,
                server_hostname,
                made,
                context,
                handshake_timeout,
                shutdown_timeout,
            },
        )
    }

    /// Where the protocol is called.
    #[getter(_context)]
    fn context(&self, py: Python<'_>) -> Py<PyAny> {
        self.context.clone_ref(py)
    }

    /// What the transport below has for its protocol.
    #[getter(_protocol)]
    fn face(slf: &Bound<'_, Self>) -> TlsProtocol {
        TlsProtocol::new(slf.clone().unbind())
    }

    /// A subclass of `asyncio.Transport`, for `isinstance`.
    #[getter]
    fn __class__(slf: &Bound<'_, Self>) -> PyResult<Py<PyType>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(slf.py(), "jebi.loop.transports", "SSLTransport")?;
        Ok(class.clone().unbind())
    }

    /// TLS goes over TLS.
    #[classattr]
    #[pyo3(name = "_start_tls_compatible")]
    fn start_tls_compatible() -> bool {
        true
    }

    /// Encrypts and sends bytes; what there is no room for below is buffered.
    fn write(slf: &Bound<'_, Self>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::write_bytes(slf, &Written::new(data)?)
    }

    /// Sends an iterable of bytes as one.
    fn writelines(slf: &Bound<'_, Self>, list_of_data: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let joined = PyBytes::new(py, b"").call_method1(intern!(py, "join"), (list_of_data,))?;
        Self::write_bytes(slf, &Written::Bytes(joined.cast_into::<PyBytes>()?))
    }

    /// TLS has no half-closed connections.
    #[staticmethod]
    fn write_eof() -> PyResult<()> {
        Err(PyNotImplementedError::new_err(()))
    }

    /// TLS has no half-closed connections.
    #[staticmethod]
    fn can_write_eof() -> bool {
        false
    }

    /// Closes after what is buffered was sent.
    fn close(slf: &Bound<'_, Self>) {
        Self::close_gently(slf);
    }

    /// Closes at once.
    fn abort(slf: &Bound<'_, Self>) {
        Self::close_at_once(slf, None);
    }

    /// Closes at once, with what `connection_lost` is to be told.
    #[pyo3(signature = (exc))]
    fn _force_close(slf: &Bound<'_, Self>, exc: Option<Bound<'_, PyAny>>) {
        Self::close_at_once(slf, exc.map(PyErr::from_value));
    }

    /// Whether it is closed or about to be.
    fn is_closing(&self, py: Python<'_>) -> bool {
        matches!(
            self.phase(py),
            Phase::Flushing | Phase::ShuttingDown | Phase::Closed
        )
    }

    /// Whether data is delivered as it comes.
    fn is_reading(&self, py: Python<'_>) -> bool {
        self.state.with(py, |state| !state.reading_paused)
    }

    /// Delivers no data until `resume_reading`.
    fn pause_reading(&self, py: Python<'_>) {
        self.state.with(py, |state| state.reading_paused = true);
    }

    /// Delivers data again.
    #[pyo3(name = "resume_reading")]
    fn py_resume_reading(slf: &Bound<'_, Self>) {
        Self::resume_reading(slf);
    }

    /// Sets the marks of flow control for what is written.
    #[pyo3(signature = (high = None, low = None))]
    fn set_write_buffer_limits(
        slf: &Bound<'_, Self>,
        high: Option<i64>,
        low: Option<i64>,
    ) -> PyResult<()> {
        Self::set_limits(slf, Limits::from_given_or(high, low, 512 * 1024)?)?;
        Self::resume_if_drained(slf)
    }

    /// The marks of flow control for what is written, the low one first.
    fn get_write_buffer_limits(&self, py: Python<'_>) -> (usize, usize) {
        self.limits(py)
    }

    /// How many bytes wait to be handed to the transport below.
    fn get_write_buffer_size(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.waiting(py) + self.session.unsent(py)?)
    }

    /// `pause_writing` was called on the protocol; named as in asyncio.
    #[getter(_protocol_paused)]
    fn writing_paused(&self, py: Python<'_>) -> bool {
        self.holds_back(py)
    }

    /// Sets between which marks of waiting ciphertext the transport below stops reading.
    #[pyo3(signature = (high = None, low = None))]
    fn set_read_buffer_limits(
        &self,
        py: Python<'_>,
        high: Option<i64>,
        low: Option<i64>,
    ) -> PyResult<()> {
        let limits = Limits::from_given_or(high, low, 256 * 1024)?;
        self.state.with(py, |state| state.incoming = limits);
        self.control_reading(py)
    }

    /// The marks of waiting ciphertext, the low one first.
    fn get_read_buffer_limits(&self, py: Python<'_>) -> (usize, usize) {
        let limits = self.state.with(py, |state| state.incoming);
        (limits.low, limits.high)
    }

    /// How many bytes of ciphertext wait for the application to read.
    fn get_read_buffer_size(&self, py: Python<'_>) -> PyResult<usize> {
        self.session.waiting(py)
    }

    /// Hands the connection to another protocol.
    fn set_protocol(&self, protocol: Bound<'_, PyAny>) -> PyResult<()> {
        self.receiver.set(protocol)
    }

    /// Who gets the data; `None` once the connection is lost.
    fn get_protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.protocol(py)
    }

    /// `sslcontext`; after the handshake `peercert`, `cipher`, `compression` and `ssl_object`; and
    /// what the transport below knows.
    #[pyo3(signature = (name, default = None))]
    fn get_extra_info<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(value) = self.extra.bind(py).get_item(name)? {
            return Ok(Some(value));
        }
        match self.lower(py) {
            Some(lower) => lower
                .call_method1(intern!(py, "get_extra_info"), (name, default))
                .map(Some),
            None => Ok(default),
        }
    }

    /// Has bytes wait as if there was no room below: asyncio's and uvloop's tests ask for it.
    #[pyo3(name = "_test__append_write_backlog")]
    fn append_to_backlog(&self, data: &Bound<'_, PyAny>) -> PyResult<()> {
        self.keep(data.py(), &Written::new(data)?, 0);
        Ok(())
    }

    fn _handshake_expired(slf: &Bound<'_, Self>) {
        Self::expire_handshake(slf);
    }

    fn _shutdown_expired(slf: &Bound<'_, Self>) {
        Self::expire_shutdown(slf);
    }

    fn __repr__(slf: &Bound<'_, Self>) -> PyResult<String> {
        let py = slf.py();
        let name = slf.get_type().name()?;
        let phase = slf.get().phase(py).name();
        let lower = slf.get().lower(py).into_pyobject(py)?.repr()?;
        Ok(format!("<{name} {phase} over {lower}>"))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        visit.call(&self.context)?;
        visit.call(&self.extra)?;
        self.session.traverse(&visit)?;
        self.receiver.traverse(&visit)?;
        self.lower.traverse(|lower| visit.call(lower))?;
        self.waiter.traverse(|waiter| visit.call(waiter))?;
        self.deadline.traverse(|deadline| visit.call(deadline))
    }

    fn __clear__(&self, py: Python<'_>) {
        self.receiver.clear(py);
        drop(self.lower.take(py));
        drop(self.waiter.take(py));
        drop(self.deadline.take(py));
    }
}
