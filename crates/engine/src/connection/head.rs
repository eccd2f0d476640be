//! The head of an answer: what the application said, and what the connection has to add.

use super::trailers::Trailers;
use http1::{Version, write_content_length, write_header, write_known_header, write_status_line};

/// What the application's headers say about framing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) content_length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) close: bool,
    /// What becomes of the trailers that the application is going to send.
    pub(super) trailers: Trailers,
}

/// Why an answer cannot be sent. Its text goes to the log and, from `send()`, to the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsendable {
    Status,
    HeaderName,
    HeaderValue,
    ContentLength,
    TransferEncoding,
    Longer,
    Shorter,
    Trailer,
}

impl Unsendable {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Status => "Invalid HTTP status code.",
            Self::HeaderName => "Invalid HTTP header name.",
            Self::HeaderValue => "Invalid HTTP header value.",
            Self::ContentLength => "Invalid Content-Length header.",
            Self::TransferEncoding => "Only the chunked transfer encoding can be sent.",
            Self::Longer => "Response content longer than Content-Length",
            Self::Shorter => "Response content shorter than Content-Length",
            Self::Trailer => "This HTTP header cannot be a trailer.",
        }
    }
}

/// The headers of an answer that is whole.
#[derive(Clone, Copy)]
pub(crate) enum Headers<'h> {
    /// What the application said, to be checked.
    Said(&'h [(&'h [u8], &'h [u8])]),
    /// Those of plain JSON, which need no check.
    Json,
    /// The same and, after them, what is to be checked.
    JsonAnd(&'h [(&'h [u8], &'h [u8])]),
}

/// Writes the headers of an answer with a body of `length` bytes.
pub(super) fn write_headers(
    out: &mut Vec<u8>,
    status: u16,
    headers: Headers<'_>,
    length: u64,
) -> Result<Said, Unsendable> {
    let mut said = Said::default();
    let fields = match headers {
        Headers::Said(fields) => fields,
        Headers::Json | Headers::JsonAnd(_) => {
            if !forbids_length(status) {
                write_content_length(out, length);
                said.content_length = Some(length);
            }
            out.extend_from_slice(b"content-type: application/json\r\n");
            match headers {
                Headers::JsonAnd(more) => more,
                _ => &[],
            }
        }
    };
    for (name, value) in fields {
        write_application_header(out, &mut said, status, name, value)?;
    }
    Ok(said)
}

/// What decides the framing of an answer beside its headers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances {
    /// The request was a HEAD.
    pub(super) head_only: bool,
    /// What the client speaks: HTTP/1.0 knows no chunks, HTTP/2 frames bodies itself and leaves
    /// connections out of its messages.
    pub(super) version: Version,
    /// The connection may serve another request.
    pub(super) keep_alive: bool,
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none, whatever the application sends.
    None,
    /// So many bytes are still to come.
    Length(u64),
    Chunked,
    /// By closing the connection.
    UntilClose,
    /// By HTTP/2's own frames.
    ByFrame,
}

/// Whether answers of this status have no body (RFC 9112, section 6.3).
pub(super) fn is_bodiless(status: u16) -> bool {
    status < 200 || status == 204 || status == 304
}

/// Whether answers of this status must not even say `content-length` (RFC 9110, section 8.6).
fn forbids_length(status: u16) -> bool {
    status < 200 || status == 204
}

/// Whether an application may answer with this status: three digits, and none of the interim ones,
/// after which a client waits for the answer.
pub(super) fn is_final(status: u16) -> bool {
    (200..=999).contains(&status)
}

/// Writes the status line.
pub(super) fn write_status(out: &mut Vec<u8>, status: u16) -> Result<(), Unsendable> {
    if !is_final(status) {
        return Err(Unsendable::Status);
    }
    write_status_line(out, status);
    Ok(())
}

/// Writes one header of the application, checked and in lower case.
///
/// `transfer-encoding` is noted and left to the connection, and so is a `content-length` that the
/// status forbids or that contradicts it, and a `connection` that promises to stay.
pub(super) fn write_application_header(
    out: &mut Vec<u8>,
    said: &mut Said,
    status: u16,
    name: &[u8],
    value: &[u8],
) -> Result<(), Unsendable> {
    // What nearly every answer says, spelled as nearly every application spells it.
    if name == b"content-type" {
        return write_known_header(out, b"content-type: ", value)
            .map_err(|_| Unsendable::HeaderValue);
    }
    match name.len() {
        14 if name.eq_ignore_ascii_case(b"content-length") => {
            let length = parse_length(value).ok_or(Unsendable::ContentLength)?;
            if said.content_length.is_some_and(|said| said != length) {
                return Err(Unsendable::ContentLength);
            }
            if said.content_length.is_some() || said.chunked || forbids_length(status) {
                return Ok(());
            }
            said.content_length = Some(length);
            return write_known_header(out, b"content-length: ", value)
                .map_err(|_| Unsendable::HeaderValue);
        }
        17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Unsendable::TransferEncoding);
            }
            said.chunked = said.content_length.is_none();
            return Ok(());
        }
        10 if name.eq_ignore_ascii_case(b"connection") => {
            if value.eq_ignore_ascii_case(b"keep-alive") {
                return Ok(());
            }
            said.close |= value
                .split(|byte| *byte == b',')
                .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"close"));
        }
        _ => {}
    }
    let start = out.len();
    if write_header(out, name, value).is_err() {
        let name_is_valid = write_header(&mut Vec::new(), name, b"").is_ok();
        return Err(if name_is_valid {
            Unsendable::HeaderValue
        } else {
            Unsendable::HeaderName
        });
    }
    if let Some(name) = out.get_mut(start..start + name.len()) {
        name.make_ascii_lowercase();
    }
    Ok(())
}

/// Adds the length of a body that is known beforehand, unless the application said one.
pub(super) fn say_length(out: &mut Vec<u8>, said: &mut Said, status: u16, length: u64) {
    if said.content_length.is_none() && !forbids_length(status) {
        write_content_length(out, length);
        said.content_length = Some(length);
        said.chunked = false;
    }
}

/// Digits and nothing else: no sign, no underscore, no blank.
fn parse_length(value: &[u8]) -> Option<u64> {
    if value.is_empty() || value.len() > 19 || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        value
            .iter()
            .fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')),
    )
}

/// Ends the head with the connection's own lines and says how the body is framed.
///
/// `whole` is the length of a body that is complete already. The second value of the answer says
/// whether the connection stays open.
pub(super) fn end_head(
    out: &mut Vec<u8>,
    said: Said,
    status: u16,
    at: Circumstances,
    whole: Option<u64>,
) -> (Framing, bool) {
    let bodiless = at.head_only || is_bodiless(status);
    let framing = match (said.content_length, whole) {
        _ if bodiless => Framing::None,
        (Some(length), _) | (None, Some(length)) => Framing::Length(length),
        (None, None) if at.version == Version::Http2 => Framing::ByFrame,
        (None, None) if at.version == Version::Http10 => Framing::UntilClose,
        (None, None) => Framing::Chunked,
    };
    let keep_alive =
        at.keep_alive && !said.close && framing != Framing::UntilClose && status >= 200;
    match whole {
        Some(length) if said.content_length.is_none() && describes(at, status, length) => {
            write_content_length(out, length);
        }
        _ if framing == Framing::Chunked => {
            out.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        _ => {}
    }
    if at.version == Version::Http2 {
        // Whether the connection stays open is not an answer's to say.
    } else if !keep_alive && !said.close {
        out.extend_from_slice(b"connection: close\r\n");
    } else if keep_alive && at.version == Version::Http10 {
        out.extend_from_slice(b"connection: keep-alive\r\n");
    }
    out.extend_from_slice(b"\r\n");
    (framing, keep_alive)
}

/// Whether a `content-length` of our own may be said: not where no body belongs, and not of the
/// empty body of a HEAD, where the application did not say what a GET would have got.
fn describes(at: Circumstances, status: u16, length: u64) -> bool {
    !is_bodiless(status) && (!at.head_only || length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Circumstances = Circumstances {
        head_only: false,
        version: Version::Http11,
        keep_alive: true,
    };

    fn head(
        status: u16,
        headers: &[(&str, &str)],
        at: Circumstances,
        whole: Option<u64>,
    ) -> Result<(String, Framing, bool), Unsendable> {
        let (mut out, mut said) = (Vec::new(), Said::default());
        write_status(&mut out, status)?;
        for (name, value) in headers {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            write_application_header(&mut out, &mut said, status, name, value)?;
        }
        let (framing, keep_alive) = end_head(&mut out, said, status, at, whole);
        Ok((String::from_utf8(out).unwrap(), framing, keep_alive))
    }

    #[test]
    fn a_whole_body_gets_its_length() {
        let (text, framing, keep) = head(200, &[("X-A", "1")], USUAL, Some(3)).unwrap();
        assert_eq!(
            text,
            "HTTP/1.1 200 OK\r\nx-a: 1\r\ncontent-length: 3\r\n\r\n"
        );
        assert_eq!((framing, keep), (Framing::Length(3), true));
    }

    #[test]
    fn a_streamed_body_is_chunked_unless_its_length_is_said() {
        let (text, framing, _) = head(200, &[], USUAL, None).unwrap();
        assert!(
            text.ends_with("\r\ntransfer-encoding: chunked\r\n\r\n") && framing == Framing::Chunked
        );
        let (text, framing, _) = head(200, &[("content-length", "9")], USUAL, None).unwrap();
        assert!(text.ends_with("\r\ncontent-length: 9\r\n\r\n") && framing == Framing::Length(9));
        let both = [("content-length", "9"), ("transfer-encoding", "chunked")];
        for both in [both, [both[1], both[0]]] {
            let (text, _, _) = head(200, &both, USUAL, None).unwrap();
            let (length, chunked) = (text.contains("content-length"), text.contains("chunked"));
            assert!(length != chunked, "one framing and never two: {text}");
        }
    }

    #[test]
    fn an_old_client_is_told_by_closing() {
        let at = Circumstances {
            version: Version::Http10,
            ..USUAL
        };
        let (text, framing, keep) = head(200, &[], at, None).unwrap();
        assert!(text.ends_with("\r\nconnection: close\r\n\r\n"), "{text}");
        assert_eq!((framing, keep), (Framing::UntilClose, false));
        let (text, _, keep) = head(200, &[], at, Some(1)).unwrap();
        assert!(
            text.ends_with("\r\nconnection: keep-alive\r\n\r\n") && keep,
            "{text}"
        );
    }

    #[test]
    fn answers_without_body_say_nothing_of_one() {
        for status in [204, 304] {
            let (text, framing, keep) = head(status, &[], USUAL, Some(5)).unwrap();
            assert!(
                !text.contains("content-length") && !text.contains("chunked"),
                "{text}"
            );
            assert_eq!((framing, keep), (Framing::None, true));
        }
        let (text, ..) = head(204, &[("content-length", "5")], USUAL, None).unwrap();
        assert!(!text.contains("content-length"), "{text}");
        for interim in [100, 101, 103, 199] {
            let refused = head(interim, &[], USUAL, None).unwrap_err();
            assert_eq!(
                refused,
                Unsendable::Status,
                "a client would wait for the answer"
            );
        }
        let at = Circumstances {
            head_only: true,
            ..USUAL
        };
        let (text, framing, _) = head(200, &[("content-length", "5")], at, None).unwrap();
        assert!(
            text.contains("content-length: 5") && framing == Framing::None,
            "{text}"
        );
    }

    #[test]
    fn what_would_split_the_answer_is_refused() {
        let cases: [(&str, &str, Unsendable); 7] = [
            ("a b", "", Unsendable::HeaderName),
            ("", "", Unsendable::HeaderName),
            ("a", "x\r\nset-cookie: y", Unsendable::HeaderValue),
            ("a", "x\0", Unsendable::HeaderValue),
            ("content-length", "+1", Unsendable::ContentLength),
            ("content-length", "1_0", Unsendable::ContentLength),
            ("transfer-encoding", "gzip", Unsendable::TransferEncoding),
        ];
        for (name, value, expected) in cases {
            assert_eq!(
                head(200, &[(name, value)], USUAL, None).unwrap_err(),
                expected
            );
        }
        let twice = [("content-length", "1"), ("content-length", "2")];
        assert_eq!(
            head(200, &twice, USUAL, None).unwrap_err(),
            Unsendable::ContentLength
        );
        assert_eq!(head(99, &[], USUAL, None).unwrap_err(), Unsendable::Status);
        assert_eq!(
            head(1000, &[], USUAL, None).unwrap_err(),
            Unsendable::Status
        );
    }
}
