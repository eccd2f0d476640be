//! What is answered to a request for a file that is there.

use std::borrow::Cow;
use std::time::SystemTime;

use crate::asked::Asked;
use crate::codings::{self, Coding};
use crate::conditions::{Verdict, judge, range_applies};
use crate::ranges::{Piece, Ranges, ranges};
use crate::validators::Validators;

/// The file that would be sent.
#[derive(Clone, Debug)]
pub struct Representation<'f> {
    /// Its `Content-Type`, without regard to a coding.
    pub media: Cow<'f, str>,
    /// In bytes, of the variant that was chosen.
    pub size: u64,
    /// When it was last written.
    pub modified: SystemTime,
    /// The coding of the variant, if it is one.
    pub coding: Option<Coding>,
    /// There are variants, so caches have to look at `Accept-Encoding`.
    pub varies: bool,
    /// What the operator has said of caching.
    pub cache_control: Option<&'f str>,
}

/// A status, headers and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<'f> {
    /// 200, 206, 304, 412 or 416.
    pub status: u16,
    /// Names and values; no name comes twice.
    pub headers: Vec<(&'static str, Cow<'f, str>)>,
    /// What is sent, in order.
    pub body: Vec<Part>,
}

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes.
    Bytes(Vec<u8>),
    /// So many bytes of the file from `start` on.
    File {
        /// The first of them.
        start: u64,
        /// How many, at least one.
        length: u64,
    },
}

impl Part {
    /// How many bytes it has.
    #[must_use]
    pub fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }
}

impl Asked<'_> {
    /// The codings whose variants the client prefers to the file as it is, the best first.
    pub fn codings(&self) -> impl Iterator<Item = Coding> {
        codings::preferred(self.accept_encoding.as_deref())
    }
}

/// Answers a GET or HEAD for `file`.
///
/// `now` is the time of the answer; what `boundary` makes separates the parts where several ranges are asked
/// for, and must not be in the file by more than chance. The body of a HEAD is empty, its headers
/// are those of the GET, whose ranges it does not know.
#[must_use]
pub fn answer<'f>(
    asked: &Asked<'_>,
    file: &Representation<'f>,
    now: SystemTime,
    boundary: impl FnOnce() -> String,
) -> Answer<'f> {
    let validators = Validators::new(file.size, file.modified, file.coding, now);
    match judge(asked, &validators) {
        Verdict::Proceed => {}
        Verdict::NotModified => return not_modified(file, &validators),
        Verdict::Failed => {
            return Answer {
                status: 412,
                headers: vec![("content-length", "0".into())],
                body: Vec::new(),
            };
        }
    }
    let wanted = asked.range.as_deref().filter(|_| asked.is_get);
    let wanted = match wanted {
        Some(header) if range_applies(asked, &validators) => ranges(header, file.size),
        _ => Ranges::All,
    };
    match wanted {
        Ranges::All => whole(asked, file, &validators),
        Ranges::Unsatisfiable => Answer {
            status: 416,
            headers: vec![
                ("content-range", format!("bytes */{}", file.size).into()),
                ("content-length", "0".into()),
            ],
            body: Vec::new(),
        },
        Ranges::Pieces(pieces) => match *pieces {
            [piece] => one_piece(file, &validators, piece),
            _ => many_pieces(file, &validators, &pieces, &boundary()),
        },
    }
}

fn whole<'f>(asked: &Asked<'_>, file: &Representation<'f>, validators: &Validators) -> Answer<'f> {
    let body = Part::File {
        start: 0,
        length: file.size,
    };
    let is_sent = asked.is_get && file.size > 0;
    Answer {
        status: 200,
        headers: describe(file, validators, file.media.clone(), file.size),
        body: is_sent.then_some(body).into_iter().collect(),
    }
}

fn one_piece<'f>(
    file: &Representation<'f>,
    validators: &Validators,
    Piece { start, length }: Piece,
) -> Answer<'f> {
    let mut headers = describe(file, validators, file.media.clone(), length);
    headers.push((
        "content-range",
        place(Piece { start, length }, file.size).into(),
    ));
    Answer {
        status: 206,
        headers,
        body: vec![Part::File { start, length }],
    }
}

/// `multipart/byteranges` (section 14.6).
fn many_pieces<'f>(
    file: &Representation<'f>,
    validators: &Validators,
    pieces: &[Piece],
    boundary: &str,
) -> Answer<'f> {
    let mut body = Vec::with_capacity(pieces.len() * 2 + 1);
    let mut between = "";
    for &piece in pieces {
        let (media, place) = (&file.media, place(piece, file.size));
        let head = format!(
            "{between}--{boundary}\r\ncontent-type: {media}\r\ncontent-range: {place}\r\n\r\n"
        );
        body.push(Part::Bytes(head.into_bytes()));
        body.push(Part::File {
            start: piece.start,
            length: piece.length,
        });
        between = "\r\n";
    }
    body.push(Part::Bytes(format!("\r\n--{boundary}--\r\n").into_bytes()));
    let length = body.iter().map(Part::length).sum();
    let media = format!("multipart/byteranges; boundary={boundary}");
    Answer {
        status: 206,
        headers: describe(file, validators, media.into(), length),
        body,
    }
}

fn not_modified<'f>(file: &Representation<'f>, validators: &Validators) -> Answer<'f> {
    let mut headers = vec![("etag", validators.etag.clone().into())];
    headers.extend(for_caches(file));
    Answer {
        status: 304,
        headers,
        body: Vec::new(),
    }
}

fn describe<'f>(
    file: &Representation<'f>,
    validators: &Validators,
    media: Cow<'f, str>,
    length: u64,
) -> Vec<(&'static str, Cow<'f, str>)> {
    let modified = httpdate::fmt_http_date(validators.modified);
    let mut headers = Vec::with_capacity(9);
    headers.extend([
        ("content-type", media),
        ("content-length", length.to_string().into()),
        ("etag", validators.etag.clone().into()),
        ("last-modified", modified.into()),
        ("accept-ranges", "bytes".into()),
    ]);
    headers.extend(
        file.coding
            .map(|coding| ("content-encoding", coding.name().into())),
    );
    headers.extend(for_caches(file));
    headers
}

/// What a cache needs, which 304 repeats (section 15.4.5).
fn for_caches<'f>(
    file: &Representation<'f>,
) -> impl Iterator<Item = (&'static str, Cow<'f, str>)> + use<'f> {
    let vary = file.varies.then_some(("vary", "accept-encoding".into()));
    let control = file
        .cache_control
        .map(|said| ("cache-control", said.into()));
    vary.into_iter().chain(control)
}

fn place(piece: Piece, size: u64) -> String {
    let last = piece.start + piece.length - 1;
    format!("bytes {}-{last}/{size}", piece.start)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn file() -> Representation<'static> {
        Representation {
            media: "text/plain".into(),
            size: 10,
            modified: SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777),
            coding: None,
            varies: false,
            cache_control: None,
        }
    }

    fn ask<'f>(method: &str, headers: &[(&str, &str)], file: &Representation<'f>) -> Answer<'f> {
        let headers = headers.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        answer(
            &Asked::new(method, headers),
            file,
            SystemTime::now(),
            || "sep".to_owned(),
        )
    }

    fn header<'a>(answer: &'a Answer<'_>, name: &str) -> Option<&'a str> {
        let mut found = answer.headers.iter().filter(|(known, _)| *known == name);
        let value = found.next().map(|(_, value)| value.as_ref());
        assert!(found.next().is_none(), "{name} twice");
        value
    }

    fn piece(start: u64, length: u64) -> Part {
        Part::File { start, length }
    }

    #[test]
    fn a_whole_file() {
        let answer = ask("GET", &[], &file());
        assert_eq!(
            (answer.status, &answer.body[..]),
            (200, &[piece(0, 10)][..])
        );
        for (name, value) in [
            ("content-type", Some("text/plain")),
            ("content-length", Some("10")),
            ("last-modified", Some("Sun, 06 Nov 1994 08:49:37 GMT")),
            ("accept-ranges", Some("bytes")),
            ("vary", None),
            ("content-encoding", None),
            ("cache-control", None),
            ("content-range", None),
        ] {
            assert_eq!(header(&answer, name), value, "{name}");
        }
        let head = ask("HEAD", &[("range", "bytes=0-1")], &file());
        assert_eq!((head.status, &head.headers), (200, &answer.headers));
        assert!(head.body.is_empty());
        let empty = ask("GET", &[], &Representation { size: 0, ..file() });
        assert!(empty.body.is_empty() && header(&empty, "content-length") == Some("0"));
    }

    #[test]
    fn a_variant_says_what_it_is() {
        let variant = Representation {
            coding: Some(Coding::Brotli),
            varies: true,
            cache_control: Some("max-age=60"),
            ..file()
        };
        let answer = ask("GET", &[], &variant);
        assert_eq!(header(&answer, "content-encoding"), Some("br"));
        assert_eq!(header(&answer, "vary"), Some("accept-encoding"));
        assert_eq!(header(&answer, "cache-control"), Some("max-age=60"));
        let etag = header(&answer, "etag").unwrap();
        let again = ask("GET", &[("if-none-match", etag)], &variant);
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(header(&again, "vary"), Some("accept-encoding"));
        assert_eq!(header(&again, "etag"), Some(etag));
        assert_eq!(ask("GET", &[("if-none-match", etag)], &file()).status, 200);
    }

    #[test]
    fn ranges() {
        let one = ask("GET", &[("range", "bytes=2-4")], &file());
        assert_eq!((one.status, &one.body[..]), (206, &[piece(2, 3)][..]));
        assert_eq!(header(&one, "content-range"), Some("bytes 2-4/10"));
        assert_eq!(header(&one, "content-length"), Some("3"));
        let none = ask("GET", &[("range", "bytes=10-")], &file());
        assert_eq!((none.status, none.body.len()), (416, 0));
        assert_eq!(header(&none, "content-range"), Some("bytes */10"));
        let other = [("range", "bytes=2-4"), ("if-range", "\"other\"")];
        assert_eq!(ask("GET", &other, &file()).status, 200);
    }

    #[test]
    fn several_ranges_are_parts_with_their_length() {
        let answer = ask("GET", &[("range", "bytes=0-0,-2")], &file());
        assert_eq!(answer.status, 206);
        assert_eq!(
            header(&answer, "content-type"),
            Some("multipart/byteranges; boundary=sep")
        );
        let bytes: Vec<u8> = answer
            .body
            .iter()
            .flat_map(|part| match part {
                Part::Bytes(bytes) => bytes.clone(),
                Part::File { start, length } => (*start..start + length)
                    .flat_map(|n| n.to_string().into_bytes())
                    .collect(),
            })
            .collect();
        let expected = "--sep\r\ncontent-type: text/plain\r\ncontent-range: bytes 0-0/10\r\n\r\n0\
            \r\n--sep\r\ncontent-type: text/plain\r\ncontent-range: bytes 8-9/10\r\n\r\n89\r\n--sep--\r\n";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        let length = expected.len().to_string();
        assert_eq!(header(&answer, "content-length"), Some(length.as_str()));
    }

    #[test]
    fn conditions_come_first() {
        let failed = ask(
            "GET",
            &[("if-match", "\"x\""), ("range", "bytes=0-1")],
            &file(),
        );
        assert_eq!((failed.status, failed.body.len()), (412, 0));
        let same = ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(
            ask("GET", &[same, ("range", "bytes=99-")], &file()).status,
            304
        );
        assert_eq!(ask("HEAD", &[same], &file()).status, 304);
    }
}
