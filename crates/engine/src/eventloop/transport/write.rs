//! From the protocol to the socket.

use std::ffi::CStr;
use std::io::IoSlice;
use std::os::fd::BorrowedFd;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, Shutdown, send, sendmsg, shutdown};

use super::SocketTransport;
use crate::eventloop::life::Living;
use crate::eventloop::outgoing::PIECES;
use crate::eventloop::speaking::Flowing;
use crate::eventloop::written::Written;
use crate::eventloop::{log_warning, os_error};
use crate::fastcall::{Given, Method};

const WRITE_FAILED: &str = "Fatal write error on socket transport";

/// Writes to a lost connection that are ignored before a word is said about them.
const SILENT_WRITES: usize = 5;

/// `transport.write`.
pub(in crate::eventloop) struct Write;

impl Method for Write {
    type Class = SocketTransport;
    const NAME: &'static CStr = c"write";
    const DOC: &'static CStr = c"write($self, data)\n--\n\n\
        Sends bytes; what the socket does not take at once is buffered.";

    fn call<'py>(
        slf: &Bound<'py, SocketTransport>,
        given: Given<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let data = Written::new(given.one(Self::NAME, "data")?)?;
        slf.get().check_writable(py, "write")?;
        SocketTransport::write_bytes(slf, &data)?;
        Ok(py.None().into_bound(py))
    }
}

impl SocketTransport {
    /// Sends at once what the socket takes and buffers the rest.
    pub(in crate::eventloop) fn write_bytes(
        slf: &Bound<'_, Self>,
        written: &Written<'_>,
    ) -> PyResult<()> {
        let data = written.as_slice();
        let py = slf.py();
        let this = slf.get();
        if data.is_empty() {
            return Ok(());
        }
        let (lost, idle) = this.state.with(py, |state| {
            if state.life.lost > 0 {
                state.life.lost += 1;
            }
            (state.life.lost, state.outgoing.is_empty())
        });
        if lost > 0 {
            if lost > SILENT_WRITES {
                log_warning(py, ("socket.send() raised exception.",))?;
            }
            return Ok(());
        }
        let sent = if idle {
            match send(this.socket.descriptor(), data, SendFlags::NOSIGNAL) {
                Ok(sent) => sent,
                Err(Errno::AGAIN | Errno::INTR) => 0,
                Err(error) => {
                    Self::fail(slf, os_error(error), WRITE_FAILED);
                    return Ok(());
                }
            }
        } else {
            0
        };
        if sent >= data.len() {
            return Ok(());
        }
        let rest = written.rest(sent);
        this.state.with(py, |state| state.outgoing.push(rest));
        Self::watch_or_fail(slf);
        Self::pause_if_full(slf)
    }

    /// Sends several pieces in one go.
    pub(super) fn write_pieces(slf: &Bound<'_, Self>, pieces: &[Written<'_>]) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let (lost, idle) =
            (this.state).with(py, |state| (state.life.lost > 0, state.outgoing.is_empty()));
        if lost {
            return Ok(());
        }
        let mut sent = 0;
        if idle {
            let slices = pieces.iter().map(|piece| IoSlice::new(piece.as_slice()));
            let slices: Vec<_> = slices.take(PIECES).collect();
            match send_slices(this.socket.descriptor(), &slices) {
                Ok(count) => sent = count,
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => {
                    Self::fail(slf, os_error(error), WRITE_FAILED);
                    return Ok(());
                }
            }
        }
        for piece in pieces {
            let length = piece.as_slice().len();
            let rest = (sent < length).then(|| piece.rest(sent));
            sent = sent.saturating_sub(length);
            if let Some(rest) = rest {
                this.state.with(py, |state| state.outgoing.push(rest));
            }
        }
        Self::watch_or_fail(slf);
        Self::pause_if_full(slf)
    }

    /// The socket takes more.
    pub(super) fn write_ready(slf: &Bound<'_, Self>) {
        if slf.get().state.with(slf.py(), |state| state.life.lost > 0) {
            return;
        }
        if let Err(error) = Self::flush(slf) {
            Self::fail_or_raise(slf, error, WRITE_FAILED);
        }
        Self::send_file(slf);
        if slf.get().state.with(slf.py(), |state| state.life.lost == 0) {
            Self::watch_or_fail(slf);
        }
    }

    /// Ends the writing side once the buffer is empty.
    pub(super) fn finish_writing(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let now = this.state.with(py, |state| {
            if state.life.closing || state.write_finished {
                return false;
            }
            state.write_finished = true;
            state.outgoing.is_empty() && state.sending.is_none()
        });
        if now {
            shutdown(this.socket.descriptor(), Shutdown::Write).map_err(os_error)?;
        }
        Ok(())
    }

    /// Sends from the buffer, then does what waited for it to drain.
    fn flush(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        match this.send_buffered(py) {
            Ok(()) | Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => {
                Self::fail(slf, os_error(error), WRITE_FAILED);
                return Ok(());
            }
        }
        Self::resume_if_drained(slf)?;
        let (drained, closing, finished, lost) = this.state.with(py, |state| {
            let drained = state.outgoing.is_empty();
            let finished = state.write_finished && state.sending.is_none();
            (drained, state.life.closing, finished, state.life.lost > 0)
        });
        if !drained || lost {
            return Ok(());
        }
        if closing {
            Self::lose(slf, None);
        } else if finished {
            // Nobody is left to tell if the peer has gone meanwhile; the next read finds out.
            let _ = shutdown(this.socket.descriptor(), Shutdown::Write);
        }
        Ok(())
    }

    fn send_buffered(&self, py: Python<'_>) -> Result<(), Errno> {
        self.state.with(py, |state| {
            if state.outgoing.is_empty() {
                return Ok(());
            }
            let sent = send_slices(self.socket.descriptor(), &state.outgoing.slices())?;
            state.outgoing.advance(sent);
            Ok(())
        })
    }

    pub(super) fn check_writable(&self, py: Python<'_>, method: &str) -> PyResult<()> {
        let (finished, sending) = self
            .state
            .with(py, |state| (state.write_finished, state.sending.is_some()));
        if sending {
            return Err(PyRuntimeError::new_err(format!(
                "unable to {method}; sendfile is in progress"
            )));
        }
        if finished {
            return Err(PyRuntimeError::new_err(format!(
                "Cannot call {method}() after write_eof()"
            )));
        }
        Ok(())
    }
}

fn send_slices(socket: BorrowedFd<'_>, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    let mut nothing = SendAncillaryBuffer::default();
    sendmsg(socket, slices, &mut nothing, SendFlags::NOSIGNAL)
}
