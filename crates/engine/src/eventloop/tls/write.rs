//! From the protocol to the transport below.

use pyo3::prelude::*;

use super::{CHUNK, Phase, TlsTransport};
use crate::eventloop::log_warning;
use crate::eventloop::speaking::Flowing;
use crate::eventloop::written::Written;

pub(super) const FAILED: &str = "Fatal error on SSL protocol";

/// Writes to a closed connection that are ignored before a word is said about them.
const SILENT_WRITES: usize = 5;

impl TlsTransport {
    /// Encrypts and sends at once what the transport below has room for; the rest is kept.
    pub(super) fn write_bytes(slf: &Bound<'_, Self>, written: &Written<'_>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let len = written.as_slice().len();
        if len == 0 {
            return Ok(());
        }
        let (phase, at_once) = this.state.with(py, |state| {
            let idle = state.backlog.is_empty() && !state.lower_full;
            (state.phase, state.phase == Phase::Open && idle)
        });
        if !matches!(phase, Phase::Idle | Phase::Handshake | Phase::Open) {
            return this.warn_of_write(py);
        }
        let encrypted = if at_once && len <= CHUNK {
            this.encrypt(py, written)
        } else {
            Ok(0)
        };
        let outcome = encrypted.and_then(|count| {
            if count < len {
                this.keep(py, written, count);
            }
            match phase {
                Phase::Open => Self::push(slf),
                _ => Ok(()),
            }
        });
        Self::or_fail(slf, outcome, FAILED);
        Self::pause_if_full(slf)
    }

    fn encrypt(&self, py: Python<'_>, written: &Written<'_>) -> PyResult<usize> {
        let count = match written {
            Written::Bytes(bytes) => self.session.write_object(bytes),
            Written::Buffer(_) => self.session.write(py, written.as_slice()),
        }?;
        self.state.with(py, |state| state.unsent += count);
        Ok(count)
    }

    /// Keeps what follows the first `start` bytes for later.
    pub(super) fn keep(&self, py: Python<'_>, written: &Written<'_>, start: usize) {
        let rest = written.rest(start);
        self.state.with(py, |state| state.backlog.push(rest));
    }

    /// Encrypts what is kept and sends it, as long as there is room below.
    ///
    /// While data is being delivered it is only encrypted, up to a limit.
    pub(super) fn push(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        loop {
            let (piece, unsent, delivering) = this.state.with(py, |state| {
                let piece = if state.lower_full {
                    None
                } else {
                    state.backlog.front()
                };
                (piece, state.unsent, state.delivering)
            });
            if unsent >= CHUNK || (piece.is_none() && !delivering) {
                this.send(py)?;
            }
            let Some(piece) = piece else { return Ok(()) };
            if unsent < CHUNK {
                let piece = piece.slice(..piece.len().min(CHUNK));
                let count = this.session.write(py, &piece)?;
                this.state.with(py, |state| {
                    state.backlog.advance(count);
                    state.unsent += count;
                });
                if count == 0 {
                    return this.send(py);
                }
            }
        }
    }

    fn warn_of_write(&self, py: Python<'_>) -> PyResult<()> {
        let lost = self.state.with(py, |state| {
            state.lost += 1;
            state.lost
        });
        if lost > SILENT_WRITES {
            log_warning(py, ("SSL connection is closed",))?;
        }
        Ok(())
    }

    /// The transport below has room again.
    pub(super) fn resume_writing(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        this.state.with(py, |state| state.lower_full = false);
        match this.phase(py) {
            Phase::Open => {
                Self::or_fail(slf, Self::push(slf), FAILED);
                Self::resume_if_drained(slf)
            }
            Phase::Handshake => {
                Self::or_fail(slf, this.send(py), FAILED);
                Ok(())
            }
            Phase::Flushing | Phase::ShuttingDown => {
                Self::go_on_closing(slf);
                Ok(())
            }
            Phase::Idle | Phase::Closed => Ok(()),
        }
    }
}
