//! One request's `receive` and `send`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};

use ::websocket::Upgrade;
use bytes::Bytes;
use http1::RequestHead;
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use super::super::Connection;
use super::super::answer::Rejected;
use super::super::trailers::{self, Trailers};
use super::message::{Outgoing, parse};
use super::parts::Parts;
use super::receive::{Received, Receiving};
use super::send::Sending;
use super::spell::Spell;
use super::wait::Line;
use super::websocket::Side;
use crate::eventloop::{Attached, wake};
use crate::runner::Waiter;

const OPEN: u8 = 0;
const COMPLETE: u8 = 1;
const DISCONNECTED: u8 = 2;

/// How many messages may follow the client's leaving. ASGI before 2.4 has `send` swallow them, and the
/// end of an answer is among them; who goes on for longer may never end.
const IN_VAIN: u32 = 100;

/// The ASGI form of one request.
#[pyclass(frozen, module = "jebi._engine", name = "HttpCycle")]
pub(crate) struct Cycle {
    pub(super) connection: Arc<Connection>,
    serial: AtomicU64,
    /// `None` while nothing is asked.
    scope: Attached<Option<Py<PyDict>>>,
    /// The client said that it takes trailers.
    takes_trailers: AtomicBool,
    fate: AtomicU8,
    /// How many messages came that nobody waits for.
    in_vain: AtomicU32,
    /// The application is told that the client is gone, though it is not.
    hastened: AtomicBool,
    /// What it sent without waiting.
    spell: Spell,
    receivers: Line,
    senders: Line,
    /// What a request has beside that asks for a WebSocket.
    websocket: Option<Side>,
}

impl Cycle {
    pub(crate) fn new(
        py: Python<'_>,
        connection: Arc<Connection>,
        serial: u64,
        scope: Py<PyDict>,
        head: &RequestHead,
        upgrade: Option<Upgrade>,
    ) -> PyResult<Py<Self>> {
        let websocket = upgrade.map(|upgrade| Side::new(&connection.shared, upgrade));
        Py::new(
            py,
            Self {
                websocket,
                connection,
                serial: AtomicU64::new(serial),
                scope: Attached::new(Some(scope)),
                takes_trailers: AtomicBool::new(trailers::are_taken(head)),
                fate: AtomicU8::new(OPEN),
                in_vain: AtomicU32::new(0),
                hastened: AtomicBool::new(false),
                spell: Spell::default(),
                receivers: Line::default(),
                senders: Line::default(),
            },
        )
    }

    /// Serves the next request of its connection, as if it were new.
    pub(super) fn begin(&self, py: Python<'_>, serial: u64, scope: Py<PyDict>, head: &RequestHead) {
        self.serial.store(serial, Ordering::Relaxed);
        let takes_trailers = trailers::are_taken(head);
        self.takes_trailers.store(takes_trailers, Ordering::Relaxed);
        self.hastened.store(false, Ordering::Relaxed);
        self.in_vain.store(0, Ordering::Relaxed);
        self.fate.store(OPEN, Ordering::Relaxed);
        drop(self.scope.replace(py, Some(scope)));
    }

    /// Lets go of what belongs to a request that is over. Says whether nothing of it is left.
    pub(super) fn rest(&self, py: Python<'_>) -> bool {
        if let Some(scope) = self.scope.take(py) {
            self.connection.shared.blank.take_back(py, scope);
        }
        self.websocket.is_none()
            && self.is_over()
            && self.receivers.with(py, |line| line.is_empty())
            && self.senders.with(py, |line| line.is_empty())
    }

    /// Tells the request from the connection's others.
    pub(super) fn serial(&self) -> u64 {
        self.serial.load(Ordering::Relaxed)
    }

    /// The scope of the request, while there is one.
    pub(crate) fn scope<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyDict>> {
        let scope = |scope: &mut Option<Py<PyDict>>| Some(scope.as_ref()?.clone_ref(py));
        Some(self.scope.with(py, scope)?.into_bound(py))
    }

    /// More of the body, its end, or the client's end of the connection came.
    pub(in super::super) fn arrived(&self, py: Python<'_>) {
        wake_all(py, &self.receivers);
    }

    /// The same, for a turn of the application that is made here and now if it can be. The caller is the
    /// loop and no task.
    pub(in super::super) fn go_on(&self, py: Python<'_>) {
        let went_on = self
            .websocket
            .as_ref()
            .is_some_and(|side| side.wait.go_on(py, &self.receivers));
        if !went_on {
            self.arrived(py);
        }
    }

    /// The application can be made to go on.
    pub(crate) fn take_waiter(&self, waiter: &dyn Fn() -> Waiter) {
        if let Some(side) = &self.websocket {
            side.wait.take_waiter(waiter);
        }
    }

    /// There is room for more of the answer.
    pub(in super::super) fn drained(&self, py: Python<'_>) {
        wake_all(py, &self.senders);
    }

    /// The answer is complete.
    pub(in super::super) fn completed(&self, py: Python<'_>) {
        self.end(py, COMPLETE);
    }

    /// The client is gone.
    pub(in super::super) fn disconnected(&self, py: Python<'_>) {
        self.end(py, DISCONNECTED);
    }

    /// The server leaves, and waits for no end of an answer that may have none.
    pub(in super::super) fn hasten(&self, py: Python<'_>) {
        self.hastened.store(true, Ordering::Relaxed);
        self.arrived(py);
    }

    /// Whether the application was told to come to an end.
    pub(crate) fn is_hastened(&self) -> bool {
        self.hastened.load(Ordering::Relaxed)
    }

    /// Takes a message that nobody waits for.
    fn take_in_vain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.in_vain.fetch_add(1, Ordering::Relaxed) < IN_VAIN {
            return Bound::new(py, Sending::passing()).map(Bound::into_any);
        }
        Err(super::websocket::disconnected())
    }

    /// Whether nobody waits for the answer any more.
    pub(super) fn has_lost_client(&self) -> bool {
        self.fate.load(Ordering::Relaxed) == DISCONNECTED
    }

    /// Whether `error` says no more than what `send` said: that the client is gone.
    pub(crate) fn has_said_so(&self, py: Python<'_>, error: &PyErr) -> bool {
        let has_raised = self.websocket.is_some() || self.in_vain.load(Ordering::Relaxed) > IN_VAIN;
        has_raised && self.has_lost_client() && error.is_instance_of::<PyOSError>(py)
    }

    fn end(&self, py: Python<'_>, fate: u8) {
        self.fate.store(fate, Ordering::Relaxed);
        self.arrived(py);
        self.drained(py);
        if let Some(side) = &self.websocket {
            side.wait.end(py);
        }
    }

    pub(super) fn is_draining(&self, py: Python<'_>) -> bool {
        self.connection.is_draining(py, self.serial())
    }

    /// Whether the answer is, and nothing is left to be said.
    pub(crate) fn is_complete(&self) -> bool {
        self.fate.load(Ordering::Relaxed) == COMPLETE
    }

    pub(super) fn is_over(&self) -> bool {
        self.fate.load(Ordering::Relaxed) != OPEN
    }

    /// A future that is done when there is something to receive.
    pub(super) fn wait_to_receive(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let standing = self
            .websocket
            .as_ref()
            .and_then(|side| side.wait.standing(py, &self.receivers));
        match standing {
            Some(future) => Ok(future),
            None => self.wait(py, &self.receivers),
        }
    }

    /// A future that is done when there is room to send.
    pub(super) fn wait_to_send(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.wait(py, &self.senders)
    }

    fn wait(&self, py: Python<'_>, line: &Line) -> PyResult<Py<PyAny>> {
        let future = self.connection.shared.new_future(py)?;
        line.with(py, |line| line.push(future.clone_ref(py)));
        Ok(future)
    }

    /// Takes a message; the answer says whether the application has to wait.
    fn take(&self, py: Python<'_>, message: Outgoing<'_>) -> Result<bool, Rejected> {
        match message {
            Outgoing::Start {
                status,
                block,
                mut said,
            } => {
                said.trailers = self.fate_of(said.trailers);
                if said.trailers == Trailers::Sent && said.content_length.is_some() {
                    said.trailers = self.connection.trailers_behind_length(py);
                }
                if self.connection.shared.observer.is_some() {
                    self.scope(py)
                        .inspect(|scope| self.connection.note_scope(py, self.serial(), scope));
                }
                self.connection
                    .start_response(py, self.serial(), status, block, said)?;
                Ok(false)
            }
            Outgoing::Body { piece, more } => {
                let taken = self
                    .connection
                    .send_body(py, self.serial(), piece.as_bytes(), more)?;
                self.log_begun(py, taken.status);
                Ok(taken.full)
            }
            Outgoing::File(source) => {
                let status = self.connection.send_file(py, self.serial(), source)?;
                self.log_begun(py, status);
                Ok(false)
            }
            Outgoing::Trailers { block, more } => {
                self.connection
                    .send_trailers(py, self.serial(), &block, more)?;
                Ok(false)
            }
            Outgoing::Hints(lines) => {
                self.connection.send_hints(py, self.serial(), &lines);
                Ok(false)
            }
            Outgoing::Other => Err(self.connection.misplaced(py, self.serial())),
        }
    }

    /// Logs a request whose answer has begun to leave, once.
    fn log_begun(&self, py: Python<'_>, status: Option<u16>) {
        if let Some(status) = status
            && self.connection.has_access_log()
        {
            self.scope(py)
                .inspect(|scope| self.connection.log_scope(py, scope, status));
        }
    }

    /// What becomes of trailers that the application promises.
    fn fate_of(&self, promised: Trailers) -> Trailers {
        match promised {
            Trailers::None => Trailers::None,
            // A handshake that is denied knows none.
            _ if self.websocket.is_some() => Trailers::None,
            _ if self.takes_trailers.load(Ordering::Relaxed) => Trailers::Sent,
            _ => Trailers::Dropped,
        }
    }

    /// Takes a message; what is not taken raises.
    pub(super) fn take_checked(
        &self,
        py: Python<'_>,
        message: Outgoing<'_>,
        kind: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        self.take(py, message)
            .map_err(|rejected| rejection(rejected, kind))
    }

    /// Logs what became of a handshake.
    pub(super) fn log_websocket(&self, py: Python<'_>, outcome: &str) {
        self.scope(py)
            .inspect(|scope| self.connection.log_handshake(py, scope, outcome));
    }

    /// A head was held for a body that did not come in the same iteration: sends it alone.
    pub(in super::super) fn release(&self, py: Python<'_>) {
        let status = self.connection.release_head(py, self.serial());
        self.log_begun(py, status);
    }
}

impl Cycle {
    /// An awaitable of the next message: `http.request` or `http.disconnect`, or one of a WebSocket.
    pub(super) fn receive<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let receiving = match &slf.get().websocket {
            Some(side) => side.wait.receiving(slf)?,
            None => Py::new(slf.py(), Receiving::new(slf.clone().unbind()))?,
        };
        Ok(receiving.into_bound(slf.py()).into_any())
    }

    /// Takes `http.response.start`, `http.response.body` or one of the extensions' messages, or one of a
    /// WebSocket. The message is taken by the call itself; awaiting the result waits for room.
    pub(super) fn send<'py>(
        slf: &Bound<'py, Self>,
        message: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let full = if let Some(side) = &this.websocket {
            side.take(py, this, message)?
        } else {
            let parts = Parts::of(message)?;
            let kind = parts.kind()?;
            match this.fate.load(Ordering::Relaxed) {
                DISCONNECTED => return this.take_in_vain(py),
                COMPLETE => return Err(rejection(Rejected::Complete, kind)),
                _ => this.take_checked(py, parse(kind, &parts)?, kind)?,
            }
        };
        let event_loop = this.connection.shared.event_loop(py);
        let sending = if full {
            Py::new(py, Sending::waiting(slf.clone().unbind()))?
        } else if this.spell.is_over(event_loop) {
            Py::new(py, Sending::passing())?
        } else {
            this.connection.shared.sent(py)
        };
        Ok(sending.into_bound(py).into_any())
    }
}

#[pymethods]
impl Cycle {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Some(side) = &self.websocket {
            side.wait.traverse(&visit)?;
        }
        self.scope.traverse(|scope| visit.call(scope))?;
        for line in [&self.receivers, &self.senders] {
            line.traverse(|line| line.iter().try_for_each(|future| visit.call(future)))?;
        }
        Ok(())
    }
}

impl Cycle {
    /// What there is to receive, if anything.
    pub(super) fn poll(&self, py: Python<'_>) -> Received {
        if let Some(side) = &self.websocket {
            return side.poll(py, self).unwrap_or(Received::Pending);
        }
        if self.is_over() {
            return Received::Disconnect;
        }
        match self.connection.poll_receive(py, self.serial()) {
            // Looking may have found out that the client is gone, or sends nonsense.
            Received::Pending if self.is_over() || self.is_hastened() => Received::Disconnect,
            received => received,
        }
    }
}

impl Connection {
    /// Makes `cycle` the one that is told of what happens to its request, which may have a body
    /// that was read already.
    pub(crate) fn attach(&self, py: Python<'_>, serial: u64, cycle: &Py<Cycle>, body: Bytes) {
        let is_current = {
            let mut state = self.state(py);
            match state.turn(serial).filter(|turn| !turn.is_complete()) {
                None => false,
                Some(turn) => {
                    if !body.is_empty() {
                        turn.body.push(body);
                    }
                    turn.cycle = Some(cycle.clone_ref(py));
                    true
                }
            }
        };
        if !is_current {
            cycle.get().completed(py);
        }
    }
}

fn wake_all(py: Python<'_>, line: &Line) {
    for future in &line.take(py) {
        wake(py, future);
    }
}

/// What `send` raises.
fn rejection(rejected: Rejected, kind: &Bound<'_, PyAny>) -> PyErr {
    PyRuntimeError::new_err(match rejected {
        Rejected::Expected(expected) => {
            format!("Expected ASGI message '{expected}', but got '{kind}'.")
        }
        Rejected::Complete => {
            format!("Unexpected ASGI message '{kind}' sent, after response already completed.")
        }
        Rejected::Unsendable(unsendable) => unsendable.text().to_owned(),
    })
}
