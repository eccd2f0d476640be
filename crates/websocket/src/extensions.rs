//! Negotiating permessage-deflate (RFC 6455 section 9.1 and RFC 7692 section 7.1).

use std::fmt::Write;

/// The largest window, which is what no parameter at all stands for.
const LARGEST: u8 = 15;
/// The smallest that zlib deflates with; an offer that asks for 8 is declined.
const SMALLEST: u8 = 9;
/// The windows we ask for and use: 4 KiB a direction instead of 32, as messages are short and
/// connections many.
const PREFERRED: u8 = 12;

/// What both sides agreed on for compressed messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    pub(crate) server_takes_over: bool,
    pub(crate) client_takes_over: bool,
    pub(crate) server_window_bits: u8,
    pub(crate) client_window_bits: u8,
    says_client_bits: bool,
}

impl Agreement {
    /// The first of a client's offers that can be accepted. `offers` are the values of its
    /// `Sec-WebSocket-Extensions` headers; unknown extensions and malformed values are passed over.
    #[must_use]
    pub fn find<'a>(offers: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        offers.into_iter().find_map(|value| {
            elements(value, b',')
                .into_iter()
                .find_map(|offer| Self::accept(offer.trim()))
        })
    }

    /// The value of the answer's `Sec-WebSocket-Extensions`.
    #[must_use]
    pub fn header(&self) -> String {
        let mut value = String::from("permessage-deflate");
        if !self.server_takes_over {
            value.push_str("; server_no_context_takeover");
        }
        if !self.client_takes_over {
            value.push_str("; client_no_context_takeover");
        }
        // Writing to a string cannot fail.
        let _ = write!(
            value,
            "; server_max_window_bits={}",
            self.server_window_bits
        );
        if self.says_client_bits {
            let _ = write!(
                value,
                "; client_max_window_bits={}",
                self.client_window_bits
            );
        }
        value
    }

    /// The answer to one offer, `None` if a parameter of it is unknown, malformed or repeated.
    fn accept(offer: &str) -> Option<Self> {
        let mut parameters = elements(offer, b';').into_iter();
        if !parameters
            .next()?
            .trim()
            .eq_ignore_ascii_case("permessage-deflate")
        {
            return None;
        }
        let mut agreement = Self {
            server_takes_over: true,
            client_takes_over: true,
            server_window_bits: PREFERRED,
            client_window_bits: LARGEST,
            says_client_bits: false,
        };
        let mut seen = Vec::new();
        for parameter in parameters {
            let (name, value) = match parameter.split_once('=') {
                Some((name, value)) => (name.trim(), Some(unquote(value.trim())?)),
                None => (parameter.trim(), None),
            };
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
            agreement.apply(name, value)?;
        }
        Some(agreement)
    }

    fn apply(&mut self, name: &str, value: Option<&str>) -> Option<()> {
        match (name, value) {
            ("server_no_context_takeover", None) => self.server_takes_over = false,
            ("client_no_context_takeover", None) => self.client_takes_over = false,
            ("server_max_window_bits", Some(bits)) => {
                self.server_window_bits = window_bits(bits)?.min(PREFERRED);
                if self.server_window_bits < SMALLEST {
                    return None;
                }
            }
            ("client_max_window_bits", bits) => {
                let most = bits.map_or(Some(LARGEST), window_bits)?;
                // A client that keeps to less than our smallest need not be asked for it.
                self.says_client_bits = most >= SMALLEST;
                if self.says_client_bits {
                    self.client_window_bits = most.min(PREFERRED);
                }
            }
            _ => return None,
        }
        Some(())
    }
}

/// 8 to 15, in decimal without a leading zero.
fn window_bits(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [digit @ b'8'..=b'9'] => Some(digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Some(digit - b'0' + 10),
        _ => None,
    }
}

/// A parameter's value without the quotes that it may have; one that needs them is none of ours.
fn unquote(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"'),
        None => Some(value),
    }
}

/// The parts between separators that do not stand in a quoted string.
fn elements(text: &str, separator: u8) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            byte if byte == separator && !quoted => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use super::Agreement;

    fn answer(offer: &str) -> Option<String> {
        Agreement::find([offer]).map(|agreement| agreement.header())
    }

    #[test]
    fn the_first_offer_that_fits_is_taken() {
        let plain = "permessage-deflate; server_max_window_bits=12";
        for offer in [
            "permessage-deflate",
            " PerMessage-Deflate ",
            "x-webkit-deflate-frame, permessage-deflate",
            "permessage-deflate; unknown, permessage-deflate",
            "permessage-deflate; server_max_window_bits=8, permessage-deflate",
            "foo; bar=\"a, permessage-deflate; x\", permessage-deflate",
            "permessage-deflate; server_max_window_bits=\"15\"",
        ] {
            assert_eq!(answer(offer).as_deref(), Some(plain), "{offer}");
        }
    }

    #[test]
    fn what_the_client_asks_for_is_promised() {
        for (offer, expected) in [
            (
                "permessage-deflate; client_max_window_bits",
                "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
            ),
            (
                "permessage-deflate; client_max_window_bits=10; server_max_window_bits=9",
                "permessage-deflate; server_max_window_bits=9; client_max_window_bits=10",
            ),
            (
                "permessage-deflate; client_max_window_bits=8",
                "permessage-deflate; server_max_window_bits=12",
            ),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
                 server_max_window_bits=12",
            ),
        ] {
            assert_eq!(answer(offer).as_deref(), Some(expected), "{offer}");
        }
    }

    #[test]
    fn what_cannot_be_promised_is_declined() {
        for offer in [
            "",
            ",",
            "permessage-deflat",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=09",
            "permessage-deflate; server_max_window_bits=+9",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; server_max_window_bits=\"10",
            "permessage-deflate;",
        ] {
            assert_eq!(answer(offer), None, "{offer}");
        }
    }
}
