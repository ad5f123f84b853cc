//! `test [DIR|FILE…] [--bless] [--json]`: plays transcripts through the real host, and reports what each case has used of
//! its limits.
//!
//! The deciding choice: the plugin meets what it meets in a browser. The `portcullis-host` beside this program serves it,
//! confined, with the policy that its project names, in a home that is thrown away; only the messages come from a text
//! in place of an extension ([`crate::transcript`] has its form). Each case has ports of its own, and nothing is left of
//! the one before; the plugin is compiled once.
//!
//! What this does not do: it builds nothing, and grants nothing of this machine but what the project's `[grant]` names.

mod connection;
mod play;
mod show;
mod stage;
mod used;

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use portcullis_core::caller::Origin;
use portcullis_core::policy::{Limits, TimeSpan};

use crate::exit::Usage;
use crate::project::{self, Project};
use crate::transcript::{self, Case, Transcript};
use play::{Manner, Played};
use used::Used;

pub(in crate::verbs) use stage::Stage;
pub(in crate::verbs) use used::time;

/// Plays a plugin's transcripts through the real host, and reports what each case has used of its limits.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A project's folder, or transcripts, or a `.wasm` file with transcripts [default: the project in this folder]
    #[arg(value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// Rewrites what is expected to what comes, where the two differ
    #[arg(long)]
    bless: bool,
    /// The extension to be [default: the first that the plugin is made for]
    #[arg(long)]
    origin: Option<Origin>,
    /// How long to wait for each message that is expected, for example `5s` [default: as long as the limits allow]
    #[arg(long, value_name = "DURATION")]
    wait: Option<TimeSpan>,
    /// Prints JSON: an object with every file, case and amount
    #[arg(long)]
    json: bool,
}

/// What is to be tested.
struct Subject {
    project: Option<Project>,
    component: PathBuf,
    transcripts: Vec<PathBuf>,
}

/// One transcript that has been played.
struct Report {
    path: PathBuf,
    cases: Vec<Outcome>,
}

/// One case that has been played.
struct Outcome {
    name: String,
    line: usize,
    played: Played,
    used: Used,
    log: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let subject = Subject::find(&arguments.paths)?;
    // All are read before anything is compiled: a mistyped one is told at once.
    let texts = subject.transcripts.iter().map(|path| read(path));
    let texts: Vec<String> = texts.collect::<Result<_>>()?;
    for (path, text) in subject.transcripts.iter().zip(&texts) {
        parse(path, text)?;
    }
    let project = subject.project.as_ref();
    let stage = Stage::set_up(&subject.component, project, arguments.origin.as_ref())?;
    let wait = arguments.wait.map(TimeSpan::duration);
    let wait = wait.unwrap_or_else(|| patience(stage.limits()));
    let mut files = Vec::with_capacity(texts.len());
    for (path, text) in subject.transcripts.into_iter().zip(texts) {
        let mut cases = play_all(&stage, &path, &text, wait)?;
        if arguments.bless && cases.iter().any(Outcome::has_failed) {
            let blessed = bless(&stage, &path, &text, &cases, wait)?;
            fs::write(&path, &blessed)
                .with_context(|| format!("cannot write `{}`", path.display()))?;
            // What came may be other each time, and then it is for the author to say where.
            cases = play_all(&stage, &path, &blessed, wait)?;
        }
        files.push(Report { path, cases });
    }
    let failed = show::report(&files, arguments.json)?;
    if failed > 0 {
        let all: usize = files.iter().map(|file| file.cases.len()).sum();
        let varying = if arguments.bless {
            " with what had come a moment before: write `…` where it varies"
        } else {
            ""
        };
        bail!("{failed} of {all} cases failed{varying}");
    }
    Ok(())
}

/// The longest that a plugin may take to answer the first message, with room for the host's own start.
pub(in crate::verbs) fn patience(limits: &Limits) -> Duration {
    const ROOM: Duration = Duration::from_secs(5);
    limits.init.duration() + limits.wall_per_call.duration() + ROOM
}

impl Subject {
    /// What these paths mean together.
    fn find(paths: &[PathBuf]) -> Result<Self> {
        let is = |path: &Path, ending: &str| path.extension().is_some_and(|it| it == ending);
        let mut component = None;
        let mut transcripts = Vec::new();
        let mut folder = None;
        for path in paths {
            let place = if is(path, "wasm") {
                &mut component
            } else if path.is_dir() {
                &mut folder
            } else if is(path, project::TRANSCRIPT) {
                transcripts.push(path.clone());
                continue;
            } else {
                bail!(Usage(format!(
                    "`{}` is no folder, no `.{}` and no `.wasm` file",
                    path.display(),
                    project::TRANSCRIPT
                )));
            };
            if let Some(other) = place.replace(path.clone()) {
                bail!(Usage(format!(
                    "`{}` and `{}` are tested one at a time",
                    other.display(),
                    path.display()
                )));
            }
        }
        let start = match (&folder, transcripts.first()) {
            (Some(folder), _) => folder.clone(),
            (None, Some(transcript)) => parent(transcript),
            (None, None) => component.as_deref().map_or_else(|| ".".into(), parent),
        };
        let project = find_project(&start)?;
        if transcripts.is_empty() {
            transcripts = match &project {
                Some(project) => project.transcripts().with_context(|| {
                    format!(
                        "cannot list the transcripts of `{}`",
                        project.folder().display()
                    )
                })?,
                None => Vec::new(),
            };
        }
        if transcripts.is_empty() && (project.is_some() || component.is_some()) {
            bail!(
                "there is no transcript to play: write one to `{}/NAME.{}`, or name one",
                project::TESTS,
                project::TRANSCRIPT
            );
        }
        // As a person would name them who is in the folder.
        for path in &mut transcripts {
            if let Ok(plain) = path.strip_prefix(".") {
                *path = plain.to_owned();
            }
        }
        let component = match (component, &project) {
            (Some(component), _) => component,
            (None, Some(project)) => built(project)?,
            // Opening what is not there says what to do.
            (None, None) => Project::open(&start)?.component(),
        };
        Ok(Self {
            project,
            component,
            transcripts,
        })
    }
}

/// The component of a project, which has to be there.
pub(in crate::verbs) fn built(project: &Project) -> Result<PathBuf> {
    let component = project.component();
    if !component.is_file() {
        bail!(
            "`{}` is not there yet: build it with `{}`",
            component.display(),
            project.command("build")
        );
    }
    Ok(component)
}

/// The project that a folder is, or is in.
pub(in crate::verbs) fn find_project(folder: &Path) -> Result<Option<Project>> {
    let is_project = |folder: &Path| folder.join(project::FILE).is_file();
    // As it was named, so that what is printed begins with what was typed.
    if is_project(folder) {
        return Ok(Some(Project::open(folder)?));
    }
    let absolute = std::path::absolute(folder)
        .with_context(|| format!("cannot tell where `{}` is", folder.display()))?;
    match absolute.ancestors().find(|folder| is_project(folder)) {
        Some(folder) => Ok(Some(Project::open(folder)?)),
        None => Ok(None),
    }
}

fn parent(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => ".".into(),
    }
}

fn read(path: &Path) -> Result<String> {
    let cannot = || format!("cannot read `{}`", path.display());
    // Opening a pipe would wait for somebody who writes to it.
    if !fs::metadata(path).with_context(cannot)?.is_file() {
        bail!("`{}` is no file: name a transcript", path.display());
    }
    let file = File::open(path).with_context(cannot)?;
    let mut text = String::new();
    file.take(transcript::LONGEST + 1)
        .read_to_string(&mut text)
        .with_context(cannot)?;
    if text.len() as u64 > transcript::LONGEST {
        bail!(
            "`{}` is longer than {} bytes, which is the most of a transcript: split it",
            path.display(),
            transcript::LONGEST
        );
    }
    Ok(text)
}

fn parse(path: &Path, text: &str) -> Result<Transcript> {
    match Transcript::parse(text) {
        Ok(transcript) => Ok(transcript),
        Err(error) => bail!("{}:{error}", path.display()),
    }
}

/// Plays every case of a transcript.
fn play_all(stage: &Stage, path: &Path, text: &str, wait: Duration) -> Result<Vec<Outcome>> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut outcomes = Vec::new();
    for case in &parse(path, text)?.cases {
        stage.clear()?;
        let played = play::play(stage, case, Manner::Strict, wait)?;
        let log = stage.log()?;
        outcomes.push(Outcome {
            name: case
                .name
                .clone()
                .unwrap_or_else(|| stem.clone().into_owned()),
            line: case.line,
            used: Used::of(stage, &played, &log),
            played,
            log,
        });
    }
    Ok(outcomes)
}

/// The text with the cases that have failed as they go.
fn bless(
    stage: &Stage,
    path: &Path,
    text: &str,
    outcomes: &[Outcome],
    wait: Duration,
) -> Result<String> {
    let cases: Vec<Case> = parse(path, text)?.cases;
    let failed = cases.iter().zip(outcomes);
    let failed = failed.filter(|(_, outcome)| outcome.has_failed());
    let mut heard = Vec::new();
    for (case, _) in failed {
        stage.clear()?;
        let Played { came, .. } = play::play(stage, case, Manner::Listening, wait)?;
        heard.push((case, came));
    }
    let ports: Vec<_> = heard
        .iter()
        .flat_map(|(case, came)| case.ports.iter().zip(came))
        .collect();
    Ok(transcript::blessed(text, &ports))
}

impl Outcome {
    fn has_failed(&self) -> bool {
        !self.played.failures.is_empty()
    }
}
