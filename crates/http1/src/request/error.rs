//! What a client can do wrong, as data.

use std::fmt;

/// A request that is refused: the status to answer with, and what is wrong as [`Display`].
///
/// The text is fixed: it never contains bytes of the request. After this error nothing on the
/// connection can be trusted to start a message, so it is to be closed after the answer.
///
/// [`Display`]: fmt::Display
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BadRequest(Fault);

impl BadRequest {
    /// The status of the answer: 400, 413, 414, 417, 431, 501 or 505.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.describe().0
    }

    /// What is wrong, in a few words.
    #[must_use]
    pub fn message(&self) -> &'static str {
        self.0.describe().1
    }
}

impl fmt::Display for BadRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message())
    }
}

impl fmt::Debug for BadRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "BadRequest({}, {:?})",
            self.status(),
            self.message()
        )
    }
}

impl std::error::Error for BadRequest {}

impl From<Fault> for BadRequest {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

/// One variant per way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    EmptyLines,
    Method,
    TargetByte,
    TargetForm,
    Authority,
    VersionSyntax,
    VersionUnsupported,
    RequestLineTooLong,
    LineEnd,
    Folded,
    HeaderName,
    HeaderValue,
    HeadersTooLarge,
    TooManyHeaders,
    HostMissing,
    HostRepeated,
    HostSyntax,
    LengthSyntax,
    LengthRepeated,
    LengthAndCoding,
    CodingList,
    CodingUnknown,
    CodingOnHttp10,
    Expectation,
    BodyTooLarge,
    ChunkSize,
    ChunkSizeOverflow,
    ChunkExtension,
    ChunkExtensionsTooLong,
    ChunkEnd,
}

impl Fault {
    fn describe(self) -> (u16, &'static str) {
        match self {
            Self::EmptyLines => (400, "more than one empty line before the request line"),
            Self::Method => (400, "invalid method"),
            Self::TargetByte => (400, "invalid character in request target"),
            Self::TargetForm => (400, "invalid form of request target"),
            Self::Authority => (400, "invalid authority in request target"),
            Self::VersionSyntax => (400, "invalid HTTP version"),
            Self::VersionUnsupported => (505, "HTTP version not supported"),
            Self::RequestLineTooLong => (414, "request line too long"),
            Self::LineEnd => (400, "line does not end with CR LF"),
            Self::Folded => (400, "folded header line"),
            Self::HeaderName => (400, "invalid header name"),
            Self::HeaderValue => (400, "invalid character in header value"),
            Self::HeadersTooLarge => (431, "header fields too large"),
            Self::TooManyHeaders => (431, "too many header fields"),
            Self::HostMissing => (400, "missing Host header"),
            Self::HostRepeated => (400, "more than one Host header"),
            Self::HostSyntax => (400, "invalid Host header"),
            Self::LengthSyntax => (400, "invalid Content-Length header"),
            Self::LengthRepeated => (400, "more than one Content-Length header"),
            Self::LengthAndCoding => (400, "both Content-Length and Transfer-Encoding headers"),
            Self::CodingList => (400, "invalid Transfer-Encoding header"),
            Self::CodingUnknown => (501, "transfer coding not implemented"),
            Self::CodingOnHttp10 => (400, "Transfer-Encoding header in an HTTP/1.0 request"),
            Self::Expectation => (417, "unknown expectation"),
            Self::BodyTooLarge => (413, "body too large"),
            Self::ChunkSize => (400, "invalid chunk size"),
            Self::ChunkSizeOverflow => (400, "chunk size too large"),
            Self::ChunkExtension => (400, "invalid chunk extension"),
            Self::ChunkExtensionsTooLong => (400, "chunk extensions too long"),
            Self::ChunkEnd => (400, "chunk does not end with CR LF"),
        }
    }
}
