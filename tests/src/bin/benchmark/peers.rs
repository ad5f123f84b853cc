//! The other hosts: where each is, how it is built, and what it needs.
//!
//! All are in `tests/peers`, each a project of its own, and share one target folder. Whatever cannot be built stops the
//! run with the command that installs what is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use portcullis_tests::cargo;

use crate::subject::Subject;

/// Which of them take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Company {
    /// The reference alone.
    Reference,
    /// Those that a target names: the reference, Python and Node.js.
    Targets,
    /// All of them. One is wasmtime with its compiler, which takes some minutes to build.
    All,
}

/// A host that is not ours.
struct Peer {
    /// The folder below `tests/peers`.
    name: &'static str,
    /// For people.
    title: &'static str,
    /// What it is, for the report.
    is: &'static str,
    least: Company,
    recipe: Recipe,
}

enum Recipe {
    /// A cargo project.
    Cargo,
    /// One file of C.
    C(&'static str),
    /// One file, given to an interpreter.
    Script {
        interpreter: &'static str,
        file: &'static str,
        install: &'static str,
    },
    /// A cargo project whose first argument is a component.
    Wasmtime,
}

const PEERS: &[Peer] = &[
    Peer {
        name: "rust-echo",
        title: "Rust, by hand (reference)",
        is: "standard input and output, no check of anything; `lto`, `panic = \"abort\"`, glibc",
        least: Company::Reference,
        recipe: Recipe::Cargo,
    },
    Peer {
        name: "rust-checked-echo",
        title: "Rust with a JSON check",
        is: "the same with serde_json's `IgnoredAny`, the check that our host makes of what leaves",
        least: Company::All,
        recipe: Recipe::Cargo,
    },
    Peer {
        name: "c-echo",
        title: "C",
        is: "the same in C, `cc -O2`",
        least: Company::All,
        recipe: Recipe::C("echo.c"),
    },
    Peer {
        name: "tokio-echo",
        title: "Rust on tokio",
        is: "the same with `#[tokio::main]` and tokio's streams",
        least: Company::All,
        recipe: Recipe::Cargo,
    },
    Peer {
        name: "native-messaging-echo",
        title: "crate native_messaging",
        is: "version 0.3, its event loop; each message is parsed and written again",
        least: Company::All,
        recipe: Recipe::Cargo,
    },
    Peer {
        name: "chrome-native-messaging-echo",
        title: "crate chrome_native_messaging",
        is: "version 0.3; each message is parsed and written again",
        least: Company::All,
        recipe: Recipe::Cargo,
    },
    Peer {
        name: "python-echo",
        title: "Python",
        is: "as on the browsers' own pages, mended so that it echoes: parsed and written again",
        least: Company::Targets,
        // Not the first on the path, which may be a version manager's stub that takes longer than Python.
        recipe: Recipe::Script {
            interpreter: "/usr/bin/python3",
            file: "echo.py",
            install: "apt-get install -y python3",
        },
    },
    Peer {
        name: "node-echo",
        title: "Node.js",
        is: "as on the browsers' own pages, mended so that it echoes: parsed and written again",
        least: Company::Targets,
        recipe: Recipe::Script {
            interpreter: "node",
            file: "echo.mjs",
            install: "apt-get install -y nodejs",
        },
    },
    Peer {
        name: "wasmtime-echo",
        title: "wasmtime, compiling at start",
        is: "what wasmtime's documentation leads to: default features, all of WASI, tokio, compiled at each start; no limits",
        least: Company::All,
        recipe: Recipe::Wasmtime,
    },
];

/// How our host's titles begin.
pub(crate) const OUR_TITLE: &str = "Portcullis";

/// What people are told of a subject in place of its name.
pub(crate) fn title(subject: &str) -> String {
    if let Some(rest) = subject.strip_prefix(crate::setup::OURS) {
        return format!("{OUR_TITLE}{rest}");
    }
    let peer = PEERS.iter().find(|peer| peer.name == subject);
    peer.map_or(subject, |peer| peer.title).to_owned()
}

/// All of them, and ours, as a list in Markdown.
pub(crate) fn list() -> String {
    let ours = "* `portcullis`: this host with the plugin `echo`; in brackets what another plugin is or runs in\n";
    let peers = PEERS
        .iter()
        .map(|peer| format!("* `{}`: {}\n", peer.name, peer.is));
    std::iter::once(ours.to_owned()).chain(peers).collect()
}

/// Builds everybody who takes part.
///
/// # Errors
///
/// The first that cannot be built, or an interpreter that is missing, with the command that installs it.
pub(crate) fn build(company: Company) -> Result<Vec<Subject>> {
    let taking_part = PEERS.iter().filter(|peer| peer.least <= company);
    taking_part
        .map(|peer| {
            peer.build()
                .with_context(|| format!("failed to build the peer `{}`", peer.name))
        })
        .collect()
}

impl Peer {
    fn build(&self) -> Result<Subject> {
        let folder = folder(self.name);
        let (program, arguments) = match self.recipe {
            Recipe::Cargo => (cargo_build(self.name)?, Vec::new()),
            Recipe::Wasmtime => (
                cargo_build(self.name)?,
                vec![bounded_echo()?.into_os_string()],
            ),
            Recipe::C(file) => (c_build(self.name, &folder.join(file))?, Vec::new()),
            Recipe::Script {
                interpreter,
                file,
                install,
            } => {
                let version = Command::new(interpreter).arg("--version").output();
                ensure!(
                    version.is_ok_and(|output| output.status.success()),
                    "`{interpreter}` is missing; run `{install}`"
                );
                (
                    found_on_path(interpreter)?,
                    vec![folder.join(file).into_os_string()],
                )
            }
        };
        Ok(Subject::peer(self.name, &program, arguments))
    }
}

/// The plugin `echo` that answers with a length where the reply would be too long.
pub(crate) fn bounded_echo() -> Result<PathBuf> {
    // Whoever has built a guest of the tests has the target that this one is for.
    portcullis_tests::guests::echo();
    let mut command = cargo::command();
    command
        .current_dir(folder("bounded-echo-plugin"))
        .args([
            "build",
            "--release",
            "--locked",
            "--target",
            "wasm32-wasip2",
            "--target-dir",
        ])
        .arg(target());
    succeed(&mut command)?;
    Ok(target().join("wasm32-wasip2/release/bounded_echo.wasm"))
}

fn cargo_build(name: &str) -> Result<PathBuf> {
    let mut command = cargo::command();
    command
        .current_dir(folder(name))
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(target());
    succeed(&mut command)?;
    Ok(target().join("release").join(name))
}

fn c_build(name: &str, file: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(target().join("release"))?;
    let program = target().join("release").join(name);
    let mut command = Command::new("cc");
    command.args(["-O2", "-o"]).arg(&program).arg(file);
    succeed(&mut command).context("needs a C compiler; run `apt-get install -y gcc libc6-dev`")?;
    Ok(program)
}

/// The ping-pong in JavaScript with SpiderMonkey inside, by the toolchain of npm. (It needs `preview2-shim` without
/// saying so, hence that one's name in the package's file.)
pub(crate) fn spidermonkey() -> Result<PathBuf> {
    let place = target().join("spidermonkey");
    std::fs::create_dir_all(&place)?;
    let component = place.join("ping-pong.wasm");
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(folder("spidermonkey-plugin").join(file), place.join(file))?;
    }
    let mut install = Command::new("npm");
    install
        .current_dir(&place)
        // Not `ci`, which refuses every lock of these packages: parts of them for other systems were never published.
        .args(["install", "--no-audit", "--no-fund"]);
    succeed(&mut install).context("needs npm; run `apt-get install -y nodejs npm`")?;
    let mut build = Command::new("npx");
    build
        .current_dir(&place)
        .args(["componentize-js", "--world-name", "session-plugin", "--wit"])
        .arg(cargo::root().join("wit"))
        .args(["--disable", "http", "--disable", "fetch-event", "--out"])
        .arg(&component)
        .arg(cargo::root().join("plugins/ping-pong-js/ping-pong.js"));
    succeed(&mut build)?;
    Ok(component)
}

fn succeed(command: &mut Command) -> Result<()> {
    let what = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(std::process::Stdio::null()).output();
    let output = output.with_context(|| format!("failed to run `{what}`"))?;
    ensure!(
        output.status.success(),
        "`{what}` ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

fn found_on_path(program: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program));
    found
        .into_iter()
        .find(|file| file.is_file())
        .with_context(|| format!("`{program}` is not on the path"))
}

fn folder(name: &str) -> PathBuf {
    cargo::root().join("tests/peers").join(name)
}

fn target() -> PathBuf {
    cargo::target().join("peers")
}
