//! A real Chromium, headless, driven over the DevTools protocol.
//!
//! The decision behind it: plain protocol over two pipes. No library of browser automation stands between the test and
//! the browser, so nothing adds flags of its own (one that is widely used disables extensions), nothing has to be
//! installed but the browser, and no port is opened that another test could reach.
//!
//! The browser runs in a temporary folder that is its profile and its `HOME`. It is killed, with everything that it
//! started, when the value is dropped; what it and the hosts printed is kept and is part of every error.
//!
//! It deliberately knows nothing of Portcullis: a host is a name and the path of a program, and which is right or
//! wrong is for the test to say.

mod connection;
mod exchange;
mod processes;
mod program;

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::json;
use tempfile::TempDir;

use connection::{Connection, Session};
pub use exchange::{Outcome, Step};
pub use processes::{started_from, wait_until_gone};

/// How long the browser may take for one step of its own: to start, to load the extension, to open a page. It takes a
/// tenth of a second for most, and several seconds on a machine that compiles something at the same time.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long [`Chromium::exchange`] waits for the driver's reply beyond the patience of its steps.
const GRACE: Duration = Duration::from_secs(5);

/// How long the temporary folder is tried to be removed: helpers of the browser that were killed a moment ago may still
/// be writing to it.
const REMOVAL: Duration = Duration::from_secs(2);

/// How often something that raises no event is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A running browser with one extension.
pub struct Chromium {
    child: Child,
    connection: Connection,
    extension: String,
    folder: TempDir,
}

/// Where in the extension a conversation is held. It belongs to the browser that made it.
pub struct Place {
    target: String,
    session: Session,
}

impl Chromium {
    /// Starts the browser and loads the unpacked extension in the folder `extension`.
    ///
    /// # Errors
    ///
    /// Where no browser is installed (the text says how to install one), or where it does not start, does not answer,
    /// or refuses the extension within 30 seconds.
    pub fn start(extension: &Path) -> Result<Self> {
        let program = program::find()?;
        let folder = tempfile::Builder::new()
            .prefix("portcullis-chromium-")
            .tempdir()
            .context("could not make a folder for the browser's profile")?;
        let (commands_end, commands) = std::io::pipe().context("could not make a pipe")?;
        let (events, events_end) = std::io::pipe().context("could not make a pipe")?;
        let mut command = Command::new(&program);
        command
            .args(program::FLAGS)
            .arg(format!(
                "--user-data-dir={}",
                profile(folder.path()).display()
            ))
            .arg("about:blank")
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(log(folder.path())).context("could not make the browser's log")?)
            .process_group(0);
        for variable in program::NOT_INHERITED {
            command.env_remove(variable);
        }
        command
            .fd_mappings(vec![
                FdMapping {
                    parent_fd: commands_end.into(),
                    child_fd: program::COMMANDS,
                },
                FdMapping {
                    parent_fd: events_end.into(),
                    child_fd: program::EVENTS,
                },
            ])
            .context("could not pass the pipes to the browser")?;
        let child = command
            .spawn()
            .with_context(|| format!("could not start the browser `{}`", program.display()))?;
        // The command holds the browser's ends of the pipes: while it lives, the end of the browser is not seen.
        drop(command);
        let mut browser = Self {
            child,
            connection: Connection::new(commands, events),
            extension: String::new(),
            folder,
        };
        browser.extension = browser
            .load(extension)
            .map_err(|error| browser.explain(error))?;
        Ok(browser)
    }

    /// The folder that is the browser's `HOME`.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// The origin that the browser gives the extension, `chrome-extension://<id>/`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("chrome-extension://{}/", self.extension)
    }

    /// Tells the browser of the native messaging host `name`: `program` is started for it, and `origin` may call it.
    /// The browser reads this at every connect, so it may be called at any time, and again.
    ///
    /// # Errors
    ///
    /// Where the manifest cannot be written.
    pub fn register(&self, name: &str, program: &Path, origin: &str) -> Result<()> {
        let folder = profile(self.folder.path()).join("NativeMessagingHosts");
        fs::create_dir_all(&folder).context("could not make the folder of the host manifests")?;
        let manifest = json!({
            "name": name,
            "description": format!("Registered by a test: {name}"),
            "path": program,
            "type": "stdio",
            "allowed_origins": [origin],
        });
        fs::write(folder.join(format!("{name}.json")), manifest.to_string())
            .with_context(|| format!("could not write the manifest of the host `{name}`"))
    }

    /// Opens the extension's page and returns when its script has run.
    ///
    /// # Errors
    ///
    /// Where the page does not open within 30 seconds.
    pub fn page(&mut self) -> Result<Place> {
        self.open_page().map_err(|error| self.explain(error))
    }

    /// Finds the extension's service worker and returns when its script has run. It stays alive as long as the place
    /// is in use, since a debugger is attached to it.
    ///
    /// # Errors
    ///
    /// Where the worker is not there within 30 seconds.
    pub fn worker(&mut self) -> Result<Place> {
        self.find_worker().map_err(|error| self.explain(error))
    }

    /// Performs the steps of one conversation with the host `host`, and returns as many outcomes.
    ///
    /// `conversation` names a port within the place: a later call with the same name goes on with it, unless a step
    /// has disconnected it or the host has ended. A step waits `patience` for the host, then its outcome is
    /// [`Outcome::Silence`].
    ///
    /// # Errors
    ///
    /// Where the browser, not the host, fails: it is gone, or does not answer in the time that the steps may take.
    pub fn exchange(
        &mut self,
        place: &Place,
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
        self.connection
            .evaluate(&place.session, &format!("exchange({plan})"), within)
            .and_then(|outcomes| Ok(serde_json::from_value::<Vec<Outcome>>(outcomes)?))
            .with_context(|| {
                format!("could not hold the conversation `{conversation}` with `{host}`")
            })
            .map_err(|error| self.explain(error))
    }

    /// Closes a page, as a person closes a tab.
    ///
    /// # Errors
    ///
    /// Where the browser does not answer.
    pub fn close(&mut self, page: Place) -> Result<()> {
        self.connection
            .call(
                None,
                "Target.closeTarget",
                json!({ "targetId": page.target }),
                PATIENCE,
            )
            .map(drop)
            .map_err(|error| self.explain(error))
    }

    /// Ends the browser as a person does, and returns when its process has ended.
    ///
    /// # Errors
    ///
    /// Where it has not ended after 30 seconds.
    pub fn quit(&mut self) -> Result<()> {
        // The browser may be gone before it has answered.
        let answer = self
            .connection
            .call(None, "Browser.close", json!({}), PATIENCE);
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait()?.is_none() {
            if Instant::now() > deadline {
                let error = answer
                    .err()
                    .unwrap_or_else(|| anyhow!("it said that it would"));
                return Err(
                    self.explain(error.context("the browser did not end when it was told to"))
                );
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    /// Ends the browser's main process with SIGKILL, as a crash would, and returns when it has ended.
    ///
    /// # Errors
    ///
    /// Where the signal cannot be sent.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// What the browser, and the hosts that it started, have printed so far. Empty where that cannot be read. The
    /// browser's complaints about a message bus, of which a container has none, are left out.
    #[must_use]
    pub fn printed(&self) -> String {
        let bytes = fs::read(log(self.folder.path())).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        text.split_inclusive('\n')
            .filter(|line| !line.contains(":dbus/"))
            .collect()
    }

    fn load(&mut self, extension: &Path) -> Result<String> {
        let folder = extension
            .canonicalize()
            .with_context(|| format!("could not find the extension `{}`", extension.display()))?;
        let loaded = self
            .connection
            .call(
                None,
                "Extensions.loadUnpacked",
                json!({ "path": folder }),
                PATIENCE,
            )
            .with_context(|| format!("could not load the extension `{}`", folder.display()))?;
        Ok(loaded["id"]
            .as_str()
            .context("the browser gave the extension no id")?
            .to_owned())
    }

    fn open_page(&mut self) -> Result<Place> {
        let url = format!("{}page.html", self.origin());
        let opened =
            self.connection
                .call(None, "Target.createTarget", json!({ "url": url }), PATIENCE)?;
        let target = opened["targetId"]
            .as_str()
            .context("the new page has no target")?
            .to_owned();
        self.attach(target)
    }

    fn find_worker(&mut self) -> Result<Place> {
        let url = format!("{}worker.js", self.origin());
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let targets = self
                .connection
                .call(None, "Target.getTargets", json!({}), PATIENCE)?;
            let worker = targets["targetInfos"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|target| target["type"] == "service_worker" && target["url"] == url)
                .and_then(|target| target["targetId"].as_str());
            if let Some(target) = worker {
                return self.attach(target.to_owned());
            }
            thread::sleep(LOOK_EVERY);
        }
        bail!("the extension's service worker did not start within {PATIENCE:?}")
    }

    fn attach(&mut self, target: String) -> Result<Place> {
        let attached = self.connection.call(
            None,
            "Target.attachToTarget",
            json!({ "targetId": target, "flatten": true }),
            PATIENCE,
        )?;
        let id = attached["sessionId"]
            .as_str()
            .context("the target has no session")?;
        let session = Session::new(id);
        let deadline = Instant::now() + PATIENCE;
        // A fresh target may still show an empty document, in which nothing is defined.
        while self
            .connection
            .evaluate(&session, "typeof exchange", PATIENCE)?
            != "function"
        {
            ensure!(
                Instant::now() < deadline,
                "the extension's script did not run within {PATIENCE:?}"
            );
            thread::sleep(LOOK_EVERY);
        }
        Ok(Place { target, session })
    }

    /// Puts what was printed beside what failed: the reason is often there.
    fn explain(&self, error: anyhow::Error) -> anyhow::Error {
        anyhow!(
            "{error:#}\n\nthe browser and its hosts printed:\n{}",
            self.printed()
        )
    }
}

impl Drop for Chromium {
    /// Ends the browser with all that it started: its helpers and its hosts stay in its process group.
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // Fails where nothing of the group is left, which is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
        let deadline = Instant::now() + REMOVAL;
        while fs::remove_dir_all(self.folder.path()).is_err()
            && self.folder.path().exists()
            && Instant::now() < deadline
        {
            thread::sleep(LOOK_EVERY);
        }
    }
}

/// Where a browser without a flag for it would have its profile, so that what registers hosts finds it there.
fn profile(folder: &Path) -> PathBuf {
    folder.join(".config/chromium")
}

fn log(folder: &Path) -> PathBuf {
    folder.join("stderr.log")
}
