//! Moments, to the millisecond, and their RFC 3339 form. Nothing here reads a clock.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, Time};

/// A moment: milliseconds since 1970-01-01T00:00:00Z. In JSON it is RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last moment that has an RFC 3339 form: 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The moment `milliseconds` after 1970, held within 1970 and [`Timestamp::MAX`].
    #[must_use]
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        if milliseconds < 0 {
            Self(0)
        } else if milliseconds > Self::MAX.0 {
            Self::MAX
        } else {
            Self(milliseconds)
        }
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn milliseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The moment this many milliseconds later.
    #[must_use]
    pub const fn plus_milliseconds(self, milliseconds: i64) -> Self {
        Self::from_milliseconds(self.0.saturating_add(milliseconds))
    }

    /// The moment this many seconds later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_milliseconds(seconds.saturating_mul(1_000))
    }

    /// Milliseconds from an earlier moment to this one; negative if it is later.
    #[must_use]
    pub const fn milliseconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let Ok(moment) = OffsetDateTime::from_unix_timestamp(self.seconds()) else {
            return String::new();
        };
        let (date, time) = (moment.date(), moment.time());
        let parts = [
            (date.year().unsigned_abs(), 4, '-'),
            (u32::from(u8::from(date.month())), 2, '-'),
            (u32::from(date.day()), 2, 'T'),
            (u32::from(time.hour()), 2, ':'),
            (u32::from(time.minute()), 2, ':'),
            (u32::from(time.second()), 2, '.'),
            (u32::try_from(self.0.rem_euclid(1_000)).unwrap_or(0), 3, 'Z'),
        ];
        let mut text = String::with_capacity(24);
        for (number, digits, mark) in parts {
            push_digits(&mut text, number, digits);
            text.push(mark);
        }
        text
    }

    /// Reads RFC 3339 with any offset.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        if let Some(moment) = parse_as_written(text) {
            return Some(moment);
        }
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let milliseconds =
            i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?;
        (0..=Self::MAX.0).contains(&milliseconds).then_some(Self(milliseconds))
    }
}

/// Reads what [`Timestamp::rfc3339`] writes, and nothing else. Nearly every text that is read was written so:
/// an order's document has a dozen moments and is read several times for each checkout.
fn parse_as_written(text: &str) -> Option<Timestamp> {
    let &[
        y3,
        y2,
        y1,
        y0,
        b'-',
        m1,
        m0,
        b'-',
        d1,
        d0,
        b'T',
        h1,
        h0,
        b':',
        n1,
        n0,
        b':',
        s1,
        s0,
        b'.',
        t2,
        t1,
        t0,
        b'Z',
    ] = text.as_bytes()
    else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u16, |number, digit| {
            let digit = digit.is_ascii_digit().then(|| digit.wrapping_sub(b'0'))?;
            Some(number.wrapping_mul(10).wrapping_add(u16::from(digit)))
        })
    };
    let small = |tens, ones| u8::try_from(number(&[tens, ones])?).ok();
    let year = i32::from(number(&[y3, y2, y1, y0])?);
    let date =
        Date::from_calendar_date(year, Month::try_from(small(m1, m0)?).ok()?, small(d1, d0)?)
            .ok()?;
    let time = Time::from_hms_milli(
        small(h1, h0)?,
        small(n1, n0)?,
        small(s1, s0)?,
        number(&[t2, t1, t0])?,
    )
    .ok()?;
    let seconds = OffsetDateTime::new_utc(date, time).unix_timestamp();
    let milliseconds = seconds.saturating_mul(1_000).saturating_add(i64::from(time.millisecond()));
    (0..=Timestamp::MAX.0).contains(&milliseconds).then_some(Timestamp(milliseconds))
}

/// A number of up to four digits with zeros in front. An order's document has a dozen moments and is written
/// several times for each checkout, so this does without the machinery of `format!`.
fn push_digits(text: &mut String, number: u32, digits: usize) {
    let all = [number / 1_000, number / 100, number / 10, number];
    let digits = all.into_iter().skip(4_usize.saturating_sub(digits));
    text.extend(digits.filter_map(|upto| char::from_digit(upto % 10, 10)));
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextOfMoment)
    }
}

/// Reads the text where it stands: a copy of it would cost as much as reading it.
struct TextOfMoment;

impl Visitor<'_> for TextOfMoment {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 time")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        Timestamp::parse_rfc3339(text).ok_or_else(|| E::custom("expected an RFC 3339 time"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_round_trips() {
        for milliseconds in [0, 1, 999, 1_767_225_600_123, Timestamp::MAX.milliseconds()] {
            let moment = Timestamp::from_milliseconds(milliseconds);
            assert_eq!(Timestamp::parse_rfc3339(&moment.rfc3339()), Some(moment));
        }
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_772_409_907_045, "2026-03-02T00:05:07.045Z"),
            (1_709_210_096_700, "2024-02-29T12:34:56.700Z"),
            (Timestamp::MAX.milliseconds(), "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp::from_milliseconds(milliseconds).rfc3339(), text);
        }
    }

    #[test]
    fn the_short_way_of_reading_agrees_with_the_long_one() {
        let long = |text: &str| {
            let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
            i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
        };
        let short = |text: &str| parse_as_written(text).map(Timestamp::milliseconds);
        for date in ["2024-02-29", "2026-12-31", "9999-12-31", "1970-01-01", "2000-02-29"] {
            for time in ["00:00:00.000", "23:59:59.999", "12:34:56.007"] {
                let text = format!("{date}T{time}Z");
                assert!(short(&text).is_some(), "{text}");
                assert_eq!(short(&text), long(&text), "{text}");
            }
        }
        for text in [
            "2026-02-29T00:00:00.000Z",
            "2026-00-01T00:00:00.000Z",
            "2026-13-01T00:00:00.000Z",
            "2026-01-32T00:00:00.000Z",
            "2026-01-01T24:00:00.000Z",
            "2026-01-01T00:60:00.000Z",
            "1969-12-31T23:59:59.999Z",
            "2026-01-01T00:00:00.00Z",
            "2026-01-01T00:00:00.0000",
            "2026-01-01 00:00:00.000Z",
            "+026-01-01T00:00:00.000Z",
            "2026-01-01T00:00:00.00:Z",
        ] {
            assert_eq!(short(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_is_folded_into_utc_and_nonsense_is_refused() {
        let moment = Timestamp::parse_rfc3339("2026-01-01T01:00:00+01:00").unwrap();
        assert_eq!(moment.rfc3339(), "2026-01-01T00:00:00.000Z");
        for bad in ["", "2026-01-01", "yesterday", "2026-13-01T00:00:00Z", "1969-01-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse_rfc3339(bad), None, "{bad}");
        }
    }

    #[test]
    fn arithmetic_never_leaves_the_range() {
        assert_eq!(Timestamp::MAX.plus_seconds(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from_milliseconds(i64::MIN).milliseconds(), 0);
    }
}
