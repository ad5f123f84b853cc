//! `doctor --sandbox`: which layers of the second line this machine has.
//!
//! It puts them on, in this very process, in the same way as the host does, and says what came of it: what a kernel
//! claims to offer and what it then enforces are two things.

use anyhow::{Result, bail};
use portcullis_core::policy::Strictness;
use portcullis_sandbox::confine::{self, Layer, Needs};
use serde_json::json;

use crate::output::Output;

/// Finds out what is wrong.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Checks the confinement by the operating system
    #[arg(long, required = true)]
    sandbox: bool,
    /// Prints JSON: an array with an object for each layer
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { sandbox: _, json } = arguments;
    let mut output = Output::new();
    let layers = confine::confine(Strictness::BestEffort, &Needs::default())?;
    if *json {
        let layers: Vec<_> = layers
            .as_slice()
            .iter()
            .map(|Layer { name, absent }| {
                json!({ "layer": name, "active": absent.is_none(), "reason": absent })
            })
            .collect();
        output.line(serde_json::to_string_pretty(&layers)?)?;
    } else {
        for Layer { name, absent } in layers.as_slice() {
            let state = absent
                .as_ref()
                .map_or_else(|| "active".to_owned(), |reason| format!("absent: {reason}"));
            output.line(format!("{name}: {state}"))?;
        }
    }
    if !layers.are_complete() {
        bail!(
            "the confinement by the system is not complete; a route with `os = \"required\"` would refuse to run"
        );
    }
    Ok(())
}
