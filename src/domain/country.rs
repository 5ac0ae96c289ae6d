//! ISO 3166: countries, and the subdivisions of those where tax or delivery depends on them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A country by its ISO 3166-1 alpha-2 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(value_type = String, example = "DE", pattern = "^[A-Z]{2}$")]
pub struct CountryCode(&'static str);

/// The code is not in ISO 3166-1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown country; use an ISO 3166-1 alpha-2 code in capitals, such as DE")]
pub struct UnknownCountry;

/// The 249 officially assigned codes, and `XK`: Kosovo has no official one, and parcels go there.
const COUNTRIES: &[&str] = &[
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ",
    "BA", "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS",
    "BT", "BV", "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN",
    "CO", "CR", "CU", "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE",
    "EG", "EH", "ER", "ES", "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF",
    "GG", "GH", "GI", "GL", "GM", "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM",
    "HN", "HR", "HT", "HU", "ID", "IE", "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM",
    "JO", "JP", "KE", "KG", "KH", "KI", "KM", "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC",
    "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY", "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK",
    "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT", "MU", "MV", "MW", "MX", "MY", "MZ", "NA",
    "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU", "NZ", "OM", "PA", "PE", "PF", "PG",
    "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA", "RE", "RO", "RS", "RU", "RW",
    "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM", "SN", "SO", "SR", "SS",
    "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL", "TM", "TN", "TO",
    "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE", "VG", "VI",
    "VN", "VU", "WF", "WS", "XK", "YE", "YT", "ZA", "ZM", "ZW",
];

/// Countries whose post has no postal codes, or none that people know.
const WITHOUT_POSTAL_CODES: &[&str] = &[
    "AE", "AG", "AO", "AW", "BF", "BI", "BJ", "BO", "BQ", "BS", "BW", "BZ", "CD", "CF", "CG", "CI",
    "CK", "CM", "CW", "DJ", "DM", "ER", "FJ", "GA", "GD", "GH", "GM", "GN", "GQ", "GY", "HK", "JM",
    "KI", "KM", "KN", "KP", "LY", "ML", "MO", "MR", "MW", "NR", "NU", "QA", "RW", "SB", "SC", "SL",
    "SR", "ST", "SX", "SY", "TD", "TG", "TK", "TL", "TO", "TV", "UG", "VU", "YE", "ZW",
];

/// ISO 3166-2:US: the states, the district, the outlying areas, and the three codes of the
/// armed forces' post.
const US: &[&str] = &[
    "AA", "AE", "AK", "AL", "AP", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "GU",
    "HI", "IA", "ID", "IL", "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MP", "MS",
    "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "PR", "RI", "SC",
    "SD", "TN", "TX", "UM", "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY",
];

/// ISO 3166-2:CA.
const CA: &[&str] = &["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"];

/// ISO 3166-2:AU.
const AU: &[&str] = &["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"];

/// ISO 3166-2:IN, and the codes of [`RENAMED_IN_INDIA`].
const IN: &[&str] = &[
    "AN", "AP", "AR", "AS", "BR", "CG", "CH", "CT", "DD", "DH", "DL", "DN", "GA", "GJ", "HP", "HR",
    "JH", "JK", "KA", "KL", "LA", "LD", "MH", "ML", "MN", "MP", "MZ", "NL", "OD", "OR", "PB", "PY",
    "RJ", "SK", "TG", "TN", "TR", "TS", "UK", "UP", "UT", "WB",
];

/// Codes that ISO replaced (2020, 2023) and that forms still send: former, present.
const RENAMED_IN_INDIA: &[(&str, &str)] =
    &[("CT", "CG"), ("DD", "DH"), ("DN", "DH"), ("OR", "OD"), ("TG", "TS"), ("UT", "UK")];

/// The longest subdivision code of ISO 3166-2, without the country.
pub const MAX_REGION_CODE_CHARACTERS: usize = 3;

impl CountryCode {
    /// The two capital letters of ISO 3166-1.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Whether an address here must carry a postal code.
    #[must_use]
    pub fn has_postal_codes(self) -> bool {
        WITHOUT_POSTAL_CODES.binary_search(&self.0).is_err()
    }

    /// The subdivisions' codes, where an address must name one: in the United States, Canada, India
    /// and Australia tax or delivery depends on it.
    #[must_use]
    pub fn required_regions(self) -> Option<&'static [&'static str]> {
        match self.0 {
            "US" => Some(US),
            "CA" => Some(CA),
            "AU" => Some(AU),
            "IN" => Some(IN),
            _ => None,
        }
    }

    /// Whether the text is a subdivision of this country as far as Cartwright knows: one of the
    /// list where there is a list, else 1 to 3 capital letters and digits.
    #[must_use]
    pub fn is_region_code(self, region: &str) -> bool {
        match self.required_regions() {
            Some(known) => known.binary_search(&region).is_ok(),
            None => {
                (1..=MAX_REGION_CODE_CHARACTERS).contains(&region.len())
                    && region.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            }
        }
    }

    /// The subdivision's present code, for one that ISO has replaced; any other text as it is.
    #[must_use]
    pub fn present_region(self, region: &str) -> &str {
        RENAMED_IN_INDIA
            .iter()
            .find(|(former, _)| self.0 == "IN" && *former == region)
            .map_or(region, |(_, present)| present)
    }
}

impl FromStr for CountryCode {
    type Err = UnknownCountry;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        COUNTRIES
            .binary_search(&code)
            .ok()
            .and_then(|found| COUNTRIES.get(found))
            .map(|known| Self(known))
            .ok_or(UnknownCountry)
    }
}

impl fmt::Debug for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for CountryCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for CountryCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        code.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> CountryCode {
        code.parse().unwrap()
    }

    #[test]
    fn every_table_is_sorted_so_that_look_up_finds_every_code() {
        for table in [COUNTRIES, WITHOUT_POSTAL_CODES, US, CA, AU, IN] {
            assert!(table.is_sorted_by(|a, b| a < b), "{table:?}");
        }
        assert_eq!(COUNTRIES.len(), 250, "249 of ISO 3166-1 and XK");
        assert!(WITHOUT_POSTAL_CODES.iter().all(|c| COUNTRIES.contains(c)));
        assert_eq!((US.len(), CA.len(), AU.len(), IN.len()), (60, 13, 8, 42));
    }

    #[test]
    fn codes_are_exact() {
        for code in COUNTRIES {
            assert_eq!(country(code).as_str(), *code);
        }
        for bad in ["", "de", "D", "DEU", "UK", "EU", "XX", "ZZ", "AN", "D\u{0}", "ＤＥ"] {
            assert_eq!(bad.parse::<CountryCode>(), Err(UnknownCountry), "{bad:?}");
        }
    }

    #[test]
    fn regions_are_listed_where_tax_depends_on_them_and_plausible_elsewhere() {
        for (code, region, known) in [
            ("US", "CA", true),
            ("US", "DC", true),
            ("US", "ca", false),
            ("US", "XX", false),
            ("US", "California", false),
            ("CA", "QC", true),
            ("CA", "CA", false),
            ("AU", "NSW", true),
            ("AU", "N", false),
            ("IN", "KA", true),
            ("IN", "OR", true),
            ("IN", "XX", false),
            ("DE", "BE", true),
            ("GB", "ENG", true),
            ("JP", "13", true),
            ("FR", "", false),
            ("FR", "IDFX", false),
        ] {
            assert_eq!(country(code).is_region_code(region), known, "{code}-{region}");
        }
    }

    #[test]
    fn replaced_codes_name_the_same_state_in_india_only() {
        assert_eq!(country("IN").present_region("OR"), "OD");
        assert_eq!(country("IN").present_region("KA"), "KA");
        assert_eq!(country("US").present_region("OR"), "OR");
        for (former, present) in RENAMED_IN_INDIA {
            assert!(IN.contains(former) && IN.contains(present));
        }
    }
}
