//! Several requests on one connection, and the state between them.

mod common;

use bytes::BytesMut;
use common::events;
use http1::{Event, Limits, RequestDecoder};

#[test]
fn requests_follow_each_other() {
    let requests = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n\
        POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
        POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n\
        \r\nGET /4 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n\
        GET /5 HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n";
    assert_eq!(
        events(requests),
        "GET /1 host=a\nend\n\
         POST /2 host=a content-length=3 length:3\ndata abc\nend\n\
         POST /3 host=a transfer-encoding=chunked chunked\ndata de\nend\n\
         GET /4 1.0 connection=keep-alive\nend\n\
         GET /5 host=b connection=close close\nend"
    );
}

#[test]
fn the_second_request_is_held_to_the_same_rules() {
    let requests = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\n\r\n";
    assert_eq!(
        events(requests),
        "GET /1 host=a\nend\n400 missing Host header"
    );
}

#[test]
fn bytes_after_a_request_stay_in_the_buffer() {
    let mut decoder = RequestDecoder::new(Limits::default());
    let mut buffer = BytesMut::from(
        &b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\x81\x00"[..],
    );
    assert!(
        matches!(decoder.decode(&mut buffer), Ok(Some(Event::Head(head))) if head.is_upgrade())
    );
    assert!(matches!(decoder.decode(&mut buffer), Ok(Some(Event::End))));
    assert_eq!(buffer, &b"\x81\x00"[..]);
}

#[test]
fn between_messages() {
    let mut decoder = RequestDecoder::new(Limits::default());
    let mut buffer = BytesMut::new();
    let mut feed = |bytes: &[u8]| {
        buffer.extend_from_slice(bytes);
        while let Ok(Some(_)) = decoder.decode(&mut buffer) {}
        decoder.is_between_messages()
    };
    assert!(feed(b""));
    assert!(!feed(b"G"));
    assert!(!feed(b"ET / HTTP/1.1\r\nHost: a\r\n"));
    assert!(feed(b"\r\n"));
    assert!(feed(b"\r\n"));
    assert!(!feed(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na"
    ));
    assert!(feed(b"b"));
    assert!(!feed(b"\0"));
}

#[test]
fn a_head_outlives_the_buffer_and_shares_its_bytes() {
    let mut decoder = RequestDecoder::new(Limits::default());
    let mut buffer = BytesMut::from(&b"GET /a?b HTTP/1.1\r\nHOST: c\r\nX-Y: Z\r\n\r\n"[..]);
    let start = buffer.as_ptr();
    let Ok(Some(Event::Head(head))) = decoder.decode(&mut buffer) else {
        panic!("the head is complete");
    };
    drop(buffer);
    assert_eq!(head.target(), b"/a?b");
    assert_eq!(head.method().as_ptr(), start);
    assert_eq!(head.header(b"x-y"), Some(&b"Z"[..]));
    assert_eq!(head.header(b"X-Y"), None);
    assert_eq!(head.headers().len(), 2);
    assert_eq!(format!("{:?}", head.clone()), format!("{head:?}"));
}
