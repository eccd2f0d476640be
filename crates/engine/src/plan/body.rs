//! The JSON body of a request, parsed once, and its fields.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict};
use pyo3::{PyTraverseError, PyVisit};

use super::extract::{self, Extracted};
use super::origin::Origin;
use super::spec::{BodyField, Compiled};
use crate::runner::Around;

/// A request's document.
#[derive(Default)]
pub(super) enum Document {
    /// There is none: the body is empty, or the plan does not read it.
    #[default]
    Missing,
    /// Parsed.
    Parsed(Py<PyAny>),
    /// Validated from its bytes by the only input that sees it; parsed again if errors show it.
    Validated(Py<PyAny>),
}

impl Document {
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::Missing => Ok(()),
            Self::Parsed(document) | Self::Validated(document) => visit.call(document),
        }
    }
}

/// What parses JSON, looked up once, and not before there is a body: an application without any does
/// not import pydantic.
pub(crate) struct JsonReader {
    from_json: PyOnceLock<Py<PyAny>>,
}

impl JsonReader {
    pub(super) const fn new() -> Self {
        Self {
            from_json: PyOnceLock::new(),
        }
    }

    fn parser<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        let found = self.from_json.get_or_try_init(py, || {
            PyResult::Ok(py.import("pydantic_core")?.getattr("from_json")?.unbind())
        })?;
        Ok(found.bind(py))
    }

    /// The document of a request whose plan reads one.
    ///
    /// The plain case, `application/json`, is parsed here; whatever pydantic's parser refuses goes
    /// to `parse_body`, which either takes it (it reads all that `json.loads` reads) or raises.
    pub(super) fn read(
        &self,
        py: Python<'_>,
        plan: &Compiled,
        origin: &Origin,
    ) -> PyResult<Document> {
        if origin.body().is_empty() {
            return Ok(Document::Missing);
        }
        let content_type = origin.header(py, "content-type")?;
        let is_plain = match content_type {
            Some(kind) => is_json(kind),
            None => !plan.strict_content_type,
        };
        let direct = plan.direct.as_ref().filter(|_| is_plain);
        if let Some(plain) = direct.and_then(|direct| direct.plain.as_ref())
            && let Ok(valid) = plain.read(py, origin.body())
        {
            return Ok(Document::Validated(valid.unbind()));
        }
        let body = origin.body_bytes(py);
        if let Some(direct) = direct
            && let Ok(valid) = direct.validate.bind(py).call1((&body,))
        {
            return Ok(Document::Validated(valid.unbind()));
        }
        self.parse(py, plan, &body, content_type, is_plain)
            .map(Document::Parsed)
    }

    /// The document itself, of a body that was validated from its bytes.
    pub(super) fn reread(
        &self,
        py: Python<'_>,
        plan: &Compiled,
        origin: &Origin,
    ) -> PyResult<Py<PyAny>> {
        let content_type = origin.header(py, "content-type")?;
        self.parse(py, plan, &origin.body_bytes(py), content_type, true)
    }

    fn parse(
        &self,
        py: Python<'_>,
        plan: &Compiled,
        body: &Bound<'_, PyBytes>,
        content_type: Option<&[u8]>,
        is_plain: bool,
    ) -> PyResult<Py<PyAny>> {
        if is_plain && let Ok(document) = self.parser(py)?.call1((body,)) {
            return Ok(document.unbind());
        }
        let content_type = content_type.map(String::from_utf8_lossy);
        plan.hooks.parse_body.call1(py, (body, content_type))
    }
}

/// `application/json`, alone or with parameters.
fn is_json(kind: &[u8]) -> bool {
    let essence = kind.split(|&byte| byte == b';').next().unwrap_or_default();
    essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
}

/// Finds `field` in the document and validates it.
pub(super) fn field<'py>(
    py: Python<'py>,
    around: &Around<'_, '_>,
    document: &Document,
    field: &BodyField,
) -> PyResult<Extracted<'py>> {
    if !matches!(document, Document::Validated(_)) {
        around.enter()?;
    }
    let location = || Ok(field.location.bind(py).clone());
    let document = match document {
        Document::Missing => return extract::absent(py, &field.field, location),
        Document::Validated(valid) => return Ok(Ok(valid.bind(py).clone())),
        Document::Parsed(document) => document.bind(py),
    };
    let Some(key) = &field.key else {
        return extract::validated(py, &field.field, document, location);
    };
    let found = match document.cast::<PyDict>() {
        Ok(members) => members.get_item(key)?,
        Err(_) if document.hasattr(intern!(py, "decode"))? => None,
        // An embedded field needs an object around it, whatever its default.
        Err(_) => {
            return Ok(Err(field
                .field
                .explain
                .bind(py)
                .call1((py.None(), location()?))?));
        }
    };
    match found {
        Some(value) => extract::validated(py, &field.field, &value, location),
        None => extract::absent(py, &field.field, location),
    }
}
