//! From the socket to the protocol.

use std::sync::atomic::Ordering;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use pyo3::{PyErr, intern};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SocketAddrAny, recvfrom};

use super::DatagramTransport;
use super::address::{Family, Peer, to_python};
use crate::eventloop::os_error;

/// The longest datagram, as in asyncio; the rest of a longer one is lost.
const LONGEST: usize = 256 * 1024;

/// The most datagrams that one wake-up hands over.
const BURST: usize = 32;

/// How many wake-ups pass before a second datagram is looked for again when there was none.
const SINGLE: u8 = 7;

/// A datagram and its sender.
type Arrival<'py> = (Bound<'py, PyBytes>, Bound<'py, PyAny>);

impl DatagramTransport {
    /// Hands over what has arrived, the next datagram only if the one before scheduled nothing.
    ///
    /// asyncio reads one datagram an iteration, so whatever the first causes happens before the
    /// second is seen. That order is kept: as soon as a callback is queued the rest waits in the
    /// kernel. Protocols that answer at once, where it does not matter, save the iterations.
    pub(super) fn read_ready(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let event_loop = this.event_loop.get();
        let burst = this.burst(py);
        let mut buffer = event_loop.scratch.take(py);
        buffer.resize(LONGEST, 0);
        let mut count = 0;
        while count < burst && this.state.with(py, |state| state.reads()) {
            let queued = event_loop.queued(py);
            match this.receive(py, &mut buffer) {
                Ok(Some((data, sender))) => {
                    Self::tell(slf, intern!(py, "datagram_received"), (data, sender));
                }
                Ok(None) => {
                    if count == 1 {
                        this.state.with(py, |state| state.single = SINGLE);
                    }
                    break;
                }
                Err(error) => {
                    Self::tell(slf, intern!(py, "error_received"), (error.into_value(py),));
                }
            }
            count += 1;
            if event_loop.queued(py) != queued || event_loop.stopping.load(Ordering::Relaxed) {
                break;
            }
        }
        event_loop.scratch.replace(py, buffer);
    }

    /// How many datagrams this wake-up may hand over.
    ///
    /// Looking for a second one that is not there costs a system call, so it is done seldom while
    /// they come one by one. Debug mode measures callbacks and takes them singly.
    fn burst(&self, py: Python<'_>) -> usize {
        if self.event_loop.get().is_debug() {
            return 1;
        }
        self.state.with(py, |state| {
            if state.single == 0 {
                return BURST;
            }
            state.single -= 1;
            1
        })
    }

    /// The next datagram, `None` when there is none yet.
    fn receive<'py>(&self, py: Python<'py>, buffer: &mut [u8]) -> PyResult<Option<Arrival<'py>>> {
        if self.family == Family::Other {
            return self.receive_by_python(py);
        }
        match recvfrom(self.socket.descriptor(), &mut *buffer, RecvFlags::empty()) {
            Ok((_, count, sender)) => {
                let data = PyBytes::new(py, buffer.get(..count).unwrap_or(buffer));
                Ok(Some((data, self.sender(py, sender)?)))
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(os_error(error)),
        }
    }

    /// The sender's address in Python's form, the same object as long as nobody else sends.
    fn sender<'py>(
        &self,
        py: Python<'py>,
        sender: Option<SocketAddrAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(sender) = sender else {
            return Ok(py.None().into_bound(py));
        };
        let known = self.last.with(py, |last| {
            let last = last.as_ref().filter(|last| last.native == sender)?;
            Some(last.python.bind(py).clone())
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let python = to_python(py, &sender)?;
        let peer = Peer {
            native: sender,
            python: python.clone().unbind(),
        };
        drop(self.last.replace(py, Some(peer)));
        Ok(python)
    }

    /// The same for a family whose addresses only the interpreter knows how to spell.
    fn receive_by_python<'py>(&self, py: Python<'py>) -> PyResult<Option<Arrival<'py>>> {
        let Some(sock) = self.socket.get(py) else {
            return Ok(None);
        };
        match sock.call_method1(intern!(py, "recvfrom"), (LONGEST,)) {
            Ok(arrival) => Ok(Some(arrival.extract()?)),
            Err(error) if is_later(py, &error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether a call of the Python socket has to be made again later.
pub(super) fn is_later(py: Python<'_>, error: &PyErr) -> bool {
    use pyo3::exceptions::{PyBlockingIOError, PyInterruptedError};
    error.is_instance_of::<PyBlockingIOError>(py) || error.is_instance_of::<PyInterruptedError>(py)
}
