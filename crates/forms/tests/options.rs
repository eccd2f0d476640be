//! Headers with parameters, as python-multipart reads them.
#![allow(clippy::unwrap_used, reason = "tests")]

use forms::options;
use proptest::prelude::*;

#[test]
fn parameters_are_found() {
    for (header, value, parameters) in [
        ("", "", vec![]),
        (" Text/Plain\t", "text/plain", vec![]),
        ("form-data; Name=a", "form-data", vec![("name", "a")]),
        (
            "form-data;name = \"a\" ;",
            "form-data",
            vec![("name", "a"), ("", "")],
        ),
        ("a; b; c=", "a", vec![("b", ""), ("c", "")]),
        ("a; n=\"x;y\"; m=z", "a", vec![("n", "x;y"), ("m", "z")]),
        ("a; n=\"x;y", "a", vec![("n", "\"x;y")]),
        (r#"a; n="x\"y\\z""#, "a", vec![("n", r#"x"y\z"#)]),
        (r#"a; n="x\y""#, "a", vec![("n", r"x\y")]),
        ("a; n=\"\u{e9}\"", "a", vec![("n", "\u{e9}")]),
        ("a; n=1; n=2", "a", vec![("n", "1"), ("n", "2")]),
        (
            "a; filename*=utf-8''b; filename=c",
            "a",
            vec![("filename", "c")],
        ),
        (
            r#"a; filename="C:\dir\b.txt""#,
            "a",
            vec![("filename", "b.txt")],
        ),
        (
            r#"a; filename="\\\\host\\dir\\b""#,
            "a",
            vec![("filename", "b")],
        ),
        (r#"a; name="C:\dir\b""#, "a", vec![("name", r"C:\dir\b")]),
    ] {
        let read = options(header.as_bytes());
        assert_eq!(read.value, value.as_bytes(), "{header}");
        let found: Vec<_> = read
            .parameters
            .iter()
            .map(|(name, value)| {
                (
                    str::from_utf8(name).unwrap(),
                    str::from_utf8(value).unwrap(),
                )
            })
            .collect();
        assert_eq!(found, parameters, "{header}");
    }
}

#[test]
fn the_last_of_a_name_counts() {
    assert_eq!(options(b"a; n=1; n=2").get(b"n"), Some(&b"2"[..]));
    assert_eq!(options(b"a; n=1").get(b"m"), None);
}

proptest! {
    #[test]
    fn nothing_is_made_up(header in r#"[ab=;"\\ *:]{0,40}"#) {
        let read = options(header.as_bytes());
        let length: usize = read.parameters.iter().map(|(name, value)| name.len() + value.len()).sum();
        prop_assert!(read.value.len() + length <= header.len());
        for (name, _) in &read.parameters {
            prop_assert!(!name.contains(&b'*') && !name.contains(&b'='));
        }
    }
}
