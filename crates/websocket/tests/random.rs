//! Whatever arrives: no panic, the same outcome however it is cut, and no memory beyond the limit.

mod common;

use common::{events_within, frame};
use proptest::prelude::*;
use websocket::Agreement;

fn frames() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        4 => prop::sample::select(vec![0x81_u8, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0xc1, 0xc2]),
        1 => any::<u8>(),
    ];
    let payload = prop::collection::vec(any::<u8>(), 0..40);
    let ascii = "[a-z]{0,40}".prop_map(String::into_bytes);
    let one =
        (first, prop_oneof![payload, ascii]).prop_map(|(first, payload)| frame(first, &payload));
    prop::collection::vec(one, 0..8).prop_map(|frames| frames.concat())
}

proptest! {
    #[test]
    fn frames_of_every_kind(bytes in frames(), deflate in any::<bool>()) {
        let agreement = Agreement::find(["permessage-deflate"]).filter(|_| deflate);
        events_within(&bytes, 100, agreement);
    }

    #[test]
    fn bytes_of_every_kind(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let agreement = Agreement::find(["permessage-deflate"]);
        events_within(&bytes, 100, agreement);
    }
}
