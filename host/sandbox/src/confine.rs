//! The second line: what the operating system refuses this process, whatever happens inside it.
//!
//! The decision that shaped it: a browser starts one process for each port, so one process has one origin, and the
//! system's own confinement can be exactly what that origin's routes need. It is put on after everything that needs a
//! right has been opened and before any thread but the first exists, and it is never taken off. (On Windows the ticker's
//! thread is there by then; what is put on there is the whole process's.) A layer that the system does not have is
//! reported as absent and never claimed; a policy that requires the layers fails closed then.
//!
//! It does not replace the sandbox: it is for the day when that one has a hole.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
mod none;
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod resources;
#[cfg(windows)]
mod windows;

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;

use portcullis_core::policy::{Access, Strictness};

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(target_os = "macos")]
use macos as platform;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
use none as platform;
#[cfg(windows)]
use windows as platform;

#[cfg(windows)]
pub use windows::job;

/// What this process still needs after it is confined.
#[derive(Debug, Default)]
pub struct Needs<'a> {
    /// Files that are open now and will be mapped later as native code: artifacts of plugins that are loaded when a
    /// message first reaches them. Where there are none, the process may make no memory executable any more.
    pub code: Vec<&'a File>,
    /// Folders that are open now and whose contents stay reachable, for reading or for writing as well.
    pub folders: Vec<(&'a File, Access)>,
    /// TCP ports that may be connected to. Where there are none, the process may make no socket.
    pub ports: BTreeSet<u16>,
    /// The largest file that a plugin may make the process write, in bytes; 0 where it writes none but its log.
    pub file_size: u64,
    /// Whether a plugin may ask for random numbers. What gives them is opened only then.
    pub randomness: bool,
    /// The most memory that the process can need, in bytes: its plugins' budgets and its own work. Only Windows has a
    /// limit that counts what is used and not what is reserved; elsewhere the budgets stand alone.
    pub memory: Option<u64>,
}

/// One layer of the second line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its name, for the log and `doctor`.
    pub name: &'static str,
    /// Why it is not there, where it is not.
    pub absent: Option<String>,
}

/// The layers, in the order in which they were put on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layers(Vec<Layer>);

/// A required layer is absent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy requires confinement by the system, which is not complete: {layers}")]
pub struct Unavailable {
    /// What there is and what not.
    pub layers: Layers,
}

impl Layers {
    fn record(&mut self, name: &'static str, result: Result<(), String>) {
        self.0.push(Layer {
            name,
            absent: result.err(),
        });
    }

    /// Every layer.
    #[must_use]
    pub fn as_slice(&self) -> &[Layer] {
        &self.0
    }

    /// Whether every layer that this program knows is there.
    #[must_use]
    pub fn are_complete(&self) -> bool {
        self.0.iter().all(|layer| layer.absent.is_none())
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("off");
        }
        for (place, Layer { name, absent }) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            match absent {
                None => write!(formatter, "{separator}{name}")?,
                Some(reason) => write!(formatter, "{separator}no {name} ({reason})")?,
            }
        }
        Ok(())
    }
}

/// Confines this process for the rest of its life. Call it once, while it has one thread.
///
/// # Errors
///
/// [`Unavailable`] where `strictness` requires what the system does not have. The process is then confined as far as it
/// goes, and must not run a plugin.
pub fn confine(strictness: Strictness, needs: &Needs<'_>) -> Result<Layers, Unavailable> {
    if strictness == Strictness::Off {
        return Ok(Layers::default());
    }
    let mut layers = Layers::default();
    platform::confine(needs, &mut layers);
    if strictness == Strictness::Required && !layers.are_complete() {
        return Err(Unavailable { layers });
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_name_what_is_there_and_what_is_not() {
        let mut layers = Layers::default();
        assert_eq!(layers.to_string(), "off");
        layers.record("landlock", Ok(()));
        assert!(layers.are_complete());
        layers.record("seccomp", Err("the kernel has none".to_owned()));
        assert_eq!(
            layers.to_string(),
            "landlock, no seccomp (the kernel has none)"
        );
        assert!(!layers.are_complete());
    }
}
