//! From the fields of a header block to the head of a request (RFC 9113 section 8).

use std::ops::Range;

use http1::{BadRequest, Framing, HeadAssembly, RequestHead, Version};

/// Why there is no head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// It is no request at all: its stream is reset.
    Malformed,
    /// It is one that can be answered, though not served.
    Refused(Refusal),
}

/// A request that is answered with a status of the server's own, and why as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 413, 414, 417, 431 or 501.
    pub status: u16,
    /// A few words of ours.
    pub message: &'static str,
}

impl From<BadRequest> for Rejected {
    fn from(bad: BadRequest) -> Self {
        match bad.status() {
            400 => Self::Malformed,
            status => Self::Refused(Refusal {
                status,
                message: bad.message(),
            }),
        }
    }
}

/// What is said before the other fields, under names that begin with a colon.
#[derive(Debug, Default)]
struct Pseudo {
    bytes: Vec<u8>,
    method: Option<Range<usize>>,
    scheme: Option<Range<usize>>,
    authority: Option<Range<usize>>,
    path: Option<Range<usize>>,
    protocol: Option<Range<usize>>,
}

impl Pseudo {
    fn note(&mut self, name: &[u8], value: &[u8]) -> Result<(), Rejected> {
        let place = match name {
            b":method" => &mut self.method,
            b":scheme" => &mut self.scheme,
            b":authority" => &mut self.authority,
            b":path" => &mut self.path,
            b":protocol" => &mut self.protocol,
            _ => return Err(Rejected::Malformed),
        };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        match place.replace(start..self.bytes.len()) {
            None => Ok(()),
            Some(_) => Err(Rejected::Malformed),
        }
    }

    fn get(&self, range: Option<&Range<usize>>) -> Option<&[u8]> {
        self.bytes.get(range?.clone())
    }

    fn authority(&self) -> Option<&[u8]> {
        self.get(self.authority.as_ref())
    }

    /// Begins the head, with the host before the other fields.
    fn begin(&self, limits: http1::Limits, extended: bool) -> Result<HeadAssembly, Rejected> {
        let method = self.get(self.method.as_ref()).ok_or(Rejected::Malformed)?;
        let authority = self.authority();
        let (scheme, path) = (self.get(self.scheme.as_ref()), self.get(self.path.as_ref()));
        let mut head = match (method, self.get(self.protocol.as_ref())) {
            (b"CONNECT", None) => {
                if scheme.is_some() || path.is_some() {
                    return Err(Rejected::Malformed);
                }
                let target = authority.ok_or(Rejected::Malformed)?;
                HeadAssembly::new(Version::Http2, method, target, limits)?
            }
            (b"CONNECT", Some(protocol)) if extended => {
                let path = self.check_target()?;
                if authority.is_none() {
                    return Err(Rejected::Malformed);
                }
                if !protocol.eq_ignore_ascii_case(b"websocket") {
                    return Err(Rejected::Refused(Refusal {
                        status: 501,
                        message: "no such protocol is spoken here",
                    }));
                }
                HeadAssembly::extended_connect(Version::Http2, path, limits)?
            }
            (_, Some(_)) => return Err(Rejected::Malformed),
            (_, None) => HeadAssembly::new(Version::Http2, method, self.check_target()?, limits)?,
        };
        if let Some(authority) = authority {
            if authority.is_empty() {
                return Err(Rejected::Malformed);
            }
            head.field(b"host", authority)?;
        }
        Ok(head)
    }

    /// The path of a request that has to have one, and a scheme.
    fn check_target(&self) -> Result<&[u8], Rejected> {
        let scheme = self.get(self.scheme.as_ref()).ok_or(Rejected::Malformed)?;
        let path = self.get(self.path.as_ref()).ok_or(Rejected::Malformed)?;
        let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
            && scheme
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
        // A path is never an absolute URI here, whatever the method.
        if is_scheme && matches!(path, [b'/', ..] | b"*") {
            Ok(path)
        } else {
            Err(Rejected::Malformed)
        }
    }
}

/// Takes the fields of a request's header block one by one.
pub(crate) struct Reader {
    limits: http1::Limits,
    extended: bool,
    pseudo: Pseudo,
    head: Option<HeadAssembly>,
    /// Pieces of one field that was split so that it compresses (RFC 9113 section 8.2.3).
    cookie: Vec<u8>,
    has_host: bool,
    rejected: Option<Rejected>,
}

impl Reader {
    pub(crate) fn new(limits: http1::Limits, extended: bool) -> Self {
        Self {
            limits,
            extended,
            pseudo: Pseudo::default(),
            head: None,
            cookie: Vec::new(),
            has_host: false,
            rejected: None,
        }
    }

    /// Takes a field. What is wrong with it comes out in the end: the block has to be decoded whole.
    pub(crate) fn field(&mut self, name: &[u8], value: &[u8]) {
        if self.rejected.is_none()
            && let Err(rejected) = self.try_field(name, value)
        {
            self.rejected = Some(rejected);
        }
    }

    fn try_field(&mut self, name: &[u8], value: &[u8]) -> Result<(), Rejected> {
        if name.first() == Some(&b':') {
            if self.head.is_some() || has_blank_ends(value) {
                return Err(Rejected::Malformed);
            }
            return self.pseudo.note(name, value);
        }
        if self.head.is_none() {
            self.head = Some(self.pseudo.begin(self.limits, self.extended)?);
        }
        let Some(head) = &mut self.head else {
            return Err(Rejected::Malformed);
        };
        check_field(name, value)?;
        match name {
            b"host" => {
                // One beside `:authority` is to be the same, and is dropped.
                match self.pseudo.authority() {
                    _ if self.has_host || value.is_empty() => return Err(Rejected::Malformed),
                    None => head.field(b"host", value)?,
                    Some(authority) if value.eq_ignore_ascii_case(authority) => {}
                    Some(_) => return Err(Rejected::Malformed),
                }
                self.has_host = true;
            }
            b"cookie" => {
                if !self.cookie.is_empty() {
                    self.cookie.extend_from_slice(b"; ");
                }
                self.cookie.extend_from_slice(value);
            }
            _ => head.field(name, value)?,
        }
        Ok(())
    }

    /// The head; `ends` says that no body follows.
    pub(crate) fn finish(mut self, ends: bool) -> Result<RequestHead, Rejected> {
        if let Some(rejected) = self.rejected {
            return Err(rejected);
        }
        let mut head = match self.head.take() {
            Some(head) => head,
            None => self.pseudo.begin(self.limits, self.extended)?,
        };
        // Both schemes that are served here have an authority (RFC 9113 section 8.3.1).
        if !self.has_host && self.pseudo.authority.is_none() {
            return Err(Rejected::Malformed);
        }
        if !self.cookie.is_empty() {
            head.field(b"cookie", &self.cookie)?;
        }
        let framing = match (head.content_length(), ends) {
            (None | Some(0), true) => Framing::None,
            (Some(_), true) => return Err(Rejected::Malformed),
            (Some(length), false) => Framing::Length(length),
            (None, false) => Framing::Chunked,
        };
        Ok(head.finish(framing)?)
    }
}

/// Whether a field may stand among the trailers; their values are of no use to anyone here.
pub(crate) fn check_trailer(name: &[u8], value: &[u8]) -> Result<(), Rejected> {
    let is_token = |byte: &u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(byte);
    let is_text = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    let is_valid = !name.is_empty()
        && name.iter().all(is_token)
        && !name.iter().any(u8::is_ascii_uppercase)
        && value.iter().all(is_text);
    if is_valid {
        check_field(name, value)
    } else {
        Err(Rejected::Malformed)
    }
}

/// What is not allowed of any field, beside what HTTP/1 does not allow.
fn check_field(name: &[u8], value: &[u8]) -> Result<(), Rejected> {
    let is_malformed = match name {
        b"connection" | b"proxy-connection" | b"keep-alive" | b"transfer-encoding" | b"upgrade" => {
            true
        }
        b"te" => value != b"trailers",
        _ => has_blank_ends(value),
    };
    if is_malformed {
        Err(Rejected::Malformed)
    } else {
        Ok(())
    }
}

fn has_blank_ends(value: &[u8]) -> bool {
    matches!(value, [b' ' | b'\t', ..] | [.., b' ' | b'\t'])
}
