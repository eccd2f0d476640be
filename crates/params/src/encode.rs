//! Names and values as `application/x-www-form-urlencoded`.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends a name or a value to a query: a space is `+`, all but letters, digits and `_.-~` is escaped.
///
/// This is `urllib.parse.quote_plus`.
///
/// ```
/// let mut query = String::new();
/// params::encode_form("caf\u{e9} & more", &mut query);
/// assert_eq!(query, "caf%C3%A9+%26+more");
/// ```
pub fn encode_form(text: &str, query: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' | b'~' => {
                query.push(char::from(byte));
            }
            b' ' => query.push('+'),
            _ => {
                query.push('%');
                query.push(digit(byte >> 4));
                query.push(digit(byte & 0xf));
            }
        }
    }
}

fn digit(value: u8) -> char {
    HEX.get(usize::from(value)).copied().map_or('0', char::from)
}
