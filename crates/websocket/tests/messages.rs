//! What a client may send, and what it may not.

mod common;

use common::{events_within, frame};

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;

fn events(bytes: &[u8]) -> Vec<String> {
    events_within(bytes, 1 << 20, None)
}

fn all(frames: &[Vec<u8>]) -> Vec<String> {
    events(&frames.concat())
}

#[test]
fn messages_of_every_length() {
    for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
        let text = "x".repeat(length);
        assert_eq!(
            events(&frame(TEXT, text.as_bytes())),
            [format!("text {text}")]
        );
        assert_eq!(
            events(&frame(BINARY, text.as_bytes())),
            [format!("binary {text}")]
        );
    }
}

#[test]
fn fragments_are_put_together_around_control_frames() {
    let frames = [
        frame(0x01, "hé".as_bytes()),
        frame(PING, b"a"),
        frame(0x00, b""),
        frame(0x8a, b"b"),
        frame(0x80, b"llo"),
        frame(0x02, b"\xff"),
        frame(0x80, b"\xfe"),
    ];
    assert_eq!(
        all(&frames),
        ["ping a", "pong b", "text héllo", "binary \\xff\\xfe"]
    );
}

#[test]
fn characters_may_be_cut_by_frames() {
    let text = "𝄞é".as_bytes();
    for at in 1..text.len() {
        let frames = [frame(0x01, &text[..at]), frame(0x80, &text[at..])];
        assert_eq!(all(&frames), ["text 𝄞é"]);
    }
    assert_eq!(all(&[frame(TEXT, &text[..3])]), ["1007 text is not UTF-8"]);
    assert_eq!(
        all(&[frame(0x01, &text[..3]), frame(0x80, b"")]),
        ["1007 text is not UTF-8"]
    );
}

#[test]
fn bad_text_is_refused_before_its_message_ends() {
    assert_eq!(all(&[frame(0x01, b"ab\xc0")]), ["1007 text is not UTF-8"]);
}

#[test]
fn closing() {
    assert_eq!(all(&[frame(CLOSE, b"")]), ["close 1005 "]);
    assert_eq!(
        all(&[frame(CLOSE, b"\x03\xe8bye"), frame(TEXT, b"late")]),
        ["close 1000 bye"]
    );
    for (payload, expected) in [
        (&b"\x03"[..], "1002 close frame with half a code"),
        (b"\x03\xe7", "1002 invalid close code"),
        (b"\x03\xec", "1002 invalid close code"),
        (b"\x03\xed", "1002 invalid close code"),
        (b"\x03\xf7", "1002 invalid close code"),
        (b"\x0b\xb7", "1002 invalid close code"),
        (b"\x13\x88", "1002 invalid close code"),
        (b"\x03\xe8\xff", "1007 text is not UTF-8"),
    ] {
        assert_eq!(all(&[frame(CLOSE, payload)]), [expected], "{payload:?}");
    }
}

#[test]
fn frames_that_no_client_sends() {
    for (bytes, expected) in [
        (&b"\x83"[..], "1002 reserved opcode"),
        (b"\x8b", "1002 reserved opcode"),
        (b"\xc1", "1002 reserved bit set"),
        (b"\xa1", "1002 reserved bit set"),
        (b"\x91", "1002 reserved bit set"),
        (b"\x09", "1002 fragmented control frame"),
        (b"\x08", "1002 fragmented control frame"),
        (b"\x81\x05", "1002 frame without a mask"),
        (b"\x81\xfe\x00\x7d", "1002 length not in its shortest form"),
        (
            b"\x81\xff\0\0\0\0\0\0\xff\xff",
            "1002 length not in its shortest form",
        ),
        (b"\x82\xff\x80\0\0\0\0\0\0\0", "1002 invalid length"),
        (b"\x89\xfe\x00\x7e", "1002 control frame too long"),
    ] {
        assert_eq!(events(bytes), [expected], "{}", bytes.escape_ascii());
    }
    assert_eq!(
        all(&[frame(0x80, b"x")]),
        ["1002 continuation of no message"]
    );
    assert_eq!(
        all(&[frame(0x01, b"x"), frame(TEXT, b"y")]),
        ["1002 message within a message"]
    );
}

#[test]
fn the_limit_holds_for_whole_messages() {
    let limit = |frames: &[Vec<u8>]| events_within(&frames.concat(), 10, None);
    assert_eq!(limit(&[frame(TEXT, b"0123456789")]), ["text 0123456789"]);
    assert_eq!(
        limit(&[frame(0x01, b"01234"), frame(0x80, b"56789")]),
        ["text 0123456789"]
    );
    assert_eq!(
        limit(&[frame(0x01, b"01234"), frame(0x80, b"567890")]),
        ["1009 message too big"]
    );
    // Known from the head alone: nothing of the payload has to arrive.
    let head = b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0";
    assert_eq!(limit(&[head.to_vec()]), ["1009 message too big"]);
    // A ping is no message.
    assert_eq!(limit(&[frame(PING, &[b'x'; 100])]).len(), 1);
}
