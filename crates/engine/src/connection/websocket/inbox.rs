//! Messages on their way to the application.

use std::collections::VecDeque;

use bytes::Bytes;
use websocket::Close;

/// So many bytes that wait are enough, however few messages they are.
const HIGH_WATER: usize = 64 * 1024;

/// One message.
#[derive(Debug)]
pub(in super::super) enum Message {
    Text(String),
    Binary(Bytes),
}

impl Message {
    pub(in super::super) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// What arrived and was not yet received, and how it ended. It outlives the connection: what a client
/// sent before it left reaches the application.
#[derive(Debug)]
pub(in super::super) struct Inbox {
    messages: VecDeque<Message>,
    bytes: usize,
    queue: usize,
    /// Nothing is read behind these messages before they were received.
    is_last: bool,
    ended: Option<Close>,
}

impl Inbox {
    /// An empty one, full at `queue` messages.
    pub(in super::super) fn new(queue: usize) -> Self {
        Self {
            messages: VecDeque::new(),
            bytes: 0,
            queue: queue.max(1),
            is_last: false,
            ended: None,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.messages.len() >= self.queue
            || self.bytes >= HIGH_WATER
            || self.is_last && self.has_messages()
    }

    pub(super) fn has_messages(&self) -> bool {
        !self.messages.is_empty()
    }

    pub(super) fn push(&mut self, message: Message) {
        self.bytes += message.len();
        self.messages.push_back(message);
    }

    /// What stands behind the messages has to wait for them. Says whether there are any.
    pub(super) fn hold(&mut self) -> bool {
        self.is_last = true;
        self.has_messages()
    }

    /// The oldest message, and whether the inbox was full with it.
    pub(in super::super) fn pop(&mut self) -> Option<(Message, bool)> {
        let was_full = self.is_full();
        let message = self.messages.pop_front()?;
        self.bytes -= message.len();
        Some((message, was_full))
    }

    /// Nothing comes any more; the first reason counts.
    pub(super) fn end(&mut self, code: u16, reason: &str) {
        self.ended.get_or_insert_with(|| Close {
            code,
            reason: reason.to_owned(),
        });
    }

    /// How it ended, if it has.
    pub(in super::super) fn ended(&self) -> Option<Close> {
        self.ended.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_by_number_or_by_size() {
        let mut inbox = Inbox::new(2);
        inbox.push(Message::Text("a".into()));
        assert!(!inbox.is_full());
        inbox.push(Message::Text("b".into()));
        assert!(inbox.is_full());
        assert!(matches!(inbox.pop(), Some((Message::Text(text), true)) if text == "a"));
        inbox.push(Message::Binary(vec![0; HIGH_WATER].into()));
        inbox.pop();
        assert!(inbox.is_full());
        inbox.pop();
        assert!(!inbox.is_full() && inbox.pop().is_none());
    }

    #[test]
    fn what_stands_behind_the_messages_can_wait_for_them() {
        let mut inbox = Inbox::new(9);
        assert!(!inbox.hold() && !inbox.is_full());
        inbox.push(Message::Text("a".into()));
        inbox.push(Message::Text("b".into()));
        assert!(inbox.hold() && inbox.is_full());
        assert!(matches!(inbox.pop(), Some((_, true))) && inbox.is_full());
        assert!(matches!(inbox.pop(), Some((_, true))) && !inbox.is_full());
    }

    #[test]
    fn the_first_end_counts() {
        let mut inbox = Inbox::new(1);
        inbox.end(1001, "going");
        inbox.end(1006, "");
        assert_eq!(inbox.ended().map(|close| close.code), Some(1001));
    }
}
