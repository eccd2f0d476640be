//! Forms as the parsers report them.

use forms::{Event, FieldLimits, Limits, Multipart, Part, Urlencoded, Violation};

/// A part, its content, and whether its end came.
pub type Seen = (Part, Vec<u8>, bool);

/// The parts of a body in pieces, up to what is wrong with it.
///
/// # Panics
///
/// When the parser says something that no body can mean.
pub fn parts(
    boundary: &[u8],
    pieces: &[&[u8]],
    limits: Limits,
) -> (Vec<Seen>, Result<(), Violation>) {
    let mut seen = Vec::new();
    let outcome = read(boundary, pieces, limits, &mut seen);
    // How much of a field comes before it is found too large depends on the pieces.
    if let (Err(Violation::PartTooLarge(_)), Some((_, content, _))) = (outcome, seen.last_mut()) {
        content.clear();
    }
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
                    assert!(seen.last().is_none_or(|(_, _, ended)| *ended));
                    seen.push((part, Vec::new(), false));
                }
                Event::Data(data) | Event::Held(data) if data.is_empty() => panic!("no data"),
                Event::Data(data) => {
                    assert!(before.starts_with(data));
                    open(seen).1.extend_from_slice(data);
                }
                Event::Held(data) => open(seen).1.extend_from_slice(data),
                Event::End => open(seen).2 = true,
            }
        }
        assert!(rest.is_empty());
    }
    form.finish()
}

fn open(seen: &mut [Seen]) -> &mut Seen {
    seen.last_mut()
        .filter(|(_, _, ended)| !ended)
        .expect("a part is open")
}

/// The fields of a urlencoded body in pieces, or what is wrong with it.
///
/// # Errors
///
/// What the parser refuses the body for.
///
/// # Panics
///
/// When more is held back than a field may have.
pub fn fields(pieces: &[&[u8]], limits: FieldLimits) -> Result<Vec<(String, String)>, Violation> {
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
