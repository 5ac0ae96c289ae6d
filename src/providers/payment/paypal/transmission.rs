//! The headers of a webhook, and what PayPal signs of it: the transmission's id and time, the
//! endpoint's id, and the CRC-32 of the raw body.

use base64ct::{Base64, Encoding};
use url::Url;

use super::settings::PaypalSettings;
use crate::domain::time::Timestamp;
use crate::providers::payment::contract::{HeaderLookup, MAX_WEBHOOK_BYTES, WebhookRefusal};
use crate::providers::payment::signature::TOLERANCE_SECONDS;

/// The only algorithm that is believed.
const ALGORITHM: &str = "SHA256withRSA";

const CERTIFICATE_PATH: &str = "/v1/notifications/certs/";

/// The longest id of a transmission, and the longest time.
const MAX_ID_CHARACTERS: usize = 50;
const MAX_TIME_CHARACTERS: usize = 40;

/// The longest signature in base64: of a key of 4096 bits.
const MAX_SIGNATURE_CHARACTERS: usize = 700;

/// The longest URL of a certificate, by PayPal's description.
const MAX_URL_CHARACTERS: usize = 500;

/// A webhook's headers, each in the only form that is accepted.
pub(super) struct Transmission {
    pub id: String,
    pub time_text: String,
    pub time: Timestamp,
    pub signature_text: String,
    pub signature: Vec<u8>,
    pub certificate_url: Url,
}

impl Transmission {
    /// Takes the headers apart. What is missing or malformed is no signature.
    pub fn read(
        settings: &PaypalSettings,
        header: HeaderLookup<'_>,
        body: &[u8],
    ) -> Result<Self, WebhookRefusal> {
        if body.len() > MAX_WEBHOOK_BYTES {
            return Err(WebhookRefusal::BadSignature);
        }
        Self::parse(settings, header).ok_or(WebhookRefusal::BadSignature)
    }

    fn parse(settings: &PaypalSettings, header: HeaderLookup<'_>) -> Option<Self> {
        // The signed text is joined by bars: a bar within a part could make two texts one.
        let part = |name: &str, limit: usize| {
            header(name).filter(|text| {
                (1..=limit).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_graphic() && b != b'|')
            })
        };
        part("paypal-auth-algo", MAX_ID_CHARACTERS).filter(|name| name == ALGORITHM)?;
        let id = part("paypal-transmission-id", MAX_ID_CHARACTERS)?;
        let time_text = part("paypal-transmission-time", MAX_TIME_CHARACTERS)?;
        let time = Timestamp::parse_rfc3339(&time_text)?;
        let signature_text = part("paypal-transmission-sig", MAX_SIGNATURE_CHARACTERS)?;
        let signature = Base64::decode_vec(&signature_text).ok()?;
        let url = part("paypal-cert-url", MAX_URL_CHARACTERS)?;
        let certificate_url = certificate_url(settings, &url)?;
        Some(Self { id, time_text, time, signature_text, signature, certificate_url })
    }

    /// Refuses what was sent at another time than now.
    pub fn check_time(&self, now: Timestamp) -> Result<(), WebhookRefusal> {
        let distance = now.seconds().saturating_sub(self.time.seconds());
        if (-TOLERANCE_SECONDS..=TOLERANCE_SECONDS).contains(&distance) {
            Ok(())
        } else {
            Err(WebhookRefusal::Stale)
        }
    }

    /// The text that PayPal signs for one endpoint.
    pub fn signed_text(&self, webhook_id: &str, body: &[u8]) -> String {
        format!("{}|{}|{webhook_id}|{}", self.id, self.time_text, crc32(body))
    }
}

/// The URL of a certificate, if it is one of PayPal's: whoever could choose the host could choose the
/// key, and whoever could choose the path could make us fetch anything from it.
fn certificate_url(settings: &PaypalSettings, text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let name = url.path().strip_prefix(CERTIFICATE_PATH)?;
    let legal = settings.is_certificate_host(&url)
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    legal.then_some(url)
}

/// The CRC-32 of ISO 3309, as in zip and Ethernet.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let mut remainder = u32::MAX;
    for byte in bytes {
        remainder ^= u32::from(*byte);
        for _ in 0..8 {
            let is_odd = remainder & 1 == 1;
            remainder >>= 1;
            if is_odd {
                remainder ^= POLYNOMIAL;
            }
        }
    }
    !remainder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
