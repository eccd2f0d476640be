//! What a client may say in SETTINGS (RFC 9113 section 6.5).

use bytes::{BufMut, BytesMut};
use h2::Reason;

use crate::frame::{FrameHead, flag, kind, read_u32};
use crate::violation::Violation;

const HEADER_TABLE_SIZE: u16 = 0x1;
const ENABLE_PUSH: u16 = 0x2;
const INITIAL_WINDOW_SIZE: u16 = 0x4;
const MAX_FRAME_SIZE: u16 = 0x5;
const ENABLE_CONNECT_PROTOCOL: u16 = 0x8;

/// How many settings one frame may bring; there are seven that mean anything.
const MOST: usize = 64;
/// The largest table that our answers' headers are compressed with, in bytes, whatever a client has
/// room for.
const TABLE: u32 = 4096;

/// Checks a frame and appends what the crate is to see of it.
pub(crate) fn pass(head: FrameHead, payload: &[u8], feed: &mut BytesMut) -> Result<(), Violation> {
    check(head, payload)?;
    let mut passed = BytesMut::with_capacity(payload.len());
    for setting in payload.chunks_exact(6) {
        let (id, value) = setting.split_at(2);
        passed.put_slice(id);
        match read_u32(value) {
            Some(size) if id == HEADER_TABLE_SIZE.to_be_bytes() => passed.put_u32(size.min(TABLE)),
            _ => passed.put_slice(value),
        }
    }
    FrameHead::write(feed, kind::SETTINGS, head.flags, 0, &passed);
    Ok(())
}

fn check(head: FrameHead, payload: &[u8]) -> Result<(), Violation> {
    if !payload.len().is_multiple_of(6) || head.has(flag::ACK) && !payload.is_empty() {
        return Err(Violation::size("a frame of the wrong length"));
    }
    if payload.len() / 6 > MOST {
        return Err(Violation::flood("too many settings"));
    }
    for setting in payload.chunks_exact(6) {
        let &[high, low, ref value @ ..] = setting else {
            continue;
        };
        let value = read_u32(value).unwrap_or_default();
        match u16::from_be_bytes([high, low]) {
            ENABLE_PUSH | ENABLE_CONNECT_PROTOCOL if value > 1 => {
                return Err(Violation::protocol("a setting that is neither 0 nor 1"));
            }
            INITIAL_WINDOW_SIZE if value > 0x7fff_ffff => {
                return Err(Violation::new(
                    Reason::FLOW_CONTROL_ERROR,
                    "an initial window that is too large",
                ));
            }
            MAX_FRAME_SIZE if !(16_384..=16_777_215).contains(&value) => {
                return Err(Violation::protocol("a frame size out of bounds"));
            }
            _ => {}
        }
    }
    Ok(())
}
