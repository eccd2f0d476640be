//! A decoder and the table that it keeps between blocks.

use super::table::{SIZE, Table};
use super::{CompressionError, huffman};

/// Decodes the header blocks of one connection.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    table: Table,
    name: Vec<u8>,
    value: Vec<u8>,
}

/// How a field is written.
enum Form {
    /// By its number.
    Indexed,
    /// In letters, and to be remembered.
    Remembered,
    /// In letters, not to be remembered.
    Passing,
    /// It is none, but the table's new size.
    Resize,
}

impl Form {
    /// The form that an octet begins, and how many of its bits belong to the number that follows.
    fn of(octet: u8) -> (Self, u32) {
        match octet {
            0x80.. => (Self::Indexed, 7),
            0x40.. => (Self::Remembered, 6),
            0x20.. => (Self::Resize, 5),
            _ => (Self::Passing, 4),
        }
    }
}

impl Decoder {
    /// Calls `take` with each field of a whole block.
    ///
    /// # Errors
    ///
    /// [`CompressionError`] when the block breaks RFC 7541, or when `take` says that it has enough.
    pub(crate) fn decode(
        &mut self,
        block: &[u8],
        mut take: impl FnMut(&[u8], &[u8]) -> Result<(), CompressionError>,
    ) -> Result<(), CompressionError> {
        let mut rest = block;
        let mut begins = true;
        while let Some(&octet) = rest.first() {
            let (form, prefix) = Form::of(octet);
            let number = integer(&mut rest, prefix)?;
            match form {
                Form::Resize => {
                    // Only at the beginning, and never beyond what we allow.
                    if !begins || number > SIZE {
                        return Err(CompressionError);
                    }
                    self.table.resize(number);
                    continue;
                }
                Form::Indexed => {
                    let (name, value) = self.table.get(number).ok_or(CompressionError)?;
                    take(name, value)?;
                }
                Form::Remembered | Form::Passing => {
                    self.literal(&mut rest, number)?;
                    if matches!(form, Form::Remembered) {
                        self.table.insert(&self.name, &self.value);
                    }
                    take(&self.name, &self.value)?;
                }
            }
            begins = false;
        }
        Ok(())
    }

    /// Reads a field in letters, whose name may be a number.
    fn literal(&mut self, rest: &mut &[u8], number: usize) -> Result<(), CompressionError> {
        if number == 0 {
            string(rest, &mut self.name)?;
        } else {
            let (name, _) = self.table.get(number).ok_or(CompressionError)?;
            self.name.clear();
            self.name.extend_from_slice(name);
        }
        string(rest, &mut self.value)
    }
}

/// Reads a string into `out`.
fn string(rest: &mut &[u8], out: &mut Vec<u8>) -> Result<(), CompressionError> {
    let is_coded = rest.first().is_some_and(|octet| octet & 0x80 != 0);
    let length = integer(rest, 7)?;
    let (bytes, after) = rest.split_at_checked(length).ok_or(CompressionError)?;
    *rest = after;
    out.clear();
    if is_coded {
        huffman::decode(bytes, out)
    } else {
        out.extend_from_slice(bytes);
        Ok(())
    }
}

/// Reads a number whose first `prefix` bits stand in the first octet (RFC 7541 section 5.1).
///
/// Numbers beyond 2^28 have no use here, and neither have more octets than they need.
fn integer(rest: &mut &[u8], prefix: u32) -> Result<usize, CompressionError> {
    const OCTETS: u32 = 4;
    let mut next = || {
        let (&octet, after) = rest.split_first().ok_or(CompressionError)?;
        *rest = after;
        Ok(usize::from(octet))
    };
    let full = (1 << prefix) - 1;
    let mut number = next()? & full;
    if number < full {
        return Ok(number);
    }
    for position in 0..OCTETS {
        let octet = next()?;
        number += (octet & 0x7f) << (7 * position);
        if octet & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(CompressionError)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Fields = Vec<(String, String)>;

    fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Fields, CompressionError> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut fields = Vec::new();
        decoder.decode(block, |name, value| {
            fields.push((text(name), text(value)));
            Ok(())
        })?;
        Ok(fields)
    }

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn the_examples_of_the_standard() {
        // RFC 7541, appendix C.4: three requests on one connection.
        let mut decoder = Decoder::default();
        let first = b"\x82\x86\x84\x41\x8c\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff";
        let usual = [
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/"),
            (":authority", "www.example.com"),
        ];
        assert_eq!(decode(&mut decoder, first).unwrap(), fields(&usual));
        let second = b"\x82\x86\x84\xbe\x58\x86\xa8\xeb\x10\x64\x9c\xbf";
        let mut more = usual.to_vec();
        more.push(("cache-control", "no-cache"));
        assert_eq!(decode(&mut decoder, second).unwrap(), fields(&more));
        let third = b"\x82\x87\x85\xbf\x40\x88\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f\x89\x25\xa8\x49\xe9\x5b\xb8\xe8\xb4\xbf";
        assert_eq!(
            decode(&mut decoder, third).unwrap(),
            fields(&[
                (":method", "GET"),
                (":scheme", "https"),
                (":path", "/index.html"),
                (":authority", "www.example.com"),
                ("custom-key", "custom-value"),
            ])
        );
    }

    #[test]
    fn what_breaks_the_rules() {
        let cases: [(&[u8], &str); 12] = [
            (b"\x80", "number 0"),
            (b"\xbe", "a number that no entry has"),
            (b"\xff\x80\x80\x80\x80\x01", "a number of too many octets"),
            (b"\xff\xff\xff\xff\xff\x7f", "a number too large"),
            (b"\x40", "no name"),
            (b"\x40\x02a", "a name cut short"),
            (b"\x40\x01a", "no value"),
            (b"\x40\x01a\x05b", "a value cut short"),
            (b"\x7f\x81\x10\x01a", "a name that no entry has"),
            (b"\x82\x20", "a resize after a field"),
            (b"\x3f\xe2\x1f", "a table of 4097 bytes"),
            (b"\x00\x81\x0e\x01a", "padding of zeros"),
        ];
        for (block, what) in cases {
            let outcome = decode(&mut Decoder::default(), block);
            assert_eq!(outcome, Err(CompressionError), "{what}");
        }
    }

    #[test]
    fn the_table_changes_its_size_at_the_beginning() {
        let mut decoder = Decoder::default();
        assert!(decode(&mut decoder, b"\x40\x01a\x01b").is_ok());
        assert_eq!(
            decode(&mut decoder, b"\x20\x3f\xe1\x1f\x82").unwrap(),
            fields(&[(":method", "GET")])
        );
        assert!(decode(&mut decoder, b"\xbe").is_err(), "it was emptied");
    }
}
