//! Who may read answers in a browser (the Fetch standard, section 3.3: the CORS protocol).

use http1::RequestHead;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{PyTraverseError, PyVisit};

use super::Fields;
use crate::web::text;

/// What `CORSMiddleware` adds to the answers of requests that say where they come from.
pub(super) struct Cors {
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// Asked whether an origin is to be named, where not all are answered alike. It is the middleware's method:
    /// the collection of origins may be the application's, and change.
    allows: Option<Py<PyAny>>,
}

impl Cors {
    pub(super) fn read(about: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (fields, allows) = about.extract()?;
        Ok(Self { fields, allows })
    }

    /// Every request passes but the one that a browser asks beforehand with.
    pub(super) fn admits(head: &RequestHead) -> bool {
        !(head.has_method("OPTIONS")
            && head.header(b"origin").is_some()
            && head.header(b"access-control-request-method").is_some())
    }

    pub(super) fn amend<'a>(
        &'a self,
        py: Python<'_>,
        head: &'a RequestHead,
        fields: &mut Fields<'a>,
    ) -> PyResult<()> {
        if let Some(origin) = head.header(b"origin") {
            for (name, value) in &self.fields {
                fields.set(name, &**value);
            }
            if self.is_named(py, origin)? {
                fields.set(b"access-control-allow-origin", origin);
            }
        }
        // Also where the answer has none of them: a cache must not give it to another origin.
        fields.add_vary(b"Origin");
        Ok(())
    }

    fn is_named(&self, py: Python<'_>, origin: &[u8]) -> PyResult<bool> {
        let Some(allows) = &self.allows else {
            return Ok(false);
        };
        let origin = text(py, origin);
        allows.bind(py).call1((origin,))?.is_truthy()
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.allows)
    }
}
