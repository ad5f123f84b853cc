//! Which browser is started, and with which flags.
//!
//! Looked for in a fixed order and never on `PATH`, so that a run means the same browser everywhere. A missing browser
//! is an error and never a skipped test: a skipped test looks like a passed one.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

/// Names another browser of the Chromium family. Branded Chrome and Edge may refuse to load an unpacked extension.
const OVERRIDE: &str = "PORTCULLIS_TEST_CHROMIUM";

/// Where Debian and its relatives install it. The first is the program itself, the second a script that adds the
/// distribution's own flags.
const PLACES: [&str; 2] = ["/usr/lib/chromium/chromium", "/usr/bin/chromium"];

/// The descriptor on which the browser reads the driver's commands; fixed by `--remote-debugging-pipe`.
pub(super) const COMMANDS: i32 = 3;

/// The descriptor on which it answers.
pub(super) const EVENTS: i32 = 4;

/// What every start gets. Three need a reason; the rest only keeps the browser from talking to the network.
///
/// - `--no-sandbox`: the browser's own sandbox refuses to run as root, as the tests do in a container. It is not what
///   is tested.
/// - `--disable-dev-shm-usage`: a 64 MiB message travels in shared memory, and a container often has just 64 MiB of it.
/// - `--enable-logging=stderr`: the only place where the browser says why it takes a host manifest for missing.
pub(super) const FLAGS: [&str; 13] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--enable-logging=stderr",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
];

/// Variables that would lead the browser, or a host that it starts, out of the temporary folder. A host has to find
/// its home by the place of its launcher.
pub(super) const NOT_INHERITED: [&str; 5] = [
    "PORTCULLIS_HOME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "CHROME_CONFIG_HOME",
];

/// Returns the browser to start: the one that `PORTCULLIS_TEST_CHROMIUM` names, else the first installed one.
///
/// # Errors
///
/// Where there is none; the text holds the command that installs it.
pub(super) fn find() -> Result<PathBuf> {
    choose(
        env::var_os(OVERRIDE).map(PathBuf::from),
        &PLACES.map(Path::new),
    )
}

fn choose(named: Option<PathBuf>, places: &[&Path]) -> Result<PathBuf> {
    if let Some(named) = named {
        ensure!(
            named.is_file(),
            "`{OVERRIDE}` names `{}`, which is not a file",
            named.display()
        );
        return Ok(named);
    }
    if let Some(installed) = places.iter().find(|place| place.is_file()) {
        return Ok(installed.to_path_buf());
    }
    bail!(
        "no Chromium is installed, and the tests in a real browser need one: run \
         `apt-get install -y --no-install-recommends chromium` as root, or set `{OVERRIDE}` to the path of one"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_browser_comes_first_and_the_others_in_order() {
        let [false_, true_] = ["/bin/false", "/bin/true"].map(Path::new);
        let missing = Path::new("/nonexistent/chromium");
        let chosen = choose(Some(true_.to_owned()), &[false_]).expect("it is there");
        assert_eq!(chosen, true_);
        let chosen = choose(None, &[missing, false_, true_]).expect("the second is there");
        assert_eq!(chosen, false_);
    }

    #[test]
    fn without_a_browser_the_error_says_how_to_install_one() {
        let missing = Path::new("/nonexistent/chromium");
        let error = choose(None, &[missing])
            .expect_err("there is none")
            .to_string();
        assert!(
            error.contains("`apt-get install -y --no-install-recommends chromium`"),
            "{error}"
        );
        let error = choose(Some(missing.to_owned()), &[])
            .expect_err("there is none")
            .to_string();
        assert!(error.contains("`/nonexistent/chromium`"), "{error}");
    }
}
