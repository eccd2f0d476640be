//! A file on its way out, from descriptor to descriptor.
//!
//! It leaves after what was buffered before; until it is through nothing else may be written. The
//! coroutine that sends it waits for a future, and asks how far it came when that is done.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

use pyo3::exceptions::{PyConnectionError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use rustix::fs::sendfile;
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::net::{Shutdown, shutdown};

use super::{SocketTransport, State};
use crate::eventloop::life::Living;
use crate::eventloop::{complete, is_done, os_error, wake};

/// The most that is sent before others get their turn.
const CHUNK: u64 = 1 << 20;

/// A file and how much of it was sent.
pub(super) struct Sending {
    /// A duplicate: the number that was given may be closed and given to another file meanwhile.
    file: Arc<OwnedFd>,
    offset: u64,
    /// What remains; `None` for everything there is.
    left: Option<u64>,
    sent: u64,
    /// Who waits for the end; `None` once it has come.
    waiter: Option<Py<PyAny>>,
}

impl Sending {
    /// Whether there is more to do.
    pub(super) fn is_under_way(&self) -> bool {
        self.waiter.is_some()
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.waiter)
    }

    /// Notes what went out; `true` when that was the last of it.
    fn advance(&mut self, count: u64) -> bool {
        self.offset = self.offset.saturating_add(count);
        self.sent = self.sent.saturating_add(count);
        self.left = self.left.map(|left| left.saturating_sub(count));
        count == 0 || self.left == Some(0)
    }
}

/// What the next system call is to send.
struct Step {
    file: Arc<OwnedFd>,
    offset: u64,
    count: u64,
}

impl State {
    /// The next step, unless something else is to be sent first.
    fn next_step(&self) -> Option<Step> {
        let sending = self.sending.as_ref()?;
        if self.life.lost > 0 || !self.outgoing.is_empty() || !sending.is_under_way() {
            return None;
        }
        Some(Step {
            file: Arc::clone(&sending.file),
            offset: sending.offset,
            count: sending.left.unwrap_or(CHUNK).min(CHUNK),
        })
    }

    /// Whose turn it is when the file is through, or will never be.
    fn take_waiter(&mut self) -> Option<Py<PyAny>> {
        self.sending.as_mut()?.waiter.take()
    }
}

impl SocketTransport {
    /// Begins to send `count` bytes of a file from `offset` on; `None` for all there are.
    ///
    /// `waiter` is completed when they are sent or cannot be; then
    /// [`stop_sending`](Self::stop_sending) is due, whatever the outcome.
    pub(super) fn start_sending(
        slf: &Bound<'_, Self>,
        file: RawFd,
        offset: u64,
        count: Option<u64>,
        waiter: Py<PyAny>,
    ) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        this.check_writable(py, "sendfile")?;
        if this
            .state
            .with(py, |state| state.life.closing || state.life.lost > 0)
        {
            return Err(PyRuntimeError::new_err("Transport is closing"));
        }
        // SAFETY: only looked at by the system call that makes our own; a number that is not open
        // makes it answer EBADF.
        let file = unsafe { BorrowedFd::borrow_raw(file) };
        let file = Arc::new(fcntl_dupfd_cloexec(file, 0).map_err(os_error)?);
        let sending = Sending {
            file,
            offset,
            left: count,
            sent: 0,
            waiter: Some(waiter),
        };
        drop(this.state.with(py, |state| state.sending.replace(sending)));
        Self::send_file(slf);
        Self::watch_or_fail(slf);
        Ok(())
    }

    /// Ends it, successful or not, and tells how many bytes were sent.
    pub(super) fn stop_sending(slf: &Bound<'_, Self>) -> u64 {
        let py = slf.py();
        let this = slf.get();
        let (sending, finishes) = this.state.with(py, |state| {
            let finishes =
                state.write_finished && state.outgoing.is_empty() && state.life.lost == 0;
            (state.sending.take(), finishes)
        });
        if finishes {
            // The peer may have gone meanwhile; the next read finds out.
            let _ = shutdown(this.socket.descriptor(), Shutdown::Write);
        }
        Self::watch_or_fail(slf);
        sending.map_or(0, |sending| sending.sent)
    }

    /// Sends as much as the socket takes, if it is the file's turn.
    pub(super) fn send_file(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let Some(step) = this.state.with(py, |state| state.next_step()) else {
            return;
        };
        if this.nobody_waits(py) {
            drop(this.state.with(py, State::take_waiter));
            return;
        }
        let socket = this.socket.descriptor();
        // Reading the file may take time, which other threads can use.
        let outcome = py.detach(move || {
            let mut offset = step.offset;
            let count = usize::try_from(step.count).unwrap_or(usize::MAX);
            sendfile(socket, step.file.as_fd(), Some(&mut offset), count)
        });
        match outcome {
            Ok(count) => {
                let waiter = this.state.with(py, |state| {
                    let over = state.sending.as_mut()?.advance(count as u64);
                    over.then(|| state.take_waiter()).flatten()
                });
                if let Some(waiter) = waiter {
                    wake(py, &waiter);
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => this.fail_sending(py, os_error(error)),
        }
    }

    /// The connection goes down: what was not sent will never be.
    pub(super) fn interrupt_sending(&self, py: Python<'_>, cause: Option<&PyErr>) {
        let error = cause.map_or_else(
            || PyConnectionError::new_err("Connection closed while a file was being sent"),
            |cause| cause.clone_ref(py),
        );
        self.fail_sending(py, error);
    }

    fn fail_sending(&self, py: Python<'_>, error: PyErr) {
        if let Some(waiter) = self.state.with(py, State::take_waiter) {
            complete(py, &waiter, Err(error));
        }
    }

    /// Whether the coroutine that sends the file was cancelled.
    fn nobody_waits(&self, py: Python<'_>) -> bool {
        let waiter = self.state.with(py, |state| {
            let waiter = state.sending.as_ref()?.waiter.as_ref()?;
            Some(waiter.bind(py).clone())
        });
        waiter.is_none_or(|waiter| is_done(&waiter).unwrap_or(true))
    }
}
