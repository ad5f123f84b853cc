//! Cargo inside a test: where the workspace is, what its metadata says, and builds whose executables are reported by
//! cargo itself instead of being guessed.
//!
//! A build that fails is a panic with cargo's own words, since no test can mean anything after it.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use serde_json::Value;

static SHOWN: AtomicBool = AtomicBool::new(false);

/// From now on cargo's progress goes to this process's stderr; otherwise it is kept, and shown when a build fails.
pub fn show_progress() {
    SHOWN.store(true, Ordering::Relaxed);
}

/// The folder of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a folder of the workspace")
}

/// What `cargo metadata` says of the workspace with all its dependencies resolved.
pub fn metadata() -> &'static Value {
    static METADATA: OnceLock<Value> = OnceLock::new();
    METADATA.get_or_init(|| metadata_with(&["--locked"]))
}

/// The workspace's target folder, wherever the environment or a configuration file has put it.
pub fn target() -> &'static Path {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    TARGET.get_or_init(|| {
        let metadata = metadata_with(&["--no-deps"]);
        PathBuf::from(
            metadata["target_directory"]
                .as_str()
                .expect("cargo names its target folder"),
        )
    })
}

/// A command for the cargo that runs this test, in the folder of the workspace.
pub fn command() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Something that is built once per process. A failure is remembered too: its words are shown by the first test that
/// meets it, and two hundred others do not repeat the build.
pub(crate) struct Built(OnceLock<Option<PathBuf>>);

impl Built {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// What `build` returned, now or before.
    ///
    /// # Panics
    ///
    /// When `build` has panicked.
    pub(crate) fn get(&self, what: &str, build: impl FnOnce() -> PathBuf) -> &Path {
        let built = self
            .0
            .get_or_init(|| panic::catch_unwind(AssertUnwindSafe(build)).ok());
        match built {
            Some(path) => path,
            None => panic!("{what} could not be built: see the first failure above"),
        }
    }
}

/// Makes cargo name the files that it has built.
pub(crate) const MESSAGES: &str = "--message-format=json-render-diagnostics";

/// Runs a `cargo build` with JSON messages and returns the files of the artifacts of `package`, in cargo's order.
///
/// # Panics
///
/// When the build fails, with cargo's stderr; `what` says what was being built.
pub(crate) fn build(mut command: Command, what: &str, package: &str) -> Vec<PathBuf> {
    // What stands behind `--` is for the compiler, and whoever writes that has written this before it.
    if !command.get_args().any(|argument| argument == MESSAGES) {
        command.arg(MESSAGES);
    }
    command.stdout(Stdio::piped());
    let shown = SHOWN.load(Ordering::Relaxed);
    command.stderr(if shown {
        Stdio::inherit()
    } else {
        Stdio::piped()
    });
    let output = command
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .unwrap_or_else(|error| panic!("could not start cargo to build {what}: {error}"));
    assert!(
        output.status.success(),
        "building {what} failed ({})\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    let mut files = Vec::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let named = message["target"]["name"]
            .as_str()
            .map(|name| name.replace('_', "-"));
        if message["reason"] == "compiler-artifact"
            && named.as_deref() == Some(&package.replace('_', "-"))
        {
            let names = message["filenames"].as_array().into_iter().flatten();
            files.extend(names.filter_map(Value::as_str).map(PathBuf::from));
        }
    }
    assert!(
        !files.is_empty(),
        "building {what} succeeded, but cargo reported no file of `{package}`"
    );
    files
}

/// Puts a copy of `from` at `to` in one step, unless the copy that is there is already of the same build. Cargo gives a
/// file a new time when it links it again, so size and time decide.
pub(crate) fn publish(from: &Path, to: &Path) {
    let attempt = || -> io::Result<()> {
        let source = fs::metadata(from)?;
        let written = source.modified()?;
        let same = |there: fs::Metadata| -> io::Result<bool> {
            Ok(there.len() == source.len() && there.modified()? == written)
        };
        if fs::metadata(to).is_ok_and(|there| same(there).unwrap_or(false)) {
            return Ok(());
        }
        let folder = to.parent().expect("a published file lies in a folder");
        let temporary = tempfile::Builder::new()
            .prefix(".copy-")
            .tempfile_in(folder)?
            .into_temp_path();
        fs::copy(from, &temporary)?;
        set_modified(&temporary, written)?;
        temporary.persist(to)?;
        Ok(())
    };
    attempt().unwrap_or_else(|error| {
        panic!(
            "could not copy `{}` to `{}`: {error}",
            from.display(),
            to.display()
        )
    });
}

/// Keeps other test processes out of `folder` (which is made) for as long as the file lives.
pub(crate) fn lock(folder: &Path) -> File {
    let attempt = || -> io::Result<File> {
        fs::create_dir_all(folder)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(".lock"))?;
        file.lock()?;
        Ok(file)
    };
    attempt().unwrap_or_else(|error| panic!("could not lock `{}`: {error}", folder.display()))
}

fn metadata_with(arguments: &[&str]) -> Value {
    let output = command()
        .args(["metadata", "--format-version", "1"])
        .args(arguments)
        .output()
        .expect("cargo runs this test and so can be started");
    assert!(
        output.status.success(),
        "`cargo metadata` failed\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("`cargo metadata` writes JSON")
}

fn set_modified(path: &Path, time: SystemTime) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .open(path)?
        .set_modified(time)
}
