//! Telling a protocol when to stop writing, and when to go on.

use pyo3::call::PyCallArgs;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::EventLoop;
use super::handle::is_exit;

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
    /// A high mark and the low one that asyncio puts under it.
    pub(super) fn of(high: usize) -> Self {
        Self {
            low: high / 4,
            high,
        }
    }

    /// asyncio's rules: the high mark is four times the low one where only one is given.
    pub(super) fn from_given(high: Option<i64>, low: Option<i64>) -> PyResult<Self> {
        Self::from_given_or(high, low, 64 * 1024)
    }

    /// The same, with the high mark where none is given.
    pub(super) fn from_given_or(
        high: Option<i64>,
        low: Option<i64>,
        default: i64,
    ) -> PyResult<Self> {
        let high = high.unwrap_or_else(|| low.map_or(default, |low| low.saturating_mul(4)));
        let low = low.unwrap_or(high.div_euclid(4));
        match (usize::try_from(low), usize::try_from(high)) {
            (Ok(low), Ok(high)) if low <= high => Ok(Self { low, high }),
            _ => Err(PyValueError::new_err(format!(
                "high ({high}) must be >= low ({low}) must be >= 0"
            ))),
        }
    }
}

/// What a protocol was told about its writing, and when to tell it more.
#[derive(Default)]
pub(super) struct Marks {
    pub(super) limits: Limits,
    /// `pause_writing` was called on the protocol.
    pub(super) paused: bool,
}

/// What waits to be written, between two marks.
pub(super) trait Backlog {
    /// How much it is, in bytes.
    fn size(&self) -> usize;

    fn marks(&mut self) -> &mut Marks;

    /// Whether the protocol is to be paused now: more waits than the high mark allows.
    fn pauses(&mut self) -> bool {
        let size = self.size();
        let marks = self.marks();
        let pauses = !marks.paused && size > marks.limits.high;
        marks.paused |= pauses;
        pauses
    }

    /// Whether the protocol is to be resumed now: no more waits than the low mark says.
    fn resumes(&mut self) -> bool {
        let size = self.size();
        let marks = self.marks();
        let resumes = marks.paused && size <= marks.limits.low;
        marks.paused &= !resumes;
        resumes
    }
}

/// Tells a transport's protocol something there and then; an exception in it goes to the loop's
/// exception handler and does not hurt the transport.
///
/// # Errors
/// `SystemExit` and `KeyboardInterrupt`, which are for the program.
pub(super) fn tell(
    event_loop: &Bound<'_, EventLoop>,
    transport: &Bound<'_, PyAny>,
    protocol: &Bound<'_, PyAny>,
    method: &Bound<'_, PyString>,
) -> PyResult<()> {
    match protocol.call_method0(method) {
        Ok(_) => Ok(()),
        Err(error) if is_exit(method.py(), &error) => Err(error),
        Err(error) => {
            let message = format!("protocol.{method}() failed");
            report(event_loop, transport, Some(protocol), &error, &message)
        }
    }
}

/// Logs a template and its arguments where asyncio logs, for debug mode.
pub(super) fn log_debug<'py>(
    py: Python<'py>,
    message: impl PyCallArgs<'py>,
    error: Option<&PyErr>,
) -> PyResult<()> {
    let options = PyDict::new(py);
    options.set_item("exc_info", error.map(|error| error.clone_ref(py)))?;
    py.import("jebi.loop.log")?
        .getattr("logger")?
        .getattr("debug")?
        .call(message, Some(&options))?;
    Ok(())
}

/// Hands an exception in a transport's life to the loop's exception handler.
pub(super) fn report(
    event_loop: &Bound<'_, EventLoop>,
    transport: &Bound<'_, PyAny>,
    protocol: Option<&Bound<'_, PyAny>>,
    error: &PyErr,
    message: &str,
) -> PyResult<()> {
    let py = transport.py();
    let context = PyDict::new(py);
    context.set_item("message", message)?;
    context.set_item("exception", error.clone_ref(py).into_value(py))?;
    context.set_item("transport", transport)?;
    context.set_item("protocol", protocol)?;
    event_loop.call_method1(intern!(py, "call_exception_handler"), (context,))?;
    Ok(())
}

/// The same for an error that is fatal for the transport.
///
/// Errors of the descriptor are part of its life and only show in debug mode; others are bugs.
pub(super) fn report_failure(
    event_loop: &Bound<'_, EventLoop>,
    transport: &Bound<'_, PyAny>,
    protocol: Option<&Bound<'_, PyAny>>,
    error: &PyErr,
    message: &str,
) -> PyResult<()> {
    let py = transport.py();
    if !error.is_instance_of::<PyOSError>(py) {
        return report(event_loop, transport, protocol, error, message);
    }
    if !event_loop.get().is_debug() {
        return Ok(());
    }
    log_debug(py, ("%r: %s", transport, message), Some(error))
}
