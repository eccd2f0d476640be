//! What follows the addresses of version 2: entries of a type, a length and a value.

use super::Violation;
use super::checksum::crc32c;

const CRC32C: u8 = 0x03;
const SSL: u8 = 0x20;
/// In the first byte of an SSL entry: the client connected over TLS.
const CLIENT_SSL: u8 = 0x01;

/// Walks over the entries in `whole` from `at` on: says whether the client spoke TLS. Entries of other
/// types are skipped, as the protocol demands.
pub(super) fn read(whole: &[u8], at: usize) -> Result<bool, Violation> {
    let mut tls = false;
    let mut checked = false;
    let mut rest = whole.get(at..).unwrap_or_default();
    while let [kind, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, next) = after.split_at_checked(length).ok_or(Violation::Malformed)?;
        match *kind {
            CRC32C => {
                if std::mem::replace(&mut checked, true) {
                    return Err(Violation::Malformed);
                }
                check(whole, whole.len() - after.len(), value)?;
            }
            // Five bytes, and entries of its own that say more than is wanted here.
            SSL => match value {
                [client, _, _, _, _, ..] => tls = client & CLIENT_SSL != 0,
                _ => return Err(Violation::Malformed),
            },
            _ => {}
        }
        rest = next;
    }
    if rest.is_empty() {
        Ok(tls)
    } else {
        Err(Violation::Malformed)
    }
}

/// The checksum is that of the whole header with zeros in its own place.
fn check(whole: &[u8], at: usize, value: &[u8]) -> Result<(), Violation> {
    let stated: [u8; 4] = value.try_into().map_err(|_| Violation::Malformed)?;
    let mut zeroed = whole.to_vec();
    if let Some(place) = zeroed.get_mut(at..at + 4) {
        place.fill(0);
    }
    if crc32c(&zeroed) == u32::from_be_bytes(stated) {
        Ok(())
    } else {
        Err(Violation::Checksum)
    }
}
