//! Setting a storage aside that cannot be read: moved, never deleted, since there are people who can mend such files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use portcullis_storage::{COMPANIONS, companion};

/// More than this many, and somebody should look at the disk first.
const MOST: u32 = 1000;

/// Moves the file and what belongs to it to a name that is free, beside it, and returns that. Ports that have it open go
/// on with what they have.
pub(super) fn set_aside(file: &Path) -> Result<PathBuf> {
    let free = (1..=MOST)
        .map(|number| companion(file, &format!(".damaged-{number}")))
        .find(|place| place.symlink_metadata().is_err());
    let Some(place) = free else {
        bail!(
            "there are {MOST} damaged files beside `{}`: move them away",
            file.display()
        );
    };
    // The file itself last: until it is gone, doing this again finds the rest.
    for ending in COMPANIONS.iter().rev() {
        let from = companion(file, ending);
        if from.symlink_metadata().is_ok() {
            fs::rename(&from, companion(&place, ending))
                .with_context(|| format!("cannot move `{}`", from.display()))?;
        }
    }
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_by_setting_aside_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("storage.sqlite");
        for (number, content) in [(1, "first"), (2, "second")] {
            fs::write(&file, content).expect("ours");
            fs::write(companion(&file, "-wal"), content).expect("ours");
            let place = set_aside(&file).expect("moved");
            let expected = folder
                .path()
                .join(format!("storage.sqlite.damaged-{number}"));
            assert_eq!(place, expected);
            assert!(!file.exists());
        }
        for (name, content) in [
            ("storage.sqlite.damaged-1", "first"),
            ("storage.sqlite.damaged-1-wal", "first"),
            ("storage.sqlite.damaged-2", "second"),
        ] {
            let found = fs::read_to_string(folder.path().join(name)).expect("there");
            assert_eq!(found, content);
        }
    }
}
