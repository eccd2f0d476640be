//! What the two directions have in common: opening, watching, failing and ending.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::{PyString, PyTuple};
use pyo3::{PyClass, PyTraverseError, PyVisit, intern};
use reactor::{Interest, Readiness, Token};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;

use crate::eventloop::announce::announce;
use crate::eventloop::attached::Attached;
use crate::eventloop::context::{call_in_context, copy_context};
use crate::eventloop::handle::is_exit;
use crate::eventloop::held::warn_unclosed;
use crate::eventloop::source::Source;
use crate::eventloop::{EventLoop, flow, futures, log, os_error};

/// What changes while the transport lives, for either direction.
#[derive(Clone, Copy, Default)]
pub(super) struct Life {
    /// Its place in the loop, once it is registered.
    token: Option<Token>,
    /// What the loop watches it for.
    interest: Interest,
    /// `connection_made` was called, so the descriptor may be watched.
    pub(super) started: bool,
    /// The transport is closed or about to be.
    pub(super) closing: bool,
    /// `connection_lost` is on its way or was called.
    pub(super) lost: bool,
}

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
    fn wanted(&self, py: Python<'_>) -> Interest;

    fn ready(slf: &Bound<'_, Self>, readiness: Readiness);

    /// Whether an error is part of a pipe's life, so that only debug mode speaks of it.
    fn is_expected(py: Python<'_>, error: &PyErr) -> bool;

    fn describe(&self, py: Python<'_>) -> String;
}

/// What the loop calls; keeps the transport alive while its descriptor is watched.
struct Watched<T>(Py<T>);

impl<T: PipeTransport> Source for Watched<T> {
    fn ready(
        &self,
        py: Python<'_>,
        _event_loop: &Bound<'_, EventLoop>,
        _token: Token,
        readiness: Readiness,
    ) {
        T::ready(self.0.bind(py), readiness);
    }

    fn describe(&self, py: Python<'_>) -> String {
        self.0.get().describe(py)
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.0)
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
        self.protocol.with(py, |protocol| {
            protocol.as_ref().map(|protocol| protocol.bind(py).clone())
        })
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

    pub(super) fn is_debug(&self) -> bool {
        self.event_loop.get().is_debug()
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

/// Schedules `connection_made`, then the watching, then the waiter, as asyncio does.
pub(super) fn open<T: PipeTransport>(
    slf: &Bound<'_, T>,
    protocol: &Bound<'_, PyAny>,
    waiter: Option<Bound<'_, PyAny>>,
) -> PyResult<()> {
    let py = slf.py();
    let event_loop = slf.get().end().event_loop.bind(py);
    announce(event_loop, protocol, slf.as_any(), &slf.get().end().context)?;
    let transport = slf.clone().unbind();
    event_loop.get().call_soon_native(
        py,
        Box::new(move |py| {
            let slf = transport.bind(py);
            slf.get().end().life.with(py, |life| life.started = true);
            watch_or_fail(slf);
        }),
    );
    if let Some(waiter) = waiter {
        let waiter = waiter.unbind();
        event_loop
            .get()
            .call_soon_native(py, Box::new(move |py| futures::wake(py, &waiter)));
    }
    Ok(())
}

/// Tells the loop what to watch for, if that has changed.
fn watch<T: PipeTransport>(slf: &Bound<'_, T>) -> io::Result<()> {
    let py = slf.py();
    let end = slf.get().end();
    let (life, now) = (end.life.get(py), slf.get().wanted(py));
    if life.lost || life.interest == now {
        return Ok(());
    }
    let event_loop = end.event_loop.get();
    let token = if let Some(token) = life.token {
        event_loop.set_interest(py, token, now)?;
        token
    } else {
        let source = Arc::new(Watched(slf.clone().unbind()));
        end.fd.with(py, |fd| match fd {
            Some(fd) => event_loop.register(py, fd.as_fd(), now, source),
            None => Err(Errno::BADF.into()),
        })?
    };
    end.life.with(py, |life| {
        life.token = Some(token);
        life.interest = now;
    });
    Ok(())
}

/// The same where a failure means that the transport cannot go on.
pub(super) fn watch_or_fail<T: PipeTransport>(slf: &Bound<'_, T>) {
    if let Err(error) = watch(slf) {
        fail(
            slf,
            os_error(error),
            "Fatal error: the pipe cannot be watched",
        );
    }
}

/// Reports an error and goes down.
pub(super) fn fail<T: PipeTransport>(slf: &Bound<'_, T>, error: PyErr, message: &str) {
    let py = slf.py();
    let end = slf.get().end();
    let told = if !T::is_expected(py, &error) {
        report(slf, &error, message)
    } else if end.is_debug() {
        flow::log_debug(py, ("%r: %s", slf, message), Some(&error))
    } else {
        Ok(())
    };
    if let Err(failure) = told {
        end.event_loop.get().raise_from_run(py, failure);
    }
    lose(slf, Some(error));
}

/// Sees to an exception that leaves a callback of the protocol. The pipe is none the worse for it.
pub(super) fn report_or_raise<T: PipeTransport>(slf: &Bound<'_, T>, error: PyErr, message: &str) {
    let py = slf.py();
    let outcome = if is_exit(py, &error) {
        Err(error)
    } else {
        report(slf, &error, message)
    };
    if let Err(failure) = outcome {
        slf.get().end().event_loop.get().raise_from_run(py, failure);
    }
}

fn report<T: PipeTransport>(slf: &Bound<'_, T>, error: &PyErr, message: &str) -> PyResult<()> {
    let py = slf.py();
    let end = slf.get().end();
    let protocol = end.protocol(py);
    let event_loop = end.event_loop.bind(py);
    flow::report(event_loop, slf.as_any(), protocol.as_ref(), error, message)
}

/// In debug mode: says what happens to the transport.
pub(super) fn narrate<T: PipeTransport>(slf: &Bound<'_, T>, level: &str, message: &str) {
    let py = slf.py();
    let end = slf.get().end();
    if end.is_debug()
        && let Err(error) = log(py, level, (message, slf))
    {
        end.event_loop.get().raise_from_run(py, error);
    }
}

/// Stops watching and schedules `connection_lost`, once.
pub(super) fn lose<T: PipeTransport>(slf: &Bound<'_, T>, error: Option<PyErr>) {
    let py = slf.py();
    if !stop(slf) {
        return;
    }
    let event_loop = slf.get().end().event_loop.get();
    if event_loop.is_closed() {
        // Nobody is told any more.
        return release(slf);
    }
    let transport = slf.clone().unbind();
    event_loop.call_soon_native(py, Box::new(move |py| finish(transport.bind(py), error)));
}

/// Stops watching for good; `false` when that happened before.
pub(super) fn stop<T: PipeTransport>(slf: &Bound<'_, T>) -> bool {
    let py = slf.py();
    let end = slf.get().end();
    let (first, token) = end.life.with(py, |life| {
        life.closing = true;
        let first = !std::mem::replace(&mut life.lost, true);
        life.interest = Interest::NONE;
        (first, life.token.take())
    });
    if let Some(token) = token {
        end.event_loop.get().deregister(py, token);
    }
    first
}

/// Tells the protocol, then gives everything up.
pub(super) fn finish<T: PipeTransport>(slf: &Bound<'_, T>, error: Option<PyErr>) {
    let py = slf.py();
    let end = slf.get().end();
    let error = error.map(|error| error.into_value(py));
    let told = end.call_protocol(py, intern!(py, "connection_lost"), (error,));
    if let Err(failure) = told {
        report_or_raise(slf, failure, "Exception in connection_lost()");
    }
    release(slf);
}

/// Gives everything up.
fn release<T: PipeTransport>(slf: &Bound<'_, T>) {
    let py = slf.py();
    let end = slf.get().end();
    if end.is_open(py) {
        end.let_go(py);
        if let Err(failure) = end.file.bind(py).call_method0(intern!(py, "close")) {
            report_or_raise(slf, failure, "Exception at the closing of a pipe");
        }
    }
    drop(end.protocol.take(py));
}
