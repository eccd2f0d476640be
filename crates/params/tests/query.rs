//! Queries, with the results of `urllib.parse.parse_qsl(text, keep_blank_values=True)`.

use std::borrow::Cow;

use proptest::prelude::*;

type Case = (&'static [u8], &'static [(&'static str, &'static str)]);

const CASES: &[Case] = &[
    (b"", &[]),
    (b"a", &[("a", "")]),
    (b"a=", &[("a", "")]),
    (b"=a", &[("", "a")]),
    (b"=", &[("", "")]),
    (b"&", &[]),
    (b"a=1&b=2", &[("a", "1"), ("b", "2")]),
    (b"a=1&&b=2&", &[("a", "1"), ("b", "2")]),
    (b"a=1;b=2", &[("a", "1;b=2")]),
    (b"a=b=c", &[("a", "b=c")]),
    (b"a+b=c+d", &[("a b", "c d")]),
    (b"a%20b=c%2Bd", &[("a b", "c+d")]),
    (b"a=%", &[("a", "%")]),
    (b"a=%4", &[("a", "%4")]),
    (b"a=%zz", &[("a", "%zz")]),
    (b"a=%%41", &[("a", "%A")]),
    (b"a=%4%41", &[("a", "%4A")]),
    (b"a=%C3%A9", &[("a", "\u{e9}")]),
    (b"a=%c3%a9", &[("a", "\u{e9}")]),
    (b"a=%C3", &[("a", "\u{fffd}")]),
    (b"a=%C3x", &[("a", "\u{fffd}x")]),
    (b"a=%E2%82", &[("a", "\u{fffd}")]),
    (b"a=%F0%9F%98%80", &[("a", "\u{1f600}")]),
    (b"a=%F0%9F%98", &[("a", "\u{fffd}")]),
    (b"a=%ED%A0%80", &[("a", "\u{fffd}\u{fffd}\u{fffd}")]),
    (b"a=%FF%FE", &[("a", "\u{fffd}\u{fffd}")]),
    (
        b"a=%F8%88%80%80",
        &[("a", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}")],
    ),
    (b"a=%C0%AF", &[("a", "\u{fffd}\u{fffd}")]),
    (b"a=%00", &[("a", "\0")]),
    (b"a=\xe9", &[("a", "\u{e9}")]),
    (b"a=%C3\xa9", &[("a", "\u{fffd}\u{a9}")]),
    (b"a=\xc3\xa9", &[("a", "\u{c3}\u{a9}")]),
    (b"a=\xe9%C3%A9\xff+", &[("a", "\u{e9}\u{e9}\u{ff} ")]),
    (b"\xe9%4\xe91", &[("\u{e9}%4\u{e9}1", "")]),
    (b"a=1#b", &[("a", "1#b")]),
    (b"a%26b=c%3Dd", &[("a&b", "c=d")]),
    (b"a=+", &[("a", " ")]),
    (b"%", &[("%", "")]),
    (b"a[]=1&a[]=2", &[("a[]", "1"), ("a[]", "2")]),
    (b"a=%E9%", &[("a", "\u{fffd}%")]),
    (b"a=%u0041", &[("a", "%u0041")]),
];

#[test]
fn queries() {
    for (query, expected) in CASES {
        let pairs: Vec<_> = params::pairs(query).collect();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(pairs, *expected, "{}", query.escape_ascii());
    }
}

#[test]
fn values_by_name_are_those_of_the_pairs() {
    for (query, pairs) in CASES {
        for name in pairs.iter().map(|(name, _)| *name).chain(["missing", ""]) {
            let expected: Vec<&str> = pairs
                .iter()
                .filter(|(other, _)| *other == name)
                .map(|(_, value)| *value)
                .collect();
            let all: Vec<_> = params::all(query, name).collect();
            assert_eq!(all, expected, "{} {name}", query.escape_ascii());
            assert_eq!(
                params::first(query, name).as_deref(),
                expected.first().copied()
            );
            assert_eq!(
                params::last(query, name).as_deref(),
                expected.last().copied()
            );
        }
    }
}

#[test]
fn nothing_is_copied_where_nothing_is_escaped() {
    let query = b"a=b&long-name_1=value.~/?&c";
    assert!(params::pairs(query).all(|pair| matches!(pair, (Cow::Borrowed(_), Cow::Borrowed(_)))));
    assert!(matches!(
        params::first(b"a%20b=c", "a b"),
        Some(Cow::Borrowed("c"))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_query(query: Vec<u8>, name: String) {
        let pieces = query.split(|&byte| byte == b'&').count();
        prop_assert!(params::pairs(&query).count() <= pieces);
        prop_assert_eq!(params::first(&query, &name), params::all(&query, &name).next());
        prop_assert_eq!(params::last(&query, &name), params::all(&query, &name).last());
    }

    #[test]
    fn what_is_escaped_comes_back(name: String, value: String) {
        let escape = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>();
        let query = format!("x&{}={}&y=1", escape(&name).concat(), escape(&value).concat());
        prop_assume!(name != "x" && name != "y");
        prop_assert_eq!(params::first(query.as_bytes(), &name), Some(value.into()));
    }
}
