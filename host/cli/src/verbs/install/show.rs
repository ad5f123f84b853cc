//! One table of everything that changes, for the person who is asked; and the same for scripts.

use anyhow::Result;
use portcullis_core::home::launcher;
use serde_json::{Value, json};

use super::Scene;
use super::plan::Change;
use crate::browsers::registration::{State, Why};
use crate::output::{Output, size};
use crate::power::Power;
use crate::requests_table;
use crate::verbs::add::Standing;
use crate::verbs::doctor::Findings;
use crate::verbs::register::{self, Report};

/// Prints what the plugin says of itself, the table, and which browsers are left out.
pub(super) fn print(scene: &Scene<'_>, change: &Change) -> Result<()> {
    let mut output = Output::new();
    if let Some(requests) = &scene.candidate.inspection.requests {
        let (name, version) = (&requests.name, &requests.version);
        output.line(format!("`{name}` {version}: {}", requests.description))?;
    }
    output.table(&rows(scene, change))?;
    for (plan, _) in &change.registrations {
        let skipped = plan.skipped.iter();
        for skipped in skipped.filter(|skipped| skipped.why != Why::NotInstalled) {
            output.line(format!("skipped {}", register::sentence(skipped)))?;
        }
    }
    Ok(())
}

/// The table, headings first. Two changes with the same rows are the same.
pub(super) fn rows(scene: &Scene<'_>, change: &Change) -> Vec<Vec<String>> {
    let row = |part: &str, state: &str, what: String| vec![part.to_owned(), state.to_owned(), what];
    let mut rows = vec![row("PART", "", "WHAT".to_owned())];
    let inspection = &scene.candidate.inspection;
    let (name, mode) = (&scene.candidate.name, scene.candidate.mode.as_str());
    let (bytes, digest) = (size(inspection.size), inspection.digest);
    let plugin = format!("{name}, a {mode}, {bytes}, sha256 {digest}");
    rows.push(row("plugin", standing(change), plugin));
    if let Standing::Other(digest) = &change.standing {
        let plugin = format!("{name}, sha256 {digest}");
        rows.push(row("plugin", "replaced", plugin));
    }
    for route in &change.routes {
        let what = format!("{} as {}", route.origin, route.host);
        rows.push(row("route", new_or_there(route.is_new), what));
    }
    // The author's words stand in quotes, so that nobody takes them for ours.
    for (power, is_new) in &change.powers {
        let what = match reason(scene, power) {
            Some(reason) => format!("{power}  \"{reason}\""),
            None => format!("{power}  (it never asked for that)"),
        };
        rows.push(row("grant", new_or_there(*is_new), what));
    }
    for (word, reason) in left_out(scene, change) {
        rows.push(row("grant", "not given", format!("{word}  \"{reason}\"")));
    }
    for (plan, _) in &change.registrations {
        let path = launcher::path(scene.ground.root(), &plan.wish.host);
        let state = new_or_there(!path.exists());
        rows.push(row("launcher", state, path.display().to_string()));
        for step in &plan.steps {
            let what = format!("{}: {}", register::names(&step.browsers), step.place);
            rows.push(row("manifest", word(&step.state), what));
        }
    }
    rows
}

/// The same as JSON; with what `doctor` found, once it has looked.
pub(super) fn as_json(scene: &Scene<'_>, change: &Change, found: Option<&Findings>) -> Value {
    let routes: Vec<Value> = change
        .routes
        .iter()
        .map(|route| {
            let state = new_or_there(route.is_new);
            json!({ "origin": route.origin, "host-name": route.host, "state": state })
        })
        .collect();
    let grants: Vec<Value> = change
        .powers
        .iter()
        .map(|(power, is_new)| {
            let (state, reason) = (new_or_there(*is_new), reason(scene, power));
            json!({ "power": power.to_string(), "state": state, "reason": reason })
        })
        .collect();
    let left_out: Vec<Value> = left_out(scene, change)
        .into_iter()
        .map(|(word, reason)| json!({ "power": word, "reason": reason }))
        .collect();
    let registrations: Vec<Value> = change
        .registrations
        .iter()
        .map(|(plan, before)| {
            let report = Report {
                plan,
                failures: &[],
                before,
                is_dry: scene.arguments.dry_run,
            };
            report.as_json()
        })
        .collect();
    json!({
        "plugin": scene.candidate.name,
        "sha256": scene.candidate.inspection.digest.to_string(),
        "state": standing(change),
        "dry-run": scene.arguments.dry_run,
        "changed": !change.is_nothing(),
        "routes": routes,
        "grants": grants,
        "not-given": left_out,
        "registrations": registrations,
        "findings": found.map(Findings::as_json),
    })
}

/// What the plugin asks for and will not have by this.
fn left_out(scene: &Scene<'_>, change: &Change) -> Vec<(String, String)> {
    let Some(requests) = &scene.candidate.inspection.requests else {
        return Vec::new();
    };
    let given = |word: &str| {
        change.powers.iter().any(|(power, _)| {
            let mut asked = word.parse::<Power>().into_iter();
            let is_answer = |asked: Power| match (power, &asked) {
                (Power::Setting(key, _), Power::Setting(asked, _)) => key == asked,
                (Power::Variable(name, _), Power::Variable(asked, _)) => name == asked,
                _ => match (power.wish(), asked.wish()) {
                    (Some(given), Some(asked)) => given.covers(&asked),
                    _ => false,
                },
            };
            asked.any(is_answer)
        })
    };
    let rows = requests_table::rows(requests).into_iter();
    let rows = rows.filter(|row| !given(&row.word));
    rows.map(|row| (row.word, row.reason)).collect()
}

fn reason<'a>(scene: &'a Scene<'_>, power: &Power) -> Option<&'a str> {
    let requests = scene.candidate.inspection.requests.as_ref();
    requests.and_then(|requests| power.reason(requests))
}

fn standing(change: &Change) -> &'static str {
    match change.standing {
        Standing::Nothing => "new",
        Standing::Other(_) => "new build",
        Standing::Same if change.is_whole => "there",
        Standing::Same => "mended",
    }
}

fn new_or_there(is_new: bool) -> &'static str {
    if is_new { "new" } else { "there" }
}

fn word(state: &State) -> &'static str {
    match state {
        State::Same => "there",
        State::Missing => "new",
        State::Outdated | State::Foreign { .. } => "replaced",
        State::Obsolete => "removed",
    }
}
