//! How many connections each worker has, so that all have about as many.
//!
//! Workers listen on the same sockets, and whoever is awake first could take all who wait. They note
//! their numbers in a small file that they share; one that has more than another leaves the next
//! client to that one, for a moment.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::{pread, pwrite};

/// For how long a client is left to others.
pub(super) const MOMENT: Duration = Duration::from_millis(5);

/// How many workers are looked at; more get along without.
const SLOTS: usize = 256;
const WIDTH: usize = size_of::<u32>();

/// The file, and where this worker's number stands in it.
pub(super) struct Board {
    file: OwnedFd,
    slot: usize,
}

impl Board {
    pub(super) fn new(file: OwnedFd, slot: usize) -> Self {
        Self { file, slot }
    }

    /// Notes how many connections this worker has.
    pub(super) fn note(&self, connections: usize) {
        // Zero stands for nobody.
        self.write(u32::try_from(connections).map_or(u32::MAX, |count| count.saturating_add(1)));
    }

    /// Takes this worker's number away: it accepts nobody any more.
    pub(super) fn leave(&self) {
        self.write(0);
    }

    fn write(&self, value: u32) {
        if self.slot < SLOTS {
            // Without its number the others take no account of this worker, and that is all.
            let _ = pwrite(&self.file, &value.to_ne_bytes(), self.offset());
        }
    }

    fn offset(&self) -> u64 {
        u64::try_from(self.slot * WIDTH).unwrap_or(u64::MAX)
    }

    /// Whether another worker has clearly less than `connections`, which are this one's.
    pub(super) fn is_behind_another(&self, connections: usize) -> bool {
        let mut numbers = [0_u8; SLOTS * WIDTH];
        let Ok(length) = pread(&self.file, numbers.as_mut_slice(), 0) else {
            return false;
        };
        let fewest = numbers
            .get(..length)
            .unwrap_or_default()
            .chunks_exact(WIDTH)
            .enumerate()
            .filter(|(slot, _)| *slot != self.slot)
            .filter_map(|(_, bytes)| bytes.try_into().ok().map(u32::from_ne_bytes))
            .filter(|number| *number > 0)
            .min();
        let Some(fewest) = fewest.and_then(|number| usize::try_from(number - 1).ok()) else {
            return false;
        };
        connections > fewest.saturating_add(fewest / 32)
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{MemfdFlags, memfd_create};

    use super::*;

    fn two() -> (Board, Board) {
        let file = memfd_create("board", MemfdFlags::CLOEXEC).expect("a file");
        let other = file.try_clone().expect("a second descriptor");
        (Board::new(file, 0), Board::new(other, 3))
    }

    #[test]
    fn one_gives_way_to_another_that_has_less() {
        let (one, other) = two();
        assert!(!one.is_behind_another(7), "there is nobody else");
        one.note(7);
        other.note(6);
        assert!(one.is_behind_another(7));
        assert!(!one.is_behind_another(6));
        assert!(!other.is_behind_another(7));
        other.leave();
        assert!(!one.is_behind_another(7));
    }

    #[test]
    fn of_many_it_makes_no_difference() {
        let (one, other) = two();
        other.note(3200);
        assert!(!one.is_behind_another(3300));
        assert!(one.is_behind_another(3301));
    }
}
