//! The header lines of a part.

use memchr::{memchr, memchr3};

use crate::options::{disposition, trim};
use crate::{Limits, Violation};

/// What a part says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The name of the field.
    pub name: Vec<u8>,
    /// The name of the file, if it is one.
    pub filename: Option<Vec<u8>>,
    /// All header lines in order, names in lower case.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Reads header lines, of which a piece may hold a part only.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// The beginning of a line whose end has not come.
    partial: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Head {
    /// Takes lines from the front of `input`; the part, if the empty line that ends them was there.
    pub(super) fn read(
        &mut self,
        input: &mut &[u8],
        limits: &Limits,
    ) -> Result<Option<Part>, Violation> {
        loop {
            // A line that fits ends within so many bytes.
            let longest = limits.header_size + 2 - self.partial.len();
            let near = input.get(..longest).unwrap_or(input);
            let Some(end) = memchr(b'\n', near) else {
                let held = self.partial.len() + near.len();
                if held > limits.header_size + 1 {
                    return Err(Violation::HeaderTooLarge(limits.header_size));
                }
                self.partial.extend_from_slice(near);
                *input = b"";
                return Ok(None);
            };
            let (line, rest) = near.split_at(end);
            *input = input.get(line.len() + 1..).unwrap_or(rest);
            let ended = if self.partial.is_empty() {
                self.take(line, limits)?
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(line);
                let ended = self.take(&whole, limits)?;
                whole.clear();
                self.partial = whole;
                ended
            };
            if ended {
                return self.part().map(Some);
            }
        }
    }

    /// Takes a line without its line feed; whether it is the empty one.
    fn take(&mut self, line: &[u8], limits: &Limits) -> Result<bool, Violation> {
        let [line @ .., b'\r'] = line else {
            return Err(Violation::BadHeaderValue);
        };
        if line.is_empty() {
            return Ok(true);
        }
        if line.len() > limits.header_size {
            return Err(Violation::HeaderTooLarge(limits.header_size));
        }
        if self.headers.len() >= limits.headers {
            return Err(Violation::TooManyHeaders(limits.headers));
        }
        let colon = memchr(b':', line).ok_or(Violation::BadHeaderName)?;
        let (name, value) = line.split_at(colon);
        if name.is_empty() || !name.iter().copied().all(is_token) {
            return Err(Violation::BadHeaderName);
        }
        let value = trim(value.get(1..).unwrap_or_default());
        if memchr3(b'\r', b'\n', b'\0', value).is_some() {
            return Err(Violation::BadHeaderValue);
        }
        let header = (name.to_ascii_lowercase(), value.to_vec());
        self.headers.push(header);
        Ok(false)
    }

    fn part(&mut self) -> Result<Part, Violation> {
        let headers = std::mem::take(&mut self.headers);
        let (name, filename) = headers
            .iter()
            .rfind(|(name, _)| name == b"content-disposition")
            .map(|(_, value)| disposition(value))
            .unwrap_or_default();
        let name = name.ok_or(Violation::NoName)?;
        Ok(Part {
            name,
            filename,
            headers,
        })
    }
}

/// RFC 9110 section 5.6.2.
const fn is_token(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9')
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}
