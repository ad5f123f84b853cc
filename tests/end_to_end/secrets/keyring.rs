//! A real Secret Service: GNOME Keyring on a bus of its own, unlocked, locked and absent.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Home, ORIGIN, PATIENCE};
use tempfile::TempDir;

use super::{
    PLUGIN, absent, change, delete, done, empty_home, end, error, get, grant_in, set_by, value,
};
use crate::fixture::HELLO;

/// A desktop session with a bus at its usual place. Everything of it is gone when it is dropped.
struct Session {
    folder: TempDir,
    bus: Child,
    keyring: Option<Child>,
}

/// A bus that starts nothing by itself: the usual one starts a keyring for whoever asks for one.
fn configuration_of(socket: &Path) -> String {
    format!(
        "<busconfig><type>session</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>\
         <policy context=\"default\"><allow send_destination=\"*\"/><allow receive_sender=\"*\"/>\
         <allow own=\"*\"/><allow user=\"*\"/></policy></busconfig>",
        socket.display()
    )
}

/// Whether somebody has given the keyring its password.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lock {
    Open,
    Locked,
}

impl Session {
    /// A session with a bus and no keyring.
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("bus");
        let configuration = folder.path().join("bus.conf");
        fs::write(&configuration, configuration_of(&socket)).expect("written");
        // The session ends with its program, which ends with its input: also where the test is killed.
        let bus = Command::new("dbus-run-session")
            .arg(format!("--config-file={}", configuration.display()))
            .args(["--", "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let bus = bus.expect("`dbus-run-session` is missing: `apt-get install dbus` installs it");
        wait_for(&socket);
        Self {
            folder,
            bus,
            keyring: None,
        }
    }

    fn with_keyring(lock: Lock) -> Self {
        let mut session = Self::new();
        session.start_keyring(lock);
        session
    }

    fn start_keyring(&mut self, lock: Lock) {
        let mut command = Command::new("gnome-keyring-daemon");
        command.args(["--foreground", "--components=secrets"]);
        if lock == Lock::Open {
            command.arg("--unlock");
        }
        let control = self.folder.path().join("keyring");
        drop(fs::remove_dir_all(&control));
        self.put_into(&mut command);
        command.env("DBUS_SESSION_BUS_ADDRESS", self.address());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect(
                "`gnome-keyring-daemon` is missing: `apt-get install gnome-keyring` installs it",
            );
        // The password, which is empty, and its end.
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(b"\n").expect("it reads");
        drop(input);
        self.keyring = Some(child);
        wait_for(&control.join("control"));
        self.wait_for_the_service();
    }

    /// Waits until the keyring has a name on the bus and a collection to put things into.
    fn wait_for_the_service(&self) {
        let given_up = Instant::now() + PATIENCE;
        loop {
            let asked = Command::new("dbus-send")
                .args(["--session", "--print-reply"])
                .args(["--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
                .arg("org.freedesktop.Secret.Service.ReadAlias")
                .arg("string:default")
                .env("DBUS_SESSION_BUS_ADDRESS", self.address())
                .output()
                .expect("it comes with `dbus-run-session`");
            if String::from_utf8_lossy(&asked.stdout).contains("/secrets/collection/") {
                return;
            }
            assert!(
                Instant::now() < given_up,
                "the keyring is not there: {asked:?}"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop_keyring(&mut self) {
        if let Some(mut keyring) = self.keyring.take() {
            let _ = keyring.kill();
            let _ = keyring.wait();
        }
    }

    fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    /// The variables of this session, without the address of its bus, as a browser starts its hosts.
    fn put_into(&self, command: &mut Command) {
        command
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("XDG_DATA_HOME", self.folder.path().join("data"))
            .env("HOME", self.folder.path())
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env_remove("GNOME_KEYRING_CONTROL");
    }

    fn browser(&self, home: &Home) -> Browser {
        Browser::chromium(home)
            .environment("XDG_RUNTIME_DIR", self.folder.path())
            .without_environment("DBUS_SESSION_BUS_ADDRESS")
    }

    /// `portcullis` in this session.
    fn portcullis(&self, home: &Home, arguments: &[&str]) -> Command {
        let mut command = home.portcullis(arguments.iter().copied());
        self.put_into(&mut command);
        command
    }

    fn set(&self, home: &Home, name: &str, value: &str) {
        let command = self.portcullis(home, &["secret", "set", ORIGIN, PLUGIN, name]);
        set_by(command, value);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.stop_keyring();
        drop(self.bus.stdin.take());
        let _ = self.bus.wait();
    }
}

#[track_caller]
fn wait_for(path: &Path) {
    let given_up = Instant::now() + PATIENCE;
    while !path.exists() {
        assert!(Instant::now() < given_up, "no `{}`", path.display());
        thread::sleep(Duration::from_millis(10));
    }
}

fn home_with_keyring(secrets: &str) -> Home {
    let home = empty_home();
    grant_in(&home, "keyring", ORIGIN, secrets);
    home
}

#[test]
fn a_keyring_keeps_what_is_set_and_is_found_without_an_address() {
    let session = Session::with_keyring(Lock::Open);
    let home = home_with_keyring(r#""token", { name = "key", write = true }"#);
    session.set(&home, "token", "of a person");
    let mut port = session.browser(&home).start();
    assert_eq!(get(&mut port, "token"), value("of a person"));
    assert_eq!(get(&mut port, "key"), absent());
    assert_eq!(change(&mut port, "key", "first"), done());
    let odd = "\u{1f511} \"\n\u{0}";
    assert_eq!(change(&mut port, "key", odd), done(), "over another one");
    assert_eq!(change(&mut port, "token", "x"), error("read-only"));
    end(port);

    let mut port = session.browser(&home).start();
    assert_eq!(get(&mut port, "key"), value(odd));
    assert_eq!(delete(&mut port, "key"), done());
    assert_eq!(delete(&mut port, "key"), done());
    end(port);
    let mut port = session.browser(&home).start();
    assert_eq!(get(&mut port, "key"), absent());
    assert_eq!(get(&mut port, "token"), value("of a person"));
    end(port);
    assert!(!home.path().join("secrets").exists(), "no file beside it");

    let list = ["secret", "list", ORIGIN, PLUGIN];
    let listed = session
        .portcullis(&home, &list)
        .output()
        .expect("it starts");
    let table = "NAME   SET  GRANTED\nkey    no   to read and write\ntoken  yes  to read\n";
    assert_eq!(String::from_utf8_lossy(&listed.stdout), table, "{listed:?}");

    // The same plugin for the same extension in another home is another one.
    let other = home_with_keyring(r#""token""#);
    let mut port = session.browser(&other).start();
    assert_eq!(get(&mut port, "token"), absent());
    end(port);
}

#[test]
fn a_bus_that_is_named_is_used() {
    let session = Session::with_keyring(Lock::Open);
    let home = home_with_keyring(r#""token""#);
    session.set(&home, "token", "value");
    let nowhere: PathBuf = session.folder.path().join("nowhere");
    let mut port = session
        .browser(&home)
        .environment("XDG_RUNTIME_DIR", nowhere)
        .environment("DBUS_SESSION_BUS_ADDRESS", session.address())
        .start();
    assert_eq!(get(&mut port, "token"), value("value"));
    end(port);
}

#[test]
fn a_locked_keyring_is_unavailable_and_nobody_is_asked() {
    let mut session = Session::with_keyring(Lock::Open);
    let home = home_with_keyring(r#""token", { name = "key", write = true }"#);
    session.set(&home, "token", "value");
    session.stop_keyring();
    session.start_keyring(Lock::Locked);
    let mut port = session.browser(&home).start();
    let began = Instant::now();
    assert_eq!(get(&mut port, "token"), error("unavailable"));
    assert_eq!(
        get(&mut port, "key"),
        error("unavailable"),
        "not `never set`"
    );
    assert_eq!(change(&mut port, "key", "x"), error("unavailable"));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(4), "it took {took:?}");
    port.ask(HELLO).expect_text(r#"{"hello":true}"#);
    end(port);
    let log = home.log();
    assert!(
        log.contains("secret `token` is unavailable: the keyring is locked"),
        "{log}"
    );
}

#[test]
fn an_absent_keyring_is_unavailable_and_no_file_takes_its_place() {
    let bus_alone = Session::new();
    let folder = tempfile::tempdir().expect("a folder");
    for runtime_folder in [bus_alone.folder.path(), folder.path()] {
        let home = home_with_keyring(r#""token", { name = "key", write = true }"#);
        let mut port = bus_alone
            .browser(&home)
            .environment("XDG_RUNTIME_DIR", runtime_folder)
            .start();
        assert_eq!(get(&mut port, "token"), error("unavailable"));
        assert_eq!(change(&mut port, "key", "x"), error("unavailable"));
        port.ask(HELLO).expect_text(r#"{"hello":true}"#);
        end(port);
        assert!(home.log().contains("there is no keyring"), "{}", home.log());
        assert!(!home.path().join("secrets").exists());
    }
}

#[test]
fn a_keyring_that_comes_later_takes_changes() {
    let mut session = Session::new();
    let home = home_with_keyring(r#"{ name = "key", write = true }"#);
    let mut port = session.browser(&home).start();
    assert_eq!(change(&mut port, "key", "x"), error("unavailable"));
    session.start_keyring(Lock::Open);
    assert_eq!(change(&mut port, "key", "y"), done());
    assert_eq!(get(&mut port, "key"), value("y"));
    end(port);
}
