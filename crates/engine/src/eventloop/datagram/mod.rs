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
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use pyo3::{PyTraverseError, PyVisit, intern};
use reactor::{Interest, Readiness, Token};
use rustix::io::Errno;

use self::address::{Family, Peer};
use self::outbox::Outbox;
use super::EventLoop;
use super::announce::announce;
use super::attached::Attached;
use super::context::{copy_context, in_context};
use super::errno::os_error;
use super::flow;
use super::handle::is_exit;
use super::held::{HeldSocket, describe_socket};
use super::source::Source;

/// What changes while the transport lives.
#[derive(Default)]
struct State {
    /// Its place in the loop, once it is registered.
    token: Option<Token>,
    /// What the loop watches it for.
    interest: Interest,
    /// `connection_made` was called, so datagrams may come.
    started: bool,
    /// What the socket did not take yet.
    outbox: Outbox,
    /// No more reading; the transport goes down when everything is sent.
    closing: bool,
    /// `connection_lost` is on its way or was called. Counts the sends since, to warn of them.
    lost: usize,
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

/// What the loop calls; keeps the transport alive while its descriptor is watched.
struct Endpoint(Py<DatagramTransport>);

impl Source for Endpoint {
    fn ready(
        &self,
        py: Python<'_>,
        _event_loop: &Bound<'_, EventLoop>,
        _token: Token,
        readiness: Readiness,
    ) {
        let transport = self.0.bind(py);
        if readiness.is_readable() {
            DatagramTransport::read_ready(transport);
        }
        if readiness.is_writable() {
            DatagramTransport::write_ready(transport);
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

impl DatagramTransport {
    /// Schedules `connection_made`, then reading, then the waiter, as asyncio does.
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
        let owned = slf.clone().into_any().unbind();
        event_loop
            .get()
            .own_descriptor(py, slf.get().socket.fd(), owned);
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
            let source = Arc::new(Endpoint(slf.clone().unbind()));
            event_loop.register(py, this.socket.descriptor(), now, source)?
        };
        this.state.with(py, |state| {
            state.token = Some(token);
            state.interest = now;
        });
        Ok(())
    }

    /// The same where a failure means that the transport cannot go on.
    fn watch_or_fail(slf: &Bound<'_, Self>) {
        if let Err(error) = Self::watch(slf) {
            let message = "Fatal error: the socket cannot be watched";
            Self::fail(slf, os_error(error), message);
        }
    }

    fn start_reading(slf: &Bound<'_, Self>) {
        slf.get().state.with(slf.py(), |state| state.started = true);
        Self::watch_or_fail(slf);
    }

    fn protocol<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.protocol.with(py, |protocol| {
            protocol.as_ref().map(|protocol| protocol.bind(py).clone())
        })
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

    /// What `repr` says.
    fn describe(&self, py: Python<'_>) -> String {
        let (closing, interest, size) = self.state.with(py, |state| {
            (state.closing, state.wanted(), state.outbox.size())
        });
        let polled = (!self.event_loop.get().is_closed()).then_some((interest, size));
        self.socket
            .describe(py, "DatagramTransport", closing, polled)
    }

    /// Sees to an exception that leaves a callback: two are for the program, the others for the
    /// loop's exception handler.
    fn report_or_raise(slf: &Bound<'_, Self>, error: PyErr, message: &str) {
        let py = slf.py();
        let this = slf.get();
        let event_loop = this.event_loop.bind(py);
        let outcome = if is_exit(py, &error) {
            Err(error)
        } else {
            let protocol = this.protocol(py);
            flow::report(event_loop, slf.as_any(), protocol.as_ref(), &error, message)
        };
        if let Err(failure) = outcome {
            event_loop.get().raise_from_run(py, failure);
        }
    }
}

impl State {
    /// Whether datagrams are delivered.
    fn reads(&self) -> bool {
        self.started && !self.closing && self.lost == 0
    }

    /// What the loop should watch for.
    fn wanted(&self) -> Interest {
        Interest::new(self.reads(), !self.outbox.is_empty())
    }
}
