//! How a plan's answer leaves: with the layers' additions, as bytes where it can be, and by its own doing otherwise.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::NativeRun;
use crate::connection::Headers;
use crate::layers::{Fields, Layers, Whole};

/// Through what a response object is sent.
#[derive(Clone, Copy)]
pub(super) enum Sender {
    /// The middleware, like every answer of a route.
    Layers,
    /// Nothing: the middleware has seen an exception instead.
    Server,
}

/// How a response object was sent.
pub(super) enum Sent {
    /// Its bytes went out; these tasks are left.
    Whole { background: Option<Py<PyAny>> },
    /// Awaiting this sends it.
    BySelf(Py<PyAny>),
}

impl NativeRun {
    /// Sends JSON with the headers of a `JSONResponse`, in its order, and those of the layers. `false` if
    /// these want to send it as a response object.
    pub(super) fn answer_json(&self, py: Python<'_>, status: u16, body: &[u8]) -> PyResult<bool> {
        let layers = self.application.layers();
        if layers.is_empty() {
            self.exchange.answer(py, status, Headers::Json, body);
            return Ok(true);
        }
        let (length, mut more) = (body.len(), Fields::default());
        let whole = Whole {
            status,
            length,
            is_json: true,
        };
        let is_amended = layers.amend(py, self.exchange.head(), whole, &mut more)?;
        if is_amended {
            let headers = Headers::JsonAnd(&more.pairs());
            self.exchange.answer(py, status, headers, body);
        }
        Ok(is_amended)
    }

    /// Sends a response object: at once when it is its bytes, otherwise by its own doing.
    pub(super) fn send_response(
        &self,
        py: Python<'_>,
        response: &Bound<'_, PyAny>,
        sender: Sender,
    ) -> PyResult<Sent> {
        let none = Layers::default();
        let layers = match sender {
            Sender::Layers => self.application.layers(),
            Sender::Server => &none,
        };
        if !self.application.is_plain_response(response)? {
            return self.send_by_itself(&layers.around(response)?);
        }
        let body = response
            .getattr(intern!(py, "body"))?
            .extract::<Vec<u8>>()?;
        let status: u16 = response.getattr(intern!(py, "status_code"))?.extract()?;
        let raw: Vec<(Bound<'_, PyBytes>, Bound<'_, PyBytes>)> =
            response.getattr(intern!(py, "raw_headers"))?.extract()?;
        let headers: Vec<(&[u8], &[u8])> = raw
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
            .collect();
        if layers.is_empty() {
            self.exchange
                .answer(py, status, Headers::Said(&headers), &body);
        } else {
            let mut fields = Fields::of(&headers);
            let whole = Whole {
                status,
                length: body.len(),
                is_json: false,
            };
            if !layers.amend(py, self.exchange.head(), whole, &mut fields)? {
                return self.send_by_itself(&layers.around(response)?);
            }
            let headers = Headers::Said(&fields.pairs());
            self.exchange.answer(py, status, headers, &body);
        }
        let background = response.getattr(intern!(py, "background"))?;
        Ok(Sent::Whole {
            background: (!background.is_none()).then(|| background.unbind()),
        })
    }

    fn send_by_itself(&self, response: &Bound<'_, PyAny>) -> PyResult<Sent> {
        let arguments = self.exchange.asgi(response.py())?;
        Ok(Sent::BySelf(response.call1(arguments)?.unbind()))
    }
}
