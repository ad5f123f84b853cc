//! `bench PLUGIN JSON [--count N] [--starts N] [--origin ORIGIN] [--json]`: how long a message takes.
//!
//! Two things are measured, both against the real `portcullis-host` over pipes, as a browser uses it: from the start of
//! the program to the first reply, which `sendNativeMessage` pays for each message, and from a message to its reply on a
//! port that is open, which `connectNative` pays.
//!
//! The deciding choice: the frame is read by the thread that has sent the message, so no thread of ours is woken between
//! the two. A plugin that does not answer is ended by another one that watches.
//!
//! An installed plugin is measured in the user's home, with its route and its grants, and so it stores what it stores. A
//! `.wasm` file is measured in a throw-away home, without grants, and a project's folder with those of its tests.

mod figures;
mod watch;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use portcullis_core::caller::Origin;
use portcullis_core::home::Home;
use portcullis_core::home::lock::Lock;
use portcullis_core::names::{PluginName, escape};
use portcullis_core::policy::Limits;
use portcullis_core::protocol::json as json_text;
use portcullis_core::protocol::report::RESERVED_KEY;
use serde_json::json;

use super::send::port::{one_line, read_frame};
use super::send::{Launcher, as_a_browser, checked};
use super::test::{Stage, built, find_project, patience};
use crate::environment::Environment;
use crate::exit::{Internal, Usage};
use crate::output::Output;
use crate::project::FILE;
use crate::{installation, policy_file};
use figures::Figures;
use watch::Watch;

/// Measures how long a plugin takes to answer: from the program's start, and on an open port.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// An installed plugin's name, a `.wasm` file, or a project's folder
    #[arg(value_name = "PLUGIN")]
    plugin: String,
    /// The message that is sent again and again
    #[arg(value_name = "JSON", allow_hyphen_values = true)]
    message: String,
    /// Messages on one port
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    count: u32,
    /// Starts of the program
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    starts: u32,
    /// The extension to be [default: the one whose route leads to the plugin]
    #[arg(long)]
    origin: Option<Origin>,
    /// Prints JSON: an object with every figure
    #[arg(long)]
    json: bool,
}

/// Messages before those that count: in the first ones the machine learns what comes.
const WARM_UP: u32 = 100;

pub(crate) fn run(arguments: &Arguments, environment: &Environment) -> Result<()> {
    let message = checked(arguments.message.clone())?;
    let subject = Subject::find(arguments, &message, environment)?;
    // Whatever the disk has to be asked for is asked for before anything counts.
    let first = subject.start(&message)?.0;
    let mut starts = Vec::new();
    for _ in 0..arguments.starts {
        starts.push(subject.start(&message)?.1);
    }
    let trips = subject.round_trips(&message, arguments.count)?;
    let (starts, trips) = (Figures::of(starts), Figures::of(trips));
    let mut output = Output::new();
    if arguments.json {
        let report = json!({
            "plugin": subject.plugin().as_str(),
            "origin": subject.origin().as_str(),
            "message-bytes": message.len(),
            "reply-bytes": first.len(),
            "start-to-first-reply": starts.as_json(),
            "round-trip": trips.as_json(),
        });
        return Ok(output.line(report)?);
    }
    output.line(format!(
        "`{}` answered {}",
        subject.plugin(),
        excerpt(&first)
    ))?;
    for (title, figures) in [
        ("from the start of the host to the first reply", starts),
        ("from a message to its reply, on an open port", trips),
    ] {
        output.line("")?;
        output.line(title)?;
        figures.show(&mut output)?;
    }
    Ok(())
}

/// The beginning of a reply, to show that it is the one that was meant.
fn excerpt(frame: &str) -> String {
    const WIDEST: usize = 100;
    let line = one_line(frame, true);
    match line.char_indices().nth(WIDEST) {
        Some((at, _)) => format!("{}… ({} bytes)", &line[..at], frame.len()),
        None => line,
    }
}

/// What is measured.
enum Subject {
    /// In the user's home.
    Installed {
        home: Home,
        origin: Origin,
        plugin: PluginName,
        limits: Limits,
    },
    /// In one of its own.
    Staged(Stage),
}

impl Subject {
    fn find(arguments: &Arguments, message: &str, environment: &Environment) -> Result<Self> {
        let Arguments { plugin, origin, .. } = arguments;
        let path = Path::new(plugin);
        let stage = |component: PathBuf, project| {
            Stage::set_up(&component, project, origin.as_ref()).map(Self::Staged)
        };
        if path.extension().is_some_and(|it| it == "wasm") {
            return stage(path.to_owned(), None);
        }
        match plugin.parse::<PluginName>() {
            // A name is a name, whatever lies here: a folder of that name is written `./NAME`.
            Ok(name) => Self::installed(&name, origin.as_ref(), message, &environment.home()?),
            Err(_) if path.is_dir() => match find_project(path)? {
                Some(project) => stage(built(&project)?, Some(&project)),
                None => bail!("`{plugin}` is no plugin's project: name its `.wasm` file"),
            },
            Err(error) => Err(anyhow!(Usage(format!(
                "`{}` is no plugin's name ({error}), no `.wasm` file and no folder",
                escape(plugin)
            )))),
        }
    }

    /// An installed plugin, where a route leads this message to it.
    fn installed(
        plugin: &PluginName,
        typed: Option<&Origin>,
        message: &str,
        home: &Home,
    ) -> Result<Self> {
        let list = Lock::load(home)?;
        if list.find(plugin).is_none() {
            let project = Path::new(".").join(plugin.as_str());
            if project.join(FILE).is_file() {
                bail!(
                    "no plugin `{plugin}` is installed: the project in this folder is `{}`",
                    project.display()
                );
            }
            bail!("{}", installation::not_installed(plugin, &list));
        }
        let (_, policy) = policy_file::read(home)?;
        let origin = match typed {
            Some(origin) => origin.clone(),
            None => {
                let routes = policy.routes().iter();
                let mut routed = routes.filter(|route| route.plugin == *plugin);
                match routed.next() {
                    Some(route) => route.origin.clone(),
                    None => bail!(
                        "no extension may use `{plugin}`: add a route with `portcullis route add ORIGIN {plugin}`, or \
                         measure its `.wasm` file"
                    ),
                }
            }
        };
        let routes = policy.for_port(&origin, None);
        let place = routes.select(message)?;
        let route = place.and_then(|place| routes.as_slice().get(place));
        match route.filter(|route| route.plugin == *plugin) {
            Some(route) => Ok(Self::Installed {
                home: home.clone(),
                limits: route.limits,
                origin,
                plugin: plugin.clone(),
            }),
            None => bail!(
                "no route leads this message from `{origin}` to `{plugin}`: `portcullis route list` shows which there are"
            ),
        }
    }

    fn home(&self) -> &Home {
        match self {
            Self::Installed { home, .. } => home,
            Self::Staged(stage) => stage.home(),
        }
    }

    fn origin(&self) -> &Origin {
        match self {
            Self::Installed { origin, .. } => origin,
            Self::Staged(stage) => stage.origin(),
        }
    }

    fn plugin(&self) -> &PluginName {
        match self {
            Self::Installed { plugin, .. } => plugin,
            Self::Staged(stage) => stage.plugin(),
        }
    }

    fn limits(&self) -> &Limits {
        match self {
            Self::Installed { limits, .. } => limits,
            Self::Staged(stage) => stage.limits(),
        }
    }

    /// One port for one message: the reply, and how long it took from the start of the program.
    fn start(&self, message: &str) -> Result<(String, Duration)> {
        let mut port = Port::open(self)?;
        let reply = port.exchange(message)?;
        let took = port.begun.elapsed();
        port.close()?;
        Ok((reply, took))
    }

    /// How long each of `count` messages on one port took.
    fn round_trips(&self, message: &str, count: u32) -> Result<Vec<Duration>> {
        let mut port = Port::open(self)?;
        for _ in 0..WARM_UP.min(count) {
            port.exchange(message)?;
        }
        let mut took = Vec::new();
        for _ in 0..count {
            let begun = Instant::now();
            port.exchange(message)?;
            took.push(begun.elapsed());
        }
        port.close()?;
        Ok(took)
    }
}

/// An open port.
struct Port {
    begun: Instant,
    watch: Watch,
    stdin: ChildStdin,
    stdout: ChildStdout,
    frame: Vec<u8>,
    // Is there as long as the host runs.
    _launcher: Option<Launcher>,
}

impl Port {
    fn open(subject: &Subject) -> Result<Self> {
        let (mut command, launcher) = as_a_browser(subject.home(), subject.origin(), None)?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let begun = Instant::now();
        let mut child: Child = command
            .spawn()
            .map_err(|error| Internal(format!("cannot start portcullis-host: {error}")))?;
        let stdin = child.stdin.take().context("its input was asked for")?;
        let stdout = child.stdout.take().context("its output was asked for")?;
        Ok(Self {
            begun,
            watch: Watch::over(child, patience(subject.limits())),
            stdin,
            stdout,
            frame: Vec::new(),
            _launcher: launcher,
        })
    }

    /// Sends the message and waits for the next frame, which has to be the plugin's.
    fn exchange(&mut self, message: &str) -> Result<String> {
        self.watch.restart();
        let length = u32::try_from(message.len()).context("the message was measured before")?;
        self.frame.clear();
        self.frame.extend_from_slice(&length.to_ne_bytes());
        self.frame.extend_from_slice(message.as_bytes());
        let sent = self
            .stdin
            .write_all(&self.frame)
            .and_then(|()| self.stdin.flush());
        let reply = read_frame(&mut self.stdout)?;
        let Some(reply) = reply else {
            return Err(match (self.watch.has_ended_it(), sent) {
                (true, _) => anyhow!(
                    "the plugin did not answer within {:?}: only one that answers each message can be measured",
                    self.watch.patience()
                ),
                (false, Err(error)) => anyhow!(error).context("cannot write to portcullis-host"),
                (false, Ok(())) => anyhow!("the host ended without an answer"),
            });
        };
        if json_text::check_for_key(&reply, RESERVED_KEY).unwrap_or(true) {
            bail!(
                "the host answered with an error: {}",
                one_line(&reply, true)
            );
        }
        Ok(reply)
    }

    fn close(self) -> Result<()> {
        let Self {
            mut watch,
            stdin,
            stdout,
            ..
        } = self;
        watch.restart();
        drop(stdin);
        // A host that still has something to say must not fail for want of a reader.
        let mut rest = stdout;
        std::io::copy(&mut rest, &mut std::io::sink())
            .context("cannot read from portcullis-host")?;
        let status = watch.wait()?;
        match status.code() {
            Some(0) => Ok(()),
            _ => bail!(Internal(format!("portcullis-host ended with {status}"))),
        }
    }
}
