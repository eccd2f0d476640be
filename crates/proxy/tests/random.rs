//! Bytes of no meaning: nothing panics, and what was decided stays decided.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use proptest::prelude::*;
use proxy::preface::{LIMIT, decode};
use proxy::{Believed, Trust};

proptest! {
    #[test]
    fn more_bytes_do_not_change_what_a_preface_said(
        start in prop_oneof![Just(&b"PROXY "[..]), Just(&b"\r\n\r\n\0\r\nQUIT\n\x21\x11"[..]), Just(&b""[..])],
        rest in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let input = [start, &rest].concat();
        let mut decided = None;
        for length in 0..=input.len() {
            let outcome = decode(&input[..length]);
            match decided {
                Some(earlier) => prop_assert_eq!(outcome, earlier),
                None if outcome != Ok(None) => decided = Some(outcome),
                None => {}
            }
        }
    }

    #[test]
    fn a_preface_has_a_bound(rest in proptest::collection::vec(any::<u8>(), LIMIT..LIMIT + 1)) {
        let input = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11", &rest[..]].concat();
        prop_assert_ne!(decode(&input), Ok(None));
    }

    #[test]
    fn headers_are_data(value in "[ -~\\t]{0,60}", raw in proptest::collection::vec(any::<u8>(), 0..60)) {
        let trust = Trust::parse(["10.0.0.0/8"]).unwrap();
        for names in [&["forwarded"][..], &["for", "proto", "host", "port", "prefix"]] {
            let believed = Believed::parse(names.iter().copied()).unwrap();
            for value in [value.as_bytes(), &raw] {
                for name in ["forwarded", "x-forwarded-for", "x-forwarded-prefix", "x-forwarded-port"] {
                    let _ = believed.read(&trust, [(name.as_bytes(), value)]);
                }
            }
        }
    }

    #[test]
    fn a_proxy_that_appends_to_a_forwarded_field_is_heard_or_the_request_is_refused(
        client in "[ -~]{0,40}",
    ) {
        let trust = Trust::parse(["10.0.0.0/8"]).unwrap();
        let believed = Believed::parse(["forwarded"]).unwrap();
        let value = format!("{client}, for=203.0.113.9");
        if let Ok(told) = believed.read(&trust, [(&b"forwarded"[..], value.as_bytes())]) {
            prop_assert_eq!(told.client.unwrap().host, b"203.0.113.9");
        }
    }
}
