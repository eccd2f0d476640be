//! How large a form may be.

/// What a field counts against, in either kind of body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldLimits {
    /// How many fields there may be.
    pub fields: u64,
    /// How long a field may be, in bytes: the value of a part, name and value together in a
    /// urlencoded body, before anything is decoded.
    pub size: u64,
}

impl Default for FieldLimits {
    fn default() -> Self {
        Self {
            fields: 1000,
            size: 1 << 20,
        }
    }
}

/// The limits of a `multipart/form-data` body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Those of parts that are fields.
    pub fields: FieldLimits,
    /// How many files there may be.
    pub files: u64,
    /// How many header lines a part may have.
    pub headers: usize,
    /// How long a header line may be, in bytes, without its line break. Bounds names as well.
    pub header_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fields: FieldLimits::default(),
            files: 1000,
            headers: 8,
            header_size: 4096 + 128,
        }
    }
}
