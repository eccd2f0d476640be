//! Trailers of an answer: fields that an application knows when it has sent the body (RFC 9110,
//! section 6.5).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http1::{RequestHead, Version, write_header};
use pyo3::prelude::*;

use super::answer::Rejected;
use super::asgi::Cycle;
use super::head::{Framing, Unsendable};
use super::shared::Shared;
use super::state::State;
use super::turn::Reply;
use super::{Connection, notify};

/// What becomes of the trailers of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trailers {
    /// There are none.
    #[default]
    None,
    /// The client did not say that it takes them, so they go nowhere.
    Dropped,
    Sent,
}

/// What an application sends between the end of the body and that of the answer.
pub(super) struct Trailing {
    framing: Framing,
    /// The client gets them.
    are_sent: bool,
    /// Header lines, checked.
    lines: Vec<u8>,
}

impl Trailing {
    pub(super) fn after(framing: Framing, version: Version, trailers: Trailers) -> Self {
        let have_a_place = match framing {
            Framing::Chunked | Framing::ByFrame => true,
            // HTTP/2 frames a body that has a length as any other.
            Framing::Length(_) => version == Version::Http2,
            Framing::None | Framing::UntilClose => false,
        };
        Self {
            framing,
            are_sent: trailers == Trailers::Sent && have_a_place,
            lines: Vec::new(),
        }
    }

    /// The header lines of what the client gets.
    pub(super) fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// Writes the end of the body, with the trailers.
    fn write(&self, out: &mut Vec<u8>) {
        if self.framing == Framing::Chunked {
            out.extend_from_slice(b"0\r\n");
            out.extend_from_slice(&self.lines);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// Whether the client takes trailers (RFC 9110, section 10.1.4). HTTP/1.0 has no place for them.
pub(super) fn are_taken(head: &RequestHead) -> bool {
    let says_so = |value: &[u8]| {
        value
            .split(|&byte| byte == b',')
            .any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
    };
    head.version() != Version::Http10
        && head
            .headers()
            .any(|(name, value)| name == b"te" && says_so(value))
}

/// Writes one trailer, checked and in lower case.
///
/// What tells where a message ends, where it goes or how its content is read has to be known before
/// that (RFC 9110, section 6.5.1), and a proxy that merges it into the head would believe it.
pub(super) fn write_trailer(
    out: &mut Vec<u8>,
    name: &[u8],
    value: &[u8],
) -> Result<(), Unsendable> {
    let name = name.to_ascii_lowercase();
    if matches!(
        &name[..],
        b"connection"
            | b"content-encoding"
            | b"content-length"
            | b"content-range"
            | b"content-type"
            | b"host"
            | b"keep-alive"
            | b"proxy-connection"
            | b"set-cookie"
            | b"te"
            | b"trailer"
            | b"transfer-encoding"
            | b"upgrade"
    ) {
        return Err(Unsendable::Trailer);
    }
    if write_header(&mut Vec::new(), &name, b"").is_err() {
        return Err(Unsendable::HeaderName);
    }
    write_header(out, &name, value).map_err(|_| Unsendable::HeaderValue)
}

impl Connection {
    /// What becomes of trailers that are to follow a body with a `content-length`. HTTP/1.1 has a place
    /// for them behind chunks only (RFC 9112, section 7.1.2), and the log says so once.
    pub(super) fn trailers_behind_length(&self, py: Python<'_>) -> Trailers {
        if self.state(py).http2.is_some() {
            return Trailers::Sent;
        }
        if !self.shared.has_lost_trailers.swap(true, Ordering::Relaxed) {
            let text = "Trailers are not sent over HTTP/1.1 behind a body with a Content-Length: \
                        leave that header out where trailers are to follow.";
            self.shared.logs.warning(py, text);
        }
        Trailers::Dropped
    }

    /// Takes trailers, and ends the answer unless more are to come.
    pub(super) fn send_trailers(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        lines: &[u8],
        more: bool,
    ) -> Result<(), Rejected> {
        let cycle = self
            .state(py)
            .send_trailers(&self.shared, serial, lines, more)?;
        notify(py, cycle.as_ref(), Cycle::completed);
        self.resume(py);
        Ok(())
    }
}

impl State {
    /// Returns the cycle when the answer is complete, to be told when the lock is released.
    fn send_trailers(
        &mut self,
        shared: &Shared,
        serial: u64,
        lines: &[u8],
        more: bool,
    ) -> Result<Option<Py<Cycle>>, Rejected> {
        let trailing = match self.turn(serial).map(|turn| &mut turn.reply) {
            None => return Ok(None),
            Some(Reply::Waiting) => return Err(Rejected::Expected("http.response.start")),
            Some(Reply::Held { .. } | Reply::Streaming(_)) => {
                return Err(Rejected::Expected("http.response.body"));
            }
            Some(Reply::Upgraded | Reply::Complete) => return Err(Rejected::Complete),
            Some(Reply::Trailing(trailing)) => trailing,
        };
        if trailing.are_sent {
            trailing.lines.extend_from_slice(lines);
        }
        if more {
            return Ok(None);
        }
        let Self {
            http2,
            turn,
            output,
            ..
        } = self;
        if let Some(session) = http2 {
            session.send_trailers(serial)?;
        } else if let Some(turn) = turn
            && let Reply::Trailing(trailing) = &turn.reply
        {
            trailing.write(output.tail());
        }
        Ok(self.complete(shared, serial))
    }
}
