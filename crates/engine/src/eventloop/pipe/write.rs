//! The end that is written to.

use pyo3::exceptions::{PyBrokenPipeError, PyNotImplementedError, PyOSError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyType};
use pyo3::{PyTraverseError, PyVisit, intern};
use reactor::{Interest, Readiness};
use rustix::io::Errno;

use super::end::{End, PipeTransport};
use crate::eventloop::attached::Attached;
use crate::eventloop::flow::Limits;
use crate::eventloop::held::without_passing_error;
use crate::eventloop::life::Living;
use crate::eventloop::outgoing::Outgoing;
use crate::eventloop::speaking::{Flowing, Speaking};
use crate::eventloop::written::Written;
use crate::eventloop::{EventLoop, log_warning, os_error};

const WRITE_FAILED: &str = "Fatal write error on pipe transport";

/// Writes to a lost pipe that are ignored before a word is said about them.
const SILENT_WRITES: usize = 5;

#[derive(Default)]
struct State {
    outgoing: Outgoing,
    /// Writes that came too late.
    ignored: usize,
}

/// A pipe, socket or terminal that is written to; asyncio's `WriteTransport`.
#[pyclass(frozen, weakref, dict, module = "jebi._engine")]
pub(crate) struct WritePipeTransport {
    end: End,
    state: Attached<State>,
}

impl PipeTransport for WritePipeTransport {
    const NAME: &'static str = "WritePipeTransport";

    fn end(&self) -> &End {
        &self.end
    }

    /// Input is not for reading: it says that the other end was closed.
    fn interest(&self, py: Python<'_>) -> Interest {
        let life = self.end.life.get(py);
        let writes = self.state.with(py, |state| !state.outgoing.is_empty());
        Interest::new(life.started && self.end.shows_hang_up(), writes)
    }

    fn on_ready(slf: &Bound<'_, Self>, readiness: Readiness) {
        if readiness.is_readable() {
            Self::hung_up(slf);
        }
        if readiness.is_writable() && slf.get().end.life.get(slf.py()).lost == 0 {
            Self::write_ready(slf);
        }
    }

    fn is_expected(py: Python<'_>, error: &PyErr) -> bool {
        error.is_instance_of::<PyOSError>(py)
    }

    fn portray(&self, py: Python<'_>) -> String {
        let polls = self.interest(py).is_writable();
        let words = self.end.words(py, Self::NAME, polls);
        if self.end.is_open(py) && !self.end.event_loop.get().is_closed() {
            return format!("<{words} bufsize={}>", self.waiting(py));
        }
        format!("<{words}>")
    }
}

impl Flowing for WritePipeTransport {
    type Backlog = Outgoing;

    fn backlog<R>(&self, py: Python<'_>, look: impl FnOnce(&mut Outgoing) -> R) -> R {
        self.state.with(py, |state| look(&mut state.outgoing))
    }
}

impl WritePipeTransport {
    /// Writes at once what the pipe takes and buffers the rest.
    fn write_all(slf: &Bound<'_, Self>, written: &Written<'_>) -> PyResult<()> {
        let py = slf.py();
        let data = written.as_slice();
        let this = slf.get();
        if data.is_empty() {
            return Ok(());
        }
        if this.end.life.get(py).closing {
            return this.ignore(py);
        }
        let idle = this.state.with(py, |state| state.outgoing.is_empty());
        let taken = if idle {
            match this.end.with_fd(py, |fd| rustix::io::write(fd, data)) {
                Ok(taken) => taken,
                Err(Errno::AGAIN | Errno::INTR) => 0,
                Err(error) => {
                    this.state.with(py, |state| state.ignored += 1);
                    Self::fail(slf, os_error(error), WRITE_FAILED);
                    return Ok(());
                }
            }
        } else {
            0
        };
        if taken >= data.len() {
            return Ok(());
        }
        let rest = written.rest(taken);
        this.state.with(py, |state| state.outgoing.push(rest));
        Self::watch_or_fail(slf);
        Self::pause_if_full(slf)
    }

    fn ignore(&self, py: Python<'_>) -> PyResult<()> {
        let ignored = self.state.with(py, |state| {
            state.ignored += 1;
            state.ignored
        });
        if ignored > SILENT_WRITES {
            let text = "pipe closed by peer or os.write(pipe, data) raised exception.";
            return log_warning(py, (text,));
        }
        Ok(())
    }

    /// The pipe takes more.
    fn write_ready(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let written = this.state.with(py, |state| {
            let slices = state.outgoing.slices();
            let written = this.end.with_fd(py, |fd| rustix::io::writev(fd, &slices))?;
            state.outgoing.advance(written);
            Ok(())
        });
        match written {
            Ok(()) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => {
                this.state.with(py, |state| {
                    state.outgoing.clear();
                    state.ignored += 1;
                });
                return Self::fail(slf, os_error(error), WRITE_FAILED);
            }
        }
        if let Err(error) = Self::resume_if_drained(slf) {
            Self::report_or_raise(slf, error, "Exception in protocol.resume_writing()");
        }
        let drained = this.state.with(py, |state| state.outgoing.is_empty());
        if !drained || !this.end.life.get(py).closing {
            Self::watch_or_fail(slf);
        } else if Self::stop(slf, None) {
            Self::finish(slf, None);
        }
    }

    /// Nobody reads any more.
    fn hung_up(slf: &Bound<'_, Self>) {
        let py = slf.py();
        Self::narrate(slf, "info", "%r was closed by peer");
        let unread = slf.get().waiting(py) > 0;
        let error = unread.then(|| PyBrokenPipeError::new_err(()));
        slf.get().state.with(py, |state| state.outgoing.clear());
        Self::lose(slf, error);
    }

    /// Closes after what is buffered was written.
    fn close_gently(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let before = this
            .end
            .life
            .with(py, |life| std::mem::replace(&mut life.closing, true));
        if !before && this.waiting(py) == 0 {
            Self::lose(slf, None);
        }
    }
}

#[pymethods]
impl WritePipeTransport {
    /// Takes over a file whose other end is read from.
    #[new]
    #[pyo3(signature = (event_loop, pipe, protocol, waiter = None))]
    fn new<'py>(
        event_loop: &Bound<'py, EventLoop>,
        pipe: Bound<'py, PyAny>,
        protocol: &Bound<'py, PyAny>,
        waiter: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let refusal = "Pipe transport is only for pipes, sockets and character devices";
        let this = Self {
            end: End::new(event_loop, pipe, protocol.clone(), refusal)?,
            state: Attached::default(),
        };
        let slf = Bound::new(event_loop.py(), this)?;
        Self::begin(&slf, protocol, waiter)?;
        Ok(slf)
    }

    /// A subclass of `asyncio.WriteTransport`, for `isinstance`.
    #[getter]
    fn __class__(slf: &Bound<'_, Self>) -> PyResult<Py<PyType>> {
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let class = CLASS.import(slf.py(), "jebi.loop.transports", "WritePipeTransport")?;
        Ok(class.clone().unbind())
    }

    /// Writes bytes; what the pipe does not take at once is buffered.
    fn write(slf: &Bound<'_, Self>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::write_all(slf, &Written::new(data)?)
    }

    /// Writes an iterable of bytes as one.
    fn writelines(slf: &Bound<'_, Self>, list_of_data: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let joined = PyBytes::new(py, b"").call_method1(intern!(py, "join"), (list_of_data,))?;
        Self::write_all(slf, &Written::new(&joined)?)
    }

    /// Closes after what is buffered was written: a pipe has no other way to end.
    fn write_eof(slf: &Bound<'_, Self>) {
        Self::close_gently(slf);
    }

    /// Pipes can say that no more will come.
    #[staticmethod]
    fn can_write_eof() -> bool {
        true
    }

    /// Closes after what is buffered was written.
    fn close(slf: &Bound<'_, Self>) {
        Self::close_gently(slf);
    }

    /// `NotImplementedError`: there is nothing to read, though asyncio's class has the method.
    #[staticmethod]
    fn pause_reading() -> PyResult<()> {
        Err(PyNotImplementedError::new_err(()))
    }

    /// `NotImplementedError`, likewise.
    #[staticmethod]
    fn resume_reading() -> PyResult<()> {
        Err(PyNotImplementedError::new_err(()))
    }

    /// `NotImplementedError`, likewise.
    #[staticmethod]
    fn is_reading() -> PyResult<bool> {
        Err(PyNotImplementedError::new_err(()))
    }

    /// Closes at once; what is buffered is lost.
    fn abort(slf: &Bound<'_, Self>) {
        let state = &slf.get().state;
        state.with(slf.py(), |state| state.outgoing.clear());
        Self::lose(slf, None);
    }

    /// Whether it is closed or about to be.
    fn is_closing(&self, py: Python<'_>) -> bool {
        self.end.life.get(py).closing
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

    /// How many bytes wait to be written.
    fn get_write_buffer_size(&self, py: Python<'_>) -> usize {
        self.waiting(py)
    }

    /// Hands the pipe to another protocol.
    fn set_protocol(&self, py: Python<'_>, protocol: Bound<'_, PyAny>) {
        self.end.set_protocol(py, protocol);
    }

    /// Who is told of the pipe's life; `None` once the transport is closed.
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

impl Drop for WritePipeTransport {
    /// Nobody closed it, or the loop was closed before it was.
    fn drop(&mut self) {
        without_passing_error(|py| self.end.abandon(py, || self.portray(py)));
    }
}
