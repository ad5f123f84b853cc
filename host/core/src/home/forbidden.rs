//! Folders that no policy can give to a plugin, and the one way to open a folder that it can.
//!
//! The deciding choice: what is judged is the path on which the opened folder really lies, with every link resolved,
//! and the judgement returns the open folder. So `portcullis grant` and the start of a host ask the same function, and
//! what was judged is what is used. A folder is refused where it is a forbidden place, contains one (a plugin could
//! replace it) or lies inside one, whether or not that place exists yet, and for reading as for writing.
//!
//! What this does not do: it reads no environment variable ([`Surroundings`] are handed in), and it does not look into
//! a folder. A mount or a hard link that somebody has put there is theirs to judge.

mod folder;
mod places;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fmt;
use std::path::{Component, Path, PathBuf};

use super::{Home, Surroundings};
use crate::policy::Access;

pub use folder::{FolderError, OpenFolder, check_together};

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// The places that no plugin may have, as they lie on this machine.
#[derive(Debug, Clone)]
pub struct Forbidden {
    places: Vec<Place>,
    /// The user's own folder, which `~/` in a policy stands for.
    user_home: Option<PathBuf>,
}

/// One place, with every link on the way to it resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    path: PathBuf,
    kind: Kind,
}

/// What is at a forbidden place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The home folder of Portcullis, or its programs: whoever writes there decides what runs as native code.
    Portcullis,
    /// Where a browser keeps profiles, with passwords and cookies, or looks for the programs that it may start.
    Browser,
    /// Keys.
    Keys,
    /// What is run when the user logs in or opens a shell.
    StartUp,
    /// Devices, processes and the kernel's settings.
    System,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Portcullis => "Portcullis itself",
            Self::Browser => "a browser's profiles or manifests",
            Self::Keys => "keys",
            Self::StartUp => "what a log-in or a shell runs",
            Self::System => "devices, processes and the kernel",
        })
    }
}

impl Forbidden {
    /// The forbidden places of this user on this machine. It asks the system where each lies, so it is called only
    /// where a folder is granted.
    #[must_use]
    pub fn of(home: &Home, surroundings: &Surroundings) -> Self {
        let mut places = Vec::new();
        let mut add = |path: &Path, kind| {
            for path in lies_at(path) {
                places.push(Place { path, kind });
            }
        };
        add(home.root(), Kind::Portcullis);
        let programs = surroundings.program.as_deref().and_then(Path::parent);
        if let Some(programs) = programs {
            add(programs, Kind::Portcullis);
        }
        for (path, kind) in places::all(surroundings) {
            add(&path, kind);
        }
        Self {
            places,
            user_home: surroundings.user_home.clone(),
        }
    }

    /// Whether a folder that really lies at `path` may be given for `access`.
    fn check(&self, path: &Path, access: Access) -> Result<(), FolderError> {
        let refused = |place: &Path, kind| FolderError::Forbidden {
            path: path.to_owned(),
            place: place.to_owned(),
            kind,
        };
        let is_root = !path
            .components()
            .any(|part| matches!(part, Component::Normal(_)));
        if is_root {
            return Err(refused(path, Kind::System));
        }
        if is_of_one_class(path) {
            return match access {
                Access::ReadOnly => Ok(()),
                Access::ReadWrite => Err(FolderError::ReadOnlyPlace {
                    path: path.to_owned(),
                }),
            };
        }
        let touching = |place: &&Place| is_below(path, &place.path) || is_below(&place.path, path);
        match self.places.iter().find(touching) {
            None => Ok(()),
            Some(place) => Err(refused(&place.path, place.kind)),
        }
    }
}

/// The folder of one class of devices, such as `/sys/class/power_supply`: the one thing below `/sys` that may be read.
/// Always `false` elsewhere than on Linux.
#[must_use]
pub fn is_of_one_class(path: &Path) -> bool {
    cfg!(target_os = "linux") && path.parent() == Some(Path::new("/sys/class"))
}

/// Whether `inner` is `outer` or lies below it. Where file names of another case are the same file, case is of no
/// matter; erring on that side refuses too much at worst.
fn is_below(inner: &Path, outer: &Path) -> bool {
    if cfg!(any(windows, target_os = "macos")) {
        let folded = |path: &Path| PathBuf::from(path.to_string_lossy().to_lowercase());
        return folded(inner).starts_with(folded(outer));
    }
    inner.starts_with(outer)
}

/// Where the thing that is called `path` lies: its own name in a folder without links, and, if that is a link, what the
/// link leads to as well, since replacing either replaces it. What does not exist lies where it would be made.
fn lies_at(path: &Path) -> Vec<PathBuf> {
    let own = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_owned(),
    };
    let target = resolved(path);
    if target == own {
        vec![own]
    } else {
        vec![own, target]
    }
}

/// The path with the links in what exists of it resolved.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(path) = path.canonicalize() {
        return platform::as_written(path);
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_owned(),
    }
}

#[cfg(all(test, unix))]
mod tests;
