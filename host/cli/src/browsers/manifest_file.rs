//! A manifest that we write: its text, whose it is, and how it gets to its place.
//!
//! It holds what a browser needs and nothing else, since Firefox refuses a file for one key that it does not know; so
//! there is a file for each family, and no mark of ours in it. What tells our files from others is their `path`.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};

use portcullis_core::caller::{Family, Origin};
use portcullis_core::manifest::program_named_by;
use portcullis_core::names::HostName;
use serde_json::json;
use tempfile::Builder;

/// The longest manifest that is read, in bytes: thousands of extensions. Browsers set no bound.
const LARGEST: u64 = 1024 * 1024;

/// Whose a manifest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// It starts a launcher of ours.
    Us,
    /// It starts something else.
    SomebodyElse,
    /// It does not tell.
    Illegible,
}

/// The text of a manifest. Of `allowed`, those of the family are listed.
pub(super) fn text(family: Family, host: &HostName, launcher: &str, allowed: &[Origin]) -> String {
    let list = match family {
        Family::Chromium => "allowed_origins",
        Family::Mozilla => "allowed_extensions",
    };
    let allowed: Vec<&Origin> = allowed
        .iter()
        .filter(|one| one.family() == family)
        .collect();
    let manifest = json!({
        "name": host,
        "description": "Portcullis: runs sandboxed plugins for browser extensions",
        "path": launcher,
        "type": "stdio",
        list: allowed,
    });
    format!("{manifest:#}\n")
}

/// Whose the manifest `text` is, where our launchers are in these folders.
pub(crate) fn owner_of(text: &[u8], hosts: &[PathBuf]) -> Owner {
    let Some(path) = program_named_by(text) else {
        return Owner::Illegible;
    };
    let path = Path::new(&path);
    if cfg!(not(windows)) && !path.is_absolute() {
        // No browser starts it, so it is nobody's.
        return Owner::Illegible;
    }
    let folder = path.parent().map(plain).unwrap_or_default();
    if hosts.iter().any(|hosts| plain(hosts) == folder) {
        Owner::Us
    } else {
        Owner::SomebodyElse
    }
}

/// The path without `.` and `..`, taken as text: what it names need not exist any more.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// The bytes of a file that a browser reads.
///
/// # Errors
///
/// What the system says, and [`io::ErrorKind::FileTooLarge`] above [`LARGEST`].
pub(crate) fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        // To open a pipe would be to wait for whoever writes to it.
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    let mut bytes = Vec::new();
    let read = File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    if read as u64 > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// Puts `text` at `path`, in the place of what was there, in one step. The folder is made where it is missing. Every
/// user may read the file, whatever the mask of this process: what it says is no secret, and a portal of the desktop's
/// may run as another one.
///
/// # Errors
///
/// What the system says; what was there is then still there.
pub(super) fn write(path: &Path, text: impl AsRef<[u8]>) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let mut temporary = Builder::new().prefix(".portcullis-").tempfile_in(folder)?;
    temporary.write_all(text.as_ref())?;
    #[cfg(unix)]
    temporary
        .as_file()
        .set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes a folder that every user can go into, whatever the mask of this process, and those above it that are missing.
/// What is there already stays as it is.
///
/// # Errors
///
/// What the system says.
pub(super) fn make_folder_for_everybody(folder: &Path) -> io::Result<()> {
    let missing = folder.ancestors().take_while(|folder| !folder.exists());
    let missing: Vec<&Path> = missing.collect();
    for folder in missing.into_iter().rev() {
        match fs::create_dir(folder) {
            // Somebody else was faster, and it is theirs.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            made => made?,
        }
        #[cfg(unix)]
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    }
    Ok(())
}

/// Removes the file. One that is missing is fine.
///
/// # Errors
///
/// What the system says.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use portcullis_core::manifest;

    use super::*;

    #[test]
    fn each_family_takes_its_own_text_and_refuses_the_other() {
        let host: HostName = "com.example.notes".parse().expect("a name");
        let allowed: Vec<Origin> = [
            "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop/",
            "notes@example.com",
            "{b9db16a4-6edc-47ec-a1f4-b86292ed211d}",
        ]
        .map(|one| one.parse().expect("an origin"))
        .into();
        let launcher = if cfg!(windows) {
            r"C:\a b\hosts\x.exe"
        } else {
            "/a b/\"hosts\"/x"
        };
        for (family, other) in [
            (Family::Chromium, Family::Mozilla),
            (Family::Mozilla, Family::Chromium),
        ] {
            let text = text(family, &host, launcher, &allowed);
            let read = manifest::read(family, text.as_bytes(), host.as_str()).expect("it is taken");
            assert_eq!(read.path(), launcher);
            let listed: Vec<_> = read
                .allowed()
                .iter()
                .filter_map(|one| one.origin.clone())
                .collect();
            let own: Vec<_> = allowed
                .iter()
                .filter(|one| one.family() == family)
                .cloned()
                .collect();
            assert_eq!(listed, own);
            manifest::read(other, text.as_bytes(), host.as_str()).expect_err("it is another's");
        }
    }

    #[test]
    fn ours_is_what_leads_into_our_folder() {
        let hosts = [
            PathBuf::from("/home/u/p/hosts"),
            PathBuf::from("/usr/lib/p/hosts"),
        ];
        let relative = if cfg!(windows) {
            Owner::SomebodyElse
        } else {
            Owner::Illegible
        };
        for (text, owner) in [
            (r#"{"path":"/home/u/p/hosts/x"}"#, Owner::Us),
            (r#"{"path":"/home/u/./q/../p/hosts/x"}"#, Owner::Us),
            ("\u{feff}{\"path\":\"/usr/lib/p/hosts/y\"}", Owner::Us),
            (r#"{"path":"/home/u/p/hosts/../x"}"#, Owner::SomebodyElse),
            (r#"{"path":"/home/u/p/hosts/sub/x"}"#, Owner::SomebodyElse),
            (r#"{"path":"/home/u/p/hosts"}"#, Owner::SomebodyElse),
            (r#"{"path":"x"}"#, relative),
            (r#"{"path":1}"#, Owner::Illegible),
            ("{", Owner::Illegible),
            ("", Owner::Illegible),
        ] {
            assert_eq!(owner_of(text.as_bytes(), &hosts), owner, "{text}");
        }
    }
}
