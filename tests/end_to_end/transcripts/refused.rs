//! What cannot be tested, and what then has to be done.

use std::fs;
use std::path::Path;

use portcullis_tests::Home;

use super::Project;
use crate::cli::{file, finished, run, text};
use crate::fixture::guest;

#[test]
fn a_mistake_in_a_transcript_is_shown_where_it_is_before_anything_is_compiled() {
    let project = Project::with("echo", "", "> 1\n< {\"a\": }\n");
    project.write("tests/good.transcript", "> 1\n< 1\n");
    project
        .run(&["test"])
        .refuses(1, "tests/all.transcript:2:9: this is no JSON value");
    project.write("tests/all.transcript", "");
    project
        .run(&["test"])
        .refuses_with(1, "tests/all.transcript:1:1: there is no message in it");
    fs::write(project.path("tests/all.transcript"), b"> \"\xff\"\n").expect("it can be written");
    project
        .run(&["test"])
        .refuses_with(1, "cannot read `tests/all.transcript`");
}

#[test]
fn what_is_missing_is_named_with_what_makes_it() {
    let project = Project::new("echo", "");
    project.run(&["test"]).refuses(
        1,
        "there is no transcript to play: write one to `tests/NAME.transcript`, or name one",
    );
    project.write("tests/all.transcript", "> 1\n< 1\n");
    fs::remove_file(project.path("built/plugin.wasm")).expect("it is there");
    project.run(&["test"]).refuses(
        1,
        "`built/plugin.wasm` is not there yet: build it with `portcullis build`",
    );
    project.write("built/plugin.wasm", "no component");
    let said = project.run(&["test"]);
    assert_eq!((said.code, &*said.stdout), (1, ""), "{said:?}");
    project.write("portcullis.toml", "name = \"x\"\n");
    project
        .run(&["test"])
        .refuses_with(1, "portcullis.toml:1:1: missing field");

    let home = Home::new();
    let transcript = file(&home, "lonely.transcript", b"> 1\n< 1\n");
    run(&home, ["test", &transcript]).refuses_with(1, "there is no `portcullis.toml` in");
    let wasm = guest("echo");
    run(&home, ["test", text(&wasm)]).refuses_with(1, "there is no transcript to play");
    run(&home, ["test", text(&wasm), text(&wasm)]).refuses_with(2, "are tested one at a time");
    let other = file(&home, "notes.txt", b"");
    run(&home, ["test", &other])
        .refuses_with(2, "is no folder, no `.transcript` and no `.wasm` file");
    run(&home, ["test", "--wait", "long"]).refuses_with(2, "--wait");
}

/// What is to be typed next is right in the folder where this was typed.
#[test]
fn the_command_that_builds_names_the_project() {
    let project = Project::with("echo", "", "> 1\n< 1\n");
    fs::remove_file(project.path("built/plugin.wasm")).expect("it is there");
    let beside = project.folder.parent().expect("it lies in a folder");
    fs::rename(&project.folder, beside.join("my project")).expect("they are ours");
    let home = Home::new();
    let mut command = home.portcullis(["test", "my project"]);
    let component = Path::new("my project").join("built/plugin.wasm");
    finished(&home, command.current_dir(beside)).refuses(
        1,
        &format!(
            "`{}` is not there yet: build it with `portcullis build 'my project'`",
            component.display()
        ),
    );
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let project = Project::with("echo", "", "> 1\n< 1\n");
    fs::create_dir(project.path("tests/folder.transcript")).expect("it can be made");
    project
        .run(&["test"])
        .refuses(1, "`tests/folder.transcript` is no file: name a transcript");
}

/// A project may be somebody else's, and a terminal obeys.
#[test]
fn what_a_project_says_reaches_no_terminal_as_it_is() {
    let project = Project::with("echo", "\"\\u001b[2J\" = 1\n", "> 1\n< 1\n");
    project
        .run(&["test"])
        .refuses_with(1, "portcullis.toml:5:1: unknown field `\\u{1b}[2J`");
    #[cfg(unix)]
    {
        let project = Project::with("echo", "", "> 1\n< 1\n");
        project.write("tests/\u{1b}[2J.transcript", "> 1\n< 1\n");
        let said = project.run(&["test"]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(!said.stdout.contains('\u{1b}'), "{}", said.stdout);
        assert!(
            said.stdout.contains("\u{fffd}[2J.transcript\n"),
            "{}",
            said.stdout
        );
    }
}

#[test]
fn a_component_without_a_project_is_granted_nothing() {
    let home = Home::new();
    let transcript = file(
        &home,
        "lonely.transcript",
        b"> {\"get\": true}\n! plugin-error not-granted: \xe2\x80\xa6\n",
    );
    let said = run(&home, ["test", text(&guest("counter")), &transcript]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stdout.contains("  ok    lonely\n"), "{}", said.stdout);
}
