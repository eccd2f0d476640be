//! `Host` headers.

use params::host;

fn parts(header: &str) -> Option<(&str, Option<&str>)> {
    host(header.as_bytes()).map(|host| (host.name, host.port))
}

#[test]
fn names_and_addresses_with_and_without_ports() {
    for (header, name, port) in [
        ("example.org", "example.org", None),
        ("Example.org:8000", "Example.org", Some("8000")),
        ("127.0.0.1:080", "127.0.0.1", Some("080")),
        ("[::1]", "[::1]", None),
        ("[2001:db8::1.2.3.4]:1", "[2001:db8::1.2.3.4]", Some("1")),
        ("[v1.a:b]:1", "[v1.a:b]", Some("1")),
        ("a%20b_~!$&'()*+,;=-", "a%20b_~!$&'()*+,;=-", None),
    ] {
        assert_eq!(parts(header), Some((name, port)), "{header}");
    }
}

#[test]
fn what_is_no_authority() {
    for header in [
        "",
        ":80",
        "a:",
        "a:b",
        "a:1:2",
        "a b",
        "a/b",
        "a?b",
        "a#b",
        "a\\b",
        "a@b",
        "a\tb",
        "a\0",
        "caf\u{e9}",
        "[",
        "[]",
        "[::1",
        "::1",
        "[::1]x",
        "[::1]:",
        "[:::]",
        "[1::2::3]",
        "[::ffff:999.1.1.1]",
        "[V1.a]",
        "[v.a]",
        "[v1.]",
        "[v1.%]",
        "[fe80::1%eth0]",
        "[::1]]",
        "a:\u{661}",
    ] {
        assert_eq!(parts(header), None, "{header}");
    }
    assert_eq!(host(b"caf\xe9"), None);
}

#[test]
fn ports_that_are_none() {
    let valid = |header: &str| host(header.as_bytes()).is_some_and(|host| host.has_valid_port());
    for header in [
        "a",
        "a:0",
        "a:65535",
        "a:00000000000000000000000080",
        "[::1]:1",
    ] {
        assert!(valid(header), "{header}");
    }
    for header in ["a:65536", "a:99999999999999999999999"] {
        assert!(!valid(header), "{header}");
    }
}
