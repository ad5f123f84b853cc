//! Sizes, spans of time and rates as a person writes them: `128MiB`, `5s`, `64KiB/s`.
//!
//! A unit is always required, because a bare number in a policy is a guess about its unit. Binary units only:
//! memory is counted in pages, and `MB` means two things.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a whole number followed by one of the units.
    #[error("`{text}` is not {what}: write a whole number and a unit, such as `{example}`")]
    Malformed {
        /// What was written.
        text: String,
        /// The kind of quantity.
        what: &'static str,
        /// One that is right.
        example: &'static str,
    },
    /// More than can be counted.
    #[error("`{0}` is too large to count")]
    Overflow(String),
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ByteSize(u64);

/// A span of time, in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimeSpan(u64);

/// Bytes in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ByteRate(ByteSize);

const SIZE_UNITS: [(&str, u64); 4] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];
const TIME_UNITS: [(&str, u64); 3] = [("ms", 1), ("s", 1_000), ("m", 60_000)];

impl ByteSize {
    /// So many mebibytes.
    #[must_use]
    pub const fn mebibytes(count: u32) -> Self {
        Self((count as u64) << 20)
    }

    /// So many kibibytes.
    #[must_use]
    pub const fn kibibytes(count: u32) -> Self {
        Self((count as u64) << 10)
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl TimeSpan {
    /// So many seconds.
    #[must_use]
    pub const fn seconds(count: u32) -> Self {
        Self(count as u64 * 1_000)
    }

    /// So many milliseconds.
    #[must_use]
    pub const fn milliseconds(count: u32) -> Self {
        Self(count as u64)
    }

    /// The span as the standard library counts it.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl ByteRate {
    /// So many bytes in each second.
    #[must_use]
    pub const fn each_second(size: ByteSize) -> Self {
        Self(size)
    }

    /// The bytes that one second allows.
    #[must_use]
    pub const fn bytes_each_second(self) -> u64 {
        self.0.bytes()
    }
}

impl FromStr for ByteSize {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse(text, &SIZE_UNITS, "a size", "128MiB").map(Self)
    }
}

impl FromStr for TimeSpan {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse(text, &TIME_UNITS, "a span of time", "5s").map(Self)
    }
}

impl FromStr for ByteRate {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let malformed = || QuantityError::Malformed {
            text: text.to_owned(),
            what: "a rate",
            example: "64KiB/s",
        };
        let size = text.strip_suffix("/s").ok_or_else(malformed)?;
        parse(size, &SIZE_UNITS, "a rate", "64KiB/s")
            .map(ByteSize)
            .map(Self)
    }
}

fn parse(
    text: &str,
    units: &[(&str, u64)],
    what: &'static str,
    example: &'static str,
) -> Result<u64, QuantityError> {
    let malformed = || QuantityError::Malformed {
        text: text.to_owned(),
        what,
        example,
    };
    let digits = text
        .find(|character: char| !character.is_ascii_digit())
        .ok_or_else(malformed)?;
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(malformed());
    }
    let (_, factor) = units
        .iter()
        .find(|(name, _)| *name == unit)
        .ok_or_else(malformed)?;
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(*factor))
        .ok_or_else(|| QuantityError::Overflow(text.to_owned()))
}

/// Writes a count in its largest unit that leaves no remainder.
fn write(formatter: &mut fmt::Formatter<'_>, count: u64, units: &[(&str, u64)]) -> fmt::Result {
    let fitting = units
        .iter()
        .rev()
        .find(|(_, factor)| count.is_multiple_of(*factor) && count > 0);
    let (unit, factor) = fitting.unwrap_or(&units[0]);
    write!(formatter, "{}{unit}", count / factor)
}

impl fmt::Display for ByteSize {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(formatter, self.0, &SIZE_UNITS)
    }
}

impl fmt::Display for TimeSpan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(formatter, self.0, &TIME_UNITS)
    }
}

impl fmt::Display for ByteRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/s", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_and_written_alike() {
        for (text, bytes) in [
            ("0B", 0),
            ("1B", 1),
            ("64KiB", 65_536),
            ("128MiB", 134_217_728),
        ] {
            let size: ByteSize = text.parse().expect("a size of the table is valid");
            assert_eq!((size.bytes(), size.to_string()), (bytes, text.to_owned()));
        }
        for (text, milliseconds) in [("250ms", 250), ("5s", 5_000), ("2m", 120_000)] {
            let span: TimeSpan = text.parse().expect("a span of the table is valid");
            assert_eq!(span.duration(), Duration::from_millis(milliseconds));
            assert_eq!(span.to_string(), text);
        }
        let rate: ByteRate = "64KiB/s".parse().expect("a valid rate");
        assert_eq!(
            (rate.bytes_each_second(), rate.to_string()),
            (65_536, "64KiB/s".to_owned())
        );
    }

    #[test]
    fn what_is_no_quantity_is_refused_with_an_example() {
        for text in ["", "5", "MiB", "5 MiB", "5MB", "-5MiB", "0.5GiB", "5mib"] {
            let refused = text.parse::<ByteSize>().expect_err("not a size");
            assert!(refused.to_string().contains("`128MiB`"), "{text}");
        }
        assert!("64KiB".parse::<ByteRate>().is_err());
        assert!("5h".parse::<TimeSpan>().is_err());
        let overflow = "99999999999GiB".parse::<ByteSize>();
        assert_eq!(
            overflow,
            Err(QuantityError::Overflow("99999999999GiB".to_owned()))
        );
    }
}
