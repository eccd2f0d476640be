//! `Cookie` headers, with the results that Starlette gives.

use std::borrow::Cow;

use proptest::prelude::*;

type Case = (&'static [u8], &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    (b"", &[]),
    (b";", &[]),
    (b"a=b", &[("a", "b")]),
    (b"a=b; c=d", &[("a", "b"), ("c", "d")]),
    (b"a=b;c=d;", &[("a", "b"), ("c", "d")]),
    (b";;a=b;;", &[("a", "b")]),
    (b"a", &[("", "a")]),
    (b"a; b=c", &[("", "a"), ("b", "c")]),
    (b"=a", &[("", "a")]),
    (b"=", &[]),
    (b"a=", &[("a", "")]),
    (b" a = b ", &[("a", "b")]),
    (b"\ta\t=\tb\t", &[("a", "b")]),
    (b"a=b=c", &[("a", "b=c")]),
    (b"a=\"b\"", &[("a", "b")]),
    (b"a=\"b c\"", &[("a", "b c")]),
    (b"a=\"b\\\"c\"", &[("a", "b\"c")]),
    (b"a=\"\\054\\073\"", &[("a", ",;")]),
    (b"a=\"\\400\\18\\9\"", &[("a", "400189")]),
    (b"a=\"", &[("a", "\"")]),
    (b"a=\"\"", &[("a", "")]),
    (b"a=\"b", &[("a", "\"b")]),
    (b"a=b\"", &[("a", "b\"")]),
    (b"a=\" b \"", &[("a", " b ")]),
    (b"a=\"b;c\"", &[("a", "\"b"), ("", "c\"")]),
    (b"a=b; a=c", &[("a", "b"), ("a", "c")]),
    (b"a=\xe9", &[("a", "\u{e9}")]),
    (b"\xa0a\x85=\x1cb\x1f", &[("a", "b")]),
    (b"a=\"\\351\"", &[("a", "\u{e9}")]),
    (b"a=\"\\", &[("a", "\"\\")]),
    (b"a=\"\\\"", &[("a", "\\")]),
    (b"a=\"\\\\\"", &[("a", "\\")]),
    (b"a=\"\\377\\3777\"", &[("a", "\u{ff}\u{ff}7")]),
    (b"a=%20", &[("a", "%20")]),
    (b"a=b,c=d", &[("a", "b,c=d")]),
    (b"a=b&c=d", &[("a", "b&c=d")]),
    (b"$Version=1; a=b", &[("$Version", "1"), ("a", "b")]),
    (b"a=\"\\a\\n\"", &[("a", "an")]),
    (b"\"a\"=\"b\"", &[("\"a\"", "b")]),
    (b"a=\"\\\n\"", &[("a", "\\\n")]),
    (b"a=\"x\\\xe9\"", &[("a", "x\u{e9}")]),
];

#[test]
fn headers() {
    for (header, expected) in CASES {
        let cookies: Vec<_> = params::cookies(header).collect();
        let cookies: Vec<_> = cookies
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(cookies, *expected, "{}", header.escape_ascii());
    }
}

#[test]
fn the_last_of_several_values_counts() {
    for (header, cookies) in CASES {
        for name in cookies.iter().map(|(name, _)| *name).chain(["missing", ""]) {
            let expected = cookies.iter().rev().find(|(other, _)| *other == name);
            let cookie = params::cookie(header, name);
            assert_eq!(
                cookie.as_deref(),
                expected.map(|(_, value)| *value),
                "{name}"
            );
        }
    }
}

#[test]
fn nothing_is_copied_where_nothing_is_escaped() {
    let header = b"session=abc123==; theme=\"dark\"; x";
    let borrowed = |pair| matches!(pair, (Cow::Borrowed(_), Cow::Borrowed(_)));
    assert!(params::cookies(header).all(borrowed));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_header(header: Vec<u8>, name: String) {
        let pieces = header.split(|&byte| byte == b';').count();
        prop_assert!(params::cookies(&header).count() <= pieces);
        let last = params::cookies(&header).filter(|(other, _)| *other == name).last();
        prop_assert_eq!(params::cookie(&header, &name), last.map(|(_, value)| value));
    }
}
