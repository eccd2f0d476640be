//! The table of what the loop watches.

use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};
use reactor::{Interest, Poller, Registry, Token};
use rustix::io::Errno;

use super::handle::Handle;
use super::holders::{Holders, Spot};
use super::source::Source;

/// What could not be watched, and what has to be dropped outside of the table.
pub(super) type Refused = (io::Error, Option<Py<Handle>>, Option<Watch>);

/// Who is told.
pub(super) enum Target {
    Native(Arc<dyn Source>),
    Handles {
        /// What was watched, if it was not given by its number: it may be closed before it is
        /// removed, and then only its identity is left.
        object: Option<Py<PyAny>>,
        reader: Option<Py<Handle>>,
        writer: Option<Py<Handle>>,
    },
}

/// One watched descriptor. Its owner keeps it open until it has deregistered.
pub(super) struct Watch {
    pub(super) spot: Spot,
    pub(super) target: Target,
}

/// Every watched descriptor.
#[derive(Default)]
pub(super) struct Watches {
    pub(super) registry: Registry<Watch>,
    pub(super) holders: Holders,
    /// Those of `add_reader` and `add_writer`.
    pub(super) by_fd: HashMap<RawFd, Token>,
    /// Transports that are not closing; nobody else may watch their descriptors.
    pub(super) transports: HashMap<RawFd, Py<PyAny>>,
}

impl Target {
    /// Notes the object that was given instead of a number, and hands out the one before.
    pub(super) fn set_object(&mut self, given: Option<Py<PyAny>>) -> Option<Py<PyAny>> {
        match self {
            Self::Handles { object, .. } if given.is_some() => std::mem::replace(object, given),
            Self::Handles { .. } | Self::Native(_) => given,
        }
    }
}

impl Watch {
    pub(super) fn new(fd: RawFd, target: Target) -> Self {
        let interest = Interest::NONE;
        Self {
            spot: Spot { fd, interest },
            target,
        }
    }
}

impl Watches {
    /// Has another poller watch everything.
    pub(super) fn move_to(&mut self, poller: &Poller) {
        for (token, watch) in self.registry.entries_mut() {
            self.holders.repeat(poller, &mut watch.spot, token);
        }
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.transports
            .values()
            .try_for_each(|transport| visit.call(transport))?;
        self.registry
            .values()
            .try_for_each(|watch| match &watch.target {
                Target::Native(source) => source.traverse(visit),
                Target::Handles {
                    object,
                    reader,
                    writer,
                } => {
                    visit.call(object)?;
                    visit.call(reader)?;
                    visit.call(writer)
                }
            })
    }

    /// A new entry for a descriptor of Python's.
    pub(super) fn adopt(&mut self, fd: RawFd) -> Result<Token, Refused> {
        let target = Target::Handles {
            object: None,
            reader: None,
            writer: None,
        };
        let watch = Watch::new(fd, target);
        let token = self
            .registry
            .insert(watch)
            .ok_or((Errno::MFILE.into(), None, None))?;
        self.by_fd.insert(fd, token);
        Ok(token)
    }

    /// Drops the entry of a descriptor that has neither reader nor writer left.
    pub(super) fn forget_if_idle(
        &mut self,
        poller: Option<&Poller>,
        fd: RawFd,
        token: Token,
    ) -> Option<Watch> {
        let idle = self.registry.get(token).is_some_and(|watch| {
            matches!(
                watch.target,
                Target::Handles {
                    reader: None,
                    writer: None,
                    ..
                }
            )
        });
        if !idle {
            return None;
        }
        self.by_fd.remove(&fd);
        self.forget(poller, token)
    }

    /// Tells the kernel what a descriptor is watched for.
    pub(super) fn tell(
        &mut self,
        poller: &Poller,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let watch = self.registry.get_mut(token).ok_or(Errno::NOENT)?;
        self.holders.apply(poller, &mut watch.spot, token, interest)
    }

    /// Drops an entry, and what the kernel was told about it.
    pub(super) fn forget(&mut self, poller: Option<&Poller>, token: Token) -> Option<Watch> {
        let mut watch = self.registry.remove(token)?;
        self.holders.release(poller, &mut watch.spot, token);
        Some(watch)
    }
}
