//! Datagrams that wait for the socket to take them.

use std::collections::VecDeque;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::address::Destination;
use crate::eventloop::flow::{Backlog, Marks};

/// What a datagram counts beside its bytes, so that empty ones count too; asyncio's figure.
const HEADER: usize = 8;

/// A datagram and where it goes.
pub(super) struct Letter {
    pub(super) data: Py<PyBytes>,
    pub(super) to: Destination,
}

impl Letter {
    fn size(&self, py: Python<'_>) -> usize {
        self.data.as_bytes(py).len() + HEADER
    }
}

/// Letters in order, and whether the protocol was told to wait.
#[derive(Default)]
pub(in crate::eventloop) struct Outbox {
    letters: VecDeque<Letter>,
    size: usize,
    marks: Marks,
}

impl Outbox {
    pub(super) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    pub(super) fn push(&mut self, py: Python<'_>, letter: Letter) {
        self.size += letter.size(py);
        self.letters.push_back(letter);
    }

    /// Takes out the first.
    pub(super) fn pop(&mut self, py: Python<'_>) -> Option<Letter> {
        let letter = self.letters.pop_front()?;
        self.size -= letter.size(py);
        Some(letter)
    }

    /// Puts the first back.
    pub(super) fn put_back(&mut self, py: Python<'_>, letter: Letter) {
        self.size += letter.size(py);
        self.letters.push_front(letter);
    }

    /// Takes everything out.
    pub(super) fn clear(&mut self) -> VecDeque<Letter> {
        self.size = 0;
        std::mem::take(&mut self.letters)
    }
}

impl Backlog for Outbox {
    /// The datagrams' headers included.
    fn size(&self) -> usize {
        self.size
    }

    fn marks(&mut self) -> &mut Marks {
        &mut self.marks
    }
}
