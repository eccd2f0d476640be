//! Header lines, and those that mean something to the connection.

mod common;

use common::events;

/// What a request with these header lines, besides Host, comes to.
fn with(lines: &str) -> String {
    events(format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n").as_bytes())
}

fn with_bytes(line: &[u8]) -> String {
    events(&[b"GET / HTTP/1.1\r\nHost: a\r\n", line, b"\r\n\r\n"].concat())
}

#[test]
fn names_come_out_in_lower_case_and_values_trimmed() {
    for (line, expected) in [
        ("X-A: b", "x-a=b"),
        ("X-A:b", "x-a=b"),
        ("X-A: \t b\t ", "x-a=b"),
        ("x: b  c\td", "x=b  c\\td"),
        ("x:", "x="),
        ("x: \t ", "x="),
        ("x: :y: z", "x=:y: z"),
        ("!#$%&'*+-.^_`|~9Z: 1", "!#$%&\\\'*+-.^_`|~9z=1"),
        ("a: 1\r\nB: 2\r\na: 3", "a=1 b=2 a=3"),
    ] {
        assert_eq!(with(line), format!("GET / host=a {expected}\nend"));
    }
    assert_eq!(with_bytes(b"x: \x80\xff"), "GET / host=a x=\\x80\\xff\nend");
}

#[test]
fn names_that_are_no_tokens_are_refused() {
    for line in [
        ": b",
        "x : b",
        "x\t: b",
        "x y: b",
        "x",
        "x b",
        "x\0: b",
        "é: b",
        "x(: b",
        "[x]: b",
        "x\r: b",
        "\"x\": b",
        "x\x7f: b",
        "x,y: b",
        "Content-Length : 1",
        "x\n: b",
        "x=1",
    ] {
        assert_eq!(with(line), "400 invalid header name", "{line:?}");
    }
    for byte in 0..=u8::MAX {
        let token = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let refused = with_bytes(&[b'x', byte, b':', b'y']).starts_with("400");
        assert_eq!(refused, !token && byte != b':', "{byte}");
    }
}

#[test]
fn folded_lines_are_refused() {
    for line in ["x: a\r\n b", "x: a\r\n\tb", " x: a", "\tx: a", "x: a\r\n "] {
        assert_eq!(with(line), "400 folded header line", "{line:?}");
    }
    let first = events(b"GET / HTTP/1.1\r\n Host: a\r\n\r\n");
    assert_eq!(first, "400 folded header line");
}

#[test]
fn control_bytes_in_values_are_refused() {
    for byte in 0..=u8::MAX {
        let outcome = with_bytes(&[b'x', b':', b'a', byte, b'b']);
        match byte {
            b'\r' | b'\n' => assert_eq!(outcome, "400 line does not end with CR LF"),
            b'\t' => assert!(outcome.ends_with("end")),
            0..32 | 127 => assert_eq!(outcome, "400 invalid character in header value", "{byte}"),
            _ => assert!(outcome.ends_with("end"), "{byte}"),
        }
    }
}

#[test]
fn lines_end_with_cr_lf_and_nothing_less() {
    for request in [
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\r",
        "GET / HTTP/1.1\r\nHost: a\r\n\rx",
        "GET / HTTP/1.1\r\nHost: a\rTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
    ] {
        assert_eq!(
            events(request.as_bytes()),
            "400 line does not end with CR LF",
            "{request:?}"
        );
    }
}

#[test]
fn host_stands_exactly_once() {
    assert_eq!(events(b"GET / HTTP/1.1\r\n\r\n"), "400 missing Host header");
    assert_eq!(
        events(b"GET / HTTP/1.1\r\nXHost: a\r\n\r\n"),
        "400 missing Host header"
    );
    for second in ["Host: a", "host: b", "HOST:"] {
        assert_eq!(with(second), "400 more than one Host header");
    }
    assert_eq!(events(b"GET / HTTP/1.0\r\n\r\n"), "GET / 1.0 close\nend");
    let twice = events(b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n");
    assert_eq!(twice, "400 more than one Host header");
}

#[test]
fn host_is_a_host_with_a_port_perhaps() {
    let host = |host: &str| events(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes());
    for good in [
        "",
        "a",
        "a.b:80",
        "a:",
        "127.0.0.1",
        "[::1]",
        "[::1]:8000",
        "a_b",
        "%41",
    ] {
        assert_eq!(host(good), format!("GET / host={good}\nend"));
    }
    for bad in [
        "a b", "a, b", "a/b", "a?b", "a#b", "u@a", "a:b", "a:80:80", ":80", "::1", "[::1", "[a]",
        "a:99999", "a\\b", "<a>", "é", "http://a", "%4", "a\tb",
    ] {
        assert_eq!(host(bad), "400 invalid Host header", "{bad}");
    }
}

#[test]
fn connections_persist_or_close() {
    for (version, line, closes) in [
        ("1.1", "x: y", false),
        ("1.1", "Connection: close", true),
        ("1.1", "Connection: CLOSE", true),
        ("1.1", "Connection: x, close ,y", true),
        ("1.1", "Connection: x\r\nConnection: close", true),
        ("1.1", "Connection: keep-alive, close", true),
        ("1.1", "Connection: closed", false),
        ("1.1", "Connection: keep-alive", false),
        ("1.1", "Connection:", false),
        ("1.0", "x: y", true),
        ("1.0", "Connection: keep-alive", false),
        ("1.0", "Connection: Keep-Alive, x", false),
        ("1.0", "Connection: keep-alive, close", true),
    ] {
        let outcome =
            events(format!("GET / HTTP/{version}\r\nHost: a\r\n{line}\r\n\r\n").as_bytes());
        assert_eq!(
            outcome.ends_with(" close\nend"),
            closes,
            "{version} {line:?}"
        );
    }
}

#[test]
fn expectations() {
    let post = |version: &str, lines: &str| {
        events(format!("POST / HTTP/{version}\r\nHost: a\r\n{lines}\r\n\r\n").as_bytes())
    };
    let flagged = |outcome: &str| {
        outcome
            .lines()
            .next()
            .is_some_and(|l| l.ends_with(" continue"))
    };
    assert!(flagged(&post(
        "1.1",
        "Content-Length: 3\r\nExpect: 100-continue"
    )));
    assert!(flagged(&post(
        "1.1",
        "Expect: 100-Continue\r\nTransfer-Encoding: chunked"
    )));
    // Nothing follows, or the client is too old to wait: there is nothing to go on with.
    assert!(!flagged(&post("1.1", "Expect: 100-continue")));
    assert!(!flagged(&post(
        "1.1",
        "Expect: 100-continue\r\nContent-Length: 0"
    )));
    assert!(!flagged(&post("1.1", "Expect:\r\nContent-Length: 3")));
    assert!(!flagged(&post(
        "1.0",
        "Expect: 100-continue\r\nContent-Length: 3"
    )));
    for expectation in [
        "100",
        "200-ok",
        "100-continue, x",
        "100-continue;q=1",
        "100-continues",
    ] {
        let outcome = post(
            "1.1",
            &format!("Content-Length: 3\r\nExpect: {expectation}"),
        );
        assert_eq!(outcome, "417 unknown expectation", "{expectation}");
    }
}

#[test]
fn upgrades() {
    let flagged = |outcome: String| outcome.contains(" upgrade\nend");
    assert!(flagged(with("Connection: Upgrade\r\nUpgrade: websocket")));
    assert!(flagged(with(
        "Upgrade: websocket\r\nConnection: keep-alive, upgrade"
    )));
    assert!(flagged(with(
        "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0"
    )));
    assert!(!flagged(with("Upgrade: websocket")));
    assert!(!flagged(with("Connection: Upgrade")));
    assert!(!flagged(with("Connection: Upgrade\r\nUpgrade:")));
    assert!(!flagged(events(
        b"GET / HTTP/1.0\r\nConnection: upgrade, keep-alive\r\nUpgrade: websocket\r\n\r\n"
    )));
    // With a body the offer is passed over, and what follows the body is a request.
    let with_body = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
        Content-Length: 2\r\n\r\nhiGET /b HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(
        events(with_body),
        "GET / host=a connection=upgrade upgrade=websocket content-length=2 length:2\n\
         data hi\nend\nGET /b host=a\nend"
    );
}

#[test]
fn more_headers_than_are_kept_inline() {
    let lines: Vec<String> = (0..60)
        .map(|number| format!("X-{number}: {number}"))
        .collect();
    let expected: Vec<String> = (0..60)
        .map(|number| format!("x-{number}={number}"))
        .collect();
    assert_eq!(
        with(&lines.join("\r\n")),
        format!("GET / host=a {}\nend", expected.join(" "))
    );
    // Host beyond the inline ones is still replaced by the target's authority.
    let late = format!(
        "GET http://b/ HTTP/1.1\r\n{}\r\nHost: a\r\n\r\n",
        lines.join("\r\n")
    );
    assert!(events(late.as_bytes()).ends_with("x-59=59 host=b\nend"));
}
