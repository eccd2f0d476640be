//! Heads of answers, as the `h2` crate takes them.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Fields that cannot be sent over HTTP/2, or a message out of its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsendable;

/// The head of an answer, as the crate takes it.
pub(crate) fn response<'f>(
    status: u16,
    fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
) -> Result<http::Response<()>, Unsendable> {
    let mut response = http::Response::new(());
    *response.status_mut() = StatusCode::from_u16(status).map_err(|_| Unsendable)?;
    *response.headers_mut() = fields_of(fields)?;
    Ok(response)
}

/// Fields as the crate takes them, without those that are about the connection (RFC 9113 section
/// 8.2.2).
pub(crate) fn fields_of<'f>(
    fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
) -> Result<HeaderMap, Unsendable> {
    let mut map = HeaderMap::with_capacity(8);
    for (name, value) in fields {
        if is_of_connection(name) {
            continue;
        }
        let name = HeaderName::from_bytes(name).map_err(|_| Unsendable)?;
        let value = HeaderValue::from_bytes(value.trim_ascii()).map_err(|_| Unsendable)?;
        map.try_append(name, value).map_err(|_| Unsendable)?;
    }
    Ok(map)
}

fn is_of_connection(name: &[u8]) -> bool {
    let names: [&[u8]; 6] = [
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"transfer-encoding",
        b"upgrade",
        b"te",
    ];
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}
