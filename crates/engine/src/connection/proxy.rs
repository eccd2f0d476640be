//! Proxies in front: who is believed, and what that one says of a connection or a request.

use std::io;
use std::mem::MaybeUninit;

use bytes::BytesMut;
use http1::RequestHead;
use proxy::preface::{self, LIMIT, Preface};
use proxy::{Believed, Malformed, Scheme, Told, Trust};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use reactor::Readiness;
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::Connection;
use super::state::State;

/// Whose word is taken, and for what.
#[derive(Clone)]
pub(super) struct Proxies {
    pub(super) trust: Trust,
    pub(super) believed: Believed,
    /// Connections of trusted peers begin with the PROXY protocol.
    pub(super) preface: bool,
}

/// The proxies in front of a server, as Python names them.
#[pyclass(frozen, module = "jebi._engine")]
pub(crate) struct ProxySettings {
    pub(super) proxies: Proxies,
}

#[pymethods]
impl ProxySettings {
    /// Reads settings; `ValueError` says what is wrong with them.
    ///
    /// `trusted` are addresses, networks, `unix`, `*` alone, or names of hops. Of what they say of a
    /// request, `fields` are believed: `for`, `proto`, `host`, `port` and `prefix` of `X-Forwarded-*`,
    /// or `forwarded` alone. With `proxy_protocol`, each connection of theirs has to begin with that.
    #[new]
    #[pyo3(signature = (trusted, fields, *, proxy_protocol = false))]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "arguments that Python passes"
    )]
    fn new(trusted: Vec<String>, fields: Vec<String>, proxy_protocol: bool) -> PyResult<Self> {
        let trust = Trust::parse(trusted.iter().map(String::as_str))
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        let believed = Believed::parse(fields.iter().map(String::as_str))
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self {
            proxies: Proxies {
                trust,
                believed,
                preface: proxy_protocol,
            },
        })
    }
}

/// What a connection begins with that is read before anything else.
#[derive(Default)]
pub(super) struct Prologue {
    read: Vec<u8>,
}

impl Connection {
    /// What the proxy says of this request; nothing if the peer is no trusted one.
    pub(super) fn told<'h>(&self, head: &'h RequestHead) -> Result<Told<'h>, Malformed> {
        match &self.shared.options.proxies {
            Some(proxies) if self.peer.is_trusted() => {
                proxies.believed.read(&proxies.trust, head.headers())
            }
            _ => Ok(Told::default()),
        }
    }

    /// Makes a request what its client meant. Most of what a trusted proxy says is looked up where it
    /// is asked for; this is what everybody has to see.
    pub(super) fn hear_proxy(&self, head: &mut RequestHead) -> Result<(), Malformed> {
        let proxies = self.shared.options.proxies.as_ref();
        if !proxies.is_some_and(|proxies| proxies.believed.is_eager()) {
            return Ok(());
        }
        let told = self.told(head)?;
        if let Some(readdressed) = told.host.and_then(|host| head.readdressed(host)) {
            *head = readdressed;
        }
        Ok(())
    }

    /// Whether the client spoke TLS, with us or with a proxy; `None` if only the socket can tell.
    pub(super) fn told_scheme(&self, told: &Told<'_>) -> Option<Scheme> {
        told.scheme
            .or_else(|| self.peer.spoke_tls().then_some(Scheme::Https))
    }

    /// Whether the client of this request speaks TLS. No, where a proxy says something that cannot be read.
    pub(super) fn is_secure(&self, head: &RequestHead) -> bool {
        let spoken = self.told(head).map(|told| self.told_scheme(&told));
        match spoken {
            Ok(Some(scheme)) => scheme == Scheme::Https,
            Ok(None) => self.shared.options.tls.is_some(),
            Err(_) => false,
        }
    }

    /// Reads what arrived of the PROXY protocol's header. What follows it is input. An error closes
    /// the connection: there is nobody to whom an answer would make sense.
    pub(super) fn receive_prologue(
        &self,
        py: Python<'_>,
        state: &mut State,
        readiness: Readiness,
    ) -> io::Result<()> {
        if !readiness.is_readable() {
            return Ok(());
        }
        let State {
            prologue: Some(prologue),
            socket: Some(socket),
            ..
        } = state
        else {
            return Ok(());
        };
        let mut scratch = [MaybeUninit::<u8>::uninit(); LIMIT];
        match recv(socket, scratch.as_mut_slice(), RecvFlags::empty()) {
            Ok((_, 0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(((arrived, _), _)) => prologue.read.extend_from_slice(arrived),
            Err(Errno::AGAIN | Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        match preface::decode(&prologue.read) {
            Ok(None) => Ok(()),
            Ok(Some((preface, length))) => {
                if let Preface::Proxied(ends) = preface {
                    self.peer
                        .stand_for(ends, self.shared.options.proxies.as_ref());
                }
                let input = prologue.read.split_off(length);
                state.prologue = None;
                state.take_in(input)
            }
            Err(violation) => {
                let text = format!("A proxy was hung up on: {violation}");
                self.shared.logs.warning(py, &text);
                Err(io::ErrorKind::InvalidData.into())
            }
        }
    }
}

impl State {
    /// Takes what was read together with the prologue.
    fn take_in(&mut self, input: Vec<u8>) -> io::Result<()> {
        if input.is_empty() {
            return Ok(());
        }
        self.received = self.received.wrapping_add(input.len() as u64);
        match &mut self.output.seal {
            None => self.input = BytesMut::from(bytes::Bytes::from(input)),
            Some(seal) => self.eof |= seal.open(&input, &mut self.input)?,
        }
        Ok(())
    }
}
