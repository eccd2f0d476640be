//! Leaving when the process that started this one is gone.
//!
//! A worker must not outlive its supervisor: it would keep the port, and nobody would ever stop it.
//! The loop may be blocked, with the interpreter's lock held, so neither can be asked; a thread
//! that knows no Python watches instead.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};

use crate::eventloop::os_error;

/// Ends this process when the other end of the socket pair `descriptor` is closed.
///
/// The process gets SIGTERM then, to finish what it is doing, and after `seconds` SIGKILL. Where
/// the system can do so, a stopped process is continued first when its parent dies. The descriptor
/// stays the caller's, who blocks signals around this call if they are the main thread's to handle.
///
/// Raises `OSError` when the descriptor cannot be watched, `ValueError` for a time that is none.
#[pyfunction]
pub(crate) fn leave_with(descriptor: RawFd, seconds: f64) -> PyResult<()> {
    let patience = Duration::try_from_secs_f64(seconds)
        .map_err(|error| PyValueError::new_err(format!("invalid time: {error}")))?;
    if descriptor < 0 {
        return Err(PyValueError::new_err("a negative number is no descriptor"));
    }
    // SAFETY: borrowed for the one call that follows; a number that is not open is an error there.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let channel = rustix::io::fcntl_dupfd_cloexec(borrowed, 0).map_err(os_error)?;
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(Signal::CONT)).map_err(os_error)?;
    thread::Builder::new()
        .name("jebi-orphan".into())
        .spawn(move || {
            wait_for_hangup(&channel);
            end(patience);
        })
        .map(drop)
        .map_err(os_error)
}

/// Returns when the other end is closed, or cannot be watched any more.
fn wait_for_hangup(channel: &OwnedFd) {
    loop {
        let mut watched = [PollFd::from_borrowed_fd(channel.as_fd(), PollFlags::RDHUP)];
        match poll(&mut watched, None) {
            Err(Errno::INTR) | Ok(0) => {}
            _ => return,
        }
    }
}

fn end(patience: Duration) {
    // A process may signal itself, so these cannot fail.
    let _ = kill_process(getpid(), Signal::TERM);
    thread::sleep(patience);
    let _ = kill_process(getpid(), Signal::KILL);
}
