//! User, host and port of a URL, one of which is replaced.

use std::net::Ipv6Addr;

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The `netloc` of `url` with what `parts` has of it, which is taken out of there.
pub(super) fn replaced(url: &Bound<'_, PyAny>, parts: &Bound<'_, PyDict>) -> PyResult<String> {
    let mut authority = String::new();
    if let Some(username) = taken(parts, "username", Some(url))? {
        authority += username.str()?.to_str()?;
        if let Some(password) = taken(parts, "password", Some(url))? {
            authority.push(':');
            authority += password.str()?.to_str()?;
        }
        authority.push('@');
    } else {
        taken(parts, "password", None)?;
    }
    if let Some(hostname) = taken(parts, "hostname", None)? {
        push_host(hostname.str()?.to_str()?, &mut authority);
    } else {
        let netloc = url.getattr("netloc")?;
        authority += host_as_written(netloc.extract::<&str>()?);
    }
    if let Some(port) = taken(parts, "port", Some(url))? {
        authority.push(':');
        authority += port.str()?.to_str()?;
    }
    Ok(authority)
}

/// The part `name`, out of `parts` or else of `url`; not the one that is `None`.
fn taken<'py>(
    parts: &Bound<'py, PyDict>,
    name: &str,
    url: Option<&Bound<'py, PyAny>>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let part = match (parts.get_item(name)?, url) {
        (Some(part), _) => {
            parts.del_item(name)?;
            part
        }
        (None, Some(url)) => url.getattr(name)?,
        (None, None) => return Ok(None),
    };
    Ok((!part.is_none()).then_some(part))
}

/// The host in its own case and brackets, which `urllib.parse` drops.
fn host_as_written(netloc: &str) -> &str {
    let host = netloc.rsplit_once('@').map_or(netloc, |(_, host)| host);
    if host.ends_with(']') {
        return host;
    }
    host.rsplit_once(':').map_or(host, |(host, _)| host)
}

fn push_host(host: &str, authority: &mut String) {
    if host.contains(':') && host.parse::<Ipv6Addr>().is_ok() {
        authority.push('[');
        authority.push_str(host);
        authority.push(']');
    } else {
        authority.push_str(host);
    }
}
