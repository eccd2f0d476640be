//! The end of a datagram transport.

use pyo3::intern;
use pyo3::prelude::*;

use super::DatagramTransport;
use crate::eventloop::flow;
use crate::eventloop::held::without_passing_error;

impl DatagramTransport {
    /// Stops reading, and goes down when everything is sent.
    pub(super) fn close_gently(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let drained = this.state.with(py, |state| {
            if state.closing {
                return None;
            }
            state.closing = true;
            Some(state.outbox.is_empty())
        });
        if drained.is_some() {
            this.event_loop
                .get()
                .disown_descriptor(this.socket.fd(), slf.as_any());
        }
        match drained {
            Some(true) => Self::lose(slf, None),
            Some(false) => Self::watch_or_fail(slf),
            None => {}
        }
    }

    /// Goes down at once, whatever is buffered.
    pub(super) fn close_at_once(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        let py = slf.py();
        let this = slf.get();
        if this.state.with(py, |state| state.lost > 0) {
            return;
        }
        let dropped = this.state.with(py, |state| {
            state.closing = true;
            state.outbox.clear()
        });
        drop(dropped);
        this.event_loop
            .get()
            .disown_descriptor(this.socket.fd(), slf.as_any());
        Self::lose(slf, error);
    }

    /// Reports an error and goes down. Errors of the socket only show in debug mode.
    pub(super) fn fail(slf: &Bound<'_, Self>, error: PyErr, message: &str) {
        let py = slf.py();
        let event_loop = slf.get().event_loop.bind(py);
        let protocol = slf.get().protocol(py);
        let told =
            flow::report_failure(event_loop, slf.as_any(), protocol.as_ref(), &error, message);
        if let Err(failure) = told {
            event_loop.get().raise_from_run(py, failure);
        }
        Self::close_at_once(slf, Some(error));
    }

    /// Schedules `connection_lost`, once; until then the descriptor is no longer watched.
    pub(super) fn lose(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        let py = slf.py();
        let this = slf.get();
        let token = this.state.with(py, |state| {
            if state.lost > 0 {
                return None;
            }
            state.lost = 1;
            Some(state.token.take())
        });
        let Some(token) = token else { return };
        if let Some(token) = token {
            this.event_loop.get().deregister(py, token);
        }
        if this.event_loop.get().is_closed() {
            // Nobody is told any more.
            if let Err(error) = this.socket.close(py) {
                error.write_unraisable(py, Some(slf));
            }
            return;
        }
        let transport = slf.clone().unbind();
        this.event_loop.get().call_soon_native(
            py,
            Box::new(move |py| Self::finish(transport.bind(py), error)),
        );
    }

    /// Tells the protocol, then gives everything up.
    fn finish(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        let py = slf.py();
        let this = slf.get();
        let error = error.map(|error| error.into_value(py));
        Self::tell(slf, intern!(py, "connection_lost"), (error,));
        drop(this.protocol.take(py));
        drop(this.last.take(py));
        if let Err(failure) = this.socket.close(py) {
            Self::report_or_raise(slf, failure, "Exception in socket.close()");
        }
    }

    /// Nobody refers to the transport any more, though it was never closed: the loop was before.
    pub(super) fn abandon(&self, py: Python<'_>) {
        drop(self.protocol.take(py));
        drop(self.last.take(py));
        self.socket.abandon(py, || self.describe(py));
    }
}

impl Drop for DatagramTransport {
    fn drop(&mut self) {
        without_passing_error(|py| self.abandon(py));
    }
}
