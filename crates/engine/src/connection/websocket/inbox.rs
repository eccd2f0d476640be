//! Messages on their way to the application.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use websocket::Close;

use super::super::shared::lock;

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
///
/// What is asked of it again and again needs no lock.
#[derive(Debug)]
pub(in super::super) struct Inbox {
    contents: Mutex<Contents>,
    is_full: AtomicBool,
    has_messages: AtomicBool,
    has_ended: AtomicBool,
}

#[derive(Debug)]
struct Contents {
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
            contents: Mutex::new(Contents {
                messages: VecDeque::new(),
                bytes: 0,
                queue: queue.max(1),
                is_last: false,
                ended: None,
            }),
            is_full: AtomicBool::new(false),
            has_messages: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Relaxed)
    }

    pub(super) fn has_messages(&self) -> bool {
        self.has_messages.load(Ordering::Relaxed)
    }

    pub(super) fn push(&self, message: Message) {
        self.change(|contents| {
            contents.bytes += message.len();
            contents.messages.push_back(message);
        });
    }

    /// What stands behind the messages has to wait for them. Says whether there are any.
    pub(super) fn hold(&self) -> bool {
        self.change(|contents| {
            contents.is_last = true;
            contents.has_messages()
        })
    }

    /// The oldest message, and whether the inbox was full with it.
    pub(in super::super) fn pop(&self) -> Option<(Message, bool)> {
        if !self.has_messages() {
            return None;
        }
        let was_full = self.is_full();
        let message = self.change(|contents| {
            let message = contents.messages.pop_front()?;
            contents.bytes -= message.len();
            Some(message)
        })?;
        Some((message, was_full))
    }

    /// Nothing comes any more; the first reason counts.
    pub(super) fn end(&self, code: u16, reason: &str) {
        lock(&self.contents).ended.get_or_insert_with(|| Close {
            code,
            reason: reason.to_owned(),
        });
        self.has_ended.store(true, Ordering::Relaxed);
    }

    /// How it ended, if it has.
    pub(in super::super) fn ended(&self) -> Option<Close> {
        if !self.has_ended.load(Ordering::Relaxed) {
            return None;
        }
        lock(&self.contents).ended.clone()
    }

    /// Changes what is in it, and notes what that is to those who ask.
    fn change<R>(&self, change: impl FnOnce(&mut Contents) -> R) -> R {
        let mut contents = lock(&self.contents);
        let outcome = change(&mut contents);
        self.is_full.store(contents.is_full(), Ordering::Relaxed);
        self.has_messages
            .store(contents.has_messages(), Ordering::Relaxed);
        outcome
    }
}

impl Contents {
    fn is_full(&self) -> bool {
        self.messages.len() >= self.queue
            || self.bytes >= HIGH_WATER
            || self.is_last && self.has_messages()
    }

    fn has_messages(&self) -> bool {
        !self.messages.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_by_number_or_by_size() {
        let inbox = Inbox::new(2);
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
        let inbox = Inbox::new(9);
        assert!(!inbox.hold() && !inbox.is_full());
        inbox.push(Message::Text("a".into()));
        inbox.push(Message::Text("b".into()));
        assert!(inbox.hold() && inbox.is_full());
        assert!(matches!(inbox.pop(), Some((_, true))) && inbox.is_full());
        assert!(matches!(inbox.pop(), Some((_, true))) && !inbox.is_full());
    }

    #[test]
    fn the_first_end_counts() {
        let inbox = Inbox::new(1);
        inbox.end(1001, "going");
        inbox.end(1006, "");
        assert_eq!(inbox.ended().map(|close| close.code), Some(1001));
    }
}
