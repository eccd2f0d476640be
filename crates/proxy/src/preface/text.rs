//! Version 1: one line of text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::{Ends, Preface, Violation};

/// What the line begins with.
pub(super) const MARK: &[u8] = b"PROXY ";
/// The longest line, its end included.
const LONGEST: usize = 107;

pub(super) fn decode(input: &[u8]) -> Result<Option<(Preface, usize)>, Violation> {
    let within = input.get(..LONGEST).unwrap_or(input);
    let is_printable = |byte: &u8| (b' '..=b'~').contains(byte);
    let Some(end) = within.iter().position(|byte| !is_printable(byte)) else {
        return if within.len() == LONGEST {
            Err(Violation::TooLong)
        } else {
            Ok(None)
        };
    };
    if within.get(end) != Some(&b'\r') {
        return Err(Violation::Malformed);
    }
    match within.get(end + 1) {
        Some(b'\n') => {}
        Some(_) => return Err(Violation::Malformed),
        None if within.len() == LONGEST => return Err(Violation::TooLong),
        None => return Ok(None),
    }
    let line = within.get(MARK.len()..end).ok_or(Violation::Malformed)?;
    let line = std::str::from_utf8(line).map_err(|_| Violation::Malformed)?;
    let preface = read(line).ok_or(Violation::Malformed)?;
    Ok(Some((preface, end + 2)))
}

fn read(line: &str) -> Option<Preface> {
    if line == "UNKNOWN" || line.starts_with("UNKNOWN ") {
        // Whatever follows is to be ignored.
        return Some(Preface::Own);
    }
    let mut words = line.split(' ');
    let ends = match words.next()? {
        "TCP4" => ends::<Ipv4Addr>(words)?,
        "TCP6" => ends::<Ipv6Addr>(words)?,
        _ => return None,
    };
    Some(Preface::Proxied(ends))
}

/// Both addresses, then both ports, and nothing else.
fn ends<'a, A>(mut words: impl Iterator<Item = &'a str>) -> Option<Ends>
where
    A: FromStr + Into<IpAddr>,
{
    let source: IpAddr = words.next()?.parse::<A>().ok()?.into();
    let destination: IpAddr = words.next()?.parse::<A>().ok()?.into();
    let source = SocketAddr::new(source, port(words.next()?)?);
    let destination = SocketAddr::new(destination, port(words.next()?)?);
    words.next().is_none().then_some(Ends {
        source,
        destination,
        tls: false,
    })
}

/// A port in its one spelling.
fn port(word: &str) -> Option<u16> {
    let port: u16 = word.parse().ok()?;
    (word == port.to_string()).then_some(port)
}

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;

    fn proxied(source: &str, destination: &str) -> Preface {
        Preface::Proxied(Ends {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            tls: false,
        })
    }

    #[test]
    fn lines() {
        for (line, preface) in [
            (
                "PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\n",
                proxied("1.2.3.4:1000", "5.6.7.8:80"),
            ),
            (
                "PROXY TCP6 2001:db8::1 ::1 65535 0\r\n",
                proxied("[2001:db8::1]:65535", "[::1]:0"),
            ),
            ("PROXY UNKNOWN\r\n", Preface::Own),
            ("PROXY UNKNOWN ffff::1 whatever it is\r\n", Preface::Own),
        ] {
            let whole = [line.as_bytes(), b"GET"].concat();
            assert_eq!(decode(&whole), Ok(Some((preface, line.len()))), "{line}");
            for length in 0..line.len() {
                assert_eq!(decode(&whole[..length]), Ok(None), "{line} cut at {length}");
            }
        }
    }

    #[test]
    fn what_is_no_line() {
        for line in [
            "PROXY TCP4 1.2.3.4 5.6.7.8 1000\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1000 80 1\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1000 80 \r\n",
            "PROXY TCP4  1.2.3.4 5.6.7.8 1000 80\r\n",
            "PROXY  TCP4 1.2.3.4 5.6.7.8 1000 80\r\n",
            "PROXY TCP4 ::1 ::2 1000 80\r\n",
            "PROXY TCP6 1.2.3.4 5.6.7.8 1000 80\r\n",
            "PROXY TCP4 1.2.3.04 5.6.7.8 1000 80\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 01000 80\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 +1000 80\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1000 65536\r\n",
            "PROXY TCP4\t1.2.3.4 5.6.7.8 1000 80\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\n\r\n",
            "PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\r\n",
            "PROXY tcp4 1.2.3.4 5.6.7.8 1000 80\r\n",
            "PROXY UNKNOWNS\r\n",
            "PROXY UDP4 1.2.3.4 5.6.7.8 1000 80\r\n",
            "PROXY \r\n",
        ] {
            assert_eq!(
                decode(line.as_bytes()),
                Err(Violation::Malformed),
                "{line:?}"
            );
        }
        for line in [
            "GET / HTTP/1.1\r\n",
            "proxy TCP4",
            "PROXX",
            " PROXY",
            "\r\nPROXY",
        ] {
            assert_eq!(decode(line.as_bytes()), Err(Violation::Missing), "{line:?}");
        }
    }

    #[test]
    fn a_line_has_107_bytes_at_most() {
        let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST - 16));
        assert_eq!(longest.len(), LONGEST);
        assert_eq!(
            decode(longest.as_bytes()),
            Ok(Some((Preface::Own, LONGEST)))
        );
        let longer = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LONGEST - 15));
        assert_eq!(decode(longer.as_bytes()), Err(Violation::TooLong));
        assert_eq!(decode(&longer.as_bytes()[..LONGEST - 1]), Ok(None));
        let endless = format!("PROXY UNKNOWN {}", "x".repeat(LONGEST));
        assert_eq!(decode(endless.as_bytes()), Err(Violation::TooLong));
    }
}
