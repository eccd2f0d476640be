//! Feeding bodies in pieces.

use forms::{Event, FieldLimits, Limits, Multipart, Urlencoded, Violation};

/// A part as a test looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Name of the field.
    pub(crate) name: Vec<u8>,
    /// Name of the file.
    pub(crate) filename: Option<Vec<u8>>,
    /// Header lines.
    pub(crate) headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// All of the content that came.
    pub(crate) content: Vec<u8>,
    /// Whether the end came.
    pub(crate) ended: bool,
}

/// What is found in `pieces`, and what ended it.
pub(crate) fn read(
    boundary: &[u8],
    pieces: &[&[u8]],
    limits: Limits,
) -> (Vec<Seen>, Result<(), Violation>) {
    let mut seen = Vec::new();
    let outcome = read_into(boundary, pieces, limits, &mut seen);
    (seen, outcome)
}

fn read_into(
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
            match form.next(&mut rest)? {
                None => break,
                Some(Event::Part(part)) => seen.push(Seen {
                    name: part.name,
                    filename: part.filename,
                    headers: part.headers,
                    ..Seen::default()
                }),
                Some(Event::Data(data)) => {
                    assert!(before.starts_with(data) && !data.is_empty());
                    seen.last_mut().unwrap().content.extend_from_slice(data);
                }
                Some(Event::Held(data)) => {
                    assert!(!data.is_empty());
                    seen.last_mut().unwrap().content.extend_from_slice(data);
                }
                Some(Event::End) => seen.last_mut().unwrap().ended = true,
            }
        }
        assert_eq!(rest, b"");
    }
    form.finish()
}

/// The fields of a urlencoded body.
pub(crate) fn decode(
    pieces: &[&[u8]],
    limits: FieldLimits,
) -> Result<Vec<(String, String)>, Violation> {
    let (mut form, mut fields) = (Urlencoded::new(limits), Vec::new());
    for piece in pieces {
        form.feed(piece, |name, value| {
            fields.push((name.into_owned(), value.into_owned()));
        })?;
    }
    form.finish(|name, value| fields.push((name.into_owned(), value.into_owned())))?;
    Ok(fields)
}
