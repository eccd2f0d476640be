//! One connection's TLS: plain bytes on one side, records on the other.

use std::io::{self, Read, Write};
use std::sync::Arc;

use bytes::BytesMut;
use rustls::{ServerConfig, ServerConnection};

/// How much is sealed ahead of the kernel, in bytes.
const AHEAD: usize = 64 * 1024;

/// The state of TLS on one connection.
pub(in super::super) struct Seal {
    session: ServerConnection,
    /// Plain bytes that were not sealed yet, from `sealed` on.
    plain: Vec<u8>,
    sealed: usize,
}

impl Seal {
    pub(in super::super) fn new(config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut session = ServerConnection::new(config).map_err(io::Error::other)?;
        // What may wait is counted here.
        session.set_buffer_limit(None);
        Ok(Self {
            session,
            plain: Vec::new(),
            sealed: 0,
        })
    }

    /// The end of what is to be sealed, to append to.
    pub(in super::super) fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.plain
    }

    /// How many plain bytes wait.
    pub(in super::super) fn len(&self) -> usize {
        self.plain.len() - self.sealed
    }

    /// Whether there is anything to send, be it of TLS's own.
    pub(in super::super) fn has_output(&self) -> bool {
        self.len() > 0 || self.session.wants_write()
    }

    /// Appends records to `records`, as far as those do not grow too long.
    pub(in super::super) fn seal(&mut self, records: &mut Vec<u8>) -> io::Result<()> {
        // Before the handshake is over nothing of the plain bytes may leave; rustls keeps them.
        while self.len() > 0 && records.len() < AHEAD && !self.session.is_handshaking() {
            let piece = self.plain.get(self.sealed..).unwrap_or_default();
            let piece = piece.get(..AHEAD).unwrap_or(piece);
            self.sealed += self.session.writer().write(piece)?;
            self.drain(records)?;
        }
        if self.len() == 0 {
            self.plain.clear();
            self.plain.shrink_to(AHEAD);
            self.sealed = 0;
        }
        self.drain(records)
    }

    fn drain(&mut self, records: &mut Vec<u8>) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(records)?;
        }
        Ok(())
    }

    /// Opens what arrived and appends the plain bytes to `input`. Says whether the client has ended
    /// its side.
    ///
    /// # Errors
    ///
    /// When it breaks TLS; an alert that says so is then to be sealed.
    pub(in super::super) fn open(
        &mut self,
        mut records: &[u8],
        input: &mut BytesMut,
    ) -> io::Result<bool> {
        let mut ended = false;
        while !records.is_empty() && !ended {
            self.session.read_tls(&mut records)?;
            let state = self
                .session
                .process_new_packets()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            let (before, count) = (input.len(), state.plaintext_bytes_to_read());
            if count > 0 {
                input.resize(before + count, 0);
                let room = input.get_mut(before..).unwrap_or_default();
                self.session.reader().read_exact(room)?;
            }
            ended = state.peer_has_closed();
        }
        Ok(ended)
    }

    /// Says that nothing follows.
    pub(in super::super) fn end(&mut self) {
        self.session.send_close_notify();
    }

    /// The name of the protocol that was agreed on, if any was (RFC 7301).
    pub(in super::super) fn protocol(&self) -> Option<&[u8]> {
        self.session.alpn_protocol()
    }

    pub(super) fn session(&self) -> &ServerConnection {
        &self.session
    }
}
