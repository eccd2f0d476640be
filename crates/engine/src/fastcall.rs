//! Methods that are called so often that the way into them counts.
//!
//! A `#[pymethods]` entry makes a tuple of `*args`, looks named arguments up in lists of names and
//! checks again what the interpreter has checked. A [`Method`] gets its arguments as the interpreter has them.
//! [`install`] puts it into its class, [`bind`] makes a function of it that has its object already.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::{ptr, slice};

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyTupleMethods, PyType};
use pyo3::{PyTypeInfo, ffi, intern};

/// A method that is entered without detours.
pub(crate) trait Method {
    /// The class that has it.
    type Class: PyTypeInfo;
    /// Its name.
    const NAME: &'static CStr;
    /// Its signature as `inspect` reads it, and what it does.
    const DOC: &'static CStr;

    /// What it does.
    fn call<'py>(
        slf: &Bound<'py, Self::Class>,
        given: Given<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>>;
}

/// The arguments of one call.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a, 'py> {
    pub(crate) positional: &'a [Bound<'py, PyAny>],
    /// The names of the named ones.
    names: Option<&'a Bound<'py, PyTuple>>,
    named: &'a [Bound<'py, PyAny>],
}

/// Arguments of a function `(*required, *rest, context=None)`.
pub(crate) struct Parsed<'a, 'py, const N: usize> {
    pub(crate) required: [&'a Bound<'py, PyAny>; N],
    pub(crate) rest: &'a [Bound<'py, PyAny>],
    pub(crate) context: Option<&'a Bound<'py, PyAny>>,
}

impl<'a, 'py> Given<'a, 'py> {
    /// Sorts the arguments of `function`, whose required ones are called `names`.
    ///
    /// # Errors
    /// `TypeError` as of any function that is called wrongly.
    pub(crate) fn parse<const N: usize>(
        self,
        py: Python<'py>,
        function: &CStr,
        required: [&str; N],
    ) -> PyResult<Parsed<'a, 'py, N>> {
        if let Some((first, rest)) = self.positional.split_first_chunk::<N>()
            && let Some(context) = self.context_alone(py)
        {
            return Ok(Parsed {
                required: first.each_ref(),
                rest,
                context,
            });
        }
        self.parse_slowly(function, required)
    }

    /// For functions without arguments.
    pub(crate) fn expect_none(&self, function: &CStr) -> PyResult<()> {
        if self.positional.is_empty() && self.named.is_empty() {
            return Ok(());
        }
        let function = function.to_string_lossy();
        let count = self.positional.len() + self.named.len();
        let text = format!("{function}() takes no arguments ({count} given)");
        Err(PyTypeError::new_err(text))
    }

    /// The argument of a function that has one, which is called `name`.
    ///
    /// # Errors
    /// `TypeError` as of any function that is called wrongly.
    pub(crate) fn one(self, function: &CStr, name: &str) -> PyResult<&'a Bound<'py, PyAny>> {
        if let ([one], []) = (self.positional, self.named) {
            return Ok(one);
        }
        self.one_slowly(function, name)
    }

    #[cold]
    fn one_slowly(self, function: &CStr, name: &str) -> PyResult<&'a Bound<'py, PyAny>> {
        let parsed = self.parse_slowly(function, [name])?;
        let wrong = match (parsed.rest.len(), parsed.context) {
            (0, None) => {
                let [one] = parsed.required;
                return Ok(one);
            }
            (0, Some(_)) => "got an unexpected keyword argument 'context'".to_owned(),
            (more, _) => format!("takes 1 positional argument but {} were given", more + 1),
        };
        let function = function.to_string_lossy();
        Err(PyTypeError::new_err(format!("{function}() {wrong}")))
    }

    /// The arguments of `function(required, **options)`.
    pub(crate) fn one_and_options(
        self,
        py: Python<'py>,
        function: &CStr,
        required: &str,
    ) -> PyResult<(&'a Bound<'py, PyAny>, Option<Bound<'py, PyDict>>)> {
        if let ([one], []) = (self.positional, self.named) {
            return Ok((one, None));
        }
        let mut found = self.positional.first();
        let options = PyDict::new(py);
        let names = self.names.map_or(&[][..], |names| names.as_slice());
        for (name, value) in names.iter().zip(self.named) {
            if found.is_none() && name.eq(required)? {
                found = Some(value);
            } else {
                options.set_item(name, value)?;
            }
        }
        let wrong = match found {
            Some(one) if self.positional.len() <= 1 => return Ok((one, Some(options))),
            Some(_) => format!(
                "takes 1 positional argument but {} were given",
                self.positional.len()
            ),
            None => missing(&[required], &[found]),
        };
        let function = function.to_string_lossy();
        Err(PyTypeError::new_err(format!("{function}() {wrong}")))
    }

    /// The context, if nothing else was named; `None` if something was.
    #[expect(
        clippy::option_option,
        reason = "the outer one says whether the inner one is all"
    )]
    fn context_alone(&self, py: Python<'py>) -> Option<Option<&'a Bound<'py, PyAny>>> {
        let Some(names) = self.names else {
            return Some(None);
        };
        match (names.as_slice(), self.named) {
            ([name], [value]) if is_context(py, name) => Some(Some(value)),
            _ => None,
        }
    }

    #[cold]
    fn parse_slowly<const N: usize>(
        self,
        function: &CStr,
        required: [&str; N],
    ) -> PyResult<Parsed<'a, 'py, N>> {
        let function = function.to_string_lossy();
        let mut found: [Option<&'a Bound<'py, PyAny>>; N] = [None; N];
        for (slot, value) in found.iter_mut().zip(self.positional) {
            *slot = Some(value);
        }
        let mut context = None;
        let names = self.names.map_or(&[][..], |names| names.as_slice());
        for (name, value) in names.iter().zip(self.named) {
            let name = name.cast::<PyString>()?.to_str()?;
            let place = required.iter().position(|known| *known == name);
            let slot = match place.and_then(|place| found.get_mut(place)) {
                Some(slot) => slot,
                None if name == "context" => &mut context,
                None => {
                    let text = format!("{function}() got an unexpected keyword argument '{name}'");
                    return Err(PyTypeError::new_err(text));
                }
            };
            if slot.replace(value).is_some() {
                let text = format!("{function}() got multiple values for argument '{name}'");
                return Err(PyTypeError::new_err(text));
            }
        }
        let missing = missing(&required, &found);
        let values: Vec<_> = found.into_iter().flatten().collect();
        let Ok(required) = <[_; N]>::try_from(values) else {
            return Err(PyTypeError::new_err(format!("{function}() {missing}")));
        };
        Ok(Parsed {
            required,
            rest: self.positional.get(N..).unwrap_or_default(),
            context,
        })
    }
}

/// Whether an argument is called `context`. asyncio's own tasks give a string of that name which
/// is not interned, so its address does not tell.
fn is_context(py: Python<'_>, name: &Bound<'_, PyAny>) -> bool {
    name.is(intern!(py, "context"))
        || (name.cast::<PyString>())
            .is_ok_and(|name| name.to_str().is_ok_and(|name| name == "context"))
}

/// What the interpreter says of arguments that were not given.
fn missing<T>(names: &[&str], found: &[Option<T>]) -> String {
    let missing: Vec<_> = (names.iter().zip(found))
        .filter(|(_, value)| value.is_none())
        .map(|(name, _)| format!("'{name}'"))
        .collect();
    let plural = if missing.len() == 1 { "" } else { "s" };
    let (count, list) = (missing.len(), missing.join(" and "));
    format!("missing {count} required positional argument{plural}: {list}")
}

/// What the interpreter is told of a method.
struct Definition<M>(PhantomData<M>);

impl<M: Method> Definition<M> {
    /// Never freed, because descriptors point to it.
    const VALUE: &'static ffi::PyMethodDef = &ffi::PyMethodDef {
        ml_name: M::NAME.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionFastWithKeywords: enter::<M>,
        },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: M::DOC.as_ptr(),
    };
}

/// Puts a method into `class`, which is `M::Class` or derives from it, unless something between the
/// two overrides it.
///
/// # Errors
/// `TypeError` for any other class.
pub(crate) fn install<M: Method>(class: &Bound<'_, PyType>) -> PyResult<()> {
    let py = class.py();
    let base = py.get_type::<M::Class>();
    if !class.is_subclass(&base)? {
        let text = format!("{class} does not derive from {base}");
        return Err(PyTypeError::new_err(text));
    }
    let name = PyString::new(py, &M::NAME.to_string_lossy());
    if !class.is(&base) && !class.getattr(&name)?.is(&base.getattr(&name)?) {
        return Ok(());
    }
    let definition = ptr::from_ref(Definition::<M>::VALUE).cast_mut();
    // SAFETY: attached; the class is alive and all its instances are such of `M::Class`. The
    // definition lives for ever, nobody writes to it, and its function has the type that its flags
    // promise. The result is a new reference, or null with an exception.
    let method = unsafe {
        let method = ffi::PyDescr_NewMethod(class.as_type_ptr(), definition);
        Bound::from_owned_ptr_or_err(py, method)?
    };
    class.setattr(name, method)
}

/// The method of one object, as a function that holds it.
pub(crate) fn bind<'py, M: Method>(object: &Bound<'py, M::Class>) -> PyResult<Bound<'py, PyAny>> {
    let definition = ptr::from_ref(Definition::<M>::VALUE).cast_mut();
    // SAFETY: attached; the function keeps the object, which is of the class that the definition is
    // for. That lives for ever, and nobody writes to it. A new reference, or null with an exception.
    unsafe {
        let function = ffi::PyCFunction_NewEx(definition, object.as_ptr(), ptr::null_mut());
        Bound::from_owned_ptr_or_err(object.py(), function)
    }
}

/// The object of a function that [`bind`] made of this method, if it is such a function.
pub(crate) fn bound_to<'py, M: Method>(
    function: &Bound<'py, PyAny>,
) -> Option<Bound<'py, M::Class>> {
    if function.get_type_ptr() != &raw mut ffi::PyCFunction_Type {
        return None;
    }
    // SAFETY: a live object whose type is the very one of this layout; its definition and the name in it
    // live as long as it does. What it is bound to does so too, and is null for nothing.
    let (name, object) = unsafe {
        let function_object = function.as_ptr().cast::<ffi::PyCFunctionObject>();
        let name = CStr::from_ptr((*(*function_object).m_ml).ml_name);
        let object = (*function_object).m_self;
        (name, Bound::from_borrowed_ptr_or_opt(function.py(), object))
    };
    object.filter(|_| name == M::NAME)?.cast_into().ok()
}

/// What the interpreter calls.
///
/// # Safety
/// As the interpreter calls a method of `M::Class` with `METH_FASTCALL | METH_KEYWORDS`: it is
/// attached, `slf` is an instance, `args` points to `nargs` arguments and as many more as `kwnames`
/// has names, and everything stays alive during the call.
unsafe extern "C" fn enter<M: Method>(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the caller is attached. (The cheap way: whoever calls here is the interpreter, and
    // nothing below drops a `Py` without the token.)
    let py = unsafe { Python::assume_attached() };
    guard(py, M::NAME, || {
        // SAFETY: `Bound` is a pointer to an object by its representation. These pointers are
        // borrowed, so they are only looked at through references, for the length of the call;
        // whoever has the function made sure that `slf` is an instance of the class.
        let (slf, given) = unsafe {
            let slf = &*(&raw const slf).cast::<Bound<'_, M::Class>>();
            (slf, given(args, nargs, &kwnames))
        };
        M::call(slf, given).map(Bound::into_ptr)
    })
}

/// Runs what the interpreter called `name` for, and returns what it is to get: null for an error, which
/// is set then, and for a panic, which goes no further.
pub(crate) fn guard(
    py: Python<'_>,
    name: &CStr,
    run: impl FnOnce() -> PyResult<*mut ffi::PyObject>,
) -> *mut ffi::PyObject {
    let run = AssertUnwindSafe(|| {
        run().unwrap_or_else(|error| {
            error.restore(py);
            ptr::null_mut()
        })
    });
    catch_unwind(run).unwrap_or_else(|_| {
        let text = format!("{}() panicked", name.to_string_lossy());
        PyRuntimeError::new_err(text).restore(py);
        ptr::null_mut()
    })
}

/// The arguments of a call as slices.
///
/// # Safety
/// As [`enter`].
unsafe fn given<'a, 'py>(
    args: *const *mut ffi::PyObject,
    nargs: ffi::Py_ssize_t,
    kwnames: &'a *mut ffi::PyObject,
) -> Given<'a, 'py> {
    let nargs = usize::try_from(nargs).unwrap_or(0);
    if args.is_null() {
        return Given {
            positional: &[],
            names: None,
            named: &[],
        };
    }
    // SAFETY: the caller's promise; a tuple of names is a tuple, and `Bound` is a pointer.
    unsafe {
        let args = args.cast::<Bound<'py, PyAny>>();
        let names =
            (!kwnames.is_null()).then(|| &*(&raw const *kwnames).cast::<Bound<'py, PyTuple>>());
        Given {
            positional: slice::from_raw_parts(args, nargs),
            named: slice::from_raw_parts(args.add(nargs), names.map_or(0, PyTupleMethods::len)),
            names,
        }
    }
}
