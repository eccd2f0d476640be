//! Messages to bytes.

use crate::close::{self, is_sendable};
use crate::deflate::Deflater;
use crate::extensions::Agreement;
use crate::frame::{Opcode, write_head};

/// Messages shorter than this, in bytes, are sent as they are: deflating them saves nothing.
const WORTH_DEFLATING: usize = 64;

/// Encodes what a server sends on one connection. Each message is one frame.
#[derive(Debug)]
pub struct Encoder {
    deflater: Option<Deflater>,
}

impl Encoder {
    /// An encoder for a new connection, that compresses if that was agreed on.
    #[must_use]
    pub fn new(agreement: Option<Agreement>) -> Self {
        Self {
            deflater: agreement.map(Deflater::new),
        }
    }

    /// Appends a text message.
    pub fn text(&mut self, out: &mut Vec<u8>, text: &str) {
        self.message(out, Opcode::Text, text.as_bytes());
    }

    /// Appends a binary message.
    pub fn binary(&mut self, out: &mut Vec<u8>, payload: &[u8]) {
        self.message(out, Opcode::Binary, payload);
    }

    /// Appends a ping; of a longer payload than 125 bytes, the beginning.
    pub fn ping(&self, out: &mut Vec<u8>, payload: &[u8]) {
        control(out, Opcode::Ping, payload);
    }

    /// Appends the answer to a ping, which has the same payload.
    pub fn pong(&self, out: &mut Vec<u8>, payload: &[u8]) {
        control(out, Opcode::Pong, payload);
    }

    /// Appends a close frame, with as much of the reason as fits. A code that may not be sent, as
    /// 1005 (none given), gives a frame without one.
    pub fn close(&self, out: &mut Vec<u8>, code: u16, reason: &str) {
        if !is_sendable(code) {
            return control(out, Opcode::Close, &[]);
        }
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend_from_slice(close::fit(reason).as_bytes());
        control(out, Opcode::Close, &payload);
    }

    fn message(&mut self, out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
        if payload.len() >= WORTH_DEFLATING
            && let Some(deflater) = &mut self.deflater
            && let Some(deflated) = deflater.deflate(payload)
        {
            write_head(out, opcode, true, deflated.len());
            out.extend_from_slice(deflated);
            deflater.shrink();
            return;
        }
        write_head(out, opcode, false, payload.len());
        out.extend_from_slice(payload);
    }
}

fn control(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let payload = payload.get(..125).unwrap_or(payload);
    write_head(out, opcode, false, payload.len());
    out.extend_from_slice(payload);
}
