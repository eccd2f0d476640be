//! Bodies in pieces, and what the parsers report of them: for these tests and for the fuzz targets.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::panic,
    clippy::expect_used,
    reason = "each test uses a part of this, and the fuzz targets import it"
)]

use forms::{Event, FieldLimits, Limits, Multipart, Urlencoded, Violation};

/// A part of a multipart body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Name of the field.
    pub name: Vec<u8>,
    /// Name of the file.
    pub filename: Option<Vec<u8>>,
    /// Header lines.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// All of the content that came.
    pub content: Vec<u8>,
    /// Whether the end came.
    pub ended: bool,
}

/// The parts of a multipart body in pieces, and what ended it.
///
/// # Panics
///
/// When the parser says something that no body can mean.
pub fn read_parts(
    boundary: &[u8],
    pieces: &[&[u8]],
    limits: Limits,
) -> (Vec<Seen>, Result<(), Violation>) {
    let mut seen = Vec::new();
    let outcome = read(boundary, pieces, limits, &mut seen);
    (seen, outcome)
}

fn read(
    boundary: &[u8],
    pieces: &[&[u8]],
    limits: Limits,
    seen: &mut Vec<Seen>,
) -> Result<(), Violation> {
    let mut form = Multipart::new(boundary, limits)?;
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let before = rest;
            let Some(event) = form.next(&mut rest)? else {
                break;
            };
            match event {
                Event::Part(part) => {
                    assert!(seen.last().is_none_or(|last| last.ended));
                    seen.push(Seen {
                        name: part.name,
                        filename: part.filename,
                        headers: part.headers,
                        ..Seen::default()
                    });
                }
                Event::Data(data) | Event::Held(data) if data.is_empty() => panic!("no data"),
                Event::Data(data) => {
                    assert!(before.starts_with(data));
                    open(seen).content.extend_from_slice(data);
                }
                Event::Held(data) => open(seen).content.extend_from_slice(data),
                Event::End => open(seen).ended = true,
            }
        }
        assert_eq!(rest, b"");
    }
    form.finish()
}

fn open(seen: &mut [Seen]) -> &mut Seen {
    seen.last_mut()
        .filter(|last| !last.ended)
        .expect("a part is open")
}

/// The fields of a urlencoded body in pieces.
///
/// # Errors
///
/// What the parser refuses the body for.
///
/// # Panics
///
/// When more is held back than a field may have.
pub fn read_fields(
    pieces: &[&[u8]],
    limits: FieldLimits,
) -> Result<Vec<(String, String)>, Violation> {
    let (mut form, mut fields) = (Urlencoded::new(limits), Vec::new());
    for piece in pieces {
        form.feed(piece, |name, value| {
            fields.push((name.into_owned(), value.into_owned()));
        })?;
        assert!(
            u64::try_from(form.held().len())
                .is_ok_and(|held| held <= limits.size.saturating_add(1))
        );
    }
    form.finish(|name, value| fields.push((name.into_owned(), value.into_owned())))?;
    Ok(fields)
}
