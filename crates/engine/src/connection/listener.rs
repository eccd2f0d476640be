//! A listening socket and the connections it brings.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use pyo3::prelude::*;
use reactor::{Interest, Readiness, Token};
use rustix::io::Errno;
use rustix::net::sockopt::set_tcp_nodelay;
use rustix::net::{SocketAddrAny, SocketFlags, acceptfrom_with};

use super::Connection;
use super::board::MOMENT;
use super::peer::Peer;
use super::shared::{Shared, lock};
use crate::eventloop::{EventLoop, Source, TickId};

/// How many connections are accepted before others get their turn.
const BATCH: usize = 64;
/// How many clients at most are taken along when listening stops; more than a backlog has.
const WAITING: usize = 65_536;

/// Accepts connections for a server.
///
/// The descriptor is a duplicate of the one Python passed in, so closing that one early cannot
/// hand its number to somebody else while it is watched here.
pub(super) struct Listener {
    this: Weak<Listener>,
    shared: Arc<Shared>,
    /// Open until it stops.
    socket: Mutex<Option<OwnedFd>>,
    token: Mutex<Option<Token>>,
    /// Clients are left to other workers until this.
    pause: Mutex<Option<TickId>>,
    /// How many are accepted if nobody else has done so by then.
    owed: AtomicUsize,
}

impl Listener {
    pub(super) fn new(shared: Arc<Shared>, socket: OwnedFd) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            shared,
            socket: Mutex::new(Some(socket)),
            token: Mutex::default(),
            pause: Mutex::default(),
            owed: AtomicUsize::new(1),
        })
    }

    pub(super) fn start(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let socket = lock(&self.socket);
        let Some(socket) = &*socket else {
            return Ok(());
        };
        rustix::io::ioctl_fionbio(socket, true).map_err(std::io::Error::from)?;
        let source: Arc<dyn Source> = Arc::clone(self) as _;
        let event_loop = self.shared.event_loop(py);
        let token = event_loop.register(py, socket.as_fd(), Interest::READ, source)?;
        *lock(&self.token) = Some(token);
        Ok(())
    }

    /// Accepts everybody who has connected already, while there is room.
    ///
    /// Whoever is left when the socket is closed would be cut off without a word.
    pub(super) fn accept_waiting(&self, py: Python<'_>) {
        for _ in 0..WAITING {
            match self.accept() {
                Ok((socket, client)) => self.admit(py, socket, client),
                Err(Errno::CONNABORTED | Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    pub(super) fn stop(&self, py: Python<'_>) {
        let token = lock(&self.token).take();
        if let Some(token) = token {
            self.shared.event_loop(py).deregister(py, token);
        }
        self.forget_pause(py);
        *lock(&self.socket) = None;
    }

    /// How many clients may be accepted now. None if another worker has less to do: it gets a
    /// moment in which to take them.
    fn share(&self, py: Python<'_>) -> usize {
        let Some(board) = &self.shared.options.board else {
            return BATCH;
        };
        if board.is_behind_another(self.shared.connections()) && self.pause(py) {
            return 0;
        }
        self.owed.store(1, Ordering::Relaxed);
        1
    }

    /// Leaves clients to others for a moment. Says whether that can be had.
    fn pause(&self, py: Python<'_>) -> bool {
        let this = self.this.clone();
        let go_on = move |py: Python<'_>| {
            if let Some(this) = this.upgrade() {
                this.end_pause(py);
            }
        };
        let event_loop = self.shared.event_loop(py);
        let Some(tick) = event_loop.every(py, MOMENT, Arc::new(go_on)) else {
            return false;
        };
        *lock(&self.pause) = Some(tick);
        self.watch(py, Interest::NONE);
        true
    }

    /// Takes who is still there, more each time: the other worker may be gone for long.
    fn end_pause(&self, py: Python<'_>) {
        self.forget_pause(py);
        let owed = self.owed.load(Ordering::Relaxed);
        self.owed.store((owed * 2).min(BATCH), Ordering::Relaxed);
        self.watch(py, Interest::READ);
        self.take(py, owed);
    }

    fn forget_pause(&self, py: Python<'_>) {
        let pause = lock(&self.pause).take();
        if let Some(tick) = pause {
            self.shared.event_loop(py).remove_tick(py, tick);
        }
    }

    /// Accepts so many clients at most.
    fn take(&self, py: Python<'_>, most: usize) {
        for accepted in 0..most {
            if self.shared.is_full() {
                // Only the first is known to be there; the loop says so when there is another.
                if accepted > 0 {
                    return;
                }
                if !self.shared.make_room(py) {
                    return self.wait(py, "there are as many connections as there may be");
                }
            }
            match self.accept() {
                Ok((socket, client)) => self.admit(py, socket, client),
                Err(Errno::AGAIN) => return,
                // Out of descriptors or memory: asking again at once would only spin.
                Err(error @ (Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)) => {
                    if accepted > 0 {
                        return;
                    }
                    if !self.shared.make_room(py) {
                        return self.wait(py, &std::io::Error::from(error).to_string());
                    }
                }
                // A client that left while it queued, or an error of its network.
                Err(_) => {}
            }
        }
    }

    /// Stops accepting until there may be room.
    fn wait(&self, py: Python<'_>, why: &str) {
        self.watch(py, Interest::NONE);
        self.shared.gate.wait(self.this.clone());
        if self.shared.gate.may_complain(self.shared.now()) {
            let text = format!("Clients wait to be accepted: {why}");
            self.shared.logs.warning(py, &text);
        }
    }

    /// Accepts again.
    pub(super) fn go_on(&self, py: Python<'_>) {
        self.watch(py, Interest::READ);
    }

    fn watch(&self, py: Python<'_>, interest: Interest) {
        let token = *lock(&self.token);
        let Some(token) = token else { return };
        if let Err(error) = self.shared.event_loop(py).set_interest(py, token, interest) {
            self.shared.logs.error(
                py,
                &format!("A listening socket cannot be watched: {error}"),
            );
        }
    }

    fn accept(&self) -> Result<(OwnedFd, Option<SocketAddrAny>), Errno> {
        match &*lock(&self.socket) {
            Some(socket) => acceptfrom_with(socket, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC),
            None => Err(Errno::AGAIN),
        }
    }

    fn admit(&self, py: Python<'_>, socket: OwnedFd, client: Option<SocketAddrAny>) {
        let peer = Peer::new(client, self.shared.options.proxies.as_ref());
        if peer.is_tcp() {
            // Answers are written whole, so waiting for more to say only delays them.
            let _ = set_tcp_nodelay(&socket, true);
        }
        Connection::open(py, &self.shared, socket, peer);
    }
}

impl Source for Listener {
    fn ready(
        self: Arc<Self>,
        py: Python<'_>,
        _event_loop: &Bound<'_, EventLoop>,
        _token: Token,
        _readiness: Readiness,
    ) {
        let share = self.share(py);
        self.take(py, share);
    }
}
