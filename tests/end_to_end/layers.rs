//! Who may use whom, checked where a compiler does not: in cargo's metadata, in cargo's tree, in the sources.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_tests::cargo;
use serde_json::Value;

/// Every crate of the workspace, and which of the others it may depend on.
const MAY_USE: &[(&str, &[&str])] = &[
    ("portcullis-core", &[]),
    ("portcullis-storage", &[]),
    (
        "portcullis-sandbox",
        &["portcullis-core", "portcullis-storage"],
    ),
    (
        "portcullis-host",
        &["portcullis-core", "portcullis-sandbox"],
    ),
    (
        "portcullis",
        &[
            "portcullis-core",
            "portcullis-sandbox",
            "portcullis-storage",
        ],
    ),
    ("portcullis-tests", &[]),
];

/// What a crate must not have as a dependency of its own, and why it would hurt.
const MUST_NOT_USE: &[(&str, &[&str])] = &[
    (
        "portcullis-core",
        &["wasmtime", "wasmtime-wasi", "tokio", "tracing"],
    ),
    (
        "portcullis-storage",
        &["wasmtime", "tokio", "tracing", "serde_json", "toml"],
    ),
    ("portcullis-sandbox", &["rusqlite", "serde_json", "toml"]),
    (
        "portcullis-host",
        &["wasmtime", "wasmtime-wasi", "clap", "toml", "indicatif"],
    ),
    ("portcullis", &["wasmtime", "wasmtime-wasi"]),
];

/// What would compile, or fetch, or cache code. None of it may be in the program that meets hostile input.
const COMPILER: &[&str] = &[
    "cranelift-codegen",
    "wasmtime-internal-cranelift",
    "wasmtime-internal-winch",
    "winch-codegen",
    "wasmtime-internal-cache",
];

/// What the source of a crate must not name outside comments.
const MUST_NOT_NAME: &[(&str, &[&str])] = &[
    (
        "host/core/src",
        &[
            "wasmtime",
            "tokio",
            "std::env",
            "env::var",
            "current_dir",
            "process::exit",
            "SystemTime::now",
            "Instant::now",
            "io::stdin",
            "io::stdout",
            "println!",
        ],
    ),
    (
        "host/storage/src",
        &[
            "wasmtime",
            "portcullis_core",
            "std::env",
            "SystemTime::now",
            "Instant::now",
            "thread::sleep",
            "process::exit",
            "format!",
        ],
    ),
    (
        "host/sandbox/src",
        &[
            "serde_json",
            "protocol::frame",
            "protocol::report",
            "portcullis_core::home",
            "std::env",
            "process::exit",
            "io::stdout",
        ],
    ),
    ("host/runtime/src", &["wasmtime", "clap", "env::set_var"]),
    ("host/cli/src", &["wasmtime"]),
];

fn packages() -> Vec<&'static Value> {
    let metadata = cargo::metadata();
    let members = metadata["workspace_members"]
        .as_array()
        .expect("a workspace has members");
    let packages = metadata["packages"]
        .as_array()
        .expect("metadata has packages");
    packages
        .iter()
        .filter(|package| members.contains(&package["id"]))
        .collect()
}

/// The names of what a package depends on by itself; development dependencies apart.
fn dependencies(package: &Value) -> Vec<&str> {
    let all = package["dependencies"].as_array().into_iter().flatten();
    all.filter(|dependency| dependency["kind"] != "dev")
        .filter_map(|dependency| dependency["name"].as_str())
        .collect()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("a package has a name")
}

#[test]
fn crates_depend_on_each_other_one_way_only() {
    let packages = packages();
    for package in &packages {
        let (_, allowed) = MAY_USE
            .iter()
            .find(|(known, _)| *known == name(package))
            .unwrap_or_else(|| {
                panic!(
                    "`{}` is a new crate: say here whom it may use",
                    name(package)
                )
            });
        for dependency in dependencies(package) {
            let own = MAY_USE.iter().any(|(known, _)| *known == dependency);
            assert!(
                !own || allowed.contains(&dependency),
                "`{}` must not use `{dependency}`",
                name(package)
            );
        }
    }
    assert_eq!(
        packages.len(),
        MAY_USE.len(),
        "a crate is named here that the workspace no longer has"
    );
}

#[test]
fn crates_keep_out_what_their_layer_must_not_know() {
    for package in packages() {
        for (_, forbidden) in MUST_NOT_USE
            .iter()
            .filter(|(crate_name, _)| *crate_name == name(package))
        {
            for dependency in dependencies(package) {
                assert!(
                    !forbidden.contains(&dependency),
                    "`{}` must not use `{dependency}`",
                    name(package)
                );
            }
        }
    }
}

/// All crates in the tree of one program, built alone and with its own features.
fn tree(package: &str) -> Vec<String> {
    let output = cargo::command()
        .args([
            "tree",
            "--locked",
            "--package",
            package,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .output()
        .expect("cargo runs this test");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn the_program_that_a_browser_starts_has_no_compiler() {
    let host = tree("portcullis-host");
    assert!(
        host.iter().any(|name| name == "wasmtime"),
        "the tree was not read: {host:?}"
    );
    for name in COMPILER {
        assert!(
            !host.iter().any(|found| found == name),
            "`portcullis-host` has `{name}` in its tree"
        );
    }
    // The same check on the program that does compile, so that this test is known to be able to fail.
    let people = tree("portcullis");
    assert!(
        people.iter().any(|name| name == "cranelift-codegen"),
        "`portcullis` has lost its compiler"
    );
    for name in [
        "wasmtime-internal-winch",
        "winch-codegen",
        "wasmtime-internal-cache",
    ] {
        assert!(
            !people.iter().any(|found| found == name),
            "`portcullis` has `{name}` in its tree"
        );
    }
}

/// One way to speak TLS, which takes no more than a C compiler to build, and nothing that would load the system's
/// libraries behind the back of the confinement.
#[test]
fn the_program_that_a_browser_starts_has_one_tls() {
    let host = tree("portcullis-host");
    assert!(
        host.iter().any(|name| name == "rustls"),
        "the tree was not read: {host:?}"
    );
    for name in ["openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"] {
        assert!(
            !host.iter().any(|found| found == name),
            "`portcullis-host` has `{name}` in its tree"
        );
    }
}

#[test]
fn core_knows_neither_the_sandbox_nor_a_runtime() {
    let core = tree("portcullis-core");
    for name in ["wasmtime", "tokio", "wasmparser"] {
        assert!(
            !core.iter().any(|found| found == name),
            "`portcullis-core` has `{name}` in its tree"
        );
    }
}

#[test]
fn the_line_of_wasmtime_has_its_fixes() {
    let packages = cargo::metadata()["packages"]
        .as_array()
        .expect("metadata has packages");
    for wanted in ["wasmtime", "wasmtime-wasi", "wasmtime-wasi-http"] {
        let versions: Vec<_> = packages
            .iter()
            .filter(|package| name(package) == wanted)
            .filter_map(|one| one["version"].as_str())
            .collect();
        let [version] = versions.as_slice() else {
            panic!("one `{wanted}` in the tree, not {versions:?}")
        };
        let parts: Vec<u32> = version
            .split('.')
            .filter_map(|part| part.parse().ok())
            .collect();
        assert!(
            matches!(parts[..], [48, 0, patch] if patch >= 8),
            "`{wanted}` is {version}"
        );
    }
}

#[test]
fn sources_name_only_what_their_layer_knows() {
    for (folder, forbidden) in MUST_NOT_NAME {
        let mut files = Vec::new();
        rust_files(&cargo::root().join(folder), &mut files);
        assert!(!files.is_empty(), "`{folder}` has sources");
        for file in files {
            let text = fs::read_to_string(&file).expect("sources are text");
            for (number, line) in code_lines(&text) {
                for word in *forbidden {
                    assert!(
                        !line.contains(word),
                        "{}:{number} must not name `{word}`",
                        file.display()
                    );
                }
            }
        }
    }
}

/// The lines before the tests of a file, without comments; with their numbers.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..)
        .zip(text.lines())
        .take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    lines.map(|(number, line)| (number, line.split("//").next().unwrap_or_default()))
}

/// All Rust files below a folder, but for files of tests.
pub(crate) fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.expect("a folder of ours can be listed").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.file_stem().is_none_or(|stem| stem != "tests")
        {
            found.push(path);
        }
    }
}
