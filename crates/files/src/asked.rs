//! What a request says that bears on a file.

use std::borrow::Cow;

/// The method and the headers of a request that decide how a file is answered.
#[derive(Clone, Debug, Default)]
pub struct Asked<'h> {
    pub(crate) is_get: bool,
    pub(crate) if_match: Field<'h>,
    pub(crate) if_none_match: Field<'h>,
    pub(crate) if_modified_since: Field<'h>,
    pub(crate) if_unmodified_since: Field<'h>,
    pub(crate) if_range: Field<'h>,
    pub(crate) range: Field<'h>,
    pub(crate) accept_encoding: Field<'h>,
}

/// A header's value; several lines of it are one list (RFC 9110 section 5.3).
type Field<'h> = Option<Cow<'h, [u8]>>;

impl<'h> Asked<'h> {
    /// Reads a request's method and headers, whose names are in lower case.
    #[must_use]
    pub fn new(method: &str, headers: impl IntoIterator<Item = (&'h [u8], &'h [u8])>) -> Self {
        let mut asked = Self {
            is_get: method == "GET",
            ..Self::default()
        };
        for (name, value) in headers {
            let field = match name {
                b"if-match" => &mut asked.if_match,
                b"if-none-match" => &mut asked.if_none_match,
                b"if-modified-since" => &mut asked.if_modified_since,
                b"if-unmodified-since" => &mut asked.if_unmodified_since,
                b"if-range" => &mut asked.if_range,
                b"range" => &mut asked.range,
                b"accept-encoding" => &mut asked.accept_encoding,
                _ => continue,
            };
            match field {
                None => *field = Some(Cow::Borrowed(value)),
                Some(known) => {
                    let known = known.to_mut();
                    known.extend_from_slice(b", ");
                    known.extend_from_slice(value);
                }
            }
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_name_are_a_list() {
        let headers = [("if-match", "\"a\""), ("host", "x"), ("if-match", "\"b\"")];
        let headers = headers.map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let asked = Asked::new("HEAD", headers);
        assert_eq!(asked.if_match.as_deref(), Some(&b"\"a\", \"b\""[..]));
        assert!(!asked.is_get && asked.range.is_none());
    }
}
