//! Messages that our encoder writes, compressed or not, cut into fragments with pings between them,
//! come out of our decoder as they went in.
#![no_main]

use jebi_fuzz::cuts::{pieces, ways};
use jebi_fuzz::websocket::{agreement, decode, write_frame};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use websocket::{Encoder, Event};

#[derive(Arbitrary, Debug)]
enum Sent<'a> {
    Text(&'a str),
    Binary(&'a [u8]),
    /// A byte that is repeated so often.
    Run(u8, u16),
}

/// First byte and payload of the server's frame in `frame`.
fn opened(frame: &[u8]) -> (u8, &[u8]) {
    let head = match frame[1] {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    (frame[0], &frame[head..])
}

fuzz_target!(|input: (u16, u8, [u8; 4], Vec<Sent<'_>>)| {
    let (seed, offer, key, messages) = input;
    // Only where both directions use the same parameters does our decoder read what we encode.
    let agreement = agreement([0, 2, 3, 4][usize::from(offer) % 4]);
    let mut encoder = Encoder::new(agreement);
    let (mut bytes, mut expected) = (Vec::new(), Vec::new());
    for message in &messages {
        let mut frame = Vec::new();
        match message {
            Sent::Text(text) => {
                encoder.text(&mut frame, text);
                expected.push(Event::Text((*text).to_owned()));
            }
            Sent::Binary(data) => {
                encoder.binary(&mut frame, data);
                expected.push(Event::Binary(data.to_vec().into()));
            }
            Sent::Run(byte, count) => {
                let count = count % 9000; // beyond the largest window that is agreed on
                let data = vec![*byte; usize::from(count)];
                encoder.binary(&mut frame, &data);
                expected.push(Event::Binary(data.into()));
            }
        }
        let (first, payload) = opened(&frame);
        let mut fragments = pieces(payload, seed);
        if fragments.is_empty() {
            fragments.push(b"");
        }
        let last = fragments.len() - 1;
        for (index, fragment) in fragments.into_iter().enumerate() {
            let opcode = if index == 0 { first & 0x7f } else { 0 };
            let end = if index == last { 0x80 } else { 0 };
            if index > 0 && index % 3 == 0 {
                write_frame(&mut bytes, 0x89, key, b"between");
            }
            write_frame(&mut bytes, end | opcode, key, fragment);
        }
    }
    for way in ways(&bytes, seed.wrapping_add(1)) {
        let (mut events, violation) = decode(&way, 1 << 20, agreement);
        assert_eq!(violation, None);
        events.retain(|event| !matches!(event, Event::Ping(_)));
        assert_eq!(events, expected);
    }
});
