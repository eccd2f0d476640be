//! From the socket to the protocol.

use pyo3::intern;
use pyo3::prelude::*;
use reactor::Readiness;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::SocketTransport;
use crate::eventloop::closing::OverSocket;
use crate::eventloop::life::Living;
use crate::eventloop::receive::{IN_PLACE, receive_bytes};
use crate::eventloop::receiver::Manner;
use crate::eventloop::speaking::Speaking;
use crate::eventloop::{TlsTransport, os_error};

/// The most that one read takes, as in asyncio.
const CHUNK: usize = 256 * 1024;

/// From this size of the last read on, the next one goes straight into `bytes`.
const MUCH: usize = 32 * 1024;

const READ_FAILED: &str = "Fatal read error on socket transport";

/// What a read took of what was there.
#[derive(Clone, Copy)]
enum Taken {
    /// As much as it had room for, or less for a reason that says nothing of the rest.
    Full,
    /// Less than it had room for.
    Short,
    /// Nothing: there was none, or the end.
    Nothing,
}

impl Taken {
    fn of(count: usize, room: usize) -> Self {
        if count < room {
            Self::Short
        } else {
            Self::Full
        }
    }
}

impl SocketTransport {
    /// Reads once and hands over what came.
    pub(super) fn read_ready(slf: &Bound<'_, Self>, readiness: Readiness) {
        let py = slf.py();
        let this = slf.get();
        let (reading, much) =
            (this.state).with(py, |state| (state.reads(), state.last_read >= MUCH));
        if !reading {
            return;
        }
        let taken = match this.receiver.manner(py) {
            Some(Manner::Bytes) if much => Self::read_much(slf),
            Some(Manner::Buffers) => Self::read_into_protocol(slf),
            Some(Manner::Tls) => Self::read_into_tls(slf),
            Some(Manner::Bytes | Manner::Stream) | None => Self::read_bytes(slf),
        };
        let more = match taken {
            Taken::Full => true,
            Taken::Short => !readiness.is_plain(),
            Taken::Nothing => false,
        };
        if more {
            Self::look_again(slf);
        }
    }

    fn read_bytes(slf: &Bound<'_, Self>) -> Taken {
        let py = slf.py();
        let this = slf.get();
        let event_loop = this.event_loop.get();
        let scratch = &event_loop.scratch;
        let mut buffer = scratch.take(py);
        buffer.resize(CHUNK, 0);
        let received = recv(this.socket.descriptor(), &mut *buffer, RecvFlags::empty());
        let taken = match received {
            Ok((_, 0)) => Self::end_of_input(slf),
            Ok((_, count)) => {
                this.state.with(py, |state| state.last_read = count);
                let data = buffer.get(..count).unwrap_or_default();
                let outcome = (this.receiver).deliver(event_loop, this.context.bind(py), data);
                Self::check_delivery(slf, outcome);
                Taken::of(count, CHUNK)
            }
            Err(error) => Self::check_read(slf, error),
        };
        scratch.replace(py, buffer);
        taken
    }

    /// Hands ciphertext to the connection that goes over this transport.
    ///
    /// It takes a copy, so the scratch buffer is free again for what comes of it.
    fn read_into_tls(slf: &Bound<'_, Self>) -> Taken {
        let py = slf.py();
        let this = slf.get();
        let Some(tls) = this.receiver.tls(py) else {
            return Taken::Nothing;
        };
        let scratch = &this.event_loop.get().scratch;
        let mut buffer = scratch.take(py);
        buffer.resize(CHUNK, 0);
        let received = recv(this.socket.descriptor(), &mut *buffer, RecvFlags::empty());
        let received = received.map(|(_, count)| {
            let data = buffer.get(..count).unwrap_or_default();
            (count, tls.get().feed(py, data))
        });
        scratch.replace(py, buffer);
        match received {
            Ok((0, _)) => Self::end_of_input(slf),
            Ok((count, outcome)) => {
                match outcome {
                    Ok(()) => TlsTransport::advance(&tls),
                    Err(error) => Self::fail_or_raise(slf, error, READ_FAILED),
                }
                Taken::of(count, CHUNK)
            }
            Err(error) => Self::check_read(slf, error),
        }
    }

    /// Reads straight into the `bytes` for the protocol: a large piece is not copied once more, and
    /// what was allocated in vain is little in comparison.
    fn read_much(slf: &Bound<'_, Self>) -> Taken {
        let py = slf.py();
        let this = slf.get();
        let received = receive_bytes(py, IN_PLACE, |target| {
            recv(this.socket.descriptor(), target, RecvFlags::empty())
                .map(|((filled, _), _)| filled.len())
        });
        match received {
            Ok(Ok(data)) if data.as_bytes().is_empty() => Self::end_of_input(slf),
            Ok(Ok(data)) => {
                let count = data.as_bytes().len();
                this.state.with(py, |state| state.last_read = count);
                let outcome = this.receiver.deliver_bytes(this.context.bind(py), &data);
                Self::check_delivery(slf, outcome);
                Taken::of(count, IN_PLACE)
            }
            Ok(Err(error)) => Self::check_read(slf, error),
            Err(error) => {
                Self::fail_or_raise(slf, error, READ_FAILED);
                Taken::Full
            }
        }
    }

    fn check_read(slf: &Bound<'_, Self>, error: Errno) -> Taken {
        match error {
            Errno::AGAIN => {}
            Errno::INTR => return Taken::Full,
            _ => Self::fail(slf, os_error(error), READ_FAILED),
        }
        Taken::Nothing
    }

    fn check_delivery(slf: &Bound<'_, Self>, outcome: PyResult<()>) {
        if let Err(error) = outcome {
            let message = "Fatal error: protocol.data_received() call failed.";
            Self::fail_or_raise(slf, error, message);
        }
    }

    fn read_into_protocol(slf: &Bound<'_, Self>) -> Taken {
        let py = slf.py();
        let this = slf.get();
        let buffer = match this.receiver.buffer(this.context.bind(py), -1) {
            Ok(Some(buffer)) => buffer,
            Ok(None) => return Taken::Nothing,
            Err(error) => {
                let message = "Fatal error: protocol.get_buffer() call failed.";
                Self::fail_or_raise(slf, error, message);
                return Taken::Full;
            }
        };
        // SAFETY: the buffer is exported to us, writable and contiguous, so the memory stays where
        // it is; nothing of Python's runs during the call that could look at it.
        let target = unsafe {
            std::slice::from_raw_parts_mut(buffer.buf_ptr().cast::<u8>(), buffer.item_count())
        };
        let size = target.len();
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
                Taken::of(count, size)
            }
            Err(error) => Self::check_read(slf, error),
        }
    }

    /// The peer has finished: the protocol decides whether it goes on writing.
    fn end_of_input(slf: &Bound<'_, Self>) -> Taken {
        let py = slf.py();
        let this = slf.get();
        Self::narrate(slf, "debug", "%r received EOF");
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
        Taken::Nothing
    }
}
