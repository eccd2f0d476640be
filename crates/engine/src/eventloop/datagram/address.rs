//! Addresses in Python's form and in the kernel's.

use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix};

use crate::eventloop::os_error;

/// The families whose addresses are translated here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    Inet,
    Inet6,
    Unix,
    /// Any other: Python's socket has to translate.
    Other,
}

/// One address in both forms.
pub(super) struct Peer {
    pub(super) native: SocketAddrAny,
    pub(super) python: Py<PyAny>,
}

/// Where a datagram goes.
pub(super) enum Destination {
    /// To whom the socket is connected.
    Connected,
    Native(SocketAddrAny),
    /// An address of another family.
    Python(Py<PyAny>),
}

impl Family {
    /// The family that `socket.AF_*` numbers so.
    pub(super) fn from_number(number: u16) -> Self {
        match AddressFamily::from_raw(number) {
            AddressFamily::INET => Self::Inet,
            AddressFamily::INET6 => Self::Inet6,
            AddressFamily::UNIX => Self::Unix,
            _ => Self::Other,
        }
    }
}

/// An address as `socket.recvfrom` hands it out.
pub(super) fn to_python<'py>(
    py: Python<'py>,
    address: &SocketAddrAny,
) -> PyResult<Bound<'py, PyAny>> {
    match address.address_family() {
        AddressFamily::INET => {
            let address = SocketAddrV4::try_from(address.clone()).map_err(os_error)?;
            let parts = (address.ip().to_string(), address.port());
            Ok(parts.into_pyobject(py)?.into_any())
        }
        AddressFamily::INET6 => {
            let address = SocketAddrV6::try_from(address.clone()).map_err(os_error)?;
            let (flow, scope) = (address.flowinfo(), address.scope_id());
            let parts = (spell_v6(address.ip()), address.port(), flow, scope);
            Ok(parts.into_pyobject(py)?.into_any())
        }
        AddressFamily::UNIX => unix_to_python(py, address),
        _ => Ok(py.None().into_bound(py)),
    }
}

/// What a Python address says to a socket of `family`, which is not [`Family::Other`].
///
/// Nothing is looked up, for that would hold up the loop.
///
/// # Errors
/// `ValueError` for a host that is no number of the family, `TypeError` and `OverflowError` for
/// what cannot be an address at all, `OSError` for a path that is too long.
pub(super) fn from_python(
    family: Family,
    address: &Bound<'_, PyAny>,
    fd: BorrowedFd<'_>,
) -> PyResult<SocketAddrAny> {
    match family {
        Family::Inet => Ok(v4_from_python(address)?.into()),
        Family::Inet6 => Ok(v6_from_python(address, fd)?.into()),
        Family::Unix => Ok(unix_from_python(address)?.into()),
        Family::Other => Err(PyTypeError::new_err("unknown address family")),
    }
}

fn v4_from_python(address: &Bound<'_, PyAny>) -> PyResult<SocketAddrV4> {
    let parts = parts_of(address, "AF_INET", "a pair (host, port)", 2..=2)?;
    let ip = match &*host_of(&parts)? {
        "" => Ipv4Addr::UNSPECIFIED,
        "<broadcast>" => Ipv4Addr::BROADCAST,
        host => host.parse().map_err(|_| unresolved(address))?,
    };
    Ok(SocketAddrV4::new(ip, port_of(&parts)?))
}

fn v6_from_python(address: &Bound<'_, PyAny>, fd: BorrowedFd<'_>) -> PyResult<SocketAddrV6> {
    let shape = "a tuple (host, port[, flowinfo[, scopeid]])";
    let parts = parts_of(address, "AF_INET6", shape, 2..=4)?;
    let host = host_of(&parts)?;
    let (host, zone) = match host.split_once('%') {
        Some((host, zone)) => (host, Some(zone)),
        None => (&*host, None),
    };
    let ip = match host {
        "" => Ipv6Addr::UNSPECIFIED,
        host => host.parse().map_err(|_| unresolved(address))?,
    };
    let flow: u32 = number_at(&parts, 2)?;
    if flow >> 20 != 0 {
        return Err(PyOverflowError::new_err("flowinfo must be 0-1048575."));
    }
    let scope = match (zone, number_at(&parts, 3)?) {
        (Some(zone), 0) => match zone.parse() {
            Ok(number) => number,
            Err(_) => name_to_index(fd, zone).map_err(|_| unresolved(address))?,
        },
        (_, scope) => scope,
    };
    Ok(SocketAddrV6::new(ip, port_of(&parts)?, flow, scope))
}

fn unix_from_python(address: &Bound<'_, PyAny>) -> PyResult<SocketAddrUnix> {
    let path = if let Ok(bytes) = address.cast::<PyBytes>() {
        bytes.as_bytes().to_vec()
    } else if address.is_instance_of::<PyString>() {
        address.extract::<OsString>()?.into_vec()
    } else {
        let kind = address.get_type().name()?;
        let text = format!("AF_UNIX address must be str or bytes, not {kind}");
        return Err(PyTypeError::new_err(text));
    };
    let made = match path.as_slice() {
        [] => Ok(SocketAddrUnix::new_unnamed()),
        [0, name @ ..] => SocketAddrUnix::new_abstract_name(name),
        path => SocketAddrUnix::new(path),
    };
    made.map_err(os_error)
}

fn unix_to_python<'py>(py: Python<'py>, address: &SocketAddrAny) -> PyResult<Bound<'py, PyAny>> {
    // Not by `SocketAddrUnix`, which takes paths for granted that end with a NUL; Linux also
    // delivers a path that fills the whole field.
    let length = address.addr_len().min(MOST) as usize;
    // SAFETY: the first `addr_len` bytes of an address are initialised, and it owns `MOST` bytes.
    let raw = unsafe { std::slice::from_raw_parts(address.as_ptr().cast::<u8>(), length) };
    let path = raw.get(size_of::<u16>()..).unwrap_or_default();
    if path.first() == Some(&0) {
        return Ok(PyBytes::new(py, path).into_any());
    }
    let path = path.split(|&byte| byte == 0).next().unwrap_or_default();
    Ok(OsStr::from_bytes(path).into_pyobject(py)?.into_any())
}

/// The size of the kernel's largest address, `sockaddr_storage`.
const MOST: u32 = 128;

/// The address in the C library's spelling, which differs for IPv4-compatible ones.
fn spell_v6(ip: &Ipv6Addr) -> String {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            format!("::{a}.{b}.{c}.{d}")
        }
        _ => ip.to_string(),
    }
}

fn parts_of<'py>(
    address: &Bound<'py, PyAny>,
    family: &str,
    shape: &str,
    lengths: std::ops::RangeInclusive<usize>,
) -> PyResult<Bound<'py, PyTuple>> {
    let Ok(parts) = address.cast::<PyTuple>() else {
        let kind = address.get_type().name()?;
        let text = format!("{family} address must be tuple, not {kind}");
        return Err(PyTypeError::new_err(text));
    };
    if !lengths.contains(&parts.len()) {
        let text = format!("{family} address must be {shape}");
        return Err(PyTypeError::new_err(text));
    }
    Ok(parts.clone())
}

fn host_of(parts: &Bound<'_, PyTuple>) -> PyResult<String> {
    let host = parts.get_borrowed_item(0)?;
    if let Ok(bytes) = host.cast::<PyBytes>() {
        return Ok(String::from_utf8_lossy(bytes.as_bytes()).into_owned());
    }
    host.extract()
}

fn port_of(parts: &Bound<'_, PyTuple>) -> PyResult<u16> {
    let port = parts.get_borrowed_item(1)?;
    match port.extract::<i64>() {
        Ok(number) => u16::try_from(number).map_err(|_| port_out_of_range()),
        Err(error) if error.is_instance_of::<PyOverflowError>(parts.py()) => {
            Err(port_out_of_range())
        }
        Err(error) => Err(error),
    }
}

fn port_out_of_range() -> PyErr {
    PyOverflowError::new_err("port must be 0-65535.")
}

fn number_at(parts: &Bound<'_, PyTuple>, place: usize) -> PyResult<u32> {
    parts
        .get_borrowed_item(place)
        .map_or(Ok(0), pyo3::Borrowed::extract)
}

fn unresolved(address: &Bound<'_, PyAny>) -> PyErr {
    match address.repr() {
        Ok(text) => PyValueError::new_err(format!(
            "{text}: socket family mismatch or a DNS lookup is required"
        )),
        Err(error) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::spell_v6;

    #[test]
    fn addresses_are_spelt_as_inet_ntop_does() {
        for spelling in [
            "::",
            "::1",
            "::ffff",
            "::1.2.3.4",
            "::ffff:1.2.3.4",
            "1:0:0:2::3",
            "1:2:3:4:5:6:0:8",
            "fe80::1",
        ] {
            let address = spelling.parse().expect("an address");
            assert_eq!(spell_v6(&address), spelling);
        }
    }
}
