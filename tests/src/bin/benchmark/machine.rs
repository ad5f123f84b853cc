//! The machine that is measured on: what it is, how busy it is, and on which processors this runs.

use std::fs;
use std::time::SystemTime;

use anyhow::{Context as _, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Puts this process, and so the hosts that it starts, on one processor until it is dropped. Between two processors
/// what is measured is mostly how long the other one takes to wake up.
pub(crate) struct Pinned(CpuSet);

impl Pinned {
    pub(crate) fn new() -> Result<Self> {
        let before = sched_getaffinity(None).context("failed to read the processors")?;
        // The last one that we may use: the system's own work prefers the first.
        let last = (0..CpuSet::MAX_CPU).rev().find(|&cpu| before.is_set(cpu));
        let mut one = CpuSet::new();
        one.set(last.context("there is no processor")?);
        sched_setaffinity(None, &one).context("failed to choose a processor")?;
        Ok(Self(before))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It was ours a moment ago.
        let _ = sched_setaffinity(None, &self.0);
    }
}

/// The average number of processes that want to run, over the last minute.
pub(crate) fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next().unwrap_or_default();
    first.parse().unwrap_or(f64::NAN)
}

/// What a reader has to know of the machine, in one sentence. Neither its name nor anybody's.
pub(crate) fn description() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        matches!(key.trim(), "model name" | "Model").then(|| value.trim().to_owned())
    });
    let virtual_machine = processors.lines().any(|line| {
        line.starts_with("flags") && line.split_whitespace().any(|flag| flag == "hypervisor")
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    // The release without what a distribution or its owner has added: that may be a name.
    let version: String = kernel
        .chars()
        .take_while(|&letter| letter.is_ascii_digit() || letter == '.')
        .collect();
    format!(
        "{}, {cores} processors{}, Linux {}, {}",
        model.unwrap_or_else(|| "a processor without a name".to_owned()),
        if virtual_machine {
            " of a virtual machine"
        } else {
            ""
        },
        version.trim_end_matches('.'),
        std::env::consts::ARCH
    )
}

/// The day, in UTC: `2026-11-20`.
pub(crate) fn today() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    date(since.map_or(0, |since| since.as_secs() / 86_400))
}

/// The date of a day, counted from 1970-01-01: whole years are taken off, then whole months.
fn date(mut day: u64) -> String {
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    format!("{year}-{month:02}-{:02}", day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (day, expected) in [
            (0, "1970-01-01"),
            (58, "1970-02-28"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (19_782, "2024-02-29"),
            (20_777, "2026-11-20"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(day), expected);
        }
    }

    #[test]
    fn a_process_gets_its_processors_back() {
        let before = sched_getaffinity(None).expect("the system tells");
        {
            let _pinned = Pinned::new().expect("it can be chosen");
            assert_eq!(
                sched_getaffinity(None).expect("the system tells").count(),
                1
            );
        }
        let after = sched_getaffinity(None).expect("the system tells");
        assert_eq!(before.count(), after.count());
    }
}
