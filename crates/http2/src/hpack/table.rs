//! The fields that can be named by a number: the static table and the dynamic one.

use std::collections::VecDeque;

/// The size of the dynamic table that clients may use, in bytes: the one that holds unless a server
/// says something else, and we do not.
pub(super) const SIZE: usize = 4096;
/// What an entry counts beside its name and value (RFC 7541 section 4.1).
pub(crate) const OVERHEAD: usize = 32;

/// A field of either table.
pub(super) type Entry<'t> = (&'t [u8], &'t [u8]);

/// The dynamic table.
#[derive(Debug)]
pub(super) struct Table {
    /// The newest first.
    entries: VecDeque<Owned>,
    size: usize,
    capacity: usize,
}

/// A field and where its name ends.
#[derive(Debug)]
struct Owned {
    bytes: Box<[u8]>,
    name_end: usize,
}

impl Owned {
    fn size(&self) -> usize {
        self.bytes.len() + OVERHEAD
    }
}

impl Default for Table {
    fn default() -> Self {
        Self {
            entries: VecDeque::new(),
            size: 0,
            capacity: SIZE,
        }
    }
}

impl Table {
    /// The entry with this number, which counts from 1 through both tables.
    pub(super) fn get(&self, index: usize) -> Option<Entry<'_>> {
        let index = index.checked_sub(1)?;
        match index.checked_sub(STATIC.len()) {
            None => STATIC.get(index).copied(),
            Some(index) => {
                let entry = self.entries.get(index)?;
                entry.bytes.split_at_checked(entry.name_end)
            }
        }
    }

    /// Adds a field; old ones make room. One that is larger than the table empties it.
    pub(super) fn insert(&mut self, name: &[u8], value: &[u8]) {
        let entry = Owned {
            bytes: [name, value].concat().into(),
            name_end: name.len(),
        };
        let size = entry.size();
        self.evict(self.capacity.saturating_sub(size));
        if size <= self.capacity {
            self.size += size;
            self.entries.push_front(entry);
        }
    }

    /// Changes how large the table may become.
    pub(super) fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
        self.evict(capacity);
    }

    fn evict(&mut self, left: usize) {
        while self.size > left {
            let Some(entry) = self.entries.pop_back() else {
                return;
            };
            self.size -= entry.size();
        }
    }
}

/// The static table (RFC 7541, appendix A).
#[rustfmt::skip]
static STATIC: [Entry<'static>; 61] = [
    (b":authority", b""),
    (b":method", b"GET"),
    (b":method", b"POST"),
    (b":path", b"/"),
    (b":path", b"/index.html"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    (b":status", b"200"),
    (b":status", b"204"),
    (b":status", b"206"),
    (b":status", b"304"),
    (b":status", b"400"),
    (b":status", b"404"),
    (b":status", b"500"),
    (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
    (b"accept-language", b""),
    (b"accept-ranges", b""),
    (b"accept", b""),
    (b"access-control-allow-origin", b""),
    (b"age", b""),
    (b"allow", b""),
    (b"authorization", b""),
    (b"cache-control", b""),
    (b"content-disposition", b""),
    (b"content-encoding", b""),
    (b"content-language", b""),
    (b"content-length", b""),
    (b"content-location", b""),
    (b"content-range", b""),
    (b"content-type", b""),
    (b"cookie", b""),
    (b"date", b""),
    (b"etag", b""),
    (b"expect", b""),
    (b"expires", b""),
    (b"from", b""),
    (b"host", b""),
    (b"if-match", b""),
    (b"if-modified-since", b""),
    (b"if-none-match", b""),
    (b"if-range", b""),
    (b"if-unmodified-since", b""),
    (b"last-modified", b""),
    (b"link", b""),
    (b"location", b""),
    (b"max-forwards", b""),
    (b"proxy-authenticate", b""),
    (b"proxy-authorization", b""),
    (b"range", b""),
    (b"referer", b""),
    (b"refresh", b""),
    (b"retry-after", b""),
    (b"server", b""),
    (b"set-cookie", b""),
    (b"strict-transport-security", b""),
    (b"transfer-encoding", b""),
    (b"user-agent", b""),
    (b"vary", b""),
    (b"via", b""),
    (b"www-authenticate", b""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_through_both_tables() {
        let mut table = Table::default();
        assert_eq!(table.get(0), None);
        assert_eq!(table.get(2), Some((&b":method"[..], &b"GET"[..])));
        assert_eq!(table.get(61), Some((&b"www-authenticate"[..], &b""[..])));
        assert_eq!(table.get(62), None);
        table.insert(b"a", b"1");
        table.insert(b"b", b"2");
        assert_eq!(table.get(62), Some((&b"b"[..], &b"2"[..])));
        assert_eq!(table.get(63), Some((&b"a"[..], &b"1"[..])));
    }

    #[test]
    fn old_entries_make_room() {
        let mut table = Table::default();
        table.resize(2 * (OVERHEAD + 2));
        for name in [b"a", b"b", b"c"] {
            table.insert(name, b"1");
        }
        assert_eq!(table.get(63), Some((&b"b"[..], &b"1"[..])));
        assert_eq!(table.get(64), None);
        table.insert(b"long", &[b'x'; 100]);
        assert_eq!((table.get(62), table.size), (None, 0));
        table.insert(b"a", b"1");
        table.resize(0);
        assert_eq!((table.get(62), table.size), (None, 0));
    }
}
