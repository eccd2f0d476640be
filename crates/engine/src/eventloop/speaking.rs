//! How transports speak to their protocols, and of them.

use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::types::PyString;
use pyo3::{PyClass, intern};

use super::context::in_context;
use super::flow::{Backlog, Limits};
use super::handle::is_exit;
use super::{EventLoop, flow, log};

/// A transport that has a protocol.
pub(super) trait Speaking: PyClass<Frozen = True> + Sync {
    fn event_loop(&self) -> &Py<EventLoop>;

    /// Where its protocol is called.
    fn context(&self) -> &Py<PyAny>;

    /// Whom it tells, until the connection is lost.
    fn protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>>;

    /// Tells the loop's exception handler.
    fn report(slf: &Bound<'_, Self>, error: &PyErr, message: &str) -> PyResult<()> {
        let py = slf.py();
        let (event_loop, protocol) = (slf.get().event_loop().bind(py), slf.get().protocol(py));
        flow::report(event_loop, slf.as_any(), protocol.as_ref(), error, message)
    }

    /// Sees to an exception that does the transport no harm: two are for the program, the others
    /// for the loop's exception handler.
    fn report_or_raise(slf: &Bound<'_, Self>, error: PyErr, message: &str) {
        let py = slf.py();
        let outcome = if is_exit(py, &error) {
            Err(error)
        } else {
            Self::report(slf, &error, message)
        };
        if let Err(failure) = outcome {
            slf.get().event_loop().get().raise_from_run(py, failure);
        }
    }

    /// In debug mode: says what happens to the transport.
    fn narrate(slf: &Bound<'_, Self>, level: &str, message: &str) {
        let py = slf.py();
        let event_loop = slf.get().event_loop().get();
        if event_loop.is_debug()
            && let Err(error) = log(py, level, (message, slf))
        {
            event_loop.raise_from_run(py, error);
        }
    }
}

/// A transport whose protocol is held back while much waits to be written.
///
/// Either call is made in the transport's context, whoever writes. What it raises goes to the
/// loop's exception handler, but for what is for the program.
pub(super) trait Flowing: Speaking {
    type Backlog: Backlog;

    /// Looks at what waits to be written.
    fn backlog<R>(&self, py: Python<'_>, look: impl FnOnce(&mut Self::Backlog) -> R) -> R;

    /// How much waits to be written, in bytes.
    fn waiting(&self, py: Python<'_>) -> usize {
        self.backlog(py, |backlog| backlog.size())
    }

    /// Whether `pause_writing` was called on the protocol.
    fn holds_back(&self, py: Python<'_>) -> bool {
        self.backlog(py, |backlog| backlog.marks().paused)
    }

    /// The marks of flow control, the low one first.
    fn limits(&self, py: Python<'_>) -> (usize, usize) {
        let limits = self.backlog(py, |backlog| backlog.marks().limits);
        (limits.low, limits.high)
    }

    /// Sets the marks of flow control, and calls `pause_writing` if more waits already.
    fn set_limits(slf: &Bound<'_, Self>, limits: Limits) -> PyResult<()> {
        (slf.get()).backlog(slf.py(), |backlog| backlog.marks().limits = limits);
        Self::pause_if_full(slf)
    }

    /// Calls `pause_writing` if it is time.
    fn pause_if_full(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        if slf.get().backlog(py, Backlog::pauses) {
            tell(slf, intern!(py, "pause_writing"))?;
        }
        Ok(())
    }

    /// Calls `resume_writing` if it is time.
    fn resume_if_drained(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        if slf.get().backlog(py, Backlog::resumes) {
            tell(slf, intern!(py, "resume_writing"))?;
        }
        Ok(())
    }
}

fn tell<T: Flowing>(slf: &Bound<'_, T>, method: &Bound<'_, PyString>) -> PyResult<()> {
    let py = slf.py();
    let this = slf.get();
    this.protocol(py).map_or(Ok(()), |protocol| {
        in_context(this.context().bind(py), || {
            flow::tell(this.event_loop().bind(py), slf.as_any(), &protocol, method)
        })
    })
}
