//! What the two directions have in common: opening, watching, failing and ending.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyString, PyTuple};
use pyo3::{PyClass, PyTraverseError, PyVisit, intern};
use reactor::{Interest, Readiness};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;

use crate::eventloop::attached::Attached;
use crate::eventloop::context::{call_in_context, copy_context};
use crate::eventloop::held::warn_unclosed;
use crate::eventloop::life::{Life, Living};
use crate::eventloop::speaking::Speaking;
use crate::eventloop::{EventLoop, flow, os_error};

/// One end of a pipe.
pub(super) struct End {
    pub(super) event_loop: Py<EventLoop>,
    context: Py<PyAny>,
    /// The file as it was given; `get_extra_info` knows it for ever.
    file: Py<PyAny>,
    /// The file's own number, for `repr`.
    number: RawFd,
    kind: FileType,
    /// The duplicate; `None` once the transport is closed.
    fd: Attached<Option<OwnedFd>>,
    protocol: Attached<Option<Py<PyAny>>>,
    pub(super) life: Attached<Life>,
}

/// A transport of either direction.
pub(super) trait PipeTransport: PyClass<Frozen = True> + Sync {
    /// What it calls itself in `repr`.
    const NAME: &'static str;

    fn end(&self) -> &End;

    /// What the loop should watch for.
    fn interest(&self, py: Python<'_>) -> Interest;

    fn on_ready(slf: &Bound<'_, Self>, readiness: Readiness);

    /// Whether an error is part of a pipe's life, so that only debug mode speaks of it.
    fn is_expected(py: Python<'_>, error: &PyErr) -> bool;

    /// What `repr` says.
    fn portray(&self, py: Python<'_>) -> String;
}

impl<T: PipeTransport> Speaking for T {
    fn event_loop(&self) -> &Py<EventLoop> {
        &self.end().event_loop
    }

    fn context(&self) -> &Py<PyAny> {
        &self.end().context
    }

    fn protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.end().protocol(py)
    }
}

impl<T: PipeTransport> Living for T {
    const UNWATCHABLE: &'static str = "Fatal error: the pipe cannot be watched";

    fn life<R>(&self, py: Python<'_>, look: impl FnOnce(&mut Life) -> R) -> R {
        self.end().life.with(py, look)
    }

    fn wanted(&self, py: Python<'_>) -> Interest {
        self.interest(py)
    }

    fn with_descriptor<R>(
        &self,
        py: Python<'_>,
        look: impl FnOnce(BorrowedFd<'_>) -> io::Result<R>,
    ) -> io::Result<R> {
        self.end().fd.with(py, |fd| match fd {
            Some(fd) => look(fd.as_fd()),
            None => Err(Errno::BADF.into()),
        })
    }

    fn ready(slf: &Bound<'_, Self>, readiness: Readiness) {
        Self::on_ready(slf, readiness);
    }

    fn describe(&self, py: Python<'_>) -> String {
        self.portray(py)
    }

    fn fail(slf: &Bound<'_, Self>, error: PyErr, message: &str) {
        let py = slf.py();
        let end = slf.get().end();
        let told = if !Self::is_expected(py, &error) {
            Self::report(slf, &error, message)
        } else if end.event_loop.get().is_debug() {
            flow::log_debug(py, ("%r: %s", slf, message), Some(&error))
        } else {
            Ok(())
        };
        if let Err(failure) = told {
            end.event_loop.get().raise_from_run(py, failure);
        }
        Self::lose(slf, Some(error));
    }

    fn finish(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        let py = slf.py();
        let error = error.map(|error| error.into_value(py));
        let method = intern!(py, "connection_lost");
        if let Err(failure) = slf.get().end().call_protocol(py, method, (error,)) {
            Self::report_or_raise(slf, failure, "Exception in connection_lost()");
        }
        Self::release(slf);
    }

    fn release(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let end = slf.get().end();
        if end.is_open(py) {
            end.let_go(py);
            if let Err(failure) = end.file.bind(py).call_method0(intern!(py, "close")) {
                Self::report_or_raise(slf, failure, "Exception at the closing of a pipe");
            }
        }
        drop(end.protocol.take(py));
    }
}

impl End {
    /// Takes a file over and makes it non-blocking.
    ///
    /// # Errors
    /// `ValueError(refusal)` for what is neither a FIFO, a socket nor a character device.
    pub(super) fn new(
        event_loop: &Bound<'_, EventLoop>,
        file: Bound<'_, PyAny>,
        protocol: Bound<'_, PyAny>,
        refusal: &'static str,
    ) -> PyResult<Self> {
        let py = event_loop.py();
        event_loop.get().check_open()?;
        let number: RawFd = file.call_method0(intern!(py, "fileno"))?.extract()?;
        if number < 0 {
            return Err(os_error(Errno::BADF));
        }
        // SAFETY: the file just said that this is its number. Should it lie, the system calls below
        // answer EBADF; no memory hangs on it.
        let given = unsafe { BorrowedFd::borrow_raw(number) };
        let kind = FileType::from_raw_mode(fstat(given).map_err(os_error)?.st_mode);
        let (FileType::Fifo | FileType::Socket | FileType::CharacterDevice) = kind else {
            return Err(PyValueError::new_err(refusal));
        };
        let fd = rustix::io::fcntl_dupfd_cloexec(given, 0).map_err(os_error)?;
        rustix::io::ioctl_fionbio(&fd, true).map_err(os_error)?;
        Ok(Self {
            event_loop: event_loop.clone().unbind(),
            context: copy_context(py)?.unbind(),
            file: file.unbind(),
            number,
            kind,
            fd: Attached::new(Some(fd)),
            protocol: Attached::new(Some(protocol.unbind())),
            life: Attached::default(),
        })
    }

    /// Whether the other end's closing shows without a write. It does not for terminals.
    pub(super) fn shows_hang_up(&self) -> bool {
        matches!(self.kind, FileType::Fifo | FileType::Socket)
    }

    /// Runs a system call on the descriptor; `EBADF` once the transport is closed.
    pub(super) fn with_fd<R>(
        &self,
        py: Python<'_>,
        call: impl FnOnce(BorrowedFd<'_>) -> Result<R, Errno>,
    ) -> Result<R, Errno> {
        self.fd.with(py, |fd| match fd {
            Some(fd) => call(fd.as_fd()),
            None => Err(Errno::BADF),
        })
    }

    pub(super) fn is_open(&self, py: Python<'_>) -> bool {
        self.fd.with(py, |fd| fd.is_some())
    }

    pub(super) fn protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.protocol.bound(py)
    }

    pub(super) fn set_protocol(&self, py: Python<'_>, protocol: Bound<'_, PyAny>) {
        drop(self.protocol.replace(py, Some(protocol.unbind())));
    }

    /// Calls a method of the protocol in the transport's context.
    pub(super) fn call_protocol<'py>(
        &self,
        py: Python<'py>,
        method: &Bound<'py, PyString>,
        args: impl IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error: Into<PyErr>>,
    ) -> PyResult<()> {
        let Some(protocol) = self.protocol(py) else {
            return Ok(());
        };
        let callback = protocol.getattr(method)?;
        let args = args.into_pyobject(py).map_err(Into::into)?;
        call_in_context(&callback, &args, self.context.bind(py)).map(drop)
    }

    /// `pipe`: the file.
    pub(super) fn extra_info<'py>(
        &self,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        if name.eq(intern!(name.py(), "pipe"))? {
            return Ok(Some(self.file.bind(name.py()).clone()));
        }
        Ok(default)
    }

    /// The words that both directions' `repr` begins with, in asyncio's order.
    pub(super) fn words(&self, py: Python<'_>, name: &str, polls: bool) -> String {
        let (open, closing) = (self.is_open(py), self.life.get(py).closing);
        let condition = match (open, closing) {
            (false, _) => " closed",
            (true, true) => " closing",
            (true, false) => "",
        };
        let polling = match (open, self.event_loop.get().is_closed(), polls) {
            (false, _, _) => "closed",
            (true, true, _) => "open",
            (true, false, true) => "polling",
            (true, false, false) => "idle",
        };
        format!("{name}{condition} fd={} {polling}", self.number)
    }

    /// asyncio's `_pipe`, which its tests take away from transports that they leave unclosed.
    pub(super) fn pipe<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.is_open(py).then(|| self.file.bind(py).clone())
    }

    /// Gives the descriptor up without a word.
    pub(super) fn let_go(&self, py: Python<'_>) {
        drop(self.fd.take(py));
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        visit.call(&self.context)?;
        visit.call(&self.file)?;
        self.protocol.traverse(|protocol| visit.call(protocol))
    }

    /// The transport goes although nobody closed it: says so, and closes the file.
    pub(super) fn abandon(&self, py: Python<'_>, description: impl FnOnce() -> String) {
        drop(self.protocol.take(py));
        if !self.is_open(py) {
            return;
        }
        // Described while it is open, as it was left.
        let warned = warn_unclosed(py, &description());
        self.let_go(py);
        let file = self.file.bind(py);
        let closed = file.call_method0(intern!(py, "close")).map(drop);
        for failure in [warned, closed].into_iter().filter_map(Result::err) {
            failure.write_unraisable(py, Some(file));
        }
    }
}
