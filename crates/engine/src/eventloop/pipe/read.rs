//! The end that is read from.

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyType};
use pyo3::{PyTraverseError, PyVisit, intern};
use reactor::{Interest, Readiness};
use rustix::io::Errno;

use super::end::{End, PipeTransport};
use crate::eventloop::attached::Attached;
use crate::eventloop::held::without_passing_error;
use crate::eventloop::life::Living;
use crate::eventloop::receive::{IN_PLACE, receive_bytes};
use crate::eventloop::speaking::Speaking;
use crate::eventloop::{EventLoop, os_error};

/// The most that one read takes, as in asyncio.
const CHUNK: usize = 256 * 1024;

/// From this size of the last read on, the next one goes straight into `bytes`.
const MUCH: usize = 32 * 1024;

const READ_FAILED: &str = "Fatal read error on pipe transport";

/// A pipe, socket or terminal that is read from; asyncio's `ReadTransport`.
#[pyclass(frozen, weakref, dict, module = "jebi._engine")]
pub(crate) struct ReadPipeTransport {
    end: End,
    /// `pause_reading` was called.
    paused: Attached<bool>,
    /// How much the last read brought.
    last_read: Attached<usize>,
}

impl PipeTransport for ReadPipeTransport {
    const NAME: &'static str = "ReadPipeTransport";

    fn end(&self) -> &End {
        &self.end
    }

    fn interest(&self, py: Python<'_>) -> Interest {
        let life = self.end.life.get(py);
        Interest::new(life.started && !life.closing && !self.paused.get(py), false)
    }

    fn on_ready(slf: &Bound<'_, Self>, _readiness: Readiness) {
        if slf.get().interest(slf.py()).is_readable() {
            Self::read(slf);
        }
    }

    /// The other end of a terminal was closed.
    fn is_expected(py: Python<'_>, error: &PyErr) -> bool {
        error.is_instance_of::<PyOSError>(py)
            && error
                .value(py)
                .getattr(intern!(py, "errno"))
                .and_then(|number| number.extract::<i32>())
                .is_ok_and(|number| number == Errno::IO.raw_os_error())
    }

    fn portray(&self, py: Python<'_>) -> String {
        let polls = self.interest(py).is_readable();
        format!("<{}>", self.end.words(py, Self::NAME, polls))
    }
}

impl ReadPipeTransport {
    /// Reads once and hands over what came.
    fn read(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let data = if this.last_read.get(py) >= MUCH {
            this.read_much(py)
        } else {
            Ok(this.read_little(py))
        };
        match data {
            Ok(Ok(data)) if data.as_bytes().is_empty() => Self::end_of_input(slf),
            Ok(Ok(data)) => {
                this.last_read.replace(py, data.as_bytes().len());
                let method = intern!(py, "data_received");
                if let Err(error) = this.end.call_protocol(py, method, (data,)) {
                    Self::report_or_raise(slf, error, "Exception in protocol.data_received()");
                }
            }
            Ok(Err(Errno::AGAIN | Errno::INTR)) => {}
            Ok(Err(error)) => Self::fail(slf, os_error(error), READ_FAILED),
            Err(error) => Self::fail(slf, error, READ_FAILED),
        }
    }

    fn read_little<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>, Errno> {
        let scratch = &self.end.event_loop.get().scratch;
        let mut buffer = scratch.take(py);
        buffer.resize(CHUNK, 0);
        let count = self
            .end
            .with_fd(py, |fd| rustix::io::read(fd, &mut *buffer));
        let data = count.map(|count| PyBytes::new(py, buffer.get(..count).unwrap_or_default()));
        scratch.replace(py, buffer);
        data
    }

    /// Reads straight into the `bytes` for the protocol, so that a large piece is not copied.
    fn read_much<'py>(&self, py: Python<'py>) -> PyResult<Result<Bound<'py, PyBytes>, Errno>> {
        receive_bytes(py, IN_PLACE, |target| {
            self.end.with_fd(py, |fd| {
                rustix::io::read(fd, target).map(|(filled, _)| filled.len())
            })
        })
    }

    /// Nobody writes any more.
    fn end_of_input(slf: &Bound<'_, Self>) {
        let py = slf.py();
        Self::narrate(slf, "info", "%r was closed by peer");
        if !Self::stop(slf, None) {
            return;
        }
        let event_loop = slf.get().end.event_loop.get();
        let transport = slf.clone().unbind();
        event_loop.call_soon_native(
            py,
            Box::new(move |py| {
                let slf = transport.bind(py);
                let method = intern!(py, "eof_received");
                if let Err(error) = slf.get().end.call_protocol(py, method, ()) {
                    Self::report_or_raise(slf, error, "Exception in protocol.eof_received()");
                }
            }),
        );
        let transport = slf.clone().unbind();
        event_loop.call_soon_native(
            py,
            Box::new(move |py| Self::finish(transport.bind(py), None)),
        );
    }
}

#[pymethods]
impl ReadPipeTransport {
    /// Takes over a file whose other end is written to.
    #[new]
    #[pyo3(signature = (event_loop, pipe, protocol, waiter = None))]
    fn new<'py>(
        event_loop: &Bound<'py, EventLoop>,
        pipe: Bound<'py, PyAny>,
        protocol: &Bound<'py, PyAny>,
        waiter: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let refusal = "Pipe transport is for pipes/sockets only.";
        let this = Self {
            end: End::new(event_loop, pipe, protocol.clone(), refusal)?,
            paused: Attached::new(false),
            last_read: Attached::new(0),
        };
        let slf = Bound::new(event_loop.py(), this)?;
        Self::begin(&slf, protocol, waiter)?;
        Ok(slf)
    }

    /// A subclass of `asyncio.ReadTransport`, for `isinstance`.
    #[getter]
    fn __class__(slf: &Bound<'_, Self>) -> PyResult<Py<PyType>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(slf.py(), "jebi.loop.transports", "ReadPipeTransport")?;
        Ok(class.clone().unbind())
    }

    /// Whether data is delivered as it comes.
    fn is_reading(&self, py: Python<'_>) -> bool {
        !self.end.life.get(py).closing && !self.paused.get(py)
    }

    /// Delivers no data until `resume_reading`.
    fn pause_reading(slf: &Bound<'_, Self>) {
        if !slf.get().is_reading(slf.py()) {
            return;
        }
        slf.get().paused.replace(slf.py(), true);
        Self::watch_or_fail(slf);
        Self::narrate(slf, "debug", "%r pauses reading");
    }

    /// Delivers data again.
    fn resume_reading(slf: &Bound<'_, Self>) {
        let (this, py) = (slf.get(), slf.py());
        if this.end.life.get(py).closing || !this.paused.replace(py, false) {
            return;
        }
        Self::watch_or_fail(slf);
        Self::narrate(slf, "debug", "%r resumes reading");
    }

    /// Closes at once.
    fn close(slf: &Bound<'_, Self>) {
        Self::lose(slf, None);
    }

    /// Whether it is closed or about to be.
    fn is_closing(&self, py: Python<'_>) -> bool {
        self.end.life.get(py).closing
    }

    /// Hands the pipe to another protocol.
    fn set_protocol(&self, py: Python<'_>, protocol: Bound<'_, PyAny>) {
        self.end.set_protocol(py, protocol);
    }

    /// Who gets the data; `None` once the transport is closed.
    fn get_protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.end.protocol(py)
    }

    /// `pipe`: the file that was taken over.
    #[pyo3(signature = (name, default = None))]
    fn get_extra_info<'py>(
        &self,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.end.extra_info(name, default)
    }

    #[getter(_pipe)]
    fn pipe<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.end.pipe(py)
    }

    /// `None`, and the transport may go unclosed.
    #[setter(_pipe)]
    fn set_pipe(&self, py: Python<'_>, _nothing: Option<Bound<'_, PyAny>>) {
        self.end.let_go(py);
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        self.portray(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.end.traverse(&visit)
    }

    fn __clear__(&self, py: Python<'_>) {
        self.end.abandon(py, || self.portray(py));
    }
}

impl Drop for ReadPipeTransport {
    /// Nobody closed it, or the loop was closed before it was.
    fn drop(&mut self) {
        without_passing_error(|py| self.end.abandon(py, || self.portray(py)));
    }
}
