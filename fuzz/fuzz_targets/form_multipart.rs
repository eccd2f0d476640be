//! Multipart bodies: the same however they are cut; what was sent comes back; nothing that is found
//! holds a boundary or exceeds a limit.
#![no_main]

use forms::{FieldLimits, Limits, Violation, options};
use jebi_fuzz::cuts::ways;
use jebi_fuzz::forms::{Seen, read_parts};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

const DELIMITER: &[u8] = b"\r\n--b";

#[derive(Arbitrary, Debug)]
struct Sent<'a> {
    content: &'a [u8],
    is_file: bool,
    padding: u8,
}

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Form(Vec<Sent<'a>>),
    Raw { tight: bool, bytes: &'a [u8] },
    Boundary { boundary: &'a [u8], bytes: &'a [u8] },
    Header(&'a [u8]),
}

fn encode(sent: &[Sent<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in sent {
        let padding = " \t".repeat(usize::from(part.padding % 4));
        let file = if part.is_file { "; filename=f" } else { "" };
        let head = format!("--b{padding}\r\nContent-Disposition: form-data; name=n{file}\r\n\r\n");
        body.extend_from_slice(&[head.as_bytes(), part.content, b"\r\n"].concat());
    }
    body.extend_from_slice(b"--b--");
    body
}

/// Whether content ends within it, when a line break follows.
fn holds_boundary(content: &[u8]) -> bool {
    let ended = [b"\r\n", content, b"\r\n"].concat();
    ended.windows(DELIMITER.len() + 1).any(|at| {
        at.starts_with(DELIMITER) && matches!(at.last(), Some(b'\r' | b'-' | b' ' | b'\t'))
    })
}

/// What is found. How much of a field comes before it is found too large depends on the pieces.
fn alike(boundary: &[u8], pieces: &[&[u8]], limits: Limits) -> (Vec<Seen>, Result<(), Violation>) {
    let (mut found, outcome) = read_parts(boundary, pieces, limits);
    if let (Err(Violation::PartTooLarge(_)), Some(last)) = (outcome, found.last_mut()) {
        last.content.clear();
    }
    (found, outcome)
}

fn assert_same(boundary: &[u8], body: &[u8], seed: u16, limits: Limits) {
    let [whole, single, cut] = ways(body, seed);
    let found = alike(boundary, &whole, limits);
    assert_eq!(alike(boundary, &single, limits), found);
    assert_eq!(alike(boundary, &cut, limits), found);
    let files = found.0.iter().filter(|part| part.filename.is_some());
    assert!(files.count() as u64 <= limits.files);
    for part in &found.0 {
        assert!(part.headers.len() <= limits.headers);
        assert!(part.filename.is_some() || part.content.len() as u64 <= limits.fields.size);
        for (name, value) in &part.headers {
            assert!(name.len() + value.len() < limits.header_size);
            assert!(!value.contains(&b'\n') && !value.contains(&b'\r'));
        }
    }
}

fn assert_sent(sent: &[Sent<'_>], seed: u16) {
    if sent.iter().any(|part| holds_boundary(part.content)) {
        return;
    }
    for pieces in ways(&encode(sent), seed) {
        let (found, outcome) = read_parts(b"b", &pieces, Limits::default());
        assert_eq!(outcome, Ok(()));
        assert_eq!(found.len(), sent.len());
        for (part, sent) in found.iter().zip(sent) {
            assert!(part.ended && part.content == sent.content);
            assert_eq!(part.filename.is_some(), sent.is_file);
        }
    }
}

fuzz_target!(|input: (u16, Input<'_>)| {
    let (seed, input) = input;
    match input {
        Input::Form(sent) => assert_sent(&sent, seed),
        Input::Raw { tight, bytes } => {
            let fields = FieldLimits { fields: 2, size: 9 };
            let limits = Limits {
                fields,
                files: 2,
                headers: 2,
                header_size: 60,
            };
            let limits = if tight { limits } else { Limits::default() };
            assert_same(b"b", &[b"--b\r\n", bytes].concat(), seed, limits);
        }
        Input::Boundary { boundary, bytes } => {
            assert_same(boundary, bytes, seed, Limits::default());
        }
        Input::Header(header) => {
            let read = options(header);
            let values = read
                .parameters
                .iter()
                .map(|(name, value)| name.len() + value.len());
            assert!(read.value.len() + values.sum::<usize>() <= header.len());
        }
    }
});
