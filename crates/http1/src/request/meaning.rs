//! The header fields that say where a message ends and what becomes of the connection.

use super::error::{BadRequest, Fault};
use super::host;
use super::line::Version;
use crate::scan;

/// How the end of a body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// So many bytes follow the head.
    Length(u64),
    /// Chunks follow the head, the last one empty.
    Chunked,
}

/// What the fields seen so far say.
#[derive(Debug, Default)]
pub(crate) struct Meaning {
    /// The index of the Host field.
    pub(crate) host: Option<usize>,
    content_length: Option<u64>,
    coding: Coding,
    connection: Connection,
    upgrade: bool,
    expects_continue: bool,
}

/// What the Transfer-Encoding fields say, read as one list.
#[derive(Debug, Default)]
struct Coding {
    count: u32,
    chunked: u32,
    chunked_is_last: bool,
    malformed: bool,
}

#[derive(Debug, Default)]
struct Connection {
    close: bool,
    keep_alive: bool,
    upgrade: bool,
}

/// The outcome for a whole head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) framing: Framing,
    pub(crate) keep_alive: bool,
    pub(crate) expects_continue: bool,
    pub(crate) is_upgrade: bool,
}

impl Meaning {
    /// Takes note of the field at `index`, whose name is in lower case.
    #[inline]
    pub(crate) fn note(
        &mut self,
        index: usize,
        name: &[u8],
        value: &[u8],
    ) -> Result<(), BadRequest> {
        match name {
            b"host" => self.note_host(index, value),
            b"content-length" => self.note_length(value),
            b"transfer-encoding" => {
                self.coding.note(value);
                Ok(())
            }
            b"connection" => {
                self.connection.note(value);
                Ok(())
            }
            b"upgrade" => {
                self.upgrade |= !value.is_empty();
                Ok(())
            }
            b"expect" => self.note_expectation(value),
            _ => Ok(()),
        }
    }

    fn note_host(&mut self, index: usize, value: &[u8]) -> Result<(), BadRequest> {
        if self.host.replace(index).is_some() {
            return Err(Fault::HostRepeated.into());
        }
        // Empty is what a client sends whose target has no authority.
        if value.is_empty() || host::is_authority(value) {
            Ok(())
        } else {
            Err(Fault::HostSyntax.into())
        }
    }

    fn note_length(&mut self, value: &[u8]) -> Result<(), BadRequest> {
        let length = digits(value).ok_or(Fault::LengthSyntax)?;
        if self.content_length.replace(length).is_some() {
            return Err(Fault::LengthRepeated.into());
        }
        Ok(())
    }

    fn note_expectation(&mut self, value: &[u8]) -> Result<(), BadRequest> {
        for expectation in scan::list(value).filter(|element| !element.is_empty()) {
            if !expectation.eq_ignore_ascii_case(b"100-continue") {
                return Err(Fault::Expectation.into());
            }
            self.expects_continue = true;
        }
        Ok(())
    }

    /// Weighs the fields of a complete head against each other.
    pub(crate) fn conclude(
        &self,
        version: Version,
        method: &[u8],
        body_limit: u64,
    ) -> Result<Verdict, BadRequest> {
        let http11 = version == Version::Http11;
        if http11 && self.host.is_none() {
            return Err(Fault::HostMissing.into());
        }
        let framing = self.framing(http11)?;
        if matches!(framing, Framing::Length(length) if length > body_limit) {
            return Err(Fault::BodyTooLarge.into());
        }
        let has_body = !matches!(framing, Framing::None | Framing::Length(0));
        Ok(Verdict {
            framing,
            // After CONNECT the client may speak another protocol whatever it is answered.
            keep_alive: (http11 || self.connection.keep_alive)
                && !self.connection.close
                && method != b"CONNECT",
            expects_continue: http11 && has_body && self.expects_continue,
            is_upgrade: http11 && !has_body && self.upgrade && self.connection.upgrade,
        })
    }

    /// The same for a head of a protocol that frames the body itself.
    pub(crate) fn conclude_framed(
        &self,
        version: Version,
        framing: Framing,
        body_limit: u64,
    ) -> Result<Verdict, BadRequest> {
        if self
            .content_length
            .is_some_and(|length| length > body_limit)
        {
            return Err(Fault::BodyTooLarge.into());
        }
        let has_body = !matches!(framing, Framing::None | Framing::Length(0));
        Ok(Verdict {
            framing,
            keep_alive: true,
            expects_continue: version > Version::Http10 && has_body && self.expects_continue,
            is_upgrade: false,
        })
    }

    pub(crate) fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    fn framing(&self, http11: bool) -> Result<Framing, BadRequest> {
        if self.coding.count == 0 {
            return Ok(self.content_length.map_or(Framing::None, Framing::Length));
        }
        if !http11 {
            return Err(Fault::CodingOnHttp10.into());
        }
        if self.content_length.is_some() {
            return Err(Fault::LengthAndCoding.into());
        }
        self.coding.framing()
    }
}

impl Coding {
    fn note(&mut self, value: &[u8]) {
        for coding in scan::list(value) {
            self.count += 1;
            self.chunked_is_last = coding.eq_ignore_ascii_case(b"chunked");
            self.chunked += u32::from(self.chunked_is_last);
            self.malformed |= !scan::is_token(coding);
        }
    }

    fn framing(&self) -> Result<Framing, BadRequest> {
        if self.malformed || self.chunked != 1 || !self.chunked_is_last {
            // Without a final `chunked` nobody can tell where the body ends: RFC 9112 demands 400.
            Err(Fault::CodingList.into())
        } else if self.count > 1 {
            Err(Fault::CodingUnknown.into())
        } else {
            Ok(Framing::Chunked)
        }
    }
}

impl Connection {
    fn note(&mut self, value: &[u8]) {
        for option in scan::list(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            self.upgrade |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }
}

/// A number of decimal digits and nothing else, if it fits.
fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0u64, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}
