//! Frames, as far as their first nine octets say what they are (RFC 9113 section 4.1).

use bytes::{BufMut, BytesMut};

/// The octets before each payload.
pub(crate) const HEAD: usize = 9;
/// The longest payload that is taken: what holds unless a server says something else.
pub(crate) const LONGEST: usize = 16 * 1024;

/// The types of frames.
pub(crate) mod kind {
    pub(crate) const DATA: u8 = 0x0;
    pub(crate) const HEADERS: u8 = 0x1;
    pub(crate) const PRIORITY: u8 = 0x2;
    pub(crate) const RST_STREAM: u8 = 0x3;
    pub(crate) const SETTINGS: u8 = 0x4;
    pub(crate) const PUSH_PROMISE: u8 = 0x5;
    pub(crate) const PING: u8 = 0x6;
    pub(crate) const GOAWAY: u8 = 0x7;
    pub(crate) const WINDOW_UPDATE: u8 = 0x8;
    pub(crate) const CONTINUATION: u8 = 0x9;
}

/// Their flags.
pub(crate) mod flag {
    pub(crate) const END_STREAM: u8 = 0x1;
    pub(crate) const ACK: u8 = 0x1;
    pub(crate) const END_HEADERS: u8 = 0x4;
    pub(crate) const PADDED: u8 = 0x8;
    pub(crate) const PRIORITY: u8 = 0x20;
}

/// What stands before a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameHead {
    pub(crate) length: usize,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
}

impl FrameHead {
    /// The head at the front of `bytes`, if it is whole.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let &[long, middle, short, kind, flags, a, b, c, d, ..] = bytes else {
            return None;
        };
        Some(Self {
            length: usize::from(long) << 16 | usize::from(middle) << 8 | usize::from(short),
            kind,
            flags,
            // The first bit is reserved, and to be ignored.
            stream: u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff,
        })
    }

    pub(crate) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Appends a frame of ours. `payload` is short.
    pub(crate) fn write(out: &mut BytesMut, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        out.put_uint(payload.len() as u64, 3);
        out.put_u8(kind);
        out.put_u8(flags);
        out.put_u32(stream);
        out.put_slice(payload);
    }
}

/// The number at the front of `bytes`, if there are four octets.
pub(crate) fn read_u32(bytes: &[u8]) -> Option<u32> {
    bytes
        .first_chunk()
        .map(|octets| u32::from_be_bytes(*octets))
}

/// Walks over frames as they go by, however they are cut.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    /// The beginning of a frame, up to the first four octets of its payload.
    begun: Vec<u8>,
    /// How much of its payload is still to come.
    left: usize,
}

impl Passing {
    /// Calls `see` with the head and the first octets of each frame whose beginning is complete
    /// with `bytes`.
    pub(crate) fn pass(&mut self, mut bytes: &[u8], mut see: impl FnMut(FrameHead, &[u8])) {
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
            bytes = bytes.get(skipped..).unwrap_or_default();
            self.left -= skipped;
            if bytes.is_empty() {
                return;
            }
            let wanted = HEAD + FrameHead::read(&self.begun).map_or(0, |head| head.length.min(4));
            let taken = (wanted - self.begun.len()).min(bytes.len());
            let (part, rest) = bytes.split_at_checked(taken).unwrap_or((bytes, &[]));
            self.begun.extend_from_slice(part);
            bytes = rest;
            if let Some(head) = FrameHead::read(&self.begun)
                && self.begun.len() >= HEAD + head.length.min(4)
            {
                see(head, self.begun.get(HEAD..).unwrap_or_default());
                self.left = HEAD + head.length - self.begun.len();
                self.begun.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_seen_however_they_are_cut() {
        let mut bytes = BytesMut::new();
        FrameHead::write(&mut bytes, kind::DATA, flag::END_STREAM, 5, &[7; 100]);
        FrameHead::write(&mut bytes, kind::SETTINGS, flag::ACK, 0, b"");
        FrameHead::write(&mut bytes, kind::RST_STREAM, 0, 3, &[0, 0, 0, 8]);
        for size in [1, 2, 9, 10, 13, 50, bytes.len()] {
            let (mut passing, mut seen) = (Passing::default(), Vec::new());
            for piece in bytes.chunks(size) {
                passing.pass(piece, |head, payload| {
                    seen.push((head.kind, head.stream, payload.to_vec()));
                });
            }
            let expected = [
                (kind::DATA, 5, vec![7; 4]),
                (kind::SETTINGS, 0, vec![]),
                (kind::RST_STREAM, 3, vec![0, 0, 0, 8]),
            ];
            assert_eq!(seen, expected, "in pieces of {size}");
        }
    }
}
