//! Whatever a client sends after the handshake, with and without compression: the same events and the
//! same violation however it is cut, and no message beyond the limit.
#![no_main]

use jebi_fuzz::cuts::ways;
use jebi_fuzz::websocket::{agreement, decode, write_frame};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Frame<'a> {
    first: u8,
    key: [u8; 4],
    payload: &'a [u8],
}

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Frames(Vec<Frame<'a>>),
    Raw(&'a [u8]),
}

fuzz_target!(|input: (u16, u8, bool, Input<'_>)| {
    let (seed, offer, tight, input) = input;
    let mut bytes = Vec::new();
    match input {
        Input::Raw(raw) => bytes.extend_from_slice(raw),
        Input::Frames(frames) => {
            for frame in &frames {
                write_frame(&mut bytes, frame.first, frame.key, frame.payload);
            }
        }
    }
    let limit = if tight { 40 } else { 1 << 16 };
    let agreement = agreement(offer);
    let [whole, single, cut] = ways(&bytes, seed);
    let seen = decode(&whole, limit, agreement);
    assert_eq!(decode(&single, limit, agreement), seen);
    assert_eq!(decode(&cut, limit, agreement), seen);
});
