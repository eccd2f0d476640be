//! The life that every transport leads, whatever its descriptor: it is opened, watched, lost and let
//! go of, in asyncio's order.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit, intern};
use reactor::{Interest, Readiness, Token};
use rustix::io::Errno;

use super::EventLoop;
use super::errno::os_error;
use super::futures::wake;
use super::source::Source;
use super::speaking::Speaking;

/// What changes while a transport lives.
#[derive(Clone, Copy, Default)]
pub(super) struct Life {
    /// Its place in the loop, once it is registered.
    token: Option<Token>,
    /// What the loop watches it for.
    interest: Interest,
    /// `connection_made` was called, so the descriptor may be watched.
    pub(super) started: bool,
    /// It is closed or about to be: when everything is written, it goes down.
    pub(super) closing: bool,
    /// `connection_lost` is on its way or was called. Counts the writes since, to warn of them.
    pub(super) lost: usize,
}

/// A transport over a descriptor that the loop watches.
pub(super) trait Living: Speaking {
    /// What is said when the loop cannot watch it.
    const UNWATCHABLE: &'static str;

    fn life<R>(&self, py: Python<'_>, look: impl FnOnce(&mut Life) -> R) -> R;

    /// What the loop should watch for.
    fn wanted(&self, py: Python<'_>) -> Interest;

    /// Hands out the descriptor, if it is there still.
    fn with_descriptor<R>(
        &self,
        py: Python<'_>,
        look: impl FnOnce(BorrowedFd<'_>) -> io::Result<R>,
    ) -> io::Result<R>;

    /// Whether the descriptor's number is still its own. Nobody can take that of a duplicate away.
    fn is_intact(&self, py: Python<'_>) -> bool {
        let _ = py;
        true
    }

    /// The descriptor is ready.
    fn ready(slf: &Bound<'_, Self>, readiness: Readiness);

    /// What `repr` says.
    fn describe(&self, py: Python<'_>) -> String;

    /// Reports an error and goes down.
    fn fail(slf: &Bound<'_, Self>, error: PyErr, message: &str);

    /// The descriptor is about to be forgotten: nothing more can be sent.
    fn interrupted(&self, py: Python<'_>, error: Option<&PyErr>) {
        let _ = (py, error);
    }

    /// Tells the protocol that the connection is lost, then gives everything up.
    fn finish(slf: &Bound<'_, Self>, error: Option<PyErr>);

    /// The same when the loop is closed, so that nobody is told any more.
    fn release(slf: &Bound<'_, Self>);

    /// Schedules `connection_made`, then the watching, then the waiter.
    ///
    /// The protocol is called in the transport's context from the first time on: what is set there
    /// is seen by whatever comes later.
    fn begin(
        slf: &Bound<'_, Self>,
        protocol: &Bound<'_, PyAny>,
        waiter: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let event_loop = slf.get().event_loop().bind(py);
        let made = protocol.getattr(intern!(py, "connection_made"))?;
        let options = PyDict::new(py);
        options.set_item(intern!(py, "context"), slf.get().context())?;
        event_loop.call_method(intern!(py, "call_soon"), (made, slf), Some(&options))?;
        let transport = slf.clone().unbind();
        let start = move |py: Python<'_>| {
            let slf = transport.bind(py);
            slf.get().life(py, |life| life.started = true);
            Self::watch_or_fail(slf);
        };
        event_loop.get().call_soon_native(py, Box::new(start));
        if let Some(waiter) = waiter {
            let waiter = waiter.unbind();
            let open = move |py: Python<'_>| wake(py, &waiter);
            event_loop.get().call_soon_native(py, Box::new(open));
        }
        Ok(())
    }

    /// Tells the loop what to watch for, if that has changed.
    fn watch(slf: &Bound<'_, Self>) -> io::Result<()> {
        let py = slf.py();
        let this = slf.get();
        let (life, now) = (this.life(py, |life| *life), this.wanted(py));
        if life.lost > 0 || life.interest == now {
            return Ok(());
        }
        let token = if let Some(token) = life.token {
            if life.interest.is_none() && !this.is_intact(py) {
                // While it was paused, its number may have become another descriptor's.
                return Err(Errno::BADF.into());
            }
            this.event_loop().get().set_interest(py, token, now)?;
            token
        } else {
            let source = Arc::new(Watched(slf.clone().unbind()));
            let event_loop = this.event_loop().get();
            this.with_descriptor(py, |fd| event_loop.register(py, fd, now, source))?
        };
        this.life(py, |life| {
            life.token = Some(token);
            life.interest = now;
        });
        Ok(())
    }

    /// Has the descriptor reported once more if there is still something to read.
    fn look_again(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let Some(token) = this.life(py, |life| life.token) else {
            return;
        };
        if let Err(error) = this.event_loop().get().look_again(py, token) {
            Self::fail(slf, os_error(error), Self::UNWATCHABLE);
        }
    }

    /// Tells the loop what to watch for where a failure means that the transport cannot go on.
    fn watch_or_fail(slf: &Bound<'_, Self>) {
        if let Err(error) = Self::watch(slf) {
            Self::fail(slf, os_error(error), Self::UNWATCHABLE);
        }
    }

    /// Stops watching for good; `false` when that happened before.
    fn stop(slf: &Bound<'_, Self>, error: Option<&PyErr>) -> bool {
        let py = slf.py();
        let this = slf.get();
        let (first, token) = this.life(py, |life| {
            let first = life.lost == 0;
            life.lost = life.lost.max(1);
            life.closing = true;
            life.interest = Interest::NONE;
            (first, life.token.take())
        });
        if first {
            this.interrupted(py, error);
        }
        if let Some(token) = token {
            this.event_loop().get().deregister(py, token);
        }
        first
    }

    /// Stops watching and schedules `connection_lost`, once.
    fn lose(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        if !Self::stop(slf, error.as_ref()) {
            return;
        }
        let py = slf.py();
        let event_loop = slf.get().event_loop().get();
        if event_loop.is_closed() {
            return Self::release(slf);
        }
        let transport = slf.clone().unbind();
        let finish = move |py: Python<'_>| Self::finish(transport.bind(py), error);
        event_loop.call_soon_native(py, Box::new(finish));
    }
}

/// What the loop calls; keeps the transport alive while its descriptor is watched.
struct Watched<T>(Py<T>);

impl<T: Living> Source for Watched<T> {
    fn ready(
        self: Arc<Self>,
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
