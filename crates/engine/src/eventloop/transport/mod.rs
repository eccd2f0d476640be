//! The transport of a connected stream socket: asyncio's, natively.
//!
//! The Python socket stays the owner of the descriptor; the transport owns the Python socket, and
//! closes it after it has told the loop to forget the descriptor. Callbacks of the protocol run in
//! the context in which the transport was opened.

mod close;
mod python;
mod read;
mod sendfile;
mod write;

use std::io;
use std::sync::Arc;

use pyo3::call::PyCallArgs;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit, intern};
use reactor::{Interest, Readiness, Token};
use rustix::io::Errno;

use self::sendfile::Sending;
use super::EventLoop;
use super::announce::announce;
use super::attached::Attached;
use super::context::copy_context;
use super::errno::os_error;
use super::handle::is_exit;
use super::held::{HeldSocket, describe_socket};
use super::log;
use super::outgoing::Outgoing;
use super::receiver::Receiving;
use super::source::Source;

/// What changes while the connection lives.
#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one of asyncio's independent states"
)]
struct State {
    /// Its place in the loop, once it is registered.
    token: Option<Token>,
    /// What the loop watches it for.
    interest: Interest,
    /// `connection_made` was called, so data may come.
    started: bool,
    /// `pause_reading` was called.
    reading_paused: bool,
    /// The peer has finished, and the protocol wants to go on writing.
    read_finished: bool,
    /// How many bytes the last read brought, from which the next one is guessed.
    last_read: usize,
    /// What the socket did not take yet.
    outgoing: Outgoing,
    /// A file that goes out after it.
    sending: Option<Sending>,
    /// `write_eof` was called.
    write_finished: bool,
    /// No more reading; the connection goes down when everything is written.
    closing: bool,
    /// `connection_lost` is on its way or was called. Counts the writes since, to warn of them.
    lost: usize,
}

/// The transport of a connected stream socket.
#[pyclass(frozen, weakref, module = "jebi._engine")]
pub(crate) struct SocketTransport {
    event_loop: Py<EventLoop>,
    context: Py<PyAny>,
    /// What `get_extra_info` knows.
    extra: Py<PyDict>,
    socket: HeldSocket,
    receiver: Receiving,
    server: Attached<Option<Py<PyAny>>>,
    state: Attached<State>,
}

/// What the loop calls; keeps the transport alive while its descriptor is watched.
struct Connection(Py<SocketTransport>);

impl Source for Connection {
    fn ready(
        &self,
        py: Python<'_>,
        _event_loop: &Bound<'_, EventLoop>,
        _token: Token,
        readiness: Readiness,
    ) {
        let transport = self.0.bind(py);
        if readiness.is_readable() {
            SocketTransport::read_ready(transport);
        }
        if readiness.is_writable() {
            SocketTransport::write_ready(transport);
        }
    }

    fn describe(&self, py: Python<'_>) -> String {
        self.0
            .bind(py)
            .repr()
            .map_or_else(|_| "transport".to_owned(), |text| text.to_string())
    }

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.0)
    }
}

impl SocketTransport {
    /// Schedules `connection_made`, then reading, then the waiter, in asyncio's order.
    fn open<'py>(
        event_loop: &Bound<'py, EventLoop>,
        sock: &Bound<'py, PyAny>,
        protocol: &Bound<'py, PyAny>,
        waiter: Option<Bound<'py, PyAny>>,
        server: Option<Bound<'py, PyAny>>,
        peername: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let py = event_loop.py();
        let extra = describe_socket(sock, peername)?;
        let this = Self {
            event_loop: event_loop.clone().unbind(),
            context: copy_context(py)?.unbind(),
            extra: extra.unbind(),
            socket: HeldSocket::new(sock)?,
            receiver: Receiving::new(protocol.clone())?,
            server: Attached::new(server.as_ref().map(|server| server.clone().unbind())),
            state: Attached::default(),
        };
        // Small writes shall not wait for acknowledgements; other families have no such option.
        let _ = rustix::net::sockopt::set_tcp_nodelay(this.socket.descriptor(), true);
        let slf = Bound::new(py, this)?;
        if let Some(server) = server {
            server.call_method1(intern!(py, "_attach"), (&slf,))?;
        }
        let owner = slf.clone().into_any().unbind();
        event_loop
            .get()
            .own_descriptor(py, slf.get().socket.fd(), owner);
        announce(event_loop, protocol, slf.as_any(), &slf.get().context)?;
        let reading = slf.clone().unbind();
        event_loop.get().call_soon_native(
            py,
            Box::new(move |py| Self::start_reading(reading.bind(py))),
        );
        if let Some(waiter) = waiter {
            let waiter = waiter.unbind();
            event_loop
                .get()
                .call_soon_native(py, Box::new(move |py| super::wake(py, &waiter)));
        }
        Ok(slf)
    }

    /// Tells the loop what to watch for, if that has changed.
    fn watch(slf: &Bound<'_, Self>) -> io::Result<()> {
        let py = slf.py();
        let this = slf.get();
        let (lost, token, before, now) = this.state.with(py, |state| {
            (state.lost > 0, state.token, state.interest, state.wanted())
        });
        if lost || before == now {
            return Ok(());
        }
        let event_loop = this.event_loop.get();
        let token = if let Some(token) = token {
            if before.is_none() && !this.socket.is_intact(py) {
                // While it was paused, its number may have become another descriptor's.
                return Err(Errno::BADF.into());
            }
            event_loop.set_interest(py, token, now)?;
            token
        } else {
            let source = Arc::new(Connection(slf.clone().unbind()));
            event_loop.register(py, this.socket.descriptor(), now, source)?
        };
        this.state.with(py, |state| {
            state.token = Some(token);
            state.interest = now;
        });
        Ok(())
    }

    /// The same where a failure means that the connection cannot go on.
    fn watch_or_fail(slf: &Bound<'_, Self>) {
        if let Err(error) = Self::watch(slf) {
            Self::fail(
                slf,
                os_error(error),
                "Fatal error: the socket cannot be watched",
            );
        }
    }

    fn start_reading(slf: &Bound<'_, Self>) {
        slf.get().state.with(slf.py(), |state| state.started = true);
        Self::watch_or_fail(slf);
    }

    fn protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.receiver.protocol(py)
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

    /// What `repr` says.
    fn describe(&self, py: Python<'_>) -> String {
        let (closing, wanted, size) = self.state.with(py, |state| {
            let wanted = if state.lost > 0 {
                Interest::NONE
            } else {
                state.wanted()
            };
            (state.closing, wanted, state.outgoing.size())
        });
        let polled = (!self.event_loop.get().is_closed()).then_some((wanted, size));
        self.socket.describe(py, "SocketTransport", closing, polled)
    }

    /// Logs what happens, in debug mode.
    fn narrate(slf: &Bound<'_, Self>, message: &str) {
        let py = slf.py();
        let event_loop = slf.get().event_loop.get();
        if event_loop.is_debug()
            && let Err(error) = log(py, "debug", (message, slf))
        {
            event_loop.raise_from_run(py, error);
        }
    }

    /// Sees to an exception that leaves a callback: most are fatal for this connection, two are
    /// for the program.
    fn fail_or_raise(slf: &Bound<'_, Self>, error: PyErr, message: &str) {
        let py = slf.py();
        if is_exit(py, &error) {
            slf.get().event_loop.get().raise_from_run(py, error);
        } else {
            Self::fail(slf, error, message);
        }
    }
}

impl State {
    /// What the loop should watch for.
    fn wanted(&self) -> Interest {
        let reading = self.started && !self.reading_paused && !self.read_finished && !self.closing;
        let writing =
            !self.outgoing.is_empty() || (self.sending.as_ref()).is_some_and(Sending::is_under_way);
        Interest::new(reading, writing)
    }
}
