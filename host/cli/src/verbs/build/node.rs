//! JavaScript and TypeScript: `npm ci` where the packages are missing or old, then `npm run build`.
//!
//! What that runs, and with which options, stands in the project's `package.json`.

use std::fs;
use std::time::SystemTime;

use anyhow::{Result, bail};

use super::tool::{Tool, Tools};

/// The oldest that the SDK and the compiler run on.
const OLDEST_NODE: u32 = 20;

const INSTALL: &str = if cfg!(windows) {
    "install Node.js 20 or newer with `winget install OpenJS.NodeJS.LTS`"
} else if cfg!(target_os = "macos") {
    "install Node.js 20 or newer with `brew install node`"
} else {
    "install Node.js 20 or newer with `apt-get install nodejs npm`, or what your distribution has for it"
};

/// For those who have an old one, which is often all that a distribution has.
const UPDATE: &str = if cfg!(any(windows, target_os = "macos")) {
    INSTALL
} else {
    "install Node.js 20 or newer with `npm install --global n` and `n lts`, both as root"
};

const NODE: Tool = Tool {
    program: "node",
    install: INSTALL,
};

const NPM: Tool = Tool {
    // On Windows npm is a script, which is only found by its whole name.
    program: if cfg!(windows) { "npm.cmd" } else { "npm" },
    install: INSTALL,
};

/// Lets the project's own script build.
///
/// # Errors
///
/// When Node.js is missing or too old, with the command that installs it, or when npm fails.
pub(super) fn build(tools: &Tools<'_>) -> Result<()> {
    let version = tools.ask(NODE, &["--version"])?;
    if major(&version).is_some_and(|major| major < OLDEST_NODE) {
        bail!("Node.js {version} is too old: {UPDATE}");
    }
    tools.ask(NPM, &["--version"])?;
    if is_outdated(tools) {
        let has_lock = tools.folder().join("package-lock.json").is_file();
        let verb = if has_lock { "ci" } else { "install" };
        let mut command = tools.command(NPM.program);
        // What is in the cache and has the lock's digest need not be asked for again.
        command.args([verb, "--prefer-offline", "--no-audit", "--no-fund"]);
        tools.run(command, &format!("npm {verb}"))?;
    }
    let mut command = tools.command(NPM.program);
    command.args(["run", "build"]);
    tools.run(command, "npm run build")
}

/// Whether the packages were never installed, or before the files that name them were last changed. npm writes this
/// file when it has installed everything.
fn is_outdated(tools: &Tools<'_>) -> bool {
    let changed = |path: &str| -> Option<SystemTime> {
        fs::metadata(tools.folder().join(path))
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let Some(installed) = changed("node_modules/.package-lock.json") else {
        return true;
    };
    ["package-lock.json", "package.json"]
        .into_iter()
        .filter_map(changed)
        .any(|written| written > installed)
}

/// The 20 of `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        let cases = [
            ("v20.11.1", Some(20)),
            ("v8.0.0", Some(8)),
            ("20.1", None),
            ("v", None),
        ];
        for (text, expected) in cases {
            assert_eq!(major(text), expected, "{text}");
        }
    }
}
