//! The PROXY protocol: headers that were written come back, a damaged one is noticed, and of bytes in
//! place of one no more is looked at than the bound, nor does what follows change what was said.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use proxy::preface::{Ends, LIMIT, Preface, Violation, decode};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const CRC32C: u8 = 0x03;
const SSL: u8 = 0x20;
/// Where the addresses of version 2 begin.
const ADDRESSES: usize = 16;

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Addresses {
    V4([u8; 4], [u8; 4]),
    V6([u8; 16], [u8; 16]),
}

#[derive(Arbitrary, Debug)]
struct Client {
    addresses: Addresses,
    ports: (u16, u16),
}

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Text(Client),
    Binary {
        client: Client,
        tls: Option<u8>,
        entries: Vec<(u8, &'a [u8])>,
        damage: Option<(u8, u8)>,
    },
    AfterText(&'a [u8]),
    AfterSignature(&'a [u8]),
    Raw(&'a [u8]),
}

impl Client {
    fn ends(&self, tls: bool) -> Ends {
        let (source, destination): (IpAddr, IpAddr) = match self.addresses {
            Addresses::V4(from, to) => (Ipv4Addr::from(from).into(), Ipv4Addr::from(to).into()),
            Addresses::V6(from, to) => (Ipv6Addr::from(from).into(), Ipv6Addr::from(to).into()),
        };
        Ends {
            source: SocketAddr::new(source, self.ports.0),
            destination: SocketAddr::new(destination, self.ports.1),
            tls,
        }
    }

    /// Family, then addresses and ports as version 2 has them.
    fn block(&self) -> (u8, Vec<u8>) {
        let ports = [self.ports.0.to_be_bytes(), self.ports.1.to_be_bytes()].concat();
        match self.addresses {
            Addresses::V4(from, to) => (0x11, [&from[..], &to, &ports].concat()),
            Addresses::V6(from, to) => (0x21, [&from[..], &to, &ports].concat()),
        }
    }
}

fn line(ends: &Ends) -> Vec<u8> {
    let (source, destination) = (ends.source, ends.destination);
    let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
    format!(
        "PROXY {family} {} {} {} {}\r\n",
        source.ip(),
        destination.ip(),
        source.port(),
        destination.port()
    )
    .into_bytes()
}

fn entry(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    bytes.push(kind);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&value[..usize::from(length)]);
}

/// CRC-32C as a division of the whole message, one bit of it after the other.
fn checksum(bytes: &[u8]) -> u32 {
    let mut remainder = u32::MAX;
    for bit in bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |at| u32::from(byte >> at & 1)))
    {
        let out = remainder & 1 ^ bit;
        remainder >>= 1;
        if out == 1 {
            remainder ^= 0x82f6_3b78;
        }
    }
    !remainder
}

/// A header of version 2, whose checksum is its last entry.
fn binary(client: &Client, tls: Option<u8>, entries: &[(u8, &[u8])]) -> Vec<u8> {
    let (family, mut block) = client.block();
    for (kind, value) in entries {
        if ![CRC32C, SSL].contains(kind) {
            entry(&mut block, *kind, value);
        }
    }
    if let Some(flags) = tls {
        entry(&mut block, SSL, &[flags, 0, 0, 0, 0]);
    }
    entry(&mut block, CRC32C, &[0; 4]);
    let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
    let mut header = [SIGNATURE, &[0x21, family], &length.to_be_bytes(), &block].concat();
    let sum = checksum(&header).to_be_bytes();
    let at = header.len() - sum.len();
    header[at..].copy_from_slice(&sum);
    header
}

/// However much of it is there: nothing is said until all is, and then always the same.
fn assert_steady(bytes: &[u8]) {
    let whole = decode(bytes);
    let mut said = Ok(None);
    for length in 0..=bytes.len().min(LIMIT) {
        let now = decode(&bytes[..length]);
        assert!(said == Ok(None) || now == said);
        said = now;
    }
    assert_eq!(said, whole);
    assert!(whole != Ok(None) || bytes.len() < LIMIT);
    if let Ok(Some((preface, length))) = whole {
        assert!(length <= bytes.len().min(LIMIT));
        assert_eq!(decode(&bytes[..length]), whole);
        if let (Preface::Proxied(ends), b'P') = (preface, bytes[0]) {
            let again = line(&ends);
            assert_eq!(decode(&again), Ok(Some((preface, again.len()))));
            // An IPv4 address has one spelling, so the line has.
            assert!(ends.source.is_ipv6() || bytes[..length] == again);
        }
    }
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Raw(bytes) => assert_steady(bytes),
        Input::AfterText(bytes) => assert_steady(&[b"PROXY ", bytes].concat()),
        Input::AfterSignature(bytes) => assert_steady(&[SIGNATURE, bytes].concat()),
        Input::Text(client) => {
            let ends = client.ends(false);
            let line = line(&ends);
            assert_eq!(
                decode(&line),
                Ok(Some((Preface::Proxied(ends), line.len())))
            );
            assert_steady(&[&line, &b"GET"[..]].concat());
        }
        Input::Binary {
            client,
            tls,
            entries,
            damage,
        } => {
            let mut header = binary(&client, tls, &entries);
            let length = header.len();
            let mut said = if length > LIMIT {
                Err(Violation::TooLong)
            } else {
                let ends = client.ends(tls.is_some_and(|flags| flags & 1 == 1));
                Ok(Some((Preface::Proxied(ends), length)))
            };
            if let Some((at, bits)) = damage {
                // In the addresses: elsewhere damage may take the checksum away.
                let count = client.block().1.len();
                header[ADDRESSES + usize::from(at) % count] ^= bits;
                if bits != 0 && length <= LIMIT {
                    said = Err(Violation::Checksum);
                }
            }
            assert_eq!(decode(&header), said);
            assert_steady(&header);
        }
    }
});
