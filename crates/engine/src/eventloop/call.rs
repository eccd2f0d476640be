//! A function with the arguments to call it with.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use pyo3::{PyTraverseError, PyVisit};

/// A function and its arguments, for later.
///
/// Nearly all callbacks take none, or the one future that woke them, so few arguments are kept in
/// place and a tuple is made for many only.
pub(super) struct Call {
    callback: Py<PyAny>,
    arguments: Arguments,
}

enum Arguments {
    None,
    One(Py<PyAny>),
    Two([Py<PyAny>; 2]),
    Three([Py<PyAny>; 3]),
    Many(Py<PyTuple>),
}

impl Call {
    pub(super) fn new<'py>(
        callback: &Bound<'py, PyAny>,
        arguments: &[Bound<'py, PyAny>],
    ) -> PyResult<Self> {
        let keep = |object: &Bound<'py, PyAny>| object.clone().unbind();
        let arguments = match arguments {
            [] => Arguments::None,
            [one] => Arguments::One(keep(one)),
            [one, two] => Arguments::Two([keep(one), keep(two)]),
            [one, two, three] => Arguments::Three([keep(one), keep(two), keep(three)]),
            many => Arguments::Many(PyTuple::new(callback.py(), many)?.unbind()),
        };
        let callback = keep(callback);
        Ok(Self {
            callback,
            arguments,
        })
    }

    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        let keep = |object: &Py<PyAny>| object.clone_ref(py);
        Self {
            callback: self.callback.clone_ref(py),
            arguments: match &self.arguments {
                Arguments::None => Arguments::None,
                Arguments::One(one) => Arguments::One(keep(one)),
                Arguments::Two([one, two]) => Arguments::Two([keep(one), keep(two)]),
                Arguments::Three([one, two, three]) => {
                    Arguments::Three([keep(one), keep(two), keep(three)])
                }
                Arguments::Many(many) => Arguments::Many(many.clone_ref(py)),
            },
        }
    }

    pub(super) fn callback<'a, 'py>(&'a self, py: Python<'py>) -> &'a Bound<'py, PyAny> {
        self.callback.bind(py)
    }

    /// The arguments as `Handle._args` has them.
    pub(super) fn arguments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        match &self.arguments {
            Arguments::None => Ok(PyTuple::empty(py)),
            Arguments::One(one) => PyTuple::new(py, [one]),
            Arguments::Two(two) => PyTuple::new(py, two),
            Arguments::Three(three) => PyTuple::new(py, three),
            Arguments::Many(many) => Ok(many.bind(py).clone()),
        }
    }

    /// Makes the call.
    pub(super) fn run<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let callback = self.callback.bind(py);
        match &self.arguments {
            Arguments::None => callback.call0(),
            Arguments::One(one) => callback.call1((one,)),
            Arguments::Two([one, two]) => callback.call1((one, two)),
            Arguments::Three([one, two, three]) => callback.call1((one, two, three)),
            Arguments::Many(many) => callback.call1(many.bind(py)),
        }
    }

    /// Drops it. What is dropped while `py` is known needs not be asked whether it may.
    pub(super) fn release(self, py: Python<'_>) {
        self.callback.drop_ref(py);
        match self.arguments {
            Arguments::None => {}
            Arguments::One(one) => one.drop_ref(py),
            Arguments::Two(two) => two.into_iter().for_each(|object| object.drop_ref(py)),
            Arguments::Three(three) => three.into_iter().for_each(|object| object.drop_ref(py)),
            Arguments::Many(many) => many.drop_ref(py),
        }
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.callback)?;
        match &self.arguments {
            Arguments::None => Ok(()),
            Arguments::One(one) => visit.call(one),
            Arguments::Two(two) => two.iter().try_for_each(|object| visit.call(object)),
            Arguments::Three(three) => three.iter().try_for_each(|object| visit.call(object)),
            Arguments::Many(many) => visit.call(many),
        }
    }
}
