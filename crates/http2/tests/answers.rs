//! Answers on their way to the client.

mod common;

use common::*;
use http2::{Event, Reason};

#[test]
fn a_reset_is_heard_while_an_answer_waits_for_room() {
    let mut peer = Peer::new();
    // Windows without end, so that it is the room for what leaves that is lacking.
    let most = [0, 4, 0x7f, 0xff, 0xff, 0xff];
    peer.send(&frame(SETTINGS, 0, 0, &most));
    peer.send(&frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]));
    for wait in [10_000_000, 70_000] {
        let stream = if wait == 70_000 { 3 } else { 1 };
        peer.send(&get(stream, &[]));
        peer.events();
        peer.answer(stream, &vec![b'x'; wait]);
        peer.send(&frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
        let events = peer.events();
        let is_reset =
            |event: &Event| matches!(event, Event::Reset { stream: id } if *id == stream);
        assert!(events.iter().any(is_reset), "{events:?}");
        peer.frames();
    }
}

#[test]
fn a_body_waits_for_the_window() {
    let mut peer = Peer::new();
    peer.send(&get(1, &[]));
    peer.answer(1, &vec![b'x'; 100_000]);
    let sent = |peer: &mut Peer| -> usize {
        let frames = peer.frames();
        let data = frames.iter().filter(|frame| frame.kind == DATA);
        data.map(|frame| frame.payload.len()).sum()
    };
    assert_eq!(sent(&mut peer), 65_535);
    assert_eq!(peer.server.backlog(1), 100_000 - 65_535);
    // The stream's window is not enough, and neither is the connection's.
    peer.send(&frame(WINDOW_UPDATE, 0, 1, &10_000u32.to_be_bytes()));
    assert_eq!(sent(&mut peer), 0);
    peer.send(&frame(WINDOW_UPDATE, 0, 0, &100_000u32.to_be_bytes()));
    assert_eq!(sent(&mut peer), 10_000);
    peer.send(&frame(WINDOW_UPDATE, 0, 1, &100_000u32.to_be_bytes()));
    assert_eq!(sent(&mut peer), 100_000 - 75_535);
    peer.events();
    assert!(peer.server.is_idle());
}

#[test]
fn no_more_is_made_than_is_taken() {
    let mut peer = Peer::new();
    peer.send(&frame(SETTINGS, 0, 0, b"\0\x04\x7f\xff\xff\xff"));
    peer.send(&frame(WINDOW_UPDATE, 0, 0, &0x7fff_0000u32.to_be_bytes()));
    peer.send(&get(1, &[]));
    peer.answer(1, &vec![b'x'; 1_000_000]);
    let mut out = Vec::new();
    peer.server.transmit(&mut out);
    assert!((60_000..100_000).contains(&out.len()), "{}", out.len());
    let length = out.len();
    peer.server.transmit(&mut out);
    assert_eq!(out.len(), length);
    let mut total = out.len();
    while peer.server.backlog(1) > 0 || !out.is_empty() {
        out.clear();
        peer.server.transmit(&mut out);
        total += out.len();
    }
    assert!((1_000_000..1_010_000).contains(&total), "{total}");
}

#[test]
fn the_window_is_given_back_as_the_body_is_taken() {
    let mut peer = Peer::new();
    peer.send(&post(1, &[]));
    for _ in 0..4 {
        peer.send(&frame(DATA, 0, 1, &[b'x'; 16_000]));
    }
    let updates = |peer: &mut Peer| -> Vec<u32> {
        let frames = peer.frames();
        let updates = frames.iter().filter(|frame| frame.kind == WINDOW_UPDATE);
        updates.map(|frame| frame.stream).collect()
    };
    assert_eq!(updates(&mut peer), []);
    peer.server.release(1, 40_000);
    assert_eq!(updates(&mut peer), [1]);
    peer.server.release(1, 24_000);
    peer.send(&frame(DATA, 0, 1, &[b'x'; 16_000]));
    assert!(peer.server.violation().is_none());
}

#[test]
fn more_than_the_window_is_refused() {
    let mut bytes = post(1, &[]);
    for _ in 0..5 {
        bytes.extend(frame(DATA, 0, 1, &[b'x'; 16_000]));
    }
    Peer::new().assert_resets(&bytes, 1, FLOW_CONTROL_ERROR);
}

#[test]
fn an_answer_may_come_before_the_whole_request() {
    let mut peer = Peer::new();
    peer.send(&post(1, &[]));
    peer.answer(1, b"no");
    let frames = peer.frames();
    let last = frames.last().unwrap();
    assert_eq!((last.kind, last.code()), (RST_STREAM, NO_ERROR));
    // What the client had under way is not held against it.
    peer.send(&frame(DATA, 0, 1, b"late"));
    peer.send(&frame(
        HEADERS,
        END_HEADERS | END_STREAM,
        1,
        &block(&[("x", "y")]),
    ));
    peer.send(&get(3, &[]));
    peer.events();
    assert!(peer.server.violation().is_none());
}

#[test]
fn trailers_follow_the_body() {
    let mut peer = Peer::new();
    peer.send(&get(1, &[]));
    peer.server
        .respond(1, 200, std::iter::empty(), false)
        .unwrap();
    peer.server.tail(1).unwrap().extend_from_slice(b"hi");
    let trailers = [(&b"x-sum"[..], &b"2"[..])];
    peer.server.finish(1, Some(trailers.into_iter())).unwrap();
    let kinds: Vec<_> = peer
        .frames()
        .iter()
        .map(|frame| (frame.kind, frame.flags))
        .collect();
    let expected = [
        (HEADERS, END_HEADERS),
        (DATA, 0),
        (HEADERS, END_HEADERS | END_STREAM),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn an_interim_head_comes_first() {
    let mut peer = Peer::new();
    peer.send(&post(1, &[("expect", "100-continue")]));
    peer.server.inform(1, 100, std::iter::empty()).unwrap();
    let frame = peer.only(HEADERS);
    assert_eq!(frame.flags, END_HEADERS);
    peer.answer(1, b"");
    assert!(peer.frames().len() >= 2);
}

#[test]
fn what_belongs_to_a_connection_is_left_out() {
    let mut peer = Peer::new();
    peer.send(&get(1, &[]));
    let fields: [(&[u8], &[u8]); 4] = [
        (b"connection", b"close"),
        (b"Transfer-Encoding", b"chunked"),
        (b"keep-alive", b"1"),
        (b"upgrade", b"x"),
    ];
    peer.server
        .respond(1, 204, fields.into_iter(), true)
        .unwrap();
    assert_eq!(peer.only(HEADERS).payload, b"\x89");
}

#[test]
fn a_client_that_resets_is_heard() {
    let mut peer = Peer::new();
    peer.send(&get(1, &[]));
    peer.send(&frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]));
    assert_eq!(peer.seen(), ["1 GET /", "1 reset"]);
    peer.answer(1, b"nobody reads this");
    assert_eq!(peer.frames(), []);
}

#[test]
fn a_request_can_be_given_up() {
    let mut peer = Peer::new();
    peer.send(&get(1, &[]));
    peer.events();
    peer.server.reset(1, Reason::INTERNAL_ERROR);
    assert_eq!(peer.only(RST_STREAM).code(), 2);
}

#[test]
fn shutting_down_loses_nothing() {
    let mut peer = Peer::new();
    peer.send(&get(1, &[]));
    peer.server.shut_down();
    let frames = peer.frames();
    let goaway = &frames[0];
    assert_eq!((goaway.kind, goaway.code()), (GOAWAY, NO_ERROR));
    assert_eq!(goaway.payload[..4], [0x7f, 0xff, 0xff, 0xff]);
    let ping = frames.iter().find(|frame| frame.kind == PING).unwrap();
    // A request that was under way when the client heard of it.
    peer.send(&get(3, &[]));
    peer.send(&frame(PING, ACK, 0, &ping.payload));
    assert_eq!(peer.seen(), ["1 GET /", "3 GET /"]);
    assert_eq!(peer.only(GOAWAY).payload[..4], [0, 0, 0, 3]);
    peer.answer(1, b"a");
    peer.answer(3, b"b");
    assert!(!peer.server.is_over());
    let bodies: Vec<_> = peer
        .frames()
        .into_iter()
        .filter(|frame| frame.kind == DATA)
        .map(|frame| frame.payload)
        .collect();
    assert_eq!(bodies, [b"a", b"b"]);
    assert!(peer.server.is_over() && peer.server.violation().is_none());
}

#[test]
fn events_come_with_the_end_of_a_body() {
    let mut peer = Peer::new();
    peer.send(&post(1, &[("content-length", "2")]));
    peer.send(&frame(DATA, END_STREAM, 1, b"ab"));
    let events = peer.events();
    assert!(matches!(
        events[..],
        [
            Event::Request { ends: false, .. },
            Event::Data { .. },
            Event::End { stream: 1 },
        ]
    ));
}
