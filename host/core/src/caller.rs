//! Who started the host: browser family, origin and host name, from the arguments alone.
//!
//! The decision that shaped it: argv is the only identity that a browser vouches for, so it is parsed strictly and
//! nothing else can ever set it. What the browsers pass, with their sources:
//!
//! | Family | `argv[1]` | `argv[2]` | further |
//! |---|---|---|---|
//! | Chromium, POSIX | `chrome-extension://<id>/` | | `--reconnect-command=…`, `--native-messaging-connect-id=…`, `--extension-not-installed`, `--invalid-connect-id` where the browser was started by a native program |
//! | Chromium, Windows | the same | `--parent-window=<decimal>` | the same |
//! | Mozilla | absolute path of the host manifest | add-on ID | |
//!
//! (Chromium `launch_context.cc` and `launch_context_win.cc`, Firefox `NativeMessaging.sys.mjs`.) This module does not
//! decide whether that caller may do anything, and it does not defend against a local program that forges argv: one
//! that runs as the user can do more than that already.

mod origin;

use std::ffi::{OsStr, OsString};
use std::path::Path;

pub use origin::{Family, Origin, OriginError};

use crate::names::HostName;

/// Who started the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The extension.
    pub origin: Origin,
    /// The name that it passed to `connectNative`, where the start tells: Mozilla's manifest path ends in it, and a
    /// launcher in the home folder is named after it.
    pub host_name: Option<HostName>,
    /// The native window that dialogs should belong to. Windows only; absent for 0, which service workers pass.
    pub parent_window: Option<u64>,
    /// What Chromium reports of a start that a native program asked for and that failed: the name of the flag.
    pub launch_fault: Option<&'static str>,
}

/// Why arguments are not those of a browser.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallerError {
    /// There is nothing that could be a caller.
    #[error(
        "no caller: a browser passes the extension's origin, or a manifest path and an add-on id"
    )]
    NotABrowser,
    /// An argument that identifies the caller is not UTF-8.
    #[error("argument {position} is not UTF-8")]
    NotText {
        /// Which one, counted as in argv.
        position: usize,
    },
    /// The origin or add-on ID is malformed.
    #[error("refused to start for a malformed caller")]
    Origin(#[from] OriginError),
    /// The first argument is a manifest path, and the second an origin of the other family.
    #[error("`{0}` follows a manifest path, but is not an add-on id")]
    FamilyMismatch(Origin),
}

/// Chromium's flags for a failed native-initiated start (`native_messaging_launch_from_native.cc`).
const LAUNCH_FAULTS: [&str; 2] = ["--extension-not-installed", "--invalid-connect-id"];

impl Caller {
    /// Reads the arguments that follow the program's name.
    ///
    /// `launcher_name` is the host name that the program's own name tells (see [`crate::home::host_name_of_launcher`]).
    /// Unknown further arguments are accepted, since browsers add some; `--reconnect-command` is not even kept, because
    /// it holds the user's profile path and must never reach a log.
    ///
    /// # Errors
    ///
    /// [`CallerError`] where the arguments are not those of a browser. Nothing may be served then.
    pub fn from_arguments(
        arguments: &[OsString],
        launcher_name: Option<HostName>,
    ) -> Result<Self, CallerError> {
        let first = arguments.first().ok_or(CallerError::NotABrowser)?;
        let text = first.to_str();
        if let Some(text) = text.filter(|text| text.contains("://")) {
            let origin: Origin = text.parse()?;
            return Ok(Self::new(origin, launcher_name, &arguments[1..]));
        }
        let (true, Some(second)) = (is_manifest(first), arguments.get(1)) else {
            return Err(CallerError::NotABrowser);
        };
        let origin: Origin = second
            .to_str()
            .ok_or(CallerError::NotText { position: 2 })?
            .parse()?;
        if origin.family() != Family::Mozilla {
            return Err(CallerError::FamilyMismatch(origin));
        }
        let manifest_name = Path::new(first)
            .file_stem()
            .and_then(|stem| stem.to_str())
            .and_then(|stem| stem.parse().ok());
        Ok(Self::new(
            origin,
            manifest_name.or(launcher_name),
            &arguments[2..],
        ))
    }

    /// Whether the arguments are meant as a browser's, however malformed. For the program for people, which hands such
    /// a start over instead of parsing it.
    #[must_use]
    pub fn looks_like_a_browser(arguments: &[OsString]) -> bool {
        arguments.first().is_some_and(|first| {
            let scheme = origin::CHROMIUM_SCHEME.as_bytes();
            first.as_encoded_bytes().starts_with(scheme)
                || (arguments.len() > 1 && is_manifest(first))
        })
    }

    fn new(origin: Origin, host_name: Option<HostName>, further: &[OsString]) -> Self {
        let further: Vec<&str> = further
            .iter()
            .filter_map(|argument| argument.to_str())
            .collect();
        let parent_window = further
            .iter()
            .find_map(|argument| argument.strip_prefix("--parent-window=")?.parse().ok())
            .filter(|window| *window != 0);
        let launch_fault = LAUNCH_FAULTS
            .into_iter()
            .find(|fault| further.contains(fault));
        Self {
            origin,
            host_name,
            parent_window,
            launch_fault,
        }
    }
}

/// Whether an argument is a path as Mozilla passes it. It is judged as bytes: a folder's name need not be UTF-8, and as
/// components a path that ends in a slash would be one, too.
fn is_manifest(argument: &OsStr) -> bool {
    Path::new(argument).is_absolute() && argument.as_encoded_bytes().ends_with(b".json")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";

    /// An absolute path begins with a drive on Windows.
    fn parse(arguments: &[&str]) -> Result<Caller, CallerError> {
        let here = |argument: &&str| match argument.strip_prefix('/') {
            Some(path) if cfg!(windows) => OsString::from(format!(r"C:\{path}")),
            _ => OsString::from(argument),
        };
        let arguments: Vec<OsString> = arguments.iter().map(here).collect();
        Caller::from_arguments(&arguments, None)
    }

    #[test]
    fn both_families_are_told_apart() {
        let chromium = parse(&[ORIGIN]).expect("Chromium on POSIX passes this");
        assert_eq!(
            (chromium.origin.as_str(), chromium.origin.family()),
            (ORIGIN, Family::Chromium)
        );
        assert_eq!(chromium.host_name, None);

        let mozilla = parse(&[
            "/home/u/.mozilla/native-messaging-hosts/ping_pong.json",
            "native@example.org",
        ])
        .expect("Firefox passes this");
        assert_eq!(mozilla.origin.family(), Family::Mozilla);
        assert_eq!(
            mozilla.host_name.expect("the manifest is named").as_str(),
            "ping_pong"
        );
    }

    #[test]
    fn further_arguments_are_accepted() {
        for (further, window, fault) in [
            (&["--parent-window=0"][..], None, None),
            (&["--parent-window=123456"], Some(123_456), None),
            (
                &[
                    "--reconnect-command=W10=",
                    "--native-messaging-connect-id=abc",
                ],
                None,
                None,
            ),
            (
                &["--extension-not-installed"],
                None,
                Some("--extension-not-installed"),
            ),
            (
                &["--invalid-connect-id", "--unheard-of"],
                None,
                Some("--invalid-connect-id"),
            ),
        ] {
            let caller = parse(&[&[ORIGIN], further].concat()).expect("further arguments are fine");
            assert_eq!((caller.parent_window, caller.launch_fault), (window, fault));
            assert!(!format!("{caller:?}").contains("W10="));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for arguments in [
            &[][..],
            &["--help"],
            &["relative.json", "native@example.org"],
            &["/absolute.json"],
            &["/absolute.txt", "native@example.org"],
            &["/folder.json/", "native@example.org"],
        ] {
            assert_eq!(
                parse(arguments),
                Err(CallerError::NotABrowser),
                "{arguments:?}"
            );
        }
        for arguments in [
            &["https://example.org/"][..],
            &["chrome-extension://short/"],
            &["/absolute.json", "not-an-id"],
            &["/absolute.json", "a/b@example.org"],
            &["/absolute.json", ""],
        ] {
            assert!(
                matches!(parse(arguments), Err(CallerError::Origin(_))),
                "{arguments:?}"
            );
        }
        let mixed = parse(&["/absolute.json", ORIGIN]);
        assert!(matches!(mixed, Err(CallerError::FamilyMismatch(_))));
    }

    #[cfg(unix)]
    #[test]
    fn a_manifest_may_lie_in_a_folder_whose_name_is_no_text() {
        use std::os::unix::ffi::OsStringExt;

        let manifest = OsString::from_vec(b"/home/\xff/com.example.echo.json".to_vec());
        let arguments = [manifest, "native@example.org".into()];
        assert!(Caller::looks_like_a_browser(&arguments));
        let caller = Caller::from_arguments(&arguments, None).expect("Firefox passes this");
        assert_eq!(
            caller.host_name.expect("the file is named").as_str(),
            "com.example.echo"
        );
    }

    #[test]
    fn a_launcher_names_the_host_for_chromium() {
        let launcher = "com.example.echo".parse().expect("a valid host name");
        let caller = Caller::from_arguments(&[ORIGIN.into()], Some(launcher)).expect("a browser");
        assert_eq!(
            caller.host_name.expect("taken over").as_str(),
            "com.example.echo"
        );
    }
}
