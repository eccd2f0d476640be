//! The transport of a datagram socket: asyncio's, natively.
//!
//! The Python socket stays the owner of the descriptor; the transport owns the Python socket, and
//! closes it after it has told the loop to forget the descriptor. What arrives is handed over in
//! the context in which the transport was opened.

mod address;
mod close;
mod outbox;
mod python;
mod receive;
mod send;

use std::io;
use std::os::fd::BorrowedFd;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use reactor::{Interest, Readiness};

use self::address::{Family, Peer};
use self::outbox::Outbox;
use super::EventLoop;
use super::attached::Attached;
use super::closing::OverSocket;
use super::context::{copy_context, in_context};
use super::flow::Backlog;
use super::held::{HeldSocket, describe_socket};
use super::life::{Life, Living};
use super::speaking::{Flowing, Speaking};

/// What changes while the transport lives.
#[derive(Default)]
struct State {
    life: Life,
    /// What the socket did not take yet.
    outbox: Outbox,
    /// How many wake-ups will read one datagram and not look for a second one.
    single: u8,
}

/// The transport of a datagram socket.
#[pyclass(frozen, weakref, module = "jebi._engine")]
pub(crate) struct DatagramTransport {
    event_loop: Py<EventLoop>,
    family: Family,
    context: Py<PyAny>,
    /// What `get_extra_info` knows.
    extra: Py<PyDict>,
    /// The only address to send to, if there is but one.
    remote: Option<Py<PyAny>>,
    /// The kernel knows where to send to.
    connected: bool,
    socket: HeldSocket,
    protocol: Attached<Option<Py<PyAny>>>,
    /// Who sent last: answers go there, and the next datagram often comes from there.
    last: Attached<Option<Peer>>,
    state: Attached<State>,
}

impl Speaking for DatagramTransport {
    fn event_loop(&self) -> &Py<EventLoop> {
        &self.event_loop
    }

    fn context(&self) -> &Py<PyAny> {
        &self.context
    }

    fn protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.protocol.bound(py)
    }
}

impl Flowing for DatagramTransport {
    type Backlog = Outbox;

    fn backlog<R>(&self, py: Python<'_>, look: impl FnOnce(&mut Outbox) -> R) -> R {
        self.state.with(py, |state| look(&mut state.outbox))
    }
}

impl Living for DatagramTransport {
    const UNWATCHABLE: &'static str = "Fatal error: the socket cannot be watched";

    fn life<R>(&self, py: Python<'_>, look: impl FnOnce(&mut Life) -> R) -> R {
        self.state.with(py, |state| look(&mut state.life))
    }

    fn wanted(&self, py: Python<'_>) -> Interest {
        self.state.with(py, |state| state.wanted())
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
            Self::read_ready(slf);
        }
        if readiness.is_writable() {
            Self::write_ready(slf);
        }
    }

    fn describe(&self, py: Python<'_>) -> String {
        let (closing, interest, size) = self.state.with(py, |state| {
            (state.life.closing, state.wanted(), state.outbox.size())
        });
        let polled = (!self.event_loop.get().is_closed()).then_some((interest, size));
        self.socket
            .describe(py, "DatagramTransport", closing, polled)
    }

    fn fail(slf: &Bound<'_, Self>, error: PyErr, message: &str) {
        Self::report_and_close(slf, error, message);
    }

    fn finish(slf: &Bound<'_, Self>, error: Option<PyErr>) {
        Self::end(slf, error);
    }

    fn release(slf: &Bound<'_, Self>) {
        Self::close_silently(slf);
    }
}

impl OverSocket for DatagramTransport {
    fn socket(&self) -> &HeldSocket {
        &self.socket
    }

    fn is_drained(&self, py: Python<'_>) -> bool {
        self.state.with(py, |state| state.outbox.is_empty())
    }

    fn discard(&self, py: Python<'_>) {
        // Letters hold addresses, which are objects of Python's.
        drop(self.state.with(py, |state| state.outbox.clear()));
    }
}

impl DatagramTransport {
    /// Takes over a datagram socket that does not block.
    fn open<'py>(
        event_loop: &Bound<'py, EventLoop>,
        sock: &Bound<'py, PyAny>,
        protocol: &Bound<'py, PyAny>,
        remote: Option<Bound<'py, PyAny>>,
        waiter: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, Self>> {
        let py = event_loop.py();
        let family = Family::from_number(sock.getattr(intern!(py, "family"))?.extract()?);
        let extra = describe_socket(sock, None)?;
        let connected = extra
            .get_item(intern!(py, "peername"))?
            .is_some_and(|peer| !peer.is_none());
        let this = Self {
            event_loop: event_loop.clone().unbind(),
            family,
            context: copy_context(py)?.unbind(),
            extra: extra.unbind(),
            remote: remote.map(Bound::unbind),
            connected,
            socket: HeldSocket::new(sock)?,
            protocol: Attached::new(Some(protocol.clone().unbind())),
            last: Attached::new(None),
            state: Attached::default(),
        };
        let slf = Bound::new(py, this)?;
        Self::own(&slf, protocol, waiter)?;
        Ok(slf)
    }

    /// Calls a method of the protocol in the transport's context.
    ///
    /// What it raises goes to the loop's exception handler and does not hurt the transport.
    fn tell<'py>(
        slf: &Bound<'py, Self>,
        method: &Bound<'py, PyString>,
        args: impl pyo3::call::PyCallArgs<'py>,
    ) {
        let py = slf.py();
        let this = slf.get();
        let Some(protocol) = this.protocol(py) else {
            return;
        };
        let outcome = in_context(this.context.bind(py), || {
            protocol.call_method1(method, args)
        });
        if let Err(error) = outcome {
            Self::report_or_raise(slf, error, &format!("Exception in protocol.{method}()"));
        }
    }
}

impl State {
    /// Whether datagrams are delivered.
    fn reads(&self) -> bool {
        self.life.started && !self.life.closing && self.life.lost == 0
    }

    /// What the loop should watch for.
    fn wanted(&self) -> Interest {
        Interest::new(self.reads(), !self.outbox.is_empty())
    }
}
