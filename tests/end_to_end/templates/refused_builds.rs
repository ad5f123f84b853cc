//! What `build` stops at: a tool that is missing, with the command that installs it; a project that does not hold
//! together; a tool that fails, with its own words.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use portcullis_tests::languages::Project;

use crate::cli::finished;

/// A folder for `PATH` with these programs, each a script for the shell.
fn programs(folder: &Path, scripts: &[(&str, &str)]) {
    fs::create_dir_all(folder).expect("the folder is ours");
    for (name, script) in scripts {
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("the folder is ours");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    }
}

#[test]
fn a_missing_tool_is_named_with_the_command_that_installs_it() {
    type Script = (&'static str, &'static str);
    let cases: [(&str, &[Script], &str); 9] = [
        ("rust", &[], "there is no `cargo`: install Rust with `curl "),
        (
            "rust",
            &[("cargo", "echo cargo 1.95"), ("rustc", "echo /nowhere/lib")],
            "Rust has no standard library for `wasm32-wasip2`: add it with `rustup target add wasm32-wasip2`",
        ),
        (
            "js",
            &[],
            "there is no `node`: install Node.js 20 or newer with `apt-get install nodejs npm`",
        ),
        (
            "js",
            &[("node", "echo v22.1.0")],
            "there is no `npm`: install Node.js 20 or newer with `apt-get install nodejs npm`",
        ),
        (
            "ts",
            &[("node", "echo v18.20.1")],
            "Node.js v18.20.1 is too old: install Node.js 20 or newer with `npm install --global n` and `n lts`",
        ),
        (
            "python",
            &[],
            "there is no `python3`: install Python with `apt-get install python3 python3-venv`",
        ),
        (
            "c",
            &[],
            "there is no `python3`: install Python with `apt-get install python3 python3-venv`",
        ),
        (
            "python",
            &[("python3", "exit 1")],
            "`python3 --version` ended with exit status: 1",
        ),
        (
            "c",
            &[(
                "python3",
                "[ \"$1\" = --version ] || { echo no ensurepip >&2; exit 3; }",
            )],
            "`python3 -m venv .venv` ended with exit status: 3",
        ),
    ];
    for (language, scripts, words) in cases {
        let project = Project::new(language, "handler");
        let path = project.home.beside().join("programs");
        programs(&path, scripts);
        let mut command = project.home.portcullis(["build"]);
        command
            .current_dir(project.folder())
            .env("PATH", &path)
            .env_remove("PORTCULLIS_BUILD_PYTHON")
            .env_remove("VIRTUAL_ENV");
        let said = finished(&project.home, &mut command);
        let said = said.refuses_with(1, words);
        assert!(
            said.stderr
                .contains(&format!("error: cannot build `{}`: ", project.name()))
        );
        assert!(!project.component().exists());
    }
}

#[test]
fn a_python_without_the_packages_is_named_with_the_command_that_installs_them() {
    for (language, missing) in [
        ("python", "there is no `componentize-py` beside `"),
        (
            "c",
            "there is no C compiler for WebAssembly: install it with `",
        ),
    ] {
        let project = Project::new(language, "handler");
        let folder = project.home.beside().join("environment");
        programs(&folder.join("bin"), &[("python3", "exit 1")]);
        let python = folder.join("bin/python3");
        let install = "[BESIDE]/environment/bin/python3 -m pip install -r requirements.txt`";
        for variable in ["PORTCULLIS_BUILD_PYTHON", "VIRTUAL_ENV"] {
            let value = match variable {
                "VIRTUAL_ENV" => &folder,
                _ => &python,
            };
            let mut command = project.home.portcullis(["build"]);
            command
                .current_dir(project.folder())
                .env_remove("PORTCULLIS_BUILD_PYTHON")
                .env_remove("VIRTUAL_ENV")
                .env(variable, value);
            let said = finished(&project.home, &mut command);
            said.refuses_with(1, missing).refuses_with(1, install);
        }
    }
}

#[test]
fn what_a_failing_tool_says_is_shown() {
    let project = Project::new("c", "handler");
    project.change("src/plugin.c", "return true;", "return truth;");
    let said = finished(&project.home, &mut project.portcullis(["build"]));
    let said = said.refuses_with(1, "use of undeclared identifier 'truth'");
    assert!(
        said.stderr.ends_with(
            "error: cannot build `c-handler`: `zig cc src/*.c` ended with exit status: 1\n"
        ),
        "{}",
        said.stderr
    );
    assert!(!project.component().exists());
}

#[test]
fn a_project_that_does_not_hold_together_is_refused_before_anything_is_built() {
    type Change = (&'static str, &'static str, &'static str);
    let cases: [(Change, &str); 4] = [
        (
            ("plugin.toml", "name = \"c-handler\"", "name = \"other\""),
            "the plugin is `other` in `plugin.toml` and `c-handler` in `portcullis.toml`: give it one name",
        ),
        (
            ("plugin.toml", "description", "descripton"),
            "plugin.toml:4:1: unknown field `descripton`",
        ),
        (
            ("portcullis.toml", "component", "componen"),
            "portcullis.toml:6:1: unknown field `componen`",
        ),
        (
            (
                "portcullis.toml",
                "# [limits]\n# memory = \"32MiB\"",
                "[limits]\nmemory = \"32 KiB\"",
            ),
            "portcullis.toml:11:10: ",
        ),
    ];
    for ((path, from, to), words) in cases {
        let project = Project::new("c", "handler");
        project.change(path, from, to);
        fs::remove_file(project.folder().join("src/plugin.c")).expect("it is the template's");
        let said = finished(&project.home, &mut project.portcullis(["build"]));
        said.refuses_with(1, words);
    }
    let project = Project::new("c", "handler");
    let folder = project.folder();
    let folder = folder.parent().expect("a project lies in a folder");
    let mut command = project.home.portcullis(["build"]);
    let said = finished(&project.home, command.current_dir(folder));
    said.refuses(
        1,
        "there is no `portcullis.toml` in `.`: go to a plugin's project, or make one with `portcullis new NAME --lang \
         rust`",
    );
}

/// The component decides what it is, whatever the project says.
#[test]
fn a_component_of_another_mode_is_refused() {
    let project = Project::new("c", "stdio");
    project.run(["build"]);
    fs::rename(project.component(), project.folder().join("made.wasm")).expect("it was just built");
    project.change("portcullis.toml", "mode = \"stdio\"", "mode = \"handler\"");
    project.change(
        "portcullis.toml",
        "# What `portcullis build` makes.",
        "build = [\"cp made.wasm target/c-stdio.wasm\"]",
    );
    let said = finished(&project.home, &mut project.portcullis(["build"]));
    said.refuses_with(
        1,
        "error: the component is in the mode `stdio`, and `portcullis.toml` has `handler`: correct the one that is wrong",
    );
}
