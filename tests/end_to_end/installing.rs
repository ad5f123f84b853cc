//! `install` and `uninstall`: one command from a file to an extension that is answered, and one back.
//!
//! Most tests take the whole folder that stands for the machine before and after: what may not change is compared as a
//! whole, not by what a test thinks of.

mod refused;
mod uninstalling;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use portcullis_tests::{ADD_ON, Browser, ORIGIN, OTHER_ORIGIN, guests, programs};
use serde_json::json;

use crate::cli::text;
use crate::registering::Machine;

/// What the extensions of `notes` ask for.
const HOST: &str = "com.example.notes";

const CHROMIUM: &str = "user/.config/chromium/NativeMessagingHosts/com.example.notes.json";
const FIREFOX: &str = "user/.mozilla/native-messaging-hosts/com.example.notes.json";

/// What `notes` asks for where a test does not say.
const REQUESTS: &str = r#"fs = [{ guest = "/notes", access = "read-write", suggested = "~/Notes", reason = "keeps the notes" }]
config = [{ key = "theme", reason = "looks" }]
"#;

/// What `notes` says of who it is made for.
fn made_for() -> String {
    format!("origins = [\"{ORIGIN}\", \"{ADD_ON}\"]\nhost-names = [\"{HOST}\"]\n")
}

/// A machine with two browsers, and the folder that `notes` suggests.
fn machine() -> Machine {
    let machine = Machine::with_programs(&["chromium", "firefox-esr"]);
    fs::create_dir(machine.path("user/Notes")).expect("a temporary folder takes a folder");
    machine
}

/// `plugins/notes` with what its author says. Another version makes another build.
#[track_caller]
fn packed(machine: &Machine, version: &str, made_for: &str, requests: &str) -> String {
    let manifest = format!(
        "name = \"notes\"\nversion = \"{version}\"\ndescription = \"Keeps notes\"\n{made_for}\n[requests]\n{requests}"
    );
    let manifest = machine.write("plugin.toml", &manifest);
    let output = machine.path(&format!("notes-{version}.wasm"));
    let notes = guests::notes();
    let said = machine.run([
        "pack",
        text(&notes),
        "--manifest",
        text(&manifest),
        "--output",
        text(&output),
    ]);
    // It warns of a request that the plugin cannot use, which is what `config` is here for.
    assert_eq!(said.code, 0, "{said:?}");
    text(&output).to_owned()
}

/// The usual build.
#[track_caller]
fn notes(machine: &Machine) -> String {
    packed(machine, "1.0.0", &made_for(), REQUESTS)
}

/// Installs, says nothing but perhaps that it compiles, and returns what was printed.
#[track_caller]
fn install<'a>(machine: &Machine, file: &'a str, further: &[&'a str]) -> String {
    let arguments = ["install", file, "--yes"].into_iter();
    let said = machine.run(arguments.chain(further.iter().copied()));
    let is_quiet = said
        .stderr
        .lines()
        .all(|line| line.starts_with("compiling `"));
    assert!(said.code == 0 && is_quiet, "{said:?}");
    said.stdout
}

/// Every file and link on the machine with what is in it, and every folder of the user's. Of the home's folders, an empty
/// one more is nothing, and neither is the file that writers hold, nor what hosts keep of the policy.
fn everything(machine: &Machine) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(folder: &Path, home: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(folder).expect("the folder is ours") {
            let path = entry.expect("the folder is ours").path();
            if path.is_symlink() {
                let target = fs::read_link(&path).expect("it is a link");
                found.insert(path, text(&target).into());
            } else if path.is_dir() {
                walk(&path, home, found);
                if !path.starts_with(home) {
                    found.insert(path, Vec::new());
                }
            } else if path.file_name().is_some_and(|name| name != ".lock") {
                let bytes = fs::read(&path).expect("the file is ours");
                found.insert(path, bytes);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(machine.home.beside(), machine.home.path(), &mut found);
    found.retain(|path, _| !path.starts_with(machine.home.path().join("compiled")));
    found
}

/// That nothing is different, named by path where something is.
#[track_caller]
fn assert_as_before(machine: &Machine, before: &BTreeMap<PathBuf, Vec<u8>>) {
    let now = everything(machine);
    let differs = |path: &&PathBuf| now.get(*path) != before.get(*path);
    let paths: Vec<_> = now.keys().chain(before.keys()).filter(differs).collect();
    assert_eq!(paths, Vec::<&PathBuf>::new());
}

/// What an extension is told that asks for its notes, through the launcher that was registered.
#[track_caller]
fn answer(machine: &Machine, browser: Browser, message: &str) -> serde_json::Value {
    let mut port = browser.environment("HOME", machine.path("user")).start();
    let answer = port.ask(message).json();
    port.end().expect_exit(0);
    answer
}

#[track_caller]
fn chromium(machine: &Machine) -> Browser {
    let launcher = machine.home.path().join("hosts").join(HOST);
    assert!(launcher.exists(), "no launcher was made");
    Browser::chromium(&machine.home).host_name(&machine.home, HOST)
}

#[test]
fn one_command_makes_a_plugin_answer_in_every_browser() {
    let machine = machine();
    let said = install(&machine, &notes(&machine), &[]);
    for expected in [
        "`notes` 1.0.0: Keeps notes\n",
        "plugin    new        notes, a handler, ",
        "route     new        chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/ as com.example.notes\n",
        "route     new        native@tests.mozilla.org as com.example.notes\n",
        "grant     new        fs=~/Notes:/notes:rw  \"keeps the notes\"\n",
        "grant     not given  config=theme=VALUE  \"looks\"\n",
        "launcher  new        [HOME]/hosts/com.example.notes\n",
        "manifest  new        Chromium: [BESIDE]/user/.config/chromium/NativeMessagingHosts/com.example.notes.json\n",
        "manifest  new        Firefox: [BESIDE]/user/.mozilla/native-messaging-hosts/com.example.notes.json\n",
        "`notes` is installed, sha256 ",
        "ok: plugin `notes`: it and its native code are what was installed\n",
        "ok: Chromium `com.example.notes`: 1 extension may connect\n",
    ] {
        assert!(said.contains(expected), "`{expected}` is not in\n{said}");
    }
    let write = r#"{"write":"shopping","text":"milk"}"#;
    assert_eq!(
        answer(&machine, chromium(&machine), write),
        json!({ "note": "shopping", "written": 4 })
    );
    assert_eq!(machine.read("user/Notes/shopping.txt"), "milk");
    let firefox = Browser::mozilla(&machine.home).host_name(&machine.home, HOST);
    assert_eq!(
        answer(&machine, firefox, r#"{"list":true}"#),
        json!({ "notes": ["shopping"] })
    );
    let sent = machine.run([
        "send",
        "--origin",
        ORIGIN,
        "--host-name",
        HOST,
        r#"{"list":true}"#,
    ]);
    assert_eq!(sent.succeeds().trim(), r#"{"notes":["shopping"]}"#);
    let (code, found) = machine.json(["doctor"]);
    assert_eq!((code, &found["broken"]), (0, &json!(0)), "{found:#}");
}

#[test]
fn what_is_typed_comes_in_the_place_of_what_the_author_says() {
    let machine = machine();
    fs::create_dir(machine.path("other")).expect("a temporary folder takes a folder");
    let folder = format!("fs={}:/notes", text(&machine.path("other")));
    let (code, said) = machine.json([
        "install",
        &notes(&machine),
        "--name",
        "mine",
        "--origin",
        "abcdefghijklmnopabcdefghijklmnop",
        "--host-name",
        "com.example.mine",
        "--browser",
        "chromium",
        "--grant",
        &folder,
        "config=theme=dark",
        "--yes",
    ]);
    assert_eq!(code, 0, "{said:#}");
    let grants: Vec<_> = said["grants"].as_array().expect("a list").iter().collect();
    assert_eq!(grants[0]["power"], json!(folder));
    assert_eq!(grants[0]["reason"], json!("keeps the notes"));
    assert_eq!(grants[1]["power"], json!("config=theme=dark"));
    // To read is less than what it asks for.
    assert_eq!(said["not-given"][0]["power"], json!("fs=~/Notes:/notes:rw"));
    assert_eq!(
        said["routes"],
        json!([{ "origin": OTHER_ORIGIN, "host-name": "com.example.mine", "state": "new" }])
    );
    assert!(!machine.path(FIREFOX).exists());
    let policy = machine.read("home/policy.toml");
    assert!(policy.contains("plugin = \"mine\""), "{policy}");
    assert!(!policy.contains(ADD_ON), "{policy}");
}

#[test]
fn nothing_is_granted_where_nothing_shall_be() {
    let machine = machine();
    let said = install(&machine, &notes(&machine), &["--no-grants"]);
    assert!(
        said.contains("grant     not given  fs=~/Notes:/notes:rw"),
        "{said}"
    );
    let policy = machine.read("home/policy.toml");
    assert!(!policy.contains("grant"), "{policy}");
}

#[test]
fn a_dry_run_changes_nothing() {
    for has_home in [true, false] {
        let machine = machine();
        let file = notes(&machine);
        if !has_home {
            fs::remove_dir_all(machine.home.path()).expect("the home is ours");
        }
        let before = everything(&machine);
        let said = machine.run(["install", &file, "--dry-run"]).succeeds();
        assert!(said.contains("manifest  new"), "{said}");
        let (code, said) = machine.json(["install", &file, "--dry-run"]);
        assert_eq!((code, &said["dry-run"]), (0, &json!(true)), "{said:#}");
        assert_eq!(said["findings"], json!(null));
        assert_as_before(&machine, &before);
        assert_eq!(machine.home.path().exists(), has_home);
    }
}

/// On a terminal the person is asked once, and only a yes is one.
#[test]
fn a_person_is_asked() {
    for (answer, is_yes) in [
        ("y\n", true),
        ("Yes\n", true),
        ("n\n", false),
        ("\n", false),
    ] {
        let machine = machine();
        let file = notes(&machine);
        let before = everything(&machine);
        // `script` gives the command a terminal. It is part of every Debian (package `bsdutils`).
        let typed = format!("'{}' install '{file}'", text(programs::portcullis()));
        let command = machine.command([]);
        let mut on_terminal = Command::new("/usr/bin/script");
        on_terminal.args(["--quiet", "--return", "--command", &typed, "/dev/null"]);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => on_terminal.env(name, value),
                None => on_terminal.env_remove(name),
            };
        }
        on_terminal.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = on_terminal
            .spawn()
            .expect("`script` is there: `apt-get install -y bsdutils`");
        let mut stdin = running.stdin.take().expect("it is piped");
        stdin.write_all(answer.as_bytes()).expect("it reads");
        let ended = running.wait_with_output().expect("it ends");
        drop(stdin);
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(said.contains("Do all this? [y/N] "), "{said}");
        assert!(said.contains("plugin    new "), "{said}");
        assert_eq!(ended.status.code(), Some(i32::from(!is_yes)), "{said}");
        assert_eq!(machine.path(CHROMIUM).exists(), is_yes, "{said}");
        if !is_yes {
            assert!(said.contains("error: nothing was done"), "{said}");
            assert_as_before(&machine, &before);
        }
    }
}

#[test]
fn twice_is_once() {
    let machine = machine();
    let file = notes(&machine);
    install(&machine, &file, &[]);
    let before = everything(&machine);
    // Nobody has to agree to nothing.
    let said = machine.run(["install", &file]).succeeds();
    assert!(
        said.starts_with("`notes` is already installed, sha256 "),
        "{said}"
    );
    let (code, said) = machine.json(["install", &file, "--yes"]);
    assert_eq!((code, &said["changed"]), (0, &json!(false)), "{said:#}");
    assert_as_before(&machine, &before);
}

/// What is missing is made again, and only that.
#[test]
fn what_was_lost_comes_back() {
    let machine = machine();
    let file = notes(&machine);
    install(&machine, &file, &[]);
    let before = everything(&machine);
    let launcher = format!("home/hosts/{HOST}");
    for lost in [CHROMIUM, FIREFOX, &launcher] {
        fs::remove_file(machine.path(lost)).expect("it was made");
        install(&machine, &file, &[]);
        assert_as_before(&machine, &before);
    }
    fs::remove_dir_all(machine.path("home/store")).expect("it was made");
    let said = install(&machine, &file, &[]);
    assert!(said.contains("plugin    mended"), "{said}");
    assert_as_before(&machine, &before);
}

#[test]
fn a_new_build_takes_the_place_of_the_old_one_and_what_a_person_chose_stays() {
    let machine = machine();
    fs::create_dir(machine.path("other")).expect("a temporary folder takes a folder");
    let folder = format!("fs={}:/notes:rw", text(&machine.path("other")));
    let first = notes(&machine);
    install(&machine, &first, &["--grant", &folder]);
    let second = packed(&machine, "2.0.0", &made_for(), REQUESTS);
    let said = install(&machine, &second, &["--replace"]);
    assert!(said.contains("plugin    new build  notes"), "{said}");
    let write = r#"{"write":"a","text":"b"}"#;
    answer(&machine, chromium(&machine), write);
    assert_eq!(machine.read("other/a.txt"), "b");
    assert!(!machine.path("user/Notes/a.txt").exists());
}

/// The folder of Firefox's manifests leads nowhere: the last step fails, after Chromium has got its manifest.
#[test]
fn where_the_last_step_fails_nothing_has_happened() {
    let machine = machine();
    let first = notes(&machine);
    let second = packed(&machine, "2.0.0", &made_for(), REQUESTS);
    fs::create_dir(machine.path("user/.mozilla")).expect("a temporary folder takes a folder");
    let folder = machine.path("user/.mozilla/native-messaging-hosts");
    let block = || symlink("/nowhere/at-all", &folder).expect("a folder takes a link");
    let fails = |file: &str| {
        let before = everything(&machine);
        let said = machine.run(["install", file, "--replace", "--yes"]);
        assert_eq!(said.code, 1, "{said:?}");
        let error = "error: nothing was changed: cannot write `[BESIDE]/user/.mozilla/native-messaging-hosts/com.example";
        assert!(said.stderr.contains(error), "{}", said.stderr);
        assert_as_before(&machine, &before);
    };
    // On a machine that has nothing of ours, and on one that has a person's policy and another plugin.
    block();
    fails(&first);
    machine.home.add("echo", &guests::echo());
    machine.home.policy(&format!(
        "# mine\nversion = 1\n\n[[route]] # echo\norigin = \"{OTHER_ORIGIN}\"\nplugin = \"echo\"\n"
    ));
    machine
        .run(["register", HOST, "--allow", OTHER_ORIGIN])
        .succeeds();
    fails(&first);
    // And on one that has an older build, which must still answer afterwards.
    fs::remove_file(&folder).expect("it is a link");
    install(&machine, &first, &[]);
    fs::remove_dir_all(&folder).expect("it was made");
    block();
    fails(&second);
    assert_eq!(
        answer(&machine, chromium(&machine), r#"{"list":true}"#),
        json!({ "notes": [] })
    );
}
