//! Heads that arrive in another form than HTTP/1's, such as HTTP/2's header blocks.

use bytes::BytesMut;

use super::error::{BadRequest, Fault};
use super::head::RequestHead;
use super::line::{RequestLine, Version};
use super::meaning::{Framing, Meaning};
use super::parser::Parsed;
use super::spans::{Field, Fields, Span};
use super::target::Target;
use crate::limits::Limits;
use crate::scan;

/// Puts a [`RequestHead`] together field by field, under the rules that HTTP/1 heads are held to.
///
/// ```
/// use http1::{Framing, HeadAssembly, Limits, Version};
///
/// let mut head = HeadAssembly::new(Version::Http2, b"GET", b"/items?q=1", Limits::default())?;
/// head.field(b"host", b"example.com")?;
/// let head = head.finish(Framing::None)?;
/// assert_eq!((head.path(), head.query()), (&b"/items"[..], &b"q=1"[..]));
/// assert_eq!(head.header(b"host"), Some(&b"example.com"[..]));
/// # Ok::<(), http1::BadRequest>(())
/// ```
#[derive(Debug)]
pub struct HeadAssembly {
    bytes: BytesMut,
    line: RequestLine,
    target: Target,
    fields: Fields,
    meaning: Meaning,
    limits: Limits,
    tunnels: bool,
}

impl HeadAssembly {
    /// Begins a head with its method and its target, as a request line would have it.
    ///
    /// # Errors
    ///
    /// [`BadRequest`] when the method is no token, or when the target is too long or none that
    /// fits the method.
    pub fn new(
        version: Version,
        method: &[u8],
        target: &[u8],
        limits: Limits,
    ) -> Result<Self, BadRequest> {
        Self::begin(version, method, target, limits, false)
    }

    /// Begins the head of an extended CONNECT (RFC 8441), whose target is that of a GET. The head
    /// then says that it [is an upgrade](RequestHead::is_upgrade).
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn extended_connect(
        version: Version,
        target: &[u8],
        limits: Limits,
    ) -> Result<Self, BadRequest> {
        Self::begin(version, b"CONNECT", target, limits, true)
    }

    fn begin(
        version: Version,
        method: &[u8],
        target: &[u8],
        limits: Limits,
        tunnels: bool,
    ) -> Result<Self, BadRequest> {
        let limits = limits.clamped();
        if !scan::is_token(method) {
            return Err(Fault::Method.into());
        }
        if method.len() + target.len() > limits.request_line {
            return Err(Fault::RequestLineTooLong.into());
        }
        if scan::target_end(target, 0) != target.len() {
            return Err(Fault::TargetByte.into());
        }
        let mut bytes = BytesMut::with_capacity(512);
        bytes.extend_from_slice(method);
        bytes.extend_from_slice(b" ");
        let start = bytes.len();
        bytes.extend_from_slice(target);
        let end = bytes.len();
        let form_of = if tunnels { b"GET" } else { method };
        Ok(Self {
            target: Target::parse(form_of, &bytes, start, end)?,
            line: RequestLine {
                method_end: method.len(),
                target_end: end,
                version,
                end,
            },
            bytes,
            fields: Fields::default(),
            meaning: Meaning::default(),
            limits,
            tunnels,
        })
    }

    /// Appends a field. White space around its value is not part of it.
    ///
    /// # Errors
    ///
    /// [`BadRequest`] when the name is no token in lower case, when the value contains what no value
    /// may, when it contradicts another field, or when there are too many.
    pub fn field(&mut self, name: &[u8], value: &[u8]) -> Result<(), BadRequest> {
        if !scan::is_token(name) || name.iter().any(u8::is_ascii_uppercase) {
            return Err(Fault::HeaderName.into());
        }
        if scan::value_end(value, 0) != value.len() {
            return Err(Fault::HeaderValue.into());
        }
        let index = self.fields.len();
        if index >= self.limits.header_count {
            return Err(Fault::TooManyHeaders.into());
        }
        // With what each line of HTTP/1 has beside name and value, the limit is the same.
        let length = self.bytes.len() - self.line.end + name.len() + value.len() + 4 * (index + 1);
        if length > self.limits.header_block {
            return Err(Fault::HeadersTooLarge.into());
        }
        let value = scan::trim(value);
        self.meaning.note(index, name, value)?;
        let (name, value) = (self.append(name), self.append(value));
        self.fields.push(Field { name, value });
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> Span {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        Span::new(start..self.bytes.len())
    }

    /// The length that the fields so far declare.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.meaning.content_length()
    }

    /// The head, whose body is framed by the protocol that it came in.
    ///
    /// # Errors
    ///
    /// [`BadRequest`] when the fields do not go together, or declare a body that is too long.
    pub fn finish(self, framing: Framing) -> Result<RequestHead, BadRequest> {
        let mut verdict =
            self.meaning
                .conclude_framed(self.line.version, framing, self.limits.body)?;
        verdict.is_upgrade = self.tunnels;
        let parsed = Parsed {
            line: self.line,
            target: self.target,
            verdict,
            end: self.bytes.len(),
        };
        Ok(RequestHead::new(self.bytes.freeze(), parsed, self.fields))
    }
}
