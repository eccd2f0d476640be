//! What may stand after the size of a chunk (RFC 9112 section 7.1.1).

use super::error::Fault;
use crate::scan;

/// Where in its extensions a line with a size is. Nothing of them is kept: no reader knows any.
///
/// The grammar is held to, because whoever reads past it finds another end of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extension {
    /// Right after the size; the line may end.
    Size,
    /// In blanks after the size, which only an extension may follow.
    Gap,
    /// After a semicolon, before the name.
    BeforeName,
    Name,
    /// In blanks after a name.
    AfterName,
    /// After an equals sign.
    BeforeValue,
    Value,
    Quoted,
    /// After a backslash in quotes.
    Escaped,
    /// Right after the closing quote.
    Closed,
    /// In blanks after a value.
    AfterValue,
}

impl Extension {
    /// Whether the line may end here.
    pub(crate) fn may_end(self) -> bool {
        matches!(self, Self::Size | Self::Name | Self::Value | Self::Closed)
    }

    /// What is wrong with a line that goes on, or ends, as none can from here.
    pub(crate) fn fault(self) -> Fault {
        match self {
            Self::Size | Self::Gap => Fault::ChunkSize,
            _ => Fault::ChunkExtension,
        }
    }

    /// Where `byte` leads, which is not the line's end.
    pub(crate) fn after(self, byte: u8) -> Result<Self, Fault> {
        let blank = matches!(byte, b' ' | b'\t');
        let may_begin =
            self.may_end() || matches!(self, Self::Gap | Self::AfterName | Self::AfterValue);
        Ok(match (self, byte) {
            (_, b';') if may_begin => Self::BeforeName,
            (Self::Size | Self::Gap, _) if blank => Self::Gap,
            (Self::Name | Self::AfterName, _) if blank => Self::AfterName,
            (Self::Name | Self::AfterName, b'=') => Self::BeforeValue,
            (Self::Value | Self::Closed | Self::AfterValue, _) if blank => Self::AfterValue,
            (Self::BeforeName | Self::BeforeValue, _) if blank => self,
            (Self::BeforeName | Self::Name, _) if scan::is_token(&[byte]) => Self::Name,
            (Self::BeforeValue | Self::Value, _) if scan::is_token(&[byte]) => Self::Value,
            (Self::BeforeValue, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Closed,
            (Self::Quoted, b'\\') => Self::Escaped,
            (Self::Quoted | Self::Escaped, _) if blank || !byte.is_ascii_control() => Self::Quoted,
            _ => return Err(self.fault()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Extension;

    /// Whether a line may consist of a size and `text`.
    fn is_whole(text: &[u8]) -> bool {
        text.iter()
            .try_fold(Extension::Size, |place, byte| place.after(*byte))
            .is_ok_and(Extension::may_end)
    }

    #[test]
    fn extensions_are_names_with_and_without_values() {
        for good in [
            &b""[..],
            b";a",
            b"  ;\ta",
            b";a;b",
            b";a ;b",
            b";a=b",
            b"; a = b ; c",
            b";a=\"\"",
            b";a=\"; \\\" \\\\ \t\xe9\";b",
        ] {
            assert!(is_whole(good), "{}", good.escape_ascii());
        }
        for bad in [
            &b" "[..],
            b"a",
            b";",
            b";;a",
            b";a;",
            b";=b",
            b";a=",
            b";a==b",
            b";a ",
            b";a=b ",
            b";a b",
            b";a=b c",
            b";a=\"b",
            b";a=\"b\\",
            b";a=\"b\"c",
            b";a=\"\x00\"",
            b";a=\"\\\x7f\"",
            b";a\x00",
            b";\xe9",
            b";a,b",
        ] {
            assert!(!is_whole(bad), "{}", bad.escape_ascii());
        }
    }
}
