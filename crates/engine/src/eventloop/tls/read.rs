//! From the transport below to the protocol.

use pyo3::intern;
use pyo3::prelude::*;

use super::session::Step;
use super::window::Span;
use super::write::FAILED;
use super::{CHUNK, Phase, TlsTransport};
use crate::eventloop::receive::{IN_PLACE, receive_bytes};

/// The most that one record holds, in bytes.
const RECORD: usize = 16 * 1024;

/// Why decrypting has stopped.
enum Stop {
    /// There is no room for more.
    Full,
    /// There is no more.
    Drained,
    /// There will be no more.
    Over,
    Failed(PyErr),
}

impl TlsTransport {
    /// Takes ciphertext from the transport below; [`advance`](Self::advance) works on it.
    pub(in crate::eventloop) fn feed(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        match self.phase(py) {
            Phase::Closed => Ok(()),
            _ => self.session.feed(py, data),
        }
    }

    /// Goes on, now that there is more from below.
    pub(in crate::eventloop) fn advance(slf: &Bound<'_, Self>) {
        match slf.get().phase(slf.py()) {
            Phase::Handshake => Self::shake_hands(slf),
            Phase::Open => Self::deliver(slf),
            Phase::Flushing | Phase::ShuttingDown => Self::go_on_closing(slf),
            Phase::Idle | Phase::Closed => {}
        }
    }

    /// Feeds and goes on; what goes wrong is fatal for the connection.
    pub(super) fn receive(slf: &Bound<'_, Self>, data: &[u8]) {
        match slf.get().feed(slf.py(), data) {
            Ok(()) => Self::advance(slf),
            Err(error) => Self::fail(slf, error, FAILED),
        }
    }

    /// The transport below has reached its end; answers whether it is still needed.
    pub(super) fn end(slf: &Bound<'_, Self>) -> bool {
        let py = slf.py();
        let this = slf.get();
        this.state.with(py, |state| {
            state.ended = true;
            state.cut = true;
        });
        if this.phase(py) == Phase::Handshake {
            Self::end_handshake(slf);
        } else {
            Self::advance(slf);
        }
        this.phase(py) != Phase::Closed
    }

    /// Hands over what there is to decrypt, then sends what was written meanwhile.
    pub(super) fn deliver(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let entered = this.state.with(py, |state| {
            state.phase == Phase::Open && !std::mem::replace(&mut state.delivering, true)
        });
        if !entered {
            return;
        }
        let outcome = Self::deliver_all(slf);
        let open = this.state.with(py, |state| {
            state.delivering = false;
            state.phase == Phase::Open
        });
        match outcome {
            Ok(()) if open => {
                let sent = Self::push(slf);
                Self::or_fail(slf, sent, FAILED);
                let over = this.state.with(py, |state| {
                    state.ended && !state.reading_paused && state.phase == Phase::Open
                });
                if over {
                    Self::tell_end(slf);
                    Self::close_gently(slf);
                }
            }
            Ok(()) => {}
            Err(error) => Self::fail(slf, error, FAILED),
        }
        Self::or_fail(slf, this.control_reading(py), FAILED);
    }

    fn deliver_all(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        loop {
            let (reading, more, torn) = this.state.with(py, |state| {
                let reading = state.phase == Phase::Open && !state.reading_paused;
                (reading, state.more, state.torn)
            });
            if !reading {
                return Ok(());
            }
            let waiting = this.session.waiting(py)?;
            if waiting == 0 && !more {
                return Ok(());
            }
            let hidden = if more || torn { RECORD } else { 0 };
            let expected = (waiting + hidden).min(CHUNK);
            let stop = if this.receiver.is_buffered(py) {
                this.fill_theirs(py, expected)?
            } else if this.receiver.takes_bytes(py) {
                this.fill_bytes(py, expected.min(IN_PLACE))?
            } else {
                this.fill_scratch(py)?
            };
            match stop {
                Stop::Full => {}
                Stop::Drained => return Ok(()),
                Stop::Over => {
                    this.state.with(py, |state| state.ended = true);
                    return Ok(());
                }
                Stop::Failed(error) => return Err(error),
            }
        }
    }

    /// Hands over new `bytes`.
    fn fill_bytes(&self, py: Python<'_>, expected: usize) -> PyResult<Stop> {
        let mut stop = Stop::Drained;
        let data = receive_bytes(py, expected, |target| {
            let span = Span::writable(target.as_mut_ptr().cast(), target.len());
            // SAFETY: the memory is borrowed for this call.
            let (filled, reason) = unsafe { self.decrypt(py, span) };
            stop = reason;
            if filled > 0 { Ok(filled) } else { Err(()) }
        })?;
        if let Ok(data) = data {
            self.receiver.deliver_bytes(self.context.bind(py), &data)?;
        }
        Ok(stop)
    }

    /// Hands over what need not be an object: to asyncio's streams, or to TLS over this.
    fn fill_scratch(&self, py: Python<'_>) -> PyResult<Stop> {
        let scratch = &self.event_loop.get().scratch;
        let mut buffer = scratch.take(py);
        buffer.resize(CHUNK, 0);
        let span = Span::writable(buffer.as_mut_ptr(), buffer.len());
        // SAFETY: the buffer was taken out of the loop, so nobody else has it.
        let (filled, stop) = unsafe { self.decrypt(py, span) };
        let outcome = match buffer.get(..filled) {
            Some(data) if filled > 0 => self.hand_over(py, data),
            _ => Ok(()),
        };
        scratch.replace(py, buffer);
        outcome.map(|()| stop)
    }

    fn hand_over(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        if let Some(above) = self.receiver.tls(py) {
            Self::receive(&above, data);
            return Ok(());
        }
        let event_loop = self.event_loop.get();
        (self.receiver).deliver(event_loop, self.context.bind(py), data)
    }

    /// Fills the protocol's own buffer.
    fn fill_theirs(&self, py: Python<'_>, expected: usize) -> PyResult<Stop> {
        let hint = isize::try_from(expected).unwrap_or(-1);
        let Some(buffer) = self.receiver.buffer(self.context.bind(py), hint)? else {
            return Ok(Stop::Drained);
        };
        let span = Span::writable(buffer.buf_ptr().cast(), buffer.item_count());
        // SAFETY: the buffer is exported to us, writable and contiguous, so the memory stays where
        // it is. OpenSSL fills it without the GIL: what other threads do to it meanwhile is between
        // them and the application, as with every buffer that Python fills.
        let (filled, stop) = unsafe { self.decrypt(py, span) };
        drop(buffer);
        if filled > 0 {
            self.call_protocol(py, intern!(py, "buffer_updated"), (filled,))?;
        }
        Ok(stop)
    }

    /// Decrypts as much as there is and fits; says how much that was and why it is not more.
    ///
    /// # Safety
    /// The memory of `target` is alive during the call and nobody else uses it.
    unsafe fn decrypt(&self, py: Python<'_>, target: Span) -> (usize, Stop) {
        let mut filled = 0;
        let stop = loop {
            let room = target.after(filled);
            if room.len() == 0 {
                break Stop::Full;
            }
            // A read that finds nothing costs an exception.
            if !self.state.with(py, |state| state.more) {
                match self.session.waiting(py) {
                    Ok(0) => break Stop::Drained,
                    Ok(_) => {}
                    Err(error) => break Stop::Failed(error),
                }
            }
            // SAFETY: the caller vouches for the memory.
            let step = unsafe { self.session.read(py, room) };
            self.state.with(py, |state| {
                state.more = matches!(step, Ok(Step::Done(count)) if count == room.len());
                state.torn = matches!(step, Ok(Step::Again));
            });
            match step {
                Ok(Step::Done(count)) => filled += count,
                Ok(Step::Again) => break Stop::Drained,
                Ok(Step::Over) => break Stop::Over,
                Err(error) => break Stop::Failed(error),
            }
        };
        (filled, stop)
    }

    /// Drops what has come since the application closed.
    pub(super) fn drop_input(&self, py: Python<'_>) -> PyResult<()> {
        let mut nowhere = vec![0; RECORD];
        let span = Span::writable(nowhere.as_mut_ptr(), nowhere.len());
        loop {
            // SAFETY: the memory is that of `nowhere`, which nobody else has.
            match unsafe { self.decrypt(py, span) }.1 {
                Stop::Full => {}
                Stop::Drained => return Ok(()),
                Stop::Over => {
                    self.state.with(py, |state| state.ended = true);
                    return Ok(());
                }
                Stop::Failed(error) => return Err(error),
            }
        }
    }

    /// Stops the transport below from reading while much ciphertext waits.
    pub(super) fn control_reading(&self, py: Python<'_>) -> PyResult<()> {
        let (idle, limits, paused) = self.state.with(py, |state| {
            let idle = !state.reading_paused && !state.lower_paused;
            (idle, state.incoming, state.lower_paused)
        });
        if idle {
            return Ok(());
        }
        let waiting = self.session.waiting(py)?;
        let method = if !paused && waiting >= limits.high {
            intern!(py, "pause_reading")
        } else if paused && waiting <= limits.low {
            intern!(py, "resume_reading")
        } else {
            return Ok(());
        };
        self.state.with(py, |state| state.lower_paused = !paused);
        self.call_lower(method)
    }

    /// Delivers again, from the next iteration on.
    pub(super) fn resume_reading(slf: &Bound<'_, Self>) {
        let py = slf.py();
        let this = slf.get();
        let resumed = this.state.with(py, |state| {
            std::mem::replace(&mut state.reading_paused, false)
        });
        if resumed {
            let transport = slf.clone().unbind();
            this.event_loop
                .get()
                .call_soon_native(py, Box::new(move |py| Self::advance(transport.bind(py))));
        }
    }
}
