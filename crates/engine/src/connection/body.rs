//! The part of a request body that arrived and was not yet taken.

use bytes::{Bytes, BytesMut};

/// Received body bytes. One piece is kept as it came; more are joined.
#[derive(Default)]
pub(super) struct Body {
    first: Bytes,
    joined: BytesMut,
}

impl Body {
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn push(&mut self, piece: Bytes) {
        if self.is_empty() {
            self.first = piece;
            return;
        }
        if !self.first.is_empty() {
            self.joined.extend_from_slice(&self.first);
            self.first = Bytes::new();
        }
        self.joined.extend_from_slice(&piece);
    }

    /// Everything that arrived since the last time.
    pub(super) fn take(&mut self) -> Bytes {
        if self.joined.is_empty() {
            std::mem::take(&mut self.first)
        } else {
            std::mem::take(&mut self.joined).freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_out_joined_and_in_order() {
        let mut body = Body::default();
        assert!(body.take().is_empty());
        body.push(Bytes::from_static(b"one"));
        assert_eq!(body.take().as_ref(), b"one");
        for piece in ["a", "b", "c"] {
            body.push(Bytes::from_static(piece.as_bytes()));
        }
        assert_eq!(body.len(), 3);
        assert_eq!(body.take().as_ref(), b"abc");
        assert!(body.is_empty());
    }
}
