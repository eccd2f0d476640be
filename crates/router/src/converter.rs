//! What a parameter may consist of.

/// The kind of a parameter: `{x}` and `{x:str}`, `{x:int}`, `{x:float}`, `{x:uuid}`, `{x:path}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Converter {
    /// Anything up to the next `/`, not empty.
    Str,
    /// ASCII digits.
    Int,
    /// ASCII digits, and a dot and more digits if there are any.
    Float,
    /// Thirty-two hexadecimal digits, hyphens in the usual places or not.
    Uuid,
    /// Anything up to a line feed, slashes and nothing at all included.
    Path,
}

impl Converter {
    /// The converter that a template names.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "str" => Self::Str,
            "int" => Self::Int,
            "float" => Self::Float,
            "uuid" => Self::Uuid,
            "path" => Self::Path,
            _ => return None,
        })
    }

    /// Length of the longest value at the front of `text`.
    pub(crate) fn longest(self, text: &str) -> Option<usize> {
        let bytes = text.as_bytes();
        match self {
            Self::Str => some_while(bytes, |byte| byte != b'/'),
            Self::Int => digits(bytes),
            Self::Float => longest_float(bytes),
            Self::Uuid => uuid(bytes),
            Self::Path => Some(
                bytes
                    .iter()
                    .position(|&b| b == b'\n')
                    .unwrap_or(bytes.len()),
            ),
        }
    }

    /// Length of the next shorter value than `length`, which is the length of one.
    pub(crate) fn shorter(self, text: &str, length: usize) -> Option<usize> {
        let length = length.checked_sub(1)?;
        match self {
            Self::Str => floor_char_boundary(text, length).filter(|length| *length > 0),
            Self::Path => floor_char_boundary(text, length),
            Self::Int => (length > 0).then_some(length),
            Self::Float => shorter_float(text.as_bytes(), length),
            Self::Uuid => None,
        }
    }

    /// Whether any shorter stretch of a value, from any place in it, is a value too.
    pub(crate) fn has_values_of_any_length(self) -> bool {
        matches!(self, Self::Str | Self::Int | Self::Path)
    }

    /// Whether a value may be followed by a byte that it could also contain, so that shorter values
    /// than the longest have to be tried.
    pub(crate) fn is_ambiguous_before(self, byte: u8) -> bool {
        match self {
            Self::Str => byte != b'/',
            Self::Int => byte.is_ascii_digit(),
            Self::Float => byte.is_ascii_digit() || byte == b'.',
            Self::Uuid => false,
            Self::Path => true,
        }
    }
}

fn some_while(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> Option<usize> {
    let length = bytes
        .iter()
        .position(|&byte| !belongs(byte))
        .unwrap_or(bytes.len());
    (length > 0).then_some(length)
}

fn digits(bytes: &[u8]) -> Option<usize> {
    some_while(bytes, |byte| byte.is_ascii_digit())
}

fn longest_float(bytes: &[u8]) -> Option<usize> {
    let whole = digits(bytes)?;
    match bytes.get(whole..) {
        Some([b'.', fraction @ ..]) => Some(whole + digits(fraction).map_or(0, |n| n + 1)),
        _ => Some(whole),
    }
}

/// `length` bytes, or one fewer where those would end with the dot.
fn shorter_float(bytes: &[u8], length: usize) -> Option<usize> {
    let ends_with_dot = bytes
        .get(..length)
        .is_some_and(|value| value.ends_with(b"."));
    Some(length - usize::from(ends_with_dot)).filter(|length| *length > 0)
}

fn uuid(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    for (index, group) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if index > 0 && bytes.get(length) == Some(&b'-') {
            length += 1;
        }
        let digits = bytes.get(length..length + group)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        length += group;
    }
    Some(length)
}

/// The nearest position at or before `length` where a character begins.
fn floor_char_boundary(text: &str, length: usize) -> Option<usize> {
    (0..=length)
        .rev()
        .find(|length| text.is_char_boundary(*length))
}
