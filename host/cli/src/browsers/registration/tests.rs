//! Registrations on machines in a temporary folder, of every system.

use std::path::PathBuf;
use std::time::Duration;

use portcullis_core::home::HomeLock;

use super::super::Platform;
use super::super::registry::{Found, Hive, View};
use super::super::table::find;
use super::super::testing::Fake;
use super::withdrawal::Kind;
use super::*;

const CHROME_ID: &str = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";
const ADD_ON: &str = "notes@example.com";

/// A machine with a home.
struct Stage {
    fake: Fake,
    ground: Ground,
    lock: HomeLock,
    program: PathBuf,
}

impl Stage {
    fn new(platform: Platform) -> Self {
        let fake = Fake::new(platform);
        let root = fake.path("home");
        let home = Home::create(&root).expect("a home");
        let lock = HomeLock::take(&home, "test", Duration::ZERO).expect("free");
        let program = fake.write("programs/portcullis-host.exe", "a program");
        Self {
            ground: Ground::of_user(&root),
            fake,
            lock,
            program,
        }
    }

    fn record(&self) -> Record {
        Record::load(self.lock.home()).expect("it reads")
    }

    fn plan(&self, name: &str, allowed: &[&str], browsers: &[&str]) -> Plan {
        let platform = self.fake.machine.surroundings.platform;
        let wish = Wish {
            host: name.parse().expect("a name"),
            allowed: allowed
                .iter()
                .map(|one| one.parse().expect("an origin"))
                .collect(),
            browsers: browsers
                .iter()
                .map(|id| find(platform, id).expect("a row"))
                .collect(),
            scope: Scope::User,
        };
        plan(
            &self.fake.machine,
            &self.ground,
            &self.record(),
            wish,
            &self.program,
        )
        .expect("a plan")
    }

    fn register(&self, name: &str, allowed: &[&str], browsers: &[&str]) -> Vec<String> {
        let plan = self.plan(name, allowed, browsers);
        let shown = self.steps(&plan);
        let failures = plan.carry_out_for_user(&self.fake.machine, &self.lock, &self.program);
        assert!(failures.expect("it is noted").is_empty());
        shown
    }

    /// `ids: place: state`, without the temporary folder.
    fn steps(&self, plan: &Plan) -> Vec<String> {
        let show = |step: &Step| {
            let ids: Vec<_> = step.browsers.iter().map(|browser| browser.id).collect();
            let state = match &step.state {
                State::Foreign { .. } => "Foreign".to_owned(),
                state => format!("{state:?}"),
            };
            let place = match &step.place {
                Place::File(path) => self.fake.shown(&path.display().to_string()),
                Place::Key(key) => key.to_string(),
            };
            format!("{}: {place}: {state}", ids.join("+"))
        };
        plan.steps.iter().map(show).collect()
    }

    fn unregister(&self, name: &str, browsers: &[&str]) -> Vec<Kind> {
        let platform = self.fake.machine.surroundings.platform;
        let browsers: Vec<_> = browsers
            .iter()
            .map(|id| find(platform, id).expect("a row"))
            .collect();
        let host: HostName = name.parse().expect("a name");
        let withdrawal = withdrawal::plan(
            &self.fake.machine,
            &self.ground,
            &self.record(),
            &host,
            &browsers,
        );
        let withdrawal = withdrawal.expect("a plan");
        withdrawal
            .carry_out_for_user(&self.fake.machine, &self.lock)
            .expect("it is done");
        withdrawal
            .removals
            .iter()
            .map(|removal| removal.kind)
            .collect()
    }
}

#[test]
fn a_second_time_changes_nothing_and_the_way_back_leaves_nothing() {
    for platform in [Platform::Linux, Platform::MacOs, Platform::Windows] {
        let stage = Stage::new(platform);
        let browsers = ["chrome", "edge", "firefox"];
        let first = stage.register("a.b", &[CHROME_ID, ADD_ON], &browsers);
        assert!(
            first.iter().all(|step| step.ends_with(": Missing")),
            "{first:?}"
        );
        let second = stage.register("a.b", &[CHROME_ID, ADD_ON], &browsers);
        assert_eq!(second.len(), first.len());
        assert!(
            second.iter().all(|step| step.ends_with(": Same")),
            "{second:?}"
        );
        let kinds = stage.unregister("a.b", &[]);
        assert!(kinds.iter().all(|kind| *kind == Kind::Ours), "{kinds:?}");
        assert_eq!(kinds.len(), first.len());
        assert_eq!(stage.record(), Record::default());
        assert_eq!(stage.fake.registry.keys(), Vec::<String>::new());
        let hosts = fs::read_dir(stage.lock.home().hosts()).expect("the folder stays");
        assert_eq!(hosts.count(), 0, "{platform:?}");
        assert!(!stage.fake.path("home/manifests/chromium/a.b.json").exists());
        assert_eq!(stage.unregister("a.b", &[]), []);
    }
}

#[test]
fn windows_gets_one_file_for_each_family_and_the_keys_that_are_read() {
    let stage = Stage::new(Platform::Windows);
    stage.register(
        "a.b",
        &[CHROME_ID, ADD_ON],
        &["chrome", "chromium", "brave", "edge", "firefox", "zen"],
    );
    assert_eq!(
        stage.fake.registry.keys(),
        [
            r"HKCU\Software\Chromium\NativeMessagingHosts\a.b",
            r"HKCU\Software\Google\Chrome\NativeMessagingHosts\a.b",
            r"HKCU\Software\Microsoft\Edge\NativeMessagingHosts\a.b",
            r"HKCU\Software\Mozilla\NativeMessagingHosts\a.b",
        ]
    );
    for family in [Family::Chromium, Family::Mozilla] {
        let file = stage
            .fake
            .path("home/manifests")
            .join(family.as_str())
            .join("a.b.json");
        let text = fs::read(file).expect("it is there");
        portcullis_core::manifest::read(family, &text, "a.b").expect("it is taken");
    }
}

#[test]
fn a_foreign_value_or_file_is_seen_as_that() {
    let stage = Stage::new(Platform::Windows);
    let other = stage
        .fake
        .write("other.json", r#"{"path":"C:\\other.exe"}"#);
    let other = other.display().to_string();
    for value in [
        Found::Text(other),
        Found::Text("C:/gone.json".to_owned()),
        Found::NotText,
    ] {
        let path = r"Software\Mozilla\NativeMessagingHosts\a.b";
        stage
            .fake
            .registry
            .put(Hive::User, View::Bits64, path, value);
        let plan = stage.plan("a.b", &[ADD_ON], &["firefox"]);
        assert_eq!(plan.foreign().count(), 1, "{:?}", plan.steps);
        assert_eq!(stage.unregister("a.b", &[]), [Kind::Foreign]);
    }
}

#[test]
fn a_shared_folder_is_written_once_and_kept_for_who_still_reads_it() {
    let stage = Stage::new(Platform::Linux);
    let steps = stage.register("a.b", &[CHROME_ID], &["chrome", "opera"]);
    assert_eq!(
        steps,
        ["chrome+opera: /user/.config/google-chrome/NativeMessagingHosts/a.b.json: Missing"]
    );
    assert_eq!(stage.unregister("a.b", &["opera"]), [Kind::Shared]);
    assert_eq!(stage.record().hosts()[0].browsers, ["chrome"]);
    assert_eq!(stage.unregister("a.b", &["chrome"]), [Kind::Ours]);
    assert_eq!(stage.record(), Record::default());
}

#[test]
fn the_list_of_extensions_is_the_whole_list_everywhere() {
    let stage = Stage::new(Platform::Linux);
    stage.register("a.b", &[CHROME_ID, ADD_ON], &["chromium", "firefox"]);
    // Only one browser is named, and the other must not go on with the old list.
    let steps = stage.register("a.b", &["other@example.com"], &["firefox"]);
    assert_eq!(
        steps,
        [
            "chromium: /user/.config/chromium/NativeMessagingHosts/a.b.json: Obsolete",
            "firefox: /user/.mozilla/native-messaging-hosts/a.b.json: Outdated",
        ]
    );
    assert!(
        !stage
            .fake
            .path("user/.config/chromium/NativeMessagingHosts/a.b.json")
            .exists()
    );
    let steps = stage.register("a.b", &[CHROME_ID, "other@example.com"], &["firefox"]);
    assert!(
        steps[0].ends_with("chromium/NativeMessagingHosts/a.b.json: Missing"),
        "{steps:?}"
    );
}

#[test]
fn who_cannot_use_it_is_skipped_with_the_reason() {
    let stage = Stage::new(Platform::Linux);
    stage
        .fake
        .write("user/snap/chromium/common/chromium/Default/x", "");
    stage.fake.write("user/.librewolf/profiles.ini", "");
    let plan = stage.plan("A.b", &[CHROME_ID, ADD_ON], &[]);
    let why = |plan: &Plan, id: &str| {
        let skipped = plan.skipped.iter().find(|skipped| skipped.browser.id == id);
        skipped.map(|skipped| skipped.why.word())
    };
    assert_eq!(
        stage.steps(&plan),
        ["librewolf: /user/.librewolf/native-messaging-hosts/A.b.json: Missing"]
    );
    assert_eq!(why(&plan, "chromium-snap"), Some("name"));
    assert_eq!(why(&plan, "chrome"), Some("not-installed"));
    let plan = stage.plan("a.b", &[CHROME_ID], &[]);
    assert_eq!(why(&plan, "chromium-snap"), Some("out-of-reach"));
    assert_eq!(why(&plan, "librewolf"), Some("no-extension"));
}

#[test]
fn a_confined_browser_is_served_where_it_can_reach_the_programs() {
    let fake = Fake::new(Platform::Linux);
    let root = fake.path("user/snap/chromium/common/portcullis");
    fs::create_dir_all(&root).expect("a folder");
    let chromium = find(Platform::Linux, "chromium-snap").expect("a row");
    let inside = root.join("portcullis-host");
    assert_eq!(out_of_reach(&fake.machine, chromium, &root, &inside), None);
    for (root, program) in [
        (root, fake.path("bin/portcullis-host")),
        (fake.path("home"), inside),
    ] {
        let sentence = out_of_reach(&fake.machine, chromium, &root, &program).expect("it cannot");
        assert!(
            fake.shown(&sentence)
                .contains("only programs below `/user/snap/chromium`"),
            "{sentence}"
        );
    }
}
