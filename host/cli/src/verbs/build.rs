//! `build [DIR] [--json] [--verbose]`: makes the component of a plugin's project and packs what it asks for.
//!
//! The deciding choice: this is a thin wrapper. Each language is built by its own tool in the way that its users know,
//! with the settings in its own files; here the tool is found, or the command that installs it named, and what it made
//! is looked at in the way of `add`, so that a component which no host would take is refused where it is made.
//!
//! What this does not do: it installs nothing outside the project's folder. Packages of npm and PyPI go into
//! `node_modules` and `.venv` there, as authors have them.

mod c;
mod node;
mod python;
mod rust;
mod tool;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use portcullis_core::names::escape;
use portcullis_core::requests::Requests;
use portcullis_sandbox::inspect::{self, Inspection, Misfit};
use serde_json::json;

use crate::environment::Environment;
use crate::output::{Output, shell_word, size};
use crate::project::{FILE, Language, MANIFEST, Project};
use crate::requests_table;
use crate::verbs::{add, pack};
use tool::Tools;

/// Builds a plugin's project, and packs what it asks for.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the project
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
    /// Shows what the tools say, also when nothing fails
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let project = Project::open(&arguments.folder)?;
    // Before anything that takes long.
    let requests = requests(&project)?;
    let tools = Tools::new(project.folder(), arguments.verbose);
    let made = make(&project, &tools, environment)
        .with_context(|| format!("cannot build `{}`", project.name()))?;
    let component = project.component();
    let shown = component.display();
    let inspection = inspect::inspect(&made).with_context(|| format!("cannot use `{shown}`"))?;
    let mode = add::runnable(&inspection).with_context(|| format!("cannot use `{shown}`"))?;
    if mode != project.mode().into() {
        bail!(
            "the component is in the mode `{}`, and `{FILE}` has `{}`: correct the one that is wrong",
            mode.as_str(),
            project.mode().as_str()
        );
    }
    let packed = inspect::with_requests(&made, &requests);
    let inspection = inspect::inspect(&packed).with_context(|| format!("cannot use `{shown}`"))?;
    write(&component, &packed).with_context(|| format!("cannot write `{shown}`"))?;
    tell(arguments, &project, &inspection, &requests)
}

/// What the plugin asks for, by the name that the project has, too.
fn requests(project: &Project) -> Result<Requests> {
    let requests = pack::read_manifest(&project.manifest())?;
    if requests.name != *project.name() {
        bail!(
            "the plugin is `{}` in `{MANIFEST}` and `{}` in `{FILE}`: give it one name",
            requests.name,
            project.name()
        );
    }
    Ok(requests)
}

/// The bytes of the component, as the toolchain made them.
fn make(project: &Project, tools: &Tools<'_>, environment: &Environment) -> Result<Vec<u8>> {
    if !project.build().is_empty() {
        for line in project.build() {
            tools.shell(line)?;
        }
        return made(project, "the lines of `build`");
    }
    match project.language() {
        Language::Rust => rust::build(tools),
        Language::Js | Language::Ts => {
            node::build(tools)?;
            made(project, "`npm run build`")
        }
        Language::Python => python::build(project, tools, environment),
        Language::C => c::build(project, tools, environment),
    }
}

/// The component where the project says that it is.
fn made(project: &Project, what: &str) -> Result<Vec<u8>> {
    let path = project.component();
    if !path.exists() {
        bail!(
            "{what} left no `{}`: let it write there, or correct `component` in `{FILE}`",
            path.display()
        );
    }
    add::read(&path)
}

fn write(component: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = component.parent() {
        fs::create_dir_all(folder)?;
    }
    pack::replace(component, bytes)
}

fn tell(
    arguments: &Arguments,
    project: &Project,
    inspection: &Inspection,
    requests: &Requests,
) -> Result<()> {
    let mut misfits = inspect::misfits(inspection, requests);
    if imports_everything(project.language()) {
        misfits.retain(|misfit| !misfit.is_of_imports());
    }
    let component = project.component();
    let mut output = Output::new();
    if arguments.json {
        let imports = inspection.imports.iter().map(|item| escape(&item.name));
        let object = json!({
            "name": project.name(),
            "language": project.language().as_str(),
            "mode": project.mode().as_str(),
            "component": component.to_string_lossy(),
            "size": inspection.size,
            "sha256": inspection.digest,
            "imports": imports.collect::<Vec<_>>(),
            "requests": requests_table::as_json(requests),
            "misfits": misfits.iter().map(Misfit::to_string).collect::<Vec<_>>(),
        });
        return Ok(output.line(serde_json::to_string_pretty(&object)?)?);
    }
    let path = shell_word(&component.to_string_lossy());
    output.line(format!(
        "built `{path}`: a {}, {} ({} bytes), sha256 {}",
        project.mode().shown(),
        size(inspection.size),
        inspection.size,
        inspection.digest
    ))?;
    for (package, interfaces) in packages(inspection) {
        output.line(format!("imports {package}: {}", interfaces.join(", ")))?;
    }
    requests_table::print(&mut output, requests)?;
    output.line(format!(
        "next: `{}`, or `portcullis add {path}`",
        project.command("test")
    ))?;
    let mut stderr = io::stderr().lock();
    for misfit in misfits {
        // With standard error closed there is nobody to warn, and the file is written.
        _ = writeln!(stderr, "warning: {misfit}");
    }
    Ok(())
}

/// Whether a language's toolchain imports the whole contract, whatever the plugin calls of it.
fn imports_everything(language: Language) -> bool {
    match language {
        Language::Js | Language::Ts | Language::Python => true,
        Language::Rust | Language::C => false,
    }
}

/// The interfaces that a component imports, by their packages, in its own order. `inspect` has the functions, too.
fn packages(inspection: &Inspection) -> Vec<(String, Vec<String>)> {
    let mut packages: Vec<(String, Vec<String>)> = Vec::new();
    for item in &inspection.imports {
        let (path, version) = item.name.split_once('@').unwrap_or((&item.name, ""));
        let (package, interface) = path.split_once('/').unwrap_or(("", path));
        let package = escape(&format!("{package}@{version}"));
        let interface = escape(interface);
        match packages.iter_mut().find(|(name, _)| *name == package) {
            Some((_, interfaces)) => interfaces.push(interface),
            None => packages.push((package, vec![interface])),
        }
    }
    packages
}
