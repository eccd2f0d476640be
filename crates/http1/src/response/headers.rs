//! Header lines of an answer.

use std::fmt;

use crate::scan;

/// A header that cannot be sent: its name is not a token, or its value contains a control byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidHeader(Part);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Name,
    Value,
}

impl fmt::Display for InvalidHeader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Part::Name => "invalid response header name",
            Part::Value => "invalid character in response header value",
        })
    }
}

impl std::error::Error for InvalidHeader {}

/// Appends one header line.
///
/// # Errors
///
/// [`InvalidHeader`] when the name is not a token, or when the value contains CR, LF, NUL or another
/// control byte than the tab. Nothing was appended then.
pub fn write_header(out: &mut Vec<u8>, name: &[u8], value: &[u8]) -> Result<(), InvalidHeader> {
    if !scan::is_token(name) {
        return Err(InvalidHeader(Part::Name));
    }
    if scan::value_end(value, 0) != value.len() {
        return Err(InvalidHeader(Part::Value));
    }
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Appends one header line whose name, with the colon and the blank after it, is known to be good.
///
/// # Errors
///
/// [`InvalidHeader`] when the value contains what [`write_header`] refuses. Nothing was appended then.
#[inline]
pub fn write_known_header(
    out: &mut Vec<u8>,
    start: &'static [u8],
    value: &[u8],
) -> Result<(), InvalidHeader> {
    if scan::value_end(value, 0) != value.len() {
        return Err(InvalidHeader(Part::Value));
    }
    out.reserve(start.len() + value.len() + 2);
    out.extend_from_slice(start);
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Appends the `content-length` line.
pub fn write_content_length(out: &mut Vec<u8>, length: u64) {
    out.extend_from_slice(b"content-length: ");
    out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends the empty line that ends the head.
pub fn end_headers(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

/// Header lines that were checked once and are written many times: no check, no allocation.
#[derive(Clone, Debug, Default)]
pub struct PreparedHeaders(Box<[u8]>);

impl PreparedHeaders {
    /// Checks the headers and keeps their lines.
    ///
    /// # Errors
    ///
    /// [`InvalidHeader`] when [`write_header`] would refuse one of them.
    pub fn new<'a>(
        headers: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Result<Self, InvalidHeader> {
        let mut lines = Vec::new();
        for (name, value) in headers {
            write_header(&mut lines, name, value)?;
        }
        Ok(Self(lines.into()))
    }

    /// The lines as they are sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Appends header lines that were prepared before.
pub fn write_prepared(out: &mut Vec<u8>, headers: &PreparedHeaders) {
    out.extend_from_slice(&headers.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let outcome = write_header(&mut out, name, value);
        assert!(outcome.is_ok() || out.is_empty());
        outcome.ok().map(|()| out)
    }

    #[test]
    fn headers_are_written_as_given() {
        assert_eq!(written(b"X-A", b"b \tc").unwrap(), b"X-A: b \tc\r\n");
        assert_eq!(written(b"x", b"").unwrap(), b"x: \r\n");
        assert_eq!(written(b"x", b"\xe9").unwrap(), b"x: \xe9\r\n");
    }

    #[test]
    fn a_known_name_is_no_pass_for_its_value() {
        let mut out = Vec::new();
        write_known_header(&mut out, b"a: ", b"b \tc").unwrap();
        assert!(write_known_header(&mut out, b"a: ", b"b\r\nc").is_err());
        assert_eq!(out, b"a: b \tc\r\n");
    }

    #[test]
    fn nothing_can_split_an_answer() {
        for byte in 0..=u8::MAX {
            let refused = byte.is_ascii_control() && byte != b'\t';
            assert_eq!(
                written(b"x", &[b'a', byte, b'b']).is_none(),
                refused,
                "{byte}"
            );
            let token = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert_eq!(written(&[b'a', byte], b"v").is_some(), token, "{byte}");
        }
        assert!(written(b"", b"v").is_none());
        assert!(written(b"x", b"a\r\nset-cookie: b").is_none());
    }

    #[test]
    fn prepared_headers_are_checked_when_they_are_made() {
        let headers = PreparedHeaders::new([(&b"server"[..], &b"jebi"[..]), (b"a", b"b")]).unwrap();
        let mut out = Vec::new();
        write_prepared(&mut out, &headers);
        assert_eq!(out, b"server: jebi\r\na: b\r\n");
        let split = PreparedHeaders::new([(&b"a"[..], &b"b\r\n"[..])]).unwrap_err();
        assert_eq!(
            split.to_string(),
            "invalid character in response header value"
        );
    }

    #[test]
    fn lengths() {
        let mut out = Vec::new();
        write_content_length(&mut out, 0);
        write_content_length(&mut out, u64::MAX);
        end_headers(&mut out);
        assert_eq!(
            out,
            b"content-length: 0\r\ncontent-length: 18446744073709551615\r\n\r\n"
        );
    }
}
