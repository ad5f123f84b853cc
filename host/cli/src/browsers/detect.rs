//! Whether a browser is installed.

use std::fs;
use std::path::{Path, PathBuf};

use super::place::{SYSTEM_FOLDER, USER_FOLDER};
use super::registry::{Found, Hive, Key, View};
use super::{Browser, Machine, Platform};

/// Folders of `PATH` in which packages put wrappers under the plain names of the browsers in them. Those browsers have
/// rows of their own.
const WRAPPERS: [&str; 2] = ["/snap/bin", "/var/lib/snapd/snap/bin"];

/// Where Windows keeps the paths of well-known programs.
const KNOWN_PROGRAMS: &str = r"Software\Microsoft\Windows\CurrentVersion\App Paths";

/// What shows that this browser is installed: its profile folder, or its program. `None` where nothing does.
pub(crate) fn sign_of(machine: &Machine, browser: &Browser) -> Option<PathBuf> {
    let mut profiles = browser.profiles.iter().filter_map(|it| machine.folder(*it));
    profiles
        .find(|folder| holds_more_than_manifests(folder))
        .or_else(|| {
            browser
                .programs
                .iter()
                .find_map(|name| program(machine, name))
        })
}

/// Whether a browser keeps something in a folder. Manifests alone may be ours, written for another browser that looks
/// here as well.
fn holds_more_than_manifests(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        name != USER_FOLDER && name != SYSTEM_FOLDER
    })
}

fn program(machine: &Machine, name: &str) -> Option<PathBuf> {
    let at = &machine.surroundings;
    match at.platform {
        Platform::Linux => at
            .search_path
            .iter()
            .filter(|folder| {
                !WRAPPERS
                    .iter()
                    .any(|wrappers| **folder == Path::new(wrappers))
            })
            .map(|folder| folder.join(name))
            .find(|program| program.is_file()),
        Platform::MacOs => {
            let system = at.below_root(Path::new("/Applications"));
            let own = at.user_home.as_ref().map(|home| home.join("Applications"));
            let mut bundles = std::iter::once(system)
                .chain(own)
                .map(|folder| folder.join(name));
            bundles.find(|bundle| bundle.is_dir())
        }
        Platform::Windows => {
            let known = [Hive::User, Hive::Machine].into_iter().find_map(|hive| {
                let path = format!("{KNOWN_PROGRAMS}\\{name}");
                let key = Key {
                    hive,
                    view: View::Bits64,
                    path,
                };
                machine.registry.default_value(&key).ok().flatten()
            });
            match known {
                Some(Found::Text(path)) => Some(PathBuf::from(path)),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry::View;
    use super::super::table::find;
    use super::super::testing::Fake;
    use super::*;

    /// The sign of a browser, without the temporary folder.
    fn sign(fake: &Fake, id: &str) -> Option<String> {
        let browser = find(fake.machine.surroundings.platform, id).expect("a row");
        let sign = sign_of(&fake.machine, browser)?;
        Some(fake.shown(&sign.display().to_string()))
    }

    #[test]
    fn a_profile_or_a_program_shows_a_browser() {
        let fake = Fake::new(Platform::Linux);
        fake.write("user/.config/chromium/Local State", "");
        fake.write("user/.mozilla/native-messaging-hosts/x.json", "");
        fake.write("user/.config/google-chrome/NativeMessagingHosts/x.json", "");
        fake.write("bin/librewolf", "");
        fake.write("user/snap/chromium/common/chromium/Default/x", "");
        for (id, expected) in [
            ("chromium", Some("/user/.config/chromium")),
            ("librewolf", Some("/bin/librewolf")),
            ("chromium-snap", Some("/user/snap/chromium/common/chromium")),
            // Manifests are no profile: they may be ours.
            ("firefox", None),
            ("chrome", None),
            ("opera", None),
        ] {
            assert_eq!(sign(&fake, id).as_deref(), expected, "{id}");
        }
    }

    #[test]
    fn the_wrapper_of_a_package_is_not_the_browser_itself() {
        let mut fake = Fake::new(Platform::Linux);
        fake.machine.surroundings.search_path = vec![PathBuf::from(WRAPPERS[0])];
        assert_eq!(sign(&fake, "chromium"), None);
    }

    #[test]
    fn bundles_and_known_programs() {
        let fake = Fake::new(Platform::MacOs);
        fs::create_dir_all(fake.path("system/Applications/Arc.app")).expect("a folder");
        fs::create_dir_all(fake.path("user/Applications/Firefox.app")).expect("a folder");
        assert_eq!(
            sign(&fake, "arc").as_deref(),
            Some("/system/Applications/Arc.app")
        );
        assert_eq!(
            sign(&fake, "firefox").as_deref(),
            Some("/user/Applications/Firefox.app")
        );
        assert_eq!(sign(&fake, "chrome"), None);

        let fake = Fake::new(Platform::Windows);
        let path = format!("{KNOWN_PROGRAMS}\\msedge.exe");
        fake.registry.put(
            Hive::Machine,
            View::Bits64,
            &path,
            Found::Text("C:/edge.exe".to_owned()),
        );
        fake.write("roaming/Mozilla/Firefox/profiles.ini", "");
        assert_eq!(sign(&fake, "edge").as_deref(), Some("C:/edge.exe"));
        assert_eq!(
            sign(&fake, "firefox").as_deref(),
            Some("/roaming/Mozilla/Firefox")
        );
        assert_eq!(sign(&fake, "chrome"), None);
    }
}
