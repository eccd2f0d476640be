//! permessage-deflate both ways.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use bytes::BytesMut;
use common::{events_within, frame};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use websocket::{Agreement, Decoder, Encoder, Event};

const TEXT: u8 = 0xc1;
const PING: u8 = 0x89;
const LIMIT: usize = 1 << 20;

fn agreement(parameters: &str) -> Agreement {
    Agreement::find([format!("permessage-deflate{parameters}").as_str()]).unwrap()
}

/// A client's end of the compression.
struct Peer(Compress);

impl Peer {
    fn new() -> Self {
        Self(Compress::new_with_window_bits(
            Compression::best(),
            false,
            12,
        ))
    }

    fn deflate(&mut self, message: &[u8], flush: FlushCompress) -> Vec<u8> {
        let mut out = Vec::with_capacity(message.len() + 1000);
        self.0.compress_vec(message, &mut out, flush).unwrap();
        if let Some(stripped) = out.strip_suffix(&[0, 0, 0xff, 0xff]) {
            return stripped.to_vec();
        }
        out
    }
}

#[test]
fn examples_of_the_rfc_are_inflated() {
    let plain = agreement("");
    let events = |frames: &[Vec<u8>]| events_within(&frames.concat(), LIMIT, Some(plain));
    let hello = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
    assert_eq!(events(&[frame(TEXT, hello)]), ["text Hello"]);
    // In two fragments, and with a control frame between.
    let cut = [
        frame(0x41, &hello[..3]),
        frame(PING, b""),
        frame(0x80, &hello[3..]),
    ];
    assert_eq!(events(&cut), ["ping ", "text Hello"]);
    // The second message refers to the first.
    let again = frame(TEXT, b"\xf2\x00\x11\x00\x00");
    assert_eq!(
        events(&[frame(TEXT, hello), again]),
        ["text Hello", "text Hello"]
    );
    // A block without compression, a stream that ends, and two blocks.
    for payload in [
        &b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"[..],
        b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
    ] {
        let frames = [frame(TEXT, payload), frame(TEXT, hello)];
        assert_eq!(events(&frames), ["text Hello", "text Hello"]);
    }
    // Compression is each message's own choice.
    assert_eq!(events(&[frame(0x81, b"plain")]), ["text plain"]);
}

#[test]
fn the_bit_belongs_to_the_first_frame_of_a_message_only() {
    let plain = agreement("");
    for first in [0xc0, 0xc9, 0xc8] {
        let bytes = [frame(0x01, b""), frame(first, b"")].concat();
        assert_eq!(
            events_within(&bytes, LIMIT, Some(plain)),
            ["1002 reserved bit set"]
        );
    }
}

#[test]
fn a_message_is_as_long_as_it_is_after_inflation() {
    let plain = agreement("");
    let bomb = Peer::new().deflate(&vec![b'x'; 8 << 20], FlushCompress::Sync);
    assert!(bomb.len() < 100_000);
    let mut decoder = Decoder::new(LIMIT, Some(plain));
    let mut buffer = BytesMut::from(&frame(TEXT, &bomb)[..]);
    assert_eq!(decoder.decode(&mut buffer).unwrap_err().code(), 1009);

    for (length, expected) in [(10, "text xxxxxxxxxx"), (11, "1009 message too big")] {
        let deflated = Peer::new().deflate(&vec![b'x'; length], FlushCompress::Sync);
        assert_eq!(
            events_within(&frame(TEXT, &deflated), 10, Some(plain)),
            [expected]
        );
    }
}

#[test]
fn garbage_cannot_be_inflated() {
    let plain = agreement("");
    let events = events_within(&frame(TEXT, b"\xff\xff\xff"), LIMIT, Some(plain));
    assert_eq!(events, ["1007 compressed message cannot be inflated"]);
    let deflated = Peer::new().deflate(b"ab\xff", FlushCompress::Sync);
    let events = events_within(&frame(TEXT, &deflated), LIMIT, Some(plain));
    assert_eq!(events, ["1007 text is not UTF-8"]);
}

#[test]
fn a_client_without_takeover_starts_anew() {
    let anew = agreement("; client_no_context_takeover");
    let hello = frame(TEXT, b"\xf2\x48\xcd\xc9\xc9\x07\x00");
    let refers = frame(TEXT, b"\xf2\x00\x11\x00\x00");
    let events = events_within(&[hello, refers].concat(), LIMIT, Some(anew));
    assert_eq!(
        events,
        ["text Hello", "1007 compressed message cannot be inflated"]
    );
}

#[test]
fn long_messages_come_in_whole() {
    let plain = agreement("; client_max_window_bits");
    let message: Vec<u8> = (0..300_000_u32)
        .flat_map(|n| n.wrapping_mul(n).to_le_bytes())
        .collect();
    let mut peer = Peer::new();
    let mut decoder = Decoder::new(2 * message.len(), Some(plain));
    for _ in 0..2 {
        let deflated = peer.deflate(&message, FlushCompress::Sync);
        let bytes = frame(0xc2, &deflated);
        let mut buffer = BytesMut::new();
        let mut event = None;
        for piece in bytes.chunks(64 * 1024) {
            buffer.extend_from_slice(piece);
            event = decoder.decode(&mut buffer).unwrap();
        }
        assert!(matches!(event, Some(Event::Binary(bytes)) if bytes == message));
    }
}

#[test]
fn what_the_encoder_deflates_can_be_inflated() {
    for parameters in [
        "",
        "; server_no_context_takeover",
        "; server_max_window_bits=9",
    ] {
        let agreed = agreement(parameters);
        let mut encoder = Encoder::new(Some(agreed));
        let mut inflate = Decompress::new_with_window_bits(false, 12);
        for length in [64, 1000, 100_000, 70, 3_000_000] {
            let text = "to be or not to be, ".repeat(length / 20 + 1);
            let mut out = Vec::new();
            encoder.text(&mut out, &text);
            assert_eq!(out[0], 0xc1);
            assert!(out.len() < text.len());
            let start = match out[1] {
                126 => 4,
                127 => 10,
                _ => 2,
            };
            let mut payload = out[start..].to_vec();
            payload.extend_from_slice(&[0, 0, 0xff, 0xff]);
            let mut inflated = Vec::with_capacity(text.len() + 100);
            inflate
                .decompress_vec(&payload, &mut inflated, FlushDecompress::Sync)
                .unwrap();
            assert!(inflated == text.as_bytes(), "{parameters} {length}");
            if parameters == "; server_no_context_takeover" {
                inflate.reset(false);
            }
        }
    }
}

#[test]
fn short_messages_and_control_frames_stay_as_they_are() {
    let agreed = agreement("");
    let mut encoder = Encoder::new(Some(agreed));
    let mut out = Vec::new();
    encoder.text(&mut out, "short");
    encoder.ping(&mut out, b"x");
    encoder.pong(&mut out, &[b'y'; 200]);
    encoder.close(&mut out, 1001, "é".repeat(100).as_str());
    encoder.close(&mut out, 1005, "not sent");
    let mut expected = b"\x81\x05short\x89\x01x\x8a\x7d".to_vec();
    expected.extend_from_slice(&[b'y'; 125]);
    expected.extend_from_slice(b"\x88\x7c\x03\xe9");
    expected.extend_from_slice("é".repeat(61).as_bytes());
    expected.extend_from_slice(b"\x88\x00");
    assert_eq!(out, expected);
}

#[test]
fn too_long_before_it_is_broken_is_too_long_however_it_is_cut() {
    for length in 99..=102 {
        // A stored block, and then a block of the type that there is not.
        let mut payload = vec![0x00, length, 0x00, !length, 0xff];
        payload.extend(std::iter::repeat_n(b'x', length.into()));
        payload.push(0x07);
        let expected = if length > 100 {
            "1009 message too big"
        } else {
            "1007 compressed message cannot be inflated"
        };
        let events = events_within(&frame(TEXT, &payload), 100, Some(agreement("")));
        assert_eq!(events, [expected], "{length}");
    }
}

/// A message of `length` times the same byte, as a stream that ends.
fn finished(byte: u8, length: usize) -> Vec<u8> {
    Peer::new().deflate(&vec![byte; length], FlushCompress::Finish)
}

#[test]
fn nothing_is_lost_of_a_stream_behind_one_that_ended() {
    // More than is inflated in one go, from few bytes that arrive whole or one at a time.
    let payload = [finished(b'a', 10), finished(b'b', 200_000)].concat();
    let expected = format!("text {}{}", "a".repeat(10), "b".repeat(200_000));
    for payload in [payload.clone(), [&payload[..], b"\0"].concat()] {
        let events = events_within(&frame(TEXT, &payload), LIMIT, Some(agreement("")));
        assert!(events == [expected.as_str()]);
    }
}

#[test]
fn streams_that_end_all_the_time_are_refused() {
    let empty = b"\x03\0";
    for (count, expected) in [
        (8, "text "),
        (9, "1007 compressed message cannot be inflated"),
    ] {
        let events = events_within(
            &frame(TEXT, &empty.repeat(count)),
            LIMIT,
            Some(agreement("")),
        );
        assert_eq!(events, [expected], "{count}");
    }
    // Long ones may be as many as they like, and each message counts anew.
    let noise: Vec<u8> = (0..40_000_u32)
        .map(|n| ((n * n) >> 7).to_le_bytes()[0] & 0x7f)
        .collect();
    let mut long = Vec::new();
    for part in noise.chunks(2000) {
        long.extend(Peer::new().deflate(part, FlushCompress::Finish));
    }
    let frames = [frame(0xc2, &long), frame(TEXT, &empty.repeat(8))].concat();
    let events = events_within(&frames, LIMIT, Some(agreement("")));
    assert_eq!(events[1], "text ");
    assert!(events[0] == format!("binary {}", noise.escape_ascii()));
}
