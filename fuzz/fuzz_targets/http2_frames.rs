//! Whatever a client sends as HTTP/2: the same requests and the same violation however it is cut, and
//! answers that keep to the client's windows and to the order of frames.
#![no_main]

use jebi_fuzz::cuts::ways;
use jebi_fuzz::http2::{Sent, begun, converse, listen};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Frames(Vec<Sent<'a>>),
    Raw(&'a [u8]),
}

fuzz_target!(|input: (u16, Input<'_>)| {
    let (seed, input) = input;
    let bytes = match &input {
        Input::Frames(frames) => {
            converse(frames);
            begun(frames)
        }
        Input::Raw(raw) => [&begun(&[]), *raw].concat(),
    };
    let [whole, single, cut] = ways(&bytes, seed);
    let seen = listen(&whole);
    listen(&single).assert_like(&seen);
    listen(&cut).assert_like(&seen);
});
