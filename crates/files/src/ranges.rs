//! Byte ranges (RFC 9110 section 14).

/// More ranges than this in one request are not worth an answer in pieces.
const MOST: usize = 16;

/// Bytes of a file: where they begin, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) start: u64,
    pub(crate) length: u64,
}

impl Piece {
    fn end(self) -> u64 {
        self.start + self.length
    }
}

/// What a `Range` header comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ranges {
    /// The whole file: another unit, a broken header, or too many ranges (section 14.2).
    All,
    /// These pieces, at least one, none of which overlap; in the order they were asked for unless
    /// some had to be joined.
    Pieces(Vec<Piece>),
    /// Nothing of it is in the file: 416.
    Unsatisfiable,
}

/// Reads a `Range` header for a file of `size` bytes. Every byte of it is looked at once.
pub(crate) fn ranges(header: &[u8], size: u64) -> Ranges {
    parse(header, size).unwrap_or(Ranges::All)
}

fn parse(header: &[u8], size: u64) -> Option<Ranges> {
    let (unit, list) = header.split_at_checked(6)?;
    if !unit.eq_ignore_ascii_case(b"bytes=") {
        return None;
    }
    let (mut pieces, mut count) = (Vec::new(), 0);
    for item in list.split(|byte| *byte == b',') {
        let item = item.trim_ascii();
        if item.is_empty() {
            continue;
        }
        count += 1;
        if count > MOST {
            return None;
        }
        pieces.push(piece(item, size)?);
    }
    pieces.retain(|piece| piece.length > 0);
    match (count, pieces.is_empty()) {
        (0, _) => None,
        (_, true) => Some(Ranges::Unsatisfiable),
        (_, false) => Some(Ranges::Pieces(joined(pieces))),
    }
}

/// One range, which is empty if the file ends before it.
fn piece(item: &[u8], size: u64) -> Option<Piece> {
    let dash = item.iter().position(|byte| *byte == b'-')?;
    let (first, last) = (item.get(..dash)?, item.get(dash + 1..)?);
    if first.is_empty() {
        let length = number(last)?.min(size);
        let start = size - length;
        return Some(Piece { start, length });
    }
    let start = number(first)?;
    let last = if last.is_empty() {
        u64::MAX
    } else {
        number(last)?
    };
    if last < start {
        return None;
    }
    let end = last.saturating_add(1).min(size);
    let length = end.saturating_sub(start);
    Some(Piece { start, length })
}

/// Digits and nothing else; one that is too big for a file's size is the biggest there is.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0_u64, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    }))
}

/// Joins pieces that overlap, so that no byte is sent twice.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut sorted = pieces.clone();
    sorted.sort_by_key(|piece| piece.start);
    let mut whole: Vec<Piece> = Vec::with_capacity(sorted.len());
    for piece in sorted {
        match whole.last_mut() {
            Some(last) if piece.start < last.end() => {
                last.length = last.end().max(piece.end()) - last.start;
            }
            _ => whole.push(piece),
        }
    }
    if whole.len() == pieces.len() {
        pieces
    } else {
        whole
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(header: &str, size: u64) -> Ranges {
        ranges(header.as_bytes(), size)
    }

    fn pieces(list: &[(u64, u64)]) -> Ranges {
        let piece = |&(start, length): &(u64, u64)| Piece { start, length };
        Ranges::Pieces(list.iter().map(piece).collect())
    }

    #[test]
    fn single_ranges() {
        for (header, expected) in [
            ("bytes=0-0", (0, 1)),
            ("bytes=0-99", (0, 10)),
            ("bytes=4-", (4, 6)),
            ("bytes=-3", (7, 3)),
            ("bytes=-99", (0, 10)),
            ("Bytes=2-3", (2, 2)),
            ("bytes= 2-3 ,", (2, 2)),
            ("bytes=9-99999999999999999999999", (9, 1)),
        ] {
            assert_eq!(read(header, 10), pieces(&[expected]), "{header}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_satisfiable() {
        for header in [
            "bytes=10-",
            "bytes=10-20,30-",
            "bytes=-0",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(read(header, 10), Ranges::Unsatisfiable, "{header}");
        }
        assert_eq!(read("bytes=0-", 0), Ranges::Unsatisfiable);
        assert_eq!(read("bytes=20-,1-1", 10), pieces(&[(1, 1)]));
    }

    #[test]
    fn what_is_no_range_is_ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "items=0-1",
            "bytes 0-1",
            "bytes=1",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=1_0-",
            "bytes=3-2",
            "bytes=--1",
            "bytes=-",
            "bytes=0-1;2-3",
            "bytes=\u{0661}-",
            "bytes=0x1-2",
        ] {
            assert_eq!(read(header, 10), Ranges::All, "{header}");
        }
        let many = vec!["0-0"; MOST + 1].join(",");
        assert_eq!(read(&format!("bytes={many}"), 10), Ranges::All);
    }

    #[test]
    fn several_ranges_keep_their_order_unless_they_overlap() {
        assert_eq!(read("bytes=6-7,0-1", 10), pieces(&[(6, 2), (0, 2)]));
        assert_eq!(read("bytes=4-9,0-5", 10), pieces(&[(0, 10)]));
        assert_eq!(read("bytes=0-1,1-2,8-9", 10), pieces(&[(0, 3), (8, 2)]));
        assert_eq!(read("bytes=0-9,2-3", 10), pieces(&[(0, 10)]));
    }

    proptest! {
        #[test]
        fn pieces_lie_in_the_file_and_apart(header in "[-0-9, ]{0,40}", size in 0_u64..50) {
            if let Ranges::Pieces(mut pieces) = read(&format!("bytes={header}"), size) {
                prop_assert!(!pieces.is_empty() && pieces.len() <= MOST);
                pieces.sort_by_key(|piece| piece.start);
                let mut end = 0;
                for piece in pieces {
                    prop_assert!(piece.length > 0 && piece.start >= end && piece.end() <= size);
                    end = piece.end();
                }
            }
        }
    }
}
