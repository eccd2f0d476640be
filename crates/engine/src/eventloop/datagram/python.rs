//! What Python sees of a datagram transport.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
use pyo3::{PyTraverseError, PyVisit};

use super::DatagramTransport;
use crate::eventloop::EventLoop;
use crate::eventloop::closing::OverSocket;
use crate::eventloop::flow::Limits;
use crate::eventloop::life::Living;
use crate::eventloop::speaking::Flowing;
use crate::eventloop::speaking::Speaking;

#[pymethods]
impl DatagramTransport {
    /// Takes over a non-blocking datagram socket.
    ///
    /// With `remote_addr` it sends to that address only.
    #[new]
    #[pyo3(signature = (event_loop, sock, protocol, remote_addr = None, waiter = None))]
    fn new<'py>(
        event_loop: &Bound<'py, EventLoop>,
        sock: &Bound<'py, PyAny>,
        protocol: &Bound<'py, PyAny>,
        remote_addr: Option<Bound<'py, PyAny>>,
        waiter: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        Self::open(event_loop, sock, protocol, remote_addr, waiter)
    }

    /// A subclass of `asyncio.DatagramTransport`, for `isinstance`.
    #[getter]
    fn __class__(slf: &Bound<'_, Self>) -> PyResult<Py<PyType>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(slf.py(), "jebi.loop.transports", "DatagramTransport")?;
        Ok(class.clone().unbind())
    }

    /// Sends a datagram; one that the socket does not take at once is buffered.
    ///
    /// `addr` is as in `socket.sendto`, with a numeric host: names are not looked up. It may be
    /// left out where the transport has a remote address.
    #[pyo3(signature = (data, addr = None))]
    fn sendto<'py>(
        slf: &Bound<'py, Self>,
        data: &Bound<'py, PyAny>,
        addr: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        Self::send_to(slf, data, addr)
    }

    /// Closes after what is buffered was sent.
    fn close(slf: &Bound<'_, Self>) {
        Self::close_gently(slf);
    }

    /// Closes at once.
    fn abort(slf: &Bound<'_, Self>) {
        Self::close_at_once(slf, None);
    }

    /// Whether it is closed or about to be.
    fn is_closing(&self, py: Python<'_>) -> bool {
        self.state.with(py, |state| state.life.closing)
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

    /// How many bytes wait to be sent, with eight for each datagram's header.
    fn get_write_buffer_size(&self, py: Python<'_>) -> usize {
        self.waiting(py)
    }

    /// Hands the transport to another protocol.
    fn set_protocol(&self, py: Python<'_>, protocol: Py<PyAny>) {
        drop(self.protocol.replace(py, Some(protocol)));
    }

    /// Who gets the datagrams; `None` once the transport is closed.
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

    /// The Python socket, `None` once the transport is closed.
    #[getter(_sock)]
    fn sock<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.socket.get(py)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        self.describe(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        visit.call(&self.context)?;
        visit.call(&self.extra)?;
        visit.call(&self.remote)?;
        self.socket.traverse(&visit)?;
        self.protocol.traverse(|protocol| visit.call(protocol))
    }

    fn __clear__(&self, py: Python<'_>) {
        self.abandon(py);
    }
}
