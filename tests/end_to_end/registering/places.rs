//! What `register` and `unregister` write and remove.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use portcullis_tests::{ADD_ON, ORIGIN, OTHER_ORIGIN, programs};
use serde_json::{Value, json};

use super::{HOST, Machine, files_below};
use crate::cli::finished;

const CHROMIUM: &str = "user/.config/chromium/NativeMessagingHosts/com.example.notes.json";
const FIREFOX: &str = "user/.mozilla/native-messaging-hosts/com.example.notes.json";

/// A manifest of this name that starts something else.
const FOREIGN: &str = r#"{"name":"com.example.notes","description":"x","path":"/bin/true","type":"stdio","allowed_origins":[]}"#;

fn manifest(machine: &Machine, path: &str) -> Value {
    serde_json::from_str(&machine.read(path)).expect("a manifest is JSON")
}

#[test]
fn each_family_gets_its_own_manifest_that_leads_to_one_launcher() {
    let machine = Machine::with_programs(&["chromium", "firefox-esr"]);
    let launcher = machine.home.path().join("hosts").join(HOST);
    machine
        .run([
            "register",
            HOST,
            "--allow",
            ORIGIN,
            ADD_ON,
            "--allow",
            OTHER_ORIGIN,
        ])
        .succeeds();
    assert_eq!(
        manifest(&machine, CHROMIUM),
        json!({
            "name": HOST,
            "description": "Portcullis: runs sandboxed plugins for browser extensions",
            "path": launcher,
            "type": "stdio",
            "allowed_origins": [ORIGIN, OTHER_ORIGIN],
        })
    );
    assert_eq!(
        manifest(&machine, FIREFOX),
        json!({
            "name": HOST,
            "description": "Portcullis: runs sandboxed plugins for browser extensions",
            "path": launcher,
            "type": "stdio",
            "allowed_extensions": [ADD_ON],
        })
    );
    assert_eq!(
        fs::read_link(&launcher).expect("it is a link"),
        programs::host()
    );
    let mode = fs::metadata(machine.path(FIREFOX))
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644, "{mode:o}");
}

/// Case 50.
#[test]
fn case_50_twice_is_once_and_only_ours_is_removed() {
    let machine = Machine::with_programs(&["chromium", "firefox-esr"]);
    let before = files_below(&machine.path("user"));
    let register = ["register", HOST, "--allow", ORIGIN, ADD_ON];
    machine.run(register).succeeds();
    let (_, once) = machine.json(register);
    for step in once["manifests"].as_array().expect("a list") {
        assert_eq!(step["state"], "unchanged", "{step}");
    }
    let beside = machine.write(
        "user/.config/chromium/NativeMessagingHosts/other.json",
        FOREIGN,
    );
    machine.run(["unregister", HOST]).succeeds();
    assert_eq!(
        files_below(&machine.path("user")),
        [&before[..], &[beside]].concat()
    );
    assert_eq!(
        files_below(&machine.home.path().join("hosts")),
        Vec::<PathBuf>::new()
    );
    machine
        .run(["unregister", HOST])
        .prints("`com.example.notes` was not registered\n");
}

/// Case 50: a manifest of the same name that starts something else.
#[test]
fn case_50_what_is_not_ours_stays() {
    let machine = Machine::with_programs(&["chromium", "firefox-esr"]);
    machine.write(CHROMIUM, FOREIGN);
    let register = ["register", HOST, "--allow", ORIGIN, ADD_ON];
    machine.run(register).refuses(
        1,
        "`com.example.notes` is somebody else's already; nothing was written. To take the name over, use `--force`\n  \
         `[BESIDE]/user/.config/chromium/NativeMessagingHosts/com.example.notes.json` holds a manifest for `/bin/true`",
    );
    assert_eq!(machine.read(CHROMIUM), FOREIGN);
    assert!(
        !machine.path(FIREFOX).exists(),
        "a refusal writes nothing at all"
    );
    machine.run(["unregister", HOST]).succeeds();
    assert_eq!(machine.read(CHROMIUM), FOREIGN);

    machine
        .run(register.into_iter().chain(["--force"]))
        .succeeds();
    assert_eq!(
        manifest(&machine, CHROMIUM)["allowed_origins"],
        json!([ORIGIN])
    );
    machine.run(["unregister", HOST]).succeeds();
    assert!(!machine.path(CHROMIUM).exists());
}

/// A link is replaced by a file, and what it led to is left alone.
#[test]
fn a_link_in_the_place_of_a_manifest_is_not_written_through() {
    let machine = Machine::with_programs(&["chromium"]);
    let target = machine.write("elsewhere.json", FOREIGN);
    let place = machine.path(CHROMIUM);
    fs::create_dir_all(place.parent().expect("it has one")).expect("it is made");
    symlink(&target, &place).expect("it is made");
    machine
        .run(["register", HOST, "--allow", ORIGIN, "--force"])
        .succeeds();
    assert!(!place.is_symlink());
    assert_eq!(machine.read("elsewhere.json"), FOREIGN);
}

/// A link that leads nowhere is somebody's all the same: what it leads to may be back tomorrow.
#[test]
fn a_link_that_leads_nowhere_is_not_replaced_either() {
    let machine = Machine::with_programs(&["chromium"]);
    let place = machine.path(CHROMIUM);
    fs::create_dir_all(place.parent().expect("it has one")).expect("it is made");
    symlink("/not/mounted/now.json", &place).expect("it is made");
    let register = ["register", HOST, "--allow", ORIGIN];
    machine.run(register).refuses_with(
        1,
        "holds a link to `/not/mounted/now.json`, which is missing",
    );
    assert!(place.is_symlink());
    machine.run(["unregister", HOST]).succeeds();
    assert!(place.is_symlink());
    machine
        .run(register.into_iter().chain(["--force"]))
        .succeeds();
    assert!(!place.is_symlink());
}

/// Chromium takes comments, so a manifest with comments is a whole one, also where ours was once.
#[test]
fn what_somebody_else_has_put_in_the_place_of_ours_is_theirs_however_it_is_written() {
    let machine = Machine::with_programs(&["chromium"]);
    let register = ["register", HOST, "--allow", ORIGIN];
    machine.run(register).succeeds();
    let theirs = format!("// made by another installer\n{FOREIGN}\n/* for all */");
    machine.write(CHROMIUM, &theirs);
    machine
        .run(register)
        .refuses_with(1, "holds a manifest for `/bin/true`");
    assert_eq!(machine.read(CHROMIUM), theirs);
    let (code, said) = machine.json(["doctor", "--fix"]);
    assert_eq!(
        (code, machine.read(CHROMIUM)),
        (1, theirs.clone()),
        "{said:#}"
    );
    machine.run(["unregister", HOST]).succeeds();
    assert_eq!(machine.read(CHROMIUM), theirs);
    // A file of ours that is damaged names nobody's program, and is still ours.
    machine
        .run(register.into_iter().chain(["--force"]))
        .succeeds();
    let ours = machine.read(CHROMIUM);
    machine.write(CHROMIUM, &ours[..ours.len() / 2]);
    machine.run(register).succeeds();
    assert_eq!(machine.read(CHROMIUM), ours);
}

/// The manifests outlive a home that was deleted by hand.
#[test]
fn what_was_registered_is_removed_without_its_home_as_well() {
    let machine = Machine::with_programs(&["chromium", "firefox-esr"]);
    let before = files_below(&machine.path("user"));
    machine
        .run(["register", HOST, "--allow", ORIGIN, ADD_ON])
        .succeeds();
    fs::remove_dir_all(machine.home.path()).expect("it was made");
    let unregister = ["unregister", HOST];
    machine.run(["unregister", HOST, "--dry-run"]).succeeds();
    let (code, said) = machine.json(unregister);
    let manifests = said["manifests"].as_array().expect("a list");
    let removed = manifests.iter().filter(|one| one["state"] == "removed");
    assert_eq!((code, removed.count()), (0, 2), "{said:#}");
    assert_eq!(files_below(&machine.path("user")), before);
    assert!(!machine.home.path().exists(), "no home is made for that");
    machine
        .run(unregister)
        .prints("`com.example.notes` was not registered\n");
}

/// Case 52.
#[test]
fn case_52_settings_elsewhere_and_browsers_that_are_not_there() {
    let machine = Machine::with_programs(&["chromium"]);
    let mut command = machine.command(["register", HOST, "--allow", ORIGIN, "--json"]);
    let output = command
        .env("XDG_CONFIG_HOME", machine.path("user/settings"))
        .output()
        .expect("the program was just built");
    let said: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert!(
        machine
            .path("user/settings/chromium/NativeMessagingHosts")
            .is_dir(),
        "{said}"
    );
    assert!(!machine.path("user/.config").exists());
    let skipped = said["skipped"].as_array().expect("a list");
    for browser in [
        "chrome",
        "edge",
        "brave",
        "firefox",
        "librewolf",
        "thunderbird",
    ] {
        let skipped = skipped.iter().find(|skipped| skipped["browser"] == browser);
        assert_eq!(
            skipped.map(|one| &one["reason"]),
            Some(&json!("not-installed")),
            "{browser}"
        );
    }
}

#[test]
fn what_a_person_reads() {
    let machine = Machine::with_programs(&["chromium"]);
    machine.write("user/snap/chromium/common/chromium/Local State", "");
    machine.write("user/.librewolf/profiles.ini", "");
    let registered = machine
        .run(["register", HOST, "--allow", ORIGIN])
        .succeeds();
    let (told, absent) = registered
        .split_once("  not installed: ")
        .expect("most are not");
    assert_eq!(
        told,
        "registered `com.example.notes` for 1 extension\n\
         \x20 Chromium: wrote `[BESIDE]/user/.config/chromium/NativeMessagingHosts/com.example.notes.json`\n\
         \x20 skipped Chromium (snap): snap lets it start only programs below `[BESIDE]/user/snap/chromium`; install \
         the browser without snap, or put the programs and PORTCULLIS_HOME there\n\
         \x20 skipped LibreWolf: no extension of its family is allowed\n"
    );
    assert!(
        absent.starts_with("Google Chrome, ") && absent.contains("Firefox"),
        "{absent}"
    );
    machine.run(["unregister", HOST]).prints(
        "unregistered `com.example.notes`\n\
         \x20 Chromium: removed `[BESIDE]/user/.config/chromium/NativeMessagingHosts/com.example.notes.json`\n\
         \x20 removed `[HOME]/hosts/com.example.notes`\n",
    );
}

#[test]
fn a_dry_run_says_it_and_does_nothing() {
    let machine = Machine::with_programs(&["chromium"]);
    let before = files_below(machine.home.beside());
    let (code, said) = machine.json(["register", HOST, "--allow", ORIGIN, "--dry-run"]);
    assert_eq!(
        (code, &said["dry-run"], &said["manifests"][0]["state"]),
        (0, &json!(true), &json!("written"))
    );
    assert_eq!(files_below(machine.home.beside()), before);
    machine
        .run(["register", HOST, "--allow", ORIGIN])
        .succeeds();
    let before = files_below(machine.home.beside());
    machine.run(["unregister", HOST, "--dry-run"]).succeeds();
    assert_eq!(files_below(machine.home.beside()), before);
}

#[test]
fn the_list_of_extensions_is_remembered_and_replaced() {
    let machine = Machine::with_programs(&["chromium"]);
    machine
        .run([
            "register",
            HOST,
            "--allow",
            "knldjmfmopnpolahpmmgbagdohdnhkik",
        ])
        .succeeds();
    machine.write("programs/vivaldi", "");
    let (_, said) = machine.json(["register", HOST]);
    assert_eq!(said["allowed"], json!([ORIGIN]));
    let states: Vec<_> = said["manifests"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["state"])
        .collect();
    assert_eq!(states, ["unchanged", "written"]);
    let said = machine
        .run(["register", HOST, "--allow", OTHER_ORIGIN])
        .succeeds();
    assert!(
        said.contains(&format!("no longer allowed: `{ORIGIN}`\n")),
        "{said}"
    );
    assert_eq!(
        manifest(&machine, CHROMIUM)["allowed_origins"],
        json!([OTHER_ORIGIN])
    );
}

/// Somebody who goes on to the next browser does not have to know who was named for the first.
#[test]
fn who_was_allowed_before_may_be_kept() {
    let machine = Machine::with_programs(&["chromium", "firefox-esr"]);
    for (allow, allowed) in [
        (ORIGIN, &[ORIGIN][..]),
        (ADD_ON, &[ORIGIN, ADD_ON]),
        (ORIGIN, &[ORIGIN, ADD_ON]),
    ] {
        let (_, said) = machine.json(["register", HOST, "--allow", allow, "--keep"]);
        assert_eq!(said["allowed"], json!(allowed));
        assert_eq!(said["no-longer-allowed"], json!([]));
    }
    let allowed = |path: &str, list: &str| manifest(&machine, path)[list].clone();
    assert_eq!(allowed(CHROMIUM, "allowed_origins"), json!([ORIGIN]));
    assert_eq!(allowed(FIREFOX, "allowed_extensions"), json!([ADD_ON]));
    for wrong in [
        &["register", HOST, "--keep"][..],
        &["register", HOST, "--allow", ORIGIN, "--keep", "--system"],
    ] {
        machine.run(wrong.iter().copied()).refuses_with(2, "--keep");
    }
}

#[test]
fn for_every_user_of_the_machine() {
    let machine = Machine::with_programs(&["chromium", "microsoft-edge"]);
    machine
        .run(["register", HOST, "--allow", ORIGIN, "--system"])
        .succeeds();
    for place in ["chromium", "opt/edge"] {
        let manifest = manifest(
            &machine,
            &format!("system/etc/{place}/native-messaging-hosts/{HOST}.json"),
        );
        // As it will be once the system runs from that root.
        assert_eq!(
            manifest["path"],
            json!(format!("/usr/local/lib/portcullis/hosts/{HOST}"))
        );
    }
    let launcher = machine
        .path("system/usr/local/lib/portcullis/hosts")
        .join(HOST);
    assert_eq!(
        fs::read_link(launcher).expect("it is a link"),
        programs::host()
    );
    assert_eq!(files_below(&machine.path("user")), Vec::<PathBuf>::new());
    machine.run(["unregister", HOST, "--system"]).succeeds();
    assert_eq!(files_below(&machine.path("system")), Vec::<PathBuf>::new());
}

/// Whatever an administrator's files are readable by otherwise: other users' browsers read these and start the host.
#[test]
fn for_every_user_whatever_the_administrators_mask() {
    let machine = Machine::with_programs(&["chromium"]);
    let register = machine.command(["register", HOST, "--allow", ORIGIN, "--system"]);
    let mut masked = Command::new("/bin/sh");
    masked
        .args(["-c", "umask 077; exec \"$@\"", "sh"])
        .arg(register.get_program())
        .args(register.get_args());
    for (name, value) in register.get_envs() {
        match value {
            Some(value) => masked.env(name, value),
            None => masked.env_remove(name),
        };
    }
    finished(&machine.home, &mut masked).succeeds();
    let manifest = format!("etc/chromium/native-messaging-hosts/{HOST}.json");
    let launcher = format!("usr/local/lib/portcullis/hosts/{HOST}");
    for path in [&manifest, &launcher] {
        let path = PathBuf::from("system").join(path);
        let folders = path.ancestors().skip(1);
        // The last two are the one that stands for the root, and nothing.
        for folder in folders.take_while(|folder| folder.as_os_str() != "system") {
            let folder = machine.path(folder.to_str().expect("a plain name"));
            assert_eq!(mode(&folder), 0o755, "{}", folder.display());
        }
    }
    assert_eq!(mode(&machine.path("system").join(manifest)), 0o644);
    // What was there before keeps its own.
    let user = machine.path("user/.config/chromium");
    fs::create_dir_all(&user).expect("it is made");
    fs::set_permissions(&user, fs::Permissions::from_mode(0o700)).expect("it is ours");
    machine
        .run(["register", HOST, "--allow", ORIGIN])
        .succeeds();
    assert_eq!(mode(&user), 0o700);
}

fn mode(path: &Path) -> u32 {
    let found = fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    found.permissions().mode() & 0o777
}

#[test]
fn what_is_refused() {
    let machine = Machine::with_programs(&["chromium"]);
    for (arguments, code, words) in [
        (
            &["register", HOST][..],
            2,
            "nobody may connect to `com.example.notes` yet: name an extension with `--allow ORIGIN`",
        ),
        (
            &["register", "com..x", "--allow", ORIGIN],
            2,
            "two dots in a row",
        ),
        (
            &["register", "../x", "--allow", ORIGIN],
            2,
            "a host name holds only letters, digits",
        ),
        (
            &["register", HOST, "--allow", "chrome-extension://*/"],
            2,
            "has `*` in its id",
        ),
        (
            &["register", HOST, "--allow", ORIGIN.trim_end_matches('/')],
            2,
            "does not end with the one `/`",
        ),
        (
            &["register", HOST, "--allow", ORIGIN, "--browser", "netscape"],
            2,
            "it is one of chrome, ",
        ),
        (
            &["register", "Com.Example", "--allow", ORIGIN],
            1,
            "its family takes no upper case",
        ),
        (
            &["register", HOST, "--allow", ADD_ON],
            1,
            "no browser was found that `com.example.notes` could be registered with",
        ),
    ] {
        machine
            .run(arguments.iter().copied())
            .refuses_with(code, words);
    }
    assert_eq!(files_below(&machine.path("user")), Vec::<PathBuf>::new());
}
