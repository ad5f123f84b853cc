//! A real Firefox, headless, driven over Marionette.
//!
//! The decision behind it: plain protocol over the browser's own TCP port, as with Chromium's pipes. No program stands
//! between the test and the browser that would have to be installed in a fitting version.
//!
//! The browser runs in a temporary folder that is its profile and its `HOME`, so it looks for manifests there. It is
//! killed, with everything that it started, when the value is dropped. What a host prints is in the browser's console,
//! which is part of every error.
//!
//! Like the driver of Chromium it knows nothing of Portcullis.

mod marionette;
mod program;

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::chromium::{Outcome, Step};
use marionette::Marionette;

/// How long the browser may take for one step of its own. It takes four to seven seconds to start, and more on a machine
/// that compiles something at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long [`Firefox::exchange`] waits for the driver's reply beyond the patience of its steps.
const GRACE: Duration = Duration::from_secs(10);

/// How long the temporary folder is tried to be removed.
const REMOVAL: Duration = Duration::from_secs(2);

/// How often something that raises no event is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The host part of the extension's addresses, which the browser otherwise draws by lot. Any uuid does.
const ADDRESS: &str = "5b2b6b6e-3d0b-4c80-9f0e-0d6b0a1f7c11";

/// A running browser, with one extension whose page is open.
pub struct Firefox {
    child: Child,
    marionette: Marionette,
    folder: TempDir,
    page: String,
}

impl Firefox {
    /// Starts the browser, loads the unpacked extension in the folder `extension`, whose id is `id`, and opens its page.
    ///
    /// # Errors
    ///
    /// Where no browser is installed (the text says how to install one), or where it does not start, does not answer,
    /// or refuses the extension within a minute.
    pub fn start(extension: &Path, id: &str) -> Result<Self> {
        let program = program::find()?;
        let folder = tempfile::Builder::new()
            .prefix("portcullis-firefox-")
            .tempdir()
            .context("could not make a folder for the browser's profile")?;
        let profile = folder.path().join("profile");
        fs::create_dir(&profile).context("could not make the browser's profile")?;
        fs::write(profile.join("user.js"), program::preferences(id, ADDRESS))
            .context("could not write the browser's preferences")?;
        let log = File::create(log(folder.path())).context("could not make the browser's log")?;
        let mut command = Command::new(&program);
        command
            .args(program::FLAGS)
            .arg("--profile")
            .arg(&profile)
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        for variable in program::NOT_INHERITED {
            command.env_remove(variable);
        }
        let child = command
            .spawn()
            .with_context(|| format!("could not start the browser `{}`", program.display()))?;
        // From here on the browser is ended whatever happens.
        let mut started = Started {
            child: Some(child),
            folder: Some(folder),
        };
        let marionette = connect(&profile, &mut started)
            .map_err(|error| anyhow!("{error:#}\n\nthe browser printed:\n{}", started.printed()))?;
        let (child, folder) = started.keep().context("it was just started")?;
        let page = format!("moz-extension://{ADDRESS}/page.html");
        let mut browser = Self {
            child,
            marionette,
            folder,
            page,
        };
        browser
            .open(extension)
            .map_err(|error| browser.explain(error))?;
        Ok(browser)
    }

    /// The folder that is the browser's `HOME`.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Performs the steps of one conversation with the host `host` from the extension's page, and returns as many
    /// outcomes. See [`Chromium::exchange`](crate::chromium::Chromium::exchange).
    ///
    /// # Errors
    ///
    /// Where the browser, not the host, fails.
    pub fn exchange(
        &mut self,
        conversation: &str,
        host: &str,
        steps: &[Step],
        patience: Duration,
    ) -> Result<Vec<Outcome>> {
        let plan = json!({
            "conversation": conversation,
            "host": host,
            "steps": steps,
            "patience": u64::try_from(patience.as_millis())?,
        });
        let within = patience * u32::try_from(steps.len())? + GRACE;
        let answered = self
            .marionette
            .evaluate("return exchange(arguments[0]);", &[plan], within);
        answered
            .and_then(|outcomes| Ok(serde_json::from_value::<Vec<Outcome>>(outcomes)?))
            .with_context(|| {
                format!("could not hold the conversation `{conversation}` with `{host}`")
            })
            .map_err(|error| self.explain(error))
    }

    /// Leaves the extension's page, as a person closes its tab. The browser goes on.
    ///
    /// # Errors
    ///
    /// Where the browser does not answer.
    pub fn leave_page(&mut self) -> Result<()> {
        self.marionette
            .navigate("about:blank", PATIENCE)
            .map_err(|error| self.explain(error))
    }

    /// Opens the extension's page again.
    ///
    /// # Errors
    ///
    /// Where it does not open.
    pub fn open_page(&mut self) -> Result<()> {
        let page = self.page.clone();
        self.show(&page).map_err(|error| self.explain(error))
    }

    /// Everything in the browser's console: there it says why it takes no host, and what hosts have printed.
    ///
    /// # Errors
    ///
    /// Where the browser does not answer.
    pub fn console(&mut self) -> Result<Vec<String>> {
        let messages = self.marionette.evaluate_in_chrome(
            "return Services.console.getMessageArray().map((one) => one.message ?? String(one));",
            PATIENCE,
        )?;
        Ok(serde_json::from_value(messages)?)
    }

    /// Ends the browser as a person does, and returns when its process has ended.
    ///
    /// # Errors
    ///
    /// Where it has not ended after a minute.
    pub fn quit(&mut self) -> Result<()> {
        // It may be gone before it has answered.
        let answer = self.marionette.call(
            "Marionette:Quit",
            json!({ "flags": ["eForceQuit"] }),
            PATIENCE,
        );
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            ensure!(
                Instant::now() < deadline,
                "the browser did not end when it was told to: {answer:?}"
            );
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn open(&mut self, extension: &Path) -> Result<()> {
        let folder = extension
            .canonicalize()
            .with_context(|| format!("could not find the extension `{}`", extension.display()))?;
        self.marionette.call(
            "WebDriver:NewSession",
            json!({ "capabilities": {} }),
            PATIENCE,
        )?;
        self.marionette
            .call(
                "Addon:Install",
                json!({ "path": folder, "temporary": true }),
                PATIENCE,
            )
            .with_context(|| format!("could not load the extension `{}`", folder.display()))?;
        let page = self.page.clone();
        self.show(&page)
    }

    fn show(&mut self, page: &str) -> Result<()> {
        self.marionette.navigate(page, PATIENCE)?;
        let deadline = Instant::now() + PATIENCE;
        // The page's script is a module, which runs after the page is there.
        while self
            .marionette
            .evaluate("return typeof exchange;", &[], PATIENCE)?
            != "function"
        {
            ensure!(
                Instant::now() < deadline,
                "the extension's script did not run within {PATIENCE:?}"
            );
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Puts what was printed beside what failed: the reason is often there.
    fn explain(&mut self, error: anyhow::Error) -> anyhow::Error {
        let console = self.console().unwrap_or_default().join("\n");
        let printed = fs::read_to_string(log(self.folder.path())).unwrap_or_default();
        anyhow!("{error:#}\n\nthe browser's console:\n{console}\n\nthe browser printed:\n{printed}")
    }
}

impl Drop for Firefox {
    fn drop(&mut self) {
        end(&mut self.child, self.folder.path());
    }
}

/// A browser that does not answer yet.
struct Started {
    child: Option<Child>,
    folder: Option<TempDir>,
}

impl Started {
    fn keep(mut self) -> Option<(Child, TempDir)> {
        self.child.take().zip(self.folder.take())
    }

    fn has_ended(&mut self) -> bool {
        self.child
            .as_mut()
            .is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    fn printed(&self) -> String {
        let path = self.folder.as_ref().map(|folder| log(folder.path()));
        path.and_then(|path| fs::read_to_string(path).ok())
            .unwrap_or_default()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let (Some(child), Some(folder)) = (&mut self.child, &self.folder) {
            end(child, folder.path());
        }
    }
}

/// Waits for the port that the browser has taken, which it writes into its profile.
fn connect(profile: &Path, started: &mut Started) -> Result<Marionette> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let written = fs::read_to_string(profile.join("MarionetteActivePort")).unwrap_or_default();
        if let Ok(port) = written.trim().parse() {
            return Marionette::connect(port, PATIENCE);
        }
        ensure!(!started.has_ended(), "the browser ended at its start");
        ensure!(
            Instant::now() < deadline,
            "the browser did not start within {PATIENCE:?}"
        );
        thread::sleep(LOOK_EVERY);
    }
}

/// Ends the browser with all that it started, which stays in its process group, and removes the folder.
fn end(child: &mut Child, folder: &Path) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Fails where nothing of the group is left, which is what is wanted.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
    let deadline = Instant::now() + REMOVAL;
    while fs::remove_dir_all(folder).is_err() && folder.exists() && Instant::now() < deadline {
        thread::sleep(LOOK_EVERY);
    }
}

fn log(folder: &Path) -> PathBuf {
    folder.join("printed.log")
}

/// What a JSON value is that should have been another one.
fn unexpected(what: &str, value: &Value) -> anyhow::Error {
    anyhow!("the browser answered with {value} where {what} was expected")
}
