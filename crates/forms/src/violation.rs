//! Why a form is refused.

use std::error::Error;
use std::fmt;

/// What is wrong with a form. [`message`](Self::message) is for the client, `Display` for whoever
/// looks for the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// More fields than this.
    TooManyFields(u64),
    /// More files than this.
    TooManyFiles(u64),
    /// A field of a multipart body has more bytes than this.
    PartTooLarge(u64),
    /// A field of a urlencoded body has more bytes than this.
    FieldTooLarge(u64),
    /// The disposition of a part has no name.
    NoName,
    /// `Content-Type` has no boundary.
    NoBoundary,
    /// The boundary is longer than 256 bytes, or holds a line break.
    BadBoundary,
    /// The body does not begin with the boundary.
    NoDelimiter,
    /// Something else than a line break follows a boundary.
    BadDelimiter,
    /// A part has more header lines than this.
    TooManyHeaders(usize),
    /// A header line has more bytes than this.
    HeaderTooLarge(usize),
    /// A header line has no name, or one that is no token.
    BadHeaderName,
    /// A header line has a character in it, or an end, that no line may have.
    BadHeaderValue,
    /// The body ended within a part.
    Truncated,
}

impl Violation {
    /// What the client is told, in the words that Starlette's users know.
    #[must_use]
    pub fn message(&self) -> String {
        match *self {
            Self::TooManyFields(most) => {
                format!("Too many fields. Maximum number of fields is {most}.")
            }
            Self::TooManyFiles(most) => {
                format!("Too many files. Maximum number of files is {most}.")
            }
            Self::PartTooLarge(most) => {
                format!("Part exceeded maximum size of {}KB.", most / 1024)
            }
            Self::FieldTooLarge(most) => {
                format!("Field exceeded maximum size of {}KB.", most / 1024)
            }
            Self::NoName => {
                "The Content-Disposition header field \"name\" must be provided.".into()
            }
            Self::NoBoundary => "Missing boundary in multipart.".into(),
            _ => "Invalid multipart data.".into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadBoundary => {
                out.write_str("a boundary is 1 to 256 characters long, without line breaks")
            }
            Self::NoDelimiter => out.write_str("the body does not begin with the boundary"),
            Self::BadDelimiter => out.write_str("no line break follows a boundary"),
            Self::TooManyHeaders(most) => {
                write!(out, "a part has more than {most} header lines")
            }
            Self::HeaderTooLarge(most) => {
                write!(out, "a header line of a part is longer than {most} bytes")
            }
            Self::BadHeaderName => {
                out.write_str("a header line of a part does not begin with a name and a colon")
            }
            Self::BadHeaderValue => out.write_str(
                "a header line of a part holds a control character or a bare line break",
            ),
            Self::Truncated => out.write_str("the body ends before its last boundary"),
            _ => out.write_str(&self.message()),
        }
    }
}

impl Error for Violation {}
