//! Version 2: binary.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Ends, LIMIT, Preface, Violation, tlv};

/// What the header begins with.
pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, command, family, length.
const FIXED: usize = 16;
/// Two paths of Unix sockets.
const UNIX: usize = 216;

pub(super) fn decode(input: &[u8]) -> Result<Option<(Preface, usize)>, Violation> {
    let own = match input.get(12) {
        None => return Ok(None),
        Some(0x20) => true,
        Some(0x21) => false,
        Some(_) => return Err(Violation::Malformed),
    };
    let family = match input.get(13) {
        None => return Ok(None),
        Some(family) => *family,
    };
    let (Some(high), Some(low)) = (input.get(14), input.get(15)) else {
        return Ok(None);
    };
    let length = FIXED + usize::from(u16::from_be_bytes([*high, *low]));
    if length > LIMIT {
        return Err(Violation::TooLong);
    }
    let Some(whole) = input.get(..length) else {
        return Ok(None);
    };
    // A proxy that speaks for itself may say anything of addresses, or nothing.
    let preface = if own {
        Preface::Own
    } else {
        read(whole, family)?
    };
    Ok(Some((preface, length)))
}

fn read(whole: &[u8], family: u8) -> Result<Preface, Violation> {
    let block = whole.get(FIXED..).unwrap_or_default();
    // Streams only: nobody carries HTTP of ours in datagrams.
    let (ends, length) = match family {
        // What is not specified has no addresses, and nothing to say where entries begin.
        0x00 => return Ok(Preface::Own),
        0x11 => (v4(block).ok_or(Violation::Malformed)?, 12),
        0x21 => (v6(block).ok_or(Violation::Malformed)?, 36),
        0x31 if block.len() >= UNIX => {
            tlv::read(whole, FIXED + UNIX)?;
            return Ok(Preface::Own);
        }
        _ => return Err(Violation::Malformed),
    };
    let tls = tlv::read(whole, FIXED + length)?;
    Ok(Preface::Proxied(Ends { tls, ..ends }))
}

fn v4(block: &[u8]) -> Option<Ends> {
    let (source, rest) = block.split_first_chunk::<4>()?;
    let (destination, rest) = rest.split_first_chunk::<4>()?;
    let (source, destination) = (Ipv4Addr::from(*source), Ipv4Addr::from(*destination));
    ends(source.into(), destination.into(), rest)
}

fn v6(block: &[u8]) -> Option<Ends> {
    let (source, rest) = block.split_first_chunk::<16>()?;
    let (destination, rest) = rest.split_first_chunk::<16>()?;
    let (source, destination) = (Ipv6Addr::from(*source), Ipv6Addr::from(*destination));
    ends(source.into(), destination.into(), rest)
}

fn ends(source: IpAddr, destination: IpAddr, ports: &[u8]) -> Option<Ends> {
    let (from, rest) = ports.split_first_chunk::<2>()?;
    let (to, _) = rest.split_first_chunk::<2>()?;
    Some(Ends {
        source: SocketAddr::new(source, u16::from_be_bytes(*from)),
        destination: SocketAddr::new(destination, u16::from_be_bytes(*to)),
        tls: false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::checksum::crc32c;
    use super::super::decode;
    use super::*;

    const V4: &[u8] = &[1, 2, 3, 4, 5, 6, 7, 8, 0x12, 0x34, 0, 80];

    fn header(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
        let length = u16::try_from(block.len()).unwrap().to_be_bytes();
        [SIGNATURE, &[command, family], &length, block].concat()
    }

    fn entry(kind: u8, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        [&[kind], &length[..], value].concat()
    }

    fn ends(source: &str, destination: &str, tls: bool) -> Preface {
        Preface::Proxied(Ends {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            tls,
        })
    }

    fn v6() -> Vec<u8> {
        let (from, to): (Ipv6Addr, Ipv6Addr) =
            ("2001:db8::1".parse().unwrap(), Ipv6Addr::LOCALHOST);
        [&from.octets()[..], &to.octets(), &[0, 9, 1, 187]].concat()
    }

    #[test]
    fn headers() {
        let tls = [V4, &entry(0x20, &[1, 0, 0, 0, 0])].concat();
        let plain = [
            V4,
            &entry(0x20, &[0, 0, 0, 0, 0]),
            &entry(0x04, b"pad"),
            &entry(0xea, b""),
        ]
        .concat();
        for (header, preface) in [
            (
                header(0x21, 0x11, V4),
                ends("1.2.3.4:4660", "5.6.7.8:80", false),
            ),
            (
                header(0x21, 0x21, &v6()),
                ends("[2001:db8::1]:9", "[::1]:443", false),
            ),
            (
                header(0x21, 0x11, &tls),
                ends("1.2.3.4:4660", "5.6.7.8:80", true),
            ),
            (
                header(0x21, 0x11, &plain),
                ends("1.2.3.4:4660", "5.6.7.8:80", false),
            ),
            (header(0x21, 0x31, &[0; UNIX]), Preface::Own),
            (header(0x21, 0x00, b"whatever"), Preface::Own),
            (header(0x20, 0x11, V4), Preface::Own),
            (header(0x20, 0x77, b"?"), Preface::Own),
        ] {
            let whole = [&header[..], b"GET"].concat();
            assert_eq!(
                decode(&whole),
                Ok(Some((preface, header.len()))),
                "{header:?}"
            );
            for length in 0..header.len() {
                assert_eq!(
                    decode(&whole[..length]),
                    Ok(None),
                    "{header:?} cut at {length}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_header() {
        for header in [
            header(0x11, 0x11, V4),
            header(0x22, 0x11, V4),
            header(0x31, 0x11, V4),
            header(0x21, 0x12, V4),
            header(0x21, 0x10, V4),
            header(0x21, 0x41, V4),
            header(0x21, 0x11, &V4[..11]),
            header(0x21, 0x21, &v6()[..35]),
            header(0x21, 0x31, &[0; UNIX - 1]),
            header(0x21, 0x11, &[V4, &[4]].concat()),
            header(0x21, 0x11, &[V4, &[4, 0]].concat()),
            header(0x21, 0x11, &[V4, &[4, 0, 2, 1]].concat()),
            header(0x21, 0x11, &[V4, &entry(0x20, &[1, 0])].concat()),
            header(0x21, 0x11, &[V4, &entry(0x03, &[1, 2])].concat()),
        ] {
            assert_eq!(decode(&header), Err(Violation::Malformed), "{header:?}");
        }
        assert_eq!(decode(b"\r\n\r\nGET"), Err(Violation::Missing));
        assert_eq!(decode(b"\r\nGET / HTTP/1.1"), Err(Violation::Missing));
    }

    #[test]
    fn a_header_of_unusual_length_is_refused_before_it_is_there() {
        let mut header = header(0x21, 0x11, V4);
        header[14..16].copy_from_slice(&u16::MAX.to_be_bytes());
        assert_eq!(decode(&header), Err(Violation::TooLong));
    }

    #[test]
    fn a_checksum_is_checked() {
        let mut header = header(0x21, 0x11, &[V4, &entry(0x03, &[0; 4])].concat());
        let sum = crc32c(&header).to_be_bytes();
        let at = header.len() - 4;
        header[at..].copy_from_slice(&sum);
        assert!(matches!(decode(&header), Ok(Some(_))));
        header[17] ^= 1;
        assert_eq!(decode(&header), Err(Violation::Checksum));
    }
}
