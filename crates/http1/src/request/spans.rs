//! Where the header lines stand in the bytes of a head.

use std::ops::Range;

/// A stretch of the head's bytes. Limits keep heads shorter than `u32` counts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(crate) fn new(range: Range<usize>) -> Self {
        let short = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        Self {
            start: short(range.start),
            end: short(range.end),
        }
    }

    pub(crate) fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
    }

    #[inline]
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }
}

/// One header line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Field {
    pub(crate) name: Span,
    pub(crate) value: Span,
}

/// The header lines in order: the usual number without an allocation, any number with one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    inline: [Field; Self::INLINE],
    count: usize,
    spilled: Vec<Field>,
}

impl Fields {
    /// A browser sends 12 to 16 lines.
    const INLINE: usize = 16;

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The lines so far; none are left.
    #[inline]
    pub(crate) fn take(&mut self) -> Self {
        let taken = Self {
            inline: self.inline,
            count: self.count,
            spilled: std::mem::take(&mut self.spilled),
        };
        // What stands inline beyond the count is never looked at, so it need not be cleared.
        self.count = 0;
        taken
    }

    #[inline]
    pub(crate) fn push(&mut self, field: Field) {
        match self.inline.get_mut(self.count) {
            Some(place) => *place = field,
            None => self.spilled.push(field),
        }
        self.count += 1;
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Field> {
        match index.checked_sub(Self::INLINE) {
            None => self.inline.get_mut(index),
            Some(index) => self.spilled.get_mut(index),
        }
    }

    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<Field> {
        if index >= self.count {
            return None;
        }
        match index.checked_sub(Self::INLINE) {
            None => self.inline.get(index).copied(),
            Some(index) => self.spilled.get(index).copied(),
        }
    }
}
