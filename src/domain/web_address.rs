//! Which web addresses lead to the open internet, and not into somebody's own network.
//!
//! Not a proof, since a name resolves to whatever its owner likes; the platform itself refuses private
//! addresses. It catches mistakes of configuration and what a request would smuggle in.

use url::{Host, Url};

/// Endings of names that are reserved for private use.
const PRIVATE: [&str; 7] =
    ["localhost", "local", "internal", "home.arpa", "localdomain", "lan", "intranet"];

/// What keeps a URL from being a public address: https at its usual port of a public host name, without
/// credentials. The text of the problem does not repeat the URL, which may hold a credential.
///
/// # Errors
/// What is wrong with it.
pub fn check_public(url: &Url) -> Result<(), &'static str> {
    if url.scheme() != "https" {
        return Err("must be https outside development");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password");
    }
    if !url.host().is_some_and(|host| is_public(&host)) {
        return Err("must name a public host outside development");
    }
    if url.port().is_some() {
        return Err("must use the port of https outside development");
    }
    Ok(())
}

/// A name with a dot that is not reserved for private use; never an address in numbers, however it is
/// written: `Url` has read `127.1`, `0x7f000001` and `[::1]` as addresses by now.
fn is_public(host: &Host<&str>) -> bool {
    let Host::Domain(name) = host else { return false };
    let name = name.strip_suffix('.').unwrap_or(name);
    name.contains('.')
        && name.split('.').all(|label| !label.is_empty())
        && !PRIVATE.iter().any(|suffix| {
            name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list that every configurable address is held against; the tests over HTTP have it too.
    const INWARD: [&str; 28] = [
        "https://localhost/",
        "https://localhost./",
        "https://shop.localhost/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00::1]/",
        "https://[fe80::1]/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://nas.lan/",
        "https://router/",
        "https://user@shop.example/",
        "https://user:secret@shop.example/",
        "https://shop.example:8443/",
        "http://shop.example/",
        "ftp://shop.example/",
        "https://１２７.0.0.1/",
    ];

    #[test]
    fn what_leads_inward_is_not_public() {
        for text in INWARD {
            assert!(check_public(&Url::parse(text).unwrap()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_of_nothing_is_not_public() {
        for text in ["https://../", "https://localhost../", "https://shop..example/"] {
            assert!(check_public(&Url::parse(text).unwrap()).is_err(), "{text}");
        }
    }

    #[test]
    fn ordinary_addresses_are() {
        for text in [
            "https://shop.example/",
            "https://shop.example:443/back?order=1#top",
            "https://münchen.example/",
            "https://localhost.shop.example./",
            "https://internal.example/",
        ] {
            assert_eq!(check_public(&Url::parse(text).unwrap()), Ok(()), "{text}");
        }
    }
}
