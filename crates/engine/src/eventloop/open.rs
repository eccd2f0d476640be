//! The descriptors of a loop that is not closed.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use reactor::{Birthplace, Poller, SignalPipe, Waker};

use super::EventLoop;
use super::attached::Attached;
use super::errno::os_error;
use super::run::WAKER;

/// The descriptors of a loop that is not closed.
pub(super) struct Open {
    pub(super) poller: Poller,
    pub(super) waker: Waker,
    pub(super) signals: Attached<Option<Arc<SignalPipe>>>,
    birthplace: Birthplace,
}

impl Open {
    pub(super) fn new() -> io::Result<Self> {
        let birthplace = Birthplace::here();
        let (poller, waker) = (Poller::new()?, Waker::new()?);
        poller.add_edge(waker.as_fd(), WAKER)?;
        Ok(Self {
            poller,
            waker,
            signals: Attached::new(None),
            birthplace,
        })
    }

    /// Whether they are this process's own, and not shared with the one that it was forked from.
    pub(super) fn is_own(&self) -> bool {
        self.birthplace.is_here()
    }
}

impl EventLoop {
    /// The descriptors, unless the loop is closed.
    ///
    /// A child that goes on with the loop of its parent gets descriptors of its own here.
    pub(super) fn open(&self, py: Python<'_>) -> PyResult<Arc<Open>> {
        let open = self
            .open
            .with(py, |open| open.clone())
            .ok_or_else(|| PyRuntimeError::new_err("Event loop is closed"))?;
        if open.is_own() {
            return Ok(open);
        }
        let own = Arc::new(Open::new().map_err(os_error)?);
        self.watches
            .with(py, |watches| watches.move_to(&own.poller));
        drop(self.open.replace(py, Some(Arc::clone(&own))));
        Ok(own)
    }

    /// Leaves the pipe for signals open for ever, because the interpreter still writes into it.
    ///
    /// Otherwise its number would be given to another descriptor, and signals would be written there.
    pub(super) fn abandon_signal_pipe(&self, py: Python<'_>) {
        let open = self.open.with(py, |open| open.clone());
        let pipe = open.and_then(|open| open.signals.take(py));
        std::mem::forget(pipe);
    }
}
