//! Descriptors that the loop watches, for native sources and for `add_reader`'s callbacks.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyTuple};
use reactor::{Interest, Readiness, Token, Waker};
use rustix::io::Errno;

use super::EventLoop;
use super::call::Call;
use super::errno::os_error;
use super::handle::Handle;
use super::queue::{Ready, check_callback};
use super::source::Source;
use super::watches::{Target, Watch};

impl EventLoop {
    /// Watches a native source's descriptor, level-triggered unless the interest says otherwise.
    ///
    /// The owner keeps the descriptor open until it has called [`deregister`](Self::deregister).
    pub(crate) fn register(
        &self,
        py: Python<'_>,
        fd: BorrowedFd<'_>,
        interest: Interest,
        source: Arc<dyn Source>,
    ) -> io::Result<Token> {
        let open = self.open(py).map_err(|_| closed())?;
        let fd = fd.as_raw_fd();
        let watch = Watch::new(fd, Target::Native(source));
        let outcome = self.watches.with(py, |watches| {
            let Some(token) = watches.registry.insert(watch) else {
                return Err((Errno::MFILE.into(), None));
            };
            let before = watches.holders.claim(fd, token);
            match watches.tell(&open.poller, token, interest) {
                Ok(()) => Ok(token),
                Err(error) => {
                    watches.holders.restore(fd, before);
                    Err((error, watches.registry.remove(token)))
                }
            }
        });
        outcome.map_err(|(error, _refused)| error)
    }

    /// Changes what a native source's descriptor is watched for.
    ///
    /// With [`Interest::NONE`] it is not watched at all, not even for a hang-up.
    pub(crate) fn set_interest(
        &self,
        py: Python<'_>,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let open = self.open(py).map_err(|_| closed())?;
        self.watches
            .with(py, |watches| watches.tell(&open.poller, token, interest))
    }

    /// Has a descriptor that is watched by edge reported once more if there is anything to report.
    pub(crate) fn look_again(&self, py: Python<'_>, token: Token) -> io::Result<()> {
        let open = self.open(py).map_err(|_| closed())?;
        self.watches.with(py, |watches| {
            let Some(watch) = watches.registry.get_mut(token) else {
                return Ok(());
            };
            let interest = watch.spot.interest;
            if !interest.is_by_edge() {
                return Ok(());
            }
            (watches.holders).refresh(&open.poller, &mut watch.spot, token, interest)
        })
    }

    /// Stops watching a native source's descriptor; events under way will not reach it.
    ///
    /// The owner closes the descriptor after this. Does nothing when the loop is closed.
    pub(crate) fn deregister(&self, py: Python<'_>, token: Token) {
        let open = self.open(py).ok();
        let poller = open.as_ref().map(|open| &open.poller);
        drop(
            self.watches
                .with(py, |watches| watches.forget(poller, token)),
        );
    }

    /// Wakes this loop from any thread, with or without the GIL.
    ///
    /// # Errors
    /// When the loop is closed.
    pub(crate) fn waker(&self, py: Python<'_>) -> PyResult<Waker> {
        Ok(self.open(py)?.waker.clone())
    }

    /// Keeps `add_reader` and its kin away from a transport's descriptor.
    pub(super) fn own_descriptor(&self, py: Python<'_>, fd: RawFd, owner: Py<PyAny>) {
        drop(
            self.watches
                .with(py, |watches| watches.transports.insert(fd, owner)),
        );
    }

    /// Ends [`own_descriptor`](Self::own_descriptor), unless the number has another owner by now.
    pub(super) fn disown_descriptor(&self, fd: RawFd, owner: &Bound<'_, PyAny>) {
        drop(self.watches.with(owner.py(), |watches| {
            let known = watches.transports.get(&fd)?;
            known.is(owner).then(|| watches.transports.remove(&fd))
        }));
    }

    fn check_no_transport(&self, py: Python<'_>, fd: RawFd) -> PyResult<()> {
        let owner = self.watches.with(py, |watches| {
            watches
                .transports
                .get(&fd)
                .map(|owner| owner.bind(py).clone())
        });
        let Some(owner) = owner else { return Ok(()) };
        if !has_number(&owner, fd)? {
            // Its descriptor was closed behind its back, and this is another one.
            self.disown_descriptor(fd, &owner);
            return Ok(());
        }
        let owner = owner.repr()?;
        let text = format!("File descriptor {fd} is used by transport {owner}");
        Err(PyRuntimeError::new_err(text))
    }

    /// The number that a watched object had before it was closed.
    fn number_of_closed(&self, py: Python<'_>, closed: &Bound<'_, PyAny>) -> Option<RawFd> {
        self.watches.with(py, |watches| {
            let is_it = |watch: &&Watch| {
                matches!(&watch.target, Target::Handles { object: Some(object), .. } if object.is(closed))
            };
            watches
                .registry
                .values()
                .find(is_it)
                .map(|watch| watch.spot.fd)
        })
    }

    /// Queues what a descriptor's readiness calls for.
    pub(super) fn queue_event(&self, py: Python<'_>, token: Token, readiness: Readiness) {
        self.watches.with(py, |watches| {
            let Some(watch) = watches.registry.get(token) else {
                return;
            };
            let Some(readiness) = readiness.masked(watch.spot.interest) else {
                return;
            };
            match &watch.target {
                Target::Native(_) => self.push(py, Ready::Event(token, readiness)),
                Target::Handles { reader, writer, .. } => {
                    let reader = reader.as_ref().filter(|_| readiness.is_readable());
                    let writer = writer.as_ref().filter(|_| readiness.is_writable());
                    for handle in [reader, writer].into_iter().flatten() {
                        self.push(py, Ready::Handle(handle.clone_ref(py)));
                    }
                }
            }
        });
    }

    /// The source to tell, and of what, unless it lost interest since the event was queued.
    pub(super) fn native_source(
        &self,
        py: Python<'_>,
        token: Token,
        readiness: Readiness,
    ) -> Option<(Arc<dyn Source>, Readiness)> {
        self.watches.with(py, |watches| {
            let watch = watches.registry.get(token)?;
            let readiness = readiness.masked(watch.spot.interest)?;
            match &watch.target {
                Target::Native(source) => Some((Arc::clone(source), readiness)),
                Target::Handles { .. } => None,
            }
        })
    }
}

/// `loop.add_reader`.
pub(super) fn add_reader<'py>(
    event_loop: &Bound<'py, EventLoop>,
    fd: &Bound<'py, PyAny>,
    callback: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, Handle>> {
    add(event_loop, fd, callback, args, Direction::Read)
}

/// `loop.add_writer`.
pub(super) fn add_writer<'py>(
    event_loop: &Bound<'py, EventLoop>,
    fd: &Bound<'py, PyAny>,
    callback: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, Handle>> {
    add(event_loop, fd, callback, args, Direction::Write)
}

/// `loop.remove_reader`.
pub(super) fn remove_reader(
    event_loop: &Bound<'_, EventLoop>,
    fd: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    remove(event_loop, fd, Direction::Read)
}

/// `loop.remove_writer`.
pub(super) fn remove_writer(
    event_loop: &Bound<'_, EventLoop>,
    fd: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    remove(event_loop, fd, Direction::Write)
}

#[derive(Clone, Copy)]
enum Direction {
    Read,
    Write,
}

impl Direction {
    fn switch(self, interest: Interest, on: bool) -> Interest {
        match self {
            Self::Read => interest.with_readable(on),
            Self::Write => interest.with_writable(on),
        }
    }

    /// Exchanges the handle of this direction.
    fn swap(self, target: &mut Target, handle: Option<Py<Handle>>) -> Option<Py<Handle>> {
        let Target::Handles { reader, writer, .. } = target else {
            return handle;
        };
        let slot = match self {
            Self::Read => reader,
            Self::Write => writer,
        };
        std::mem::replace(slot, handle)
    }
}

fn add<'py>(
    event_loop: &Bound<'py, EventLoop>,
    fd: &Bound<'py, PyAny>,
    callback: &Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
    direction: Direction,
) -> PyResult<Bound<'py, Handle>> {
    let py = event_loop.py();
    let this = event_loop.get();
    let open = this.open(py)?;
    if this.is_debug() {
        this.check_thread()?;
        check_callback(
            callback,
            match direction {
                Direction::Read => "add_reader",
                Direction::Write => "add_writer",
            },
        )?;
    }
    let object = (!fd.is_instance_of::<PyInt>()).then(|| fd.clone().unbind());
    let fd = descriptor(fd)?;
    this.check_no_transport(py, fd)?;
    let made = Handle::create(event_loop, Call::new(callback, args.as_slice())?, None)?;
    let handle = made.clone().unbind();
    let replaced = this.watches.with(py, |watches| {
        let token = match watches.by_fd.get(&fd) {
            Some(token) => *token,
            None => watches.adopt(fd)?,
        };
        let Some(watch) = watches.registry.get_mut(token) else {
            return Ok((None, None));
        };
        let interest = direction.switch(watch.spot.interest, true);
        let before = watches.holders.claim(fd, token);
        if before != Some(token) {
            // Somebody else had the number since: the kernel knows nothing of this one's interest.
            watch.spot.interest = Interest::NONE;
        }
        let replaced = direction.swap(&mut watch.target, Some(handle));
        let told = watches
            .holders
            .refresh(&open.poller, &mut watch.spot, token, interest);
        match told {
            Ok(()) => Ok((replaced, watch.target.set_object(object))),
            Err(error) => {
                let refused = direction.swap(&mut watch.target, replaced);
                watches.holders.restore(fd, before);
                let dropped = watches.forget_if_idle(None, fd, token);
                Err((error, refused, dropped))
            }
        }
    });
    match replaced {
        Ok((Some(old), _)) => cancel(py, &old).map(|()| made),
        Ok((None, _)) => Ok(made),
        Err((error, _refused, _dropped)) => Err(os_error(error)),
    }
}

fn remove(
    event_loop: &Bound<'_, EventLoop>,
    fd: &Bound<'_, PyAny>,
    direction: Direction,
) -> PyResult<bool> {
    let py = event_loop.py();
    let this = event_loop.get();
    if this.is_debug() {
        this.check_thread()?;
    }
    let Ok(open) = this.open(py) else {
        return Ok(false);
    };
    let (fd, is_open) = match descriptor(fd) {
        Ok(fd) => (fd, true),
        Err(error) => (this.number_of_closed(py, fd).ok_or(error)?, false),
    };
    if is_open {
        this.check_no_transport(py, fd)?;
    }
    let removed = this.watches.with(py, |watches| {
        let token = *watches.by_fd.get(&fd)?;
        let watch = watches.registry.get_mut(token)?;
        let handle = direction.swap(&mut watch.target, None)?;
        let interest = direction.switch(watch.spot.interest, false);
        // The kernel forgot what was closed, and its number may be somebody else's by now.
        let poller = is_open.then_some(&open.poller);
        if let Some(poller) = poller {
            // A failure means that it was closed, and nothing watches it any more.
            let _ = watches
                .holders
                .apply(poller, &mut watch.spot, token, interest);
        } else {
            watch.spot.interest = interest;
        }
        let idle = watches.forget_if_idle(poller, fd, token);
        Some((handle, idle))
    });
    match removed {
        Some((handle, _idle)) => cancel(py, &handle).map(|()| true),
        None => Ok(false),
    }
}

/// Whether the socket of a transport still has the number that it was opened with.
fn has_number(transport: &Bound<'_, PyAny>, fd: RawFd) -> PyResult<bool> {
    let py = transport.py();
    let sock = transport.call_method1(intern!(py, "get_extra_info"), ("socket",))?;
    let number: RawFd = sock.call_method0(intern!(py, "fileno"))?.extract()?;
    Ok(number == fd)
}

fn cancel(py: Python<'_>, handle: &Py<Handle>) -> PyResult<()> {
    handle.call_method0(py, intern!(py, "cancel")).map(drop)
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "Event loop is closed")
}

/// The number of a descriptor that was given as an integer or as an object with `fileno()`.
fn descriptor(object: &Bound<'_, PyAny>) -> PyResult<RawFd> {
    let py = object.py();
    let number = match object.extract::<RawFd>() {
        Ok(number) => number,
        Err(_) => object
            .call_method0(intern!(py, "fileno"))
            .and_then(|number| number.extract())
            .map_err(|_| invalid(py, "file object", object))?,
    };
    if number < 0 {
        return Err(invalid(
            py,
            "file descriptor",
            number.into_pyobject(py)?.as_any(),
        ));
    }
    Ok(number)
}

fn invalid(_py: Python<'_>, what: &str, object: &Bound<'_, PyAny>) -> PyErr {
    match object.repr() {
        Ok(text) => PyValueError::new_err(format!("Invalid {what}: {text}")),
        Err(error) => error,
    }
}
