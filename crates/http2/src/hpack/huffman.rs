//! The Huffman code of RFC 7541, appendix B.
//!
//! The code is canonical: codes of one length are consecutive, in the order of their symbols, and
//! follow from those of the length before. So the lengths alone describe it.

use super::CompressionError;

/// The longest code, in bits.
const LONGEST: usize = 30;
/// The symbol that no string contains.
const END: u16 = 256;

/// The length of each symbol's code, in bits.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// Codes of one length.
#[derive(Clone, Copy)]
struct Range {
    /// The first code of this length.
    first: u32,
    /// The first that is not one.
    end: u32,
    /// Where the symbols of this length begin in [`Code::symbols`].
    at: u32,
}

struct Code {
    ranges: [Range; LONGEST + 1],
    /// Ordered by length, then by symbol.
    symbols: [u16; 257],
    /// For the next eight bits: the symbol whose code they begin with and its length, which is 0
    /// if its code is longer.
    short: [(u8, u8); 256],
}

static CODE: Code = Code::build();

#[allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, which checks it; symbols, lengths and counts are small"
)]
impl Code {
    const fn build() -> Self {
        let mut ranges = [Range {
            first: 0,
            end: 0,
            at: 0,
        }; LONGEST + 1];
        let mut symbols = [0; 257];
        let mut short = [(0, 0); 256];
        let (mut code, mut count) = (0u32, 0usize);
        let mut length = 1;
        while length <= LONGEST {
            code <<= 1;
            ranges[length].first = code;
            ranges[length].at = count as u32;
            let mut symbol = 0;
            while symbol < LENGTHS.len() {
                if LENGTHS[symbol] as usize == length {
                    symbols[count] = symbol as u16;
                    if length <= 8 {
                        let spread = 1 << (8 - length);
                        let mut index = (code as usize) << (8 - length);
                        let end = index + spread;
                        while index < end {
                            short[index] = (symbol as u8, length as u8);
                            index += 1;
                        }
                    }
                    count += 1;
                    code += 1;
                }
                symbol += 1;
            }
            ranges[length].end = code;
            length += 1;
        }
        Self {
            ranges,
            symbols,
            short,
        }
    }
}

/// Appends the string that `coded` stands for to `out`.
///
/// # Errors
///
/// [`CompressionError`] when it contains the end symbol, or ends with anything but at most seven
/// bits of that symbol's code, which are ones (RFC 7541 section 5.2).
pub(super) fn decode(coded: &[u8], out: &mut Vec<u8>) -> Result<(), CompressionError> {
    // The next bits, of which there are `count`, stand at the low end.
    let (mut bits, mut count) = (0u64, 0u32);
    let mut bytes = coded.iter();
    loop {
        while count <= 56 {
            let Some(byte) = bytes.next() else { break };
            bits = (bits << 8) | u64::from(*byte);
            count += 8;
        }
        if count < 8 {
            break;
        }
        count -= take(bits, count, out)?.ok_or(CompressionError)?;
    }
    // What is left is a short code, or padding.
    while count > 0 {
        match take(bits, count, out) {
            Ok(Some(length)) => count -= length,
            _ => break,
        }
    }
    let padding = (1u64 << count) - 1;
    if count < 8 && bits & padding == padding {
        Ok(())
    } else {
        Err(CompressionError)
    }
}

/// Decodes one symbol of the `count` low bits of `bits`. Returns the length of its code, `None` if
/// the bits end within it.
fn take(bits: u64, count: u32, out: &mut Vec<u8>) -> Result<Option<u32>, CompressionError> {
    // Bits that are missing are taken for zeros; a code that needs them is longer than `count`.
    let next = if count >= 8 {
        bits >> (count - 8)
    } else {
        bits << (8 - count)
    };
    let next = usize::try_from(next & 0xff).unwrap_or_default();
    if let Some(&(symbol, length)) = CODE.short.get(next)
        && length > 0
    {
        if u32::from(length) > count {
            return Ok(None);
        }
        out.push(symbol);
        return Ok(Some(u32::from(length)));
    }
    for (length, range) in (0u32..).zip(&CODE.ranges).skip(9) {
        if length > count {
            return Ok(None);
        }
        let code = u32::try_from((bits >> (count - length)) & ((1 << length) - 1))
            .map_err(|_| CompressionError)?;
        if (range.first..range.end).contains(&code) {
            let symbol = CODE.symbols.get((range.at + code - range.first) as usize);
            let symbol = symbol.copied().unwrap_or(END);
            out.push(u8::try_from(symbol).map_err(|_| CompressionError)?);
            return Ok(Some(length));
        }
    }
    Err(CompressionError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(coded: &[u8]) -> Result<Vec<u8>, CompressionError> {
        let mut out = Vec::new();
        decode(coded, &mut out).map(|()| out)
    }

    /// The encoder that the decoder is tested with.
    fn encoded(text: &[u8]) -> Vec<u8> {
        let (mut bits, mut count, mut out) = (0u64, 0u32, Vec::new());
        for &byte in text {
            let length = u32::from(LENGTHS[usize::from(byte)]);
            let range = CODE.ranges[length as usize];
            let at = CODE.symbols[range.at as usize..]
                .iter()
                .position(|&symbol| symbol == u16::from(byte))
                .unwrap();
            bits = (bits << length) | u64::from(range.first + u32::try_from(at).unwrap());
            count += length;
            while count >= 8 {
                out.push((bits >> (count - 8) & 0xff) as u8);
                count -= 8;
            }
        }
        if count > 0 {
            out.push(((bits << (8 - count) | (0xff >> count)) & 0xff) as u8);
        }
        out
    }

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 7541, appendix C.4 and C.6.
        let cases: [(&[u8], &str); 4] = [
            (
                b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff",
                "www.example.com",
            ),
            (b"\xa8\xeb\x10\x64\x9c\xbf", "no-cache"),
            (b"\x64\x02", "302"),
            (
                b"\xd0\x7a\xbe\x94\x10\x54\xd4\x44\xa8\x20\x05\x95\x04\x0b\x81\x66\xe0\x82\xa6\x2d\x1b\xff",
                "Mon, 21 Oct 2013 20:13:21 GMT",
            ),
        ];
        for (coded, text) in cases {
            assert_eq!(decoded(coded).unwrap(), text.as_bytes());
            assert_eq!(encoded(text.as_bytes()), coded);
        }
    }

    #[test]
    fn every_byte_survives() {
        for byte in 0..=255u8 {
            for count in 1..9 {
                let text = vec![byte; count];
                assert_eq!(decoded(&encoded(&text)).unwrap(), text, "{byte}");
            }
        }
        let all: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        assert_eq!(decoded(&encoded(&all)).unwrap(), all);
    }

    #[test]
    fn padding_is_short_and_of_ones() {
        // '1' is 00001; three bits of padding follow.
        assert_eq!(decoded(b"\x0f").unwrap(), b"1");
        for bad in [
            &b"\x0e"[..],
            b"\x08",
            b"\x0f\xff",
            b"\xff",
            b"\xff\xff\xff\xff",
            b"\xff\xff\xff\xfc",
        ] {
            assert_eq!(decoded(bad), Err(CompressionError), "{bad:x?}");
        }
        assert_eq!(decoded(b"").unwrap(), b"");
    }
}
