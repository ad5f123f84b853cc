//! Components that no host can take, as real toolchains make them: recognised by `inspect`, `add` and `build`, with
//! the sentence that says what to change.

use std::fs;

use portcullis_tests::languages::Project;

use crate::cli::finished;

/// A build that has to be refused with these words, by `build` and then, as the bytes that the toolchain left, by the
/// other two.
#[track_caller]
fn refused(project: &Project, words: &[&str]) {
    let home = &project.home;
    let component = project.component();
    let file = component.to_str().expect("our own paths are UTF-8");
    let mut build = finished(home, &mut project.portcullis(["build"]));
    let shown = format!("error: cannot use `target/{}.wasm`: it ", project.name());
    for word in [&[shown.as_str()], words].concat() {
        build = build.refuses_with(1, word);
    }
    let mut add = finished(home, &mut home.portcullis(["add", file]));
    for word in [&["error: cannot add `"], words].concat() {
        add = add.refuses_with(1, word);
    }
    let said = finished(home, &mut home.portcullis(["inspect", file])).succeeds();
    for word in [&["cannot be added, because it\n"], words].concat() {
        assert!(said.contains(word), "`{word}` is not in\n{said}");
    }
    let listed = finished(home, &mut home.portcullis(["list", "--json"])).succeeds();
    assert_eq!(listed.trim(), "[]");
}

/// componentize-qjs exports async functions where nobody says `--sync`.
#[test]
fn asynchronous_exports_are_recognised() {
    let project = Project::new("js", "handler");
    project.change("package.json", " --sync", "");
    refused(
        &project,
        &[
            "uses asynchronous functions, which this host does not offer: \
             build against a synchronous world (componentize-qjs: `--sync`)",
        ],
    );
}

/// A plugin that was made for a later host.
#[test]
fn a_newer_contract_is_recognised() {
    let project = Project::new("js", "session");
    project.change(
        "wit/portcullis.wit",
        "portcullis:plugin@0.1.0",
        "portcullis:plugin@0.2.0",
    );
    for file in ["session.js", "prelude.js"] {
        project.change(&format!("sdk/{file}"), "@0.1.0", "@0.2.0");
    }
    refused(
        &project,
        &[
            "needs `portcullis:plugin/port@0.2.0`, this host has `0.1.0`: update the host",
            "exports `portcullis:plugin/session@0.2.0`, this host has `0.1.0`: update the host",
        ],
    );
}

/// An interface that no host has: a capability of the author's own.
#[test]
fn an_unknown_import_is_recognised() {
    let project = Project::new("js", "handler");
    let wit = project.folder().join("wit/portcullis.wit");
    let text = fs::read_to_string(&wit).expect("the contract is in the project");
    let world = "world handler-plugin {\n";
    assert!(text.contains(world));
    let text = text.replace(world, &format!("{world}  import clipboard;\n"));
    let own = "\ninterface clipboard {\n  copy: func(text: string);\n}\n";
    fs::write(&wit, text + own).expect("the project is ours");
    refused(
        &project,
        &[
            "needs `portcullis:plugin/clipboard@0.1.0`, and `portcullis:plugin@0.1.0` has no such interface: check its \
             spelling",
        ],
    );
}
