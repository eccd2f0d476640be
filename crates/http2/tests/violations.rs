//! Clients that break the rules.

mod common;

use common::*;
use http2::{Limits, PREFACE};

#[test]
fn a_client_begins_with_preface_and_settings() {
    for bytes in [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        [PREFACE, &get(1, &[])].concat(),
        [PREFACE, &frame(PING, 0, 0, &[0; 8])].concat(),
        [PREFACE, &frame(SETTINGS, ACK, 0, b"")].concat(),
    ] {
        Peer::silent(Limits::default()).assert_goes_away(&bytes, PROTOCOL_ERROR);
    }
}

type Case = (&'static str, Vec<u8>, u32);

fn check(cases: Vec<Case>) {
    for (what, bytes, code) in cases {
        println!("{what}");
        Peer::new().assert_goes_away(&bytes, code);
    }
}

#[test]
fn frames_of_requests_that_end_the_connection() {
    check(vec![
        (
            "too long",
            frame(DATA, 0, 1, &[0; 16_385]),
            FRAME_SIZE_ERROR,
        ),
        ("DATA on 0", frame(DATA, 0, 0, b"a"), PROTOCOL_ERROR),
        ("DATA on idle", frame(DATA, 0, 1, b"a"), PROTOCOL_ERROR),
        (
            "HEADERS on 0",
            frame(HEADERS, 4, 0, &block(&GET)),
            PROTOCOL_ERROR,
        ),
        (
            "HEADERS on 2",
            frame(HEADERS, 4, 2, &block(&GET)),
            PROTOCOL_ERROR,
        ),
        (
            "padding",
            frame(HEADERS, 4 | PADDED, 1, b"\x05\x82"),
            PROTOCOL_ERROR,
        ),
        (
            "no padding length",
            frame(HEADERS, 4 | PADDED, 1, b""),
            FRAME_SIZE_ERROR,
        ),
        (
            "no priority",
            frame(HEADERS, 4 | WITH_PRIORITY, 1, b"\0"),
            FRAME_SIZE_ERROR,
        ),
        (
            "CONTINUATION of nothing",
            frame(CONTINUATION, 4, 1, b""),
            PROTOCOL_ERROR,
        ),
        (
            "an interrupted block",
            [frame(HEADERS, 0, 1, b"\x82"), frame(PING, 0, 0, &[0; 8])].concat(),
            PROTOCOL_ERROR,
        ),
        (
            "a block on two streams",
            [
                frame(HEADERS, 0, 1, b"\x82"),
                frame(CONTINUATION, 4, 3, b""),
            ]
            .concat(),
            PROTOCOL_ERROR,
        ),
    ]);
}

#[test]
fn frames_that_steer_and_end_the_connection() {
    check(vec![
        (
            "PRIORITY on 0",
            frame(PRIORITY, 0, 0, &[0; 5]),
            PROTOCOL_ERROR,
        ),
        (
            "PRIORITY of 4",
            frame(PRIORITY, 0, 1, &[0; 4]),
            FRAME_SIZE_ERROR,
        ),
        (
            "RST_STREAM on 0",
            frame(RST_STREAM, 0, 0, &[0; 4]),
            PROTOCOL_ERROR,
        ),
        (
            "RST_STREAM on idle",
            frame(RST_STREAM, 0, 1, &[0; 4]),
            PROTOCOL_ERROR,
        ),
        (
            "RST_STREAM of 3",
            frame(RST_STREAM, 0, 1, &[0; 3]),
            FRAME_SIZE_ERROR,
        ),
        ("SETTINGS on 1", frame(SETTINGS, 0, 1, b""), PROTOCOL_ERROR),
        (
            "SETTINGS of 5",
            frame(SETTINGS, 0, 0, &[0; 5]),
            FRAME_SIZE_ERROR,
        ),
        (
            "ACK with settings",
            frame(SETTINGS, ACK, 0, &[0; 6]),
            FRAME_SIZE_ERROR,
        ),
        (
            "push of 2",
            frame(SETTINGS, 0, 0, &[0, 2, 0, 0, 0, 2]),
            PROTOCOL_ERROR,
        ),
        (
            "a window of 2^31",
            frame(SETTINGS, 0, 0, &[0, 4, 0x80, 0, 0, 0]),
            FLOW_CONTROL_ERROR,
        ),
        (
            "frames of 100",
            frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 100]),
            PROTOCOL_ERROR,
        ),
    ]);
}

#[test]
fn other_frames_that_end_the_connection() {
    check(vec![
        ("PING on 1", frame(PING, 0, 1, &[0; 8]), PROTOCOL_ERROR),
        ("PING of 7", frame(PING, 0, 0, &[0; 7]), FRAME_SIZE_ERROR),
        ("GOAWAY on 1", frame(GOAWAY, 0, 1, &[0; 8]), PROTOCOL_ERROR),
        (
            "GOAWAY of 7",
            frame(GOAWAY, 0, 0, &[0; 7]),
            FRAME_SIZE_ERROR,
        ),
        (
            "PUSH_PROMISE",
            frame(PUSH_PROMISE, 4, 1, &[0; 4]),
            PROTOCOL_ERROR,
        ),
        (
            "a window grown by 0",
            frame(WINDOW_UPDATE, 0, 0, &[0; 4]),
            PROTOCOL_ERROR,
        ),
        (
            "WINDOW_UPDATE of 3",
            frame(WINDOW_UPDATE, 0, 0, &[0; 3]),
            FRAME_SIZE_ERROR,
        ),
        (
            "WINDOW_UPDATE on idle",
            frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1]),
            PROTOCOL_ERROR,
        ),
        (
            "a window beyond 2^31",
            frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff]),
            FLOW_CONTROL_ERROR,
        ),
        ("index 0", frame(HEADERS, 4, 1, b"\x80"), COMPRESSION_ERROR),
        (
            "an index of nothing",
            frame(HEADERS, 4, 1, b"\xc8"),
            COMPRESSION_ERROR,
        ),
        (
            "DATA after the end",
            [get(1, &[]), frame(DATA, 0, 1, b"a")].concat(),
            STREAM_CLOSED,
        ),
        (
            "HEADERS after the end",
            [get(1, &[]), get(1, &[])].concat(),
            STREAM_CLOSED,
        ),
        (
            "an old number",
            [get(5, &[]), get(3, &[])].concat(),
            PROTOCOL_ERROR,
        ),
    ]);
}

#[test]
fn malformed_requests_reset_their_stream() {
    let without = |name: &str| -> Vec<(&str, &str)> {
        GET.into_iter()
            .filter(|(known, _)| *known != name)
            .collect()
    };
    let with = |more: &[(&'static str, &'static str)]| [&GET[..], more].concat();
    let mut cases = vec![
        without(":method"),
        without(":scheme"),
        without(":path"),
        without(":authority"),
        with(&[(":path", "/b")]),
        with(&[(":status", "200")]),
        with(&[(":nothing", "1")]),
        with(&[(":protocol", "websocket")]),
        with(&[("x", "1"), (":path", "/")]),
        with(&[("X-A", "1")]),
        with(&[("x a", "1")]),
        with(&[("", "1")]),
        with(&[("x", "a\nb")]),
        with(&[("x", "a\0b")]),
        with(&[("x", " a")]),
        with(&[("x", "a\t")]),
        with(&[("connection", "close")]),
        with(&[("keep-alive", "1")]),
        with(&[("proxy-connection", "close")]),
        with(&[("transfer-encoding", "chunked")]),
        with(&[("upgrade", "h2c")]),
        with(&[("te", "gzip")]),
        with(&[("host", "b")]),
        with(&[("host", "a"), ("host", "a")]),
        with(&[("content-length", "1")]),
        with(&[("content-length", "-1")]),
        with(&[("content-length", "0"), ("content-length", "0")]),
    ];
    for (place, value) in [
        (0, "G T"),
        (1, "1"),
        (2, ""),
        (2, "a"),
        (2, "*"),
        (2, "/a b"),
        (2, "http://a/"),
        (3, ""),
        (3, "u@a"),
        (0, "CONNECT"),
    ] {
        let mut fields = GET.to_vec();
        fields[place].1 = value;
        cases.push(fields);
    }
    for fields in cases {
        println!("{fields:?}");
        let bytes = frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&fields));
        Peer::new().assert_resets(&bytes, 1, PROTOCOL_ERROR);
    }
}

#[test]
fn bodies_that_are_not_what_was_declared() {
    for (length, body) in [("1", "ab"), ("3", "ab"), ("1", "")] {
        let bytes = [
            post(1, &[("content-length", length)]),
            frame(DATA, END_STREAM, 1, body.as_bytes()),
        ]
        .concat();
        Peer::new().assert_resets(&bytes, 1, PROTOCOL_ERROR);
    }
}

#[test]
fn malformed_trailers_reset_their_stream() {
    for (flags, fields) in [
        (END_HEADERS, &[("x", "1")][..]),
        (END_HEADERS | END_STREAM, &[(":path", "/")]),
        (END_HEADERS | END_STREAM, &[("X", "1")]),
        (END_HEADERS | END_STREAM, &[("connection", "close")]),
    ] {
        let bytes = [post(1, &[]), frame(HEADERS, flags, 1, &block(fields))].concat();
        Peer::new().assert_resets(&bytes, 1, PROTOCOL_ERROR);
    }
}

#[test]
fn a_window_that_grows_by_nothing_resets_its_stream() {
    let bytes = [post(1, &[]), frame(WINDOW_UPDATE, 0, 1, &[0; 4])].concat();
    Peer::new().assert_resets(&bytes, 1, PROTOCOL_ERROR);
}

#[test]
fn a_window_beyond_bounds_resets_its_stream() {
    let bytes = [
        post(1, &[]),
        frame(WINDOW_UPDATE, 0, 1, &[0x7f, 0xff, 0xff, 0xff]),
    ]
    .concat();
    Peer::new().assert_resets(&bytes, 1, FLOW_CONTROL_ERROR);
}

#[test]
fn too_many_at_a_time_are_refused() {
    let limits = Limits {
        streams: 2,
        ..Limits::default()
    };
    let mut peer = Peer::with(limits);
    peer.send(&[get(1, &[]), get(3, &[]), get(5, &[])].concat());
    assert_eq!(peer.seen(), ["1 GET /", "3 GET /"]);
    let reset = peer.only(RST_STREAM);
    assert_eq!((reset.stream, reset.code()), (5, REFUSED_STREAM));
    peer.answer(1, b"");
    peer.frames();
    peer.send(&get(7, &[]));
    assert_eq!(peer.seen(), ["7 GET /"]);
}

#[test]
fn what_follows_the_end_of_a_connection_breaks_no_rules() {
    let farewell = frame(GOAWAY, 0, 0, &[0; 8]);
    let broken = frame(PRIORITY, 0, 1, b"");
    for together in [true, false] {
        let mut peer = Peer::new();
        if together {
            peer.send(&[farewell.as_slice(), &broken].concat());
        } else {
            peer.send(&farewell);
            peer.send(&broken);
        }
        assert_eq!(peer.only(GOAWAY).code(), NO_ERROR);
        assert!(peer.server.is_over() && peer.server.violation().is_none());
    }
}
