//! The numbers of streams, as far as a client may still use them.

use std::collections::{BTreeSet, VecDeque};
use std::ops::RangeInclusive;

/// How many streams are remembered to be open. More are not unless we reset them while the client
/// keeps them open; what it sends on the oldest of those then ends the connection.
const MOST_OPEN: usize = 4096;
/// How many stretches of numbers are remembered that were passed over.
const MOST_GAPS: usize = 16;

/// What a number stands for, on the client's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// A stream that the client may begin.
    Idle,
    /// One that it began and did not end.
    Open,
    /// One that it ended or reset.
    Ended,
    /// One that it can never begin, because a later one has begun.
    Skipped,
}

/// The streams of one connection.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    highest: u32,
    open: BTreeSet<u32>,
    gaps: VecDeque<RangeInclusive<u32>>,
}

impl Ids {
    pub(crate) fn look(&self, stream: u32) -> Known {
        if stream > self.highest {
            Known::Idle
        } else if self.open.contains(&stream) {
            Known::Open
        } else if self.gaps.iter().any(|gap| gap.contains(&stream)) {
            Known::Skipped
        } else {
            Known::Ended
        }
    }

    /// An idle stream begins; `ended` says that it is complete already.
    pub(crate) fn begin(&mut self, stream: u32, ended: bool) {
        if stream > self.highest + 2 {
            self.gaps.push_back(self.highest + 1..=stream - 1);
            if self.gaps.len() > MOST_GAPS {
                self.gaps.pop_front();
            }
        }
        self.highest = stream;
        if !ended {
            self.open.insert(stream);
            if self.open.len() > MOST_OPEN {
                self.open.pop_first();
            }
        }
    }

    pub(crate) fn end(&mut self, stream: u32) {
        self.open.remove(&stream);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_lives_once() {
        let mut ids = Ids::default();
        assert_eq!(ids.look(1), Known::Idle);
        ids.begin(1, false);
        ids.begin(7, true);
        let known = [1, 3, 5, 7, 9].map(|id| ids.look(id));
        let expected = [
            Known::Open,
            Known::Skipped,
            Known::Skipped,
            Known::Ended,
            Known::Idle,
        ];
        assert_eq!(known, expected);
        ids.end(1);
        assert_eq!(ids.look(1), Known::Ended);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut ids = Ids::default();
        for id in (1..100_000).step_by(6) {
            ids.begin(id, false);
        }
        assert_eq!((ids.open.len(), ids.gaps.len()), (MOST_OPEN, MOST_GAPS));
    }
}
