//! What Linux tells of a running process, read from `/proc`: nothing here disturbs the process, and what needs a right
//! of its own (performance counters) is left alone.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// A process, by its number.
pub(crate) struct Process(PathBuf);

impl Process {
    pub(crate) fn new(number: u32) -> Self {
        Self(PathBuf::from(format!("/proc/{number}")))
    }

    /// Processor time of all its threads that live. In nanoseconds, not in the ticks of `stat`.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let mut total = 0;
        for thread in self.threads()? {
            let text = fs::read_to_string(thread.join("schedstat"))?;
            let first = text.split_whitespace().next().unwrap_or_default();
            total += first
                .parse::<u64>()
                .context("`schedstat` does not begin with a time")?;
        }
        Ok(Duration::from_nanos(total))
    }

    /// How often its threads have been put on a processor after waiting, or after others had their turn.
    pub(crate) fn switches(&self) -> Result<u64> {
        let mut total = 0;
        for thread in self.threads()? {
            let status = fs::read_to_string(thread.join("status"))?;
            total += field(&status, "voluntary_ctxt_switches:")?;
            total += field(&status, "nonvoluntary_ctxt_switches:")?;
        }
        Ok(total)
    }

    /// The most memory that it ever had at once, in KiB.
    pub(crate) fn peak_resident(&self) -> Result<u64> {
        let status = fs::read_to_string(self.0.join("status"))?;
        field(&status, "VmHWM:")
    }

    /// Its memory in KiB, with what it shares divided by the number of those who share it.
    pub(crate) fn proportional(&self) -> Result<u64> {
        let rollup = fs::read_to_string(self.0.join("smaps_rollup"))?;
        field(&rollup, "Pss:")
    }

    fn threads(&self) -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(self.0.join("task"))
            .with_context(|| format!("failed to list the threads of `{}`", self.0.display()))?;
        entries.map(|entry| Ok(entry?.path())).collect()
    }
}

/// The number that stands behind a name at the start of a line.
fn field(text: &str, name: &str) -> Result<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name));
    let number = rest.and_then(|rest| rest.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("the system does not tell `{name}` of a process"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_known() {
        let this = Process::new(std::process::id());
        assert!(this.processor_time().expect("it is told") > Duration::ZERO);
        assert!(this.switches().expect("it is told") > 0);
        let peak = this.peak_resident().expect("it is told");
        let share = this.proportional().expect("it is told");
        assert!(0 < share && share <= peak, "{share} of {peak}");
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let status =
            "nonvoluntary_ctxt_switches:\t5\nvoluntary_ctxt_switches:\t17\nVmHWM:\t    8 kB\n";
        assert_eq!(field(status, "voluntary_ctxt_switches:").ok(), Some(17));
        assert_eq!(field(status, "VmHWM:").ok(), Some(8));
        assert!(field(status, "VmRSS:").is_err());
    }
}
