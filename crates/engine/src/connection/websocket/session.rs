//! The state of one WebSocket.

use std::sync::Arc;

use websocket::{Agreement, Decoder, Encoder};

use super::super::deadlines::Awaited;
use super::{Inbox, Message, Options};

pub(in super::super) struct Session {
    pub(super) decoder: Decoder,
    pub(super) encoder: Encoder,
    pub(super) inbox: Arc<Inbox>,
    /// Our close frame is written; nothing may follow it.
    pub(in super::super) said_close: bool,
    /// A ping is out and was not answered yet.
    pub(in super::super) awaits_pong: bool,
    /// The client broke the rules; it is told when the messages before that were received, so that
    /// their answers can leave first.
    pub(in super::super) has_failed: bool,
}

impl Session {
    pub(super) fn new(options: &Options, agreement: Option<Agreement>, inbox: Arc<Inbox>) -> Self {
        Self {
            decoder: Decoder::new(options.message_limit, agreement),
            encoder: Encoder::new(agreement),
            inbox,
            said_close: false,
            awaits_pong: false,
            has_failed: false,
        }
    }

    pub(in super::super) fn is_full(&self) -> bool {
        self.inbox.is_full()
    }

    /// Whether messages wait for the application.
    pub(super) fn has_messages(&self) -> bool {
        self.inbox.has_messages()
    }

    /// Whether more than a frame's head is on its way, so that a large read pays.
    pub(in super::super) fn is_in_payload(&self) -> bool {
        self.decoder.is_in_payload()
    }

    /// What the connection waits for while it is open.
    pub(in super::super) fn awaited(&self) -> Awaited {
        match (self.said_close, self.awaits_pong) {
            (true, _) => Awaited::Linger,
            (false, true) => Awaited::Pong,
            (false, false) => Awaited::Ping,
        }
    }

    /// Asks the client whether it is there.
    pub(in super::super) fn ask(&mut self, out: &mut Vec<u8>) {
        self.awaits_pong = true;
        self.encoder.ping(out, b"");
    }

    /// Writes the close frame, unless that was done.
    pub(in super::super) fn say_close(&mut self, out: &mut Vec<u8>, code: u16, reason: &str) {
        if !self.said_close {
            self.said_close = true;
            self.encoder.close(out, code, reason);
        }
    }

    /// Nothing comes from the client any more.
    pub(in super::super) fn end(&self, code: u16, reason: &str) {
        self.inbox.end(code, reason);
    }

    pub(super) fn deliver(&self, message: Message) {
        // After our close frame, what the client had under way means nothing.
        if !self.said_close {
            self.inbox.push(message);
        }
    }
}
