//! Feeding bytes to a decoder in every way they can arrive, and writing down what comes out.

use bytes::BytesMut;
use http1::{Event, Framing, Limits, RequestDecoder, RequestHead, Version};

/// One line an event: heads with what is remarkable about them, data put together, `end`, the
/// error; `…` when the bytes end within a message.
fn trace(pieces: &[&[u8]], limits: Limits) -> Vec<String> {
    let mut decoder = RequestDecoder::new(limits);
    let mut buffer = BytesMut::new();
    let mut lines = Vec::new();
    let mut data = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(None) => break,
                Ok(Some(Event::Data(bytes))) => {
                    assert!(!bytes.is_empty());
                    data.extend_from_slice(&bytes);
                }
                Ok(Some(Event::Head(head))) => lines.push(describe(&head)),
                Ok(Some(Event::End)) => {
                    flush(&mut data, &mut lines);
                    lines.push("end".to_owned());
                }
                Err(error) => {
                    flush(&mut data, &mut lines);
                    lines.push(format!("{} {error}", error.status()));
                    assert_eq!(decoder.decode(&mut buffer).err(), Some(error));
                    return lines;
                }
            }
        }
    }
    flush(&mut data, &mut lines);
    if !decoder.is_between_messages() || !buffer.is_empty() {
        lines.push("…".to_owned());
    }
    lines
}

fn flush(data: &mut Vec<u8>, lines: &mut Vec<String>) {
    if !data.is_empty() {
        lines.push(format!("data {}", data.escape_ascii()));
        data.clear();
    }
}

fn describe(head: &RequestHead) -> String {
    let mut words = vec![
        head.method().to_owned(),
        head.path().escape_ascii().to_string(),
    ];
    if !head.query().is_empty() {
        words.push(format!("?{}", head.query().escape_ascii()));
    }
    if head.version() == Version::Http10 {
        words.push("1.0".to_owned());
    }
    for (name, value) in head.headers() {
        words.push(format!("{}={}", name.escape_ascii(), value.escape_ascii()));
    }
    match head.body() {
        Framing::None => {}
        Framing::Length(length) => words.push(format!("length:{length}")),
        Framing::Chunked => words.push("chunked".to_owned()),
    }
    let flags = [
        (head.expects_continue(), "continue"),
        (head.is_upgrade(), "upgrade"),
        (!head.keep_alive(), "close"),
    ];
    words.extend(
        flags
            .iter()
            .filter(|(set, _)| *set)
            .map(|(_, word)| (*word).to_owned()),
    );
    words.join(" ")
}

/// What comes out of `bytes`, after making sure that it does not depend on how they arrive.
pub(crate) fn events_within(bytes: &[u8], limits: Limits) -> Vec<String> {
    let whole = trace(&[bytes], limits);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(
        trace(&single, limits),
        whole,
        "byte by byte: {}",
        bytes.escape_ascii()
    );
    for seed in 1..=20 {
        let pieces = split(bytes, seed);
        assert_eq!(
            trace(&pieces, limits),
            whole,
            "seed {seed}: {}",
            bytes.escape_ascii()
        );
    }
    whole
}

/// As [`events_within`] the default limits, one event a line.
#[allow(
    dead_code,
    reason = "each test file is a program of its own and uses what it needs"
)]
pub(crate) fn events(bytes: &[u8]) -> String {
    events_within(bytes, Limits::default()).join("\n")
}

/// Pieces of pseudo-random lengths.
fn split(bytes: &[u8], seed: u32) -> Vec<&[u8]> {
    let mut state = seed.wrapping_mul(0x9e37_79b9);
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let longest = if seed.is_multiple_of(2) { 5 } else { 60 };
        let length = (state >> 16) as usize % longest + 1;
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}
