//! A client made of bytes.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "tests, each of which uses a part of this"
)]

use bytes::BytesMut;
use http2::{Connection, Event, Limits, PREFACE};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;
pub(crate) const WITH_PRIORITY: u8 = 0x20;

/// Codes of RFC 9113, section 7.
pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const FLOW_CONTROL_ERROR: u32 = 3;
pub(crate) const STREAM_CLOSED: u32 = 5;
pub(crate) const FRAME_SIZE_ERROR: u32 = 6;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const COMPRESSION_ERROR: u32 = 9;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// The bytes of a frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header block in letters, without the tables.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            let length = text.len();
            if length < 127 {
                bytes.push(u8::try_from(length).unwrap());
            } else {
                bytes.push(127);
                let mut rest = length - 127;
                while rest >= 128 {
                    bytes.push(u8::try_from(rest % 128).unwrap() | 128);
                    rest /= 128;
                }
                bytes.push(u8::try_from(rest).unwrap());
            }
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// What every request begins with.
pub(crate) const GET: [(&str, &str); 4] = [
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "a"),
];

/// A GET with more fields.
pub(crate) fn get(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    let fields = [&GET[..], more].concat();
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(&fields))
}

/// The head of a POST.
pub(crate) fn post(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    let mut fields = GET.to_vec();
    fields[0].1 = "POST";
    fields.extend(more);
    frame(HEADERS, END_HEADERS, stream, &block(&fields))
}

/// A frame that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The code in a `RST_STREAM` or GOAWAY.
    pub(crate) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }
}

/// A client and its server.
pub(crate) struct Peer {
    pub(crate) server: Connection,
    input: BytesMut,
    out: Vec<u8>,
}

impl Peer {
    /// One that has not said anything.
    pub(crate) fn silent(limits: Limits) -> Self {
        Self {
            server: Connection::new(limits).unwrap(),
            input: BytesMut::new(),
            out: Vec::new(),
        }
    }

    /// One that has begun as it should.
    pub(crate) fn new() -> Self {
        Self::with(Limits::default())
    }

    pub(crate) fn with(limits: Limits) -> Self {
        let mut peer = Self::silent(limits);
        peer.send(PREFACE);
        peer.send(&frame(SETTINGS, 0, 0, b""));
        peer.send(&frame(SETTINGS, ACK, 0, b""));
        peer.frames();
        peer
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        self.server.receive(&mut self.input);
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.server.next_event()).collect()
    }

    /// The events in a few words.
    pub(crate) fn seen(&mut self) -> Vec<String> {
        let word = |event| match event {
            Event::Request {
                stream,
                head: Ok(head),
                ends,
            } => {
                let path = String::from_utf8_lossy(head.path()).into_owned();
                format!(
                    "{stream} {} {path}{}",
                    head.method(),
                    if ends { "" } else { " …" }
                )
            }
            Event::Request {
                stream,
                head: Err(refusal),
                ..
            } => {
                format!("{stream} {}", refusal.status)
            }
            Event::Data { stream, data } => format!("{stream} {}", data.escape_ascii()),
            Event::End { stream } => format!("{stream} end"),
            Event::Reset { stream } => format!("{stream} reset"),
        };
        self.events().into_iter().map(word).collect()
    }

    /// The frames that are sent by now.
    pub(crate) fn frames(&mut self) -> Vec<Frame> {
        self.server.transmit(&mut self.out);
        let out = std::mem::take(&mut self.out);
        let mut rest = &out[..];
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let length = u32::from_be_bytes([0, rest[0], rest[1], rest[2]]) as usize;
            frames.push(Frame {
                kind: rest[3],
                flags: rest[4],
                stream: u32::from_be_bytes(rest[5..9].try_into().unwrap()),
                payload: rest[9..9 + length].to_vec(),
            });
            rest = &rest[9 + length..];
        }
        frames
    }

    /// The only frame of this kind that is sent by now.
    pub(crate) fn only(&mut self, kind: u8) -> Frame {
        let frames = self.frames();
        let mut of_kind = frames.iter().filter(|frame| frame.kind == kind);
        let frame = of_kind
            .next()
            .unwrap_or_else(|| panic!("not in {frames:?}"));
        assert_eq!(of_kind.next(), None);
        frame.clone()
    }

    pub(crate) fn answer(&mut self, stream: u32, body: &[u8]) {
        let fields = [(&b"x-a"[..], &b"1"[..])];
        self.server
            .respond(stream, 200, fields.into_iter(), false)
            .unwrap();
        if let Some(tail) = self.server.tail(stream) {
            tail.extend_from_slice(body);
        }
        self.server
            .finish(stream, None::<std::iter::Empty<_>>)
            .unwrap();
    }

    /// Sends `bytes`; asserts that they end the connection with this code.
    pub(crate) fn assert_goes_away(mut self, bytes: &[u8], code: u32) {
        self.send(bytes);
        let frame = self.only(GOAWAY);
        assert_eq!(frame.code(), code, "{:?}", self.server);
        assert!(self.server.is_over());
        assert!(self.server.violation().is_some());
    }

    /// Sends `bytes`; asserts that they reset the stream with this code, and that the connection
    /// goes on.
    pub(crate) fn assert_resets(mut self, bytes: &[u8], stream: u32, code: u32) {
        self.send(bytes);
        let frame = self.only(RST_STREAM);
        assert_eq!((frame.stream, frame.code()), (stream, code));
        self.events();
        self.send(&get(101, &[]));
        assert_eq!(self.seen(), ["101 GET /"]);
    }
}
