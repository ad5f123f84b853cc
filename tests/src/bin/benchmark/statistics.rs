//! Numbers out of samples. Medians and other places in the sorted list, never means: one pause of the machine would be
//! in a mean for ever.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Measured values of one thing, all in one unit.
#[derive(Debug, Default, Clone)]
pub(crate) struct Samples(Vec<f64>);

/// What is told of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) count: usize,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) min: f64,
}

impl Samples {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// In microseconds.
    pub(crate) fn push_time(&mut self, time: Duration) {
        self.0.push(time.as_secs_f64() * 1e6);
    }

    /// `None` where there are none.
    pub(crate) fn summary(&self) -> Option<Summary> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let (Some(min), count) = (sorted.first().copied(), sorted.len()) else {
            return None;
        };
        // The nearest rank: a value that was measured, in thousandths so that no fraction is involved.
        let at = |thousandths: usize| sorted[((count - 1) * thousandths).div_ceil(1000)];
        Some(Summary {
            count,
            p50: at(500),
            p90: at(900),
            p99: at(990),
            min,
        })
    }

    /// The middle one; `None` where there are none.
    pub(crate) fn median(&self) -> Option<f64> {
        self.summary().map(|summary| summary.p50)
    }
}

/// By chance, in an order that no subject can be in step with.
pub(crate) struct Order(u64);

impl Order {
    pub(crate) fn new() -> Self {
        Self(u64::from(std::process::id()) << 32 | 0x9e37_79b9)
    }

    /// The numbers below `count`, shuffled.
    pub(crate) fn shuffled(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }

    /// Xorshift; the slight preference for small numbers is below anything that is measured.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_values_that_were_measured() {
        let mut samples = Samples::default();
        assert_eq!(samples.summary(), None);
        for value in (1..=101).rev() {
            samples.push(f64::from(value));
        }
        let summary = samples.summary().expect("there are samples");
        let Summary {
            count,
            p50,
            p90,
            p99,
            min,
        } = summary;
        assert_eq!((count, p50, p90, p99, min), (101, 51.0, 91.0, 100.0, 1.0));
    }

    #[test]
    fn every_order_has_everybody_once() {
        let mut order = Order::new();
        let mut firsts = [0; 5];
        for _ in 0..500 {
            let mut shuffled = order.shuffled(5);
            firsts[shuffled[0]] += 1;
            shuffled.sort_unstable();
            assert_eq!(shuffled, [0, 1, 2, 3, 4]);
        }
        assert!(firsts.iter().all(|&count| count > 20), "{firsts:?}");
    }
}
