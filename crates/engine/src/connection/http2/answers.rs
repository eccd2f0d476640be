//! Answers on their way into the codec.

use ::http2::Reason;
use http1::Version;
use pyo3::prelude::*;

use super::super::answer::{Answered, Content, Pushed, Rejected};
use super::super::asgi::Cycle;
use super::super::files::Source;
use super::super::head::{Circumstances, Framing, Headers, Unsendable};
use super::super::output::{HIGH_WATER, LOW_WATER};
use super::super::refusal::write_page_head;
use super::super::shared::Shared;
use super::super::state::Gone;
use super::super::turn::Reply;
use super::session::{Session, id};

impl Session {
    /// Sends a whole answer.
    pub(in super::super) fn answer(
        &mut self,
        shared: &Shared,
        serial: u64,
        status: u16,
        headers: Headers<'_>,
        content: Content<'_>,
    ) -> Result<Answered, Unsendable> {
        let Self {
            streams, scratch, ..
        } = self;
        let stream = streams.get_mut(&serial);
        let Some(stream) = stream.filter(|stream| stream.turn.is_unanswered()) else {
            return Ok(Answered::Nobody);
        };
        scratch.clear();
        let turn = &mut stream.turn;
        let has_body = shared.with_default_lines(|lines| {
            turn.answer_head(scratch, lines, status, headers, content.length())
        })?;
        match content {
            Content::Bytes(body) => self.respond(serial, status, has_body.then_some(body))?,
            Content::File(source) => {
                self.send_head(serial, status, !has_body)?;
                if has_body {
                    self.send_file(serial, source);
                }
            }
        }
        Ok(Answered::Whole(self.complete(serial, shared)))
    }

    /// Sends the head that was written into the scratch, and a whole body after it, or nothing.
    fn respond(&mut self, serial: u64, status: u16, body: Option<&[u8]>) -> Result<(), Unsendable> {
        let body = body.filter(|body| !body.is_empty());
        self.send_head(serial, status, body.is_none())?;
        if let Some(body) = body {
            if let Some(tail) = self.codec.tail(id(serial)) {
                tail.extend_from_slice(body);
            }
            self.end(serial);
        }
        Ok(())
    }

    /// Sends the head that was written into the scratch.
    pub(super) fn send_head(
        &mut self,
        serial: u64,
        status: u16,
        ends: bool,
    ) -> Result<(), Unsendable> {
        if status < 200 {
            // An interim answer is none, and there is nothing to switch to.
            return Err(Unsendable::Status);
        }
        self.is_behind = true;
        self.codec
            .respond(id(serial), status, fields(&self.scratch), ends)
            .map_err(|_| Unsendable::HeaderValue)
    }

    pub(super) fn end(&mut self, serial: u64) {
        self.is_behind = true;
        // Without trailers there is nothing that could not be sent.
        let _ = self.codec.finish(id(serial), None::<std::iter::Empty<_>>);
    }

    /// Sends the head that was held, if one is. Returns its status then.
    pub(in super::super) fn release(
        &mut self,
        shared: &Shared,
        serial: u64,
        whole: Option<usize>,
    ) -> Result<Option<u16>, Unsendable> {
        let Self {
            streams, scratch, ..
        } = self;
        let Some(stream) = streams.get_mut(&serial) else {
            return Ok(None);
        };
        let turn = &mut stream.turn;
        let Reply::Held { status, .. } = turn.reply else {
            return Ok(None);
        };
        scratch.clear();
        shared.with_default_lines(|lines| turn.release_head(scratch, lines, whole))?;
        let ends = matches!(turn.reply, Reply::Streaming(Framing::None));
        self.send_head(serial, status, ends)?;
        Ok(Some(status))
    }

    /// Sends a piece of a body whose head has left.
    pub(in super::super) fn push(
        &mut self,
        serial: u64,
        piece: &[u8],
        more: bool,
    ) -> Result<Pushed, Rejected> {
        let Self {
            streams,
            scratch,
            codec,
            ..
        } = self;
        let Some(stream) = streams.get_mut(&serial) else {
            return Ok(Pushed::Nowhere);
        };
        let raw = stream.turn.frame(scratch, piece, more)?;
        if let Some(tail) = codec.tail(id(serial)) {
            tail.extend_from_slice(raw);
        }
        let ends = stream.turn.is_complete();
        if ends {
            self.end(serial);
        }
        self.is_behind = true;
        Ok(Pushed::On)
    }

    /// Ends an answer with its trailers.
    pub(in super::super) fn send_trailers(&mut self, serial: u64) -> Result<(), Unsendable> {
        self.is_behind = true;
        let turn = self.streams.get(&serial).map(|stream| &stream.turn);
        let Some(Reply::Trailing(trailing)) = turn.map(|turn| &turn.reply) else {
            return Ok(());
        };
        let fields = Some(trailing.lines()).filter(|lines| !lines.is_empty());
        self.codec
            .finish(id(serial), fields.map(lines_of))
            .map_err(|_| Unsendable::HeaderValue)
    }

    /// Has a file follow the head that was sent.
    pub(in super::super) fn send_file(&mut self, serial: u64, source: Source) {
        self.is_behind = true;
        self.files.push((serial, source));
    }

    /// Reads on in the files that are sent, as far as their clients take them.
    pub(super) fn read_files(&mut self) {
        let Self { files, codec, .. } = self;
        files.retain_mut(|(serial, source)| {
            let stream = id(*serial);
            while codec.backlog(stream) < LOW_WATER {
                // Without a stream there is nobody who waits for it.
                let Some(tail) = codec.tail(stream) else {
                    return false;
                };
                match source.fill(tail, HIGH_WATER) {
                    // What was promised cannot be kept.
                    Err(_) => codec.reset(stream, Reason::INTERNAL_ERROR),
                    Ok(_) if source.left() > 0 => continue,
                    Ok(_) => {
                        let _ = codec.finish(stream, None::<std::iter::Empty<_>>);
                    }
                }
                return false;
            }
            true
        });
    }

    /// The answer is in the codec's hands, and what is left of the request of no use. Returns the
    /// cycle, which is to be told when the lock is released.
    pub(in super::super) fn complete(&mut self, serial: u64, shared: &Shared) -> Option<Py<Cycle>> {
        let mut stream = self.streams.remove(&serial)?;
        shared.request_ends();
        shared.count_answer();
        stream.turn.cycle.take()
    }

    /// Answers with `status` in place of whatever was going on; an answer that has begun is cut off.
    pub(in super::super) fn give_up(
        &mut self,
        shared: &Shared,
        serial: u64,
        status: u16,
        text: &str,
        more: &[u8],
    ) -> Gone {
        let at = match self.turn(serial) {
            Some(turn) if turn.is_unanswered() => Some(turn.at),
            _ => None,
        };
        self.is_behind = true;
        match at {
            Some(at) => self.decline(shared, serial, status, text, more, at.head_only),
            None => self.codec.reset(id(serial), Reason::INTERNAL_ERROR),
        }
        self.forget(serial, shared)
    }

    /// Answers a request that nobody else was told of.
    pub(in super::super) fn decline(
        &mut self,
        shared: &Shared,
        serial: u64,
        status: u16,
        text: &str,
        more: &[u8],
        head_only: bool,
    ) {
        self.scratch.clear();
        let out = &mut self.scratch;
        let at = Circumstances {
            head_only,
            version: Version::Http2,
            keep_alive: true,
        };
        let has_body = shared
            .with_default_lines(|lines| write_page_head(out, [lines, more], status, text, at));
        let body = has_body.then_some(text.as_bytes());
        if self.respond(serial, status, body).is_err() {
            self.codec.reset(id(serial), Reason::INTERNAL_ERROR);
        }
        shared.count_answer();
    }
}

/// The fields of a head in HTTP/1's form, whose first line is its status.
fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let status = memchr::memchr(b'\n', head).map_or(0, |end| end + 1);
    lines_of(head.get(status..).unwrap_or_default())
}

/// The fields of header lines.
pub(super) fn lines_of(lines: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    lines.split(|&byte| byte == b'\n').filter_map(|line| {
        let line = line.strip_suffix(b"\r")?;
        let colon = memchr::memchr(b':', line)?;
        let (name, value) = line.split_at_checked(colon)?;
        Some((name, value.strip_prefix(b": ").unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_a_head() {
        let head = b"HTTP/1.1 200 OK\r\ndate: now: then\r\nx: \r\n\r\n";
        let found: Vec<_> = fields(head).collect();
        let expected: [(&[u8], &[u8]); 2] = [(b"date", b"now: then"), (b"x", b"")];
        assert_eq!(found, expected);
    }
}
