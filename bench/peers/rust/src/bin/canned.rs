//! The ceiling: an epoll loop that answers every request with the same bytes, unread, and sends the
//! texts of a WebSocket back.
//!
//! Nobody who looks at a request can be faster; what a server costs beyond this is its own. Of
//! connections that are ready together all are read first, and then all are answered: that is the
//! cheapest order.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};

const PLAIN: &[u8] = b"HTTP/1.1 200 OK\r\ndate: Sat, 21 Nov 2026 00:00:00 GMT\r\nserver: canned\r\n\
content-length: 13\r\ncontent-type: text/plain; charset=utf-8\r\n\r\nHello, World!";
const JSON: &[u8] = b"HTTP/1.1 200 OK\r\ndate: Sat, 21 Nov 2026 00:00:00 GMT\r\nserver: canned\r\n\
content-length: 27\r\ncontent-type: application/json\r\n\r\n{\"message\":\"Hello, World!\"}";
/// Accepts the key of RFC 6455's example, which the load has.
const UPGRADE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/// The first byte of a text in one frame.
const TEXT: u8 = 0x81;
const LISTENER: u64 = u64::MAX;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(format!("127.0.0.1:{}", std::env::var("PORT")?))?;
    let poller = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&poller, listener.as_fd(), EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut connections: HashMap<u64, TcpStream> = HashMap::new();
    let mut buffer = [0; 65536];
    let mut events = Vec::with_capacity(1024);
    let mut answers: Vec<(u64, Vec<u8>)> = Vec::new();
    loop {
        events.clear();
        epoll::wait(&poller, spare_capacity(&mut events), None)?;
        for event in &events {
            let token = event.data.u64();
            if token == LISTENER {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                let token = stream.as_raw_fd() as u64;
                let interest = EventFlags::IN | EventFlags::ET;
                epoll::add(&poller, stream.as_fd(), EventData::new_u64(token), interest)?;
                connections.insert(token, stream);
                continue;
            }
            let Some(stream) = connections.get_mut(&token) else { continue };
            match stream.read(&mut buffer) {
                Ok(length) if length > 0 => answers.push((token, answer(&mut buffer[..length]))),
                _ => drop(connections.remove(&token)),
            }
        }
        for (token, answer) in answers.drain(..) {
            if let Some(stream) = connections.get_mut(&token) {
                stream.write_all(&answer)?;
            }
        }
    }
}

/// What is sent back, without a look at what there is no need to look at.
fn answer(received: &mut [u8]) -> Vec<u8> {
    if received[0] == TEXT {
        return texts(received);
    }
    let wants_upgrade = received.windows(9).any(|some| some == b"websocket");
    let content = match received.starts_with(b"GET /p") {
        _ if wants_upgrade => UPGRADE,
        true => PLAIN,
        false => JSON,
    };
    content.to_vec()
}

/// The texts of whole, short frames, without their masks.
fn texts(mut frames: &mut [u8]) -> Vec<u8> {
    let mut back = Vec::with_capacity(frames.len());
    while let [TEXT, length, rest @ ..] = frames {
        let length = *length & 0x7f;
        let (mask, rest) = rest.split_at_mut(4);
        let (text, rest) = rest.split_at_mut(length.into());
        back.extend([TEXT, length]);
        back.extend(text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        frames = rest;
    }
    back
}
