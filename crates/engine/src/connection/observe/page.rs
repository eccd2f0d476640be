//! Counters in memory that a supervisor shares, so that they outlive a worker that is killed.
//!
//! A page is words of 64 bits, written by one thread and read by others, each with one atomic access.
//! `jebi.server.metrics.page` reads it and has the same layout.

use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Which layout the rest has; the first word.
const LAYOUT: u64 = 0x6a65_6269_0000_0001;
/// How many series there are; published after their labels are.
const COUNT: usize = 1;
/// Where series begin, and how many words each has.
const SERIES: usize = 64;
const STRIDE: usize = 64;
/// How many words of a series are its labels: two texts, each after its length in a byte.
const LABELS: usize = 24;

/// A figure of the whole worker, by its word.
#[derive(Clone, Copy, Debug)]
pub(super) enum Figure {
    Pid = 2,
    TickedAt = 3,
    Period = 4,
    InFlight = 5,
    Connections = 6,
    Accepted = 7,
    PoolQueued = 8,
    PoolThreads = 9,
    PoolIdle = 10,
    PoolJobs = 11,
    PoolWaited = 12,
    Refused = 13,
}

/// Where the histogram of the loop's lag begins: the sum, then one word for each bucket.
pub(super) const LAG: usize = 16;
/// Within a series: requests by the first digit of their status, nanoseconds, bytes of requests and
/// of answers, and the histogram's buckets.
pub(super) const STATUS: usize = LABELS;
pub(super) const NANOSECONDS: usize = LABELS + 6;
pub(super) const RECEIVED: usize = LABELS + 7;
pub(super) const SENT: usize = LABELS + 8;
pub(super) const BUCKETS: usize = LABELS + 9;

/// The memory of a worker's counters.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct MetricsPage {
    words: *const AtomicU64,
    length: usize,
    /// Keeps the memory where it is.
    _buffer: PyBuffer<u8>,
}

// SAFETY: the memory is only ever read and written as atomics, and lives as long as the buffer,
// which may be let go of on any thread.
unsafe impl Send for MetricsPage {}
// SAFETY: as above.
unsafe impl Sync for MetricsPage {}

#[pymethods]
impl MetricsPage {
    /// Takes a writable buffer, such as an `mmap`, whose bytes are zero. Raises `ValueError` if it is
    /// too small for one series, or not aligned.
    #[new]
    fn new(buffer: &Bound<'_, PyAny>) -> PyResult<Self> {
        let buffer = PyBuffer::<u8>::get(buffer)?;
        let length = buffer.len_bytes() / size_of::<u64>();
        let words = buffer.buf_ptr().cast::<AtomicU64>();
        let fits = !buffer.readonly() && buffer.is_c_contiguous();
        if !fits || !words.is_aligned() || length < SERIES + STRIDE {
            return Err(PyValueError::new_err("no memory for counters"));
        }
        let page = Self {
            words: words.cast_const(),
            length,
            _buffer: buffer,
        };
        page.set(Figure::Pid, std::process::id().into());
        // The series that takes what no other has room for.
        page.label(0, "other", "other");
        page.publish(1);
        page.store(0, LAYOUT);
        Ok(page)
    }
}

impl MetricsPage {
    fn word(&self, index: usize) -> Option<&AtomicU64> {
        if index >= self.length {
            return None;
        }
        // SAFETY: within the buffer, which is aligned, writable and held; whoever else looks at it
        // reads whole words.
        unsafe { Some(&*self.words.add(index)) }
    }

    fn store(&self, index: usize, value: u64) {
        if let Some(word) = self.word(index) {
            word.store(value, Ordering::Release);
        }
    }

    pub(super) fn set(&self, figure: Figure, value: u64) {
        self.store(figure as usize, value);
    }

    pub(super) fn increment(&self, figure: Figure) {
        self.add(figure as usize, 1);
    }

    pub(super) fn add(&self, index: usize, value: u64) {
        if let Some(word) = self.word(index) {
            word.fetch_add(value, Ordering::Relaxed);
        }
    }

    /// Where the word `which` of a series is.
    pub(super) fn at(series: usize, which: usize) -> usize {
        SERIES + series * STRIDE + which
    }

    /// Makes a series with these labels; `None` if there is no room for it.
    pub(super) fn new_series(&self, method: &str, route: &str) -> Option<usize> {
        let count = self.word(COUNT)?.load(Ordering::Relaxed);
        let series = usize::try_from(count).ok()?;
        if Self::at(series + 1, 0) > self.length || !fits(method, route) {
            return None;
        }
        self.label(series, method, route);
        self.publish(count + 1);
        Some(series)
    }

    fn publish(&self, count: u64) {
        self.store(COUNT, count);
    }

    fn label(&self, series: usize, method: &str, route: &str) {
        let mut bytes = [0_u8; LABELS * 8];
        let mut place = bytes.iter_mut();
        for text in [method, route] {
            let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
            let text = std::iter::once(length).chain(text.bytes());
            for (byte, place) in text.zip(&mut place) {
                *place = byte;
            }
        }
        for (index, word) in bytes.as_chunks().0.iter().enumerate() {
            self.store(Self::at(series, index), u64::from_ne_bytes(*word));
        }
    }
}

/// Whether labels have room in a series.
fn fits(method: &str, route: &str) -> bool {
    method.len() + route.len() + 2 <= LABELS * 8
}
