//! The head of a request, as the rest of the server sees it.

use bytes::Bytes;
use std::fmt;

use super::host::is_authority;
use super::line::Version;
use super::meaning::{Framing, Verdict};
use super::parser::Parsed;
use super::spans::{Fields, Span};
use super::target::{Target, TargetForm};

/// Request line and header fields of one request.
///
/// The bytes are those that arrived, frozen in place, with header names in lower case, or those of a
/// [`HeadAssembly`](crate::HeadAssembly); everything below is a view of them. Nothing is decoded: paths keep their percent signs, values their bytes.
#[derive(Clone)]
pub struct RequestHead {
    bytes: Bytes,
    method: Span,
    raw_target: Span,
    target: Target,
    version: Version,
    fields: Fields,
    verdict: Verdict,
}

impl RequestHead {
    #[inline]
    pub(crate) fn new(bytes: Bytes, parsed: Parsed, fields: Fields) -> Self {
        let line = parsed.line;
        Self {
            bytes,
            method: Span::new(0..line.method_end),
            raw_target: Span::new(line.method_end + 1..line.target_end),
            target: parsed.target,
            version: line.version,
            fields,
            verdict: parsed.verdict,
        }
    }

    /// The method, as sent: methods are case-sensitive.
    #[must_use]
    pub fn method(&self) -> &str {
        std::str::from_utf8(self.method.of(&self.bytes)).unwrap_or_default()
    }

    /// Whether this is the method.
    #[must_use]
    pub fn has_method(&self, method: &str) -> bool {
        self.method.of(&self.bytes) == method.as_bytes()
    }

    /// The whole request target, as sent.
    #[must_use]
    pub fn target(&self) -> &[u8] {
        self.raw_target.of(&self.bytes)
    }

    /// How the target is written.
    #[must_use]
    pub fn target_form(&self) -> TargetForm {
        self.target.form
    }

    /// The target's path, not decoded: it starts with `/`, is `*` in the asterisk form, and is empty
    /// in the authority form.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        self.target.path.map_or(b"/", |path| path.of(&self.bytes))
    }

    /// What follows the first `?` of the target, not decoded; empty if there is none.
    #[must_use]
    pub fn query(&self) -> &[u8] {
        self.target.query.of(&self.bytes)
    }

    /// `host[:port]` of a target in absolute or authority form.
    ///
    /// When there is one, the `host` header field of this head has the same value, whatever was sent:
    /// RFC 9112 has the target prevail, and readers of the header need not know.
    #[must_use]
    pub fn authority(&self) -> Option<&[u8]> {
        self.target
            .authority
            .map(|authority| authority.of(&self.bytes))
    }

    /// The version that the request speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// All header fields in order: names in lower case, values without white space around them.
    pub fn headers(&self) -> Headers<'_> {
        Headers {
            head: self,
            next: 0,
        }
    }

    /// The first header field with this name, which must be in lower case.
    #[must_use]
    pub fn header(&self, name: &[u8]) -> Option<&[u8]> {
        (0..self.fields.len())
            .filter_map(|index| self.fields.get(index))
            .find(|field| field.name.len() == name.len() && field.name.of(&self.bytes) == name)
            .map(|field| field.value.of(&self.bytes))
    }

    /// The same head with `host`, which stands somewhere in this one, as the value of its `host` field:
    /// what a trusted proxy says that the client asked for. `None` if that is no `host[:port]`, or
    /// if there is no such field.
    #[must_use]
    pub fn readdressed(&self, host: &[u8]) -> Option<Self> {
        if !is_authority(host) {
            return None;
        }
        let start = (host.as_ptr() as usize).checked_sub(self.bytes.as_ptr() as usize)?;
        let value = Span::new(start..start + host.len());
        if value.of(&self.bytes) != host {
            return None;
        }
        let mut head = self.clone();
        let index = (0..head.fields.len()).find(|index| {
            let field = head.fields.get(*index);
            field.is_some_and(|field| field.name.of(&head.bytes) == b"host")
        })?;
        head.fields.get_mut(index)?.value = value;
        Some(head)
    }

    /// How many bytes the head has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// How the body is framed.
    #[must_use]
    pub fn body(&self) -> Framing {
        self.verdict.framing
    }

    /// Whether the connection may serve another request after this one.
    ///
    /// The decoder goes on decoding either way; it is the connection that stops reading.
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        self.verdict.keep_alive
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    #[must_use]
    pub fn expects_continue(&self) -> bool {
        self.verdict.expects_continue
    }

    /// Whether the client offers to change to the protocol in the `upgrade` field.
    ///
    /// Never with a body: a server may ignore the offer, and bytes that could be taken for either
    /// protocol are how requests are smuggled.
    #[must_use]
    pub fn is_upgrade(&self) -> bool {
        self.verdict.is_upgrade
    }
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RequestHead")
            .field("method", &self.method())
            .field("target", &self.target().escape_ascii().to_string())
            .field("version", &self.version)
            .field("headers", &self.fields.len())
            .field("body", &self.body())
            .finish_non_exhaustive()
    }
}

/// The header fields of a head, in order. See [`RequestHead::headers`].
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    head: &'a RequestHead,
    next: usize,
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let field = self.head.fields.get(self.next)?;
        self.next += 1;
        Some((
            field.name.of(&self.head.bytes),
            field.value.of(&self.head.bytes),
        ))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.head.fields.len().saturating_sub(self.next);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Headers<'_> {}
