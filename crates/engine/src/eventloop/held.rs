//! A Python socket that a transport has taken over.

use std::ffi::CString;
use std::os::fd::{BorrowedFd, RawFd};

use pyo3::exceptions::PyResourceWarning;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use reactor::Interest;

use super::attached::Attached;

/// A Python socket that stays open until the transport lets go of it, even if somebody closes it.
///
/// So its number is not given to another one while the transport uses it. `socket.makefile` keeps
/// sockets open with the same counter.
pub(super) struct HeldSocket {
    fd: RawFd,
    /// `None` once the transport has let go of it.
    sock: Attached<Option<Py<PyAny>>>,
    /// It has the counter; other objects than sockets may not.
    counted: bool,
}

impl HeldSocket {
    pub(super) fn new(sock: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = sock.py();
        let fd = sock.call_method0(intern!(py, "fileno"))?.extract()?;
        let counter = intern!(py, "_io_refs");
        let count = sock.getattr_opt(counter)?;
        if let Some(count) = &count {
            sock.setattr(counter, count.add(1)?)?;
        }
        Ok(Self {
            fd,
            sock: Attached::new(Some(sock.clone().unbind())),
            counted: count.is_some(),
        })
    }

    /// The descriptor's number, also after it was closed.
    pub(super) fn fd(&self) -> RawFd {
        self.fd
    }

    /// The descriptor, for the time until [`let_go`](Self::let_go).
    pub(super) fn descriptor(&self) -> BorrowedFd<'_> {
        // SAFETY: the Python socket keeps it open until `let_go`, and no transport touches the
        // descriptor after that. Should somebody close it behind the transport's back, system calls
        // fail; no memory hangs on it.
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }

    /// The Python socket, until the transport has let go of it.
    pub(super) fn get<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.sock.bound(py)
    }

    /// Whether the socket still has its number, which nobody should take away from it.
    pub(super) fn is_intact(&self, py: Python<'_>) -> bool {
        self.get(py).is_some_and(|sock| {
            sock.call_method0(intern!(py, "fileno"))
                .and_then(|number| number.extract::<RawFd>())
                .is_ok_and(|number| number == self.fd)
        })
    }

    /// Whether the transport has not let go of it.
    pub(super) fn is_held(&self, py: Python<'_>) -> bool {
        self.sock.with(py, |sock| sock.is_some())
    }

    /// Gives up the socket: from now on closing it takes effect.
    pub(super) fn let_go<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(sock) = self.sock.take(py) else {
            return Ok(None);
        };
        let sock = sock.into_bound(py);
        if self.counted {
            if !sock.hasattr(intern!(py, "_io_refs"))? {
                // The collector came to the socket first: it is closed, and its attributes gone.
                return Ok(None);
            }
            sock.call_method0(intern!(py, "_decref_socketios"))?;
        }
        Ok(Some(sock))
    }

    /// Gives up the socket and closes it.
    pub(super) fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.let_go(py)?.map_or(Ok(()), |sock| {
            sock.call_method0(intern!(py, "close")).map(drop)
        })
    }

    /// What `repr` says of the transport; `polled` is what it waits for, and how much is buffered,
    /// as long as there is a loop to wait in.
    pub(super) fn describe(
        &self,
        py: Python<'_>,
        name: &str,
        closing: bool,
        polled: Option<(Interest, usize)>,
    ) -> String {
        let is_held = self.is_held(py);
        let mut words = vec![name.to_owned()];
        if !is_held {
            words.push("closed".to_owned());
        } else if closing {
            words.push("closing".to_owned());
        }
        words.push(format!("fd={}", self.fd));
        if let Some((interest, size)) = polled.filter(|_| is_held) {
            let polling = |on| if on { "polling" } else { "idle" };
            let (reading, writing) = (interest.is_readable(), interest.is_writable());
            words.push(format!("read={}", polling(reading)));
            words.push(format!("write=<{}, bufsize={size}>", polling(writing)));
        }
        format!("<{}>", words.join(" "))
    }

    /// The transport goes although nobody closed it: says so, and closes the socket.
    pub(super) fn abandon(&self, py: Python<'_>, description: impl FnOnce() -> String) {
        if !self.is_held(py) {
            return;
        }
        let warned = warn_unclosed(py, &description());
        for failure in [warned, self.close(py)].into_iter().filter_map(Result::err) {
            failure.write_unraisable(py, None);
        }
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.sock.traverse(|sock| visit.call(sock))
    }
}

impl Drop for HeldSocket {
    /// The loop was closed before the transport was, or the interpreter ends.
    fn drop(&mut self) {
        without_passing_error(|py| {
            if let Err(error) = self.let_go(py) {
                error.write_unraisable(py, None);
            }
        });
    }
}

/// Warns of a transport that goes although nobody closed it.
pub(super) fn warn_unclosed(py: Python<'_>, description: &str) -> PyResult<()> {
    let text = CString::new(format!("unclosed transport {description}"))?;
    PyErr::warn(py, &py.get_type::<PyResourceWarning>(), &text, 1)
}

/// Runs a destructor's work, which must neither lose an exception that is on its way nor add one.
pub(super) fn without_passing_error(work: impl FnOnce(Python<'_>)) {
    Python::try_attach(|py| {
        let passing = PyErr::take(py);
        work(py);
        if let Some(passing) = passing {
            passing.restore(py);
        }
    });
}

/// Socket, own address and peer's address, asked for while the connection surely has them.
pub(super) fn describe_socket<'py>(
    sock: &Bound<'py, PyAny>,
    peername: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let py = sock.py();
    let extra = PyDict::new(py);
    let face = py
        .import("asyncio.trsock")?
        .getattr("TransportSocket")?
        .call1((sock,))?;
    extra.set_item("socket", face)?;
    extra.set_item("sockname", sock.call_method0("getsockname").ok())?;
    let peername = peername.or_else(|| sock.call_method0("getpeername").ok());
    extra.set_item("peername", peername)?;
    Ok(extra)
}
