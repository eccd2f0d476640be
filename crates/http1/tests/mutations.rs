//! Requests that something happened to on the way.

mod common;

use common::events_within;
use http1::Limits;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const REQUESTS: &[&[u8]] = &[
    b"GET /items/7?q=a%20b&x HTTP/1.1\r\nHost: example.com:8000\r\nAccept: */*\r\n\r\n",
    b"POST /items HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\nexpect: 100-continue\r\n\r\n{\"a\": true}",
    b"PUT / HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nx: y\r\n\r\n",
    b"GET http://b/c?d HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"\r\nGET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
];

/// What happens to a request.
#[derive(Clone, Debug)]
enum Mutation {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let telling = select(vec![
        &b"\r\n"[..],
        b"\n",
        b"\r",
        b" ",
        b":",
        b",",
        b";",
        b"\0",
        b"\r\n\r\n",
        b"\r\n ",
        b"0",
        b"f",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 3\r\n",
        b"Host: b\r\n",
    ]);
    let bytes = prop_oneof![telling.prop_map(<[u8]>::to_vec), vec(any::<u8>(), 1..4)];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (any::<Index>(), bytes).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (any::<Index>(), 1..20usize).prop_map(|(at, length)| Mutation::Remove(at, length)),
        (any::<Index>(), 1..40usize).prop_map(|(at, length)| Mutation::Repeat(at, length)),
    ]
}

fn apply(mutation: &Mutation, request: &mut Vec<u8>) {
    let at = |index: &Index, length: usize| index.index(length + 1);
    match mutation {
        Mutation::Replace(index, byte) => {
            let at = at(index, request.len());
            if let Some(place) = request.get_mut(at) {
                *place = *byte;
            }
        }
        Mutation::Insert(index, bytes) => {
            let at = at(index, request.len());
            request.splice(at..at, bytes.iter().copied());
        }
        Mutation::Remove(index, length) => {
            let at = at(index, request.len());
            request.drain(at..(at + length).min(request.len()));
        }
        Mutation::Repeat(index, length) => {
            let at = at(index, request.len());
            let end = (at + length).min(request.len());
            let again = request.get(at..end).unwrap_or_default().to_vec();
            request.splice(end..end, again);
        }
    }
}

/// The outcome is the same however the bytes arrive, and an error has one of the known statuses.
fn assert_sound(request: &[u8], limits: Limits) {
    let events = events_within(request, limits);
    for (index, event) in events.iter().enumerate() {
        if let Some(status) = event
            .get(..3)
            .filter(|word| word.bytes().all(|b| b.is_ascii_digit()))
        {
            assert!(
                ["400", "413", "414", "417", "431", "501", "505"].contains(&status),
                "{event}"
            );
            assert_eq!(index + 1, events.len());
        }
    }
    let heads = events
        .iter()
        .filter(|event| event.contains(' ') && !event.starts_with("data "))
        .count();
    let ends = events.iter().filter(|event| *event == "end").count();
    assert!(ends <= heads);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_mutated_request_ends_in_events_or_an_error(
        request in select(REQUESTS),
        mutations in vec(mutation(), 1..5),
    ) {
        let mut request = request.to_vec();
        for mutation in &mutations {
            apply(mutation, &mut request);
        }
        assert_sound(&request, Limits::default());
        let tight = Limits { request_line: 24, header_block: 60, header_count: 2, body: 8 };
        assert_sound(&request, tight);
    }

    #[test]
    fn any_bytes_end_in_events_or_an_error(bytes in vec(any::<u8>(), 0..60)) {
        assert_sound(&bytes, Limits::default());
    }
}
