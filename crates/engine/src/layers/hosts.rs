//! Which hosts an application answers for (RFC 9110, section 7.2).

use http1::RequestHead;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

/// The hosts that `TrustedHostMiddleware` lets pass, in lower case.
pub(super) struct Hosts {
    listed: Vec<String>,
    /// `.example.com` for every host under that domain.
    domains: Vec<String>,
}

impl Hosts {
    pub(super) fn read(about: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let (listed, domains) = about.extract()?;
        Ok(Self { listed, domains })
    }

    pub(super) fn admit(&self, head: &RequestHead) -> bool {
        let field = head.header(b"host").filter(|field| field.is_ascii());
        field.and_then(params::host).is_some_and(|host| {
            let name = host.name.to_ascii_lowercase();
            let is_below = |domain: &String| name.ends_with(domain.as_str());
            self.listed.contains(&name) || self.domains.iter().any(is_below)
        })
    }
}
