//! A throw-away home folder, filled by the real `portcullis`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::programs;

/// The extension that tests come from, where they do not say.
pub const ORIGIN: &str = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";

/// A second extension, a stranger to the policies of most tests.
pub const OTHER_ORIGIN: &str = "chrome-extension://abcdefghijklmnopabcdefghijklmnop/";

/// The Mozilla add-on that tests come from, where they do not say.
pub const ADD_ON: &str = "native@tests.mozilla.org";

/// A home folder that is gone, with everything in it, when the value is dropped.
pub struct Home {
    folder: TempDir,
    path: PathBuf,
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}

impl Home {
    /// An empty home, of mode 0700: no policy, no plugins.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("portcullis-test-")
            .tempdir()
            .expect("the system's temporary folder can be written");
        let path = folder.path().join("home");
        fs::create_dir(&path).expect("a new temporary folder takes a folder");
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .expect("the folder is our own");
        Self { folder, path }
    }

    /// The home folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A folder beside the home, gone with it: for files that a test hands to the programs.
    pub fn beside(&self) -> &Path {
        self.folder.path()
    }

    /// `portcullis` with these arguments, bound to this home, not yet started; no input, output and stderr kept.
    pub fn portcullis<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(programs::portcullis());
        command
            .args(arguments)
            .env("PORTCULLIS_HOME", &self.path)
            .env_remove("PORTCULLIS_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Stores and compiles a plugin by the real `portcullis add`.
    ///
    /// # Panics
    ///
    /// When that refuses, with what it said.
    #[track_caller]
    pub fn add(&self, name: &str, file: &Path) -> &Self {
        let mut command = self.portcullis(["add", "--name", name]);
        let output = command
            .arg(file)
            .output()
            .expect("the program was just built");
        assert!(
            output.status.success(),
            "`portcullis add {} --name {name}` ended with {}\n{}",
            file.display(),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        self
    }

    /// Adds one route to the policy, with the default limits and no grant.
    pub fn route(&self, origin: &str, plugin: &str) -> &Self {
        let path = self.path.join("policy.toml");
        let before = fs::read_to_string(&path).unwrap_or_else(|_| "version = 1\n".to_owned());
        self.policy(&format!(
            "{before}\n[[route]]\norigin = \"{origin}\"\nplugin = \"{plugin}\"\n"
        ))
    }

    /// The line of a grant that approves the installed build of a plugin: `approved = "sha256:…"`.
    pub fn approved(&self, plugin: &str) -> String {
        let listed = self.portcullis(["list", "--json"]).output();
        let listed = listed.expect("the program was just built").stdout;
        let listed: serde_json::Value =
            serde_json::from_slice(&listed).expect("`list --json` prints JSON");
        let plugins = listed.as_array().expect("a list of plugins");
        let installed = plugins.iter().find(|entry| entry["name"] == plugin);
        let digest = installed.and_then(|entry| entry["sha256"].as_str());
        let digest = digest.unwrap_or_else(|| panic!("`{plugin}` is not installed"));
        format!("approved = \"sha256:{digest}\"\n")
    }

    /// Writes `policy.toml` as it stands here, mode 0600.
    pub fn policy(&self, text: &str) -> &Self {
        self.write("policy.toml", text.as_bytes())
    }

    /// Writes a file of the home, mode 0600.
    pub fn write(&self, name: &str, bytes: &[u8]) -> &Self {
        let path = self.path.join(name);
        let mut options = OpenOptions::new();
        options.create(true).truncate(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&path)
            .and_then(|mut file| file.write_all(bytes))
            .unwrap_or_else(|error| panic!("could not write `{}`: {error}", path.display()));
        self
    }

    /// Everything that is in the log file; empty when there is none.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.path.join("logs").join("portcullis.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The launcher of a host name, as a registration leaves it: `hosts/<host name>`, a symbolic link to the host. On
    /// Windows `hosts/<host name>.exe`, a copy, and a file beside it with the folder that the host is in.
    pub fn launcher(&self, host_name: &str) -> PathBuf {
        let hosts = self.path.join("hosts");
        fs::create_dir_all(&hosts).expect("the home can be written");
        let launcher = hosts.join(format!("{host_name}{}", std::env::consts::EXE_SUFFIX));
        if launcher.symlink_metadata().is_err() {
            link(programs::host(), &launcher)
                .unwrap_or_else(|error| panic!("could not make `{}`: {error}", launcher.display()));
        }
        launcher
    }
}

#[cfg(unix)]
fn link(host: &Path, launcher: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(host, launcher)
}

#[cfg(windows)]
fn link(host: &Path, launcher: &Path) -> io::Result<()> {
    let folder = host.parent().unwrap_or(Path::new(""));
    fs::write(
        launcher.with_extension("program"),
        folder.as_os_str().as_encoded_bytes(),
    )?;
    fs::copy(host, launcher).map(drop)
}
