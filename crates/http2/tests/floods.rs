//! Clients that do a thing without end.

mod common;

use std::time::Duration;

use common::*;
use http2::{Event, Limits};

/// Sends what `next` makes until the server goes away; asserts that it does so within `most`, with
/// the code that asks for calm.
fn assert_ends(mut peer: Peer, most: u32, mut next: impl FnMut(u32) -> Vec<u8>) {
    let ended = (0..most).any(|turn| {
        peer.send(&next(turn));
        peer.events();
        let frames = peer.frames();
        let goaway = frames.iter().find(|frame| frame.kind == GOAWAY);
        assert!(goaway.is_none_or(|goaway| goaway.code() == ENHANCE_YOUR_CALM));
        goaway.is_some()
    });
    assert!(ended, "still there after {most}");
    assert!(peer.server.is_over());
}

#[test]
fn rapid_resets() {
    assert_ends(Peer::new(), 300, |turn| {
        let stream = 2 * turn + 1;
        [
            get(stream, &[]),
            frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]),
        ]
        .concat()
    });
}

#[test]
fn resets_that_we_are_made_to_send() {
    assert_ends(Peer::new(), 300, |turn| {
        let stream = 2 * turn + 1;
        [post(stream, &[]), frame(WINDOW_UPDATE, 0, stream, &[0; 4])].concat()
    });
    assert_ends(Peer::new(), 300, |turn| get(2 * turn + 1, &[("te", "x")]));
}

#[test]
fn streams_beyond_the_limit() {
    let limits = Limits {
        streams: 1,
        ..Limits::default()
    };
    assert_ends(Peer::with(limits), 300, |turn| post(2 * turn + 1, &[]));
}

#[test]
fn frames_that_ask_for_nothing() {
    assert_ends(Peer::new(), 1100, |_| frame(SETTINGS, 0, 0, b""));
    assert_ends(Peer::new(), 1100, |_| frame(PING, 0, 0, &[0; 8]));
    assert_ends(Peer::new(), 1100, |_| frame(PRIORITY, 0, 1, &[0; 5]));
    assert_ends(Peer::new(), 1100, |_| {
        frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])
    });
    assert_ends(Peer::new(), 1100, |_| frame(0xfa, 0, 0, b""));
    let mut begun = false;
    assert_ends(Peer::new(), 1100, |_| {
        if std::mem::replace(&mut begun, true) {
            frame(DATA, 0, 1, b"")
        } else {
            post(1, &[])
        }
    });
    let mut begun = false;
    assert_ends(Peer::new(), 1100, |_| {
        if std::mem::replace(&mut begun, true) {
            frame(DATA, PADDED, 1, b"\0")
        } else {
            post(1, &[])
        }
    });
}

#[test]
fn header_blocks_without_end() {
    let mut begun = false;
    assert_ends(Peer::new(), 100, |_| {
        if std::mem::replace(&mut begun, true) {
            frame(CONTINUATION, 0, 1, b"")
        } else {
            frame(HEADERS, 0, 1, b"\x82")
        }
    });
    let mut begun = false;
    assert_ends(Peer::new(), 10, |_| {
        if std::mem::replace(&mut begun, true) {
            frame(CONTINUATION, 0, 1, &[0x82; 16_000])
        } else {
            frame(HEADERS, 0, 1, b"\x82")
        }
    });
}

#[test]
fn a_header_block_that_unfolds() {
    // One entry of the table, named over and over.
    let value = "x".repeat(3000);
    let mut bytes = block(&[("a", &value)]);
    bytes[0] = 0x40;
    let mut fields = block(&GET);
    fields.extend(bytes);
    fields.extend([0xbe; 10_000]);
    assert_ends(Peer::new(), 1, |_| frame(HEADERS, END_HEADERS, 1, &fields));
}

#[test]
fn what_is_earned_is_no_flood() {
    let mut peer = Peer::new();
    for turn in 0..5_000 {
        let stream = 2 * turn + 1;
        peer.send(&get(stream, &[]));
        peer.events();
        peer.answer(stream, b"hi");
        peer.frames();
        peer.send(&frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 2]));
        peer.send(&frame(PRIORITY, 0, stream, &[0; 5]));
        assert!(peer.server.violation().is_none());
    }
}

#[test]
fn small_pieces_of_a_body_are_no_flood() {
    let mut peer = Peer::new();
    peer.send(&post(1, &[]));
    peer.send(&frame(DATA, 0, 1, b"x").repeat(60_000));
    peer.send(&frame(DATA, END_STREAM, 1, b"x"));
    assert_eq!(peer.server.violation(), None);
    let bytes: usize = peer
        .events()
        .iter()
        .map(|event| match event {
            Event::Data { data, .. } => data.len(),
            _ => 0,
        })
        .sum();
    assert_eq!(bytes, 60_001);
}

#[test]
fn few_resets_at_a_time_are_no_flood_however_long_it_lasts() {
    let mut peer = Peer::new();
    for turn in 0..3_000 {
        peer.send(&get(2 * turn + 1, &[("te", "x")]));
        assert_eq!(peer.frames()[0].kind, RST_STREAM);
        peer.server.time_passed(Duration::from_millis(50));
    }
    assert_eq!(peer.server.violation(), None);
}

#[test]
fn answers_to_a_client_that_broke_the_rules_go_nowhere() {
    let mut peer = Peer::new();
    peer.send(&[get(1, &[]), frame(PING, 0, 1, &[0; 8])].concat());
    assert!(peer.server.violation().is_some());
    let fields = [(&b"a"[..], &b"b"[..])];
    assert_eq!(
        peer.server.respond(1, 200, fields.into_iter(), false),
        Ok(())
    );
}
