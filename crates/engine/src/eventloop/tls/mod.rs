//! TLS over any transport, with Python's `ssl.SSLContext`.
//!
//! A [`TlsTransport`] stands between two neighbours: below it a transport that carries ciphertext,
//! which sees it as its protocol ([`TlsProtocol`]); above it the application's protocol, which sees
//! it as its transport. Over a native transport below, data passes from Rust to Rust.
//!
//! Plaintext that the transport below has no room for is kept as it is and encrypted when there is
//! room, so no more than [`CHUNK`] is encrypted ahead.

mod close;
mod handshake;
mod lower;
mod protocol;
mod python;
mod read;
mod session;
mod window;
mod write;

pub(crate) use self::protocol::TlsProtocol;

use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use self::session::Session;
use super::EventLoop;
use super::attached::Attached;
use super::context::copy_context;
use super::flow::{self, Backlog, Limits};
use super::handle::is_exit;
use super::outgoing::Outgoing;
use super::receiver::Receiving;
use crate::eventloop::speaking::Flowing;
use crate::eventloop::speaking::Speaking;

/// The most that is encrypted or decrypted in one go, in bytes.
const CHUNK: usize = 256 * 1024;

/// How far the session is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Phase {
    /// There is no transport below yet.
    #[default]
    Idle,
    Handshake,
    /// Data flows both ways.
    Open,
    /// It was closed, and what was written before is still to be sent. What comes is dropped.
    Flushing,
    /// All is written, `close_notify` as well; the peer's is awaited.
    ShuttingDown,
    /// Nothing is sent or delivered any more.
    Closed,
}

/// What the application's protocol was told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Told {
    Nothing,
    Made,
    Eof,
    Lost,
}

/// What changes while the connection lives.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is independent of the others"
)]
struct State {
    phase: Phase,
    told: Told,
    /// Plaintext that waits for room below.
    backlog: Outgoing,
    /// The transport below has no room.
    lower_full: bool,
    /// The application called `pause_reading`.
    reading_paused: bool,
    /// This called `pause_reading` below.
    lower_paused: bool,
    /// How much ciphertext may wait while the application does not read.
    incoming: Limits,
    /// The peer sends no more data.
    ended: bool,
    /// The transport below has reached its end, so no `close_notify` is owed.
    cut: bool,
    /// Data is being delivered, so what is written meanwhile is sent afterwards, together.
    delivering: bool,
    /// OpenSSL may hold data that it has decrypted.
    more: bool,
    /// OpenSSL may hold the beginning of a record.
    torn: bool,
    /// Encrypted since it was last sent, in bytes.
    unsent: usize,
    /// Counts the writes since the end, to warn of them.
    lost: usize,
}

/// A TLS connection, as the application sees it.
#[pyclass(frozen, weakref, module = "jebi._engine")]
pub(crate) struct TlsTransport {
    event_loop: Py<EventLoop>,
    context: Py<PyAny>,
    session: Session,
    /// What `get_extra_info` knows beyond the transport below.
    extra: Py<PyDict>,
    receiver: Receiving,
    /// The transport below, from `connection_made` on.
    lower: Attached<Option<Py<PyAny>>>,
    /// A future of whoever waits for the handshake.
    waiter: Attached<Option<Py<PyAny>>>,
    /// The handshake's, then the shutdown's.
    deadline: Attached<Option<Py<PyAny>>>,
    /// Seconds for the handshake and for the shutdown.
    timeouts: (f64, f64),
    state: Attached<State>,
}

/// What a TLS transport is made of.
struct Options<'py> {
    protocol: Bound<'py, PyAny>,
    sslcontext: Bound<'py, PyAny>,
    waiter: Option<Bound<'py, PyAny>>,
    server_side: bool,
    server_hostname: Option<String>,
    /// The protocol has had its `connection_made`, from the transport that TLS now goes over.
    made: bool,
    /// Where the protocol is called; a copy of the present one if nothing is said.
    context: Option<Bound<'py, PyAny>>,
    handshake_timeout: f64,
    shutdown_timeout: f64,
}

impl State {
    fn new(made: bool) -> Self {
        let mut backlog = Outgoing::default();
        backlog.marks().limits = Limits::of(512 * 1024);
        Self {
            phase: Phase::Idle,
            told: if made { Told::Made } else { Told::Nothing },
            backlog,
            lower_full: false,
            reading_paused: false,
            lower_paused: false,
            incoming: Limits::of(256 * 1024),
            ended: false,
            cut: false,
            delivering: false,
            more: false,
            torn: false,
            unsent: 0,
            lost: 0,
        }
    }
}

impl Speaking for TlsTransport {
    fn event_loop(&self) -> &Py<EventLoop> {
        &self.event_loop
    }

    fn context(&self) -> &Py<PyAny> {
        &self.context
    }

    fn protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.receiver.protocol(py)
    }
}

impl Flowing for TlsTransport {
    type Backlog = Outgoing;

    fn backlog<R>(&self, py: Python<'_>, look: impl FnOnce(&mut Outgoing) -> R) -> R {
        self.state.with(py, |state| look(&mut state.backlog))
    }
}

impl TlsTransport {
    fn make<'py>(
        event_loop: &Bound<'py, EventLoop>,
        options: Options<'py>,
    ) -> PyResult<Bound<'py, Self>> {
        let py = event_loop.py();
        let extra = PyDict::new(py);
        extra.set_item("sslcontext", &options.sslcontext)?;
        let session = Session::new(
            &options.sslcontext,
            options.server_side,
            options.server_hostname.as_deref(),
        )?;
        let context = match options.context {
            Some(context) => context,
            None => copy_context(py)?,
        };
        let this = Self {
            event_loop: event_loop.clone().unbind(),
            context: context.unbind(),
            session,
            extra: extra.unbind(),
            receiver: Receiving::new(options.protocol)?,
            lower: Attached::new(None),
            waiter: Attached::new(options.waiter.map(Bound::unbind)),
            deadline: Attached::new(None),
            timeouts: (options.handshake_timeout, options.shutdown_timeout),
            state: Attached::new(State::new(options.made)),
        };
        Bound::new(py, this)
    }

    fn phase(&self, py: Python<'_>) -> Phase {
        self.state.with(py, |state| state.phase)
    }

    fn set_phase(&self, py: Python<'_>, phase: Phase) {
        self.state.with(py, |state| state.phase = phase);
    }

    /// Calls a method of the protocol in the transport's context.
    fn call_protocol<'py>(
        &self,
        py: Python<'py>,
        method: &Bound<'py, PyString>,
        args: impl PyCallArgs<'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.receiver.call(self.context.bind(py), method, args)
    }

    /// Has a method of this transport called after `seconds`, instead of the one before.
    fn set_deadline(slf: &Bound<'_, Self>, seconds: f64, method: &str) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let timer = super::queue::call_at(
            this.event_loop.bind(py),
            reactor::monotonic() + seconds,
            &slf.getattr(method)?,
            &[],
            Some(this.context.bind(py)),
        )?;
        this.clear_deadline(py);
        drop(this.deadline.replace(py, Some(timer.unbind())));
        Ok(())
    }

    fn clear_deadline(&self, py: Python<'_>) {
        if let Some(timer) = self.deadline.take(py)
            && let Err(error) = timer.call_method0(py, pyo3::intern!(py, "cancel"))
        {
            error.write_unraisable(py, None);
        }
    }

    /// Sees to an exception: most are fatal for this connection, two are for the program.
    fn fail(slf: &Bound<'_, Self>, error: PyErr, message: &str) {
        let py = slf.py();
        let this = slf.get();
        let event_loop = this.event_loop.bind(py);
        if is_exit(py, &error) {
            event_loop.get().raise_from_run(py, error);
            return;
        }
        let protocol = this.protocol(py);
        let told =
            flow::report_failure(event_loop, slf.as_any(), protocol.as_ref(), &error, message);
        if let Err(failure) = told {
            event_loop.get().raise_from_run(py, failure);
        }
        Self::close_at_once(slf, Some(error));
    }

    /// The same for an outcome.
    fn or_fail(slf: &Bound<'_, Self>, outcome: PyResult<()>, message: &str) {
        if let Err(error) = outcome {
            Self::fail(slf, error, message);
        }
    }
}
