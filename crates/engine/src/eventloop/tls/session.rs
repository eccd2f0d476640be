//! The TLS session: OpenSSL behind the classes of Python's `ssl`, fed from memory and drained into
//! memory, so that it works over anything.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyType};
use pyo3::{PyTraverseError, PyVisit, intern};

use super::window::{Span, Window};

static MEMORY: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static SSL_OBJECT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static WANT_READ: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static WANT_WRITE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static SYSCALL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static ZERO_RETURN: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// What became of a step of the session.
pub(super) enum Step<T> {
    Done(T),
    /// It needs more from the peer.
    Again,
    /// The peer has ended the session with `close_notify`.
    Over,
}

/// One end of a TLS session.
///
/// Applications see the `ssl.SSLObject`. Data does not go through it but straight to the object of
/// the C module `_ssl` inside, which its methods do nothing but call; unless the context's
/// `sslobject_class` has other ideas of reading and writing.
pub(super) struct Session {
    object: Py<PyAny>,
    read: Py<PyAny>,
    write: Py<PyAny>,
    /// Whether `read` and `write` are the C functions, which keep no buffer.
    native: bool,
    incoming: Py<PyAny>,
    outgoing: Py<PyAny>,
    /// `incoming.write` and `outgoing.read`.
    feed: Py<PyAny>,
    drain: Py<PyAny>,
    window: Py<Window>,
}

impl Session {
    /// A session by the context's rules.
    ///
    /// # Errors
    /// What `SSLContext.wrap_bio` raises, for a host name that is none for example.
    pub(super) fn new(
        context: &Bound<'_, PyAny>,
        server_side: bool,
        server_hostname: Option<&str>,
    ) -> PyResult<Self> {
        let py = context.py();
        let memory = MEMORY.import(py, "ssl", "MemoryBIO")?;
        let (incoming, outgoing) = (memory.call0()?, memory.call0()?);
        let options = PyDict::new(py);
        options.set_item(intern!(py, "server_side"), server_side)?;
        options.set_item(intern!(py, "server_hostname"), server_hostname)?;
        let object = context.call_method("wrap_bio", (&incoming, &outgoing), Some(&options))?;
        let (class, plain) = (
            object.get_type(),
            SSL_OBJECT.import(py, "ssl", "SSLObject")?,
        );
        let mut native = true;
        for method in [intern!(py, "read"), intern!(py, "write")] {
            native &= class.getattr(method)?.is(&plain.getattr(method)?);
        }
        let data = if native {
            object.getattr(intern!(py, "_sslobj"))?
        } else {
            object.clone()
        };
        Ok(Self {
            read: data.getattr(intern!(py, "read"))?.unbind(),
            write: data.getattr(intern!(py, "write"))?.unbind(),
            native,
            feed: incoming.getattr(intern!(py, "write"))?.unbind(),
            drain: outgoing.getattr(intern!(py, "read"))?.unbind(),
            incoming: incoming.unbind(),
            outgoing: outgoing.unbind(),
            object: object.unbind(),
            window: Window::new(py)?,
        })
    }

    /// The `ssl.SSLObject`.
    pub(super) fn object<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.object.bind(py)
    }

    /// Goes on with the handshake.
    pub(super) fn handshake(&self, py: Python<'_>) -> PyResult<Step<()>> {
        let outcome = self.object.call_method0(py, intern!(py, "do_handshake"));
        or_again(py, outcome.map(drop))
    }

    /// Sends `close_notify` and waits for the peer's.
    pub(super) fn shut_down(&self, py: Python<'_>) -> PyResult<Step<()>> {
        let outcome = self.object.call_method0(py, intern!(py, "unwrap"));
        or_again(py, outcome.map(drop))
    }

    /// Takes bytes that came from the peer.
    pub(super) fn feed(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        // SAFETY: `data` is borrowed for the call, and `MemoryBIO.write` copies it.
        unsafe {
            self.window.get().show(py, Span::readable(data), || {
                self.feed.call1(py, (&self.window,)).map(drop)
            })
        }
    }

    /// What is to be sent to the peer; empty for nothing.
    pub(super) fn drain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(self.drain.bind(py).call0()?.cast_into::<PyBytes>()?)
    }

    /// How many bytes came from the peer and were not worked on yet.
    pub(super) fn waiting(&self, py: Python<'_>) -> PyResult<usize> {
        self.incoming
            .getattr(py, intern!(py, "pending"))?
            .extract(py)
    }

    /// How many bytes are to be sent to the peer.
    pub(super) fn unsent(&self, py: Python<'_>) -> PyResult<usize> {
        self.outgoing
            .getattr(py, intern!(py, "pending"))?
            .extract(py)
    }

    /// Decrypts into `target`, at most what one record holds, and says how much that was.
    ///
    /// # Safety
    /// The memory of `target` is alive during the call and nobody else uses it.
    pub(super) unsafe fn read(&self, py: Python<'_>, target: Span) -> PyResult<Step<usize>> {
        let read = self.read.bind(py);
        let outcome = if self.native {
            // SAFETY: the caller vouches for the memory; the C function releases the buffer.
            let count = unsafe {
                self.window
                    .get()
                    .show(py, target, || read.call1((target.len(), &self.window)))
            };
            count.and_then(|count| count.extract::<usize>())
        } else {
            read.call1((target.len(),)).and_then(|data| {
                // SAFETY: the caller vouches for the memory.
                Ok(unsafe { target.fill(data.cast::<PyBytes>()?.as_bytes()) })
            })
        };
        Ok(match or_again(py, outcome)? {
            Step::Done(0) => Step::Over,
            step => step,
        })
    }

    /// Encrypts `data` and says how much of it; [`drain`](Self::drain) has the result.
    pub(super) fn write(&self, py: Python<'_>, data: &[u8]) -> PyResult<usize> {
        if !self.native {
            return self.write_object(&PyBytes::new(py, data));
        }
        // SAFETY: `data` is borrowed for the call, and the C function releases the buffer.
        let count = unsafe {
            self.window.get().show(py, Span::readable(data), || {
                self.write.call1(py, (&self.window,))
            })
        };
        or_none(py, count.and_then(|count| count.extract(py)))
    }

    /// The same for bytes that Python holds.
    pub(super) fn write_object(&self, data: &Bound<'_, PyBytes>) -> PyResult<usize> {
        let py = data.py();
        let outcome = self.write.bind(py).call1((data,));
        or_none(py, outcome.and_then(|count| count.extract()))
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        for part in [
            &self.object,
            &self.read,
            &self.write,
            &self.incoming,
            &self.outgoing,
            &self.feed,
            &self.drain,
        ] {
            visit.call(part)?;
        }
        Ok(())
    }
}

/// Tells the exceptions that only say "not yet" from those that are errors.
fn or_again<T>(py: Python<'_>, outcome: PyResult<T>) -> PyResult<Step<T>> {
    let error = match outcome {
        Ok(value) => return Ok(Step::Done(value)),
        Err(error) => error,
    };
    for (slot, name) in [
        (&WANT_READ, "SSLWantReadError"),
        (&WANT_WRITE, "SSLWantWriteError"),
        (&SYSCALL, "SSLSyscallError"),
    ] {
        if error.is_instance(py, slot.import(py, "ssl", name)?) {
            return Ok(Step::Again);
        }
    }
    if error.is_instance(py, ZERO_RETURN.import(py, "ssl", "SSLZeroReturnError")?) {
        return Ok(Step::Over);
    }
    Err(error)
}

/// A write that has to wait has written nothing.
fn or_none(py: Python<'_>, outcome: PyResult<usize>) -> PyResult<usize> {
    Ok(match or_again(py, outcome)? {
        Step::Done(count) => count,
        Step::Again | Step::Over => 0,
    })
}
