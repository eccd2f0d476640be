//! A body in chunks of any sizes, with extensions and trailers, comes back byte for byte, and bytes
//! in place of a chunked body come to the same end however they are cut.
#![no_main]

use http1::Limits;
use jebi_fuzz::cuts::ways;
use jebi_fuzz::http1::{Seen, assert_sound, decode};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

const HEAD: &[u8] = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
const NEXT: &[u8] = b"GET /next HTTP/1.1\r\nhost: a\r\n\r\n";

/// What stands after a size.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Extension {
    None,
    Name,
    Value,
    Quoted,
    Spaced,
}

impl Extension {
    const fn text(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Name => ";a",
            Self::Value => ";a=b;c=d",
            Self::Quoted => ";a=\"b;\\\" \t\u{e9}\"",
            Self::Spaced => " ; a = b\t;\tc",
        }
    }
}

#[derive(Arbitrary, Debug)]
struct Chunk<'a> {
    data: &'a [u8],
    upper: bool,
    zeros: u8,
    extension: Extension,
}

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Body {
        chunks: Vec<Chunk<'a>>,
        last: Extension,
        trailers: u8,
    },
    Raw(&'a [u8]),
}

fn size(length: usize, upper: bool, zeros: u8) -> String {
    let width = usize::from(zeros % 12);
    if upper {
        format!("{length:0width$X}")
    } else {
        format!("{length:0width$x}")
    }
}

fuzz_target!(|input: (u16, Input<'_>)| {
    let (seed, input) = input;
    let mut bytes = HEAD.to_vec();
    let mut sent = None;
    match &input {
        Input::Raw(raw) => bytes.extend_from_slice(raw),
        Input::Body {
            chunks,
            last,
            trailers,
        } => {
            let mut body = Vec::new();
            for chunk in chunks.iter().filter(|chunk| !chunk.data.is_empty()) {
                let size = size(chunk.data.len(), chunk.upper, chunk.zeros);
                let line = format!("{size}{}\r\n", chunk.extension.text());
                bytes.extend_from_slice(&[line.as_bytes(), chunk.data, b"\r\n"].concat());
                body.extend_from_slice(chunk.data);
            }
            bytes.extend_from_slice(format!("0{}\r\n", last.text()).as_bytes());
            for number in 0..trailers % 5 {
                bytes.extend_from_slice(format!("x-{number}: y\r\n").as_bytes());
            }
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(NEXT);
            sent = Some(body);
        }
    }
    let limits = Limits {
        body: 1 << 20,
        ..Limits::default()
    };
    let [whole, single, cut] = ways(&bytes, seed);
    let seen = decode(&whole, limits);
    assert_sound(&seen, limits);
    assert_eq!(decode(&single, limits), seen);
    assert_eq!(decode(&cut, limits), seen);
    if let Some(sent) = sent {
        let rest = if let Some(Seen::Body(body)) = seen.get(1) {
            assert_eq!(*body, sent);
            &seen[2..]
        } else {
            assert!(sent.is_empty());
            &seen[1..]
        };
        assert!(
            matches!(rest, [Seen::End, Seen::Head(next), Seen::End] if next.target == b"/next")
        );
    }
});
