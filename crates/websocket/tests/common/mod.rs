//! A client's frames, and feeding them to a decoder in every way they can arrive.

use bytes::BytesMut;
use websocket::{Agreement, Decoder, Event};

/// A client's frame: its first byte, and its payload masked.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let length = (payload.len() as u64).to_be_bytes();
    match payload.len() {
        ..=125 => bytes.push(0x80 | length[7]),
        126..=0xffff => {
            bytes.push(0xfe);
            bytes.extend_from_slice(&length[6..]);
        }
        _ => {
            bytes.push(0xff);
            bytes.extend_from_slice(&length);
        }
    }
    let key = [0x37, 0xfa, 0x21, 0x3d];
    bytes.extend_from_slice(&key);
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
    bytes
}

/// One line an event, or the code and text of the violation.
fn trace<'a>(
    pieces: impl Iterator<Item = &'a [u8]>,
    limit: usize,
    agreement: Option<Agreement>,
) -> Vec<String> {
    let mut decoder = Decoder::new(limit, agreement);
    let mut buffer = BytesMut::new();
    let mut lines = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(None) => break,
                Ok(Some(event)) => lines.push(describe(&event)),
                Err(violation) => {
                    lines.push(format!("{} {violation}", violation.code()));
                    assert_eq!(decoder.decode(&mut buffer), Err(violation));
                    return lines;
                }
            }
        }
    }
    lines
}

fn describe(event: &Event) -> String {
    match event {
        Event::Text(text) => format!("text {text}"),
        Event::Binary(bytes) => format!("binary {}", bytes.escape_ascii()),
        Event::Ping(bytes) => format!("ping {}", bytes.escape_ascii()),
        Event::Pong(bytes) => format!("pong {}", bytes.escape_ascii()),
        Event::Close(close) => format!("close {} {}", close.code, close.reason),
    }
}

/// What comes out of `bytes`, after making sure that it does not depend on how they arrive.
pub(crate) fn events_within(
    bytes: &[u8],
    limit: usize,
    agreement: Option<Agreement>,
) -> Vec<String> {
    let whole = trace(std::iter::once(bytes), limit, agreement);
    for size in [1, 2, 3, 7, 100] {
        let pieces = trace(bytes.chunks(size), limit, agreement);
        assert_eq!(pieces, whole, "in pieces of {size}");
    }
    whole
}
