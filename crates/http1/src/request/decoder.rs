//! Requests of one connection, one event at a time.

use bytes::{Buf, Bytes, BytesMut};

use super::body::{Body, Piece};
use super::error::{BadRequest, Fault};
use super::head::RequestHead;
use super::parser::{HeadParser, Parsed};
use crate::limits::Limits;

/// What a client sent.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "the head is moved out at once; boxing it would cost an allocation a request"
)]
pub enum Event {
    /// A request begins.
    Head(Box<RequestHead>),
    /// The next bytes of its body, never empty.
    Data(Bytes),
    /// The request is complete. Follows each head, also when there is no body.
    End,
}

/// Decodes the requests that arrive on one connection.
///
/// Work is linear in the number of bytes, however they arrive: the decoder remembers where it
/// stopped, so the bytes it left in the buffer must be in front of it in the next call.
#[derive(Debug)]
pub struct RequestDecoder {
    limits: Limits,
    parser: HeadParser,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Before or in a head. One empty line may stand before it.
    Head {
        empty_line: bool,
    },
    Body(Body),
    Failed(BadRequest),
}

impl RequestDecoder {
    /// A decoder for a new connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: limits.clamped(),
            parser: HeadParser::default(),
            state: State::Head { empty_line: false },
        }
    }

    /// The next event, taken from the front of `buffer`, or `None` when it needs more bytes.
    ///
    /// # Errors
    ///
    /// [`BadRequest`] when the bytes are not a request that RFC 9112 allows and the limits admit.
    /// The connection is then beyond repair: every further call returns the same error.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Event>, BadRequest> {
        match &mut self.state {
            State::Head { empty_line } => {
                match head(&mut self.parser, empty_line, buffer, &self.limits) {
                    Ok(None) => Ok(None),
                    Ok(Some(parsed)) => {
                        self.state = State::Body(Body::new(parsed.verdict.framing));
                        Ok(Some(Event::Head(Box::new(RequestHead::new(
                            buffer.split_to(parsed.end).freeze(),
                            parsed,
                            self.parser.take_fields(),
                        )))))
                    }
                    Err(error) => self.fail(error),
                }
            }
            State::Body(body) => match body.decode(buffer, &self.limits) {
                Ok(Piece::Incomplete) => Ok(None),
                Ok(Piece::Data(data)) => Ok(Some(Event::Data(data))),
                Ok(Piece::End) => {
                    self.state = State::Head { empty_line: false };
                    Ok(Some(Event::End))
                }
                Err(error) => self.fail(error),
            },
            State::Failed(error) => Err(*error),
        }
    }

    /// Whether the last request is complete and nothing of the next one was seen.
    ///
    /// Bytes that were not yet given to [`decode`](Self::decode) do not count.
    #[must_use]
    pub fn is_between_messages(&self) -> bool {
        matches!(self.state, State::Head { .. }) && !self.parser.has_started()
    }

    #[cold]
    fn fail(&mut self, error: BadRequest) -> Result<Option<Event>, BadRequest> {
        self.state = State::Failed(error);
        Err(error)
    }
}

/// The head at the front of `buffer`, after the empty line that may stand before it.
#[inline]
fn head(
    parser: &mut HeadParser,
    empty_line: &mut bool,
    buffer: &mut BytesMut,
    limits: &Limits,
) -> Result<Option<Parsed>, BadRequest> {
    if !parser.has_started() {
        match (buffer.first(), buffer.get(1)) {
            (None, _) | (Some(b'\r'), None) => return Ok(None),
            (Some(b'\r'), Some(b'\n')) if *empty_line => return Err(Fault::EmptyLines.into()),
            (Some(b'\r'), Some(b'\n')) => {
                *empty_line = true;
                buffer.advance(2);
                return head(parser, empty_line, buffer, limits);
            }
            (Some(b'\r' | b'\n'), _) => return Err(Fault::LineEnd.into()),
            _ => {}
        }
    }
    parser.parse(buffer, limits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::work;

    /// Bytes looked at when `request` arrives in pieces of `size`.
    fn work_for(request: &[u8], size: usize) -> usize {
        let mut decoder = RequestDecoder::new(Limits {
            header_count: 10_000,
            ..Limits::default()
        });
        let mut buffer = BytesMut::new();
        let mut ended = false;
        work::take();
        for piece in request.chunks(size) {
            buffer.extend_from_slice(piece);
            while let Some(event) = decoder.decode(&mut buffer).unwrap() {
                ended |= matches!(event, Event::End);
            }
        }
        assert!(ended);
        work::take()
    }

    #[test]
    fn work_is_linear_however_bytes_arrive() {
        let long_target = format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(8000));
        let long_method = format!("{} / HTTP/1.1\r\nhost: a\r\n\r\n", "A".repeat(8000));
        let long_value = format!(
            "GET / HTTP/1.1\r\nhost: a\r\nb: {}\r\n\r\n",
            "\tb".repeat(30_000)
        );
        let long_name = format!(
            "GET / HTTP/1.1\r\nhost: a\r\n{}: b\r\n\r\n",
            "b".repeat(60_000)
        );
        let many = format!(
            "GET / HTTP/1.1\r\nhost: a\r\n{}\r\n",
            "b: c\r\n".repeat(9000)
        );
        let chunked = "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
        let extension = format!(
            "{chunked}0 {};{}\r\n\r\n",
            " ".repeat(7000),
            "e".repeat(9000)
        );
        let trailers = format!("{chunked}0\r\n{}\r\n", "b: c\r\n".repeat(9000));
        let zeros = format!(
            "{chunked}{}0\r\n\r\n",
            "0000000000000001\r\nx\r\n".repeat(1000)
        );
        for request in [
            long_target,
            long_method,
            long_value,
            long_name,
            many,
            extension,
            trailers,
            zeros,
        ] {
            for size in [1, 2, 7, 100, request.len()] {
                let work = work_for(request.as_bytes(), size);
                assert!(work >= request.len() / 30, "nothing was counted");
                // Two looks at a byte and the one after, and a few more a call.
                assert!(
                    work <= 4 * request.len() + 100,
                    "{work} for {}",
                    request.len()
                );
            }
        }
    }
}
