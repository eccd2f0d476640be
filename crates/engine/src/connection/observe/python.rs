//! The native access log as Python configures it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http1::RequestHead;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::super::shared::lock;
use super::Observed;
use super::clock::{Clock, now};
use super::format::{Format, Line};
use super::sink::{ATOMIC, Failure, Sink};

/// The longest value in a line; where a line is too long for a pipe, the next.
const LIMITS: [usize; 4] = [4096, 512, 64, 16];

/// A log with one line for each request, written by the engine.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct AccessLog {
    pub(in super::super) lines: Arc<Lines>,
}

#[pymethods]
impl AccessLog {
    /// Opens the log: `path` to append to, or standard output.
    ///
    /// `format` is `json`, `combined`, `common`, `uvicorn`, or text with nginx's variables. Raises
    /// `ValueError` if that is none, and `OSError` if the file cannot be opened.
    #[new]
    #[pyo3(signature = (format, path = None))]
    fn new(py: Python<'_>, format: &str, path: Option<PathBuf>) -> PyResult<Self> {
        let lines = Lines {
            format: Format::parse(format).map_err(PyValueError::new_err)?,
            sink: Sink::open(path)?,
            clock: Mutex::default(),
            hour: AtomicI64::new(-1),
        };
        lines.set_zone(py, now().0 / 3600);
        Ok(Self {
            lines: Arc::new(lines),
        })
    }
}

/// Lines in their format, on their way to a file.
pub(in super::super) struct Lines {
    pub(super) format: Format,
    sink: Sink,
    clock: Mutex<Clock>,
    /// The hour since 1970 in which the zone of local time was looked up.
    hour: AtomicI64,
}

impl Lines {
    pub(super) fn add(&self, observed: &Observed, head: &RequestHead, elapsed: Duration) {
        let now = now();
        let mut clock = lock(&self.clock);
        clock.advance(now.0);
        let line = Line {
            observed,
            head,
            elapsed,
            clock: &clock,
            now,
        };
        let is_pipe = self.sink.is_pipe();
        self.sink.push(|out| {
            let start = out.len();
            for limit in LIMITS {
                out.truncate(start);
                self.format.write(out, &line, limit);
                // Longer ones would not leave in one piece.
                if !is_pipe || out.len() - start <= ATOMIC {
                    break;
                }
            }
        });
    }

    /// Writes what waits. Returns what could not be written since the last time.
    pub(super) fn flush(&self, py: Python<'_>) -> Option<Failure> {
        self.sink.flush();
        let hour = now().0 / 3600;
        if self.hour.load(Ordering::Relaxed) != hour {
            self.set_zone(py, hour);
        }
        self.sink.take_failure()
    }

    pub(super) fn reopen(&self) -> std::io::Result<()> {
        self.sink.reopen()
    }

    /// Asks Python how far local time is ahead, which may change at any hour.
    fn set_zone(&self, py: Python<'_>, hour: i64) {
        self.hour.store(hour, Ordering::Relaxed);
        let offset = py.import("time").and_then(|time| {
            time.call_method0("localtime")?
                .getattr("tm_gmtoff")?
                .extract()
        });
        lock(&self.clock).set_offset(offset.unwrap_or(0));
    }
}
