//! `policy explain ORIGIN …`: would it be allowed, and which line of which file says so.
//!
//! The deciding choice: nothing is judged here. The route, the approval, the folder, the destination and the secret are
//! asked of the functions that the host asks, over the same policy, narrowed in the same way; only the words are new.
//! What a host finds out while it serves a port (a crash, a keyring that is locked, the address that a name leads to) is
//! not foreseen.

mod question;
mod verdict;

use anyhow::Result;
use portcullis_core::caller::Origin;
use portcullis_core::home::forbidden::{FolderError, Forbidden};
use portcullis_core::home::lock::{Approval, Lock};
use portcullis_core::home::{Home, machine_wide};
use portcullis_core::names::{HostName, PluginName, shell_word};
use portcullis_core::policy::{Policy, Route};
use serde_json::json;

use super::folders;
use crate::environment::Environment;
use crate::output::Output;
use crate::policy_file;
use question::Question;
use verdict::{Place, Verdict};

/// Says whether something would be allowed, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `chrome-extension://<id>/`, or the id of a Mozilla add-on
    origin: Origin,
    /// The host name that the extension asks for
    #[arg(long, value_name = "NAME", global = true)]
    host_name: Option<HostName>,
    /// Only routes to this plugin
    #[arg(long, global = true)]
    plugin: Option<PluginName>,
    /// The message, where routes differ by what is in it
    #[arg(long, value_name = "JSON", global = true)]
    message: Option<String>,
    /// Prints one JSON object
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    question: Option<Question>,
}

pub(super) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let verdicts = judge(arguments, environment)?;
    let allowed = verdicts.iter().any(|verdict| verdict.allowed);
    let mut output = Output::new();
    if arguments.json {
        let verdicts: Vec<_> = verdicts.iter().map(Verdict::as_json).collect();
        let all = json!({ "allowed": allowed, "routes": verdicts });
        return Ok(output.line(serde_json::to_string_pretty(&all)?)?);
    }
    for verdict in &verdicts {
        verdict.print(&mut output)?;
    }
    Ok(())
}

/// One verdict for each route that could serve what is asked about; one without a route where there is none.
fn judge(arguments: &Arguments, environment: &Environment) -> Result<Vec<Verdict>> {
    let Arguments {
        origin, host_name, ..
    } = arguments;
    let Some(home) = environment.home_if_any()? else {
        return Ok(vec![no_route(arguments, None)]);
    };
    let (text, own) = policy_file::read(&home)?;
    let machine_file = machine_wide::file()?;
    let machine = machine_wide::load(&machine_file)?;
    let user_home = environment.surroundings().user_home.as_deref();
    let narrowed = machine_wide::narrowed(&own, &machine, user_home);
    let judge = Judge {
        home: &home,
        environment,
        list: Lock::load(&home)?,
        text: &text,
        own: &own,
        machine_file: &machine_file,
        arguments,
    };
    let port = narrowed.for_port(origin, host_name.as_ref());
    if port.as_slice().is_empty() {
        let own = own.for_port(origin, host_name.as_ref());
        return Ok(vec![no_route(
            arguments,
            own.as_slice().first().map(|route| (route, &*machine_file)),
        )]);
    }
    let routes: Vec<&Route> = match &arguments.message {
        None => port.as_slice().iter().collect(),
        Some(message) => match port.select(message) {
            Ok(Some(place)) => vec![&port.as_slice()[place]],
            Ok(None) => Vec::new(),
            Err(error) => {
                let because =
                    format!("a route has to look into the message, which is not JSON: {error}");
                return Ok(vec![Verdict::refused("invalid-json", because)]);
            }
        },
    };
    let wanted = |route: &&&Route| {
        let plugin = arguments.plugin.as_ref();
        plugin.is_none_or(|plugin| route.plugin == *plugin)
    };
    let verdicts: Vec<Verdict> = routes
        .iter()
        .filter(wanted)
        .map(|route| judge.route(route))
        .collect();
    match verdicts.is_empty() {
        true => Ok(vec![no_route(arguments, None)]),
        false => Ok(verdicts),
    }
}

/// `taken` is a route of the user's that the machine-wide policy has taken away.
fn no_route(arguments: &Arguments, taken: Option<(&Route, &std::path::Path)>) -> Verdict {
    let origin = &arguments.origin;
    if let Some((route, machine)) = taken {
        let because = format!(
            "the machine-wide policy, `{}`, does not allow this route",
            machine.display()
        );
        let verdict = Verdict::refused("no-route", because);
        return verdict.at(route, Place::Policy(route.line));
    }
    let mut because = format!("there is no route for origin `{origin}`");
    let mut command = format!("portcullis route add {}", shell_word(origin.as_str()));
    match &arguments.plugin {
        Some(plugin) => {
            because.push_str(&format!(" to `{plugin}`"));
            command.push_str(&format!(" {plugin}"));
        }
        None => command.push_str(" PLUGIN"),
    }
    if let Some(name) = &arguments.host_name {
        because.push_str(&format!(" and host name `{name}`"));
        command.push_str(&format!(" --host-name {name}"));
    }
    if arguments.message.is_some() {
        because.push_str(" that fits this message");
    }
    Verdict::refused("no-route", because).mended_by(command)
}

/// What routes are judged by.
struct Judge<'a> {
    home: &'a Home,
    environment: &'a Environment,
    list: Lock,
    /// The text of the user's policy, for the lines in it.
    text: &'a str,
    own: &'a Policy,
    machine_file: &'a std::path::Path,
    arguments: &'a Arguments,
}

impl Judge<'_> {
    /// In the order in which the host looks: installed, approved, opened, granted.
    fn route(&self, route: &Route) -> Verdict {
        let verdict = self.unplaced(route);
        match &verdict.place {
            Some(_) => verdict,
            None => verdict.at(route, Place::Policy(route.line)),
        }
        .in_file(&self.home.policy_file())
    }

    fn unplaced(&self, route: &Route) -> Verdict {
        let plugin = &route.plugin;
        let Some(installed) = self.list.find(plugin) else {
            let because = format!("the plugin `{plugin}` is not installed");
            let command = format!("portcullis add FILE.wasm --name {plugin}");
            return Verdict::refused("plugin-missing", because).mended_by(command);
        };
        if route.grant.has_powers()
            && let Approval::Missing(reason) = installed.approval(route.grant.approved.as_ref())
        {
            let because = format!("the installed build {reason}");
            let command = format!("portcullis grant {} --approve", route.words());
            return Verdict::refused("permission-required", because).mended_by(command);
        }
        if let Err((line, error)) = self.check_folders(route) {
            let error = anyhow::Error::from(error);
            let because = format!("the plugin is not started, for want of a folder: {error:#}");
            let verdict = Verdict::refused("policy-invalid", because);
            return verdict.at(route, Place::Policy(line));
        }
        let Some(question) = &self.arguments.question else {
            return Verdict::allowed(format!("messages of this extension go to `{plugin}`"));
        };
        let verdict = question.verdict(route, self);
        if verdict.allowed {
            return verdict.of(route);
        }
        let before = self.own.routes().iter().find(|own| own.line == route.line);
        match before.map(|before| question.verdict(before, self)) {
            Some(before) if before.allowed => {
                let machine = self.machine_file.display();
                let because = format!(
                    "`policy.toml` allows it, and the machine-wide policy, `{machine}`, does not"
                );
                let verdict = Verdict::refused("not-granted", because);
                verdict.of(route).placed_as(before)
            }
            _ => verdict.of(route),
        }
    }

    /// The folders of a route are opened together or the plugin does not start.
    fn check_folders(&self, route: &Route) -> Result<(), (usize, FolderError)> {
        if route.grant.folders.is_empty() {
            return Ok(());
        }
        let forbidden = Forbidden::of(self.home, self.environment.surroundings());
        folders::check(&forbidden, route)
    }

    /// The line of a setting or variable of a route.
    fn line_of(&self, route: &Route, table: &str, key: &str) -> Option<usize> {
        let mut own = self.own.routes().iter();
        let place = own.position(|own| own.line == route.line)?;
        policy_file::grants::line_of(self.text, place, table, key)
    }
}
