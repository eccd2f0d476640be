//! Request lines: methods, targets, versions.

mod common;

use common::events;

/// What a request with this request line and a Host comes to.
fn line(line: &str) -> String {
    events(format!("{line}\r\nHost: a\r\n\r\n").as_bytes())
}

#[test]
fn methods_are_tokens() {
    for method in ["GET", "get", "M-SEARCH", "X!#$%&'*+-.^_`|~9", "PRI"] {
        assert_eq!(
            line(&format!("{method} / HTTP/1.1")),
            format!("{method} / host=a\nend")
        );
    }
    for method in [
        "",
        "G(T",
        "G\tT",
        "GÉT",
        "G\0T",
        "G/T",
        "G:T",
        "G\"T",
        "\x16\x03\x01",
    ] {
        assert_eq!(
            line(&format!("{method} / HTTP/1.1")),
            "400 invalid method",
            "{method:?}"
        );
    }
}

#[test]
fn targets() {
    for (target, expected) in [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("//a", "//a"),
        ("/a?b=c", "/a ?b=c"),
        ("/a?b?c/d", "/a ?b?c/d"),
        ("/a?", "/a"),
        ("/?a", "/ ?a"),
        ("/%00%zz%", "/%00%zz%"),
        ("/../a;b", "/../a;b"),
        ("/a\"<>[]^`{|}\\", "/a\\\"<>[]^`{|}\\\\"),
        ("/http://b/", "/http://b/"),
    ] {
        assert_eq!(
            line(&format!("GET {target} HTTP/1.1")),
            format!("GET {expected} host=a\nend")
        );
    }
}

#[test]
fn what_no_target_contains_is_refused() {
    for target in [
        "", "/a#b", "#", "/é", "/\u{7f}", "/\0", "/\t", "/a\u{b}b", "/\r", "/\n",
    ] {
        let expected = "400 invalid character in request target";
        assert_eq!(
            line(&format!("GET {target} HTTP/1.1")),
            expected,
            "{target:?}"
        );
    }
    for target in [
        "a", "*", "a:80", "?a", "ftp://a/", "://a/", "http:/a", "http:a", "http", "\\a",
    ] {
        let expected = "400 invalid form of request target";
        assert_eq!(
            line(&format!("GET {target} HTTP/1.1")),
            expected,
            "{target:?}"
        );
    }
}

#[test]
fn an_absolute_target_prevails_over_host() {
    for (target, expected) in [
        ("http://b/c?d", "/c ?d host=b"),
        ("HTTPS://b:8000/c", "/c host=b:8000"),
        ("http://b", "/ host=b"),
        ("http://b?c", "/ ?c host=b"),
        ("http://[::1]:80/", "/ host=[::1]:80"),
    ] {
        assert_eq!(
            line(&format!("GET {target} HTTP/1.1")),
            format!("GET {expected}\nend")
        );
    }
    for target in [
        "http://",
        "http:///a",
        "http://u@b/",
        "http://b:x/",
        "http://?",
        "http://b:1:2/",
    ] {
        let expected = "400 invalid authority in request target";
        assert_eq!(
            line(&format!("GET {target} HTTP/1.1")),
            expected,
            "{target}"
        );
    }
    // It does not stand in for a Host that is missing.
    let missing = events(b"GET http://b/ HTTP/1.1\r\n\r\n");
    assert_eq!(missing, "400 missing Host header");
    assert_eq!(
        events(b"GET http://b/ HTTP/1.0\r\n\r\n"),
        "GET / 1.0 close\nend"
    );
}

#[test]
fn asterisk_and_authority_have_a_method_each() {
    assert_eq!(line("OPTIONS * HTTP/1.1"), "OPTIONS * host=a\nend");
    assert_eq!(
        line("CONNECT b:443 HTTP/1.1"),
        "CONNECT  host=b:443 close\nend"
    );
    for target in [
        "/",
        "*",
        "b",
        "b:",
        ":443",
        "http://b:443/",
        "b:443/",
        "u@b:443",
    ] {
        let expected = "400 invalid authority in request target";
        assert_eq!(
            line(&format!("CONNECT {target} HTTP/1.1")),
            expected,
            "{target}"
        );
    }
    assert_eq!(
        line("options * HTTP/1.1"),
        "400 invalid form of request target"
    );
}

#[test]
fn versions() {
    assert_eq!(line("GET / HTTP/1.1"), "GET / host=a\nend");
    assert_eq!(line("GET / HTTP/1.0"), "GET / 1.0 host=a close\nend");
    // RFC 9110 section 2.5: a higher minor version is treated as the highest that is known.
    assert_eq!(line("GET / HTTP/1.2"), "GET / host=a\nend");
    assert_eq!(line("GET / HTTP/2.0"), "505 HTTP version not supported");
    for version in [
        "",
        "x",
        "HTTP",
        "HTTP/",
        "HTTP/1",
        "HTTP/1.",
        "HTTP/11",
        "HTTP/1,1",
        "http/1.1",
        "HTTQ/1.1",
        "HTTP/1.10",
        "HTTP/1.1 ",
        "HTTP/1.1\t",
        " HTTP/1.1",
        "HTTP/01.1",
        "HTTP/-1.1",
        "HTTP/1.x",
        "HTTP 1.1",
        "HTTP/1.1/",
        "HTTP/0.9",
        "HTTP/2.1",
        "HTTP/3.0",
        "HTTP/4.0",
        "HTTP/9.9",
        "ICE/1.0",
    ] {
        assert_eq!(
            line(&format!("GET / {version}")),
            "400 invalid HTTP version",
            "{version:?}"
        );
    }
    assert_eq!(line("GET /"), "400 invalid character in request target");
    assert_eq!(line("GET"), "400 invalid method");
}

#[test]
fn garbage_is_refused_before_its_line_ends() {
    for (start, expected) in [
        (&b"\x16\x03\x01\x02\0"[..], "400 invalid method"),
        (b"GET / X", "400 invalid HTTP version"),
        (
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "505 HTTP version not supported",
        ),
        (b"GET / HTTP/1.1\n", "400 line does not end with CR LF"),
        (b"GET / HTTP/1.1\rH", "400 line does not end with CR LF"),
        (b"GET / HTTP/1.1\r\r", "400 line does not end with CR LF"),
    ] {
        assert_eq!(events(start), expected);
    }
}

#[test]
fn one_empty_line_may_stand_before_a_request() {
    assert_eq!(
        events(b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        "GET / host=a\nend"
    );
    let twice = events(b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(
        twice,
        "400 more than one empty line before the request line"
    );
    for start in ["\n", "\r", "\r\r\n", "\n\r\n", "\r\n\n"] {
        let expected = "400 line does not end with CR LF";
        assert_eq!(
            line(&format!("{start}GET / HTTP/1.1")),
            expected,
            "{start:?}"
        );
    }
    for start in [" ", "\t", "\0", "\u{feff}"] {
        assert_eq!(
            line(&format!("{start}GET / HTTP/1.1")),
            "400 invalid method"
        );
    }
    assert_eq!(events(b"\r\n"), "");
    assert_eq!(events(b"\r"), "…");
}
