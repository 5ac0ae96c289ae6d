//! Whether a certificate is PayPal's: a chain of RSA signatures from the leaf to a pinned root, all in
//! date, for PayPal's name.
//!
//! The roots are DigiCert's, of which PayPal has its certificates. Revocation is not looked at: PayPal
//! names the certificate with every webhook and stops naming a revoked one.

use rsa::PublicKey;
use rsa::pkcs1v15::Pkcs1v15Sign;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use crate::domain::time::Timestamp;

const ROOTS: [&str; 4] = [
    include_str!("roots/digicert_global_root_ca.pem"),
    include_str!("roots/digicert_global_root_g2.pem"),
    include_str!("roots/digicert_high_assurance_ev_root_ca.pem"),
    include_str!("roots/digicert_tls_rsa4096_root_g5.pem"),
];

/// Whose certificate the leaf must be.
const NAME: &str = "paypal.com";

/// The most certificates in one file, and the longest file.
const MAX_CERTIFICATES: usize = 6;
const MAX_FILE_BYTES: usize = 64 * 1024;

/// The most steps from the leaf to a root.
const MAX_STEPS: u8 = 4;

/// The smallest key that is believed.
const MIN_KEY_BITS: u32 = 2_048;

const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

/// The extensions that are understood here, so that a certificate which insists on them is not refused:
/// basic constraints, key usage, subject and issuer names, extended key usage, policies.
const UNDERSTOOD: [ObjectIdentifier; 5] = [
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
    ObjectIdentifier::new_unwrap("2.5.29.32"),
];

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Untrusted {
    /// It is not a file of certificates; a page of errors, perhaps.
    Unreadable,
    /// It is, and they are not to be believed.
    Refused,
}

/// Whether a text holds certificates that can be read.
pub(super) fn is_readable(pem: &str) -> bool {
    chain(pem.as_bytes()).is_ok()
}

/// The key of the leaf of a chain, if the chain leads to a root.
pub(super) fn trusted_key(
    pem: &[u8],
    other_roots: Option<&str>,
    now: Timestamp,
) -> Result<PublicKey, Untrusted> {
    let chain = chain(pem)?;
    let (leaf, others) = chain.split_first().ok_or(Untrusted::Unreadable)?;
    let roots: Vec<Certificate> = ROOTS
        .into_iter()
        .chain(other_roots)
        .filter_map(|pem| Certificate::load_pem_chain(pem.as_bytes()).ok())
        .flatten()
        .collect();
    if !(is_paypal(leaf) && is_current(leaf, now) && may_sign_messages(leaf)) {
        return Err(Untrusted::Refused);
    }
    if !leads_to_a_root(leaf, others, &roots, now) {
        return Err(Untrusted::Refused);
    }
    key(leaf).ok_or(Untrusted::Refused)
}

/// Whether a key made this PKCS#1 v1.5 signature of SHA-256.
pub(super) fn is_signed_by(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(message), signature).is_ok()
}

fn chain(pem: &[u8]) -> Result<Vec<Certificate>, Untrusted> {
    if pem.len() > MAX_FILE_BYTES {
        return Err(Untrusted::Unreadable);
    }
    let chain = Certificate::load_pem_chain(pem).map_err(|_| Untrusted::Unreadable)?;
    if (1..=MAX_CERTIFICATES).contains(&chain.len()) {
        Ok(chain)
    } else {
        Err(Untrusted::Unreadable)
    }
}

/// Climbs from the leaf, each step by a signature, until one was made by a root.
fn leads_to_a_root(
    leaf: &Certificate,
    others: &[Certificate],
    roots: &[Certificate],
    now: Timestamp,
) -> bool {
    // A certificate that an operator trusts by itself, in development.
    if roots.contains(leaf) {
        return true;
    }
    let mut current = leaf;
    // How many certificates of authorities stand below the one that is looked for.
    for below in 0..MAX_STEPS {
        let issued = |issuer: &&Certificate| {
            issuer.tbs_certificate().subject() == current.tbs_certificate().issuer()
                && is_current(issuer, now)
                && is_authority(issuer, below)
                && has_signed(issuer, current)
        };
        if roots.iter().any(|root| issued(&root)) {
            return true;
        }
        let Some(issuer) = others.iter().find(issued) else { return false };
        current = issuer;
    }
    false
}

/// Whether the leaf is for PayPal, by its common name.
fn is_paypal(leaf: &Certificate) -> bool {
    let Ok(Some(name)) = leaf.tbs_certificate().subject().common_name() else { return false };
    let name = name.value().to_ascii_lowercase();
    name.strip_suffix(NAME).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_current(certificate: &Certificate, now: Timestamp) -> bool {
    let validity = certificate.tbs_certificate().validity();
    let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
    let Ok(now) = u64::try_from(now.seconds()) else { return false };
    (seconds(validity.not_before)..=seconds(validity.not_after)).contains(&now)
}

/// Whether a certificate may sign others, with so many authorities between it and the leaf.
fn is_authority(certificate: &Certificate, below: u8) -> bool {
    let body = certificate.tbs_certificate();
    let Ok(Some((_, constraints))) = body.get_extension::<BasicConstraints>() else {
        return false;
    };
    let may_sign = match body.get_extension::<KeyUsage>() {
        Ok(Some((_, usage))) => usage.key_cert_sign(),
        Ok(None) => true,
        Err(_) => false,
    };
    constraints.ca
        && constraints.path_len_constraint.is_none_or(|most| below <= most)
        && may_sign
        && is_understood(certificate)
}

/// Whether the leaf's key may sign messages.
fn may_sign_messages(leaf: &Certificate) -> bool {
    let may_sign = match leaf.tbs_certificate().get_extension::<KeyUsage>() {
        Ok(Some((_, usage))) => usage.digital_signature(),
        Ok(None) => true,
        Err(_) => false,
    };
    may_sign && is_understood(leaf)
}

fn is_understood(certificate: &Certificate) -> bool {
    certificate
        .tbs_certificate()
        .extensions()
        .is_none_or(|all| all.iter().all(|one| !one.critical || UNDERSTOOD.contains(&one.extn_id)))
}

fn key(certificate: &Certificate) -> Option<PublicKey> {
    let info = certificate.tbs_certificate().subject_public_key_info().to_der().ok()?;
    let info = x509_cert::spki::SubjectPublicKeyInfoRef::from_der(&info).ok()?;
    let key = PublicKey::try_from(info).ok()?;
    (key.n().bit_width() >= MIN_KEY_BITS).then_some(key)
}

fn has_signed(issuer: &Certificate, issued: &Certificate) -> bool {
    let Some(key) = key(issuer) else { return false };
    let Ok(body) = issued.tbs_certificate().to_der() else { return false };
    let Some(signature) = issued.signature().as_bytes() else { return false };
    let algorithm = issued.signature_algorithm();
    if algorithm != issued.tbs_certificate().signature() {
        return false;
    }
    let (padding, hash) = match algorithm.oid {
        SHA256_WITH_RSA => (Pkcs1v15Sign::new::<Sha256>(), Sha256::digest(&body).to_vec()),
        SHA384_WITH_RSA => (Pkcs1v15Sign::new::<Sha384>(), Sha384::digest(&body).to_vec()),
        SHA512_WITH_RSA => (Pkcs1v15Sign::new::<Sha512>(), Sha512::digest(&body).to_vec()),
        _ => return false,
    };
    key.verify(padding, &hash, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-01 and 2031-11-09, in seconds.
    const NOW: i64 = 1_793_491_200;
    const LAST_OF_ALL: i64 = 1_951_948_800;

    #[test]
    fn the_pinned_roots_are_authorities_in_date_with_long_keys() {
        for pem in ROOTS {
            let [root] = Certificate::load_pem_chain(pem.as_bytes()).unwrap().try_into().unwrap();
            for seconds in [NOW, LAST_OF_ALL] {
                assert!(is_current(&root, Timestamp::from_milliseconds(seconds * 1_000)));
            }
            assert!(is_authority(&root, 1));
            assert!(key(&root).is_some());
            let name = root.tbs_certificate().subject().common_name().unwrap().unwrap();
            assert!(name.value().starts_with("DigiCert"), "{}", name.value());
        }
    }
}
