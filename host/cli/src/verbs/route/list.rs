//! `route list [--json]`: the routes of the policy, in its order.

use anyhow::Result;
use portcullis_core::home::lock::Lock;
use portcullis_core::names::escape;
use portcullis_core::policy::{Policy, Route};
use portcullis_core::protocol::pointer::Scalar;
use serde_json::{Map, Value, json};

use crate::environment::Environment;
use crate::output::Output;
use crate::policy_file;

/// Lists the routes of the policy.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Prints JSON: an array with an object for each route
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let (policy, list) = match environment.home_if_any()? {
        Some(home) => (policy_file::read(&home)?.1, Lock::load(&home)?),
        None => (Policy::default(), Lock::default()),
    };
    let is_installed = |route: &Route| list.find(&route.plugin).is_some();
    let mut output = Output::new();
    if arguments.json {
        let routes: Vec<_> = policy
            .routes()
            .iter()
            .map(|route| as_json(route, is_installed(route)))
            .collect();
        return Ok(output.line(serde_json::to_string_pretty(&routes)?)?);
    }
    if policy.routes().is_empty() {
        return Ok(output.line("there are no routes: no extension may use a plugin")?);
    }
    let headings = ["ORIGIN", "HOST NAME", "WHEN", "PLUGIN"]
        .map(str::to_owned)
        .to_vec();
    let rows = policy
        .routes()
        .iter()
        .map(|route| as_row(route, is_installed(route)));
    Ok(output.table(&std::iter::once(headings).chain(rows).collect::<Vec<_>>())?)
}

fn as_row(route: &Route, is_installed: bool) -> Vec<String> {
    let conditions: Vec<String> = route
        .when
        .iter()
        .map(|(pointer, scalar)| escape(&format!("{}={scalar}", pointer.as_str())))
        .collect();
    let missing = if is_installed { "" } else { " (not installed)" };
    vec![
        route.origin.to_string(),
        route
            .host_name
            .as_ref()
            .map_or("any", |name| name.as_str())
            .to_owned(),
        if conditions.is_empty() {
            "any".to_owned()
        } else {
            conditions.join(" ")
        },
        format!("{}{missing}", route.plugin),
    ]
}

fn as_json(route: &Route, is_installed: bool) -> Value {
    let when: Map<String, Value> = route
        .when
        .iter()
        .map(|(pointer, scalar)| {
            let value = match scalar {
                Scalar::Text(text) => json!(text),
                Scalar::Flag(flag) => json!(flag),
                Scalar::Integer(integer) => json!(integer),
            };
            (pointer.as_str().to_owned(), value)
        })
        .collect();
    json!({
        "origin": route.origin,
        "host-name": route.host_name,
        "when": when,
        "plugin": route.plugin,
        "installed": is_installed,
        "line": route.line,
    })
}
