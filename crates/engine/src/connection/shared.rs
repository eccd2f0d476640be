//! What the connections of one server have in common.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http1::Limits;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use super::Connection;
use super::asgi::{Blank, Returned, Sending, Told};
use super::board::Board;
use super::crowd::Crowd;
use super::date::DefaultLines;
use super::deadlines::Timeouts;
use super::files::StaticFiles;
use super::gate::Gate;
use super::log::Logs;
use super::observe::Observer;
use super::output::Output;
use super::proxy::Proxies;
use super::tls::{Seal, TlsSettings};
use super::together::Together;
use super::websocket;
use crate::application::Application;
use crate::eventloop::{EventLoop, HookId, TickId, new_future, wake};
use crate::runner::Runner;

/// How a server was configured.
pub(super) struct Options {
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
    pub(super) websocket: websocket::Options,
    /// What HTTP/2 is spoken within, if it is.
    pub(super) http2: Option<::http2::Limits>,
    /// Connections speak TLS.
    pub(super) tls: Option<Py<TlsSettings>>,
    /// What is answered from files, before the application is asked.
    pub(super) files: Option<StaticFiles>,
    /// The proxies whose word is taken, if any.
    pub(super) proxies: Option<Proxies>,
    /// The prefix under which a proxy serves the application.
    pub(super) root_path: String,
    /// Beyond so many connections or requests, requests are answered with 503.
    pub(super) limit_concurrency: Option<usize>,
    /// What the workers of a supervisor tell each other of their connections.
    pub(super) board: Option<Board>,
    /// Beyond so many connections, clients wait to be accepted.
    pub(super) limit_connections: Option<usize>,
}

/// The state of a server that its listeners and connections share.
pub(super) struct Shared {
    pub(super) application: Application,
    pub(super) runner: Arc<Runner>,
    pub(super) options: Options,
    pub(super) logs: Logs,
    /// Who wants to know of requests, if anybody.
    pub(super) observer: Option<Arc<Observer>>,
    /// The lifespan's state, copied into each scope.
    pub(super) lifespan_state: Option<Py<PyDict>>,
    /// What every scope says in the place of what is known of its connection.
    pub(super) scope: Option<Py<PyDict>>,
    /// Who stands between requests and their ASGI form, and hears of errors: a test client.
    pub(super) witness: Option<Py<PyAny>>,
    event_loop: Py<EventLoop>,
    /// What every scope begins as.
    pub(super) blank: Blank,
    default_lines: Mutex<DefaultLines>,
    connections: Mutex<HashMap<u64, Arc<Connection>>>,
    /// Connections whose answer has a head that waits for its body.
    held: Mutex<Vec<(Arc<Connection>, u64)>>,
    has_held: AtomicBool,
    pub(super) together: Together,
    next_id: AtomicU64,
    tick: AtomicU64,
    in_flight: AtomicUsize,
    answers: AtomicU64,
    /// Those among them that the server made itself.
    own_answers: AtomicU64,
    shutting_down: AtomicBool,
    /// The log says that trailers had no place.
    pub(super) has_lost_trailers: AtomicBool,
    /// The future that is done when the last connection is gone.
    closed: Mutex<Option<Py<PyAny>>>,
    /// What the loop calls, while it does.
    calls: Mutex<Option<(TickId, HookId)>>,
    pub(super) gate: Gate,
    pub(super) crowd: Crowd,
    /// What `send` returns when there is nothing to wait for.
    sent: Py<Sending>,
    /// What `receive` returns begins as.
    pub(super) told: Told,
    /// How it does.
    pub(super) returned: Returned,
}

impl Shared {
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of a server, put together once"
    )]
    pub(super) fn new(
        py: Python<'_>,
        application: Application,
        runner: Arc<Runner>,
        event_loop: Py<EventLoop>,
        options: Options,
        logs: Logs,
        observer: Option<Arc<Observer>>,
        lifespan_state: Option<Py<PyDict>>,
        scope: Option<Py<PyDict>>,
        witness: Option<Py<PyAny>>,
        default_lines: DefaultLines,
    ) -> PyResult<Self> {
        let blank = Blank::new(py, &options.root_path)?;
        Ok(Self {
            gate: Gate::new(options.limit_connections),
            crowd: Crowd::default(),
            application,
            runner,
            options,
            logs,
            observer,
            lifespan_state,
            scope,
            witness,
            event_loop,
            default_lines: Mutex::new(default_lines),
            blank,
            connections: Mutex::default(),
            held: Mutex::default(),
            has_held: AtomicBool::new(false),
            together: Together::default(),
            next_id: AtomicU64::new(0),
            tick: AtomicU64::new(0),
            in_flight: AtomicUsize::new(0),
            answers: AtomicU64::new(0),
            own_answers: AtomicU64::new(0),
            shutting_down: AtomicBool::new(false),
            has_lost_trailers: AtomicBool::new(false),
            closed: Mutex::default(),
            calls: Mutex::default(),
            sent: Sending::done(py)?,
            told: Told::new(py)?,
            returned: Returned::default(),
        })
    }

    /// An awaitable that is done.
    pub(super) fn sent(&self, py: Python<'_>) -> Py<Sending> {
        self.sent.clone_ref(py)
    }

    pub(super) fn event_loop<'a>(&'a self, py: Python<'a>) -> &'a EventLoop {
        self.event_loop.bind(py).get()
    }

    pub(super) fn new_future(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        new_future(self.event_loop.bind(py)).map(Bound::unbind)
    }

    /// Hands the lines that every answer begins with to `write`.
    pub(super) fn with_default_lines<R>(&self, write: impl FnOnce(&[u8]) -> R) -> R {
        write(lock(&self.default_lines).get())
    }

    /// Where a new connection writes to.
    pub(super) fn new_output(&self, py: Python<'_>) -> io::Result<Output> {
        match &self.options.tls {
            None => Ok(Output::default()),
            Some(settings) => Seal::new(settings.bind(py).get().config()).map(Output::sealed),
        }
    }

    pub(super) fn new_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn keep(&self, connection: Arc<Connection>) {
        lock(&self.connections).insert(connection.id(), connection);
        self.note_connections();
    }

    /// Tells the other workers, if there are some.
    pub(super) fn note_connections(&self) {
        if let Some(board) = &self.options.board {
            if self.is_shutting_down() {
                board.leave();
            } else {
                board.note(self.connections());
            }
        }
    }

    /// Forgets a connection that is closed; the last one to go ends a shutdown.
    pub(super) fn forget(&self, py: Python<'_>, id: u64) {
        let forgotten = lock(&self.connections).remove(&id);
        drop(forgotten);
        self.note_connections();
        self.gate.open(py);
        self.end_shutdown(py);
    }

    /// All connections of this moment.
    pub(super) fn all(&self) -> Vec<Arc<Connection>> {
        lock(&self.connections).values().cloned().collect()
    }

    pub(super) fn connections(&self) -> usize {
        lock(&self.connections).len()
    }

    pub(super) fn request_begins(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn request_ends(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn count_answer(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_own_answer(&self) {
        self.own_answers.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn own_answers(&self) -> u64 {
        self.own_answers.load(Ordering::Relaxed)
    }

    pub(super) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Whether one more request is more than the operator wants at a time.
    pub(super) fn is_overloaded(&self) -> bool {
        // The request that asks counts already.
        self.options
            .limit_concurrency
            .is_some_and(|limit| self.in_flight() > limit || self.connections() > limit)
    }

    /// Whether connections of trusted peers begin with the PROXY protocol.
    pub(super) fn expects_preface(&self) -> bool {
        let proxies = self.options.proxies.as_ref();
        proxies.is_some_and(|proxies| proxies.preface)
    }

    pub(super) fn is_shutting_down(&self) -> bool {
        self.shutting_down.load(Ordering::Relaxed)
    }

    pub(super) fn shut_down(&self) {
        self.shutting_down.store(true, Ordering::Relaxed);
        self.note_connections();
    }

    /// The future that is done after a shutdown.
    pub(super) fn closed(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(future) = &*lock(&self.closed) {
            return Ok(future.clone_ref(py));
        }
        let future = self.new_future(py)?;
        *lock(&self.closed) = Some(future.clone_ref(py));
        self.end_shutdown(py);
        Ok(future)
    }

    /// Notes what the loop was asked to call.
    pub(super) fn set_calls(&self, tick: TickId, hook: HookId) {
        *lock(&self.calls) = Some((tick, hook));
    }

    pub(super) fn is_started(&self) -> bool {
        lock(&self.calls).is_some()
    }

    /// Ends a shutdown if no connection is left: says so, and leaves the loop.
    pub(super) fn end_shutdown(&self, py: Python<'_>) {
        if !self.is_shutting_down() || self.connections() > 0 {
            return;
        }
        let future = lock(&self.closed)
            .as_ref()
            .map(|future| future.clone_ref(py));
        if let Some(future) = future {
            wake(py, &future);
        }
        let calls = lock(&self.calls).take();
        if let Some((tick, hook)) = calls {
            let event_loop = self.event_loop.clone_ref(py);
            // Not in the middle of the very calls that are to be removed.
            let leave = move |py: Python<'_>| {
                event_loop.get().remove_tick(py, tick);
                event_loop.get().remove_hook(py, hook);
            };
            self.event_loop(py).call_soon_native(py, Box::new(leave));
        }
    }

    /// How many ticks have passed.
    pub(super) fn now(&self) -> u64 {
        self.tick.load(Ordering::Relaxed)
    }

    /// Time goes on by one tick.
    pub(super) fn next_tick(&self) -> u64 {
        self.tick.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Notes an answer whose head is to go out with this iteration if no body comes before.
    pub(super) fn hold(&self, connection: Arc<Connection>, serial: u64) {
        lock(&self.held).push((connection, serial));
        self.has_held.store(true, Ordering::Relaxed);
    }

    /// The answers noted since the last time.
    pub(super) fn take_held(&self) -> Vec<(Arc<Connection>, u64)> {
        if !self.has_held.swap(false, Ordering::Relaxed) {
            return Vec::new();
        }
        std::mem::take(&mut *lock(&self.held))
    }

    /// Shows the collector what this holds; only right where nobody else shows the same.
    pub(super) fn traverse(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        if let Application::Asgi(application) = &self.application {
            visit.call(&**application)?;
        }
        self.logs.traverse(visit)?;
        self.blank.traverse(&visit)?;
        self.returned.traverse(&visit)?;
        visit.call(&self.scope)?;
        visit.call(&self.witness)?;
        visit.call(&self.lifespan_state)
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
