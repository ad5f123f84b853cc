//! The plugins and the test guests, built from source as a plugin's author would build them.
//!
//! They are cargo projects of their own for another target, so nothing of the outer cargo may leak into their build:
//! flags, profiles and wrappers that were meant for the host are taken out of the environment. No `.wasm` is committed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::cargo::{self, Built};

/// The target of every guest.
const TARGET: &str = "wasm32-wasip2";

/// What cargo and its users set for the outer build, by prefix. `RUSTUP_TOOLCHAIN`, `CARGO_HOME` and everything about the
/// network stay.
const LEAKS: &[&str] = &[
    "CARGO_BIN_",
    "CARGO_BUILD_",
    "CARGO_CFG_",
    "CARGO_CRATE_",
    "CARGO_ENCODED_",
    "CARGO_FEATURE_",
    "CARGO_INCREMENTAL",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_PACKAGE",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "OUT_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
];

/// `plugins/echo`: a handler that returns the message byte for byte.
pub fn echo() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "plugins/echo", "echo", None)
}

/// `plugins/ping-pong`: a session, `"ping"` → `"pong"`, and ticks when asked for.
pub fn ping_pong() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "plugins/ping-pong", "ping-pong", None)
}

/// `plugins/notes`: text notes in a granted folder.
pub fn notes() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "plugins/notes", "notes", None)
}

/// `plugins/sensors`: what a granted class of devices tells.
pub fn sensors() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "plugins/sensors", "sensors", None)
}

/// `tests/guests/files`: a handler that asks `wasi:filesystem` for whatever it is told to.
pub fn files() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "tests/guests/files", "files", None)
}

/// `tests/guests/unruly`: a handler that misbehaves on request (`tests/guests/verbs.rs`).
pub fn unruly() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "tests/guests/unruly", "unruly", None)
}

/// `unruly` that never comes back from its own instantiation.
pub fn loops_at_start() -> PathBuf {
    static BUILT: Built = Built::new();
    built(
        &BUILT,
        "tests/guests/unruly",
        "unruly",
        Some("loop-at-start"),
    )
}

/// `unruly` that traps in its own instantiation.
pub fn traps_at_start() -> PathBuf {
    static BUILT: Built = Built::new();
    built(
        &BUILT,
        "tests/guests/unruly",
        "unruly",
        Some("trap-at-start"),
    )
}

/// `tests/guests/unruly-session`: the same deeds as a session, and those that only a session can do.
pub fn unruly_session() -> PathBuf {
    static BUILT: Built = Built::new();
    built(
        &BUILT,
        "tests/guests/unruly-session",
        "unruly-session",
        None,
    )
}

/// `plugins/counter`: a handler that adds in its storage.
pub fn counter() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "plugins/counter", "counter", None)
}

/// `tests/guests/stdio`: a program that speaks native messaging and misbehaves on request.
pub fn stdio() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "tests/guests/stdio", "stdio-guest", None)
}

/// `tests/guests/storage`: a session that does with its storage what it is told.
pub fn storage() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "tests/guests/storage", "storage", None)
}

/// `plugins/fetch`: a handler that fetches a URL.
pub fn fetch() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "plugins/fetch", "fetch", None)
}

/// `tests/guests/http`: a handler that sends whatever request it is told to.
pub fn http() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "tests/guests/http", "http-guest", None)
}

/// `tests/guests/secrets`: a handler that uses secrets, and tells where it should not.
pub fn secrets() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "tests/guests/secrets", "secrets", None)
}

/// `tests/guests/powers`: a handler that tries one power and says whether it had it.
pub fn powers() -> PathBuf {
    static BUILT: Built = Built::new();
    built(&BUILT, "tests/guests/powers", "powers", None)
}

/// Builds once per process. The mutex keeps the variants of one project apart: they leave the same file name.
fn built(once: &'static Built, folder: &str, name: &str, feature: Option<&str>) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let built = once.get(&format!("the guest `{folder}`"), || {
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        build(folder, name, feature)
    });
    built.to_owned()
}

fn build(folder: &str, name: &str, feature: Option<&str>) -> PathBuf {
    require_target();
    let target = cargo::target().join("guests");
    let published = target.join("published");
    let _alone = cargo::lock(&published);
    let mut command = cargo::command();
    without_leaks(&mut command);
    command
        .current_dir(cargo::root().join(folder))
        .env("CARGO_TARGET_DIR", &target)
        .args(["build", "--release", "--locked", "--target", TARGET]);
    if let Some(feature) = feature {
        command.args(["--features", feature]);
    }
    let files = cargo::build(command, &format!("the guest `{folder}`"), name);
    let from = files
        .iter()
        .find(|file| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        })
        .unwrap_or_else(|| panic!("cargo built `{folder}`, but named no `.wasm` file: {files:?}"));
    let to = published.join(format!("{}.wasm", feature.unwrap_or(name)));
    cargo::publish(from, &to);
    to
}

/// Keeps what is meant for the outer cargo from a cargo that `command` starts.
pub(crate) fn without_leaks(command: &mut Command) {
    for (variable, _) in env::vars_os() {
        if variable
            .to_str()
            .is_some_and(|name| LEAKS.iter().any(|leak| name.starts_with(leak)))
        {
            command.env_remove(variable);
        }
    }
}

/// Installs the target where rustup can, once.
///
/// # Panics
///
/// When the target is missing and cannot be added, with the command that adds it.
pub(crate) fn require_target() {
    static READY: OnceLock<()> = OnceLock::new();
    READY.get_or_init(|| {
        if has_target() {
            return;
        }
        let added = Command::new("rustup").args(["target", "add", TARGET]).output();
        match added {
            Ok(output) if output.status.success() && has_target() => {}
            Ok(output) => panic!(
                "the Rust target `{TARGET}` is missing; run `rustup target add {TARGET}`, which just failed here\n{}",
                String::from_utf8_lossy(&output.stderr)
            ),
            Err(_) => panic!(
                "the Rust target `{TARGET}` is missing and there is no rustup to add it; install rustup, then run \
                 `rustup target add {TARGET}`"
            ),
        }
    });
}

fn has_target() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .current_dir(cargo::root())
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    output.is_ok_and(|output| {
        output.status.success()
            && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}
