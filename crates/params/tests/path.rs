//! Paths, with the results of `urllib.parse.unquote(raw.decode("ascii"))`.

use std::borrow::Cow;

use proptest::prelude::*;

const CASES: &[(&[u8], &str)] = &[
    (b"", ""),
    (b"/", "/"),
    (b"*", "*"),
    (b"/a%20b", "/a b"),
    (b"/a+b", "/a+b"),
    (b"/%2F", "//"),
    (b"/%2e%2E/", "/../"),
    (b"/caf%C3%A9", "/caf\u{e9}"),
    (b"/%ff", "/\u{fffd}"),
    (b"/%", "/%"),
    (b"/%4", "/%4"),
    (b"/%zz%41", "/%zzA"),
    (b"/%E2%82", "/\u{fffd}"),
    (b"/%00", "/\0"),
    (b"/%0a", "/\n"),
    (b"/a%3Fb", "/a?b"),
    (b"/%25%34%31", "/%41"),
];

#[test]
fn paths() {
    for (raw, expected) in CASES {
        assert_eq!(
            params::decode_path(raw),
            *expected,
            "{}",
            raw.escape_ascii()
        );
    }
}

#[test]
fn nothing_is_copied_where_nothing_is_escaped() {
    assert!(matches!(
        params::decode_path(b"/a/b"),
        Cow::Borrowed("/a/b")
    ));
    assert!(matches!(
        params::percent_decode(b"/a/b"),
        Cow::Borrowed(b"/a/b")
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_path(raw: Vec<u8>) {
        prop_assert!(params::percent_decode(&raw).len() <= raw.len());
        let _ = params::decode_path(&raw);
    }

    #[test]
    fn what_is_escaped_comes_back(text: String) {
        let raw = text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
        prop_assert_eq!(params::decode_path(raw.as_bytes()), text);
    }
}
