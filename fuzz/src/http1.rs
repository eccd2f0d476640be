//! Requests as a decoder reports them, and what must hold of every one that it accepts.

use bytes::BytesMut;
use http1::{Event, Framing, Limits, RequestDecoder, RequestHead, TargetForm, Version};

/// One thing that came out of a decoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A head.
    Head(Box<Head>),
    /// All bytes of a body that arrived.
    Body(Vec<u8>),
    /// The end of a request.
    End,
    /// The status and the text of an error; nothing comes after it.
    Refused(u16, &'static str),
    /// The bytes ended within a message.
    Unfinished,
}

/// Everything that a head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method.
    pub method: String,
    /// The whole target.
    pub target: Vec<u8>,
    /// How it is written.
    pub form: TargetForm,
    /// Its path and its query.
    pub path_and_query: (Vec<u8>, Vec<u8>),
    /// Whom it is addressed to, if it says so.
    pub authority: Option<Vec<u8>>,
    /// HTTP/1.0 or 1.1.
    pub version: Version,
    /// Names and values.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// How the body ends.
    pub framing: Framing,
    /// Whether the connection stays, whether `100 Continue` is awaited, whether an upgrade is offered.
    pub flags: [bool; 3],
}

impl Head {
    fn copy(head: &RequestHead) -> Self {
        Self {
            method: head.method().to_owned(),
            target: head.target().to_vec(),
            form: head.target_form(),
            path_and_query: (head.path().to_vec(), head.query().to_vec()),
            authority: head.authority().map(<[u8]>::to_vec),
            version: head.version(),
            headers: head
                .headers()
                .map(|(name, value)| (name.to_vec(), value.to_vec()))
                .collect(),
            framing: head.body(),
            flags: [
                head.keep_alive(),
                head.expects_continue(),
                head.is_upgrade(),
            ],
        }
    }

    /// The head as a client would write it.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        let version = match self.version {
            Version::Http10 => "1.0",
            Version::Http11 | Version::Http2 => "1.1",
        };
        let mut bytes = format!("{} ", self.method).into_bytes();
        bytes.extend_from_slice(&self.target);
        bytes.extend_from_slice(format!(" HTTP/{version}\r\n").as_bytes());
        for (name, value) in &self.headers {
            bytes.extend_from_slice(&[name, &b": "[..], value, b"\r\n"].concat());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    fn all(&self, name: &[u8]) -> Vec<&[u8]> {
        self.headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| &value[..])
            .collect()
    }
}

/// What a decoder makes of bytes that arrive in these pieces.
///
/// # Panics
///
/// When an event contradicts what the decoder promises: data is never empty, errors stay.
#[must_use]
pub fn decode(pieces: &[&[u8]], limits: Limits) -> Vec<Seen> {
    let mut decoder = RequestDecoder::new(limits);
    let (mut buffer, mut seen) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(None) => break,
                Ok(Some(Event::Head(head))) => seen.push(Seen::Head(Box::new(Head::copy(&head)))),
                Ok(Some(Event::Data(data))) => {
                    assert!(!data.is_empty());
                    match seen.last_mut() {
                        Some(Seen::Body(body)) => body.extend_from_slice(&data),
                        _ => seen.push(Seen::Body(data.to_vec())),
                    }
                }
                Ok(Some(Event::End)) => seen.push(Seen::End),
                Err(error) => {
                    assert_eq!(decoder.decode(&mut buffer).err(), Some(error));
                    seen.push(Seen::Refused(error.status(), error.message()));
                    return seen;
                }
            }
        }
    }
    if !decoder.is_between_messages() || !buffer.is_empty() {
        seen.push(Seen::Unfinished);
    }
    seen
}

/// Asserts what holds of everything that a decoder with these limits lets through.
///
/// # Panics
///
/// When it does not.
pub fn assert_sound(seen: &[Seen], limits: Limits) {
    let mut open = None;
    for (index, one) in seen.iter().enumerate() {
        match one {
            Seen::Head(head) => {
                assert!(open.is_none(), "a head within a request");
                assert_head(head, limits);
                open = Some((head.framing, 0));
            }
            Seen::Body(body) => {
                let (framing, length) = open.as_mut().expect("a body after its head");
                *length = body.len() as u64;
                assert_ne!(*framing, Framing::None);
                assert!(*length <= limits.body);
            }
            Seen::End => match open.take().expect("an end after its head") {
                (Framing::Length(said), length) => assert_eq!(said, length),
                (Framing::None, length) => assert_eq!(length, 0),
                (Framing::Chunked, _) => {}
            },
            Seen::Refused(status, message) => {
                assert!(
                    [400, 413, 414, 417, 431, 501, 505].contains(status) && !message.is_empty()
                );
                assert_eq!(index + 1, seen.len());
            }
            Seen::Unfinished => assert_eq!(index + 1, seen.len()),
        }
    }
}

fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

fn assert_head(head: &Head, limits: Limits) {
    assert!(is_token(head.method.as_bytes()));
    assert!(head.target.iter().all(u8::is_ascii_graphic) && !head.target.contains(&b'#'));
    assert_ne!(head.version, Version::Http2, "no request line says so");
    assert!(head.headers.len() <= limits.header_count);
    for (name, value) in &head.headers {
        assert!(is_token(name) && !name.iter().any(u8::is_ascii_uppercase));
        assert!(
            value
                .iter()
                .all(|byte| !byte.is_ascii_control() || *byte == b'\t')
        );
        assert_eq!(value.trim_ascii(), value);
    }
    assert!(head.target.len() <= limits.request_line);
    let block: usize = head
        .headers
        .iter()
        .map(|(n, v)| n.len() + v.len() + 3)
        .sum();
    assert!(block <= limits.header_block + head.authority.as_ref().map_or(0, Vec::len));
    assert_target(head);
    assert_framing(head, limits);
}

fn assert_target(head: &Head) {
    let (path, query) = &head.path_and_query;
    let connect = head.method == "CONNECT";
    assert_eq!(head.form == TargetForm::Authority, connect);
    match head.form {
        TargetForm::Authority => assert!(path.is_empty() && query.is_empty()),
        TargetForm::Asterisk => assert!(path == b"*" && head.method == "OPTIONS"),
        TargetForm::Origin | TargetForm::Absolute => {
            assert_eq!(path.first(), Some(&b'/'));
            assert!(!path.contains(&b'?'));
        }
    }
    let named = matches!(head.form, TargetForm::Absolute | TargetForm::Authority);
    assert_eq!(head.authority.is_some(), named);
    let hosts = head.all(b"host");
    assert!(hosts.len() <= 1);
    assert!(hosts.len() == 1 || head.version == Version::Http10);
    if let (Some(authority), Some(host)) = (&head.authority, hosts.first()) {
        assert_eq!(authority, host);
    }
}

fn assert_framing(head: &Head, limits: Limits) {
    let lengths = head.all(b"content-length");
    let codings = head.all(b"transfer-encoding");
    let [keep_alive, expects_continue, is_upgrade] = head.flags;
    match head.framing {
        Framing::None => assert!(lengths.is_empty() && codings.is_empty()),
        Framing::Length(length) => {
            assert!(lengths.len() == 1 && codings.is_empty() && length <= limits.body);
            assert!(lengths[0].iter().all(u8::is_ascii_digit));
        }
        Framing::Chunked => {
            assert!(lengths.is_empty() && codings.len() == 1 && head.version == Version::Http11);
            assert!(codings[0].eq_ignore_ascii_case(b"chunked"));
        }
    }
    let bodiless = matches!(head.framing, Framing::None | Framing::Length(0));
    assert!(!is_upgrade || bodiless, "an upgrade with a body");
    assert!(!(expects_continue && bodiless));
    assert!(!(keep_alive && head.method == "CONNECT"));
}
