//! `permissions show [ORIGIN [PLUGIN]] [--json]`: for each route, requested beside granted.

use anyhow::{Context as _, Result};
use portcullis_core::caller::Origin;
use portcullis_core::home::lock::{Approval, Installed, Lock};
use portcullis_core::home::machine_wide;
use portcullis_core::names::{PluginName, shell_word};
use portcullis_core::policy::{Policy, Route};
use portcullis_core::requests::{Asked, Requests, Wish};
use serde_json::{Value, json};

use crate::environment::Environment;
use crate::output::Output;
use crate::policy_file;
use crate::power::Power;
use crate::requests_table;
use crate::verbs::grant::withheld;

/// Shows what plugins ask for and have.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only this extension
    origin: Option<Origin>,
    /// Only this plugin
    plugin: Option<PluginName>,
    /// Prints JSON: an array with an object for each route
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let (policy, list) = match environment.home_if_any()? {
        Some(home) => (policy_file::read(&home)?.1, Lock::load(&home)?),
        None => (Policy::default(), Lock::default()),
    };
    let wanted = |route: &&Route| {
        arguments
            .origin
            .as_ref()
            .is_none_or(|origin| route.origin == *origin)
            && arguments
                .plugin
                .as_ref()
                .is_none_or(|plugin| route.plugin == *plugin)
    };
    let routes = policy.routes().iter().filter(wanted);
    let machine = machine_wide::load(&machine_wide::file()?)
        .context("no extension is served until the machine-wide policy is mended")?;
    let user_home = environment.surroundings().user_home.as_deref();
    let narrowed = machine_wide::narrowed(&policy, &machine, user_home);
    let shown: Vec<Shown<'_>> = routes
        .map(|route| Shown::of(route, &list, &narrowed))
        .collect();
    let mut output = Output::new();
    if arguments.json {
        let routes: Vec<Value> = shown.iter().map(Shown::as_json).collect();
        return Ok(output.line(serde_json::to_string_pretty(&routes)?)?);
    }
    if shown.is_empty() {
        return Ok(output.line("no route fits: no extension has given a plugin anything here")?);
    }
    for (place, route) in shown.iter().enumerate() {
        if place > 0 {
            output.line("")?;
        }
        route.print(&mut output)?;
    }
    Ok(())
}

/// One route with what is to be said of it.
struct Shown<'a> {
    route: &'a Route,
    installed: Option<&'a Installed>,
    granted: Vec<Power>,
    /// What of it the machine-wide policy takes away.
    withheld: Vec<Power>,
}

impl<'a> Shown<'a> {
    fn of(route: &'a Route, list: &'a Lock, narrowed: &Policy) -> Self {
        Self {
            route,
            installed: list.find(&route.plugin),
            granted: Power::all_of(&route.grant),
            withheld: withheld(route, narrowed),
        }
    }

    fn requests(&self) -> Option<&'a Requests> {
        self.installed
            .and_then(|installed| installed.requests.as_ref())
    }

    /// Whether the grants hold for the installed build, in a word for programs and in words for people.
    fn approval(&self) -> (&'static str, String) {
        let command = || format!("`portcullis grant {} --approve`", self.route.words());
        let Some(installed) = self.installed else {
            return ("not-installed", "the plugin is not installed".to_owned());
        };
        if !self.route.grant.has_powers() {
            return ("not-needed", "there is nothing to approve".to_owned());
        }
        match installed.approval(self.route.grant.approved.as_ref()) {
            Approval::Exact => ("approved", "the installed build is approved".to_owned()),
            Approval::Earlier => (
                "earlier",
                "an earlier build is approved, and the installed one asks for nothing more"
                    .to_owned(),
            ),
            Approval::Missing(reason) => (
                "missing",
                format!("the installed build {reason}: {} approves it", command()),
            ),
        }
    }

    /// What is asked for and not granted, as `grant` takes it.
    fn missing(&self) -> Vec<String> {
        let Some(requests) = self.requests() else {
            return Vec::new();
        };
        let granted = wishes(&self.granted);
        let lacks = |wish: Wish| !granted.iter().any(|granted| granted.covers(&wish));
        let asked: &Asked = &requests.asked();
        let rows = requests_table::rows(requests);
        let powers = asked.wishes().iter().cloned().map(lacks);
        let told = |key: &str, prefix: &str| {
            let word = format!("{prefix}={key}=");
            !self
                .granted
                .iter()
                .any(|power| power.to_string().starts_with(&word))
        };
        let variables = requests
            .environment
            .iter()
            .map(|one| told(one.name.as_str(), "env"));
        let settings = requests
            .config
            .iter()
            .map(|one| told(one.key.as_str(), "config"));
        // The rows have the same order.
        let is_missing = powers.chain(variables).chain(settings);
        let rows = rows.into_iter().zip(is_missing);
        rows.filter(|(_, is_missing)| *is_missing)
            .map(|(row, _)| row.word)
            .collect()
    }

    fn print(&self, output: &mut Output) -> Result<()> {
        let route = self.route;
        let conditions: Vec<String> = route
            .host_name
            .iter()
            .map(|name| format!("host name {name}"))
            .chain(route.when.iter().map(|(pointer, scalar)| {
                portcullis_core::names::escape(&format!("{}={scalar}", pointer.as_str()))
            }))
            .collect();
        let conditions = match conditions.is_empty() {
            true => String::new(),
            false => format!(" ({})", conditions.join(", ")),
        };
        output.line(format!("{} → {}{conditions}", route.origin, route.plugin))?;
        output.line(format!("  {}", self.approval().1))?;
        if self.installed.is_some() && self.requests().is_none() {
            output.line("  it does not say what it asks for")?;
        }
        let headings = ["  POWER", "GRANTED", "ASKED FOR", "ITS REASON"]
            .map(str::to_owned)
            .to_vec();
        let mut rows = vec![headings];
        for power in &self.granted {
            let requests = self.requests();
            let asked = requests.is_some_and(|requests| power.is_requested(requests));
            let reason = requests
                .and_then(|requests| power.reason(requests))
                .unwrap_or("");
            let asked = if asked { "yes" } else { "no" };
            let granted = match self.withheld.contains(power) {
                true => "not by the machine's policy",
                false => "yes",
            };
            rows.push(vec![
                format!("  {power}"),
                granted.to_owned(),
                asked.to_owned(),
                reason.to_owned(),
            ]);
        }
        let missing = self.missing();
        for row in self
            .requests()
            .map(requests_table::rows)
            .unwrap_or_default()
        {
            if missing.contains(&row.word) {
                let (granted, asked) = ("no".to_owned(), "yes".to_owned());
                rows.push(vec![format!("  {}", row.word), granted, asked, row.reason]);
            }
        }
        if rows.len() > 1 {
            output.table(&rows)?;
        } else {
            output.line("  nothing is granted and nothing is asked for")?;
        }
        if !missing.is_empty() {
            let words: Vec<String> = missing.iter().map(|word| shell_word(word)).collect();
            output.line(format!(
                "  to grant all of it: portcullis grant {} {}",
                route.words(),
                words.join(" ")
            ))?;
        }
        Ok(())
    }

    fn as_json(&self) -> Value {
        let granted: Vec<String> = self.granted.iter().map(ToString::to_string).collect();
        let requested = self.requests().map(|requests| {
            let rows = requests_table::rows(requests).into_iter();
            rows.map(|row| json!({ "power": row.word, "reason": row.reason }))
                .collect::<Vec<_>>()
        });
        json!({
            "origin": self.route.origin,
            "plugin": self.route.plugin,
            "host-name": self.route.host_name,
            "line": self.route.line,
            "approval": self.approval().0,
            "requested": requested,
            "granted": granted,
            "withheld": self.withheld.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "missing": self.missing(),
        })
    }
}

/// The powers among what is granted, as a plugin would ask for them.
fn wishes(granted: &[Power]) -> Vec<Wish> {
    granted.iter().filter_map(Power::wish).collect()
}
