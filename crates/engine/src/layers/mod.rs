//! Middleware that the engine knows, as layers around its plans.
//!
//! A layer sees by a request's head whether it lets the request pass as it is. One that it would answer itself takes
//! the application's ASGI form, where the middleware does so. To an answer that is whole, a layer adds its fields here;
//! any other answer is sent through the middleware, which is Python. So the middleware says in one place what is to be
//! done, and here is only what it does nearly always.

mod compression;
mod cors;
mod fields;
mod hosts;

use http1::RequestHead;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{PyTraverseError, PyVisit};

use compression::Compression;
use cors::Cors;
pub(crate) use fields::Fields;
use hosts::Hosts;

/// All middleware of an application.
#[derive(Default)]
pub(crate) struct Layers {
    /// The outermost first.
    layers: Vec<Layer>,
    /// `around(response)`: the response within the middleware that changes answers.
    around: Option<Py<PyAny>>,
}

enum Layer {
    Cors(Cors),
    Compression(Compression),
    Hosts(Hosts),
    /// What is asked for without TLS is redirected.
    Https,
}

/// What a layer has to know of an answer that is whole.
#[derive(Clone, Copy)]
pub(crate) struct Whole {
    pub(crate) status: u16,
    /// Of its body, in bytes.
    pub(crate) length: usize,
    /// Its fields are those of plain JSON, and what stands among those that are amended.
    pub(crate) is_json: bool,
}

impl Layers {
    /// Reads what Python says of the middleware: pairs of a kind and what that kind is about.
    pub(crate) fn read(layers: &Bound<'_, PyAny>, around: Option<Py<PyAny>>) -> PyResult<Self> {
        let layers = layers
            .try_iter()?
            .map(|layer| Layer::read(&layer?))
            .collect::<PyResult<_>>()?;
        Ok(Self { layers, around })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.layers.is_empty()
    }

    /// Whether every layer lets the request pass. `is_secure` tells whether the client speaks TLS.
    pub(crate) fn admit(&self, head: &RequestHead, is_secure: impl Fn() -> bool) -> bool {
        self.layers.iter().all(|layer| match layer {
            Layer::Cors(_) => Cors::admits(head),
            Layer::Compression(_) => true,
            Layer::Hosts(hosts) => hosts.admit(head),
            Layer::Https => is_secure(),
        })
    }

    /// Has every layer add to the fields of an answer. `false`: the middleware itself has to send it.
    pub(crate) fn amend<'a>(
        &'a self,
        py: Python<'_>,
        head: &'a RequestHead,
        whole: Whole,
        fields: &mut Fields<'a>,
    ) -> PyResult<bool> {
        for layer in self.layers.iter().rev() {
            match layer {
                Layer::Cors(cors) => cors.amend(py, head, fields)?,
                Layer::Compression(compression) => {
                    if !compression.amend(head, whole, fields) {
                        return Ok(false);
                    }
                }
                Layer::Hosts(_) | Layer::Https => {}
            }
        }
        Ok(true)
    }

    /// A response as the application within the middleware, which sends it.
    pub(crate) fn around<'py>(&self, response: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match &self.around {
            Some(around) => around.bind(response.py()).call1((response,)),
            None => Ok(response.clone()),
        }
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        for layer in &self.layers {
            if let Layer::Cors(cors) = layer {
                cors.traverse(visit)?;
            }
        }
        visit.call(&self.around)
    }
}

impl Layer {
    fn read(layer: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (kind, about): (String, Bound<'_, PyTuple>) = layer.extract()?;
        match kind.as_str() {
            "cors" => Cors::read(&about).map(Self::Cors),
            "compression" => Compression::read(&about).map(Self::Compression),
            "hosts" => Hosts::read(&about).map(Self::Hosts),
            "https" => Ok(Self::Https),
            _ => Err(PyValueError::new_err(format!(
                "no layer is called {kind:?}"
            ))),
        }
    }
}
