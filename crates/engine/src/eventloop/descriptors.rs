//! Descriptors that the loop watches, for native sources and for `add_reader`'s callbacks.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyTuple};
use pyo3::{PyTraverseError, PyVisit, intern};
use reactor::{Interest, Poller, Readiness, Registry, Token, Waker};
use rustix::io::Errno;

use super::EventLoop;
use super::call::Call;
use super::errno::os_error;
use super::handle::Handle;
use super::queue::{Ready, check_callback};
use super::source::Source;

/// Who is told.
enum Target {
    Native(Arc<dyn Source>),
    Handles {
        /// What was watched, if it was not given by its number: it may be closed before it is
        /// removed, and then only its identity is left.
        object: Option<Py<PyAny>>,
        reader: Option<Py<Handle>>,
        writer: Option<Py<Handle>>,
    },
}

/// One watched descriptor. Its owner keeps it open until it has deregistered.
struct Watch {
    fd: RawFd,
    interest: Interest,
    target: Target,
}

/// Every watched descriptor.
#[derive(Default)]
pub(super) struct Watches {
    registry: Registry<Watch>,
    /// Those of `add_reader` and `add_writer`.
    by_fd: HashMap<RawFd, Token>,
    /// Transports that are not closing; nobody else may watch their descriptors.
    transports: HashMap<RawFd, Py<PyAny>>,
}

impl Target {
    /// Notes the object that was given instead of a number, and hands out the one before.
    fn set_object(&mut self, given: Option<Py<PyAny>>) -> Option<Py<PyAny>> {
        match self {
            Self::Handles { object, .. } if given.is_some() => std::mem::replace(object, given),
            Self::Handles { .. } | Self::Native(_) => given,
        }
    }
}

impl Watches {
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.transports
            .values()
            .try_for_each(|transport| visit.call(transport))?;
        self.registry
            .values()
            .try_for_each(|watch| match &watch.target {
                Target::Native(source) => source.traverse(visit),
                Target::Handles {
                    object,
                    reader,
                    writer,
                } => {
                    visit.call(object)?;
                    visit.call(reader)?;
                    visit.call(writer)
                }
            })
    }
}

impl EventLoop {
    /// Watches a native source's descriptor, level-triggered.
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
        self.watches.with(py, |watches| {
            let watch = Watch {
                fd: fd.as_raw_fd(),
                interest: Interest::NONE,
                target: Target::Native(source),
            };
            let token = watches.registry.insert(watch).ok_or(Errno::MFILE)?;
            let Some(watch) = watches.registry.get_mut(token) else {
                return Ok(token);
            };
            let outcome = apply(&open.poller, watch, token, interest);
            if outcome.is_err() {
                watches.registry.remove(token);
            }
            outcome.map(|()| token)
        })
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
            .with(py, |watches| match watches.registry.get_mut(token) {
                Some(watch) => apply(&open.poller, watch, token, interest),
                None => Err(Errno::NOENT.into()),
            })
    }

    /// Stops watching a native source's descriptor; events under way will not reach it.
    ///
    /// The owner closes the descriptor after this. Does nothing when the loop is closed.
    pub(crate) fn deregister(&self, py: Python<'_>, token: Token) {
        let open = self.open(py).ok();
        let watch = self.watches.with(py, |watches| {
            let mut watch = watches.registry.remove(token)?;
            if let Some(open) = &open {
                // A failure means that the kernel does not watch it any more, which is the wish.
                let _ = apply(&open.poller, &mut watch, token, Interest::NONE);
            }
            Some(watch)
        });
        drop(watch);
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

    /// Ends [`own_descriptor`](Self::own_descriptor).
    pub(super) fn disown_descriptor(&self, py: Python<'_>, fd: RawFd) {
        drop(
            self.watches
                .with(py, |watches| watches.transports.remove(&fd)),
        );
    }

    fn check_no_transport(&self, py: Python<'_>, fd: RawFd) -> PyResult<()> {
        let owner = self.watches.with(py, |watches| {
            watches
                .transports
                .get(&fd)
                .map(|owner| owner.bind(py).clone())
        });
        owner.map_or(Ok(()), |owner| {
            let owner = owner.repr()?;
            let text = format!("File descriptor {fd} is used by transport {owner}");
            Err(PyRuntimeError::new_err(text))
        })
    }

    /// The number that a watched object had before it was closed.
    fn number_of_closed(&self, py: Python<'_>, closed: &Bound<'_, PyAny>) -> Option<RawFd> {
        self.watches.with(py, |watches| {
            let is_it = |watch: &&Watch| {
                matches!(&watch.target, Target::Handles { object: Some(object), .. } if object.is(closed))
            };
            watches.registry.values().find(is_it).map(|watch| watch.fd)
        })
    }

    /// Queues what a descriptor's readiness calls for.
    pub(super) fn queue_event(&self, py: Python<'_>, token: Token, readiness: Readiness) {
        let [first, second] = self.watches.with(py, |watches| {
            let Some(watch) = watches.registry.get(token) else {
                return [None, None];
            };
            let Some(readiness) = readiness.masked(watch.interest) else {
                return [None, None];
            };
            match &watch.target {
                Target::Native(_) => [Some(Ready::Event(token, readiness)), None],
                Target::Handles { reader, writer, .. } => {
                    let reader = reader.as_ref().filter(|_| readiness.is_readable());
                    let writer = writer.as_ref().filter(|_| readiness.is_writable());
                    [reader, writer].map(|handle| Some(Ready::Handle(handle?.clone_ref(py))))
                }
            }
        });
        for item in [first, second].into_iter().flatten() {
            self.push(py, item);
        }
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
            let readiness = readiness.masked(watch.interest)?;
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
        let interest = direction.switch(watch.interest, true);
        let replaced = direction.swap(&mut watch.target, Some(handle));
        match refresh(&open.poller, watch, token, interest) {
            Ok(()) => Ok((replaced, watch.target.set_object(object))),
            Err(error) => {
                let refused = direction.swap(&mut watch.target, replaced);
                let dropped = watches.forget_if_idle(fd, token);
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
        let interest = direction.switch(watch.interest, false);
        if is_open {
            // A failure means that it was closed, and nothing watches it any more.
            let _ = apply(&open.poller, watch, token, interest);
        } else {
            // The kernel forgot it, and its number may be somebody else's by now.
            watch.interest = interest;
        }
        let idle = watches.forget_if_idle(fd, token);
        Some((handle, idle))
    });
    match removed {
        Some((handle, _idle)) => cancel(py, &handle).map(|()| true),
        None => Ok(false),
    }
}

type Refused = (io::Error, Option<Py<Handle>>, Option<Watch>);

impl Watches {
    /// A new entry for a descriptor of Python's.
    fn adopt(&mut self, fd: RawFd) -> Result<Token, Refused> {
        let target = Target::Handles {
            object: None,
            reader: None,
            writer: None,
        };
        let watch = Watch {
            fd,
            interest: Interest::NONE,
            target,
        };
        let token = self
            .registry
            .insert(watch)
            .ok_or((Errno::MFILE.into(), None, None))?;
        self.by_fd.insert(fd, token);
        Ok(token)
    }

    /// Drops the entry of a descriptor that has neither reader nor writer left.
    fn forget_if_idle(&mut self, fd: RawFd, token: Token) -> Option<Watch> {
        let idle = self.registry.get(token).is_some_and(|watch| {
            matches!(
                watch.target,
                Target::Handles {
                    reader: None,
                    writer: None,
                    ..
                }
            )
        });
        if !idle {
            return None;
        }
        self.by_fd.remove(&fd);
        self.registry.remove(token)
    }
}

fn cancel(py: Python<'_>, handle: &Py<Handle>) -> PyResult<()> {
    handle.call_method0(py, intern!(py, "cancel")).map(drop)
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "Event loop is closed")
}

/// Tells the kernel about a new interest, if it is new.
fn apply(poller: &Poller, watch: &mut Watch, token: Token, interest: Interest) -> io::Result<()> {
    if interest == watch.interest {
        return Ok(());
    }
    refresh(poller, watch, token, interest)
}

/// Tells the kernel about an interest even if it did not change: the number may have been closed
/// and opened anew without a word to the loop.
fn refresh(poller: &Poller, watch: &mut Watch, token: Token, interest: Interest) -> io::Result<()> {
    // SAFETY: the owner keeps the descriptor open until it deregisters. A number that was closed
    // nevertheless makes the kernel answer EBADF or ENOENT; no memory hangs on it.
    let fd = unsafe { BorrowedFd::borrow_raw(watch.fd) };
    if interest.is_none() {
        watch.interest = interest;
        return poller.remove(fd);
    }
    if watch.interest.is_none() {
        poller.add(fd, token, interest)?;
    } else {
        match poller.modify(fd, token, interest) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                poller.add(fd, token, interest)?;
            }
            outcome => outcome?,
        }
    }
    watch.interest = interest;
    Ok(())
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
