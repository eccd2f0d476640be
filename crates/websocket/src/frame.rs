//! Frame heads (RFC 6455 section 5.2).

use crate::mask::Mask;
use crate::violation::Violation;

/// The longest payload of a control frame, in bytes.
const LONGEST_CONTROL: usize = 125;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

impl Opcode {
    fn read(first: u8) -> Result<Self, Violation> {
        Ok(match first & 0x0f {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return Err(Violation::protocol("reserved opcode")),
        })
    }

    pub(crate) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The head of a client's frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    pub(crate) opcode: Opcode,
    pub(crate) is_final: bool,
    /// The first reserved bit, which permessage-deflate uses.
    pub(crate) compressed: bool,
    pub(crate) mask: Mask,
    /// Of the payload, in bytes.
    pub(crate) length: usize,
    /// Of the head itself, in bytes.
    pub(crate) size: usize,
}

impl Head {
    /// The head at the front of `bytes`, or `None` when they end within it.
    ///
    /// # Errors
    ///
    /// At the first byte that no frame of a client could have there.
    pub(crate) fn read(bytes: &[u8], deflate: bool) -> Result<Option<Self>, Violation> {
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        let opcode = Opcode::read(first)?;
        let (is_final, compressed) = (first & 0x80 != 0, first & 0x40 != 0);
        if first & 0x30 != 0 || compressed && !(deflate && starts_message(opcode)) {
            return Err(Violation::protocol("reserved bit set"));
        }
        if opcode.is_control() && !is_final {
            return Err(Violation::protocol("fragmented control frame"));
        }
        let Some(&second) = bytes.get(1) else {
            return Ok(None);
        };
        if second & 0x80 == 0 {
            return Err(Violation::protocol("frame without a mask"));
        }
        let Some((length, rest)) = length(second & 0x7f, bytes.get(2..).unwrap_or_default())?
        else {
            return Ok(None);
        };
        if opcode.is_control() && length > LONGEST_CONTROL {
            return Err(Violation::protocol("control frame too long"));
        }
        let Some((key, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Self {
            opcode,
            is_final,
            compressed,
            mask: Mask::new(*key),
            length,
            size: bytes.len() - rest.len(),
        }))
    }
}

const fn starts_message(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::Text | Opcode::Binary)
}

/// The length of the payload and what follows it; `None` when the bytes end within.
fn length(short: u8, rest: &[u8]) -> Result<Option<(usize, &[u8])>, Violation> {
    let (length, rest, least) = match short {
        126 => match rest.split_first_chunk() {
            Some((bytes, rest)) => (u64::from(u16::from_be_bytes(*bytes)), rest, 126),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk() {
            Some((bytes, rest)) => (u64::from_be_bytes(*bytes), rest, 1 << 16),
            None => return Ok(None),
        },
        _ => (u64::from(short), rest, 0),
    };
    if length < least {
        return Err(Violation::protocol("length not in its shortest form"));
    }
    if length > i64::MAX.unsigned_abs() {
        return Err(Violation::protocol("invalid length"));
    }
    let length = usize::try_from(length).map_err(|_| Violation::TOO_BIG)?;
    Ok(Some((length, rest)))
}

/// Appends the head of a server's frame, which is the whole message.
pub(crate) fn write_head(out: &mut Vec<u8>, opcode: Opcode, compressed: bool, length: usize) {
    let bits = if compressed { 0xc0 } else { 0x80 };
    out.push(bits | opcode as u8);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..126), _) => out.push(length),
        (_, Ok(length)) => {
            out.push(126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}
