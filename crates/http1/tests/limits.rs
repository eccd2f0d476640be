//! What exceeds a limit is refused with the limit's own status, at the limit and not before.

mod common;

use common::events_within;
use http1::Limits;

fn last(bytes: &[u8], limits: Limits) -> String {
    events_within(bytes, limits).pop().unwrap_or_default()
}

#[test]
fn request_lines() {
    let limits = Limits {
        request_line: 30,
        ..Limits::default()
    };
    for (length, fits) in [(16, true), (17, false), (18, false), (100, false)] {
        let line = format!("GET /{} HTTP/1.1", "a".repeat(length));
        assert_eq!(line.len() <= 30, fits);
        let outcome = last(format!("{line}\r\nHost: a\r\n\r\n").as_bytes(), limits);
        assert_eq!(
            outcome,
            if fits {
                "end"
            } else {
                "414 request line too long"
            }
        );
    }
    // The line need not end to be too long, and what is wrong beyond the limit does not matter.
    assert_eq!(last(&b"A".repeat(40), limits), "414 request line too long");
    assert_eq!(last(&b"A".repeat(31), limits), "…");
    let wrong = [&b"GET /"[..], &b"a".repeat(40), b"\0"].concat();
    assert_eq!(last(&wrong, limits), "414 request line too long");
    let early = [&b"GET /\0"[..], &b"a".repeat(40)].concat();
    assert_eq!(
        last(&early, limits),
        "400 invalid character in request target"
    );
}

#[test]
fn header_blocks() {
    let limits = Limits {
        header_block: 40,
        ..Limits::default()
    };
    for (length, fits) in [
        (24, true),
        (25, false),
        (26, false),
        (27, false),
        (100, false),
    ] {
        let block = format!("Host: a\r\nx: {}\r\n\r\n", "b".repeat(length));
        assert_eq!(block.len() <= 40, fits);
        let outcome = last(format!("GET / HTTP/1.1\r\n{block}").as_bytes(), limits);
        assert_eq!(
            outcome,
            if fits {
                "end"
            } else {
                "431 header fields too large"
            },
            "{length}"
        );
    }
    let endless = format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "b".repeat(60));
    assert_eq!(
        last(endless.as_bytes(), limits),
        "431 header fields too large"
    );
    let trailers = format!(
        "POST / HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:chunked\r\n\r\n0\r\nx: {}",
        "y".repeat(60)
    );
    assert_eq!(
        last(trailers.as_bytes(), limits),
        "431 header fields too large"
    );
}

#[test]
fn header_counts() {
    let limits = Limits {
        header_count: 3,
        ..Limits::default()
    };
    let request = |count| {
        format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "x: y\r\n".repeat(count)
        )
    };
    assert_eq!(last(request(2).as_bytes(), limits), "end");
    assert_eq!(
        last(request(3).as_bytes(), limits),
        "431 too many header fields"
    );
    let trailers = |count| {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
        format!("{head}{}\r\n", "x: y\r\n".repeat(count))
    };
    assert_eq!(last(trailers(3).as_bytes(), limits), "end");
    assert_eq!(
        last(trailers(4).as_bytes(), limits),
        "431 too many header fields"
    );
}

#[test]
fn the_default_limits() {
    let get = |rest: &str| last(format!("GET {rest}").as_bytes(), Limits::default());
    let host = " HTTP/1.1\r\nHost: a\r\n";
    assert_eq!(get(&format!("/{}{host}\r\n", "a".repeat(8192 - 14))), "end");
    assert_eq!(
        get(&format!("/{}{host}\r\n", "a".repeat(8192 - 13))),
        "414 request line too long"
    );
    assert_eq!(get(&format!("/{host}{}\r\n", "x: y\r\n".repeat(99))), "end");
    assert_eq!(
        get(&format!("/{host}{}\r\n", "x: y\r\n".repeat(100))),
        "431 too many header fields"
    );
    let value = 64 * 1024 - 9 - 7;
    assert_eq!(
        get(&format!("/{host}x: {}\r\n\r\n", "a".repeat(value))),
        "end"
    );
    let large = get(&format!("/{host}x: {}\r\n\r\n", "a".repeat(value + 1)));
    assert_eq!(large, "431 header fields too large");
}

#[test]
fn declared_bodies_are_refused_with_the_head() {
    let limits = Limits {
        body: 5,
        ..Limits::default()
    };
    let post = |length: &str| {
        events_within(
            format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\nhello")
                .as_bytes(),
            limits,
        )
    };
    assert_eq!(post("5").last().map(String::as_str), Some("end"));
    assert_eq!(post("6"), ["413 body too large"]);
    assert_eq!(post("18446744073709551615"), ["413 body too large"]);
    assert_eq!(
        post("18446744073709551616"),
        ["400 invalid Content-Length header"]
    );
}

#[test]
fn chunked_bodies_are_refused_when_a_chunk_would_exceed_the_limit() {
    let limits = Limits {
        body: 5,
        ..Limits::default()
    };
    let post = |body: &str| {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut events = events_within(format!("{head}{body}").as_bytes(), limits);
        events.remove(0);
        events
    };
    assert_eq!(post("5\r\nhello\r\n0\r\n\r\n"), ["data hello", "end"]);
    assert_eq!(
        post("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
        ["data hello", "end"]
    );
    assert_eq!(post("6\r\nhel"), ["413 body too large"]);
    assert_eq!(
        post("3\r\nhel\r\n3\r\nlo"),
        ["data hel", "413 body too large"]
    );
    assert_eq!(post("ffffffffffffffff\r\n"), ["413 body too large"]);
}

#[test]
fn chunk_extensions_have_a_limit_over_the_whole_body() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunks = |count: usize, extension: &str| {
        let chunk = format!("1;{extension}\r\nx\r\n");
        last(
            format!("{head}{}0\r\n\r\n", chunk.repeat(count)).as_bytes(),
            Limits::default(),
        )
    };
    assert_eq!(chunks(1, &"e".repeat(16_000)), "end");
    assert_eq!(
        chunks(1, &"e".repeat(17_000)),
        "400 chunk extensions too long"
    );
    assert_eq!(chunks(100, &"e".repeat(100)), "end");
    assert_eq!(
        chunks(200, &"e".repeat(100)),
        "400 chunk extensions too long"
    );
    let spaces = format!("{head}1{};\r\nx\r\n0\r\n\r\n", " ".repeat(17_000));
    let outcome = last(spaces.as_bytes(), Limits::default());
    assert_eq!(outcome, "400 chunk extensions too long");
}

#[test]
fn limits_at_the_ends_of_their_types_do_no_harm() {
    let request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
    let none = Limits {
        request_line: usize::MAX,
        header_block: usize::MAX,
        header_count: usize::MAX,
        body: u64::MAX,
    };
    assert_eq!(last(request, none), "end");
    let all = Limits {
        request_line: 0,
        header_block: 0,
        header_count: 0,
        body: 0,
    };
    assert_eq!(last(request, all), "414 request line too long");
    let block = Limits {
        header_block: 0,
        ..Limits::default()
    };
    assert_eq!(last(request, block), "431 header fields too large");
}
