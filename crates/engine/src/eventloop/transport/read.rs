//! From the socket to the protocol.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::SocketTransport;
use crate::eventloop::os_error;

/// The most that one read takes, as in asyncio.
const CHUNK: usize = 256 * 1024;

const READ_FAILED: &str = "Fatal read error on socket transport";

impl SocketTransport {
    /// Reads once and hands over what came.
    pub(super) fn read_ready(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        if !this.state.with(py, |state| state.wanted().is_readable()) {
            return;
        }
        if this.receiver.is_buffered(py) {
            Self::read_into_protocol(slf);
        } else {
            Self::read_bytes(slf);
        }
    }

    fn read_bytes(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let scratch = &this.event_loop.get().scratch;
        let mut buffer = scratch.take(py);
        buffer.resize(CHUNK, 0);
        let received = recv(this.socket.descriptor(), &mut *buffer, RecvFlags::empty());
        let data = received.map(|(_, count)| PyBytes::new(py, buffer.get(..count).unwrap_or(&[])));
        scratch.replace(py, buffer);
        match data {
            Ok(data) if data.as_bytes().is_empty() => Self::end_of_input(slf),
            Ok(data) => {
                if let Err(error) = this.call_protocol(py, intern!(py, "data_received"), (data,)) {
                    let message = "Fatal error: protocol.data_received() call failed.";
                    Self::fail_or_raise(slf, error, message);
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => Self::fail(slf, os_error(error), READ_FAILED),
        }
    }

    fn read_into_protocol(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let buffer = match this.receiver.buffer(this.context.bind(py), -1) {
            Ok(Some(buffer)) => buffer,
            Ok(None) => return,
            Err(error) => {
                let message = "Fatal error: protocol.get_buffer() call failed.";
                return Self::fail_or_raise(slf, error, message);
            }
        };
        // SAFETY: the buffer is exported to us, writable and contiguous, so the memory stays where
        // it is; nothing of Python's runs during the call that could look at it.
        let target = unsafe {
            std::slice::from_raw_parts_mut(buffer.buf_ptr().cast::<u8>(), buffer.item_count())
        };
        let received = recv(this.socket.descriptor(), target, RecvFlags::empty());
        drop(buffer);
        match received {
            Ok((_, 0)) => Self::end_of_input(slf),
            Ok((_, count)) => {
                let outcome = this.call_protocol(py, intern!(py, "buffer_updated"), (count,));
                if let Err(error) = outcome {
                    let message = "Fatal error: protocol.buffer_updated() call failed.";
                    Self::fail_or_raise(slf, error, message);
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => Self::fail(slf, os_error(error), READ_FAILED),
        }
    }

    /// The peer has finished: the protocol decides whether it goes on writing.
    fn end_of_input(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let answer = this.call_protocol(py, intern!(py, "eof_received"), ());
        match answer.and_then(|answer| answer.map_or(Ok(false), |answer| answer.is_truthy())) {
            Ok(true) => {
                this.state.with(py, |state| state.read_finished = true);
                Self::watch_or_fail(slf);
            }
            Ok(false) => Self::close_gently(slf),
            Err(error) => {
                let message = "Fatal error: protocol.eof_received() call failed.";
                Self::fail_or_raise(slf, error, message);
            }
        }
    }
}
