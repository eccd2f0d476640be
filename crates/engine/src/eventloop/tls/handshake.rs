//! The beginning of a session.

use pyo3::exceptions::{PyConnectionAbortedError, PyConnectionResetError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use super::session::Step;
use super::write::FAILED;
use super::{Phase, TlsTransport, Told};
use crate::eventloop::log;
use crate::eventloop::{complete, is_done};

impl TlsTransport {
    /// There is a transport below: the handshake begins.
    pub(super) fn start(slf: &Bound<'_, Self>, lower: Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        if this.phase(py) != Phase::Idle {
            return Ok(());
        }
        drop(this.lower.replace(py, Some(lower.unbind())));
        this.set_phase(py, Phase::Handshake);
        if this.event_loop.get().is_debug() {
            log(py, "debug", ("%r starts SSL handshake", slf))?;
        }
        Self::set_deadline(slf, this.timeouts.0, "_handshake_expired")?;
        Self::shake_hands(slf);
        Ok(())
    }

    /// Goes on with the handshake as far as the peer's bytes reach.
    pub(super) fn shake_hands(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        match this.session.handshake(py) {
            Ok(Step::Done(())) => Self::finish_handshake(slf),
            Ok(Step::Again) => {
                Self::or_fail(slf, this.send(py), "SSL handshake failed");
            }
            Ok(Step::Over) => Self::fail_handshake(slf, reset()),
            Err(error) => Self::fail_handshake(slf, error),
        }
    }

    fn finish_handshake(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        this.clear_deadline(py);
        if let Err(error) = this.note_what_was_agreed(py) {
            return Self::fail_handshake(slf, error);
        }
        let first = this.state.with(py, |state| {
            state.phase = Phase::Open;
            let first = state.told == Told::Nothing;
            if first {
                state.told = Told::Made;
            }
            first
        });
        // Its last flight goes out before the application's first words.
        let outcome = this.send(py).and_then(|()| {
            if first {
                this.call_protocol(py, intern!(py, "connection_made"), (slf,))?;
            }
            Ok(())
        });
        if let Err(error) = outcome {
            let message = "Fatal error: protocol.connection_made() call failed.";
            return Self::fail(slf, error, message);
        }
        this.release(py, Ok(()));
        if this.phase(py) == Phase::Open {
            Self::or_fail(slf, Self::push(slf), FAILED);
        }
        // Whoever waits gets to know the transport before its protocol gets data.
        let transport = slf.clone().unbind();
        let event_loop = this.event_loop.get();
        event_loop.call_soon_native(py, Box::new(move |py| Self::advance(transport.bind(py))));
    }

    /// Extra information that there is from now on.
    fn note_what_was_agreed(&self, py: Python<'_>) -> PyResult<()> {
        let (extra, object) = (self.extra.bind(py), self.session.object(py));
        extra.set_item("peercert", object.call_method0("getpeercert")?)?;
        extra.set_item("cipher", object.call_method0("cipher")?)?;
        extra.set_item("compression", object.call_method0("compression")?)?;
        extra.set_item("ssl_object", object)
    }

    /// Tells the peer why, as far as OpenSSL has put that into an alert, and everybody else.
    fn fail_handshake(slf: &Bound<'_, Self>, error: PyErr) {
        static REFUSED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        let py = slf.py();
        let this = slf.get();
        // Nobody is left to tell if this fails.
        let _ = this.send(py);
        let refused = REFUSED
            .import(py, "ssl", "CertificateError")
            .is_ok_and(|class| error.is_instance(py, class));
        let message = if refused {
            "SSL handshake failed on verifying the certificate"
        } else {
            "SSL handshake failed"
        };
        let reason = error.clone_ref(py);
        Self::fail(slf, error, message);
        this.release(py, Err(reason));
    }

    /// The transport below has ended during the handshake.
    pub(super) fn end_handshake(slf: &Bound<'_, Self>) {
        Self::fail_handshake(slf, reset());
    }

    pub(super) fn expire_handshake(slf: &Bound<'_, Self>) {
        let py = slf.py();
        if slf.get().phase(py) != Phase::Handshake {
            return;
        }
        let text = format!(
            "SSL handshake is taking longer than {} seconds: aborting the connection",
            slf.get().timeouts.0
        );
        Self::fail_handshake(slf, PyConnectionAbortedError::new_err(text));
    }

    /// Tells whoever waits for the handshake.
    pub(super) fn release(&self, py: Python<'_>, outcome: PyResult<()>) {
        if let Some(waiter) = self.waiter.take(py) {
            complete(py, &waiter, outcome.map(|()| py.None()));
        }
    }

    /// Whether somebody still waits for the handshake.
    pub(super) fn is_awaited(&self, py: Python<'_>) -> bool {
        self.waiter
            .with(py, |waiter| {
                waiter.as_ref().map(|waiter| waiter.clone_ref(py))
            })
            .is_some_and(|waiter| !is_done(waiter.bind(py)).unwrap_or(true))
    }
}

/// What a peer that hangs up during the handshake amounts to.
pub(super) fn reset() -> PyErr {
    PyConnectionResetError::new_err("the connection ended during the SSL handshake")
}
