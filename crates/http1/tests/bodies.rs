//! Where a body ends: Content-Length, chunks, and everything between and beside.

mod common;

use common::events;

/// What a POST with these header lines and these bytes after its head comes to, without the head.
fn post(lines: &str, body: &str) -> String {
    let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n{body}");
    let events = events(request.as_bytes());
    match events.split_once('\n') {
        Some((head, rest)) if head.starts_with("POST") => rest.to_owned(),
        _ => events,
    }
}

fn chunked(body: &str) -> String {
    post("Transfer-Encoding: chunked", body)
}

#[test]
fn counted_bodies() {
    assert_eq!(post("Content-Length: 5", "hello"), "data hello\nend");
    assert_eq!(post("Content-Length: 0", ""), "end");
    assert_eq!(post("Content-Length:\t05 ", "hello"), "data hello\nend");
    assert_eq!(post("Content-Length: 5", "hell"), "data hell\n…");
    assert_eq!(post("Content-Length: 5", "hello!"), "data hello\nend\n…");
    assert_eq!(
        post("Content-Length: 5", "hello\0"),
        "data hello\nend\n400 invalid method"
    );
    assert_eq!(
        post("Content-Length: 4", "\r\n\r\n"),
        "data \\r\\n\\r\\n\nend"
    );
    assert_eq!(
        post("Content-Length: 18446744073709551615", "a"),
        "data a\n…"
    );
}

#[test]
fn without_a_length_there_is_no_body() {
    assert_eq!(post("x: y", ""), "end");
    assert_eq!(post("x: y", "hello"), "end\n…");
}

#[test]
fn a_content_length_is_one_number() {
    for value in [
        "",
        "+5",
        "-5",
        "-0",
        "5 5",
        "5,5",
        "5, 5",
        "5,",
        ",5",
        "5,6",
        "0x5",
        "5.0",
        "5e1",
        "five",
        "٥",
        "1_0",
        "5;",
        "\"5\"",
        "18446744073709551616",
        "99999999999999999999999999",
        "5\t5",
    ] {
        let outcome = post(&format!("Content-Length: {value}"), "hello");
        assert_eq!(outcome, "400 invalid Content-Length header", "{value:?}");
    }
    for lines in [
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5\r\ncontent-length: 6",
        "Content-Length: 0\r\nCONTENT-LENGTH: 0",
    ] {
        assert_eq!(
            post(lines, "hello"),
            "400 more than one Content-Length header"
        );
    }
}

#[test]
fn the_only_transfer_coding_is_chunked_once() {
    for lines in [
        "Transfer-Encoding: chunked",
        "transfer-encoding:chunked",
        "Transfer-Encoding:\tChUnKeD ",
    ] {
        assert_eq!(post(lines, "0\r\n\r\n"), "end", "{lines}");
    }
    for value in [
        "",
        ",",
        "chunked, chunked",
        "chunked,",
        ",chunked",
        "chunked, gzip",
        "gzip",
        "identity",
        "xchunked",
        "chunkedx",
        "\"chunked\"",
        "chunked;q=1",
        "chunked;",
        "chun ked",
        "chunked chunked",
        "chunked, identity",
        "identity, chunked, chunked",
        "'chunked'",
        "gzip;q=1, chunked",
        "\u{a0}chunked",
        "chunked\u{85}",
    ] {
        let outcome = post(&format!("Transfer-Encoding: {value}"), "0\r\n\r\n");
        assert_eq!(outcome, "400 invalid Transfer-Encoding header", "{value:?}");
    }
    for lines in [
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding:",
    ] {
        assert_eq!(
            post(lines, "0\r\n\r\n"),
            "400 invalid Transfer-Encoding header",
            "{lines:?}"
        );
    }
    for lines in [
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    ] {
        assert_eq!(
            post(lines, "0\r\n\r\n"),
            "501 transfer coding not implemented",
            "{lines:?}"
        );
    }
}

#[test]
fn spellings_of_transfer_encoding_that_others_might_take_for_it_are_refused() {
    for (lines, expected) in [
        ("Transfer-Encoding : chunked", "400 invalid header name"),
        (" Transfer-Encoding: chunked", "400 folded header line"),
        (
            "x: y\r\n Transfer-Encoding: chunked",
            "400 folded header line",
        ),
        ("Transfer-Encoding:\r\n chunked", "400 folded header line"),
        (
            "Transfer-Encoding: \x0bchunked",
            "400 invalid character in header value",
        ),
        (
            "Transfer-Encoding: chunked\0",
            "400 invalid character in header value",
        ),
        ("Transfer-Encoding\0: chunked", "400 invalid header name"),
        (
            "x: y\nTransfer-Encoding: chunked",
            "400 line does not end with CR LF",
        ),
        (
            "x: y\rTransfer-Encoding: chunked",
            "400 line does not end with CR LF",
        ),
    ] {
        assert_eq!(post(lines, "0\r\n\r\n"), expected, "{lines:?}");
    }
}

#[test]
fn a_request_is_framed_in_one_way() {
    for lines in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Transfer-Encoding: x\r\nContent-Length: 0",
    ] {
        let outcome = post(lines, "0\r\n\r\n");
        assert_eq!(
            outcome, "400 both Content-Length and Transfer-Encoding headers",
            "{lines:?}"
        );
    }
    let old = events(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert_eq!(old, "400 Transfer-Encoding header in an HTTP/1.0 request");
}

#[test]
fn chunks() {
    assert_eq!(chunked("5\r\nhello\r\n0\r\n\r\n"), "data hello\nend");
    assert_eq!(chunked("1\r\na\r\n2\r\nbc\r\n00\r\n\r\n"), "data abc\nend");
    assert_eq!(
        chunked("a\r\n0123456789\r\n0\r\n\r\n"),
        "data 0123456789\nend"
    );
    assert_eq!(
        chunked("A\r\n0123456789\r\n0\r\n\r\n"),
        "data 0123456789\nend"
    );
    assert_eq!(
        chunked("000000000000002\r\nab\r\n0\r\n\r\n"),
        "data ab\nend"
    );
    assert_eq!(
        chunked("4\r\n\r\n\r\n\r\n0\r\n\r\n"),
        "data \\r\\n\\r\\n\nend"
    );
    assert_eq!(chunked("5\r\nhel"), "data hel\n…");
    assert_eq!(chunked("ffffffffffffffff\r\na"), "data a\n…");
    assert_eq!(chunked("0\r\n\r\nX"), "end\n…");
}

#[test]
fn a_chunk_size_is_hexadecimal_digits() {
    for size in [
        "", " 5", "+5", "-5", "0x5", "x", "g", "5x", "5_0", "5,", "5 5", "5.", "٥", "5\0", "5 ",
    ] {
        let outcome = chunked(&format!("{size}\r\nhello\r\n0\r\n\r\n"));
        assert_eq!(outcome, "400 invalid chunk size", "{size:?}");
    }
    for size in [
        "10000000000000000",
        "fffffffffffffffff",
        "00000000000000000",
        "00000000000000005",
    ] {
        let outcome = chunked(&format!("{size}\r\nhello\r\n0\r\n\r\n"));
        assert_eq!(outcome, "400 chunk size too large", "{size:?}");
    }
    // The sum of all chunks is bounded like each of them.
    let sum = chunked("1\r\na\r\nffffffffffffffff\r\n");
    assert_eq!(sum, "data a\n400 chunk size too large");
}

#[test]
fn chunk_lines_end_with_cr_lf() {
    for (body, expected) in [
        ("5\nhello\r\n0\r\n\r\n", "400 line does not end with CR LF"),
        ("5\rhello\r\n0\r\n\r\n", "400 line does not end with CR LF"),
        (
            "5\r\rhello\r\n0\r\n\r\n",
            "400 line does not end with CR LF",
        ),
        (
            "5;a\nhello\r\n0\r\n\r\n",
            "400 line does not end with CR LF",
        ),
        (
            "5;a\rb\r\nhello\r\n0\r\n\r\n",
            "400 line does not end with CR LF",
        ),
        (
            "5\r\nhello\n0\r\n\r\n",
            "data hello\n400 chunk does not end with CR LF",
        ),
        (
            "5\r\nhello\r0\r\n\r\n",
            "data hello\n400 chunk does not end with CR LF",
        ),
        (
            "5\r\nhelloo\r\n0\r\n\r\n",
            "data hello\n400 chunk does not end with CR LF",
        ),
        (
            "5\r\nhell\r\n0\r\n\r\n",
            "data hell\\r\n400 chunk does not end with CR LF",
        ),
        (
            "5\r\nhello0\r\n\r\n",
            "data hello\n400 chunk does not end with CR LF",
        ),
        ("0\n\r\n", "400 line does not end with CR LF"),
        ("0\r\n\n", "400 line does not end with CR LF"),
        ("0\r\n\rx", "400 line does not end with CR LF"),
    ] {
        assert_eq!(chunked(body), expected, "{body:?}");
    }
}

#[test]
fn chunk_extensions_are_passed_over() {
    for extension in [
        ";a",
        ";a=b",
        ";a=\"b;c\"",
        " ;a",
        "\t; a = b",
        ";a=\"é\"",
        ";a;b",
    ] {
        let body = format!("5{extension}\r\nhello\r\n0{extension}\r\n\r\n");
        assert_eq!(chunked(&body), "data hello\nend", "{extension:?}");
    }
    for extension in [
        ";\0", ";a\x0b", ";a\x7f", ";", ";;", ";a ", ";a\tb", "; é", ";a=\"b",
    ] {
        let outcome = chunked(&format!("5{extension}\r\nhello\r\n0\r\n\r\n"));
        assert_eq!(outcome, "400 invalid chunk extension", "{extension:?}");
    }
}

#[test]
fn trailers_are_checked_and_dropped() {
    assert_eq!(
        chunked("0\r\nx: y\r\nContent-Length: 5\r\nHost: b\r\n\r\n"),
        "end"
    );
    let next = "GET /b HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(
        chunked(&format!("0\r\nx: y\r\n\r\n{next}")),
        "end\nGET /b host=a\nend"
    );
    for (trailer, expected) in [
        ("x : y", "400 invalid header name"),
        ("x: a\r\n b", "400 folded header line"),
        (" x: a", "400 folded header line"),
        ("x: \0", "400 invalid character in header value"),
        ("x: y\n", "400 line does not end with CR LF"),
        ("GET / HTTP/1.1", "400 invalid header name"),
    ] {
        assert_eq!(
            chunked(&format!("0\r\n{trailer}\r\n\r\n")),
            expected,
            "{trailer:?}"
        );
    }
}
