//! What is due when.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Cancelled timers are swept out when there are more than this many…
const SWEEP_FROM: usize = 100;

struct Entry<T> {
    when: f64,
    sequence: u64,
    value: T,
}

impl<T> Ord for Entry<T> {
    /// The earliest is the greatest, because the heap keeps the greatest on top.
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .when
            .total_cmp(&self.when)
            .then(other.sequence.cmp(&self.sequence))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}

/// Timers in the order of their time, those of the same time in the order of their insertion.
///
/// A cancelled timer stays until it comes to the top, as in asyncio: taking it out of the middle
/// would cost more than letting it pass. The owner counts cancellations with
/// [`note_cancelled`](Self::note_cancelled), and when more than half of many timers are cancelled
/// (think of a timeout for each request) [`sweep`](Self::sweep) removes them together.
pub struct TimerHeap<T> {
    heap: BinaryHeap<Entry<T>>,
    inserted: u64,
    cancelled: usize,
}

impl<T> Default for TimerHeap<T> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            inserted: 0,
            cancelled: 0,
        }
    }
}

impl<T> TimerHeap<T> {
    /// Adds a timer for the time `when`, in seconds of the loop's clock.
    ///
    /// A time that is no number counts as past, as in asyncio; a loop would wait for it in vain.
    pub fn push(&mut self, when: f64, value: T) {
        let when = if when.is_nan() {
            f64::NEG_INFINITY
        } else {
            when
        };
        let sequence = self.inserted;
        self.inserted += 1;
        self.heap.push(Entry {
            when,
            sequence,
            value,
        });
    }

    /// The earliest timer.
    #[must_use]
    pub fn peek(&self) -> Option<(f64, &T)> {
        self.heap.peek().map(|entry| (entry.when, &entry.value))
    }

    /// Takes out the earliest timer unless its time is `end` or later.
    pub fn pop_before(&mut self, end: f64) -> Option<T> {
        if self.heap.peek()?.when >= end {
            return None;
        }
        self.heap.pop().map(|entry| entry.value)
    }

    /// Takes out the earliest timer.
    pub fn pop(&mut self) -> Option<T> {
        self.heap.pop().map(|entry| entry.value)
    }

    /// Counts a timer of the heap that was cancelled.
    pub fn note_cancelled(&mut self) {
        self.cancelled += 1;
    }

    /// Takes back one count: a cancelled timer left the heap.
    pub fn forget_cancelled(&mut self) {
        self.cancelled = self.cancelled.saturating_sub(1);
    }

    /// When cancelled timers are many and the majority, takes them all out.
    pub fn sweep(&mut self, is_cancelled: impl Fn(&T) -> bool) -> Vec<T> {
        if self.cancelled <= SWEEP_FROM || self.cancelled * 2 <= self.heap.len() {
            return Vec::new();
        }
        self.cancelled = 0;
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        let dead = entries.extract_if(.., |entry| is_cancelled(&entry.value));
        let dead = dead.map(|entry| entry.value).collect();
        self.heap = entries.into();
        dead
    }

    /// Takes every timer out.
    pub fn drain(&mut self) -> Vec<T> {
        self.cancelled = 0;
        self.heap.drain().map(|entry| entry.value).collect()
    }

    /// Every timer, in no particular order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.heap.iter().map(|entry| &entry.value)
    }

    /// How many timers there are, cancelled ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::TimerHeap;

    #[test]
    fn timers_come_in_order_and_ties_by_insertion() {
        let mut timers = TimerHeap::default();
        for (when, name) in [(2.0, "c"), (1.0, "a"), (1.0, "b"), (3.0, "d")] {
            timers.push(when, name);
        }
        assert_eq!(timers.peek(), Some((1.0, &"a")));
        let due: Vec<_> = std::iter::from_fn(|| timers.pop_before(3.0)).collect();
        assert_eq!(due, ["a", "b", "c"]);
        assert_eq!(timers.len(), 1);
    }

    #[test]
    fn a_time_that_is_no_number_is_past() {
        let mut timers = TimerHeap::default();
        timers.push(2.0, "later");
        timers.push(f64::NAN, "no number");
        assert_eq!(timers.pop_before(1.0), Some("no number"));
        assert_eq!(timers.pop_before(1.0), None);
    }

    #[test]
    fn many_cancelled_timers_are_swept() {
        let mut timers = TimerHeap::default();
        for number in 0..300_u32 {
            timers.push(f64::from(number), number);
        }
        for _ in 0..150 {
            timers.note_cancelled();
        }
        assert!(timers.sweep(|number| number % 2 == 0).is_empty());
        timers.note_cancelled();
        assert_eq!(timers.sweep(|number| number % 2 == 0).len(), 150);
        assert_eq!(timers.len(), 150);
        assert_eq!(timers.pop_before(f64::INFINITY), Some(1));
    }
}
