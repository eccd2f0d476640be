//! Streams that share a connection: nobody waits for another's whole answer.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod common;

use common::*;
use http2::Event;

/// A client whose windows hold nobody up.
fn open_wide() -> Peer {
    let mut peer = Peer::new();
    peer.send(&frame(SETTINGS, 0, 0, b"\0\x04\x7f\xff\xff\xff"));
    peer.send(&frame(WINDOW_UPDATE, 0, 0, &0x7fff_0000_u32.to_be_bytes()));
    peer.frames();
    peer
}

fn ask(peer: &mut Peer, stream: u32, length: usize) {
    peer.send(&get(stream, &[]));
    assert_eq!(peer.seen(), [format!("{stream} GET /")]);
    peer.answer(stream, &vec![b'x'; length]);
}

#[test]
fn large_answers_take_turns() {
    let mut peer = open_wide();
    for stream in [1, 3, 5] {
        ask(&mut peer, stream, 1_000_000);
        peer.frames();
    }
    let mut sent = [0; 3];
    while sent.iter().sum::<usize>() < 1_500_000 {
        for frame in peer.frames().iter().filter(|frame| frame.kind == DATA) {
            assert!(frame.payload.len() <= 16_384);
            sent[(frame.stream as usize - 1) / 2] += frame.payload.len();
        }
    }
    let (least, most) = (sent.iter().min().unwrap(), sent.iter().max().unwrap());
    assert!(most - least <= 200_000, "{sent:?}");
}

#[test]
fn a_small_answer_waits_for_what_leaves_already() {
    let mut peer = open_wide();
    ask(&mut peer, 1, 5_000_000);
    peer.frames();
    ask(&mut peer, 3, 10);
    let mut before = 0;
    while !peer.frames().iter().any(|frame| {
        before += frame.payload.len();
        frame.stream == 3 && frame.flags & END_STREAM != 0
    }) {}
    assert!(before < 200_000, "{before}");
}

#[test]
fn what_cannot_be_read_stays_where_it_is() {
    let mut peer = open_wide();
    let streams = [3, 5, 7, 9];
    for stream in streams {
        peer.send(&post(stream, &[]));
    }
    peer.events();
    ask(&mut peer, 11, 5_000_000);
    // The answer to this has no room, and the crate reads nothing before it has left.
    peer.send(&frame(PING, 0, 0, b"question"));
    for stream in streams {
        for _ in 0..4 {
            peer.send(&frame(DATA, 0, stream, &[b'x'; 15_000]));
        }
    }
    assert!(peer.server.is_full());
    assert!(peer.events().is_empty());
    let (mut received, mut pongs) = (0, 0);
    while received < streams.len() * 60_000 {
        pongs += peer
            .frames()
            .iter()
            .filter(|frame| frame.kind == PING)
            .count();
        peer.send(b"");
        for event in peer.events() {
            let Event::Data { data, .. } = event else {
                panic!("{event:?}")
            };
            received += data.len();
        }
    }
    assert_eq!((received, pongs), (240_000, 1));
}
