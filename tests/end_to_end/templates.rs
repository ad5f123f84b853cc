//! Projects from `new` to `send`, in every language and mode, in folders outside the repository.
//!
//! The templates are built here as an author builds them, so one that has rotted is a failing test. What is shared with
//! other tests is only what takes long: what cargo has compiled and the packages of PyPI.

mod examples;
mod refused_builds;
mod refused_projects;
mod unfit;

use portcullis_tests::ORIGIN;
use portcullis_tests::languages::{Project, TEMPLATES};
use serde_json::Value;

use crate::fixture::json;

#[test]
fn rust_projects_play() {
    play("rust");
}

#[test]
fn javascript_projects_play() {
    play("js");
}

#[test]
fn typescript_projects_play() {
    play("ts");
}

#[test]
fn python_projects_play() {
    play("python");
}

#[test]
fn c_projects_play() {
    play("c");
}

/// The whole way of the README, for each mode of a language.
fn play(language: &str) {
    for (_, mode) in TEMPLATES.iter().filter(|(lang, _)| *lang == language) {
        let project = Project::new(language, mode);
        let built = json(&project.run(["build", "--json"]));
        tells_what_was_built(&project, language, mode, &built);
        project.run(["test"]);
        let component = format!("target/{}.wasm", project.name());
        project.run(["add", &component]);
        project.run(["route", "add", ORIGIN, project.name()]);
        let answer = project.run(["send", "\"ping\""]);
        assert_eq!(json(&answer), json("\"pong\""), "{}", project.name());
    }
}

fn tells_what_was_built(project: &Project, language: &str, mode: &str, built: &Value) {
    let name = project.name();
    let size = project
        .component()
        .metadata()
        .unwrap_or_else(|error| panic!("{name} left no component: {error}"))
        .len();
    assert_eq!(built["name"], name);
    assert_eq!(built["language"], language);
    assert_eq!(built["mode"], mode);
    assert_eq!(built["component"], format!("target/{name}.wasm"));
    assert_eq!(built["size"], size, "{name}");
    assert_eq!(built["requests"]["name"], name);
    assert_eq!(built["misfits"], json("[]"), "{name}");
    let imports = built["imports"].as_array().expect("a list");
    let is_fit = |import: &Value| {
        import
            .as_str()
            .is_some_and(|name| name.starts_with("wasi:") || name.starts_with("portcullis:plugin/"))
    };
    assert!(imports.iter().all(is_fit), "{name}: {imports:?}");
    let inspected = json(&project.run(["inspect", "--json", &format!("target/{name}.wasm")]));
    for key in ["mode", "size", "sha256", "requests"] {
        assert_eq!(inspected[key], built[key], "{name}: {key}");
    }
}

/// What a person reads, on the one project that takes a second to build.
#[test]
fn a_build_says_what_it_made_and_what_to_do_next() {
    let project = Project::new("c", "session");
    let said = project.run(["build"]);
    let first = said.lines().next().expect("something is said");
    assert!(
        first.starts_with("built `target/c-session.wasm`: a session, "),
        "{said}"
    );
    for line in [
        "imports portcullis:plugin@0.1.0: port, timers, log, types",
        "it calls itself `c-session` 0.1.0: Answers ping with pong",
        "it asks for nothing",
        "next: `portcullis test`, or `portcullis add target/c-session.wasm`",
    ] {
        assert!(
            said.lines().any(|it| it == line),
            "`{line}` is not in\n{said}"
        );
    }
}

/// What is asked for in `plugin.toml` is in the component, and what the code cannot use is warned of.
#[test]
fn a_build_packs_what_the_plugin_asks_for() {
    let project = Project::new("c", "handler");
    project.change(
        "plugin.toml",
        "# [requests]\n# storage",
        "[requests]\nstorage",
    );
    let output = project.portcullis(["build"]).output();
    let output = output.expect("the program was just built");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(
        stdout.contains("  storage  remembers what it was asked"),
        "{stdout}"
    );
    let warning =
        "warning: it requests `storage` and imports nothing of `portcullis:plugin/storage`";
    assert!(stderr.contains(warning), "{stderr}");
    let inspected = json(&project.run(["inspect", "--json", "target/c-handler.wasm"]));
    assert_eq!(
        inspected["requests"]["requests"]["storage"]["reason"],
        "remembers what it was asked"
    );
}

/// A project that has its own way to be built: any tool, one line after the other.
#[test]
fn a_project_may_name_its_own_commands() {
    let project = Project::new("c", "stdio");
    project.run(["build"]);
    let folder = project.folder();
    std::fs::rename(project.component(), folder.join("made.wasm")).expect("it was just built");
    std::fs::remove_dir_all(folder.join("src")).expect("the project is ours");
    project.change(
        "portcullis.toml",
        "# What `portcullis build` makes.",
        "build = [\"mkdir -p out\", \"cp made.wasm out/plugin.wasm\"]",
    );
    let error = project.portcullis(["build"]).output();
    let error =
        String::from_utf8_lossy(&error.expect("the program was just built").stderr).into_owned();
    assert_eq!(
        error.lines().last(),
        Some(
            "error: cannot build `c-stdio`: the lines of `build` left no `target/c-stdio.wasm`: let it write there, \
              or correct `component` in `portcullis.toml`"
        ),
    );
    project.change("portcullis.toml", "target/c-stdio.wasm", "out/plugin.wasm");
    let built = json(&project.run(["build", "--json"]));
    assert_eq!(built["component"], "out/plugin.wasm");
}
