//! The ceiling: an epoll loop that answers every request with the same bytes, unread.
//!
//! Nobody who looks at a request can be faster; what a server costs beyond this is its own.

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
const LISTENER: u64 = u64::MAX;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind(format!("127.0.0.1:{}", std::env::var("PORT")?))?;
    let poller = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&poller, listener.as_fd(), EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut connections: HashMap<u64, TcpStream> = HashMap::new();
    let mut buffer = [0; 65536];
    let mut events = Vec::with_capacity(1024);
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
                epoll::add(&poller, stream.as_fd(), EventData::new_u64(token), EventFlags::IN)?;
                connections.insert(token, stream);
                continue;
            }
            let Some(stream) = connections.get_mut(&token) else { continue };
            match stream.read(&mut buffer) {
                Ok(length) if length > 0 => {
                    let answer = if buffer[..length].starts_with(b"GET /p") { PLAIN } else { JSON };
                    stream.write_all(answer)?;
                }
                _ => drop(connections.remove(&token)),
            }
        }
    }
}
