//! `man [--out DIR]`: the manual, one page for this program and one for each verb.
//!
//! Made from the definitions that the arguments are read by, like the help. The README has what goes beyond single
//! commands; nothing of it is repeated here.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::arguments::{self, HEADING};
use crate::output::{Output, OutputError};

/// Prints the manual page of this program, or writes those of all verbs.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Writes every page into this folder, as `portcullis-VERB.1`
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut command = arguments::visible().disable_help_subcommand(true);
    command.build();
    let Some(folder) = &arguments.out else {
        let page = page(&command)?;
        io::stdout().lock().write_all(&page).map_err(OutputError)?;
        return Ok(());
    };
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let mut output = Output::new();
    for command in with_all_below(&command) {
        let path = folder.join(format!("{}.1", title(command)));
        fs::write(&path, page(command)?)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        output.line(path.display())?;
    }
    Ok(())
}

/// A command and everything below it, in the order of the help.
fn with_all_below(command: &Command) -> Vec<&Command> {
    let mut all = vec![command];
    all.extend(command.get_subcommands().flat_map(with_all_below));
    all
}

/// `portcullis-route-add` for `portcullis route add`.
fn title(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone())
        .title(title(command))
        .source(format!("portcullis {}", env!("CARGO_PKG_VERSION")))
        .manual("Portcullis");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    ending(command).to_writer(&mut page)?;
    Ok(page)
}

/// What stands at the end of the help, examples as they are typed, and the way to the other pages.
fn ending(command: &Command) -> Roff {
    let mut roff = Roff::new();
    let after = command.get_after_help().map(ToString::to_string);
    let after = after.unwrap_or_default();
    match after.split_once(HEADING) {
        Some((_, examples)) => {
            roff.control("SH", ["EXAMPLES"]);
            roff.control("nf", []);
            for line in examples.lines().filter(|line| !line.is_empty()) {
                roff.text([roman(line.trim())]);
            }
            roff.control("fi", []);
        }
        None if !after.is_empty() => {
            roff.control("SH", ["NOTES"]);
            roff.text([roman(after)]);
        }
        None => {}
    }
    if title(command) != "portcullis" {
        roff.control("SH", ["SEE ALSO"]);
        roff.text([bold("portcullis"), roman("(1)")]);
    }
    roff
}
