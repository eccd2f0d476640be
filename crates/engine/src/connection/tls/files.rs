//! Certificates and keys in files.

use std::path::Path;

use pkcs8::EncryptedPrivateKeyInfoRef;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// What is wrong with a file, as a sentence that names it.
pub(super) type Wrong = String;

/// The certificates of a chain, the server's own first.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let bytes = read(path)?;
    let certificates = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(path, &format!("cannot be read as PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(wrong(path, "contains no certificate"));
    }
    Ok(certificates)
}

/// The authorities whose clients are trusted.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, Wrong> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        store
            .add(certificate)
            .map_err(|error| wrong(path, &format!("contains a certificate of no use: {error}")))?;
    }
    Ok(store)
}

/// The first private key of a file, which `password` opens if it is encrypted.
pub(super) fn private_key(
    path: &Path,
    password: Option<&[u8]>,
) -> Result<PrivateKeyDer<'static>, Wrong> {
    let bytes = read(path)?;
    if let Ok(key) = PrivateKeyDer::from_pem_slice(&bytes)
        && !is_encrypted_the_old_way(&bytes)
    {
        return Ok(key);
    }
    if is_encrypted_the_old_way(&bytes) {
        return Err(wrong(
            path,
            "is encrypted in OpenSSL's old format; `openssl pkcs8 -topk8` writes the standard one",
        ));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong(path, "is no PEM file"))?;
    let start = text
        .find("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        .ok_or_else(|| wrong(path, "contains no private key"))?;
    let password = password.ok_or_else(|| {
        wrong(
            path,
            "is encrypted: its password goes to `ssl_keyfile_password`",
        )
    })?;
    decrypt(text.get(start..).unwrap_or_default(), password).map_err(|error| wrong(path, &error))
}

fn decrypt(text: &str, password: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let (_, document) = pkcs8::Document::from_pem(text)
        .map_err(|error| format!("cannot be read as PEM: {error}"))?;
    let sealed = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
        .map_err(|error| format!("is encrypted in a way that is not supported: {error}"))?;
    let opened = sealed
        .decrypt(password)
        .map_err(|_| "cannot be decrypted with the password given".to_owned())?;
    let key = PrivatePkcs8KeyDer::from(opened.as_bytes().to_vec());
    Ok(key.into())
}

/// Whether a key's section has the header lines of RFC 1421 that say so.
fn is_encrypted_the_old_way(bytes: &[u8]) -> bool {
    bytes
        .split(|&byte| byte == b'\n')
        .any(|line| line.starts_with(b"Proc-Type: 4,ENCRYPTED"))
}

fn read(path: &Path) -> Result<Vec<u8>, Wrong> {
    std::fs::read(path).map_err(|error| wrong(path, &format!("cannot be read: {error}")))
}

fn wrong(path: &Path, what: &str) -> Wrong {
    format!("{} {what}", path.display())
}
