//! Hostile-plugins case 58: policies and locks that are not as they must be. Every verb that reads one refuses it with
//! the place, and nothing is written.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use portcullis_tests::{Home, ORIGIN, OTHER_ORIGIN, guests};

use super::{contents, run};

fn home() -> Home {
    let home = Home::new();
    home.add("echo", &guests::echo());
    home
}

fn route() -> String {
    format!("[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"echo\"\n")
}

#[test]
fn a_malformed_policy_is_refused_with_its_place() {
    let route = route();
    // What stands in the file, the place, and words of the sentence.
    let cases = [
        (
            format!("version = 1\n{route}colour = \"red\"\n"),
            "5:1",
            "unknown field `colour`",
        ),
        (
            "version = 1\n[sandbox]\n".to_owned(),
            "2:2",
            "unknown field `sandbox`",
        ),
        (
            format!("version = 1\n{route}plugin = \"b\"\n"),
            "5:1",
            "duplicate key",
        ),
        (
            "version = 1\nversion = 1\n".to_owned(),
            "2:1",
            "duplicate key",
        ),
        ("version = \"1\"\n".to_owned(), "1:11", "invalid type"),
        (
            format!("version = 1\n{route}check-inbound = 1\n"),
            "5:17",
            "invalid type",
        ),
        ("version = 2\nnovelty = 3\n".to_owned(), "1:11", "newer"),
        ("".to_owned(), "1:1", "missing field `version`"),
        (
            "version = 1\n[limits]\nmemory = \"lots\"\n".to_owned(),
            "3:10",
            "`lots` is not a size",
        ),
        (
            format!("version = 1\n{route}{route}"),
            "5:1",
            "the same conditions as the one on line 2",
        ),
        (
            "version = 1\n[[route]]\norigin = \"http://a/\"\nplugin = \"a\"\n".to_owned(),
            "3:10",
            "`http://a/`",
        ),
        (
            format!("version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"A\"\n"),
            "4:10",
            "this one has `A`",
        ),
        ("version = 1\n[[route]\n".to_owned(), "2:", ""),
    ];
    let home = home();
    for (text, place, words) in cases {
        home.policy(&text);
        let before = contents(&home);
        for verb in [
            &["policy", "check"][..],
            &["route", "list"],
            &["route", "add", OTHER_ORIGIN, "echo"],
            &["route", "remove", ORIGIN],
            &["remove", "echo"],
            &["send", "1"],
        ] {
            let said = run(&home, verb.iter().copied());
            let said = said.refuses_with(1, &format!("error: [HOME]/policy.toml:{place}"));
            assert!(said.stderr.contains(words), "{words:?} is not in {said:?}");
        }
        assert_eq!(contents(&home), before, "{text}");
    }
}

#[test]
fn a_malformed_lock_is_refused_with_its_place() {
    let home = home();
    home.policy("version = 1\n");
    let good = fs::read_to_string(home.path().join("plugins.lock")).expect("our own file");
    let cases = [
        (
            "version = 1",
            "version = 1\nextra = 2",
            "4:1",
            "unknown field `extra`",
        ),
        (
            "size = ",
            "colour = \"red\"\nsize = ",
            "11:1",
            "unknown field `colour`",
        ),
        (
            "version = 1",
            "version = 1\nversion = 1",
            "4:1",
            "duplicate key",
        ),
        ("number = 1", "number = \"1\"", "8:10", "invalid type"),
        (
            "version = 1",
            "version = 2",
            "3:11",
            "version 2 is newer than this program",
        ),
        (
            "number = 1",
            "number = 7",
            "8:10",
            "the installation number 7 is not below `next-number`, which is 2",
        ),
        (
            "name = \"echo\"",
            "name = \"../echo\"",
            "7:8",
            "this one has `.`",
        ),
        ("sha256 = \"", "sha256 = \"../", "10:10", "this one has `.`"),
        (
            "file = \"",
            "file = \"../",
            "15:8",
            "the artifact must be called `",
        ),
    ];
    for (old, new, place, words) in cases {
        assert!(good.contains(old), "{old:?} is not in\n{good}");
        home.write("plugins.lock", good.replacen(old, new, 1).as_bytes());
        let before = contents(&home);
        let file = guests::echo();
        for verb in [
            &["list"][..],
            &["list", "--json"],
            &["verify"],
            &["policy", "check"],
            &["remove", "echo"],
            &["rebuild", "echo"],
            &["route", "add", ORIGIN, "echo"],
            &["add", super::text(&file), "--name", "new"],
        ] {
            let said = run(&home, verb.iter().copied());
            let said = said.refuses_with(1, &format!("error: [HOME]/plugins.lock:{place}: "));
            assert!(said.stderr.contains(words), "{words:?} is not in {said:?}");
        }
        assert_eq!(contents(&home), before, "{new}");
    }
}

#[test]
fn files_and_homes_that_others_can_change_are_refused() {
    let home = home();
    home.policy(&format!("version = 1\n{}", route()));
    let set_mode = |name: &str, mode: u32| {
        fs::set_permissions(home.path().join(name), PermissionsExt::from_mode(mode))
            .expect("our own");
    };
    for (name, verb) in [
        ("policy.toml", ["policy", "check"].as_slice()),
        ("plugins.lock", &["list"]),
    ] {
        set_mode(name, 0o666);
        run(&home, verb.iter().copied()).refuses(
            1,
            &format!(
                "`[HOME]/{name}` is writable by others (mode 0666): look at what it says, then mend it with \
                 `chmod go-w [HOME]/{name}`"
            ),
        );
        set_mode(name, 0o600);
    }
    set_mode("", 0o777);
    run(&home, ["list"]).refuses(
        1,
        "the Portcullis home `[HOME]` is writable by others (mode 0777): mend it with `chmod 700 [HOME]`",
    );
    set_mode("", 0o700);

    let policy = home.path().join("policy.toml");
    fs::rename(&policy, home.beside().join("mine.toml")).expect("our own file");
    symlink(home.beside().join("mine.toml"), &policy).expect("our own folder");
    run(&home, ["policy", "check"]).refuses(
        1,
        "`[HOME]/policy.toml` is a symbolic link: put the file itself there",
    );

    let mut command = home.portcullis(["list"]);
    super::finished(&home, command.env("PORTCULLIS_HOME", "relative")).refuses(
        1,
        "PORTCULLIS_HOME must be an absolute path, it is `relative`: set it to one, or unset it",
    );
}

#[test]
fn policy_check_names_every_plugin_that_is_missing() {
    let home = home();
    run(&home, ["policy", "check"]).prints("policy is valid: 0 routes, 0 plugins\n");
    home.policy(&format!(
        "version = 1\n{}[[route]]\norigin = \"{OTHER_ORIGIN}\"\nplugin = \"gone\"\n",
        route()
    ));
    run(&home, ["policy", "check"]).refuses(
        1,
        "[HOME]/policy.toml:5:1: the plugin `gone` is not installed: add it with `portcullis add FILE.wasm --name \
         gone`, or remove the route",
    );
    home.add("gone", &guests::echo());
    run(&home, ["policy", "check"]).prints("policy is valid: 2 routes, 2 plugins\n");
}
