//! Stripe's scheme of signing webhooks, which the sandbox uses too: `t=<unix>,v1=<hex>[,v1=<hex>…]`,
//! where `v1` is the lower-case hexadecimal HMAC-SHA256 of `<t>.<body>`.
//!
//! Only a MAC over the raw bytes counts. It is computed for every secret (the old and the new one
//! during a rotation), compared in constant time with every `v1`, and only then is the time looked at:
//! whoever has no secret learns nothing, not even whether the time was right.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::contract::WebhookRefusal;
use super::settings::Secret;
use crate::domain::time::Timestamp;

/// How far the signature's time may be from now, either way, in seconds.
pub const TOLERANCE_SECONDS: i64 = 300;

/// The longest header that is looked at.
pub const MAX_HEADER_BYTES: usize = 2_048;

/// The most signatures in one header; Stripe sends one per live secret.
const MAX_SIGNATURES: usize = 16;

/// The longest time that is looked at, in digits: enough until the year 5138.
const MAX_TIME_DIGITS: usize = 11;

const MAC_BYTES: usize = 32;

/// Checks a signature header over the raw body.
///
/// # Errors
/// [`WebhookRefusal::BadSignature`] unless one `v1` is right for one secret,
/// [`WebhookRefusal::Stale`] if it is but its time is more than [`TOLERANCE_SECONDS`] from `now`.
pub fn check(
    header: &str,
    body: &[u8],
    secrets: &[Secret],
    now: Timestamp,
) -> Result<(), WebhookRefusal> {
    let signed = Signed::parse(header).ok_or(WebhookRefusal::BadSignature)?;
    let mut right = Choice::from(0);
    for secret in secrets {
        let expected = mac(secret, signed.time_text, body).ok_or(WebhookRefusal::BadSignature)?;
        right |= any_equal(&expected, &signed.signatures);
    }
    if !bool::from(right) {
        return Err(WebhookRefusal::BadSignature);
    }
    let distance = now.seconds().saturating_sub(signed.time);
    if (-TOLERANCE_SECONDS..=TOLERANCE_SECONDS).contains(&distance) {
        Ok(())
    } else {
        Err(WebhookRefusal::Stale)
    }
}

/// Whether one of the signatures is the expected one, in a time that does not depend on where they
/// differ nor on which one it is.
fn any_equal(expected: &[u8; MAC_BYTES], given: &[[u8; MAC_BYTES]]) -> Choice {
    given.iter().fold(Choice::from(0), |right, signature| right | expected.ct_eq(signature))
}

/// The header taken apart.
struct Signed<'a> {
    time_text: &'a str,
    time: i64,
    signatures: Vec<[u8; MAC_BYTES]>,
}

impl<'a> Signed<'a> {
    /// `None` unless there is exactly one `t` and at least one well-formed `v1`. Other schemes, and a
    /// `v1` that is not 64 lower-case hexadecimal digits, are passed over.
    fn parse(header: &'a str) -> Option<Self> {
        if header.len() > MAX_HEADER_BYTES {
            return None;
        }
        let mut time_text = None;
        let mut signatures = Vec::new();
        for item in header.split(',') {
            match item.split_once('=') {
                Some(("t", text)) if time_text.is_none() => time_text = Some(text),
                Some(("t", _)) => return None,
                Some(("v1", text)) => signatures.extend(lower_hex(text)),
                _ => {}
            }
        }
        let time_text = time_text?;
        let digits = !time_text.is_empty()
            && time_text.len() <= MAX_TIME_DIGITS
            && time_text.bytes().all(|b| b.is_ascii_digit());
        if !digits || signatures.is_empty() || signatures.len() > MAX_SIGNATURES {
            return None;
        }
        Some(Self { time_text, time: time_text.parse().ok()?, signatures })
    }
}

/// Stripe writes lower case, and there is one way to write a signature: upper case is not it.
fn lower_hex(text: &str) -> Option<[u8; MAC_BYTES]> {
    let mut bytes = [0; MAC_BYTES];
    let lower = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

fn mac(secret: &Secret, time_text: &str, body: &[u8]) -> Option<[u8; MAC_BYTES]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(time_text.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_taken_apart_strictly() {
        let v1 = "ab".repeat(MAC_BYTES);
        let good = format!("t=1767225600,v1={v1},v0=zz,v1={v1}");
        assert_eq!(
            Signed::parse(&good).map(|s| (s.time, s.signatures.len())),
            Some((1_767_225_600, 2))
        );
        let upper = v1.to_uppercase();
        for bad in [
            String::new(),
            ",".to_owned(),
            "t=1".to_owned(),
            format!("v1={v1}"),
            format!("t=,v1={v1}"),
            format!("t=1,t=1,v1={v1}"),
            format!("t=-1,v1={v1}"),
            format!("t=+1,v1={v1}"),
            format!("t=1.0,v1={v1}"),
            format!("t=NaN,v1={v1}"),
            format!("t=٣,v1={v1}"),
            format!("t=9223372036854775808,v1={v1}"),
            format!("t=1, v1={v1}"),
            format!("t=1,v1={upper}"),
            format!("t=1,v1={v1}00"),
            "t=1,v1=".to_owned(),
            format!("t=1,v0={v1}"),
            format!("t=1{}", format!(",v1={v1}").repeat(MAX_SIGNATURES + 1)),
            format!("t=1,v1={v1},{}", "x".repeat(MAX_HEADER_BYTES)),
        ] {
            assert!(Signed::parse(&bad).is_none(), "{bad}");
        }
    }

    /// FAULTS row 8, in the way of dudect: the same comparison of a signature that differs in its
    /// first byte and of one that differs in its last, a million times in random order; Welch's t of
    /// the two sets of times, less the slowest tenth (interrupts), must be below 4.5.
    #[test]
    #[expect(clippy::as_conversions, reason = "statistics of measured times")]
    fn comparing_takes_as_long_wherever_the_signatures_differ() {
        use std::hint::black_box;
        use std::time::Instant;

        const SAMPLES: usize = 1_000_000;
        const REPEATS: usize = 2;
        let expected = [0x5a; MAC_BYTES];
        let (mut first, mut last) = ([expected], [expected]);
        first[0][0] ^= 1;
        last[0][MAC_BYTES - 1] ^= 1;
        let inputs = [first, last];

        let measure = || {
            let mut times = [Vec::new(), Vec::new()];
            let mut random: u64 = 0x9e37_79b9_7f4a_7c15;
            for _ in 0..SAMPLES {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let class = usize::from(random & 1 == 1);
                let input = black_box(inputs[class]);
                let start = Instant::now();
                for _ in 0..REPEATS {
                    black_box(any_equal(black_box(&expected), black_box(&input)));
                }
                times[class].push(start.elapsed().as_nanos() as f64);
            }
            let moments = |mut times: Vec<f64>| {
                times.sort_by(f64::total_cmp);
                times.truncate(times.len() / 10 * 9);
                let n = times.len() as f64;
                let mean = times.iter().sum::<f64>() / n;
                let variance = times.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (n - 1.0);
                (mean, variance / n)
            };
            let [a, b] = times.map(moments);
            (a.0 - b.0).abs() / (a.1 + b.1).sqrt()
        };
        // A busy machine can push one measurement over; a comparison that leaks is over every time.
        let quiet = (0..5).map(|_| measure()).find(|t| {
            println!("timing of the comparison: |t| = {t:.2} over {SAMPLES} samples");
            *t < 4.5
        });
        assert!(quiet.is_some(), "the time of the comparison depends on where signatures differ");
    }
}
