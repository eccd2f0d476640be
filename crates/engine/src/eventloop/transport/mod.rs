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

pub(super) use self::write::Write;

use std::io;
use std::os::fd::BorrowedFd;

use pyo3::call::PyCallArgs;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use reactor::{Interest, Readiness};

use self::sendfile::Sending;
use super::EventLoop;
use super::attached::Attached;
use super::closing::OverSocket;
use super::context::copy_context;
use super::flow::Backlog;
use super::handle::is_exit;
use super::held::{HeldSocket, describe_socket};
use super::life::{Life, Living};
use super::outgoing::Outgoing;
use super::receiver::Receiving;
use super::speaking::{Flowing, Speaking};

/// What changes while the connection lives.
#[derive(Default)]
struct State {
    life: Life,
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
}

/// The transport of a connected stream socket.
#[pyclass(frozen, weakref, module = "jebi._engine")]
pub(crate) struct SocketTransport {
    event_loop: Py<EventLoop>,
    context: Py<PyAny>,
    /// What `get_extra_info` knows.
    extra: Py<PyDict>,
    socket: HeldSocket,
    /// Input is reported once, because a read of this kind of socket that has room left took it all.
    by_edge: bool,
    receiver: Receiving,
    server: Attached<Option<Py<PyAny>>>,
    state: Attached<State>,
}

impl Speaking for SocketTransport {
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

impl Flowing for SocketTransport {
    type Backlog = Outgoing;

    fn backlog<R>(&self, py: Python<'_>, look: impl FnOnce(&mut Outgoing) -> R) -> R {
        self.state.with(py, |state| look(&mut state.outgoing))
    }
}

impl Living for SocketTransport {
    const UNWATCHABLE: &'static str = "Fatal error: the socket cannot be watched";

    fn life<R>(&self, py: Python<'_>, look: impl FnOnce(&mut Life) -> R) -> R {
        self.state.with(py, |state| look(&mut state.life))
    }

    fn wanted(&self, py: Python<'_>) -> Interest {
        let wanted = self.state.with(py, |state| state.wanted());
        if self.by_edge {
            wanted.by_edge()
        } else {
            wanted
        }
    }

    fn with_descriptor<R>(
        &self,
        _py: Python<'_>,
        look: impl FnOnce(BorrowedFd<'_>) -> io::Result<R>,
    ) -> io::Result<R> {
        look(self.socket.descriptor())
    }

    fn is_intact(&self, py: Python<'_>) -> bool {
        self.socket.is_intact(py)
    }

    fn ready(slf: &Bound<'_, Self>, readiness: Readiness) {
        if readiness.is_readable() {
            Self::read_ready(slf, readiness);
        }
        if readiness.is_writable() {
            Self::write_ready(slf);
        }
    }

    fn describe(&self, py: Python<'_>) -> String {
        let (closing, wanted, size) = self.state.with(py, |state| {
            let wanted = if state.life.lost > 0 {
                Interest::NONE
            } else {
                state.wanted()
            };
            (state.life.closing, wanted, state.outgoing.size())
        });
        let polled = (!self.event_loop.get().is_closed()).then_some((wanted, size));
        self.socket.describe(py, "SocketTransport", closing, polled)
    }

    fn fail(slf: &Bound<'_, Self>, error: PyErr, message: &str) {
        Self::report_and_close(slf, error, message);
    }

    fn interrupted(&self, py: Python<'_>, error: Option<&PyErr>) {
        self.interrupt_sending(py, error);
    }

    fn finish(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        Self::end(slf, error);
    }

    fn release(slf: &Bound<'_, Self>) {
        Self::close_silently(slf);
    }
}

impl OverSocket for SocketTransport {
    fn socket(&self) -> &HeldSocket {
        &self.socket
    }

    fn is_drained(&self, py: Python<'_>) -> bool {
        self.state.with(py, |state| state.outgoing.is_empty())
    }

    fn discard(&self, py: Python<'_>) {
        self.state.with(py, |state| state.outgoing.clear());
    }
}

impl SocketTransport {
    /// Takes over a connected, non-blocking stream socket.
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
        let socket = HeldSocket::new(sock)?;
        // Small writes shall not wait for acknowledgements; other families have no such option. And
        // a Unix socket's read ends where descriptors were passed, so being short says nothing.
        let nodelay = rustix::net::sockopt::set_tcp_nodelay(socket.descriptor(), true);
        let this = Self {
            event_loop: event_loop.clone().unbind(),
            context: copy_context(py)?.unbind(),
            extra: extra.unbind(),
            socket,
            by_edge: nodelay.is_ok(),
            receiver: Receiving::new(protocol.clone())?,
            server: Attached::new(server.as_ref().map(|server| server.clone().unbind())),
            state: Attached::default(),
        };
        let slf = Bound::new(py, this)?;
        if let Some(server) = server {
            server.call_method1(intern!(py, "_attach"), (&slf,))?;
        }
        Self::own(&slf, protocol, waiter)?;
        Ok(slf)
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
    /// Whether the protocol is to get what comes.
    fn reads(&self) -> bool {
        self.life.started && !self.reading_paused && !self.read_finished && !self.life.closing
    }

    /// What the loop should watch for.
    fn wanted(&self) -> Interest {
        let writing =
            !self.outgoing.is_empty() || (self.sending.as_ref()).is_some_and(Sending::is_under_way);
        Interest::new(self.reads(), writing)
    }
}
