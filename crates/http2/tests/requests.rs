//! Requests that are as they should be.

mod common;

use common::*;
use http1::{Framing, Version};
use http2::{Event, Limits};

#[test]
fn a_head_has_the_form_of_http1() {
    let mut peer = Peer::new();
    peer.send(&get(1, &[("x-a", "1"), ("x-a", "2")]));
    let Some(Event::Request {
        head: Ok(head),
        ends: true,
        ..
    }) = peer.server.next_event()
    else {
        panic!("no request");
    };
    assert_eq!(head.version(), Version::Http2);
    assert_eq!((head.method(), head.path()), ("GET", &b"/"[..]));
    let headers: Vec<_> = head.headers().collect();
    let expected: [(&[u8], &[u8]); 3] = [(b"host", b"a"), (b"x-a", b"1"), (b"x-a", b"2")];
    assert_eq!(headers, expected);
    assert_eq!(head.body(), Framing::None);
}

#[test]
fn cookies_are_put_together_again() {
    let mut peer = Peer::new();
    peer.send(&get(1, &[("cookie", "a=1"), ("cookie", "b=2")]));
    let Some(Event::Request { head: Ok(head), .. }) = peer.server.next_event() else {
        panic!("no request");
    };
    assert_eq!(head.header(b"cookie"), Some(&b"a=1; b=2"[..]));
}

#[test]
fn bytes_may_come_one_by_one() {
    let mut peer = Peer::silent(Limits::default());
    let mut bytes = http2::PREFACE.to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, b""));
    bytes.extend(post(1, &[]));
    bytes.extend(frame(DATA, 0, 1, b"ab"));
    bytes.extend(frame(DATA, END_STREAM, 1, b"c"));
    for byte in bytes {
        peer.send(&[byte]);
    }
    assert_eq!(peer.seen(), ["1 POST / …", "1 ab", "1 c", "1 end"]);
}

#[test]
fn many_at_a_time_are_answered_in_any_order() {
    let mut peer = Peer::new();
    peer.send(&[get(1, &[]), get(3, &[]), get(5, &[])].concat());
    assert_eq!(peer.seen(), ["1 GET /", "3 GET /", "5 GET /"]);
    for stream in [5, 1, 3] {
        peer.answer(stream, b"hi");
        let frames = peer.frames();
        let kinds: Vec<_> = frames
            .iter()
            .map(|frame| (frame.kind, frame.stream))
            .collect();
        assert_eq!(kinds, [(HEADERS, stream), (DATA, stream)]);
        assert_eq!(frames[1].flags, END_STREAM);
        assert_eq!(frames[1].payload, b"hi");
    }
    assert!(peer.server.is_idle());
}

#[test]
fn padding_and_priority_are_taken_off() {
    let mut peer = Peer::new();
    let mut payload = vec![3, 0x80, 0, 0, 0, 255];
    payload.extend(block(&GET));
    payload.extend([0; 3]);
    peer.send(&frame(
        HEADERS,
        END_HEADERS | PADDED | WITH_PRIORITY,
        1,
        &payload,
    ));
    peer.send(&frame(DATA, PADDED | END_STREAM, 1, b"\x02hi\0\0"));
    assert_eq!(peer.seen(), ["1 GET / …", "1 hi", "1 end"]);
}

#[test]
fn a_header_block_may_come_in_pieces() {
    let mut peer = Peer::new();
    let block = block(&GET);
    peer.send(&frame(HEADERS, END_STREAM, 1, &block[..1]));
    for piece in block[1..].chunks(2) {
        peer.send(&frame(CONTINUATION, 0, 1, piece));
    }
    peer.send(&frame(CONTINUATION, END_HEADERS, 1, b""));
    assert_eq!(peer.seen(), ["1 GET /"]);
}

#[test]
fn trailers_end_a_request() {
    let mut peer = Peer::new();
    peer.send(&post(1, &[]));
    peer.send(&frame(DATA, 0, 1, b"a"));
    peer.send(&frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        1,
        &block(&[("x-sum", "1")]),
    ));
    assert_eq!(peer.seen(), ["1 POST / …", "1 a", "1 end"]);
}

#[test]
fn what_has_no_meaning_is_passed_over() {
    let mut peer = Peer::new();
    peer.send(&frame(0xfa, 0xff, 0, b"grease"));
    peer.send(&frame(PRIORITY, 0, 77, b"\0\0\0\x01\x10"));
    peer.send(&frame(SETTINGS, 0, 0, b"\xfa\xfa\0\0\0\x01"));
    peer.send(&get(1, &[]));
    assert_eq!(peer.seen(), ["1 GET /"]);
}

#[test]
fn a_websocket_is_an_extended_connect() {
    let mut peer = Peer::new();
    let mut fields = GET.to_vec();
    fields[0].1 = "CONNECT";
    fields.push((":protocol", "websocket"));
    peer.send(&frame(HEADERS, END_HEADERS, 1, &block(&fields)));
    let Some(Event::Request { head: Ok(head), .. }) = peer.server.next_event() else {
        panic!("no request");
    };
    assert!(head.is_upgrade());
    assert_eq!(head.path(), b"/");
    fields.pop();
    fields.push((":protocol", "gopher"));
    peer.send(&frame(HEADERS, END_HEADERS, 3, &block(&fields)));
    assert_eq!(peer.seen(), ["3 501"]);
}

#[test]
fn what_is_too_large_is_refused_by_its_status() {
    let long = "a".repeat(9000);
    let many: Vec<_> = (0..101).map(|_| ("x", "y")).collect();
    let path = {
        let text = format!("/{long}");
        let mut fields = GET.to_vec();
        fields[2] = (":path", &text);
        frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&fields))
    };
    let limits = Limits {
        request: http1::Limits {
            body: 10,
            header_block: 8000,
            ..http1::Limits::default()
        },
        ..Limits::default()
    };
    for (request, status) in [
        (path, 414),
        (get(1, &many), 431),
        (get(1, &[("x", &long)]), 431),
        (post(1, &[("content-length", "11")]), 413),
    ] {
        let mut peer = Peer::with(limits);
        peer.send(&request);
        assert_eq!(peer.seen(), [format!("1 {status}")]);
    }
}
