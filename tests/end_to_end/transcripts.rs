//! `portcullis test`: transcripts, played through the real host.
//!
//! Every run has a home that it must not touch and a folder for temporary files that it must leave empty.

mod bench;
mod blessing;
mod failing;
mod refused;
mod used;

use std::fs;
use std::path::PathBuf;

use portcullis_tests::{Home, cargo};
use serde_json::Value;

use crate::cli::{self, Said, contents};
use crate::fixture::guest;

/// A project with one of our guests as its component.
pub(crate) struct Project {
    home: Home,
    folder: PathBuf,
}

impl Project {
    /// A project with this under its name, language and mode, and no transcript.
    pub(crate) fn new(plugin: &str, terms: &str) -> Self {
        let home = Home::new();
        let folder = home.beside().join("project");
        let project = Self { home, folder };
        fs::create_dir_all(project.temporary()).expect("a temporary folder takes a folder");
        project.write(
            "portcullis.toml",
            &format!(
                "name = \"{plugin}\"\nlanguage = \"rust\"\nmode = \"handler\"\ncomponent = \"built/plugin.wasm\"\n{terms}"
            ),
        );
        let built = project.path("built/plugin.wasm");
        fs::create_dir_all(project.path("built")).expect("a temporary folder takes a folder");
        fs::copy(guest(plugin), built).expect("a temporary folder takes a file");
        project
    }

    /// The same with one transcript, `tests/all.transcript`.
    pub(crate) fn with(plugin: &str, terms: &str, transcript: &str) -> Self {
        let project = Self::new(plugin, terms);
        project.write("tests/all.transcript", transcript);
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("it is in the project"))
            .and_then(|()| fs::write(&path, text))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("it is there")
    }

    /// The folder in which this project's runs keep what they throw away.
    fn temporary(&self) -> PathBuf {
        self.home.beside().join("temporary")
    }

    /// Runs `portcullis` in the project. It leaves nothing behind but what it printed.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let before = contents(&self.home);
        let mut command = self.home.portcullis(arguments.iter().copied());
        command
            .current_dir(&self.folder)
            .env("TMPDIR", self.temporary());
        let said = cli::finished(&self.home, &mut command);
        assert_eq!(contents(&self.home), before, "the user's home is untouched");
        let left: Vec<_> = fs::read_dir(self.temporary())
            .expect("it was made")
            .collect();
        assert!(left.is_empty(), "left behind: {left:?}\n{}", said.stderr);
        said
    }

    /// `portcullis test --json` with these arguments, and its report.
    #[track_caller]
    pub(crate) fn report(&self, arguments: &[&str]) -> (Said, Value) {
        let said = self.run(&[&["test", "--json"], arguments].concat());
        let report = serde_json::from_str(&said.stdout);
        let report = report.unwrap_or_else(|error| panic!("{error}\n{said:?}"));
        (said, report)
    }
}

/// The cases of the only transcript of a report.
#[track_caller]
pub(crate) fn cases(report: &Value) -> &[Value] {
    let files = report["files"].as_array().expect("there are files");
    assert_eq!(files.len(), 1, "{report}");
    files[0]["cases"].as_array().expect("there are cases")
}

/// The lines of a report that are about cases: everything before the table.
fn about_cases(report: &str) -> Vec<&str> {
    report.lines().take_while(|line| !line.is_empty()).collect()
}

#[test]
fn the_transcripts_of_our_own_plugins_are_green() {
    for (plugin, mode) in [("counter", "handler"), ("ping-pong", "session")] {
        let folder = cargo::root().join("plugins").join(plugin);
        let text = |name: &str| fs::read_to_string(folder.join(name)).expect("it is there");
        let transcript = format!("tests/{plugin}.transcript");
        let own = text("portcullis.toml");
        assert!(own.contains(&format!("mode = \"{mode}\"")), "{own}");
        let project = Project::new(plugin, "");
        // Where its own build would be is not where ours is.
        let component = own.lines().find(|line| line.starts_with("component = "));
        let component = component.expect("it has a component");
        project.write(
            "portcullis.toml",
            &own.replace(component, "component = \"built/plugin.wasm\""),
        );
        project.write(&transcript, &text(&transcript));

        let said = project.run(&["test"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.stderr.starts_with("compiling `"), "{}", said.stderr);
        assert_eq!(said.stderr.lines().count(), 1, "{}", said.stderr);
        let lines = about_cases(&said.stdout);
        let names: Vec<String> = text(&transcript)
            .lines()
            .filter_map(|line| line.strip_prefix("--- "))
            .map(|name| format!("  ok    {name}"))
            .collect();
        assert_eq!(lines[0], transcript);
        assert_eq!(lines[1..], names);
        let last = said.stdout.lines().last().expect("there are lines");
        assert_eq!(last, format!("{} passed, 0 failed", names.len()));
        assert_eq!(project.read(&transcript), text(&transcript));
    }
}

#[test]
fn every_case_begins_with_nothing_and_ports_share_what_is_kept() {
    let transcript = "--- one\n> {\"add\": 2}\n< {\"value\": 2}\n---\n> {\"add\": 2}\n< {\"value\": 4}\n---\n\
                      > {\"get\": true}\n< {\"value\": 4}\n--- other\n> {\"get\": true}\n< {\"value\": 0}\n";
    let project = Project::with("counter", "[grant]\nstorage = true\n", transcript);
    let (said, report) = project.report(&[]);
    assert_eq!((said.code, &report["passed"]), (0, &2.into()), "{report}");
    // Without the grant the plugin has none, as in a browser.
    let refused = "> {\"add\": 2}\n! plugin-error not-granted: …\n";
    let project = Project::with("counter", "", refused);
    let (said, report) = project.report(&[]);
    assert_eq!((said.code, &report["passed"]), (0, &1.into()), "{report}");
}

#[test]
fn the_extension_is_whom_it_is_told_to_be() {
    let transcript = "> {\"do\": \"peer\"}\n< {\"origin\": \"a@b.c\", \"browser\": \"mozilla\", \"host-name\": \"…\"}\n";
    let project = Project::with("unruly", "", transcript);
    let (said, report) = project.report(&["--origin", "a@b.c"]);
    assert_eq!(said.code, 0, "{report}");
    let (said, report) = project.report(&[]);
    assert_eq!(said.code, 1, "{report}");
    let failure = &cases(&report)[0]["failures"][0];
    assert_eq!(failure["kind"], "differs", "{report}");
}

#[test]
fn files_can_be_named_one_by_one() {
    let project = Project::with("echo", "", "> 1\n< 1\n");
    project.write("tests/b.transcript", "> 2\n< 2\n");
    project.write("elsewhere/c.transcript", "> 3\n< 3\n");
    let passed = |arguments: &[&str], files: &[&str]| {
        let (said, report) = project.report(arguments);
        assert_eq!(said.code, 0, "{report}");
        let listed = report["files"].as_array().expect("there are files");
        let listed: Vec<_> = listed
            .iter()
            .filter_map(|file| file["file"].as_str())
            .collect();
        assert_eq!(listed, files, "{arguments:?}");
    };
    passed(&[], &["tests/all.transcript", "tests/b.transcript"]);
    let above = "[BESIDE]/project/tests";
    passed(
        &["tests"],
        &[
            &format!("{above}/all.transcript"),
            &format!("{above}/b.transcript"),
        ],
    );
    passed(&["tests/b.transcript"], &["tests/b.transcript"]);
    // Its project is found above it.
    passed(&["elsewhere/c.transcript"], &["elsewhere/c.transcript"]);
    passed(
        &["built/plugin.wasm", "elsewhere/c.transcript"],
        &["elsewhere/c.transcript"],
    );
}
