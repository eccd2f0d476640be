//! The server, as Python starts and stops it.

use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http1::{Limits, PreparedHeaders};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use super::Connection;
use super::board::Board;
use super::date::DefaultLines;
use super::deadlines::{Timeouts, Waits};
use super::files::StaticFiles;
use super::listener::Listener;
use super::log::Logs;
use super::observe::{AccessLog, MetricsPage, Observer};
use super::peer::Peer;
use super::proxy::ProxySettings;
use super::shared::{Options, Shared, lock};
use super::tls::TlsSettings;
use super::websocket;
use crate::application::{Application, NativeApplication};
use crate::eventloop::EventLoop;
use crate::pool::{Pool, PyPool};
use crate::runner::Runner;

/// How long a client has to read its last answer, at most.
const LINGER: Duration = Duration::from_secs(2);

/// HTTP/1.1 and HTTP/2 on listening sockets, for one application on one event loop.
#[pyclass(frozen, weakref, module = "jebi._engine")]
pub(crate) struct HttpServer {
    shared: Arc<Shared>,
    listeners: Mutex<Vec<Arc<Listener>>>,
}

#[pymethods]
impl HttpServer {
    /// A server that does not accept yet.
    ///
    /// `sockets` listen already and stay the caller's. `application` is a `Native` or an ASGI
    /// application. `access_log(client, method, path, http_version, status)` is called for each
    /// answer, unless it is an `AccessLog`. With `request_ids` answers carry `x-request-id`.
    /// `headers` are sent with each answer; times are in seconds, sizes in bytes, rates in bytes a
    /// second.
    /// `board` is the file in which workers note how many connections they have, and this one's place.
    /// `static_files` are pairs of a path and the directory that is served under it, with
    /// `static_cache_control` as the `Cache-Control` of its files.
    /// `scope` is what every scope says in the place of what is known of the connection.
    /// `witness.enter(scope, receive, send)` returns the three that a request's ASGI form has instead, and
    /// `witness.note(error)` is called with what nobody handled, which is not logged then.
    #[new]
    #[pyo3(signature = (
        r#loop, sockets, application, *, pool = None, state = None, root_path = "",
        access_log = None, headers = Vec::new(), server_header = true, date_header = true,
        header_timeout = 10.0, keep_alive_timeout = 5.0, body_timeout = 20.0, body_rate = 240,
        write_timeout = 20.0, write_rate = 240,
        request_line_limit = 8192, header_block_limit = 65536, header_count_limit = 100,
        body_limit = None, limit_concurrency = None, limit_connections = None,
        board = None, websockets = true,
        websocket_message_limit = 16_777_216, websocket_queue = 32, websocket_deflate = true,
        websocket_ping_interval = 20.0, websocket_ping_timeout = 20.0, tls = None,
        static_files = Vec::new(), static_cache_control = None,
        proxies = None, request_ids = false, metrics = None,
        http2 = true, http2_max_streams = 100, scope = None, witness = None,
    ))]
    #[expect(
        clippy::too_many_arguments,
        clippy::fn_params_excessive_bools,
        reason = "one keyword for each setting"
    )]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments that Python passes"
    )]
    fn new(
        py: Python<'_>,
        r#loop: Py<EventLoop>,
        sockets: Vec<Bound<'_, PyAny>>,
        application: &Bound<'_, PyAny>,
        pool: Option<Bound<'_, PyPool>>,
        state: Option<Py<PyDict>>,
        root_path: &str,
        access_log: Option<Py<PyAny>>,
        headers: Vec<(Vec<u8>, Vec<u8>)>,
        server_header: bool,
        date_header: bool,
        header_timeout: f64,
        keep_alive_timeout: f64,
        body_timeout: f64,
        body_rate: u64,
        write_timeout: f64,
        write_rate: u64,
        request_line_limit: usize,
        header_block_limit: usize,
        header_count_limit: usize,
        body_limit: Option<u64>,
        limit_concurrency: Option<usize>,
        limit_connections: Option<usize>,
        board: Option<(Bound<'_, PyAny>, usize)>,
        websockets: bool,
        websocket_message_limit: usize,
        websocket_queue: usize,
        websocket_deflate: bool,
        websocket_ping_interval: f64,
        websocket_ping_timeout: f64,
        tls: Option<Py<TlsSettings>>,
        static_files: Vec<(String, PathBuf)>,
        static_cache_control: Option<String>,
        proxies: Option<Bound<'_, ProxySettings>>,
        request_ids: bool,
        metrics: Option<Py<MetricsPage>>,
        http2: bool,
        http2_max_streams: u32,
        scope: Option<Py<PyDict>>,
        witness: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let limits = Limits {
            request_line: request_line_limit,
            header_block: header_block_limit,
            header_count: header_count_limit,
            body: body_limit.unwrap_or(u64::MAX),
        };
        let http2_limits = ::http2::Limits {
            request: limits,
            streams: http2_max_streams,
            extended_connect: websockets,
            ..::http2::Limits::default()
        };
        let options = Options {
            limits,
            http2: http2.then_some(http2_limits),
            timeouts: Timeouts::new(&Waits {
                head: seconds(header_timeout)?,
                keep_alive: seconds(keep_alive_timeout)?,
                body: seconds(body_timeout)?,
                body_rate,
                drain: seconds(write_timeout)?,
                drain_rate: write_rate,
                linger: LINGER,
                ping: seconds(websocket_ping_interval)?,
                pong: seconds(websocket_ping_timeout)?,
            }),
            websocket: websocket::Options {
                is_on: websockets,
                message_limit: websocket_message_limit,
                queue: websocket_queue,
                deflate: websocket_deflate,
            },
            tls,
            files: served(&static_files, static_cache_control)?,
            proxies: proxies.map(|settings| settings.get().proxies.clone()),
            root_path: root_path.to_owned(),
            limit_concurrency,
            board: board
                .map(|(file, slot)| duplicate(&file).map(|file| Board::new(file, slot)))
                .transpose()?,
            limit_connections,
        };
        let application = application_of(application)?;
        let lines = DefaultLines::new(own_headers(&headers, server_header)?, date_header);
        let native = access_log
            .as_ref()
            .and_then(|log| log.bind(py).cast::<AccessLog>().ok())
            .map(|log| Arc::clone(&log.get().lines));
        let access_log = access_log.filter(|_| native.is_none());
        let logs = Logs::new(py, access_log)?;
        let pool = pool_of(py, &r#loop, pool)?;
        let observer = Observer::new(native, metrics, &pool, request_ids);
        let runner = Runner::new(py, r#loop.clone_ref(py), pool)?;
        let shared = Shared::new(
            py,
            application,
            runner,
            r#loop,
            options,
            logs,
            observer,
            state,
            scope,
            witness,
            lines,
        )?;
        Self::listening(shared, &sockets)
    }

    /// Begins to accept connections.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        if self.shared.is_started() {
            return Err(PyRuntimeError::new_err("the server was started before"));
        }
        let listeners: Vec<_> = lock(&self.listeners).clone();
        let event_loop = self.shared.event_loop(py);
        let shared = Arc::clone(&self.shared);
        let tick = move |py: Python<'_>| on_tick(py, &shared);
        let tick = event_loop
            .every(py, self.shared.options.timeouts.tick(), Arc::new(tick))
            .ok_or_else(|| PyRuntimeError::new_err("the event loop has no room for a timer"))?;
        let shared = Arc::clone(&self.shared);
        let hook = event_loop.at_iteration_end(py, Arc::new(move |py| end_iteration(py, &shared)));
        self.shared.set_calls(tick, hook);
        self.shared.note_connections();
        listeners.iter().try_for_each(|listener| listener.start(py))
    }

    /// Takes a connected stream socket over, as if it had been accepted. The caller's own stays open.
    ///
    /// # Errors
    /// `ValueError` for a closed socket, `OSError` for one that cannot be used.
    fn adopt(&self, py: Python<'_>, socket: &Bound<'_, PyAny>) -> PyResult<()> {
        let socket = duplicate(socket)?;
        rustix::io::ioctl_fionbio(&socket, true).map_err(std::io::Error::from)?;
        let peer = Peer::new(None, self.shared.options.proxies.as_ref());
        Connection::open(py, &self.shared, socket, peer);
        Ok(())
    }

    /// Stops listening, once everybody is accepted who has connected already; connections live on.
    fn stop_accepting(&self, py: Python<'_>) {
        let listeners = std::mem::take(&mut *lock(&self.listeners));
        for listener in &listeners {
            listener.accept_waiting(py);
            listener.stop(py);
        }
    }

    /// Stops gracefully: connections close after their present answer, those that have been idle
    /// for a while now, and the others if no request comes within a moment.
    fn shutdown(&self, py: Python<'_>) {
        self.stop_accepting(py);
        self.shared.shut_down();
        for connection in self.shared.all() {
            connection.shut_down(py);
        }
        self.shared.end_shutdown(py);
    }

    /// Opens the access log's file anew, after it was moved away.
    fn reopen_access_log(&self) -> PyResult<()> {
        Ok(self.shared.reopen_log()?)
    }

    /// Drops all connections, whatever is going on there.
    fn abort(&self, py: Python<'_>) {
        for listener in std::mem::take(&mut *lock(&self.listeners)) {
            listener.stop(py);
        }
        self.shared.shut_down();
        for connection in self.shared.all() {
            connection.lose(py);
        }
        self.shared.end_shutdown(py);
    }

    /// Tells the applications behind answers of no known length that the client is gone, by
    /// `http.disconnect`. What they still send reaches it.
    fn end_streams(&self, py: Python<'_>) {
        for connection in self.shared.all() {
            connection.end_stream(py);
        }
    }

    /// How many requests have begun, had to wait for something, and are not over yet: answered or
    /// not, with their background tasks.
    #[getter]
    fn running(&self) -> usize {
        self.shared.runner.suspended()
    }

    /// A future that is done when none of those is left.
    fn wait_for_runs(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.shared.runner.idle(py)
    }

    /// A future that is done when the last connection is gone after `shutdown`.
    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.shared.closed(py)
    }

    /// How many clients are connected.
    #[getter]
    fn connections(&self) -> usize {
        self.shared.connections()
    }

    /// How many requests were begun and are not answered yet.
    #[getter]
    fn requests_in_flight(&self) -> usize {
        self.shared.in_flight()
    }

    /// How many requests were answered.
    #[getter]
    fn total_requests(&self) -> u64 {
        self.shared.answers()
    }

    /// How many of those answers were the server's own: to what it refused, and where the application
    /// gave none.
    #[getter]
    fn own_answers(&self) -> u64 {
        self.shared.own_answers()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.shared.runner.traverse(&visit)?;
        // Connections and the loop's calls share it while the server runs; it is no garbage then.
        if Arc::strong_count(&self.shared) == 1 {
            self.shared.traverse(visit)
        } else {
            Ok(())
        }
    }
}

impl HttpServer {
    fn listening(shared: Shared, sockets: &[Bound<'_, PyAny>]) -> PyResult<Self> {
        let shared = Arc::new(shared);
        let listen = |socket| Ok(Listener::new(Arc::clone(&shared), duplicate(socket)?));
        let listeners = sockets.iter().map(listen).collect::<PyResult<Vec<_>>>()?;
        Ok(Self {
            shared,
            listeners: Mutex::new(listeners),
        })
    }
}

fn application_of(object: &Bound<'_, PyAny>) -> PyResult<Application> {
    if let Ok(native) = object.cast::<NativeApplication>() {
        return Ok(Application::Native(Arc::clone(&native.get().native)));
    }
    if object.is_callable() {
        return Ok(Application::Asgi(Arc::new(object.clone().unbind())));
    }
    Err(PyTypeError::new_err("application must be callable"))
}

/// The directories to serve, if there are any.
fn served(
    mounted: &[(String, PathBuf)],
    cache_control: Option<String>,
) -> PyResult<Option<StaticFiles>> {
    if mounted.is_empty() {
        return Ok(None);
    }
    StaticFiles::new(mounted, cache_control)
        .map(Some)
        .map_err(PyValueError::new_err)
}

/// The pool for `def` code: what was passed, or the loop's own.
fn pool_of(
    py: Python<'_>,
    event_loop: &Py<EventLoop>,
    pool: Option<Bound<'_, PyPool>>,
) -> PyResult<Arc<Pool>> {
    let pool = if let Some(pool) = pool {
        pool
    } else {
        let pools = py
            .import("jebi._pool")?
            .getattr("ThreadPool")?
            .getattr("of")?;
        let made = pools.call1((event_loop,))?.getattr("pool")?;
        made.cast_into::<PyPool>()?
    };
    Ok(pool.get().pool())
}

fn on_tick(py: Python<'_>, shared: &Arc<Shared>) {
    let now = shared.next_tick();
    shared.gate.open(py);
    shared.crowd.tick(shared.connections());
    shared.measure();
    for connection in shared.all() {
        connection.on_tick(py, now);
    }
}

/// Sends the heads whose bodies did not come in this iteration, and writes the lines of the log.
fn end_iteration(py: Python<'_>, shared: &Shared) {
    shared.together.finish(py);
    for (connection, serial) in shared.take_held() {
        connection.release(py, serial);
    }
    if shared.observer.is_some() {
        shared.write_lines(py);
    }
}

/// The header lines of every answer but for the date.
fn own_headers(headers: &[(Vec<u8>, Vec<u8>)], server_header: bool) -> PyResult<Vec<u8>> {
    let is_named = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case(b"server"));
    let server = (b"server".as_slice(), b"jebi".as_slice());
    let configured = headers
        .iter()
        .map(|(name, value)| (name.as_slice(), value.as_slice()));
    let own = (server_header && !is_named).then_some(server);
    PreparedHeaders::new(own.into_iter().chain(configured))
        .map(|prepared| prepared.as_bytes().to_vec())
        .map_err(|invalid| PyValueError::new_err(invalid.to_string()))
}

fn seconds(seconds: f64) -> PyResult<Duration> {
    // A wait without end is a century here.
    Duration::try_from_secs_f64(seconds.min(3.2e9))
        .map_err(|error| PyValueError::new_err(format!("invalid timeout: {error}")))
}

/// A descriptor of our own for a socket of Python's.
fn duplicate(socket: &Bound<'_, PyAny>) -> PyResult<OwnedFd> {
    let number: RawFd = socket.call_method0("fileno")?.extract()?;
    if number < 0 {
        return Err(PyValueError::new_err("a socket of the server is closed"));
    }
    // SAFETY: `socket` has it open, and is borrowed for longer than this call.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let owned = rustix::io::fcntl_dupfd_cloexec(borrowed, 0).map_err(std::io::Error::from)?;
    Ok(owned)
}
