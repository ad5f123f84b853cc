//! The home, the policy, the plugins and the crashes.

use anyhow::Result;
use portcullis_core::home::lock::{Installed, Lock};
use portcullis_core::home::{Home, HomeError, crashes};
use portcullis_core::names::escape;
use portcullis_core::policy::Policy;

use super::finding::{Finding, Findings, Fix};
use crate::environment::Environment;
use crate::output::shell_word;
use crate::verbs::logs;
use crate::verbs::verify;
use crate::{installation, policy_file};

/// A home that can be used, and what it says.
pub(super) struct Examined {
    pub(super) home: Home,
    pub(super) policy: Policy,
}

/// How many of the last errors in the log are shown.
const ERRORS_SHOWN: usize = 5;

/// Looks at everything but browsers; `None` where there is no home that could be used.
pub(super) fn check(
    environment: &Environment,
    findings: &mut Findings,
) -> Result<Option<Examined>> {
    let path = environment.home_path()?;
    let home = match Home::open(&path) {
        Ok(home) => home,
        Err(error @ HomeError::Missing { .. }) => {
            findings.push(Finding::note("home", error.to_string()));
            return Ok(None);
        }
        Err(error) => {
            findings.push(Finding::broken(
                "home",
                format!("{:#}", anyhow::Error::from(error)),
            ));
            return Ok(None);
        }
    };
    findings.push(Finding::good("home", format!("`{}`", path.display())));
    let plugins = check_plugins(&home, findings);
    let policy = check_policy(&home, plugins.as_ref(), findings);
    check_quarantines(&home, &policy, findings);
    Ok(Some(Examined { home, policy }))
}

fn check_plugins(home: &Home, findings: &mut Findings) -> Option<Lock> {
    // Held, so that no writer changes the one file between a look at the other. Whoever waits for it says so itself.
    let list = installation::lock(home, "doctor").and_then(|_lock| Ok(Lock::load(home)?));
    let list = match list {
        Ok(list) => list,
        Err(error) => {
            findings
                .push(Finding::broken("plugins", format!("{error:#}")).in_file(home.lock_file()));
            return None;
        }
    };
    for plugin in list.plugins() {
        let about = format!("plugin `{}`", plugin.name);
        let wrong = findings.broken();
        check_plugin(home, plugin, &about, findings);
        if findings.broken() == wrong {
            findings.push(Finding::good(
                about,
                "it and its native code are what was installed",
            ));
        }
    }
    Some(list)
}

fn check_plugin(home: &Home, plugin: &Installed, about: &str, findings: &mut Findings) {
    let again = format!(
        "portcullis add {} --name {} --replace",
        shell_word(&escape(&plugin.source)),
        plugin.name
    );
    match verify::check_plugin(home, plugin) {
        verify::Finding::Wrong(text) => {
            findings.push(Finding::broken(about, text).mended_by(format!("`{again}`")));
            // The native code could not be made from it again.
            return;
        }
        verify::Finding::Whole | verify::Finding::Moved(_) | verify::Finding::Stale(_) => {}
    }
    let rebuild = Fix::Rebuild(plugin.name.clone());
    match verify::check_artifact(home, plugin) {
        verify::Finding::Whole => {}
        verify::Finding::Moved(_) => findings.push(
            Finding::warning(
                about,
                "its native code was touched and is unchanged, so each start reads all of it",
            )
            .mended_by("`portcullis verify` notes it")
            .fixed_by(rebuild),
        ),
        verify::Finding::Stale(text) => {
            findings.push(Finding::warning(about, text).fixed_by(rebuild))
        }
        verify::Finding::Wrong(text) => {
            findings.push(Finding::broken(about, text).fixed_by(rebuild))
        }
    }
}

fn check_policy(home: &Home, plugins: Option<&Lock>, findings: &mut Findings) -> Policy {
    let policy = match policy_file::read(home) {
        Ok((_, policy)) => policy,
        Err(error) => {
            findings
                .push(Finding::broken("policy", format!("{error:#}")).in_file(home.policy_file()));
            return Policy::default();
        }
    };
    let mut is_good = true;
    for route in policy.routes() {
        if plugins.is_some_and(|plugins| plugins.find(&route.plugin).is_none()) {
            is_good = false;
            let (origin, plugin) = (&route.origin, &route.plugin);
            findings.push(
                Finding::broken(
                    "policy",
                    format!(
                        "line {} routes `{origin}` to `{plugin}`, which is not installed",
                        route.line
                    ),
                )
                .in_file(home.policy_file())
                .mended_by(format!(
                    "`portcullis add FILE.wasm --name {plugin}`, or remove the route"
                )),
            );
        }
    }
    if is_good {
        let count = policy.routes().len();
        let routes = if count == 1 { "route" } else { "routes" };
        findings.push(Finding::good("policy", format!("{count} {routes}")));
    }
    policy
}

fn check_quarantines(home: &Home, policy: &Policy, findings: &mut Findings) {
    let mut seen = Vec::new();
    for route in policy.routes() {
        let origin = &route.origin;
        if seen.contains(&origin) {
            continue;
        }
        seen.push(origin);
        match crashes::list(home, origin) {
            Ok(plugins) => {
                for plugin in plugins {
                    findings.push(
                        Finding::broken(
                            format!("plugin `{plugin}`"),
                            format!("it has crashed too often for `{origin}`, and is not started any more"),
                        )
                        .mended_by(format!(
                            "see why with `portcullis logs --plugin {plugin}`, then `portcullis enable {} {plugin}`",
                            shell_word(origin.as_str())
                        )),
                    );
                }
            }
            Err(error) => {
                findings.push(Finding::broken(
                    "crashes",
                    format!("{:#}", anyhow::Error::from(error)),
                ));
            }
        }
    }
}

/// The last errors in the log. They are of the past: whether they still hold, the other findings say.
pub(super) fn check_log(home: &Home, findings: &mut Findings) {
    for line in logs::last_errors(home, ERRORS_SHOWN) {
        findings.push(Finding::note("log", line));
    }
}
