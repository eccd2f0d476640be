//! The name that a certificate gives its owner, as text (RFC 4514).
//!
//! A certificate that was verified is read here once more, for its subject alone. What is not shaped as
//! X.509 has it gives no name.

/// The attribute types that have names (RFC 4514, section 3), by their encoded identifiers.
const NAMES: [(&[u8], &str); 9] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 9], "STREET"),
    (
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25],
        "DC",
    ),
    (
        &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1],
        "UID",
    ),
];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const IDENTIFIER: u8 = 0x06;
/// The explicit tag of a certificate's version.
const VERSION: u8 = 0xa0;

/// The distinguished name of the subject of a certificate in DER.
pub(super) fn of_subject(certificate: &[u8]) -> Option<String> {
    let mut certificate = Reader(Reader(certificate).take(SEQUENCE)?);
    let mut told = Reader(certificate.take(SEQUENCE)?);
    if told.peek() == Some(VERSION) {
        told.next()?;
    }
    // Serial number, algorithm, issuer, validity.
    for _ in 0..4 {
        told.next()?;
    }
    let mut subject = Reader(told.take(SEQUENCE)?);
    let mut parts = Vec::new();
    while !subject.0.is_empty() {
        parts.push(relative(subject.take(SET)?)?);
    }
    // The most specific part stands last there, and first here.
    parts.reverse();
    Some(parts.join(","))
}

/// One part of a name, which may have several attributes.
fn relative(set: &[u8]) -> Option<String> {
    let mut set = Reader(set);
    let mut attributes = Vec::new();
    while !set.0.is_empty() {
        attributes.push(attribute(set.take(SEQUENCE)?)?);
    }
    Some(attributes.join("+"))
}

fn attribute(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    let identifier = reader.take(IDENTIFIER)?;
    let encoded = reader.0;
    let (tag, value) = reader.next()?;
    let named = NAMES.iter().find(|(known, _)| *known == identifier);
    Some(match (named, text(tag, value)) {
        (Some((_, name)), Some(text)) => format!("{name}={}", escape(&text)),
        (Some((_, name)), None) => format!("{name}={}", hexadecimal(encoded)),
        // What has no name has its value in hexadecimal (section 2.4).
        (None, _) => format!("{}={}", dotted(identifier)?, hexadecimal(encoded)),
    })
}

/// A value of one of the types of strings.
fn text(tag: u8, value: &[u8]) -> Option<String> {
    match tag {
        // UTF-8, numbers, printable, IA5
        0x0c | 0x12 | 0x13 | 0x16 => String::from_utf8(value.to_vec()).ok(),
        // Teletex, which everybody writes as Latin-1
        0x14 => Some(value.iter().copied().map(char::from).collect()),
        // Two bytes a character
        0x1e => {
            let (units, []) = value.as_chunks::<2>() else {
                return None;
            };
            let units: Vec<u16> = units.iter().copied().map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

/// Escapes what has a meaning in a name (section 2.4).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let last = text.len().saturating_sub(1);
    for (at, character) in text.char_indices() {
        let special = match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => true,
            '#' => at == 0,
            ' ' => at == 0 || at == last,
            _ => false,
        };
        if special {
            escaped.push('\\');
        }
        if character == '\0' {
            escaped.push_str("\\00");
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::from("#");
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    text
}

/// An object identifier in its dotted form.
fn dotted(identifier: &[u8]) -> Option<String> {
    let mut numbers = Vec::new();
    let mut number: u64 = 0;
    for byte in identifier {
        number = number.checked_mul(128)? + u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if numbers.is_empty() {
                // The first two share a number.
                let first = (number / 40).min(2);
                numbers.push(first.to_string());
                number -= first * 40;
            }
            numbers.push(number.to_string());
            number = 0;
        }
    }
    Some(numbers.join("."))
}

/// Walks over values in DER.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    /// Tag and contents of the next value.
    fn next(&mut self) -> Option<(u8, &'b [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&short, rest) = rest.split_first()?;
        let (length, rest) = match short {
            0..=0x7f => (usize::from(short), rest),
            // A length in one to four bytes.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, contents))
    }

    /// The contents of the next value, if it has this tag.
    fn take(&mut self, tag: u8) -> Option<&'b [u8]> {
        self.next()
            .filter(|(found, _)| *found == tag)
            .map(|(_, contents)| contents)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = u8::try_from(contents.len()).unwrap();
        let head = if length < 128 {
            vec![tag, length]
        } else {
            vec![tag, 0x81, length]
        };
        [head, contents.to_vec()].concat()
    }

    fn part(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
        let attributes: Vec<u8> = attributes
            .iter()
            .flat_map(|(id, tag, value)| {
                der(SEQUENCE, &[der(IDENTIFIER, id), der(*tag, value)].concat())
            })
            .collect();
        der(SET, &attributes)
    }

    fn certificate(subject: &[Vec<u8>]) -> Vec<u8> {
        let mut told = der(VERSION, &der(2, &[2]));
        for filler in [
            der(2, &[1]),
            der(SEQUENCE, b""),
            der(SEQUENCE, b""),
            der(SEQUENCE, b""),
        ] {
            told.extend(filler);
        }
        told.extend(der(SEQUENCE, &subject.concat()));
        told.extend(der(SEQUENCE, b"the key and more"));
        der(
            SEQUENCE,
            &[der(SEQUENCE, &told), der(3, b"signature")].concat(),
        )
    }

    const CN: &[u8] = &[0x55, 4, 3];
    const O: &[u8] = &[0x55, 4, 10];

    #[test]
    fn the_last_part_comes_first() {
        let subject = [part(&[(O, 0x0c, b"Jebi")]), part(&[(CN, 0x13, b"client")])];
        assert_eq!(
            of_subject(&certificate(&subject)).unwrap(),
            "CN=client,O=Jebi"
        );
        assert_eq!(of_subject(&certificate(&[])).unwrap(), "");
    }

    #[test]
    fn a_part_may_have_two_attributes() {
        let subject = [part(&[(CN, 0x0c, b"a"), (O, 0x16, b"b")])];
        assert_eq!(of_subject(&certificate(&subject)).unwrap(), "CN=a+O=b");
    }

    #[test]
    fn what_has_a_meaning_is_escaped() {
        for (value, expected) in [
            ("a,b+c;d", "CN=a\\,b\\+c\\;d"),
            (" a b ", "CN=\\ a b\\ "),
            ("#a#", "CN=\\#a#"),
            ("\"<>\\", "CN=\\\"\\<\\>\\\\"),
            ("a\0b", "CN=a\\00b"),
            ("a=b", "CN=a=b"),
            ("é", "CN=é"),
        ] {
            let subject = [part(&[(CN, 0x0c, value.as_bytes())])];
            assert_eq!(of_subject(&certificate(&subject)).unwrap(), expected);
        }
    }

    #[test]
    fn types_and_strings_without_a_name_are_in_numbers() {
        let mail = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
        let subject = [part(&[(&mail, 0x16, b"a@b")])];
        let expected = "1.2.840.113549.1.9.1=#1603614062";
        assert_eq!(of_subject(&certificate(&subject)).unwrap(), expected);
        for (tag, value, expected) in [
            (0x1e, &b"\x00a\x00b"[..], "CN=ab"),
            (0x14, b"\xe9", "CN=é"),
            (0x04, b"\x01", "CN=#040101"),
            (0x0c, b"\xff", "CN=#0c01ff"),
        ] {
            let subject = [part(&[(CN, tag, value)])];
            assert_eq!(of_subject(&certificate(&subject)).unwrap(), expected);
        }
    }

    #[test]
    fn whatever_else_it_is_it_has_no_name() {
        let whole = certificate(&[part(&[(CN, 0x0c, b"client")])]);
        for end in 0..whole.len() {
            assert_eq!(of_subject(&whole[..end]), None);
        }
        for at in 0..whole.len() {
            for byte in 0..=u8::MAX {
                let mut changed = whole.clone();
                changed[at] = byte;
                // It may still have one; it must not fail otherwise.
                let _ = of_subject(&changed);
            }
        }
    }
}
