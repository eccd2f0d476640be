//! One request, and the door its answer leaves by.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http1::RequestHead;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use websocket::Upgrade;

use crate::connection::{Callables, Connection, Cycle, Headers, Standing};
use crate::eventloop::Attached;
use crate::runner::Waiter;

/// The three arguments of an ASGI application.
pub(crate) type AsgiArguments = (Py<PyDict>, Py<PyAny>, Py<PyAny>);

/// A request on its way through the application.
///
/// It is answered by [`answer`](Self::answer), which is the fast path, or by the messages that go
/// through [`asgi`](Self::asgi). When the last reference goes and there is no whole answer, the
/// client gets a 500, or a cut connection if an answer had begun.
pub(crate) struct Exchange {
    head: Box<RequestHead>,
    body: Bytes,
    connection: Arc<Connection>,
    serial: u64,
    /// Its ASGI form, where that was asked for.
    callables: Attached<Option<Callables>>,
    /// It was answered whole.
    answered: AtomicBool,
    /// The client's wish to speak WebSocket.
    upgrade: Option<Upgrade>,
}

impl Exchange {
    pub(crate) fn new(
        connection: Arc<Connection>,
        serial: u64,
        head: Box<RequestHead>,
        body: Bytes,
    ) -> Arc<Self> {
        Arc::new(Self::open(connection, serial, head, body, None))
    }

    /// The exchange of a request that asks for a WebSocket.
    pub(crate) fn for_websocket(
        connection: Arc<Connection>,
        serial: u64,
        head: Box<RequestHead>,
        upgrade: Upgrade,
    ) -> Arc<Self> {
        let body = Bytes::new();
        Arc::new(Self::open(connection, serial, head, body, Some(upgrade)))
    }

    fn open(
        connection: Arc<Connection>,
        serial: u64,
        head: Box<RequestHead>,
        body: Bytes,
        upgrade: Option<Upgrade>,
    ) -> Self {
        Self {
            head,
            body,
            connection,
            serial,
            callables: Attached::default(),
            answered: AtomicBool::new(false),
            upgrade,
        }
    }

    /// Request line and headers.
    pub(crate) fn head(&self) -> &RequestHead {
        &self.head
    }

    /// The whole body, if the plan asked for it before it started.
    pub(crate) fn body(&self) -> &Bytes {
        &self.body
    }

    /// Answers at once and whole.
    ///
    /// `headers` are the application's, in their order, or those of plain JSON; what the connection has to say of itself
    /// and of framing is added. Headers that cannot be sent are logged and answered with 500. An
    /// answer to a client that left, or that was answered before, goes nowhere.
    pub(crate) fn answer(&self, py: Python<'_>, status: u16, headers: Headers<'_>, body: &[u8]) {
        let sent = self
            .connection
            .answer(py, self.serial, status, headers, body);
        if sent {
            self.answered.store(true, Ordering::Relaxed);
            if self.connection.has_access_log() {
                self.connection.log_native(py, &self.head, status);
            }
        }
    }

    /// The request in its ASGI form; made once.
    pub(crate) fn asgi(&self, py: Python<'_>) -> PyResult<AsgiArguments> {
        if let Some(arguments) = self.known(py) {
            return self.connection.witnessed(py, arguments);
        }
        let (connection, upgrade) = (&self.connection, self.upgrade.as_ref());
        let scope = connection.new_scope(py, &self.head, upgrade)?;
        connection.add_request_id(py, self.serial, &scope)?;
        let held = scope.clone_ref(py);
        let callables = connection.callables(py, self.serial, held, &self.head, upgrade)?;
        connection.attach(py, self.serial, &callables.cycle, self.body.clone());
        let arguments = callables.arguments(py, scope);
        drop(self.callables.replace(py, Some(callables)));
        connection.witnessed(py, arguments)
    }

    /// The cycle of its ASGI form, if it has one.
    fn cycle(&self, py: Python<'_>) -> Option<Py<Cycle>> {
        self.callables.with(py, |callables| {
            Some(callables.as_ref()?.cycle.clone_ref(py))
        })
    }

    /// The ASGI form, if it was made before.
    fn known(&self, py: Python<'_>) -> Option<AsgiArguments> {
        self.callables.with(py, |callables| {
            let callables = callables.as_ref()?;
            let scope = callables.cycle.get().scope(py)?;
            Some(callables.arguments(py, scope.unbind()))
        })
    }

    /// The application waits for the first time. A WebSocket's messages have it go on by the waiter.
    pub(crate) fn take_waiter(&self, py: Python<'_>, waiter: &dyn Fn() -> Waiter) {
        if let Some(cycle) = self.cycle(py) {
            cycle.get().take_waiter(waiter);
        }
    }

    /// Whether an answer has begun to leave, or nobody waits for one any more.
    pub(crate) fn has_begun(&self, py: Python<'_>) -> bool {
        self.connection.standing(py, self.serial) != Standing::Unanswered
    }

    /// The application raised `error` and nobody handled it.
    #[expect(clippy::needless_pass_by_value, reason = "this is where an error ends")]
    pub(crate) fn fail(&self, py: Python<'_>, error: PyErr) {
        let cycle = self.cycle(py);
        if !cycle.is_some_and(|cycle| cycle.get().has_said_so(py, &error)) {
            self.connection.log_exception(py, &error);
        }
        self.give_up(py);
    }

    /// The application is done; what it returned has to be `None`, and the answer whole.
    pub(crate) fn finish(&self, py: Python<'_>, outcome: PyResult<Py<PyAny>>) {
        match outcome {
            Err(error) => self.fail(py, error),
            Ok(value) if !value.is_none(py) => {
                self.connection.log_returned(py, value.bind(py));
                self.give_up(py);
            }
            Ok(_) => self.finish_answer(py),
        }
    }

    /// Ends what the application failed to.
    fn give_up(&self, py: Python<'_>) {
        if !self.connection.break_websocket(py, self.serial) {
            self.fail_turn(py);
        }
        self.end(py);
    }

    /// Has the server answer in the application's place, which is a request like any other.
    fn fail_turn(&self, py: Python<'_>) {
        let is_answered = self.connection.has_access_log()
            && self.connection.standing(py, self.serial) == Standing::Unanswered
            && !self.connection.has_left(py, self.serial);
        self.connection.fail_turn(py, self.serial);
        if is_answered {
            self.connection.log_native(py, &self.head, 500);
        }
    }

    fn finish_answer(&self, py: Python<'_>) {
        if self.upgrade.is_some() && self.connection.close_websocket(py, self.serial, 1000, "") {
            return;
        }
        if self.is_complete(py) {
            return self.end(py);
        }
        let missing = match self.connection.standing(py, self.serial) {
            Standing::Over => return self.end(py),
            Standing::Unanswered if self.upgrade.is_some() => "without sending handshake",
            Standing::Unanswered => "without starting response",
            Standing::Begun => "without completing response",
        };
        let cycle = self.cycle(py);
        let is_hastened = cycle.is_some_and(|cycle| cycle.get().is_hastened());
        if !self.connection.has_left(py, self.serial) && !is_hastened {
            self.connection
                .log_error(py, &format!("ASGI callable returned {missing}."));
        }
        self.fail_turn(py);
        self.end(py);
    }

    /// Whether its ASGI form was told that the answer is complete.
    fn is_complete(&self, py: Python<'_>) -> bool {
        self.callables.with(py, |callables| {
            let callables = callables.as_ref();
            callables.is_some_and(|callables| callables.cycle.get().is_complete())
        })
    }

    /// Nothing is left to be done when this is dropped.
    fn end(&self, py: Python<'_>) {
        self.answered.store(true, Ordering::Relaxed);
        if let Some(callables) = self.callables.take(py) {
            self.connection.take_back(py, callables);
        }
    }

    /// The version as a scope and the access log name it.
    pub(crate) fn version(head: &RequestHead) -> &'static str {
        head.version().number()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.answered.load(Ordering::Relaxed) {
            return;
        }
        // Without an interpreter there is no client to answer either.
        let _ = Python::try_attach(|py| {
            if self.connection.standing(py, self.serial) != Standing::Over {
                self.finish_answer(py);
            }
        });
    }
}
