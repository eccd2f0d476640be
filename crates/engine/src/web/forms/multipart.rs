//! `multipart/form-data`.

use forms::{Event, Limits, Multipart, Part};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView, PySlice, PyTuple};

use super::charset::Charset;
use super::{field_limits, in_use, refusal};
use crate::eventloop::Attached;

/// Reads a multipart body piece by piece.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct MultipartReader {
    /// Boxed, as the search for boundaries has vectors in it, and Python aligns objects to 16 bytes.
    form: Attached<Option<Box<Form>>>,
}

struct Form {
    parser: Multipart,
    charset: Charset,
    /// The name of the field that is read; none in a file.
    field: Option<Vec<u8>>,
    /// What came of its value.
    value: Vec<u8>,
}

#[pymethods]
impl MultipartReader {
    /// Reads parts separated by `boundary`, names and values of fields in `charset`, the name of a
    /// codec. Allows `max_files` files and `max_fields` fields of `max_size` bytes each; `None` is no
    /// limit.
    ///
    /// Raises `ValueError` for a boundary that is none, as `feed` does.
    #[new]
    #[pyo3(signature = (boundary, charset, *, max_files, max_fields, max_size))]
    fn new(
        boundary: &[u8],
        charset: &str,
        max_files: Option<u64>,
        max_fields: Option<u64>,
        max_size: Option<u64>,
    ) -> PyResult<Self> {
        let limits = Limits {
            fields: field_limits(max_fields, max_size),
            files: max_files.unwrap_or(u64::MAX),
            ..Limits::default()
        };
        let form = Form {
            parser: Multipart::new(boundary, limits).map_err(refusal)?,
            charset: Charset::new(charset)?,
            field: None,
            value: Vec::new(),
        };
        Ok(Self {
            form: Attached::new(Some(Box::new(form))),
        })
    }

    /// Takes a piece of the body and tells what is in it, in order.
    ///
    /// `(name, value)` is a field, `(name, filename, headers)` the beginning of a file, bytes or a view
    /// into `piece` some of its content, `None` its end.
    ///
    /// Raises `ValueError` with a text for the client and the reason when the form is malformed or
    /// exceeds a limit, and has to be fed no more then.
    #[pyo3(signature = (piece, /))]
    fn feed<'py>(
        &self,
        py: Python<'py>,
        piece: &Bound<'py, PyBytes>,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut form = self.form.take(py).ok_or_else(in_use)?;
        let found = form.feed(piece)?;
        self.form.replace(py, Some(form));
        Ok(found)
    }

    /// Checks that the body is complete.
    ///
    /// Raises `ValueError`, as `feed` does.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        self.form.with(py, |form| match form {
            Some(form) => form.parser.finish().map_err(refusal),
            None => Err(in_use()),
        })
    }
}

impl Form {
    fn feed<'py>(&mut self, piece: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyList>> {
        let py = piece.py();
        let found = PyList::empty(py);
        let bytes = piece.as_bytes();
        let mut rest = bytes;
        loop {
            let start = bytes.len() - rest.len();
            let Some(event) = self.parser.next(&mut rest).map_err(refusal)? else {
                return Ok(found);
            };
            match (event, &self.field) {
                (Event::Part(part), _) => {
                    if part.filename.is_none() {
                        self.field = Some(part.name);
                    } else {
                        self.field = None;
                        found.append(file(py, &part, &self.charset)?)?;
                    }
                }
                (Event::Data(data) | Event::Held(data), Some(_)) => {
                    self.value.extend_from_slice(data);
                }
                (Event::Data(data), None) => found.append(view(piece, start, data.len())?)?,
                (Event::Held(data), None) => found.append(PyBytes::new(py, data))?,
                (Event::End, Some(name)) => {
                    let name = self.charset.decode(py, name)?;
                    let value = self.charset.decode(py, &self.value)?;
                    self.value.clear();
                    found.append(PyTuple::new(py, [name, value])?)?;
                }
                (Event::End, None) => found.append(py.None())?,
            }
        }
    }
}

/// `(name, filename, headers)`.
fn file<'py>(py: Python<'py>, part: &Part, charset: &Charset) -> PyResult<Bound<'py, PyTuple>> {
    let name = charset.decode(py, &part.name)?;
    let filename = charset.decode(py, part.filename.as_deref().unwrap_or_default())?;
    let headers = part
        .headers
        .iter()
        .map(|(name, value)| (PyBytes::new(py, name), PyBytes::new(py, value)));
    let headers = PyList::new(py, headers.collect::<Vec<_>>())?;
    (name, filename, headers).into_pyobject(py)
}

/// A part of `piece` without a copy.
fn view<'py>(
    piece: &Bound<'py, PyBytes>,
    start: usize,
    length: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let whole = piece.as_bytes().len();
    if length == whole {
        return Ok(piece.clone().into_any());
    }
    let py = piece.py();
    let (start, stop) = (isize::try_from(start)?, isize::try_from(start + length)?);
    PyMemoryView::from(piece)?.get_item(PySlice::new(py, start, stop, 1))
}
