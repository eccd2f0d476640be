//! Multipart bodies: parts, boundaries, pieces.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use common::{Seen, read_parts};
use forms::{Limits, Violation};
use proptest::prelude::*;

const HEAD: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n\"\r\n\r\n";

/// The content of a single file between [`HEAD`] and `end`.
fn content(content: &[u8], end: &[u8]) -> (Vec<u8>, Result<(), Violation>) {
    let body = [HEAD, content, end].concat();
    let whole = read_parts(b"b", &[&body], Limits::default());
    for size in 1..9 {
        let pieces: Vec<_> = body.chunks(size).collect();
        assert_eq!(read_parts(b"b", &pieces, Limits::default()), whole);
    }
    (whole.0[0].content.clone(), whole.1)
}

#[test]
fn parts_are_found() {
    let body = b"\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\none\r\n--b \t\r\n\
        content-TYPE:text/plain \r\nContent-Disposition: form-data; name=\"b\"; filename=\"\"\r\n\r\n\
        \r\n--b--\r\nepilogue\r\n--b\r\n";
    let (seen, outcome) = read_parts(b"b", &[body], Limits::default());
    assert_eq!(outcome, Ok(()));
    let [field, file] = &seen[..] else {
        panic!("{seen:?}");
    };
    assert_eq!(
        (&*field.name, &field.filename, &*field.content),
        (&b"a"[..], &None, &b"one"[..])
    );
    assert_eq!(
        (&*file.name, file.filename.as_deref()),
        (&b"b"[..], Some(&b""[..]))
    );
    assert_eq!(
        file.headers[0],
        (b"content-type".into(), b"text/plain".into())
    );
    assert!(file.content.is_empty() && field.ended && file.ended);
}

#[test]
fn what_is_like_a_boundary_is_content() {
    for text in [
        &b""[..],
        b"\r",
        b"\r\n",
        b"\r\n-",
        b"\r\n--",
        b"--b",
        b"--b--",
        b"\n--b\r\n",
        b"\r--b\r\n",
        b"\r\n--a",
        b"\r\n--bc",
        b"\r\n--b\rx",
        b"\r\n--b\nx",
        b"\r\n--b-x",
        b"\r\n--b-\r\n--b-",
        b"\r\n--b\r",
        b"\r\r\n--\r\n--bb\r\n",
    ] {
        assert_eq!(
            content(text, b"\r\n--b--"),
            (text.to_vec(), Ok(())),
            "{text:?}"
        );
    }
}

#[test]
fn a_form_without_parts_is_empty() {
    for body in [&b""[..], b"\r\n", b"--b--", b"--b--\r\n", b"\r\n--b--x"] {
        for pieces in [vec![body], body.chunks(1).collect()] {
            assert_eq!(
                read_parts(b"b", &pieces, Limits::default()),
                (vec![], Ok(()))
            );
        }
    }
}

#[test]
fn a_form_has_an_end() {
    for end in [
        &b""[..],
        b"\r",
        b"\r\n--b",
        b"\r\n--b-",
        b"\r\n--b\r\n",
        b"\r\n--b\r\nA: b\r\n",
    ] {
        assert_eq!(content(b"x", end).1, Err(Violation::Truncated), "{end:?}");
    }
    assert_eq!(
        read_parts(b"b", &[b"--"], Limits::default()).1,
        Err(Violation::Truncated)
    );
}

#[test]
fn broken_forms_are_refused() {
    for (body, violation) in [
        (&b"x"[..], Violation::NoDelimiter),
        (b"preamble\r\n--b\r\n", Violation::NoDelimiter),
        (b"--c", Violation::NoDelimiter),
        (b"--bc", Violation::BadDelimiter),
        (b"--b\n", Violation::BadDelimiter),
        (b"--b-x", Violation::BadDelimiter),
        (b"--b x", Violation::BadDelimiter),
        (b"--b \rx", Violation::BadDelimiter),
        (b"--b\r\n\r\n", Violation::NoName),
        (b"--b\r\nA: name=b\r\n\r\n", Violation::NoName),
        (
            b"--b\r\nContent-Disposition: form-data; =\"a\"\r\n\r\n",
            Violation::NoName,
        ),
        (b"--b\r\nno colon\r\n", Violation::BadHeaderName),
        (b"--b\r\n: a\r\n", Violation::BadHeaderName),
        (b"--b\r\nA : a\r\n", Violation::BadHeaderName),
        (b"--b\r\nA: a\r\n folded\r\n", Violation::BadHeaderName),
        (b"--b\r\nA: a\n", Violation::BadHeaderValue),
        (b"--b\r\nA: a\rb\r\n", Violation::BadHeaderValue),
        (b"--b\r\nA: a\0\r\n", Violation::BadHeaderValue),
    ] {
        for pieces in [vec![body], body.chunks(1).collect()] {
            assert_eq!(
                read_parts(b"b", &pieces, Limits::default()).1,
                Err(violation),
                "{body:?}"
            );
        }
    }
}

#[test]
fn boundaries_are_short_and_one_line() {
    let longest = [b'x'; 256];
    let body = [b"--", &longest[..], b"--"].concat();
    assert_eq!(read_parts(&longest, &[&body], Limits::default()).1, Ok(()));
    for (boundary, violation) in [
        (&[b'x'; 257][..], Violation::BadBoundary),
        (b"a\rb", Violation::BadBoundary),
        (b"a\n", Violation::BadBoundary),
        (b"", Violation::NoBoundary),
    ] {
        assert_eq!(
            read_parts(boundary, &[], Limits::default()).1,
            Err(violation)
        );
    }
}

fn part(head: &str, content: &str) -> String {
    format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
}

#[test]
fn limits_hold() {
    let mut limits = Limits::default();
    limits.fields.fields = 1;
    limits.fields.size = 3;
    limits.files = 1;
    let (field, file) = (part("name=a", "abc"), part("name=a; filename=b", "abcdef"));
    for (body, outcome) in [
        (format!("{field}{file}--b--"), Ok(())),
        (format!("{field}{field}"), Err(Violation::TooManyFields(1))),
        (format!("{file}{file}"), Err(Violation::TooManyFiles(1))),
        (part("name=a", "abcd"), Err(Violation::PartTooLarge(3))),
        (part("name=a", "\r\n--a"), Err(Violation::PartTooLarge(3))),
    ] {
        for pieces in [vec![body.as_bytes()], body.as_bytes().chunks(1).collect()] {
            assert_eq!(read_parts(b"b", &pieces, limits).1, outcome, "{body}");
        }
    }
}

#[test]
fn header_lines_are_few_and_short() {
    let limits = Limits {
        headers: 2,
        header_size: 46,
        ..Limits::default()
    };
    let ok = "--b\r\nContent-Disposition: form-data; name=\"abcdefg\"\r\n";
    for (body, outcome) in [
        (format!("{ok}A: b\r\n\r\n\r\n--b--"), Ok(())),
        (
            format!("{ok}A: b\r\nC: d\r\n"),
            Err(Violation::TooManyHeaders(2)),
        ),
        (ok.replace('g', "gh"), Err(Violation::HeaderTooLarge(46))),
        (
            format!("--b\r\n{}", "x".repeat(48)),
            Err(Violation::HeaderTooLarge(46)),
        ),
    ] {
        for pieces in [vec![body.as_bytes()], body.as_bytes().chunks(1).collect()] {
            assert_eq!(read_parts(b"b", &pieces, limits).1, outcome, "{body}");
        }
    }
}

proptest! {
    #[test]
    fn what_is_sent_comes_back(
        parts in prop::collection::vec("[\r\n\\-bx]{0,40}", 0..4),
        seed in 1usize..30,
    ) {
        let sent: Vec<_> = parts.iter().map(|part| part.replace("\r\n--b", "")).collect();
        // Taking the boundaries out may have made new ones.
        prop_assume!(sent.iter().all(|part| !format!("\r\n{part}\r\n").contains("\r\n--b")));
        let mut body: Vec<u8> = sent.iter().flat_map(|content| part("name=a", content).into_bytes()).collect();
        body.extend_from_slice(b"--b--\r\n");
        let pieces: Vec<_> = body.chunks(seed).collect();
        let (seen, outcome) = read_parts(b"b", &pieces, Limits::default());
        prop_assert_eq!(outcome, Ok(()));
        let contents: Vec<_> = seen.into_iter().map(|part| part.content).collect();
        prop_assert_eq!(contents, sent.iter().map(|part| part.as_bytes().to_vec()).collect::<Vec<_>>());
    }

    #[test]
    fn cuts_make_no_difference(
        body in "(--b|\r\n|\r|\n|-|A: b|[ax ]|Content-Disposition: a; name=b){0,25}",
        size in 1usize..20,
    ) {
        let body = format!("--b\r\n{body}");
        let whole = read_parts(b"b", &[body.as_bytes()], Limits::default());
        let pieces: Vec<_> = body.as_bytes().chunks(size).collect();
        let cut = read_parts(b"b", &pieces, Limits::default());
        prop_assert_eq!(&cut, &whole);
        for Seen { content, .. } in &whole.0 {
            prop_assert!(!content.windows(6).any(|at| at == b"\r\n--b\r\n") );
        }
    }
}
