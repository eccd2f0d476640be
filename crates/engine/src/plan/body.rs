//! The JSON body of a request, parsed once, and its fields.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::extract::{self, Extracted};
use super::origin::Origin;
use super::spec::{BodyField, Compiled};

/// A request's document: `None` where there is none.
pub(super) type Document = Option<Py<PyAny>>;

/// What parses JSON, looked up once.
pub(crate) struct JsonReader {
    from_json: Py<PyAny>,
}

impl JsonReader {
    pub(super) fn import(py: Python<'_>) -> PyResult<Self> {
        let from_json = py.import("pydantic_core")?.getattr("from_json")?.unbind();
        Ok(Self { from_json })
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
            return Ok(None);
        }
        let body = origin.body_bytes(py);
        let content_type = origin.header("content-type");
        let is_plain = match content_type {
            Some(kind) => is_json(kind),
            None => !plan.strict_content_type,
        };
        if is_plain && let Ok(document) = self.from_json.bind(py).call1((&body,)) {
            return Ok(Some(document.unbind()));
        }
        let content_type = content_type.map(String::from_utf8_lossy);
        plan.hooks
            .parse_body
            .call1(py, (body, content_type))
            .map(Some)
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
    document: Option<&Bound<'py, PyAny>>,
    field: &BodyField,
) -> PyResult<Extracted<'py>> {
    let location = || Ok(field.location.bind(py).clone());
    let Some(document) = document else {
        return extract::absent(py, &field.field, location);
    };
    let Some(key) = &field.key else {
        return extract::validated(py, &field.field, document.clone(), location);
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
        Some(value) => extract::validated(py, &field.field, value, location),
        None => extract::absent(py, &field.field, location),
    }
}
