//! Whether routes and manifests fit together: each is of no use without the other.

use portcullis_core::caller::Origin;
use portcullis_core::names::HostName;
use portcullis_core::policy::Policy;

use super::finding::{Finding, Findings};
use super::hosts::Used;
use crate::browsers::Browser;
use crate::browsers::record::Record;
use crate::output::shell_word;

/// Routes that no manifest leads to.
pub(super) fn check_routes(
    policy: &Policy,
    used: &[Used],
    record: &Record,
    installed: &[&Browser],
    findings: &mut Findings,
) {
    let mut seen: Vec<(&Origin, Option<&HostName>)> = Vec::new();
    for route in policy.routes() {
        let (origin, host) = (&route.origin, route.host_name.as_ref());
        let is_the_host = |name: &HostName| host.is_none_or(|host| host == name);
        let is_reached = used
            .iter()
            .any(|used| is_the_host(&used.host) && used.manifest.allows(origin));
        // Why a browser does not use what was registered has been said.
        let is_registered = record.hosts().iter().any(|known| {
            is_the_host(&known.name) && known.allowed.contains(origin) && !known.browsers.is_empty()
        });
        if is_reached || is_registered || seen.contains(&(origin, host)) {
            continue;
        }
        seen.push((origin, host));
        let name = host.map_or("HOST_NAME", HostName::as_str);
        let allowed: Vec<String> = host
            .and_then(|host| record.find(host))
            .into_iter()
            .flat_map(|known| known.allowed.iter().map(|one| shell_word(one.as_str())))
            .chain([shell_word(origin.as_str())])
            .collect();
        let asked = host
            .map(|host| format!(" with `{host}`"))
            .unwrap_or_default();
        let detail = format!(
            "line {} routes `{origin}`{asked}, and no browser has a manifest that lets it connect",
            route.line
        );
        let mend = format!("`portcullis register {name} --allow {}`", allowed.join(" "));
        let has_browser = installed
            .iter()
            .any(|browser| browser.family == origin.family());
        let finding = if has_browser {
            Finding::broken("routes", detail)
        } else {
            Finding::note(
                "routes",
                format!("{detail}; no browser of its family was found either"),
            )
        };
        findings.push(finding.mended_by(mend));
    }
}

/// Extensions that a manifest lets in and that no route serves.
pub(super) fn check_allowed(policy: &Policy, used: &[Used], findings: &mut Findings) {
    let mut seen: Vec<(HostName, Origin)> = Vec::new();
    for Used { host, manifest, .. } in used {
        for origin in manifest
            .allowed()
            .iter()
            .filter_map(|allowed| allowed.origin.as_ref())
        {
            let pair = (host.clone(), origin.clone());
            if seen.contains(&pair) || !policy.for_port(origin, Some(host)).as_slice().is_empty() {
                continue;
            }
            seen.push(pair);
            findings.push(
                Finding::broken(
                    "routes",
                    format!("`{origin}` may connect, and no route serves it"),
                )
                .of_host(host)
                .mended_by(format!(
                    "`portcullis route add {} PLUGIN`",
                    shell_word(origin.as_str())
                )),
            );
        }
    }
}
