//! From the protocol to the socket.

use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rustix::io::Errno;
use rustix::net::{SendFlags, send, sendto};

use super::DatagramTransport;
use super::address::{Destination, Family, from_python};
use super::outbox::Letter;
use super::receive::is_later;
use crate::eventloop::life::Living;
use crate::eventloop::speaking::Flowing;
use crate::eventloop::speaking::Speaking;
use crate::eventloop::written::as_bytes;
use crate::eventloop::{is_exit, log_warning, os_error};

const SEND_FAILED: &str = "Fatal write error on datagram transport";

/// Sends on a lost connection that are ignored before a word is said about them.
const SILENT_SENDS: usize = 5;

/// What became of a datagram.
enum Sent {
    Now,
    Later,
}

impl DatagramTransport {
    /// Sends a datagram at once if the socket takes it, or buffers it.
    pub(super) fn send_to<'py>(
        slf: &Bound<'py, Self>,
        data: &Bound<'py, PyAny>,
        address: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let data = as_bytes(data)?;
        this.check_remote(py, address)?;
        if this.is_over(py)? {
            return Ok(());
        }
        let to = match this.destination(py, address) {
            Ok(to) => to,
            // An address that cannot be is the network's word as well, as in asyncio.
            Err(error) => return Self::error_received(slf, error),
        };
        if this.state.with(py, |state| state.outbox.is_empty()) {
            match this.transmit(py, &data, &to) {
                Ok(Sent::Now) => return Ok(()),
                Ok(Sent::Later) => {}
                Err(error) => return Self::error_received(slf, error),
            }
        }
        let letter = Letter {
            data: data.unbind(),
            to,
        };
        let is_lost = this.state.with(py, |state| state.life.lost > 0);
        if is_lost {
            // Nobody waits for a closed socket to take it.
            return Ok(());
        }
        this.state.with(py, |state| state.outbox.push(py, letter));
        Self::watch_or_fail(slf);
        Self::pause_if_full(slf)
    }

    /// The socket takes more.
    pub(super) fn write_ready(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        while let Some(letter) = this.state.with(py, |state| state.outbox.pop(py)) {
            match this.transmit(py, letter.data.bind(py), &letter.to) {
                Ok(Sent::Now) => {}
                Ok(Sent::Later) => {
                    this.state
                        .with(py, |state| state.outbox.put_back(py, letter));
                    break;
                }
                Err(error) if error.is_instance_of::<PyOSError>(py) => {
                    Self::tell(slf, intern!(py, "error_received"), (error.into_value(py),));
                    break;
                }
                Err(error) if is_exit(py, &error) => {
                    return this.event_loop.get().raise_from_run(py, error);
                }
                Err(error) => return Self::fail(slf, error, SEND_FAILED),
            }
        }
        if let Err(error) = Self::resume_if_drained(slf) {
            this.event_loop.get().raise_from_run(py, error);
        }
        let ends = this
            .state
            .with(py, |state| state.life.closing && state.outbox.is_empty());
        if ends {
            Self::lose(slf, None);
        } else {
            Self::watch_or_fail(slf);
        }
    }

    /// Tells the protocol there and then; what it raises leaves `sendto`.
    fn error_received(slf: &Bound<'_, Self>, error: PyErr) -> PyResult<()> {
        let py = slf.py();
        if !error.is_instance_of::<PyOSError>(py) {
            return Err(error);
        }
        if let Some(protocol) = slf.get().protocol(py) {
            protocol.call_method1(intern!(py, "error_received"), (error.into_value(py),))?;
        }
        Ok(())
    }

    /// Where there is only one address to send to, refuses others.
    fn check_remote(&self, py: Python<'_>, address: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let (Some(remote), Some(address)) = (&self.remote, address) else {
            return Ok(());
        };
        let remote = remote.bind(py);
        if address.eq(remote)? {
            return Ok(());
        }
        Err(PyValueError::new_err(format!(
            "Invalid address: must be None or {}",
            remote.str()?
        )))
    }

    /// Counts what is sent to nobody, and warns when it is much.
    fn is_over(&self, py: Python<'_>) -> PyResult<bool> {
        let is_open = self.remote.is_none() && self.socket.is_held(py);
        let lost = self.state.with(py, |state| {
            if state.life.lost > 0 && !is_open {
                state.life.lost += 1;
                return state.life.lost;
            }
            0
        });
        if lost > SILENT_SENDS {
            log_warning(py, ("socket.send() raised exception.",))?;
        }
        Ok(lost > 0)
    }

    fn destination(
        &self,
        py: Python<'_>,
        address: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Destination> {
        if self.connected {
            return Ok(Destination::Connected);
        }
        let remote = self.remote.as_ref().map(|remote| remote.bind(py));
        let Some(address) = address.or(remote) else {
            return Ok(Destination::Connected);
        };
        let answered = self.last.with(py, |last| {
            let last = last.as_ref().filter(|last| last.python.is(address))?;
            Some(Destination::Native(last.native.clone()))
        });
        match answered {
            Some(answered) => Ok(answered),
            None if self.family == Family::Other => {
                Ok(Destination::Python(address.clone().unbind()))
            }
            None => {
                from_python(self.family, address, self.socket.descriptor()).map(Destination::Native)
            }
        }
    }

    fn transmit(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyBytes>,
        to: &Destination,
    ) -> PyResult<Sent> {
        let outcome = match to {
            Destination::Connected => send(
                self.socket.descriptor(),
                data.as_bytes(),
                SendFlags::NOSIGNAL,
            ),
            Destination::Native(address) => sendto(
                self.socket.descriptor(),
                data.as_bytes(),
                SendFlags::NOSIGNAL,
                address,
            ),
            Destination::Python(address) => return self.transmit_by_python(py, data, address),
        };
        match outcome {
            Ok(_) => Ok(Sent::Now),
            Err(Errno::AGAIN | Errno::INTR) => Ok(Sent::Later),
            Err(error) => Err(os_error(error)),
        }
    }

    fn transmit_by_python(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyBytes>,
        address: &Py<PyAny>,
    ) -> PyResult<Sent> {
        let Some(sock) = self.socket.get(py) else {
            return Ok(Sent::Now);
        };
        match sock.call_method1(intern!(py, "sendto"), (data, address)) {
            Ok(_) => Ok(Sent::Now),
            Err(error) if is_later(py, &error) => Ok(Sent::Later),
            Err(error) => Err(error),
        }
    }
}
