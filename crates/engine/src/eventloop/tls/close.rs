//! The end of a session.

use pyo3::exceptions::PyTimeoutError;
use pyo3::intern;
use pyo3::prelude::*;

use super::session::Step;
use super::{Phase, TlsTransport, Told};
use crate::eventloop::speaking::Speaking;
use crate::eventloop::{log_warning, queue};

const FAILED: &str = "Error occurred during shutdown";

impl TlsTransport {
    /// Sends what was written, says goodbye to the peer, then closes the transport below.
    pub(super) fn close_gently(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        match this.phase(py) {
            Phase::Idle | Phase::Handshake => Self::close_at_once(slf, None),
            Phase::Open => {
                this.set_phase(py, Phase::Flushing);
                let armed = Self::set_deadline(slf, this.timeouts.1, "_shutdown_expired");
                Self::or_fail(slf, armed, FAILED);
                Self::go_on_closing(slf);
            }
            Phase::Flushing | Phase::ShuttingDown | Phase::Closed => {}
        }
    }

    /// Goes down at once, whatever is buffered.
    pub(super) fn close_at_once(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        let py = slf.py();
        let this = slf.get();
        this.state.with(py, |state| {
            state.phase = Phase::Closed;
            state.backlog.clear();
        });
        if let Err(failure) = this.abort_lower(py, error) {
            this.event_loop.get().raise_from_run(py, failure);
        }
    }

    /// Goes on with the shutdown as far as room below and the peer's bytes reach.
    pub(super) fn go_on_closing(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let outcome = Self::try_closing(slf).and_then(|()| slf.get().control_reading(py));
        Self::or_fail(slf, outcome, FAILED);
    }

    fn try_closing(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        this.drop_input(py)?;
        if this.phase(py) == Phase::Flushing {
            Self::push(slf)?;
            this.send(py)?;
            this.state.with(py, |state| {
                if state.phase == Phase::Flushing && state.backlog.is_empty() {
                    state.phase = Phase::ShuttingDown;
                }
            });
        }
        if this.phase(py) != Phase::ShuttingDown {
            return Ok(());
        }
        let (ended, cut) = this.state.with(py, |state| (state.ended, state.cut));
        let over = cut || matches!(this.session.shut_down(py)?, Step::Done(())) || ended;
        this.send(py)?;
        if over && this.session.unsent(py)? == 0 {
            Self::tell_end(slf);
            if this.phase(py) == Phase::ShuttingDown {
                this.set_phase(py, Phase::Closed);
                this.call_lower(intern!(py, "close"))?;
            }
        }
        Ok(())
    }

    /// Tells the protocol, once, that the peer has finished.
    pub(super) fn tell_end(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let first = this.state.with(py, |state| {
            let first = state.told == Told::Made;
            if first {
                state.told = Told::Eof;
            }
            first
        });
        if !first {
            return;
        }
        let answer = this.call_protocol(py, intern!(py, "eof_received"), ());
        let outcome = match answer.and_then(|answer| answer.map_or(Ok(false), |it| it.is_truthy()))
        {
            Ok(true) => log_warning(
                py,
                ("returning true from eof_received() has no effect when using ssl",),
            ),
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        Self::or_fail(slf, outcome, "Error calling eof_received()");
    }

    pub(super) fn expire_shutdown(slf: &Bound<'_, Self>) {
        Self::close_at_once(slf, Some(PyTimeoutError::new_err("SSL shutdown timed out")));
    }

    /// The transport below is gone.
    pub(super) fn lose(slf: &Bound<'_, Self>, error: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let told = this.state.with(py, |state| {
            state.phase = Phase::Closed;
            state.backlog.clear();
            state.lost += 1;
            std::mem::replace(&mut state.told, Told::Lost)
        });
        this.clear_deadline(py);
        let protocol = this.protocol(py);
        this.receiver.clear(py);
        if this.is_awaited(py) {
            let reason = error
                .clone()
                .map_or_else(super::handshake::reset, PyErr::from_value);
            this.release(py, Err(reason));
        }
        if let Some(protocol) = protocol.filter(|_| matches!(told, Told::Made | Told::Eof)) {
            queue::call_soon(
                this.event_loop.bind(py),
                "call_soon",
                &protocol.getattr(intern!(py, "connection_lost"))?,
                &[error.into_pyobject(py)?],
                Some(this.context.bind(py)),
            )?;
        }
        Ok(())
    }
}
