//! What to watch a descriptor for, and what was seen.

use rustix::event::epoll::EventFlags;

/// The directions in which a descriptor is watched.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Interest {
    readable: bool,
    writable: bool,
    by_edge: bool,
}

impl Interest {
    /// Not watched at all: the descriptor stays known, but leaves the poller, because epoll
    /// reports a hang-up even for an empty set of flags and a level-triggered loop would spin.
    pub const NONE: Self = Self::new(false, false);
    /// Watched for input, end of file and errors.
    pub const READ: Self = Self::new(true, false);
    /// Watched for room to write and errors.
    pub const WRITE: Self = Self::new(false, true);
    /// Watched for both.
    pub const BOTH: Self = Self::new(true, true);

    /// An interest made of its two parts.
    #[must_use]
    pub const fn new(readable: bool, writable: bool) -> Self {
        Self {
            readable,
            writable,
            by_edge: false,
        }
    }

    /// The same, but if input alone is awaited, it is reported once and not again until there is
    /// more. That spares the kernel to look at everything twice that it has reported.
    ///
    /// Whoever asks for this reads until nothing is left, or says once more what the descriptor is
    /// watched for and is told of the rest. A read from TCP that has room left has taken everything,
    /// if the readiness was [plain](Readiness::is_plain).
    #[must_use]
    pub const fn by_edge(self) -> Self {
        Self {
            by_edge: self.readable && !self.writable,
            ..self
        }
    }

    /// Whether input is reported only once.
    #[must_use]
    pub const fn is_by_edge(self) -> bool {
        self.by_edge
    }

    /// Whether input is awaited.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.readable
    }

    /// Whether room to write is awaited.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.writable
    }

    /// Whether nothing is awaited.
    #[must_use]
    pub const fn is_none(self) -> bool {
        !self.readable && !self.writable
    }

    /// The same with the reading direction switched.
    #[must_use]
    pub const fn with_readable(self, readable: bool) -> Self {
        Self::new(readable, self.writable)
    }

    /// The same with the writing direction switched.
    #[must_use]
    pub const fn with_writable(self, writable: bool) -> Self {
        Self::new(self.readable, writable)
    }

    pub(crate) fn flags(self) -> EventFlags {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, self.readable);
        flags.set(EventFlags::OUT, self.writable);
        if self.by_edge {
            flags |= EventFlags::ET | BESIDE_INPUT;
        }
        flags
    }
}

/// What may be there beside input that a read in the ordinary way brings: the peer's end, and data
/// out of turn, which reads stop at.
const BESIDE_INPUT: EventFlags = EventFlags::RDHUP.union(EventFlags::PRI);

/// What a descriptor is ready for.
///
/// An error or a hang-up makes both directions ready, as in Python's `selectors`: the next `recv`
/// or `send` then finds out what happened.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Readiness {
    readable: bool,
    writable: bool,
    /// What the kernel said.
    flags: EventFlags,
}

impl Readiness {
    /// A readiness as the kernel might report it; for sources that are driven by hand.
    #[must_use]
    pub const fn new(readable: bool, writable: bool) -> Self {
        Self {
            readable,
            writable,
            flags: EventFlags::empty(),
        }
    }

    pub(crate) fn from_flags(flags: EventFlags) -> Self {
        Self {
            readable: flags.intersects(EventFlags::OUT.complement()),
            writable: flags.intersects(EventFlags::IN.complement()),
            flags,
        }
    }

    /// Reading will not block.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.readable
    }

    /// Writing will not block.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.writable
    }

    /// The peer is gone in both directions, or the descriptor has an error to report.
    #[must_use]
    pub const fn is_hung_up(self) -> bool {
        (self.flags).intersects(EventFlags::HUP.union(EventFlags::ERR))
    }

    /// There is nothing beside input and room to write: no end, no error, no urgent data.
    #[must_use]
    pub const fn is_plain(self) -> bool {
        EventFlags::IN.union(EventFlags::OUT).contains(self.flags)
    }

    /// What remains of it for somebody who awaits `interest`; `None` when that is nothing.
    #[must_use]
    pub const fn masked(self, interest: Interest) -> Option<Self> {
        let readable = self.readable && interest.readable;
        let writable = self.writable && interest.writable;
        if readable || writable {
            Some(Self {
                readable,
                writable,
                ..self
            })
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EventFlags, Interest, Readiness};

    #[test]
    fn a_hang_up_is_ready_for_both() {
        let readiness = Readiness::from_flags(EventFlags::HUP);
        assert!(readiness.is_readable() && readiness.is_writable() && readiness.is_hung_up());
    }

    #[test]
    fn input_is_not_room_to_write() {
        let readiness = Readiness::from_flags(EventFlags::IN);
        assert!(readiness.is_readable() && !readiness.is_writable());
        assert_eq!(readiness.masked(Interest::WRITE), None);
        assert_eq!(readiness.masked(Interest::BOTH), Some(readiness));
    }

    #[test]
    fn an_end_is_not_plain_input() {
        assert!(Readiness::from_flags(EventFlags::IN).is_plain());
        for beside in [
            EventFlags::RDHUP,
            EventFlags::PRI,
            EventFlags::HUP,
            EventFlags::ERR,
        ] {
            assert!(!Readiness::from_flags(EventFlags::IN | beside).is_plain());
        }
    }

    #[test]
    fn only_input_is_reported_by_edge() {
        assert!(Interest::READ.by_edge().is_by_edge());
        for interest in [Interest::NONE, Interest::WRITE, Interest::BOTH] {
            assert_eq!(interest.by_edge(), interest);
        }
        assert_eq!(Interest::READ.by_edge().with_writable(true), Interest::BOTH);
    }

    #[test]
    fn an_interest_turns_one_direction_at_a_time() {
        let interest = Interest::READ.with_writable(true);
        assert_eq!(interest, Interest::BOTH);
        assert_eq!(interest.with_readable(false), Interest::WRITE);
        assert!(interest.with_readable(false).with_writable(false).is_none());
    }
}
