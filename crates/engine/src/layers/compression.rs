//! Which answers are left uncompressed; the others are compressed by the middleware.

use http1::RequestHead;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::{Fields, Whole};

/// When `GZipMiddleware` leaves answers alone.
pub(super) struct Compression {
    /// Of a body, in bytes; shorter ones are sent as they are.
    minimum: usize,
    /// JSON is among the types that are sent as they are.
    excludes_json: bool,
}

/// Part of something larger, whose bytes count (RFC 9110, section 15.3.7).
const PARTIAL_CONTENT: u16 = 206;

impl Compression {
    pub(super) fn read(about: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (minimum, excludes_json) = about.extract()?;
        Ok(Self {
            minimum,
            excludes_json,
        })
    }

    /// `false` where the middleware has to look at the answer or at what the client takes.
    pub(super) fn amend(&self, head: &RequestHead, whole: Whole, fields: &mut Fields<'_>) -> bool {
        if whole.length < self.minimum {
            return true;
        }
        if !whole.is_json {
            return false;
        }
        if whole.status == PARTIAL_CONTENT || self.excludes_json {
            return true;
        }
        if head.header(b"accept-encoding").is_some() {
            return false;
        }
        fields.add_vary(b"Accept-Encoding");
        true
    }
}
