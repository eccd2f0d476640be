//! Headers that requests have in common.

use std::cell::RefCell;

use http1::RequestHead;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

/// How many headers are remembered: a power of two.
const PLACES: usize = 64;
/// The longest value that is remembered, in bytes.
const LONGEST: usize = 256;

/// The last headers seen, as pairs of bytes, which cannot be changed and so may be shared.
///
/// Clients say the same of themselves again and again. What tells one from the other is not
/// remembered, least of all what it proves itself by.
#[derive(Default)]
pub(super) struct Pairs {
    /// Found by [`place_of`]; none before the first header that is worth remembering.
    places: RefCell<Vec<Option<Known>>>,
}

struct Known {
    name: Py<PyBytes>,
    value: Py<PyBytes>,
    pair: Py<PyTuple>,
}

impl Known {
    fn is(&self, py: Python<'_>, name: &[u8], value: &[u8]) -> bool {
        self.value.as_bytes(py) == value && self.name.as_bytes(py) == name
    }
}

impl Pairs {
    /// The value of `headers` in a scope.
    pub(super) fn list<'py>(
        &self,
        py: Python<'py>,
        head: &RequestHead,
    ) -> PyResult<Bound<'py, PyList>> {
        let pair = |(name, value)| Pair {
            pairs: self,
            name,
            value,
        };
        PyList::new(py, head.headers().map(pair))
    }

    /// Whether `list` has the very pairs for all headers of `head`.
    pub(super) fn are_in(&self, list: &Bound<'_, PyList>, head: &RequestHead) -> bool {
        let places = self.places.borrow();
        let py = list.py();
        let is_known = |index, (name, value): (&[u8], &[u8])| {
            let known = places.get(place_of(name, value)).and_then(Option::as_ref);
            known.is_some_and(|known| {
                known.is(py, name, value)
                    && list.get_item(index).is_ok_and(|pair| pair.is(&known.pair))
            })
        };
        list.len() == head.headers().len()
            && head
                .headers()
                .enumerate()
                .all(|(index, header)| is_known(index, header))
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // In use means that somebody is here, so it is no garbage.
        self.places.try_borrow().map_or(Ok(()), |places| {
            let known = places.iter().flatten();
            known
                .into_iter()
                .try_for_each(|known| visit.call(&known.pair))
        })
    }
}

/// A header on its way into a scope.
struct Pair<'a, 'h> {
    pairs: &'a Pairs,
    name: &'h [u8],
    value: &'h [u8],
}

impl<'py> IntoPyObject<'py> for Pair<'_, '_> {
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let Self { pairs, name, value } = self;
        let new = || [PyBytes::new(py, name), PyBytes::new(py, value)];
        if !is_worth_it(name, value) {
            return PyTuple::new(py, new());
        }
        let mut places = pairs.places.borrow_mut();
        if places.is_empty() {
            places.resize_with(PLACES, || None);
        }
        let Some(place) = places.get_mut(place_of(name, value)) else {
            return PyTuple::new(py, new());
        };
        if let Some(known) = place
            && known.is(py, name, value)
        {
            return Ok(known.pair.bind(py).clone());
        }
        let [name, value] = new();
        let pair = PyTuple::new(py, [&name, &value])?;
        // Bytes run nothing when they go.
        *place = Some(Known {
            name: name.unbind(),
            value: value.unbind(),
            pair: pair.clone().unbind(),
        });
        Ok(pair)
    }
}

/// Whether a header is remembered.
pub(super) fn is_worth_it(name: &[u8], value: &[u8]) -> bool {
    value.len() <= LONGEST && is_common(name)
}

/// Whether many clients send this header, and with few different values.
fn is_common(name: &[u8]) -> bool {
    matches!(
        name,
        b"host"
            | b"user-agent"
            | b"accept"
            | b"accept-encoding"
            | b"accept-language"
            | b"connection"
            | b"content-type"
            | b"cache-control"
            | b"pragma"
            | b"origin"
            | b"dnt"
            | b"priority"
            | b"sec-ch-ua"
            | b"sec-ch-ua-mobile"
            | b"sec-ch-ua-platform"
            | b"sec-fetch-dest"
            | b"sec-fetch-mode"
            | b"sec-fetch-site"
            | b"sec-fetch-user"
            | b"upgrade-insecure-requests"
            | b"x-forwarded-host"
            | b"x-forwarded-port"
            | b"x-forwarded-proto"
            | b"x-requested-with"
    )
}

/// Where a header is remembered, if it is.
fn place_of(name: &[u8], value: &[u8]) -> usize {
    let ends = match (value.first_chunk(), value.last_chunk()) {
        (Some(first), Some(last)) => {
            u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29)
        }
        _ => value
            .iter()
            .fold(0, |ends, byte| ends << 8 | u64::from(*byte)),
    };
    let lengths = (name.len() as u64) << 32 ^ value.len() as u64;
    // Fibonacci hashing: the uppermost bits depend on all others.
    let hash = (ends ^ lengths).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58;
    usize::try_from(hash).unwrap_or_default() % PLACES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_within_bounds_and_differ() {
        let values = [
            &b""[..],
            b"*/*",
            b"127.0.0.1:80",
            b"127.0.0.1:81",
            &[b'a'; LONGEST],
        ];
        let places = values.map(|value| place_of(b"host", value));
        assert!(places.iter().all(|place| *place < PLACES));
        assert!(places.iter().any(|place| *place != places[0]));
    }

    #[test]
    fn what_a_client_proves_itself_by_is_not_remembered() {
        for name in [
            &b"authorization"[..],
            b"cookie",
            b"proxy-authorization",
            b"x-api-key",
        ] {
            assert!(!is_common(name));
        }
        assert!(is_common(b"host"));
    }
}
