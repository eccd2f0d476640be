//! Content codings that a file may lie beside itself in (RFC 9110 section 12.5.3).

/// A coding, by the extension of the file that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `.br`
    Brotli,
    /// `.zst`
    Zstandard,
    /// `.gz`
    Gzip,
}

impl Coding {
    /// All of them, the tightest first, which wins where a client has no preference.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstandard, Self::Gzip];

    /// What is appended to a file's name for its variant.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Zstandard => ".zst",
            Self::Gzip => ".gz",
        }
    }

    /// The name in `Content-Encoding`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
            Self::Gzip => "gzip",
        }
    }

    pub(crate) fn etag_suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Zstandard => "-zstd",
            Self::Gzip => "-gzip",
        }
    }

    fn index(self) -> usize {
        match self {
            Self::Brotli => 0,
            Self::Zstandard => 1,
            Self::Gzip => 2,
        }
    }
}

/// The codings that an `Accept-Encoding` prefers to the file as it is, the best first.
pub(crate) fn preferred(accept: Option<&[u8]>) -> impl Iterator<Item = Coding> {
    let weights = accept.map(Weights::read).unwrap_or_default();
    let mut codings = Coding::ALL.map(|coding| (weights.of(coding), coding));
    // Stable, so that what weighs the same stays in our order.
    codings.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    let identity = weights.identity();
    codings
        .into_iter()
        .filter(move |(weight, _)| *weight > 0 && *weight >= identity)
        .map(|(_, coding)| coding)
}

/// The weights of an `Accept-Encoding`, in thousandths.
#[derive(Clone, Copy, Debug, Default)]
struct Weights {
    named: [Option<u16>; 3],
    identity: Option<u16>,
    any: Option<u16>,
}

impl Weights {
    fn read(list: &[u8]) -> Self {
        let mut weights = Self::default();
        for item in list.split(|byte| *byte == b',') {
            let mut parts = item.split(|byte| *byte == b';');
            let name = parts.next().unwrap_or_default().trim_ascii();
            let Some(weight) = weight(parts) else {
                continue;
            };
            let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
            if let Some(coding) = Coding::ALL.into_iter().find(|coding| is(coding.name())) {
                if let Some(place) = weights.named.get_mut(coding.index()) {
                    *place = Some(weight);
                }
            } else if is("x-gzip") {
                weights.named[2] = weights.named[2].or(Some(weight));
            } else if is("identity") {
                weights.identity = Some(weight);
            } else if name == b"*" {
                weights.any = Some(weight);
            }
        }
        weights
    }

    fn of(&self, coding: Coding) -> u16 {
        let named = self.named.get(coding.index()).copied().flatten();
        named.or(self.any).unwrap_or(0)
    }

    /// A file as it is is always acceptable, and the least of what is, unless its weight is said.
    fn identity(&self) -> u16 {
        self.identity.unwrap_or(0)
    }
}

/// The weight among a coding's parameters, 1000 without one; `None` if it is broken.
fn weight<'p>(parameters: impl Iterator<Item = &'p [u8]>) -> Option<u16> {
    for parameter in parameters {
        let parameter = parameter.trim_ascii();
        if let [b'q' | b'Q', b'=', value @ ..] = parameter {
            return thousandths(value);
        }
    }
    Some(1000)
}

/// `0`, `0.5`, `1.000`: a digit and at most three more (RFC 9110 section 12.4.2).
fn thousandths(value: &[u8]) -> Option<u16> {
    let (whole, digits) = match value {
        [whole] | [whole, b'.'] => (whole, &[][..]),
        [whole, b'.', digits @ ..] if digits.len() <= 3 => (whole, digits),
        _ => return None,
    };
    let mut sum = match whole {
        b'0' => 0,
        b'1' => 1000,
        _ => return None,
    };
    let mut place = 100;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        sum += u16::from(digit - b'0') * place;
        place /= 10;
    }
    (sum <= 1000).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(accept: &str) -> Vec<&'static str> {
        preferred(Some(accept.as_bytes()))
            .map(Coding::name)
            .collect()
    }

    #[test]
    fn weights_decide_and_then_our_order() {
        for (accept, expected) in [
            ("gzip, deflate, br, zstd", &["br", "zstd", "gzip"][..]),
            ("gzip", &["gzip"]),
            ("x-gzip", &["gzip"]),
            ("GZIP;Q=0.5, br;q=0.1", &["gzip", "br"]),
            ("br;q=0, gzip", &["gzip"]),
            ("*", &["br", "zstd", "gzip"]),
            ("*;q=0.5, gzip", &["gzip", "br", "zstd"]),
            ("*;q=0", &[]),
            ("identity", &[]),
            ("identity;q=0.5, gzip;q=0.4", &[]),
            ("identity;q=0.5, gzip;q=0.5", &["gzip"]),
            ("gzip;q=1.001", &[]),
            ("gzip;q=2", &[]),
            ("gzip;q=0.0000", &[]),
            ("gzip;q=a, br", &["br"]),
            ("br ; q=0.001", &["br"]),
            ("", &[]),
            (",;,", &[]),
        ] {
            assert_eq!(names(accept), expected, "{accept}");
        }
        assert_eq!(preferred(None).count(), 0);
    }
}
