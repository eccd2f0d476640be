//! How transports over a Python socket are closed.

use pyo3::prelude::*;

use super::flow;
use super::held::HeldSocket;
use super::life::Living;

/// A transport that has taken over a Python socket.
pub(super) trait OverSocket: Living {
    fn socket(&self) -> &HeldSocket;

    /// Whether everything was sent.
    fn is_drained(&self, py: Python<'_>) -> bool;

    /// Throws away what was not sent.
    fn discard(&self, py: Python<'_>);

    /// Takes the descriptor, which nobody else may watch from now on, and begins.
    fn own(
        slf: &Bound<'_, Self>,
        protocol: &Bound<'_, PyAny>,
        waiter: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let this = slf.get();
        let owner = slf.clone().into_any().unbind();
        let event_loop = this.event_loop().get();
        event_loop.own_descriptor(slf.py(), this.socket().fd(), owner);
        Self::begin(slf, protocol, waiter)
    }

    /// Stops reading, and goes down when everything is written.
    fn close_gently(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        if this.life(py, |life| std::mem::replace(&mut life.closing, true)) {
            return;
        }
        Self::disown(slf);
        if this.is_drained(py) {
            Self::lose(slf, None);
        } else {
            Self::watch_or_fail(slf);
        }
    }

    /// Goes down at once, whatever is buffered.
    fn close_at_once(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        let py = slf.py();
        let this = slf.get();
        if this.life(py, |life| life.lost > 0) {
            return;
        }
        this.life(py, |life| life.closing = true);
        this.discard(py);
        Self::disown(slf);
        Self::lose(slf, error);
    }

    /// From now on others may watch the descriptor.
    fn disown(slf: &Bound<'_, Self>) {
        let this = slf.get();
        let event_loop = this.event_loop().get();
        event_loop.disown_descriptor(this.socket().fd(), slf.as_any());
    }

    /// Reports an error and goes down. Errors of the socket only show in debug mode.
    fn report_and_close(slf: &Bound<'_, Self>, error: PyErr, message: &str) {
        let py = slf.py();
        let event_loop = slf.get().event_loop().bind(py);
        let protocol = slf.get().protocol(py);
        let told =
            flow::report_failure(event_loop, slf.as_any(), protocol.as_ref(), &error, message);
        if let Err(failure) = told {
            event_loop.get().raise_from_run(py, failure);
        }
        Self::close_at_once(slf, Some(error));
    }

    /// Closes the socket; nobody is told any more.
    fn close_silently(slf: &Bound<'_, Self>) {
        let py = slf.py();
        if let Err(error) = slf.get().socket().close(py) {
            error.write_unraisable(py, Some(slf.as_any()));
        }
    }
}
