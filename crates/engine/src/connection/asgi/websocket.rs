//! The ASGI form of a WebSocket: its phases, and the messages that each of them takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use pyo3::exceptions::{PyBrokenPipeError, PyRuntimeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;
use websocket::Upgrade;

use super::super::head::{Headers, Said};
use super::super::shared::Shared;
use super::super::websocket::Inbox;
use super::cycle::Cycle;
use super::message::{self, Outgoing, optional, to_bytes};
use super::parts::Parts;
use super::receive::Received;
use super::spoken::Spoken;
use super::wait::Wait;

/// The handshake waits for its answer.
const CONNECTING: u8 = 0;
/// The application denies it by an answer of its own.
const DENYING: u8 = 1;
const ACCEPTED: u8 = 2;
/// The application closed or denied it.
const CLOSED: u8 = 3;

/// What a cycle knows beside if its request asks for a WebSocket.
pub(super) struct Side {
    upgrade: Upgrade,
    inbox: Arc<Inbox>,
    phase: AtomicU8,
    /// `websocket.connect` was received.
    connect_told: AtomicBool,
    pub(super) wait: Wait,
}

impl Side {
    pub(super) fn new(shared: &Shared, upgrade: Upgrade) -> Self {
        Self {
            upgrade,
            inbox: Arc::new(Inbox::new(shared.options.websocket.queue)),
            phase: AtomicU8::new(CONNECTING),
            connect_told: AtomicBool::new(false),
            wait: Wait::default(),
        }
    }

    fn enter(&self, phase: u8) {
        self.phase.store(phase, Ordering::Relaxed);
    }

    /// What there is to receive, `None` if nothing so far.
    pub(super) fn poll(&self, py: Python<'_>, cycle: &Cycle) -> Option<Received> {
        if !self.connect_told.swap(true, Ordering::Relaxed) {
            return Some(Received::Connect);
        }
        if let Some((message, was_full)) = self.inbox.pop() {
            if was_full {
                cycle.connection.inbox_has_room(py, cycle.serial());
            }
            return Some(Received::Message(message));
        }
        self.inbox.ended().map(Received::Closed).or_else(|| {
            // Before there is a WebSocket, its end is that of the connection.
            let is_open = self.phase.load(Ordering::Relaxed) == ACCEPTED;
            let is_gone =
                cycle.is_over() || !is_open && cycle.connection.has_left(py, cycle.serial());
            is_gone.then(Received::gone)
        })
    }

    /// Takes a message of the application; the answer says whether it has to wait.
    pub(super) fn take(
        &self,
        py: Python<'_>,
        cycle: &Cycle,
        message: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let spoken = Spoken::of(message)?;
        let kind = spoken.kind()?;
        let name = kind.cast::<PyString>()?.to_cow()?;
        match (self.phase.load(Ordering::Relaxed), &*name) {
            (CONNECTING, "websocket.accept") => self.accept(py, cycle, message).map(|()| false),
            (CONNECTING, "websocket.close") => {
                self.deny(py, cycle);
                Ok(false)
            }
            (CONNECTING, "websocket.http.response.start") => {
                let start = message::read_start(&Parts::of(message)?)?;
                self.enter(DENYING);
                cycle.take_checked(py, start, kind)
            }
            (DENYING, "websocket.http.response.body") if cycle.has_lost_client() => {
                Err(disconnected())
            }
            (DENYING, "websocket.http.response.body") => {
                let body = message::read_body(&Parts::of(message)?)?;
                if matches!(body, Outgoing::Body { more: false, .. }) {
                    self.enter(CLOSED);
                }
                cycle.take_checked(py, body, kind)
            }
            (ACCEPTED, "websocket.send") => send(py, cycle, spoken),
            (ACCEPTED, "websocket.close") => {
                self.enter(CLOSED);
                let (code, reason) = read_close(message)?;
                cycle
                    .connection
                    .close_websocket(py, cycle.serial(), code, &reason);
                Ok(false)
            }
            (CONNECTING, _) => Err(unexpected(
                kind,
                "'websocket.accept', 'websocket.close' or 'websocket.http.response.start'",
            )),
            (DENYING, _) => Err(unexpected(kind, "'websocket.http.response.body'")),
            (ACCEPTED, _) => Err(unexpected(kind, "'websocket.send' or 'websocket.close'")),
            _ => Err(PyRuntimeError::new_err(format!(
                "Unexpected ASGI message '{kind}', after sending 'websocket.close' or response \
                 already completed."
            ))),
        }
    }

    fn accept(&self, py: Python<'_>, cycle: &Cycle, message: &Bound<'_, PyAny>) -> PyResult<()> {
        let protocol: Option<String> = match optional(message, intern!(py, "subprotocol"))? {
            None => None,
            Some(protocol) => protocol.extract()?,
        };
        if protocol
            .as_deref()
            .is_some_and(|name| !websocket::is_protocol(name))
        {
            return Err(PyRuntimeError::new_err("Invalid WebSocket subprotocol."));
        }
        // What is said of a body has no meaning here, and is checked like everything else.
        let (mut block, mut said) = (Vec::new(), Said::default());
        message::write_headers(&Parts::of(message)?, 101, &mut block, &mut said)?;
        self.enter(ACCEPTED);
        cycle
            .connection
            .accept_websocket(
                py,
                cycle.serial(),
                &self.upgrade,
                &self.inbox,
                protocol.as_deref(),
                &block,
            )
            .map_err(|_| PyRuntimeError::new_err("The handshake was answered before."))?;
        cycle.log_websocket(py, "[accepted]");
        Ok(())
    }

    fn deny(&self, py: Python<'_>, cycle: &Cycle) {
        self.enter(CLOSED);
        let nothing = Headers::Said(&[]);
        cycle
            .connection
            .answer(py, cycle.serial(), 403, nothing, b"");
        cycle.log_websocket(py, "403");
    }
}

/// What `send` raises when nobody reads any more.
pub(super) fn disconnected() -> PyErr {
    PyBrokenPipeError::new_err("the client has left")
}

fn unexpected(kind: &Bound<'_, PyAny>, expected: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "Expected ASGI message {expected}, but got '{kind}'."
    ))
}

fn send(py: Python<'_>, cycle: &Cycle, spoken: Spoken<'_>) -> PyResult<bool> {
    let (connection, serial) = (&cycle.connection, cycle.serial());
    let sent = if let Some(bytes) = spoken.bytes {
        let bytes = to_bytes(bytes)?;
        connection.send_message(py, serial, |encoder, out| {
            encoder.binary(out, bytes.as_bytes());
        })
    } else {
        let text = spoken
            .text
            .ok_or_else(|| PyTypeError::new_err("'websocket.send' needs 'bytes' or 'text'"))?;
        let text = text.cast::<PyString>()?.to_cow()?;
        connection.send_message(py, serial, |encoder, out| encoder.text(out, &text))
    };
    sent.ok_or_else(disconnected)
}

fn read_close(message: &Bound<'_, PyAny>) -> PyResult<(u16, String)> {
    let py = message.py();
    let code = match optional(message, intern!(py, "code"))?.filter(|code| !code.is_none()) {
        None => 1000,
        Some(code) => code.extract()?,
    };
    if code != 1005 && !websocket::is_sendable(code) {
        return Err(PyRuntimeError::new_err("Invalid WebSocket close code."));
    }
    let reason = match optional(message, intern!(py, "reason"))?.filter(|text| !text.is_none()) {
        None => String::new(),
        Some(reason) => reason.extract()?,
    };
    Ok((code, reason))
}
