//! What a client can do wrong, as data.

use std::fmt;

/// Bytes that end a connection: the code to close it with, and what is wrong as [`Display`].
///
/// The text is fixed: it never contains bytes of the client. After this error nothing that arrives
/// can be understood any more.
///
/// [`Display`]: fmt::Display
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    code: u16,
    message: &'static str,
}

impl Violation {
    pub(crate) const fn protocol(message: &'static str) -> Self {
        Self {
            code: 1002,
            message,
        }
    }

    pub(crate) const NOT_UTF8: Self = Self {
        code: 1007,
        message: "text is not UTF-8",
    };

    pub(crate) const NOT_DEFLATED: Self = Self {
        code: 1007,
        message: "compressed message cannot be inflated",
    };

    pub(crate) const TOO_BIG: Self = Self {
        code: 1009,
        message: "message too big",
    };

    /// The code of the close frame to answer with (RFC 6455 section 7.4.1): 1002, 1007 or 1009.
    #[must_use]
    pub const fn code(self) -> u16 {
        self.code
    }

    /// What is wrong, in a few words.
    #[must_use]
    pub const fn message(self) -> &'static str {
        self.message
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.message)
    }
}

impl std::error::Error for Violation {}
