//! The four forms of a request target.

use super::error::{BadRequest, Fault};
use super::host;
use super::spans::Span;

/// How a request target is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetForm {
    /// `/path?query`: what clients send to a server.
    Origin,
    /// `http://host/path?query`: what clients send to a proxy.
    Absolute,
    /// `host:port`, with CONNECT only.
    Authority,
    /// `*`, with OPTIONS only.
    Asterisk,
}

/// The parts of a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    pub(crate) form: TargetForm,
    /// `None` stands for the `/` that an absolute form may leave out.
    pub(crate) path: Option<Span>,
    pub(crate) query: Span,
    pub(crate) authority: Option<Span>,
}

impl Target {
    /// Takes apart the target that stands at `start..end` in `bytes`.
    #[inline]
    pub(crate) fn parse(
        method: &[u8],
        bytes: &[u8],
        start: usize,
        end: usize,
    ) -> Result<Self, BadRequest> {
        let target = bytes.get(start..end).unwrap_or_default();
        let connect = method == b"CONNECT";
        match target {
            [b'/', ..] if !connect => Ok(Self::with_path(TargetForm::Origin, target, start)),
            b"*" if method == b"OPTIONS" => Ok(Self {
                form: TargetForm::Asterisk,
                path: Some(Span::new(start..end)),
                query: Span::default(),
                authority: None,
            }),
            _ if connect => Self::parse_authority(target, start, end),
            _ => Self::parse_absolute(target, start, end),
        }
    }

    fn parse_authority(target: &[u8], start: usize, end: usize) -> Result<Self, BadRequest> {
        if !host::is_authority_with_port(target) {
            return Err(Fault::Authority.into());
        }
        Ok(Self {
            form: TargetForm::Authority,
            path: Some(Span::default()),
            query: Span::default(),
            authority: Some(Span::new(start..end)),
        })
    }

    fn parse_absolute(target: &[u8], start: usize, end: usize) -> Result<Self, BadRequest> {
        let scheme = scheme_length(target).ok_or(Fault::TargetForm)?;
        let rest = target.get(scheme..).unwrap_or_default();
        let authority = memchr::memchr2(b'/', b'?', rest).unwrap_or(rest.len());
        let (name, path_and_query) = rest.split_at(authority);
        if !host::is_authority(name) {
            return Err(Fault::Authority.into());
        }
        let path_start = end - path_and_query.len();
        let mut parts = Self::with_path(TargetForm::Absolute, path_and_query, path_start);
        parts.authority = Some(Span::new(start + scheme..path_start));
        Ok(parts)
    }

    /// `text` is the path, perhaps empty, and the query; it stands at `start`.
    #[inline]
    fn with_path(form: TargetForm, text: &[u8], start: usize) -> Self {
        let end = start + text.len();
        let (path, query) = match memchr::memchr(b'?', text) {
            Some(at) => (start..start + at, start + at + 1..end),
            None => (start..end, end..end),
        };
        Self {
            form,
            path: (!path.is_empty()).then(|| Span::new(path)),
            query: Span::new(query),
            authority: None,
        }
    }
}

/// Length of `http://` or `https://` at the front.
fn scheme_length(target: &[u8]) -> Option<usize> {
    let schemes: [&[u8]; 2] = [b"http://", b"https://"];
    schemes
        .into_iter()
        .map(|scheme| (scheme, scheme.len()))
        .find_map(|(scheme, length)| {
            target
                .get(..length)?
                .eq_ignore_ascii_case(scheme)
                .then_some(length)
        })
}
