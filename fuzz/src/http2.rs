//! Frames of a client, what a connection makes of them, and what it may say in return.

use std::collections::BTreeMap;

use bytes::BytesMut;
use http2::{Connection, Event, Limits, PREFACE, Violation};
use libfuzzer_sys::arbitrary::{self, Arbitrary};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_FRAME_SIZE: u16 = 5;
/// The longest frame that a client takes unless it says otherwise.
const LONGEST: usize = 16_384;
const WINDOW: i64 = 65_535;

/// Header blocks to begin with: GET, POST, one with a length, one that fills the table and one that
/// uses it, one that is malformed, a WebSocket.
const BLOCKS: [&[u8]; 7] = [
    b"\x82\x86\x84\x41\x01a",
    b"\x83\x86\x84\x41\x01a",
    b"\x83\x86\x84\x41\x01a\x0f\x0d\x015",
    b"\x82\x86\x84\x41\x01a\x40\x01b\x03one",
    b"\x82\x86\x84\x41\x01a\xbe",
    b"\x82\x86\x84\x41\x01a\x00\x01A\x01b",
    b"\x02\x07CONNECT\x00\x09:protocol\x09websocket\x86\x84\x41\x01a",
];

/// A frame of a client, or several that belong together.
#[derive(Arbitrary, Debug)]
pub enum Sent<'a> {
    /// A request, its block cut in two unless `cut` is beyond it.
    Request {
        /// Its stream; see [`number`].
        stream: u8,
        /// Which of the blocks.
        block: u8,
        /// What is appended to the block.
        extra: &'a [u8],
        /// No body follows.
        ends: bool,
        /// Where CONTINUATION begins.
        cut: u8,
    },
    /// A piece of a body.
    Data {
        /// Its stream.
        stream: u8,
        /// The bytes.
        data: &'a [u8],
        /// It is the last.
        ends: bool,
        /// How much padding follows.
        padding: Option<u8>,
    },
    /// Fields after a body.
    Trailers {
        /// Their stream.
        stream: u8,
        /// They end it, as they should.
        ends: bool,
    },
    /// `RST_STREAM`.
    Reset {
        /// The stream.
        stream: u8,
    },
    /// SETTINGS.
    Settings {
        /// Which, and their values.
        pairs: Vec<(u8, u32)>,
    },
    /// PING.
    Ping,
    /// A window grows.
    WindowUpdate {
        /// The stream's, or the connection's.
        stream: Option<u8>,
        /// By so much.
        increment: u32,
    },
    /// Any frame at all.
    Any {
        /// Its type.
        kind: u8,
        /// Its flags.
        flags: u8,
        /// Its stream.
        stream: u8,
        /// Its payload.
        payload: &'a [u8],
    },
}

/// A stream's number: mostly one of sixteen that a client may use, so that frames meet.
fn number(stream: u8) -> u32 {
    match stream {
        0xf0.. => u32::from(stream & 0xf),
        _ => u32::from(stream & 0xf) * 2 + 1,
    }
}

fn write(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or_default();
    bytes.extend_from_slice(&length.to_be_bytes()[1..]);
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
}

fn write_data(bytes: &mut Vec<u8>, stream: u32, data: &[u8], ends: bool, padding: Option<u8>) {
    let mut flags = if ends { END_STREAM } else { 0 };
    let mut payload = Vec::new();
    if let Some(padding) = padding {
        flags |= PADDED;
        payload.push(padding);
    }
    payload.extend_from_slice(data);
    payload.resize(payload.len() + usize::from(padding.unwrap_or(0)), 0);
    write(bytes, DATA, flags, stream, &payload);
}

impl Sent<'_> {
    /// Appends its bytes.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Request {
                stream,
                block,
                extra,
                ends,
                cut,
            } => {
                let block = [BLOCKS[usize::from(*block) % BLOCKS.len()], extra].concat();
                let ends = if *ends { END_STREAM } else { 0 };
                match block.split_at_checked(usize::from(*cut)) {
                    Some((begin, rest)) => {
                        write(bytes, HEADERS, ends, number(*stream), begin);
                        write(bytes, CONTINUATION, END_HEADERS, number(*stream), rest);
                    }
                    None => write(bytes, HEADERS, ends | END_HEADERS, number(*stream), &block),
                }
            }
            Self::Data {
                stream,
                data,
                ends,
                padding,
            } => write_data(bytes, number(*stream), data, *ends, *padding),
            Self::Trailers { stream, ends } => {
                let flags = END_HEADERS | if *ends { END_STREAM } else { 0 };
                write(bytes, HEADERS, flags, number(*stream), b"\x00\x01t\x011");
            }
            Self::Reset { stream } => {
                write(bytes, RST_STREAM, 0, number(*stream), &8u32.to_be_bytes());
            }
            Self::Settings { pairs } => {
                let pair = |(name, value): &(u8, u32)| {
                    [&[0, name % 10][..], &value.to_be_bytes()].concat()
                };
                let payload: Vec<u8> = pairs.iter().flat_map(pair).collect();
                write(bytes, SETTINGS, 0, 0, &payload);
            }
            Self::Ping => write(bytes, PING, 0, 0, b"swallows"),
            Self::WindowUpdate { stream, increment } => {
                let stream = stream.map_or(0, number);
                write(bytes, WINDOW_UPDATE, 0, stream, &increment.to_be_bytes());
            }
            Self::Any {
                kind,
                flags,
                stream,
                payload,
            } => {
                write(bytes, *kind % 12, *flags, number(*stream), payload);
            }
        }
    }
}

/// The preface, settings, and then these frames.
#[must_use]
pub fn begun(frames: &[Sent<'_>]) -> Vec<u8> {
    let mut bytes = PREFACE.to_vec();
    write(&mut bytes, SETTINGS, 0, 0, b"");
    for frame in frames {
        frame.write(&mut bytes);
    }
    bytes
}

/// What was heard on one stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The request: its method, target and fields, or the status that refuses it.
    pub head: Option<Result<String, u16>>,
    /// Its body so far.
    pub body: Vec<u8>,
    /// All of it came.
    pub ended: bool,
    /// The stream was reset.
    pub reset: bool,
}

/// What a connection made of its client.
#[derive(Debug, Default)]
pub struct Seen {
    /// By stream.
    pub streams: BTreeMap<u32, Heard>,
    /// How the client broke the rules.
    pub violation: Option<Violation>,
}

impl Seen {
    fn note(&mut self, event: Event) {
        match event {
            Event::Request { stream, head, ends } => {
                let heard = self.streams.entry(stream).or_default();
                assert!(heard.head.is_none(), "a second request on {stream}");
                assert!(stream % 2 == 1);
                let told = head.map(|head| {
                    let fields: Vec<_> = head.headers().collect();
                    format!(
                        "{} {:?} {fields:?} {:?}",
                        head.method(),
                        head.target(),
                        head.body()
                    )
                });
                heard.head = Some(told.map_err(|refusal| refusal.status));
                heard.ended = ends;
            }
            Event::Data { stream, data } => {
                let heard = self.open(stream);
                assert!(!data.is_empty());
                heard.body.extend_from_slice(&data);
            }
            Event::End { stream } => self.open(stream).ended = true,
            // It may not have been heard of: a request that was malformed, or refused.
            Event::Reset { stream } => self.streams.entry(stream).or_default().reset = true,
        }
    }

    /// A stream on which more may be heard.
    fn open(&mut self, stream: u32) -> &mut Heard {
        let heard = self.streams.entry(stream).or_default();
        assert!(heard.head.is_some(), "a body without a request on {stream}");
        assert!(!heard.ended, "more after the end of {stream}");
        assert!(!heard.reset, "more after the reset of {stream}");
        heard
    }

    /// Whether both may come of the same bytes: what a reset took away is a matter of when it was
    /// seen, all else is not.
    ///
    /// # Panics
    ///
    /// When they may not.
    pub fn assert_like(&self, other: &Self) {
        assert_eq!(self.violation, other.violation);
        if self.violation.is_some() {
            return;
        }
        for (stream, heard) in &self.streams {
            let Some(again) = other.streams.get(stream) else {
                assert!(heard.reset, "{stream} was heard of once");
                continue;
            };
            assert_eq!(heard.reset, again.reset, "{stream}");
            if heard.reset {
                assert!(heard.head.is_none() || again.head.is_none() || heard.head == again.head);
            } else {
                assert_eq!(heard, again);
            }
        }
    }
}

/// A connection that is fed these pieces, and answers nothing.
///
/// # Panics
///
/// When what it says contradicts itself or RFC 9113.
#[must_use]
pub fn listen(pieces: &[&[u8]]) -> Seen {
    let (mut connection, mut input) = (connection(), BytesMut::new());
    let (mut seen, mut watch) = (Seen::default(), Watch::default());
    for piece in pieces {
        input.extend_from_slice(piece);
        connection.receive(&mut input);
        while let Some(event) = connection.next_event() {
            seen.note(event);
        }
        watch.look(&mut connection);
    }
    seen.violation = connection.violation();
    watch.check_end(&connection);
    seen
}

/// A connection that is fed frame by frame and answers each request with more than a window holds.
///
/// # Panics
///
/// When what it says contradicts itself or RFC 9113.
pub fn converse(frames: &[Sent<'_>]) {
    let (mut connection, mut input) = (connection(), BytesMut::new());
    let (mut seen, mut watch) = (Seen::default(), Watch::default());
    input.extend_from_slice(&begun(&[]));
    let mut bytes = Vec::new();
    for frame in frames {
        bytes.clear();
        frame.write(&mut bytes);
        watch.sent(&bytes);
        input.extend_from_slice(&bytes);
        connection.receive(&mut input);
        while let Some(event) = connection.next_event() {
            match &event {
                Event::Request { stream, head, .. } => {
                    answer(&mut connection, *stream, head.is_ok());
                }
                Event::Data { stream, data } => connection.release(*stream, data.len()),
                _ => {}
            }
            seen.note(event);
        }
        watch.look(&mut connection);
    }
    watch.check_end(&connection);
}

fn connection() -> Connection {
    let limits = Limits {
        streams: 8,
        ..Limits::default()
    };
    Connection::new(limits).expect("nothing was asked for yet")
}

fn answer(connection: &mut Connection, stream: u32, is_served: bool) {
    let status = if is_served { 200 } else { 431 };
    let fields = [(&b"a"[..], &b"b"[..])];
    assert_eq!(
        connection.respond(stream, status, fields.into_iter(), false),
        Ok(())
    );
    let length = stream as usize % 5 * 20_000;
    if let Some(tail) = connection.tail(stream) {
        tail.resize(length, b'x');
    }
    let trailers = stream.is_multiple_of(3).then(|| fields.into_iter());
    assert_eq!(connection.finish(stream, trailers), Ok(()));
}

/// What goes out, held against RFC 9113.
#[derive(Debug, Default)]
struct Watch {
    /// By how much the first window of streams differs from the usual one.
    initial: i64,
    /// The longest frame that the client said it takes.
    longest: usize,
    granted: BTreeMap<u32, i64>,
    spent: BTreeMap<u32, i64>,
    /// The code of GOAWAY.
    goaway: Option<u32>,
    has_settings: bool,
    ended: BTreeMap<u32, u8>,
}

impl Watch {
    /// Notes what the client's frames allow.
    fn sent(&mut self, bytes: &[u8]) {
        for (kind, flags, stream, payload) in frames(bytes) {
            match kind {
                WINDOW_UPDATE if payload.len() == 4 => {
                    *self.granted.entry(stream).or_default() +=
                        i64::from(u32_of(payload) << 1 >> 1);
                }
                SETTINGS if flags & ACK == 0 => {
                    for setting in payload.chunks_exact(6) {
                        let value = u32_of(&setting[2..]);
                        match u16::from_be_bytes([setting[0], setting[1]]) {
                            INITIAL_WINDOW_SIZE => self.initial = i64::from(value) - WINDOW,
                            MAX_FRAME_SIZE => self.longest = self.longest.max(value as usize),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Looks at all that is to be sent.
    fn look(&mut self, connection: &mut Connection) {
        loop {
            let mut out = Vec::new();
            connection.transmit(&mut out);
            if out.is_empty() {
                return;
            }
            let is_broken = connection.violation().is_some();
            let mut length = 0;
            for (kind, flags, stream, payload) in frames(&out) {
                length += 9 + payload.len();
                self.check(kind, flags, stream, payload, is_broken);
            }
            assert_eq!(
                length,
                out.len(),
                "frames leave whole, for nothing holds them up here"
            );
        }
    }

    fn check(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8], is_broken: bool) {
        assert!(self.has_settings || kind == SETTINGS && flags & ACK == 0);
        assert!(payload.len() <= self.longest.max(LONGEST));
        assert!(
            stream == 0 || stream % 2 == 1,
            "streams of ours are nobody's"
        );
        let is_connections = matches!(kind, SETTINGS | PING | GOAWAY);
        assert!(is_connections == (stream == 0) || kind == WINDOW_UPDATE);
        let ended = self.ended.get(&stream).copied();
        match kind {
            DATA | HEADERS => {
                assert_eq!(ended, None, "{kind} after the end of {stream}");
                if flags & END_STREAM != 0 {
                    self.ended.insert(stream, kind);
                }
            }
            RST_STREAM => {
                self.ended.insert(stream, kind);
            }
            SETTINGS => self.has_settings = true,
            PING => assert_eq!((flags, payload.len()), (ACK, 8)),
            GOAWAY => {
                assert!(self.goaway.is_none_or(|code| code == 0), "two errors");
                self.goaway = Some(u32_of(&payload[4..]));
            }
            WINDOW_UPDATE => assert_ne!(u32_of(payload), 0),
            CONTINUATION => {}
            _ => panic!("{kind} is not for servers to send"),
        }
        if kind == DATA && !payload.is_empty() {
            for window in [0, stream] {
                *self.spent.entry(window).or_default() +=
                    i64::try_from(payload.len()).unwrap_or(i64::MAX);
            }
            let room = |window: u32, more: i64| {
                WINDOW + more + self.granted.get(&window).unwrap_or(&0) - self.spent[&window]
            };
            assert!(
                is_broken || room(0, 0) >= 0,
                "beyond the connection's window"
            );
            assert!(
                is_broken || room(stream, self.initial) >= 0,
                "beyond the window of {stream}"
            );
        }
    }

    fn check_end(&self, connection: &Connection) {
        if let Some(violation) = connection.violation() {
            assert!(connection.is_over(), "{violation} and it goes on");
            assert_eq!(self.goaway, Some(u32::from(violation.reason())));
        }
    }
}

fn u32_of(bytes: &[u8]) -> u32 {
    bytes
        .first_chunk()
        .map_or(0, |four| u32::from_be_bytes(*four))
}

/// The whole frames at the front of `bytes`: type, flags, stream, payload.
fn frames(mut bytes: &[u8]) -> impl Iterator<Item = (u8, u8, u32, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_at_checked(9)?;
        let length = (u32_of(head) >> 8) as usize;
        let (payload, rest) = rest.split_at_checked(length)?;
        bytes = rest;
        Some((head[3], head[4], u32_of(&head[5..]) & 0x7fff_ffff, payload))
    })
}
