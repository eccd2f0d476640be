//! Telling a protocol when to stop writing, and when to go on.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::SocketTransport;
use crate::eventloop::handle::is_exit;

/// The marks between which a protocol is kept from writing.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) low: usize,
    pub(super) high: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            low: 16 * 1024,
            high: 64 * 1024,
        }
    }
}

impl Limits {
    /// asyncio's rules: the high mark is four times the low one where only one is given.
    pub(super) fn from_given(high: Option<i64>, low: Option<i64>) -> PyResult<Self> {
        let high = high.unwrap_or_else(|| low.map_or(64 * 1024, |low| low.saturating_mul(4)));
        let low = low.unwrap_or(high.div_euclid(4));
        match (usize::try_from(low), usize::try_from(high)) {
            (Ok(low), Ok(high)) if low <= high => Ok(Self { low, high }),
            _ => Err(PyValueError::new_err(format!(
                "high ({high}) must be >= low ({low}) must be >= 0"
            ))),
        }
    }
}

impl SocketTransport {
    /// Calls `pause_writing` when the buffer has grown over the high mark.
    pub(super) fn pause_if_full(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let pauses = slf.get().state.with(py, |state| {
            let pauses = !state.writing_paused && state.outgoing_size > state.limits.high;
            state.writing_paused |= pauses;
            pauses
        });
        if pauses {
            Self::tell(slf, intern!(py, "pause_writing"))?;
        }
        Ok(())
    }

    /// Calls `resume_writing` when the buffer has shrunk to the low mark.
    pub(super) fn resume_if_drained(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let resumes = slf.get().state.with(py, |state| {
            let resumes = state.writing_paused && state.outgoing_size <= state.limits.low;
            state.writing_paused &= !resumes;
            resumes
        });
        if resumes {
            Self::tell(slf, intern!(py, "resume_writing"))?;
        }
        Ok(())
    }

    /// Calls the protocol there and then; an exception in it does not hurt the connection.
    fn tell(slf: &Bound<'_, Self>, method: &Bound<'_, PyString>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let Some(protocol) = this.protocol(py) else {
            return Ok(());
        };
        match protocol.call_method0(method) {
            Ok(_) => Ok(()),
            Err(error) if is_exit(py, &error) => Err(error),
            Err(error) => {
                let context = PyDict::new(py);
                context.set_item("message", format!("protocol.{method}() failed"))?;
                context.set_item("exception", error.into_value(py))?;
                context.set_item("transport", slf)?;
                context.set_item("protocol", protocol)?;
                this.event_loop
                    .bind(py)
                    .call_method1(intern!(py, "call_exception_handler"), (context,))?;
                Ok(())
            }
        }
    }
}
