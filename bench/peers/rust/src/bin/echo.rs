//! The load on an echo server: messages there and back on several connections, without a pause.
//!
//! `echo KIND ADDRESS SIZE CONNECTIONS SECONDS`, with KIND one of `tcp`, `unix`, `udp`, `tls` and
//! `websocket`, whose messages are texts in one frame and whose ADDRESS ends with a path. One
//! message is under way on each connection; with `websockets`, eight are. The connections are
//! visited in turn, and none is polled: while the loop is in one of them, the server works on the
//! others.
//!
//! Every answer of the first turn is compared with what was sent, byte for byte. Later ones are
//! counted. Prints one line of JSON.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

/// How long an answer may take before the server counts as broken.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long connections warm up, as a share of the time that is measured.
const WARM_UP: f64 = 0.1;

type Outcome<T> = Result<T, Box<dyn Error>>;

trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, address, size, connections, seconds] = arguments.as_slice() else {
        return Err("usage: echo KIND ADDRESS SIZE CONNECTIONS SECONDS".into());
    };
    let message = Message::new(kind, size.parse()?);
    let seconds: f64 = seconds.parse()?;
    let mut opened = (0..connections.parse::<usize>()?)
        .map(|_| open(kind, address))
        .collect::<Outcome<Vec<_>>>()?;
    check(&mut opened, &message)?;
    drive(&mut opened, &message, seconds * WARM_UP)?;
    // The server's processor time is read by whoever started this, between these two lines.
    println!("start");
    io::stdout().flush()?;
    io::stdin().read_exact(&mut [0])?;
    let (round_trips, elapsed) = drive(&mut opened, &message, seconds)?;
    println!(
        "{{\"operations\": {round_trips}, \"seconds\": {}}}",
        elapsed.as_secs_f64()
    );
    io::stdout().flush()?;
    // Connections stay open until the time was read, so that their ends are not a part of it.
    io::stdin().read_exact(&mut [0])?;
    Ok(())
}

/// What is sent, and what comes back.
struct Message {
    sent: Vec<u8>,
    answer: Vec<u8>,
    /// How many messages that is.
    count: u64,
}

/// How many messages of `websockets` are under way on a connection.
const BURST: usize = 8;

impl Message {
    fn new(kind: &str, size: usize) -> Self {
        let bytes: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
        let count = match kind {
            "websocket" => 1,
            "websockets" => BURST,
            _ => {
                return Self {
                    sent: bytes.clone(),
                    answer: bytes,
                    count: 1,
                };
            }
        };
        let text: Vec<u8> = bytes.iter().map(|byte| b'a' + byte % 26).collect();
        let mask = [0x37, 0xfa, 0x21, 0x3d];
        let masked = text.iter().zip(mask.iter().cycle());
        let masked: Vec<u8> = masked.map(|(byte, mask)| byte ^ mask).collect();
        Self {
            sent: [&frame_head(size, 0x80)[..], &mask, &masked]
                .concat()
                .repeat(count),
            answer: [&frame_head(size, 0)[..], &text].concat().repeat(count),
            count: count as u64,
        }
    }
}

/// The head of a text frame (RFC 6455, section 5.2), but for the mask.
fn frame_head(size: usize, masked: u8) -> Vec<u8> {
    const TEXT: u8 = 0x81;
    match size {
        0..126 => vec![TEXT, masked | size as u8],
        126..0x1_0000 => {
            let [high, low] = (size as u16).to_be_bytes();
            vec![TEXT, masked | 126, high, low]
        }
        _ => [&[TEXT, masked | 127], &(size as u64).to_be_bytes()[..]].concat(),
    }
}

fn open_websocket(address: &str) -> Outcome<TcpStream> {
    let (host, path) = address.split_once('/').ok_or("the address has no path")?;
    let mut stream = open_tcp(host)?;
    let request = format!(
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend(byte);
    }
    if !head.starts_with(b"HTTP/1.1 101 ") {
        return Err("the server does not speak WebSocket".into());
    }
    Ok(stream)
}

fn open(kind: &str, address: &str) -> Outcome<Box<dyn Connection>> {
    Ok(match kind {
        "tcp" => Box::new(open_tcp(address)?),
        "tls" => Box::new(open_tls(address)?),
        "websocket" | "websockets" => Box::new(open_websocket(address)?),
        "unix" => {
            let stream = UnixStream::connect(address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            Box::new(stream)
        }
        "udp" => {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.connect(address)?;
            socket.set_read_timeout(Some(PATIENCE))?;
            Box::new(Datagrams(socket))
        }
        other => return Err(format!("no such kind of connection: {other}").into()),
    })
}

fn open_tcp(address: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn open_tls(address: &str) -> Outcome<StreamOwned<ClientConnection, TcpStream>> {
    let provider = Arc::new(ring::default_provider());
    let configuration = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    let name = ServerName::try_from("localhost")?;
    let connection = ClientConnection::new(Arc::new(configuration), name)?;
    Ok(StreamOwned::new(connection, open_tcp(address)?))
}

/// The first turn: what comes back is what was sent.
fn check(connections: &mut [Box<dyn Connection>], message: &Message) -> Outcome<()> {
    let mut answer = vec![0; message.answer.len()];
    for connection in connections {
        send(connection, message)?;
        connection.read_exact(&mut answer)?;
        if answer != message.answer {
            return Err("the server answers something else than it was sent".into());
        }
    }
    Ok(())
}

/// Round trips for some seconds; how many, and how long it took.
fn drive(
    connections: &mut [Box<dyn Connection>],
    message: &Message,
    seconds: f64,
) -> io::Result<(u64, Duration)> {
    let mut answer = vec![0; message.answer.len()];
    let limit = Duration::from_secs_f64(seconds);
    let start = Instant::now();
    let mut round_trips = 0;
    for connection in &mut *connections {
        send(connection, message)?;
    }
    while start.elapsed() < limit {
        for connection in &mut *connections {
            connection.read_exact(&mut answer)?;
            send(connection, message)?;
            round_trips += message.count;
        }
    }
    for connection in connections {
        connection.read_exact(&mut answer)?;
        round_trips += message.count;
    }
    Ok((round_trips, start.elapsed()))
}

fn send(connection: &mut Box<dyn Connection>, message: &Message) -> io::Result<()> {
    connection.write_all(&message.sent)?;
    connection.flush()
}

/// A connected datagram socket; a message is a datagram.
struct Datagrams(UdpSocket);

impl Read for Datagrams {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.recv(buffer)
    }
}

impl Write for Datagrams {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.send(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The servers of a benchmark sign their certificates themselves.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
