//! Frames of a client, and what a decoder makes of them.

use bytes::BytesMut;
use websocket::{Agreement, Decoder, Event, Violation};

/// The offers of compression that targets choose from; the first is none.
const OFFERS: [&str; 5] = [
    "",
    "permessage-deflate",
    "permessage-deflate; client_max_window_bits=12",
    "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9",
    "permessage-deflate; client_no_context_takeover; server_no_context_takeover; \
     client_max_window_bits",
];

/// What both sides agreed on, chosen by any number.
#[must_use]
pub fn agreement(choice: u8) -> Option<Agreement> {
    Agreement::find([OFFERS[usize::from(choice) % OFFERS.len()]])
}

/// Appends a frame whose first byte is `first`, masked as a client's.
pub fn write_frame(bytes: &mut Vec<u8>, first: u8, key: [u8; 4], payload: &[u8]) {
    bytes.push(first);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => bytes.push(0x80 | length),
        (_, Ok(length)) => {
            bytes.push(0xfe);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            bytes.push(0xff);
            bytes.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&key);
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k));
}

/// The events that come out of bytes that arrive in these pieces, and the violation that ended them.
///
/// # Panics
///
/// When a message exceeds the limit, something comes after the close frame, or an error does not stay.
#[must_use]
pub fn decode(
    pieces: &[&[u8]],
    limit: usize,
    agreement: Option<Agreement>,
) -> (Vec<Event>, Option<Violation>) {
    let mut decoder = Decoder::new(limit, agreement);
    let (mut buffer, mut events) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(None) => break,
                Ok(Some(event)) => {
                    assert!(!matches!(events.last(), Some(Event::Close(_))));
                    assert_within(&event, limit);
                    events.push(event);
                }
                Err(violation) => {
                    assert_eq!(decoder.decode(&mut buffer), Err(violation));
                    assert!([1002, 1007, 1009].contains(&violation.code()));
                    return (events, Some(violation));
                }
            }
        }
    }
    (events, None)
}

fn assert_within(event: &Event, limit: usize) {
    match event {
        Event::Text(text) => assert!(text.len() <= limit),
        Event::Binary(bytes) => assert!(bytes.len() <= limit),
        Event::Ping(bytes) | Event::Pong(bytes) => assert!(bytes.len() <= 125),
        Event::Close(close) => {
            assert!(websocket::is_sendable(close.code) || close.code == 1005);
            assert!(close.reason.len() <= 123);
        }
    }
}
