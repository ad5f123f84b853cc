//! The two programs, built as they ship.
//!
//! Cargo unifies features over the packages of one build: `cargo test --workspace` would put the compiler into
//! `portcullis-host`. So each program is built by an invocation of its own and copied into `<target>/programs/<profile>`,
//! side by side as an installer would put them, where no other cargo overwrites them in the middle of a test.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::cargo::{self, Built};

/// Names the cargo profile of the programs under test: `dev` (also when unset) or `release`.
pub const PROFILE_VARIABLE: &str = "PORTCULLIS_TEST_PROFILE";

/// The program that a browser starts, built at the first call.
pub fn host() -> &'static Path {
    static HOST: Built = Built::new();
    HOST.get("the program `portcullis-host`", || {
        build("portcullis-host", &folder(), &[])
    })
}

/// The same with the names of its functions left in, alone in a folder of its own: for what looks at it from outside.
///
/// # Panics
///
/// When it cannot be built.
pub fn host_with_names() -> PathBuf {
    build(
        "portcullis-host",
        &folder().join("with-names"),
        &["-C", "strip=none"],
    )
}

/// The program for people, built at the first call. `host` is beside it, since it starts that one.
pub fn portcullis() -> &'static Path {
    static PORTCULLIS: Built = Built::new();
    host();
    PORTCULLIS.get("the program `portcullis`", || {
        build("portcullis", &folder(), &[])
    })
}

/// The program that tries from inside what the second line refuses; see `host/sandbox/examples/confinement_probe`.
pub fn confinement_probe() -> &'static Path {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| {
        let mut command = cargo::command();
        command.args(["build", "--locked", "--package", "portcullis-sandbox"]);
        command.args(["--example", "confinement_probe", "--profile", profile()]);
        let files = cargo::build(command, "the probe of the confinement", "confinement_probe");
        let found = files
            .into_iter()
            .rfind(|file| file.ends_with("examples/confinement_probe"));
        found.expect("cargo names the executable that it built")
    })
}

/// The cargo profile that the environment chose.
pub fn profile() -> &'static str {
    profile_or("dev")
}

/// The same, with another default; for a program that calls this before anything is built.
pub fn profile_or(default: &str) -> &'static str {
    static PROFILE: OnceLock<String> = OnceLock::new();
    PROFILE.get_or_init(|| env::var(PROFILE_VARIABLE).unwrap_or_else(|_| default.to_owned()))
}

/// Where the two programs are.
fn folder() -> PathBuf {
    cargo::target().join("programs").join(profile())
}

fn build(package: &str, folder: &Path, flags: &[&str]) -> PathBuf {
    let _alone = cargo::lock(folder);
    let mut command = cargo::command();
    // `cargo rustc` takes flags for the one program that it ends with.
    command.args(["rustc", "--locked", "--package", package, "--bin", package]);
    command.args(["--profile", profile(), cargo::MESSAGES]);
    if package == "portcullis-host" {
        // As `cargo host` does; see `.cargo/config.toml`. Some crates find the system's functions by name, and must not
        // need to.
        command.args(["--", "-C", "target-feature=+crt-static"]);
        command.args(flags);
    }
    let files = cargo::build(command, &format!("the program `{package}`"), package);
    let name = format!("{package}{}", env::consts::EXE_SUFFIX);
    let from = files
        .iter()
        .find(|file| {
            file.file_name()
                .is_some_and(|file_name| *file_name == *name)
        })
        .unwrap_or_else(|| {
            panic!("cargo built `{package}`, but named no executable `{name}`: {files:?}")
        });
    let to = folder.join(name);
    cargo::publish(from, &to);
    to
}
