//! Many durations in few numbers: percentiles, and a histogram of text.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::output::Output;

/// The columns of the longest bar.
const WIDEST: u64 = 50;

/// Durations, the shortest first. At least one.
pub(super) struct Figures {
    sorted: Vec<Duration>,
}

/// The durations up to one and above the one before it.
#[derive(Debug, PartialEq, Eq)]
struct Bar {
    up_to: Duration,
    count: u64,
}

impl Figures {
    pub(super) fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self { sorted: durations }
    }

    /// The least duration that no more than so many percent are above: one that was really measured.
    fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.sorted.len() * percent).div_ceil(100);
        let place = rank.saturating_sub(1);
        self.sorted.get(place).copied().unwrap_or_default()
    }

    fn named(&self) -> [(&'static str, Duration); 5] {
        [
            ("min", self.percentile(0)),
            ("p50", self.percentile(50)),
            ("p90", self.percentile(90)),
            ("p99", self.percentile(99)),
            ("max", self.percentile(100)),
        ]
    }

    /// The bars from the shortest duration to the longest, each twice as long as the one before, or two and a half
    /// times: 1, 2, 5, 10 and so on.
    fn histogram(&self) -> Vec<Bar> {
        let mut bars: Vec<Bar> = Vec::new();
        let mut left = &self.sorted[..];
        let mut steps = steps();
        while !left.is_empty() {
            let Some(up_to) = steps.next() else { break };
            let count = left.partition_point(|duration| *duration <= up_to);
            left = &left[count..];
            if count > 0 || !bars.is_empty() {
                bars.push(Bar {
                    up_to,
                    count: count as u64,
                });
            }
        }
        bars
    }

    pub(super) fn as_json(&self) -> Value {
        let nanoseconds =
            |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let mut figures = json!({ "count": self.sorted.len(), "unit": "nanoseconds" });
        for (name, duration) in self.named() {
            figures[name] = nanoseconds(duration).into();
        }
        let bars = self.histogram();
        let bars = bars
            .iter()
            .map(|bar| json!({ "up-to": nanoseconds(bar.up_to), "count": bar.count }));
        figures["histogram"] = bars.collect();
        figures
    }

    pub(super) fn show(&self, output: &mut Output) -> Result<()> {
        let mut words = vec![format!("count {}", self.sorted.len())];
        words.extend(
            self.named()
                .map(|(name, duration)| format!("{name} {}", shown(duration))),
        );
        output.line(format!("  {}", words.join("   ")))?;
        let bars = self.histogram();
        let most = bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
        for Bar { up_to, count } in bars {
            // One that is there is seen.
            let width = if count > 0 {
                (count * WIDEST / most).max(1)
            } else {
                0
            };
            let bar = "#".repeat(usize::try_from(width).unwrap_or(0));
            let line = format!("  ≤ {:>8}  {count:>8}  {bar}", shown(up_to));
            output.line(line.trim_end())?;
        }
        Ok(())
    }
}

/// 1 µs, 2 µs, 5 µs, 10 µs and so on, for longer than any patience.
fn steps() -> impl Iterator<Item = Duration> {
    (0..11_u32)
        .flat_map(|power| [1, 2, 5].map(|digit| Duration::from_micros(digit * 10_u64.pow(power))))
}

/// A duration to three digits or so.
fn shown(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    for (unit, name) in [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs")] {
        if nanoseconds >= unit {
            let tenths = nanoseconds % unit * 10 / unit;
            return match (nanoseconds / unit, tenths) {
                (whole, 0) => format!("{whole} {name}"),
                (whole, _) if whole >= 100 => format!("{whole} {name}"),
                (whole, tenths) => format!("{whole}.{tenths} {name}"),
            };
        }
    }
    format!("{nanoseconds} ns")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(all: impl IntoIterator<Item = u64>) -> Figures {
        Figures::of(all.into_iter().map(Duration::from_micros).collect())
    }

    #[test]
    fn percentiles_are_durations_that_were_measured() {
        for (all, expected) in [
            ((1..=100).rev().collect::<Vec<_>>(), [1, 50, 90, 99, 100]),
            (vec![7], [7, 7, 7, 7, 7]),
            (vec![1, 9], [1, 1, 9, 9, 9]),
            ((1..=1000).collect(), [1, 500, 900, 990, 1000]),
        ] {
            let named = micros(all).named().map(|(_, duration)| duration);
            assert_eq!(named, expected.map(Duration::from_micros));
        }
    }

    #[test]
    fn every_duration_is_in_one_bar() {
        let bar = |up_to, count| Bar {
            up_to: Duration::from_micros(up_to),
            count,
        };
        let bars = micros([3, 4, 5, 30, 31, 1000]).histogram();
        let expected = [
            bar(5, 3),
            bar(10, 0),
            bar(20, 0),
            bar(50, 2),
            bar(100, 0),
            bar(200, 0),
            bar(500, 0),
            bar(1000, 1),
        ];
        assert_eq!(bars, expected);
        let hour = micros([3_600_000_000]).histogram();
        assert_eq!(hour, [bar(5_000_000_000, 1)]);
    }

    #[test]
    fn durations_are_readable() {
        for (nanoseconds, expected) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1 µs"),
            (15_360, "15.3 µs"),
            (153_600, "153 µs"),
            (2_500_000, "2.5 ms"),
            (61_000_000_000, "61 s"),
        ] {
            assert_eq!(shown(Duration::from_nanos(nanoseconds)), expected);
        }
    }
}
