//! Whose word is taken.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::node::Node;

/// The proxies that are believed: addresses, networks, those on Unix sockets, names, or everybody.
///
/// ```
/// use proxy::Trust;
/// let trust = Trust::parse(["127.0.0.1", "10.0.0.0/8", "unix"]).unwrap();
/// assert!(trust.has_address("::ffff:10.1.2.3".parse().unwrap()));
/// assert!(trust.has_unix());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    everybody: bool,
    unix: bool,
    networks: Vec<Network>,
    names: Vec<Vec<u8>>,
}

/// A network by its first bits; a single address is one with all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    base: u128,
    mask: u128,
    is_v4: bool,
}

/// An entry that cannot be what it looks like. Its text says what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadEntry(String);

impl fmt::Display for BadEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for BadEntry {}

impl Trust {
    /// Reads entries: an address, a network as `address/bits`, `unix` for peers on a Unix socket, `*`
    /// alone for everybody, or another name, which is compared with hops as it is written.
    ///
    /// # Errors
    /// An entry with `/` that is no network, one with digits and dots or colons that is no address,
    /// and `*` beside other entries: each would never be what was meant.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, BadEntry> {
        let mut trust = Self::default();
        let mut count = 0;
        for entry in entries.into_iter().map(str::trim) {
            if entry.is_empty() {
                continue;
            }
            count += 1;
            match entry {
                "*" => trust.everybody = true,
                "unix" | "unix:" => trust.unix = true,
                _ => trust.add(entry)?,
            }
        }
        if trust.everybody && count > 1 {
            let text = "'*' believes everybody: the other entries beside it would mean nothing";
            return Err(BadEntry(text.to_owned()));
        }
        Ok(trust)
    }

    fn add(&mut self, entry: &str) -> Result<(), BadEntry> {
        if let Some((address, bits)) = entry.split_once('/') {
            self.networks.push(Network::parse(entry, address, bits)?);
        } else if let Ok(address) = entry.parse::<IpAddr>() {
            self.networks.push(Network::of(address));
        } else if looks_like_address(entry) {
            return Err(BadEntry(format!("{entry:?} is no address")));
        } else {
            self.names.push(entry.as_bytes().to_vec());
        }
        Ok(())
    }

    /// Whether nobody is believed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether everybody is believed.
    #[must_use]
    pub fn is_everybody(&self) -> bool {
        self.everybody
    }

    /// Whether a peer on a Unix socket is believed.
    #[must_use]
    pub fn has_unix(&self) -> bool {
        self.everybody || self.unix
    }

    /// Whether a peer or hop with this address is believed.
    #[must_use]
    pub fn has_address(&self, address: IpAddr) -> bool {
        self.everybody || {
            let (bits, is_v4) = bits_of(address);
            self.networks
                .iter()
                .any(|network| network.is_v4 == is_v4 && bits & network.mask == network.base)
        }
    }

    /// Whether a hop is believed. What is no address is compared as it is written.
    pub(crate) fn has_node(&self, node: &Node<'_>) -> bool {
        match node.address() {
            Some(address) => self.has_address(address),
            None => self.everybody || self.names.iter().any(|name| name == node.host),
        }
    }
}

impl Network {
    fn of(address: IpAddr) -> Self {
        let (base, is_v4) = bits_of(address);
        Self {
            base,
            mask: u128::MAX,
            is_v4,
        }
    }

    fn parse(entry: &str, address: &str, bits: &str) -> Result<Self, BadEntry> {
        let no_network = || BadEntry(format!("{entry:?} is no network: address/bits"));
        let address: IpAddr = address.parse().map_err(|_| no_network())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let digits =
            !bits.is_empty() && bits.len() <= 3 && bits.bytes().all(|b| b.is_ascii_digit());
        let bits: u32 = bits.parse().map_err(|_| no_network())?;
        if !digits || bits > width {
            return Err(no_network());
        }
        // An IPv4 address stands in the last 32 bits, of which the mask is a part.
        let mask = u128::MAX.checked_shl(width - bits).unwrap_or(0);
        let (whole, is_v4) = raw_bits(address);
        let base = whole & mask;
        if base != whole {
            let meant = address_of(base, is_v4);
            let text = format!("{entry:?} has bits beyond its network: write {meant}/{bits}");
            return Err(BadEntry(text));
        }
        Ok(Self { base, mask, is_v4 })
    }
}

/// An address as a number, and whether it is of IPv4, which it also is when mapped into IPv6: that is
/// how a dual-stack socket shows it.
fn bits_of(address: IpAddr) -> (u128, bool) {
    raw_bits(address.to_canonical())
}

fn raw_bits(address: IpAddr) -> (u128, bool) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), true),
        IpAddr::V6(address) => (address.to_bits(), false),
    }
}

fn address_of(bits: u128, is_v4: bool) -> IpAddr {
    match u32::try_from(bits) {
        Ok(bits) if is_v4 => Ipv4Addr::from_bits(bits).into(),
        _ => Ipv6Addr::from_bits(bits).into(),
    }
}

/// Whether nobody would write this as a name: `10.0.0.256`, `fe80::zz`.
fn looks_like_address(entry: &str) -> bool {
    let numeric = entry.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    numeric || entry.matches(':').count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(trust: &Trust, address: &str) -> bool {
        trust.has_address(address.parse().unwrap())
    }

    #[test]
    fn networks_and_addresses() {
        let trust = Trust::parse(["192.0.2.7", "10.0.0.0/8", "2001:db8::/32", "::1"]).unwrap();
        for inside in ["192.0.2.7", "10.255.0.1", "2001:db8:ffff::", "::1"] {
            assert!(has(&trust, inside), "{inside}");
        }
        for outside in ["192.0.2.8", "11.0.0.0", "2001:db9::", "::2", "::10.0.0.1"] {
            assert!(!has(&trust, outside), "{outside}");
        }
        assert!(!trust.has_unix());
        assert!(has(&Trust::parse(["0.0.0.0/0"]).unwrap(), "8.8.8.8"));
        assert!(!has(&Trust::parse(["0.0.0.0/0"]).unwrap(), "2001:db8::1"));
        assert!(has(&Trust::parse(["::/0"]).unwrap(), "2001:db8::1"));
    }

    #[test]
    fn an_address_is_the_same_through_a_dual_stack_socket() {
        let trust = Trust::parse(["10.0.0.0/8"]).unwrap();
        assert!(has(&trust, "::ffff:10.0.0.1"));
        assert!(!has(&trust, "::ffff:11.0.0.1"));
        let trust = Trust::parse(["::ffff:10.0.0.1"]).unwrap();
        assert!(has(&trust, "10.0.0.1"));
    }

    #[test]
    fn everybody_nobody_and_the_neighbours() {
        assert!(has(&Trust::parse(["*"]).unwrap(), "8.8.8.8"));
        assert!(Trust::parse(["*"]).unwrap().has_unix());
        let nobody = Trust::parse(["", " "]).unwrap();
        assert!(nobody.is_empty() && !has(&nobody, "127.0.0.1") && !nobody.has_unix());
        assert!(Trust::parse(["unix"]).unwrap().has_unix());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (entry, advice) in [
            ("10.0.0.1/8", "10.0.0.0/8"),
            ("10.0.0.0/33", "no network"),
            ("10.0.0.0/", "no network"),
            ("10.0.0.0/+8", "no network"),
            ("::/129", "no network"),
            ("proxy/8", "no network"),
            ("10.0.0.256", "no address"),
            ("10.0.0", "no address"),
            ("fe80::zz", "no address"),
        ] {
            let error = Trust::parse([entry]).unwrap_err().to_string();
            assert!(error.contains(advice), "{entry}: {error}");
        }
        assert!(Trust::parse(["*", "10.0.0.1"]).is_err());
    }
}
