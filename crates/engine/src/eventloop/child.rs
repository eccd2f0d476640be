//! Noticing that a child process has ended.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{PyTraverseError, PyVisit};
use reactor::{Interest, Readiness, Token};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::context::{call_in_context, copy_context};
use super::handle::is_exit;
use super::source::Source;
use super::{EventLoop, os_error};

/// Waits for one process. Not for its status: reaping is for whoever started it.
struct Exit {
    pidfd: OwnedFd,
    exited: Py<PyAny>,
    context: Py<PyAny>,
}

impl Source for Exit {
    fn ready(
        self: Arc<Self>,
        py: Python<'_>,
        event_loop: &Bound<'_, EventLoop>,
        token: Token,
        _readiness: Readiness,
    ) {
        event_loop.get().deregister(py, token);
        let outcome = PyTuple::new(py, [self.pidfd.as_raw_fd()])
            .and_then(|args| call_in_context(self.exited.bind(py), &args, self.context.bind(py)));
        let told = match outcome {
            Ok(_) => Ok(()),
            Err(error) if is_exit(py, &error) => Err(error),
            Err(error) => EventLoop::report(event_loop, "Exception at a process's end", error),
        };
        if let Err(error) = told {
            event_loop.get().raise_from_run(py, error);
        }
    }

    fn describe(&self, _py: Python<'_>) -> String {
        "a process's end".to_owned()
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.exited)?;
        visit.call(&self.context)
    }
}

/// Calls `exited(pidfd)` once on the loop when the process has ended, in the caller's context.
///
/// The process is a child that was not reaped, so that its number cannot be another's by now. It is
/// reaped by `exited`, for example through the descriptor, which is open as long as that runs.
/// Closing the loop ends the waiting. Raises `ProcessLookupError` when somebody else has reaped the
/// child, and another `OSError` where the system has no such descriptors or refuses one.
#[pyfunction]
pub(crate) fn watch_child(
    event_loop: &Bound<'_, EventLoop>,
    pid: i32,
    exited: Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = event_loop.py();
    let pid =
        Pid::from_raw(pid).ok_or_else(|| PyValueError::new_err("no process has this number"))?;
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).map_err(os_error)?;
    let exit = Arc::new(Exit {
        pidfd,
        exited: exited.unbind(),
        context: copy_context(py)?.unbind(),
    });
    let source = Arc::clone(&exit);
    event_loop
        .get()
        .register(py, exit.pidfd.as_fd(), Interest::READ, source)
        .map(drop)
        .map_err(os_error)
}
