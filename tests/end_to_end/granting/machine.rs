//! The machine-wide policy, with the real host and the real place of the file.
//!
//! The file's place cannot be chosen by anything that a test could set, since then an attacker could set it, too. So each
//! test gives the programs another `/etc`, in a mount namespace of their own, which ends with them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis_tests::{Browser, Home, ORIGIN, OTHER_ORIGIN};
use serde_json::{Value, json};

use super::{TRY_CONFIG, TRY_STORAGE, ask_through, home, refused};
use crate::cli::{finished, run};

/// An `/etc` with nothing in it but a machine-wide policy.
struct Etc {
    folder: PathBuf,
}

impl Etc {
    fn with(home: &Home, policy: &str) -> Self {
        let folder = home.beside().join("etc");
        fs::create_dir_all(folder.join("portcullis")).expect("a temporary folder takes a folder");
        let etc = Self { folder };
        fs::write(etc.file(), policy).expect("a folder takes a file");
        etc.set_mode(&etc.folder.join("portcullis"), 0o755);
        etc.set_mode(&etc.file(), 0o644);
        etc
    }

    fn file(&self) -> PathBuf {
        self.folder.join("portcullis/policy.toml")
    }

    fn set_mode(&self, path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is our own");
    }

    /// What stands before a program and its arguments. This user is root in the new namespace, and only there.
    fn wrapper(&self) -> Vec<String> {
        let script = format!(
            "mount --bind '{}' /etc && exec \"$@\"",
            self.folder.display()
        );
        let words = [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            &script,
            "sh",
        ];
        words.map(str::to_owned).to_vec()
    }

    /// The browser, whose host sees this `/etc`.
    fn browser(&self, home: &Home) -> Browser {
        require_namespaces();
        Browser::chromium(home).wrapper(self.wrapper())
    }

    /// `portcullis` with these arguments, which sees it as well.
    fn portcullis<'a>(&self, home: &Home, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        require_namespaces();
        let inner = home.portcullis(arguments);
        let wrapper = self.wrapper();
        let mut command = Command::new(&wrapper[0]);
        command
            .args(&wrapper[1..])
            .arg(inner.get_program())
            .args(inner.get_args());
        command.env("PORTCULLIS_HOME", home.path());
        command
    }
}

/// Fails with what to do where this machine gives users no namespaces.
fn require_namespaces() {
    let mut unshare = Command::new("unshare");
    let output = unshare
        .args(["--user", "--map-root-user", "--mount", "true"])
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!(
            "`unshare --user --map-root-user --mount true` failed: {}; allow it with \
             `sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0`",
            String::from_utf8_lossy(&output.stderr)
        ),
        Err(error) => panic!("there is no `unshare` ({error}): `apt-get install util-linux`"),
    }
}

fn route(origin: &str, rest: &str) -> String {
    format!("[[route]]\norigin = \"{origin}\"\nplugin = \"notes\"\n{rest}\n")
}

/// A home whose user has granted storage and a setting.
fn granted() -> Home {
    let home = home();
    run(
        &home,
        ["grant", ORIGIN, "notes", "storage", "config=theme=dark"],
    )
    .succeeds();
    home
}

#[track_caller]
fn explained(etc: &Etc, home: &Home, question: &str) -> Value {
    let mut command = etc.portcullis(home, ["policy", "explain", ORIGIN, "--json", question]);
    serde_json::from_str(&finished(home, &mut command).succeeds()).expect("JSON")
}

#[test]
fn it_narrows_and_never_grants() {
    let with_storage = route(ORIGIN, "[route.grant]\nstorage = true");
    // The policy, and whether storage is left.
    let cases = [
        ("version = 1\n".to_owned(), true),
        (format!("version = 1\n{}", route(OTHER_ORIGIN, "")), true),
        (format!("version = 1\n{with_storage}"), true),
        (format!("version = 1\n{}", route(ORIGIN, "")), false),
        (
            format!("version = 1\nunmentioned = \"deny\"\n{with_storage}"),
            true,
        ),
    ];
    let home = granted();
    for (policy, expected) in cases {
        let etc = Etc::with(&home, &policy);
        let answer = ask_through(etc.browser(&home), TRY_STORAGE).json();
        assert_eq!(answer["allowed"], json!(expected), "{policy}");
        let explained = explained(&etc, &home, "storage");
        assert_eq!(
            explained["allowed"],
            json!(expected),
            "{policy}\n{explained}"
        );
        assert_eq!(
            ask_through(etc.browser(&home), TRY_CONFIG).json(),
            json!({ "allowed": true }),
            "settings stay"
        );
        if !expected {
            let because = explained["routes"][0]["because"]
                .as_str()
                .expect("a sentence");
            assert!(
                because.contains("`/etc/portcullis/policy.toml`"),
                "{because}"
            );
        }
    }
}

#[test]
fn whoever_grants_what_it_takes_away_is_told() {
    let home = home();
    let etc = Etc::with(&home, &format!("version = 1\n{}", route(ORIGIN, "")));
    let mut command = etc.portcullis(&home, ["grant", ORIGIN, "notes", "storage"]);
    let said = finished(&home, &mut command);
    assert_eq!(
        (said.code, &*said.stderr),
        (
            0,
            "warning: the machine-wide policy does not allow `storage`\n"
        )
    );
    let mut command = etc.portcullis(&home, ["permissions", "show", "--json"]);
    let shown = finished(&home, &mut command).succeeds();
    let shown: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown[0]["granted"], json!(["storage"]));
    assert_eq!(shown[0]["withheld"], json!(["storage"]));
}

#[test]
fn a_route_that_it_does_not_have_is_none() {
    let home = granted();
    let other = route(ORIGIN, "").replace("\"notes\"", "\"other\"");
    for policy in [
        "version = 1\nunmentioned = \"deny\"\n".to_owned(),
        format!("version = 1\n{other}"),
        format!(
            "version = 1\n{}",
            route(ORIGIN, "host-name = \"com.example.notes\"")
        ),
    ] {
        let etc = Etc::with(&home, &policy);
        refused(etc.browser(&home), TRY_STORAGE, "no-route");
        let explained = explained(&etc, &home, "storage");
        assert_eq!(
            explained["routes"][0]["code"],
            json!("no-route"),
            "{explained}"
        );
    }
}

#[test]
fn one_that_cannot_be_used_stops_everything() {
    let home = granted();
    let good = "version = 1\n";
    /// What is done to the file.
    type Change = fn(&Etc);
    // The text, what is done to it, and what the log and `policy check` say.
    let cases: [(&str, Change, &str); 5] = [
        (
            "version = 1\nnovelty = 1\n",
            |_| {},
            "/etc/portcullis/policy.toml:2:1: unknown field `novelty`",
        ),
        ("version = 2\n", |_| {}, "policy version 2 is newer"),
        (
            good,
            |etc| etc.set_mode(&etc.file(), 0o666),
            "is writable by others (mode 0666)",
        ),
        (
            good,
            |etc| etc.set_mode(&etc.folder.join("portcullis"), 0o777),
            "`/etc/portcullis` is writable by others",
        ),
        (
            good,
            |etc| {
                fs::remove_file(etc.file()).expect("it is there");
                std::os::unix::fs::symlink("/dev/null", etc.file()).expect("a link");
            },
            "is a symbolic link",
        ),
    ];
    for (text, change, words) in cases {
        let etc = Etc::with(&home, text);
        change(&etc);
        for order in [TRY_STORAGE, TRY_CONFIG] {
            let browser = etc.browser(&home);
            let error = refused(browser, order, "policy-invalid");
            assert_eq!(error.hint.as_deref(), Some("portcullis policy check"));
        }
        let stranger = etc.browser(&home).origin(OTHER_ORIGIN);
        refused(stranger, TRY_STORAGE, "policy-invalid");
        assert!(home.log().contains(words), "{words}: {}", home.log());
        finished(&home, &mut etc.portcullis(&home, ["policy", "check"])).refuses_with(1, words);
        fs::remove_dir_all(&etc.folder).expect("it is there");
    }
    // Without it everything is as it was.
    assert_eq!(
        super::ask(&home, TRY_STORAGE).json(),
        json!({ "allowed": true })
    );
}

#[test]
fn no_variable_leads_to_another_one() {
    let home = granted();
    let etc = Etc::with(&home, &format!("version = 1\n{}", route(ORIGIN, "")));
    let mut browser = etc.browser(&home);
    for variable in [
        "PORTCULLIS_SYSTEM_ROOT",
        "PORTCULLIS_MACHINE_POLICY",
        "ProgramData",
        "ProgramFiles",
    ] {
        browser = browser.environment(variable, home.beside());
    }
    let answer = ask_through(browser, TRY_STORAGE).json();
    assert_eq!(answer["allowed"], json!(false));
}
