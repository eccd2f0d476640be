//! What Python sees of a transport.

use std::os::fd::RawFd;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use pyo3::{PyTraverseError, PyVisit};

use super::SocketTransport;
use crate::eventloop::EventLoop;
use crate::eventloop::closing::OverSocket;
use crate::eventloop::flow::Limits;
use crate::eventloop::life::Living;
use crate::eventloop::speaking::Flowing;
use crate::eventloop::speaking::Speaking;
use crate::eventloop::written::Written;

#[pymethods]
impl SocketTransport {
    /// Takes over a connected, non-blocking stream socket.
    #[new]
    #[pyo3(signature = (event_loop, sock, protocol, waiter = None, server = None, peername = None))]
    fn new<'py>(
        event_loop: &Bound<'py, EventLoop>,
        sock: &Bound<'py, PyAny>,
        protocol: &Bound<'py, PyAny>,
        waiter: Option<Bound<'py, PyAny>>,
        server: Option<Bound<'py, PyAny>>,
        peername: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        Self::open(event_loop, sock, protocol, waiter, server, peername)
    }

    /// A subclass of `asyncio.Transport`, for `isinstance`.
    #[getter]
    fn __class__(slf: &Bound<'_, Self>) -> PyResult<Py<PyType>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(slf.py(), "jebi.loop.transports", "SocketTransport")?;
        Ok(class.clone().unbind())
    }

    /// TLS goes over it.
    #[classattr]
    #[pyo3(name = "_start_tls_compatible")]
    fn start_tls_compatible() -> bool {
        true
    }

    /// Sends an iterable of bytes as one.
    fn writelines(slf: &Bound<'_, Self>, list_of_data: &Bound<'_, PyAny>) -> PyResult<()> {
        slf.get().check_writable(slf.py(), "writelines")?;
        let pieces = list_of_data.try_iter()?;
        let pieces = pieces.map(|piece| Written::new(&piece?));
        Self::write_pieces(slf, &pieces.collect::<PyResult<Vec<_>>>()?)
    }

    /// Ends the writing side after what is buffered.
    fn write_eof(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::finish_writing(slf)
    }

    /// Stream sockets can end one side.
    #[staticmethod]
    fn can_write_eof() -> bool {
        true
    }

    /// Sends a file after what is buffered, and completes `waiter` when it is through or cannot be.
    #[pyo3(name = "_start_sending", signature = (file, offset, count, waiter))]
    fn py_start_sending(
        slf: &Bound<'_, Self>,
        file: RawFd,
        offset: u64,
        count: Option<u64>,
        waiter: Py<PyAny>,
    ) -> PyResult<()> {
        Self::start_sending(slf, file, offset, count, waiter)
    }

    /// Ends it, whatever became of it; how many bytes were sent.
    #[pyo3(name = "_stop_sending")]
    fn py_stop_sending(slf: &Bound<'_, Self>) -> u64 {
        Self::stop_sending(slf)
    }

    /// What `is_closing` answers, where libraries look for it in asyncio's transports.
    #[getter(_closing)]
    fn closing(&self, py: Python<'_>) -> bool {
        self.is_closing(py)
    }

    /// `pause_reading` was called; asyncio's transports have it under this name.
    #[getter(_paused)]
    fn reading_paused(&self, py: Python<'_>) -> bool {
        self.state.with(py, |state| state.reading_paused)
    }

    /// `pause_writing` was called on the protocol; named as in asyncio.
    #[getter(_protocol_paused)]
    fn writing_paused(&self, py: Python<'_>) -> bool {
        self.holds_back(py)
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
        self.state.with(py, |state| state.life.closing)
    }

    /// Whether data is delivered as it comes.
    fn is_reading(&self, py: Python<'_>) -> bool {
        self.state
            .with(py, |state| !state.life.closing && !state.reading_paused)
    }

    /// Delivers no data until `resume_reading`.
    fn pause_reading(slf: &Bound<'_, Self>) {
        let paused = slf.get().state.with(slf.py(), |state| {
            let paused = !state.life.closing && !state.reading_paused;
            state.reading_paused |= paused;
            paused
        });
        if paused {
            Self::watch_or_fail(slf);
            Self::narrate(slf, "debug", "%r pauses reading");
        }
    }

    /// Delivers data again.
    fn resume_reading(slf: &Bound<'_, Self>) {
        let resumed = slf.get().state.with(slf.py(), |state| {
            let resumed = !state.life.closing && state.reading_paused;
            state.reading_paused &= !resumed;
            resumed
        });
        if resumed {
            Self::watch_or_fail(slf);
            Self::narrate(slf, "debug", "%r resumes reading");
        }
    }

    /// Sets the marks of flow control.
    #[pyo3(signature = (high = None, low = None))]
    fn set_write_buffer_limits(
        slf: &Bound<'_, Self>,
        high: Option<i64>,
        low: Option<i64>,
    ) -> PyResult<()> {
        Self::set_limits(slf, Limits::from_given(high, low)?)
    }

    /// The marks of flow control, the low one first.
    fn get_write_buffer_limits(&self, py: Python<'_>) -> (usize, usize) {
        self.limits(py)
    }

    /// How many bytes wait to be sent.
    fn get_write_buffer_size(&self, py: Python<'_>) -> usize {
        self.waiting(py)
    }

    /// Hands the connection to another protocol.
    fn set_protocol(&self, protocol: Bound<'_, PyAny>) -> PyResult<()> {
        self.receiver.set(protocol)
    }

    /// Where the protocol is called.
    #[getter(_context)]
    fn context(&self, py: Python<'_>) -> Py<PyAny> {
        self.context.clone_ref(py)
    }

    /// Who gets the data; `None` once the connection is lost.
    fn get_protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.protocol(py)
    }

    /// `socket`, `sockname` or `peername`.
    #[pyo3(signature = (name, default = None))]
    fn get_extra_info<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.extra.bind(py).get_item(name)?.or(default))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        self.describe(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        visit.call(&self.context)?;
        visit.call(&self.extra)?;
        self.socket.traverse(&visit)?;
        self.server.traverse(|server| visit.call(server))?;
        self.state.traverse(|state| {
            state
                .sending
                .as_ref()
                .map_or(Ok(()), |it| it.traverse(&visit))
        })?;
        self.receiver.traverse(&visit)
    }

    fn __clear__(&self, py: Python<'_>) {
        self.abandon(py);
        drop(self.state.with(py, |state| state.sending.take()));
    }
}
