//! Bytes that wait for a descriptor to take them.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use super::flow::{Backlog, Marks};

/// How many pieces one system call sends: as many as Linux takes.
pub(super) const PIECES: usize = 1024;

/// What a transport could not send yet, in order, and whether its protocol was told to wait.
#[derive(Default)]
pub(super) struct Outgoing {
    pieces: VecDeque<Bytes>,
    size: usize,
    marks: Marks,
}

impl Outgoing {
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        self.size += piece.len();
        self.pieces.push_back(piece);
    }

    /// The piece that is next.
    pub(super) fn front(&self) -> Option<Bytes> {
        self.pieces.front().cloned()
    }

    /// What one system call should be offered.
    pub(super) fn slices(&self) -> Vec<IoSlice<'_>> {
        self.pieces
            .iter()
            .take(PIECES)
            .map(|piece| IoSlice::new(piece))
            .collect()
    }

    /// Forgets the first `sent` bytes.
    pub(super) fn advance(&mut self, mut sent: usize) {
        self.size -= sent.min(self.size);
        while let Some(front) = self.pieces.front_mut() {
            if front.len() > sent {
                front.advance(sent);
                break;
            }
            sent -= front.len();
            self.pieces.pop_front();
        }
    }

    /// Gives everything up.
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.size = 0;
    }
}

impl Backlog for Outgoing {
    fn size(&self) -> usize {
        self.size
    }

    fn marks(&mut self) -> &mut Marks {
        &mut self.marks
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Outgoing;
    use crate::eventloop::flow::{Backlog, Limits};

    #[test]
    fn a_partial_send_leaves_the_rest_in_order() {
        let mut outgoing = Outgoing::default();
        for piece in ["one", "two", "three"] {
            outgoing.push(Bytes::from_static(piece.as_bytes()));
        }
        outgoing.advance(4);
        assert_eq!(outgoing.size(), 7);
        assert_eq!(
            outgoing
                .slices()
                .iter()
                .map(|slice| slice.to_vec())
                .collect::<Vec<_>>(),
            [b"wo".to_vec(), b"three".to_vec()]
        );
        outgoing.advance(7);
        assert!(outgoing.is_empty());
    }

    #[test]
    fn a_protocol_is_paused_and_resumed_once() {
        let mut outgoing = Outgoing::default();
        outgoing.marks().limits = Limits { low: 1, high: 2 };
        outgoing.push(Bytes::from_static(b"ab"));
        assert!(!outgoing.pauses());
        outgoing.push(Bytes::from_static(b"c"));
        assert!(outgoing.pauses());
        assert!(!outgoing.pauses());
        outgoing.advance(1);
        assert!(!outgoing.resumes());
        outgoing.clear();
        assert!(outgoing.resumes());
        assert!(!outgoing.resumes());
    }
}
