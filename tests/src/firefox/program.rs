//! Which browser is started, with which flags and preferences.
//!
//! Looked for in a fixed order and never on `PATH`. A missing browser is an error and never a skipped test.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

/// Names another browser of the Mozilla family.
const OVERRIDE: &str = "PORTCULLIS_TEST_FIREFOX";

/// Where Debian and its relatives install it.
const PLACES: [&str; 2] = ["/usr/lib/firefox-esr/firefox-esr", "/usr/bin/firefox-esr"];

/// What every start gets. `--remote-allow-system-access` lets the driver open the extension's page and read the
/// browser's console.
pub(super) const FLAGS: [&str; 5] = [
    "--headless",
    "--marionette",
    "--no-remote",
    "--new-instance",
    "--remote-allow-system-access",
];

/// Variables that would lead the browser, or a host that it starts, out of the temporary folder.
pub(super) const NOT_INHERITED: [&str; 6] = [
    "PORTCULLIS_HOME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "MOZ_HEADLESS",
    "DISPLAY",
];

/// The profile's `user.js`: any free port, a known address for the extension, and nothing that talks to the network.
pub(super) fn preferences(extension: &str, address: &str) -> String {
    let addresses = serde_json::json!({ extension: address }).to_string();
    let addresses = serde_json::json!(addresses);
    let mut text = format!(
        "user_pref(\"marionette.port\", 0);\nuser_pref(\"extensions.webextensions.uuids\", {addresses});\n"
    );
    for (name, value) in [
        ("app.update.enabled", "false"),
        ("browser.aboutwelcome.enabled", "false"),
        ("browser.shell.checkDefaultBrowser", "false"),
        ("browser.startup.homepage_override.mstone", "\"ignore\""),
        ("datareporting.policy.dataSubmissionEnabled", "false"),
        ("extensions.update.enabled", "false"),
        ("network.captive-portal-service.enabled", "false"),
        ("network.connectivity-service.enabled", "false"),
        ("services.settings.server", "\"data:,\""),
        ("toolkit.telemetry.enabled", "false"),
    ] {
        text.push_str(&format!("user_pref(\"{name}\", {value});\n"));
    }
    text
}

/// Returns the browser to start: the one that `PORTCULLIS_TEST_FIREFOX` names, else the first installed one.
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
        "no Firefox is installed, and the tests in a real browser need one: run \
         `apt-get install -y --no-install-recommends firefox-esr` as root, or set `{OVERRIDE}` to the path of one"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_browser_comes_first_and_a_missing_one_is_explained() {
        let [first, second] = ["/bin/false", "/bin/true"].map(Path::new);
        let missing = Path::new("/nonexistent/firefox");
        assert_eq!(
            choose(Some(second.to_owned()), &[first]).expect("it is there"),
            second
        );
        assert_eq!(choose(None, &[missing, first]).expect("it is there"), first);
        let error = choose(None, &[missing])
            .expect_err("there is none")
            .to_string();
        assert!(
            error.contains("`apt-get install -y --no-install-recommends firefox-esr`"),
            "{error}"
        );
        let error = choose(Some(missing.to_owned()), &[])
            .expect_err("there is none")
            .to_string();
        assert!(error.contains("`/nonexistent/firefox`"), "{error}");
    }

    #[test]
    fn the_address_survives_two_kinds_of_quotes() {
        let text = preferences("a@b", "uuid");
        assert!(
            text.contains(r#"user_pref("extensions.webextensions.uuids", "{\"a@b\":\"uuid\"}");"#),
            "{text}"
        );
    }
}
