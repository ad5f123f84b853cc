//! `add`, `list`, `remove`, `inspect`: from a file to an installed plugin and back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::thread;

use portcullis_tests::{Home, ORIGIN, OTHER_ORIGIN, guests};
use serde_json::{Value, json};

use super::{contents, file, files, finished, installed, listed, run, text};

#[test]
fn a_plugin_is_added_listed_and_removed() {
    let home = Home::new();
    run(&home, ["list"]).prints("no plugins are installed in `[HOME]`\n");
    run(&home, ["list", "--json"]).prints("[]\n");

    let echo = guests::echo();
    let added = finished(&home, home.portcullis(["add"]).arg(&echo));
    assert_eq!(added.code, 0, "{added:?}");
    assert!(added.stderr.starts_with("compiling `echo` ("), "{added:?}");
    assert_eq!(
        added.stderr.lines().count(),
        1,
        "one plain line where there is no terminal"
    );

    let list = listed(&home);
    let size = fs::metadata(&echo).expect("it was built").len();
    assert_eq!(
        (
            &list[0]["name"],
            &list[0]["number"],
            &list[0]["size"],
            &list[0]["source"]
        ),
        (&json!("echo"), &json!(1), &json!(size), &json!(text(&echo)))
    );
    let digest = list[0]["sha256"].as_str().expect("a digest").to_owned();
    let lines: Vec<&str> = added.stdout.lines().collect();
    assert!(
        lines[0].starts_with("added `echo`: a handler, "),
        "{lines:?}"
    );
    assert!(
        lines[0].ends_with(&format!(", sha256 {digest}")),
        "{lines:?}"
    );
    assert_eq!(
        lines[1..],
        ["no extension may use it yet: `portcullis route add ORIGIN echo` lets one"]
    );

    let table = run(&home, ["list"]).succeeds();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0], ["NAME", "SIZE", "SHA256", "INSTALLED", "FROM"]);
    assert_eq!((rows[1][0], rows[1][3]), ("echo", &digest[..12]));

    for (folder, ending) in [("store", "wasm"), ("cache", "cwasm")] {
        let [only] = &files(&home, folder)[..] else {
            panic!("one file in `{folder}`")
        };
        let name = only.file_name().expect("a name").to_string_lossy();
        assert!(
            name.starts_with(&digest) && name.ends_with(ending),
            "{name}"
        );
        let mode = fs::metadata(only)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o7777, 0o600, "{name}");
    }
    run(&home, ["verify"]).prints("1 plugin is whole\n");

    run(&home, ["remove", "echo"]).prints("removed `echo`\n");
    assert_eq!(listed(&home), json!([]));
    assert_eq!(
        (files(&home, "store"), files(&home, "cache")),
        (vec![], vec![])
    );
    run(&home, ["remove", "echo"]).refuses(
        1,
        "no plugin `echo` is installed, nor any other: add it with `portcullis add FILE.wasm --name echo`",
    );
}

#[test]
fn a_home_is_made_for_this_user_alone() {
    let home = Home::new();
    let missing = home.beside().join("a/b/portcullis");
    let mut command = home.portcullis(["add", text(&guests::echo())]);
    assert_eq!(
        finished(&home, command.env("PORTCULLIS_HOME", &missing)).code,
        0
    );
    let mode = fs::metadata(&missing)
        .expect("it was made")
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o700);
}

#[test]
fn the_same_name_is_replaced_only_when_asked() {
    let home = Home::new();
    home.add("mine", &guests::echo());
    let first = listed(&home);
    let before = contents(&home);

    let digest = first[0]["sha256"].as_str().expect("a digest");
    run(&home, ["add", text(&guests::echo()), "--name", "mine"])
        .prints(&format!("`mine` is already installed, sha256 {digest}\n"));
    run(&home, ["add", text(&guests::ping_pong()), "--name", "mine"]).refuses(
        1,
        &format!(
            "another plugin is installed as `mine` (sha256 {digest}): put this one in its place with `--replace`, \
             or give it another name with `--name`"
        ),
    );
    assert_eq!(contents(&home), before, "neither changed anything");

    let replaced = run(
        &home,
        [
            "add",
            text(&guests::ping_pong()),
            "--name",
            "mine",
            "--replace",
        ],
    );
    assert_eq!(replaced.code, 0, "{replaced:?}");
    assert!(
        replaced.stdout.starts_with("replaced `mine`: a session, "),
        "{replaced:?}"
    );
    let second = listed(&home);
    assert_ne!(second[0]["sha256"], first[0]["sha256"]);
    assert_eq!(
        second[0]["number"], first[0]["number"],
        "it is the same installation"
    );
    assert_eq!(
        (files(&home, "store").len(), files(&home, "cache").len()),
        (1, 1),
        "the old bytes are gone"
    );

    run(&home, ["remove", "mine"]).prints("removed `mine`\n");
    home.add("mine", &guests::echo());
    assert_eq!(
        listed(&home)[0]["number"],
        json!(2),
        "the same name is another installation"
    );
}

#[test]
fn two_names_may_share_the_same_bytes() {
    let home = Home::new();
    home.add("one", &guests::echo()).add("two", &guests::echo());
    assert_eq!(
        (files(&home, "store").len(), files(&home, "cache").len()),
        (1, 1)
    );
    run(&home, ["verify"]).prints("2 plugins are whole\n");
    run(&home, ["remove", "one"]).prints("removed `one`\n");
    run(&home, ["verify"]).prints("1 plugin is whole\n");
}

#[test]
fn the_name_comes_from_the_file_or_is_asked_for() {
    let home = Home::new();
    let bytes = fs::read(guests::echo()).expect("it was built");
    let good = file(&home, "my_plugin.wasm", &bytes);
    assert_eq!(run(&home, ["add", &good]).code, 0);
    assert_eq!(installed(&home), ["my-plugin"]);
    let bad = file(&home, "Notes 2.wasm", &bytes);
    run(&home, ["add", &bad]).refuses(
        2,
        "`Notes 2` does not make a plugin's name (a plugin's name holds only `a`-`z`, `0`-`9` and `-`, this one has \
         `N`): give one with `--name`",
    );
    run(&home, ["add", &bad, "--name", "../x"]).refuses_with(2, "this one has `.`");
    assert_eq!(installed(&home), ["my-plugin"]);
}

#[test]
fn a_plugin_in_use_is_not_removed() {
    let home = Home::new();
    home.add("echo", &guests::echo());
    home.policy(&format!(
        "version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"echo\"\n\
         [[route]]\norigin = \"{OTHER_ORIGIN}\"\nplugin = \"echo\"\nhost-name = \"com.example.echo\"\n\
         when = {{ \"/type\" = \"note\" }}\n"
    ));
    run(&home, ["remove", "echo"]).refuses(
        1,
        &format!(
            "cannot remove `echo`: the policy routes to it; first run\n  \
             portcullis route remove {ORIGIN} echo\n  \
             portcullis route remove {OTHER_ORIGIN} echo --host-name com.example.echo --when '/type=\"note\"'"
        ),
    );
    assert_eq!(installed(&home), ["echo"]);
    home.policy("version = 2\n");
    run(&home, ["remove", "echo"]).refuses_with(1, "[HOME]/policy.toml:1:11: ");
    assert_eq!(
        installed(&home),
        ["echo"],
        "who can tell what that policy routes"
    );
}

#[test]
fn inspect_shows_what_a_component_is() {
    let home = Home::new();
    home.add("echo", &guests::echo());
    let echo = guests::echo();
    let shown: Value =
        serde_json::from_str(&run(&home, ["inspect", text(&echo), "--json"]).succeeds())
            .expect("JSON");
    assert_eq!(shown["mode"], json!("handler"));
    assert_eq!(shown["refusals"], json!([]));
    assert_eq!(
        shown["exports"],
        json!([{ "name": "portcullis:plugin/handler@0.1.0", "kind": "instance", "functions": ["handle"] }])
    );
    let list = listed(&home);
    assert_eq!(
        (&shown["sha256"], &shown["size"]),
        (&list[0]["sha256"], &list[0]["size"])
    );

    let text_form = run(&home, ["inspect", text(&echo)]).succeeds();
    let lines: Vec<&str> = text_form.lines().collect();
    assert_eq!(lines[0], "mode     handler");
    assert_eq!(
        lines[2],
        format!("sha256   {}", shown["sha256"].as_str().expect("a digest"))
    );
    assert!(
        lines.contains(&"  portcullis:plugin/handler@0.1.0: handle"),
        "{text_form}"
    );
}

#[test]
fn several_writers_take_turns() {
    let home = Home::new();
    thread::scope(|scope| {
        for number in 0..4 {
            let home = &home;
            scope.spawn(move || {
                let name = format!("plugin-{number}");
                let added = run(home, ["add", text(&guests::ping_pong()), "--name", &name]);
                assert_eq!(added.code, 0, "{added:?}");
            });
        }
    });
    let mut names = installed(&home);
    names.sort();
    assert_eq!(names, ["plugin-0", "plugin-1", "plugin-2", "plugin-3"]);
    run(&home, ["verify"]).prints("4 plugins are whole\n");
}

#[test]
fn output_that_nobody_reads_any_more_is_no_error() {
    let home = Home::new();
    let mut command = home.portcullis(["list", "--json"]);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program was just built");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
}
