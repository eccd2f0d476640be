//! What `receive()` returns.

use std::sync::Arc;

use ::websocket::Close;
use bytes::Bytes;
use http1::BadRequest;
use pyo3::exceptions::PyStopIteration;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use super::super::Connection;
use super::super::turn::{Reply, Turn};
use super::super::websocket::Message;
use super::send::raise;
use super::{Cycle, returned};
use crate::eventloop::block_on;

/// The next thing to tell an application.
pub(super) enum Received {
    Request {
        body: Bytes,
        more: bool,
    },
    Disconnect,
    Pending,
    /// A WebSocket is asked for.
    Connect,
    Message(Message),
    /// The WebSocket is closed.
    Closed(Close),
}

/// Up to so many bytes, what was received last may be kept until something else is.
const KEPT: usize = 4096;

impl Received {
    /// Whether nobody is hurt if it is kept a little longer.
    fn is_short(&self) -> bool {
        let length = match self {
            Self::Request { body, .. } => body.len(),
            Self::Message(message) => message.len(),
            _ => 0,
        };
        length <= KEPT
    }

    /// A WebSocket that ended without a word (RFC 6455 section 7.4.1).
    pub(super) fn gone() -> Self {
        Self::Closed(Close {
            code: 1006,
            reason: String::new(),
        })
    }
}

/// An awaitable of the next message. It has a coroutine's methods, so it can become a task.
#[pyclass(frozen, module = "jebi._engine", name = "Receiving")]
pub(crate) struct Receiving {
    cycle: Py<Cycle>,
}

impl Receiving {
    pub(super) fn new(cycle: Py<Cycle>) -> Self {
        Self { cycle }
    }

    /// Ends with the message, or yields the future to wait for.
    pub(super) fn step(&self, py: Python<'_>) -> PyResult<Step> {
        let cycle = self.cycle.get();
        let received = match cycle.poll(py) {
            Received::Pending => {
                let future = cycle.wait_to_receive(py)?;
                block_on(future.bind(py))?;
                return Ok(Step::Waits(future));
            }
            received => received,
        };
        let is_short = received.is_short();
        let told = &cycle.connection.shared.told;
        let message = match received {
            Received::Request { body, more } => told.request(py, &body, more)?,
            Received::Message(message) => told.message(py, &message)?,
            received => describe(py, received)?,
        };
        Ok(Step::Ends {
            message: message.unbind(),
            is_short,
        })
    }

    /// Sets what tells the interpreter that a step has ended with `message`.
    pub(super) fn end(&self, message: &Bound<'_, PyAny>, is_short: bool) {
        let py = message.py();
        if is_short {
            self.cycle.get().connection.shared.returned.set(py, message);
        } else {
            returned::set_once(message);
        }
    }

    fn resume(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.step(py)? {
            Step::Waits(future) => Ok(future),
            Step::Ends { message, .. } => Err(PyStopIteration::new_err((message,))),
        }
    }
}

/// The messages that come once.
fn describe(py: Python<'_>, received: Received) -> PyResult<Bound<'_, PyDict>> {
    let (message, kind) = (PyDict::new(py), intern!(py, "type"));
    match received {
        Received::Connect => message.set_item(kind, intern!(py, "websocket.connect"))?,
        Received::Closed(close) => {
            message.set_item(kind, intern!(py, "websocket.disconnect"))?;
            message.set_item(intern!(py, "code"), close.code)?;
            message.set_item(intern!(py, "reason"), close.reason)?;
        }
        _ => message.set_item(kind, intern!(py, "http.disconnect"))?,
    }
    Ok(message)
}

/// Where a step of a [`Receiving`] comes to.
pub(super) enum Step {
    /// This future is to be waited for.
    Waits(Py<PyAny>),
    /// The message is there.
    Ends {
        message: Py<PyDict>,
        /// It may be kept until the next one.
        is_short: bool,
    },
}

#[pymethods]
impl Receiving {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.resume(py)
    }

    fn send(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let _ = value;
        self.resume(py)
    }

    #[pyo3(signature = (kind, value=None, traceback=None))]
    #[expect(clippy::unused_self, reason = "a coroutine's method")]
    fn throw(
        &self,
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        raise(kind, value, traceback)
    }

    #[expect(clippy::unused_self, reason = "a coroutine's method")]
    fn close(&self) {}

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.cycle)
    }
}

impl Connection {
    /// What there is to tell of the request with this serial.
    pub(super) fn poll_receive(self: &Arc<Self>, py: Python<'_>, serial: u64) -> Received {
        let (received, changed) = {
            let mut state = self.state(py);
            let received = state.poll_receive(serial);
            (received, state.needs_settling())
        };
        let is_broken = received.is_err();
        let received = received.unwrap_or_else(|bad| {
            self.refuse(py, bad);
            Received::Disconnect
        });
        if changed || is_broken {
            self.resume(py);
        }
        received
    }
}

impl super::super::state::State {
    fn poll_receive(&mut self, serial: u64) -> Result<Received, BadRequest> {
        if self.turn(serial).is_none_or(|turn| turn.is_complete()) {
            return Ok(Received::Disconnect);
        }
        self.pull_body()?;
        let lacks = |turn: &mut Turn| turn.body.is_empty() && !turn.body_done;
        if self.turn(serial).is_some_and(lacks) && self.read_on() {
            self.pull_body()?;
        }
        let eof = self.eof;
        let Some(turn) = self.turn(serial) else {
            return Ok(Received::Disconnect);
        };
        if !turn.body.is_empty() || (turn.body_done && !turn.end_told) {
            turn.end_told = turn.body_done;
            turn.body_wanted = false;
            let (body, more) = (turn.body.take(), !turn.body_done);
            self.took(serial, body.len());
            return Ok(Received::Request { body, more });
        }
        if eof {
            return Ok(Received::Disconnect);
        }
        turn.body_wanted = !turn.body_done;
        if std::mem::take(&mut turn.expects_continue) && matches!(turn.reply, Reply::Waiting) {
            self.say_continue(serial);
        }
        Ok(Received::Pending)
    }
}
