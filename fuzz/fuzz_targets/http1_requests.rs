//! Whatever arrives as HTTP/1: the same events however it is cut, nothing accepted that the grammar
//! and the limits exclude, and a head that means the same when it is written out again.
#![no_main]

use http1::Limits;
use jebi_fuzz::cuts::ways;
use jebi_fuzz::http1::{Seen, assert_sound, decode};
use libfuzzer_sys::fuzz_target;

const TIGHT: Limits = Limits {
    request_line: 30,
    header_block: 90,
    header_count: 3,
    body: 20,
};

fuzz_target!(|input: (u16, bool, &[u8])| {
    let (seed, tight, bytes) = input;
    let limits = if tight { TIGHT } else { Limits::default() };
    let [whole, single, cut] = ways(bytes, seed);
    let seen = decode(&whole, limits);
    assert_sound(&seen, limits);
    assert_eq!(decode(&single, limits), seen);
    assert_eq!(decode(&cut, limits), seen);
    for head in seen.iter().filter_map(|one| match one {
        Seen::Head(head) => Some(head),
        _ => None,
    }) {
        let again = decode(&[&head.written()], Limits::default());
        assert_eq!(again.first(), Some(&Seen::Head(head.clone())));
    }
});
