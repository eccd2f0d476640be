//! What proxies say in `X-Forwarded-*` and `Forwarded`, against slow readings of the same rules.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use proxy::{Believed, Malformed, Node, Told, Trust};

const PROXIES: [&str; 3] = ["10.0.0.0/8", "2001:db8::2", "edge"];
const FIELDS: [&str; 5] = ["for", "proto", "host", "port", "prefix"];

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Hop {
    Trusted(u8),
    V4([u8; 4]),
    V6([u8; 16]),
    Hidden(u8),
    Unknown,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Element {
    hop: Option<(Hop, u16)>,
    host: Option<u8>,
    https: Option<bool>,
    spaced: bool,
}

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// Fields by number, with their values.
    Fields(Vec<(u8, &'a [u8])>),
    Elements(Vec<Element>),
    Lines(Vec<&'a [u8]>),
    Entry(&'a str, [u8; 16]),
}

/// The same as [`PROXIES`].
fn is_proxy(node: &Node<'_>) -> bool {
    match node.address().map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => address.octets()[0] == 10,
        Some(IpAddr::V6(address)) => address == Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2),
        None => node.host == b"edge",
    }
}

/// The last that is no proxy; the first, where all are.
fn last_stranger<T: Copy>(hops: &[T], is_proxy: impl Fn(T) -> bool) -> Option<T> {
    let mut found = hops.first().copied();
    for hop in hops {
        if !is_proxy(*hop) {
            found = Some(*hop);
        }
    }
    found
}

fn assert_fields(trust: &Trust, everybody: bool, fields: &[(u8, &[u8])]) {
    let named: Vec<(String, &[u8])> = fields
        .iter()
        .map(|(number, value)| {
            let name = FIELDS[usize::from(*number) % FIELDS.len()];
            (format!("x-forwarded-{name}"), *value)
        })
        .collect();
    let headers = || named.iter().map(|(name, value)| (name.as_bytes(), *value));
    let read = |names: &[&str]| {
        let believed = Believed::parse(names.iter().copied()).expect("known names");
        believed
            .read(trust, headers())
            .expect("only Forwarded can be malformed")
    };
    let told = read(&FIELDS);
    // None has a say in what another means.
    assert_eq!(read(&["for"]).client, told.client);
    assert_eq!(read(&["proto"]).scheme, told.scheme);
    assert_eq!(read(&["host"]).host, told.host);
    assert_eq!(read(&["port"]).port, told.port);
    assert_eq!(read(&["prefix"]).prefix, told.prefix);
    assert_eq!(read(&[]), Told::default());
    let hops: Vec<_> = headers()
        .filter(|(name, _)| *name == b"x-forwarded-for")
        .flat_map(|(_, value)| value.split(|byte| *byte == b','))
        .map(|hop| Node::read(hop.trim_ascii()))
        .collect();
    let client = last_stranger(&hops, |hop| everybody || is_proxy(&hop));
    assert_eq!(told.client, client.filter(|node| !node.host.is_empty()));
    assert_ne!(told.port, Some(0));
    if let Some(host) = told.host {
        assert!(!host.contains(&b',') && host.trim_ascii() == host);
    }
    if let Some(prefix) = told.prefix {
        let segments: Vec<_> = prefix.split('/').collect();
        assert!(segments.len() > 1 && segments[0].is_empty());
        assert!(
            !segments[1..]
                .iter()
                .any(|one| ["", ".", ".."].contains(one))
        );
        assert!(
            prefix
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"%?#\\".contains(&byte))
        );
    }
}

/// A name as it is written, and whether it needs quotes.
fn named(hop: Hop) -> (String, bool) {
    match hop {
        Hop::Trusted(last) => (format!("10.0.0.{last}"), false),
        Hop::V4(octets) => (Ipv4Addr::from(octets).to_string(), false),
        Hop::V6(octets) => (Ipv6Addr::from(octets).to_string(), true),
        Hop::Hidden(number) => (format!("_h{number}"), false),
        Hop::Unknown => ("unknown".to_owned(), false),
    }
}

fn written(element: &Element) -> String {
    let mut pairs = Vec::new();
    if let Some((hop, port)) = element.hop {
        let (host, is_v6) = named(hop);
        let host = if is_v6 { format!("[{host}]") } else { host };
        pairs.push(match (port, is_v6) {
            (0, false) => format!("for={host}"),
            (0, true) => format!("For=\"{host}\""),
            _ => format!("for=\"{host}:{port}\""),
        });
    }
    if let Some(number) = element.host {
        pairs.push(format!("host=\"shop{number}.example:8000\""));
    }
    if let Some(https) = element.https {
        pairs.push(format!("proto={}", if https { "https" } else { "http" }));
    }
    pairs.join(if element.spaced { " ; " } else { ";" })
}

fn assert_elements(trust: &Trust, believed: Believed, everybody: bool, elements: &[Element]) {
    let said: Vec<_> = elements
        .iter()
        .filter(|element| !written(element).is_empty())
        .collect();
    let value = elements
        .iter()
        .map(written)
        .collect::<Vec<_>>()
        .join(" ,\t");
    let told = believed
        .read(trust, [(&b"forwarded"[..], value.as_bytes())])
        .expect("it is well formed");
    let client = |element: &Element| {
        let (hop, port) = element.hop.unwrap_or((Hop::Unknown, 0));
        (named(hop).0, port)
    };
    let is_proxy = |element: &Element| {
        let (host, port) = client(element);
        let node = Node {
            host: host.as_bytes(),
            port,
        };
        everybody || is_proxy(&node)
    };
    let Some(element) = last_stranger(&said, is_proxy) else {
        assert_eq!(told, Told::default());
        return;
    };
    let (host, port) = client(element);
    assert_eq!(
        told.client,
        Some(Node {
            host: host.as_bytes(),
            port
        })
    );
    let https = told.scheme.map(|scheme| scheme == proxy::Scheme::Https);
    assert_eq!(https, element.https);
    let asked = element
        .host
        .map(|number| format!("shop{number}.example:8000"));
    assert_eq!(told.host, asked.as_ref().map(String::as_bytes));
}

/// Lines are one list, and a proxy that appends to it is heard or the request is refused.
fn assert_lines(trust: &Trust, believed: Believed, everybody: bool, lines: &[&[u8]]) {
    let read = |lines: &[&[u8]]| {
        let headers: Vec<_> = lines
            .iter()
            .map(|line| (&b"forwarded"[..], *line))
            .collect();
        let told = believed.read(trust, headers)?;
        let owned = |node: Node<'_>| (node.host.to_vec(), node.port);
        Ok((
            told.client.map(owned),
            told.scheme,
            told.host.map(<[u8]>::to_vec),
        ))
    };
    let seen = read(lines);
    let each_is_sound = lines.iter().all(|line| read(&[line]).is_ok());
    assert_eq!(seen.is_ok(), each_is_sound);
    if each_is_sound {
        assert_eq!(read(&[&lines.join(&b", "[..])]), seen);
    }
    let appended = [&lines.join(&b","[..])[..], b", for=203.0.113.9"].concat();
    match read(&[&appended]) {
        Err(Malformed) => {}
        Ok((client, _, _)) => {
            assert!(everybody || client == Some((b"203.0.113.9".to_vec(), 0)));
        }
    }
}

/// What is read as a network holds its own address; a single address holds no other.
fn assert_entry(entry: &str, other: [u8; 16]) {
    let Ok(trust) = Trust::parse([entry]) else {
        return;
    };
    let text = entry.trim();
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    let Ok(address) = address.parse::<IpAddr>() else {
        return;
    };
    assert!(trust.has_address(address) && trust.has_address(address.to_canonical()));
    let other = IpAddr::from(other).to_canonical();
    if bits.is_empty() {
        assert_eq!(trust.has_address(other), other == address.to_canonical());
    }
}

fuzz_target!(|input: (bool, Input<'_>)| {
    let (everybody, input) = input;
    let entries = if everybody { &["*"][..] } else { &PROXIES };
    let trust = Trust::parse(entries.iter().copied()).expect("known entries");
    let believed = Believed::parse(["forwarded"]).expect("a known name");
    match input {
        Input::Fields(fields) => assert_fields(&trust, everybody, &fields),
        Input::Elements(elements) => assert_elements(&trust, believed, everybody, &elements),
        Input::Lines(lines) => assert_lines(&trust, believed, everybody, &lines),
        Input::Entry(entry, other) => assert_entry(entry, other),
    }
});
