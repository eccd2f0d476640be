//! Answers of the server's own: to what is no request, and to what an application did not answer.

use std::sync::Arc;

use ::websocket::{Refusal, Upgrade};
use http1::{BadRequest, Framing as RequestFraming, RequestHead, Version, reason};
use proxy::Malformed;
use pyo3::prelude::*;

use super::head::{self, Circumstances, Framing, Said};
use super::shared::Shared;
use super::state::{Ending, Gone, State};
use super::turn::Reply;
use super::{Connection, bury};

impl Connection {
    /// What arrived is not a request that can be served.
    pub(super) fn refuse(self: &Arc<Self>, py: Python<'_>, bad: BadRequest) {
        // The text is one of a fixed few: nothing that a client sent reaches the log.
        let text = format!("Invalid HTTP request received: {bad}");
        self.shared.logs.warning(py, &text);
        self.shared.count_refusal();
        self.give_up(py, bad.status(), bad.message());
    }

    /// A request of HTTP/2 that the application is not told of.
    pub(super) fn decline(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        status: u16,
        text: &'static str,
    ) {
        let text_of_log = format!("Invalid HTTP request received: {text}");
        self.shared.logs.warning(py, &text_of_log);
        if !self.give_up_turn(py, serial, status, text)
            && let Some(session) = &mut self.state(py).http2
        {
            session.decline(&self.shared, serial, status, text, b"", false);
        }
    }

    /// A client broke the rules of HTTP/2, and was told so.
    pub(super) fn report(&self, py: Python<'_>, violation: ::http2::Violation) {
        let text = format!("Invalid HTTP/2 received: {violation}");
        self.shared.logs.warning(py, &text);
    }

    /// A tunnel was asked for, which only a proxy can give.
    pub(super) fn refuse_connect(self: &Arc<Self>, py: Python<'_>, serial: u64) {
        self.give_up_turn(py, serial, 400, "this server is not a proxy");
    }

    /// What a trusted proxy passed on leaves open who the client is.
    pub(super) fn refuse_forwarded(self: &Arc<Self>, py: Python<'_>, serial: u64, bad: Malformed) {
        let text = format!("Request refused: {bad}");
        self.shared.logs.warning(py, &text);
        self.give_up_turn(py, serial, 400, &bad.to_string());
    }

    /// Whether the request is to open a WebSocket. An offer to speak another protocol is not taken:
    /// such a request is served as what it is (RFC 9110, section 7.8).
    pub(super) fn asks_for_websocket(&self, head: &RequestHead) -> bool {
        self.shared.options.websocket.is_on
            && head.is_upgrade()
            && (head.version() == Version::Http2
                || Upgrade::is_asked_for(head.header(b"upgrade").unwrap_or_default()))
    }

    /// Whether it is to open a WebSocket and has a body: bytes that could be taken for either
    /// protocol are how requests are smuggled.
    pub(super) fn hides_frames(&self, head: &RequestHead) -> bool {
        self.shared.options.websocket.is_on
            && !matches!(
                head.body(),
                RequestFraming::None | RequestFraming::Length(0)
            )
            && head.header(b"sec-websocket-key").is_some()
            && Upgrade::is_asked_for(head.header(b"upgrade").unwrap_or_default())
    }

    pub(super) fn refuse_hidden_frames(self: &Arc<Self>, py: Python<'_>, serial: u64) {
        self.give_up_turn(py, serial, 400, "the handshake of a WebSocket has no body");
    }

    /// It is, but not in the way that RFC 6455 demands.
    pub(super) fn refuse_websocket(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        refusal: Refusal,
    ) {
        let text = format!("WebSocket handshake refused: {refusal}");
        self.shared.logs.warning(py, &text);
        let version: &[u8] = if refusal.status() == 426 {
            b"sec-websocket-version: 13\r\nupgrade: websocket\r\n"
        } else {
            b""
        };
        self.give_up_turn_with(py, serial, refusal.status(), &refusal.to_string(), version);
    }

    /// The request took too long to arrive.
    pub(super) fn time_out(self: &Arc<Self>, py: Python<'_>) {
        self.shared.count_refusal();
        self.give_up(py, 408, "the request took too long to arrive");
        self.settle(py);
    }

    /// The body of one request among others took too long to arrive.
    pub(super) fn time_out_turn(self: &Arc<Self>, py: Python<'_>, serial: u64) {
        self.give_up_turn(py, serial, 408, "the request took too long to arrive");
    }

    /// There are too many requests at a time.
    pub(super) fn turn_away(self: &Arc<Self>, py: Python<'_>, serial: u64) {
        if self.shared.gate.may_complain(self.shared.now()) {
            self.shared.logs.warning(py, "Exceeded concurrency limit.");
        }
        self.give_up_turn_with(py, serial, 503, reason(503), b"retry-after: 1\r\n");
    }

    /// The application failed to answer the request with this serial: 500 if nothing of an answer
    /// has left, otherwise the connection ends where it is. A client that left in the middle of its
    /// request is told nothing.
    pub(crate) fn fail_turn(self: &Arc<Self>, py: Python<'_>, serial: u64) {
        if self.give_up_turn(py, serial, 500, reason(500)) {
            self.resume(py);
        }
    }

    /// The server itself failed in the middle of whatever it was doing.
    pub(super) fn fail_whole(self: &Arc<Self>, py: Python<'_>) {
        self.give_up(py, 500, reason(500));
        self.settle(py);
    }

    /// Answers with `status` in place of whatever was going on, and ends the connection.
    fn give_up(self: &Arc<Self>, py: Python<'_>, status: u16, text: &str) {
        let gone = self.state(py).give_up(&self.shared, status, text, b"");
        bury(py, &gone);
    }

    /// Answers the request with this serial with `status`, if somebody waits for it still, in
    /// place of whatever it was answered so far. Says whether there was such a request.
    fn give_up_turn(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        status: u16,
        text: &str,
    ) -> bool {
        self.give_up_turn_with(py, serial, status, text, b"")
    }

    fn give_up_turn_with(
        self: &Arc<Self>,
        py: Python<'_>,
        serial: u64,
        status: u16,
        text: &str,
        lines: &[u8],
    ) -> bool {
        let gone = {
            let mut state = self.state(py);
            match state.turn(serial) {
                None => return false,
                Some(turn) if turn.is_unanswered() => turn.note_status(status),
                Some(_) => {}
            }
            match &mut state.http2 {
                Some(session) => session.give_up(&self.shared, serial, status, text, lines),
                None => state.give_up(&self.shared, status, text, lines),
            }
        };
        bury(py, &gone);
        true
    }
}

impl State {
    fn give_up(&mut self, shared: &Shared, status: u16, text: &str, more: &[u8]) -> Gone {
        if let Some(session) = &mut self.http2 {
            session.abort(::http2::Reason::INTERNAL_ERROR);
            self.ending = Ending::Close;
            return session.forget_all(shared);
        }
        let (at, unanswered, cut) = match &self.turn {
            None => (None, self.ending == Ending::None, false),
            Some(turn) => (
                Some(turn.at),
                turn.is_unanswered(),
                matches!(turn.reply, Reply::Streaming(Framing::UntilClose)),
            ),
        };
        if unanswered && !self.is_cut_short() {
            if let Some(turn) = &mut self.turn {
                turn.note_status(status);
            }
            let usual = Circumstances {
                head_only: false,
                version: Version::Http11,
                keep_alive: false,
            };
            let at = Circumstances {
                keep_alive: false,
                ..at.unwrap_or(usual)
            };
            shared.with_default_lines(|lines| {
                let out = self.output.tail();
                if write_page_head(out, [lines, more], status, text, at) {
                    out.extend_from_slice(text.as_bytes());
                }
            });
            shared.count_answer();
            shared.count_own_answer();
            self.ending = Ending::Linger;
        } else if self.ending == Ending::None {
            // Without its end a framed body is seen to be cut off; one that ends with the
            // connection needs a reset to tell.
            if cut {
                self.throw_away();
            }
            self.ending = Ending::Close;
        }
        self.abandon(shared)
    }
}

/// Writes an answer of plain text, but for that. Says whether it is to follow.
pub(super) fn write_page_head(
    out: &mut Vec<u8>,
    lines: [&[u8]; 2],
    status: u16,
    text: &str,
    at: Circumstances,
) -> bool {
    http1::write_status_line(out, status);
    out.extend(lines.into_iter().flatten());
    out.extend_from_slice(b"content-type: text/plain; charset=utf-8\r\n");
    let length = Some(text.len() as u64);
    let (framing, _) = head::end_head(out, Said::default(), status, at, length);
    framing != Framing::None
}
