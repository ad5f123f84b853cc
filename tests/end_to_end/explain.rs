//! `policy explain` against the running host: whatever the policy and the question, both say the same.
//!
//! The policies are random, from a seed that is printed when they disagree and can be set with
//! `PORTCULLIS_TEST_SEED`. Each is asked about through one port, as an extension would, and through the verb.

use std::fs;

use portcullis_tests::{Browser, Home, ORIGIN, OTHER_ORIGIN, guests};
use serde_json::{Value, json};

use crate::cli::{file, listed, run, text};

/// Random policies, and questions about each.
const POLICIES: usize = 14;
const QUESTIONS: usize = 5;

/// A sequence of numbers that looks random and is the same for the same seed (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// The seed that is used where none is set: any number but 0 does.
const SEED: u64 = 0x5eed_900d;

fn seed() -> u64 {
    match std::env::var("PORTCULLIS_TEST_SEED") {
        Ok(text) => text
            .parse()
            .expect("PORTCULLIS_TEST_SEED is a number above 0"),
        Err(_) => SEED,
    }
}

/// Plugins of several builds, and folders with a file in each.
struct Stage {
    home: Home,
    /// Each plugin with its builds, the installed one last.
    plugins: Vec<(&'static str, Vec<String>)>,
}

const LESS: &str = "storage = { reason = \"r\" }\n";
const MORE: &str = "storage = { reason = \"r\" }\nsecrets = [{ name = \"new\", reason = \"r\" }]\n";

fn stage() -> Stage {
    let home = Home::new();
    let mut plugins = Vec::new();
    for (name, builds) in [("steady", [MORE, LESS]), ("grown", [LESS, MORE])] {
        let mut digests = Vec::new();
        for (version, requests) in builds.iter().enumerate() {
            let manifest = format!(
                "name = \"{name}\"\nversion = \"{version}\"\ndescription = \"d\"\n[requests]\n{requests}"
            );
            let manifest = file(&home, "plugin.toml", manifest.as_bytes());
            let build = text(&home.beside().join("build.wasm")).to_owned();
            let guest = guests::powers();
            let packed = [
                "pack",
                text(&guest),
                "--manifest",
                &manifest,
                "--output",
                &build,
            ];
            assert_eq!(run(&home, packed).code, 0);
            let added = run(&home, ["add", &build, "--replace"]);
            assert_eq!(added.code, 0, "{added:?}");
            digests.push(digest(&home, name));
        }
        plugins.push((name, digests));
    }
    home.add("silent", &guests::powers());
    plugins.push(("silent", vec![digest(&home, "silent")]));
    // Whichever folder stands for `/`, and whichever below it, every path that is tried has a file.
    for folder in ["a", "a/inner", "b"] {
        for below in ["", "notes", "notes/inner", "inner", "b", "elsewhere"] {
            let folder = home.beside().join(folder).join(below);
            fs::create_dir_all(&folder).expect("made");
            fs::write(folder.join("file"), "x").expect("written");
        }
    }
    Stage { home, plugins }
}

fn digest(home: &Home, name: &str) -> String {
    let list = listed(home);
    let list = list.as_array().expect("an array");
    let plugin = list.iter().find(|plugin| plugin["name"] == name);
    let digest = plugin.and_then(|plugin| plugin["sha256"].as_str());
    digest.expect("it is installed").to_owned()
}

/// Conditions of routes that may stand in one policy: of two that can fit one message, one is narrower.
const CONDITIONS: [&[&str]; 2] = [
    &[
        "",
        "when = { \"/to\" = \"x\" }\n",
        "when = { \"/to\" = \"y\" }\n",
        "host-name = \"com.example.one\"\nwhen = { \"/to\" = \"x\" }\n",
    ],
    &[
        "",
        "host-name = \"com.example.one\"\n",
        "host-name = \"com.example.one\"\nwhen = { \"/to\" = \"x\" }\n",
        "host-name = \"com.example.two\"\nwhen = { \"/to\" = \"y\" }\n",
    ],
];

const GUEST_FOLDERS: [&str; 4] = ["/notes", "/notes/inner", "/b", "/"];

fn random_policy(stage: &Stage, dice: &mut Dice) -> String {
    let mut policy = "version = 1\nsecrets-backend = \"file\"\n".to_owned();
    let conditions = *dice.pick(&CONDITIONS);
    for conditions in conditions {
        // The first route takes every message that no other one does.
        if dice.one_in(if conditions.is_empty() { 8 } else { 3 }) {
            continue;
        }
        let (plugin, builds) = dice.pick(&stage.plugins);
        policy.push_str(&format!(
            "[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"{plugin}\"\n{conditions}[route.grant]\n"
        ));
        if !dice.one_in(8) {
            let unknown = "0".repeat(64);
            let digest = if dice.one_in(8) {
                &unknown
            } else {
                dice.pick(builds)
            };
            policy.push_str(&format!("approved = \"sha256:{digest}\"\n"));
        }
        for grant in [
            "storage = true\n",
            "secrets = [\"read\", { name = \"write\", write = true }]\n",
            "config = { theme = \"dark\" }\n",
            "env = { TZ = \"UTC\" }\n",
        ] {
            if !dice.one_in(3) {
                policy.push_str(grant);
            }
        }
        policy.push_str(&random_folders(stage, dice));
    }
    policy
}

fn random_folders(stage: &Stage, dice: &mut Dice) -> String {
    let mut folders = String::new();
    for guest in GUEST_FOLDERS {
        if !dice.one_in(3) {
            continue;
        }
        let folder = dice.pick(&["a", "a/inner", "b", "missing"]);
        // A folder that is missing makes the plugin unavailable, which should not be most of what is tried.
        let folder = if *folder == "missing" && !dice.one_in(6) {
            "b"
        } else {
            folder
        };
        let access = if dice.one_in(2) {
            "read-write"
        } else {
            "read-only"
        };
        let host = stage.home.beside().join(folder);
        folders.push_str(&format!(
            "  {{ host = \"{}\", guest = \"{guest}\", access = \"{access}\" }},\n",
            host.display()
        ));
    }
    format!("fs = [\n{folders}]\n")
}

/// A question: the order to the guest, and the words for `policy explain`.
fn random_question(dice: &mut Dice) -> (Value, Vec<String>) {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match dice.roll(6) {
        0 => (json!({ "try": "storage" }), words(&["storage"])),
        1 => {
            let name = *dice.pick(&["theme", "none"]);
            (
                json!({ "try": "config", "what": name }),
                words(&["config", name]),
            )
        }
        2 => {
            let name = *dice.pick(&["TZ", "HOME"]);
            (json!({ "try": "env", "what": name }), words(&["env", name]))
        }
        3 => {
            let (name, write) = (*dice.pick(&["read", "write", "none"]), dice.one_in(2));
            let order = json!({ "try": "secret", "what": name, "write": write });
            let mut asked: Vec<String> = words(&["secret", name]);
            asked.extend(write.then(|| "--write".to_owned()));
            (order, asked)
        }
        _ => {
            let folder = dice.pick(&["/notes", "/notes/inner", "/b", "", "/elsewhere"]);
            let (path, write) = (format!("{folder}/file"), dice.one_in(2));
            let order = json!({ "try": "fs", "what": path, "write": write });
            let mut asked: Vec<String> = words(&["fs", &path]);
            asked.extend(write.then(|| "--write".to_owned()));
            (order, asked)
        }
    }
}

#[test]
fn explain_says_what_the_host_does() {
    let seed = seed();
    let mut dice = Dice(seed);
    let mut seen = [0_usize; 2];
    let stage = stage();
    for _ in 0..POLICIES {
        let policy = random_policy(&stage, &mut dice);
        stage.home.policy(&policy);
        let origin = if dice.one_in(12) {
            OTHER_ORIGIN
        } else {
            ORIGIN
        };
        let host_name = if dice.one_in(2) {
            Some("com.example.one")
        } else {
            None
        };
        let mut browser = Browser::chromium(&stage.home).origin(origin);
        if let Some(name) = host_name {
            browser = browser.host_name(&stage.home, name);
        }
        let mut port = browser.start();
        let mut no_route = true;
        for _ in 0..QUESTIONS {
            let (mut order, question) = random_question(&mut dice);
            if let Some(to) = dice.pick(&[None, Some("x"), Some("y")]) {
                order["to"] = json!(to);
            }
            let order = order.to_string();
            let answer = port.ask(&order);
            let did = match answer.error() {
                Some(error) => Err(error.code),
                None => Ok(answer.json()["allowed"] == json!(true)),
            };
            no_route &= did == Err("no-route".to_owned());
            let said = explained(&stage.home, origin, host_name, &order, &question);
            let expected = match said["routes"][0]["code"].as_str() {
                None => Ok(true),
                Some("not-granted") => Ok(false),
                Some(code) => Err(code.to_owned()),
            };
            assert_eq!(
                did,
                expected,
                "seed {seed}: the host answered {order} with {}, explained as {said}\n{policy}\n{}",
                answer.text,
                stage.home.log()
            );
            assert_eq!(said["allowed"], json!(expected == Ok(true)), "{said}");
            seen[usize::from(expected == Ok(true))] += 1;
            if let Some(line) = said["routes"][0]["rule"]["line"].as_u64() {
                let line = usize::try_from(line).expect("a small file") - 1;
                let shown = policy.lines().nth(line);
                assert!(
                    shown.is_some_and(|line| !line.is_empty()),
                    "line {line} of\n{policy}"
                );
            }
        }
        // A port without any route is refused as a whole.
        let ended = port.end();
        let is_refused = no_route && ended.status.code() == Some(1);
        ended.expect_exit(i32::from(is_refused));
    }
    assert!(
        seen.iter().all(|count| *count >= QUESTIONS),
        "both answers are seen: {seen:?}, seed {seed}"
    );
}

#[track_caller]
fn explained(
    home: &Home,
    origin: &str,
    host_name: Option<&str>,
    message: &str,
    question: &[String],
) -> Value {
    let mut words = vec!["policy", "explain", origin, "--json", "--message", message];
    if let Some(name) = host_name {
        words.extend(["--host-name", name]);
    }
    words.extend(question.iter().map(String::as_str));
    serde_json::from_str(&run(home, words).succeeds()).expect("JSON")
}

#[test]
fn a_verdict_names_the_line_and_the_command() {
    let home = Home::new();
    home.add("notes", &guests::powers());
    let approved = home.approved("notes");
    let folder = home.beside().join("a");
    fs::create_dir(&folder).expect("made");
    home.policy(&format!(
        "version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"notes\"\n[route.grant]\n{approved}\
         storage = true\nhttp = [\n  \"https://api.example.com\",\n  \"http://127.0.0.1:8080\",\n  \
         \"http://169.254.169.254\",\n]\n\
         secrets = [\"token\"]\nconfig = {{ theme = \"dark\" }}\n\
         fs = [{{ host = \"{}\", guest = \"/notes\", access = \"read-only\" }}]\n",
        folder.display()
    ));
    let grant = |power: &str| format!("portcullis grant {ORIGIN} notes {power}");
    // The question, whether it is allowed, the line, and the command.
    let cases: [(&[&str], bool, u64, Option<String>); 13] = [
        (&["storage"], true, 7, None),
        (&["http", "https://api.example.com/x"], true, 9, None),
        (
            &["http", "https://example.com/x"],
            false,
            2,
            Some(grant("http=https://example.com")),
        ),
        (
            &["http", "http://127.0.0.1:8080/"],
            false,
            10,
            Some(grant("http-private")),
        ),
        (&["http", "http://169.254.169.254/"], false, 11, None),
        (&["secret", "token"], true, 13, None),
        (
            &["secret", "token", "--write"],
            false,
            13,
            Some(grant("secret=token:write")),
        ),
        (&["secret", "other"], false, 2, Some(grant("secret=other"))),
        (&["config", "theme"], true, 14, None),
        (
            &["config", "other"],
            false,
            2,
            Some(grant("config=other=VALUE")),
        ),
        (&["env", "TZ"], false, 2, Some(grant("env=TZ=VALUE"))),
        (&["fs", "/notes/x"], true, 15, None),
        (
            &["fs", "/notes/x", "--write"],
            false,
            15,
            Some(grant("fs=[BESIDE]/a:/notes:rw")),
        ),
    ];
    for (question, allowed, line, mend) in cases {
        let words = ["policy", "explain", ORIGIN, "--json"];
        let said = run(&home, words.into_iter().chain(question.iter().copied())).succeeds();
        let said: Value = serde_json::from_str(&said).expect("JSON");
        let route = &said["routes"][0];
        assert_eq!(said["allowed"], json!(allowed), "{question:?}: {said}");
        assert_eq!(route["rule"]["line"], json!(line), "{question:?}: {said}");
        assert_eq!(route["mend"], json!(mend), "{question:?}: {said}");
        assert_eq!(route["rule"]["file"], json!("[HOME]/policy.toml"));
    }
    run(&home, ["policy", "explain", ORIGIN, "storage"])
        .prints("allowed (`notes`): storage is granted\n  by [HOME]/policy.toml:7\n");
    run(&home, ["policy", "explain", ORIGIN, "secret", "other"]).prints(&format!(
        "refused (`notes`): the secret `other` is not granted\n  by [HOME]/policy.toml:2\n  \
         to allow it: {}\n",
        grant("secret=other")
    ));
    run(&home, ["policy", "explain", OTHER_ORIGIN, "storage"]).prints(&format!(
        "refused: there is no route for origin `{OTHER_ORIGIN}`\n  \
         to allow it: portcullis route add {OTHER_ORIGIN} PLUGIN\n"
    ));
    run(&home, ["policy", "explain", ORIGIN, "http", "ftp://x"])
        .refuses_with(2, "it begins with neither `https://` nor `http://`");
}
