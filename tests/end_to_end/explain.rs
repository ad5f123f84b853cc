//! `policy explain` against the running host: whatever the policy and the question, both say the same.
//!
//! The policies are random, from a seed that is printed when they disagree and can be set with
//! `PORTCULLIS_TEST_SEED`. Each is asked about through one port, as an extension would, and through the verb.
//!
//! Of HTTP there is no more to compare than `explain` says: where a name leads it leaves open, in words. Only names of
//! this machine are asked for, so that the open part has one outcome; names that a name server is asked for are not
//! tried, nor what comes after the connection.

mod dice;
mod http;

use std::fs;

use portcullis_tests::{Browser, Home, ORIGIN, OTHER_ORIGIN, guests};
use serde_json::{Value, json};

use crate::cli::{file, listed, run, text};
use dice::{Dice, seed};
use http::{Outcome, Place, Places, foreseen, has_a_place};

/// Random policies, and questions about each.
const POLICIES: usize = 14;
const QUESTIONS: usize = 12;

/// Plugins of several builds, and folders with a file in each.
struct Stage {
    home: Home,
    /// Each plugin with its builds, the installed one last.
    plugins: Vec<(&'static str, Vec<String>)>,
    places: Places,
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
    Stage {
        home,
        plugins,
        places: Places::new(),
    }
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

/// A policy, and the places to which some route of it grants requests.
fn random_policy(stage: &Stage, dice: &mut Dice) -> (String, Vec<Place>) {
    let mut granted = Vec::new();
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
        policy.push_str(&stage.places.random_grant(dice, &mut granted));
    }
    (policy, granted)
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
fn random_question(stage: &Stage, granted: &[Place], dice: &mut Dice) -> (Value, Vec<String>) {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match dice.roll(12) {
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
        4..10 => {
            let url = stage.places.random_url(dice, granted);
            (
                json!({ "try": "http", "what": url }),
                words(&["http", &url]),
            )
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
    let mut seen = Vec::new();
    let stage = stage();
    for _ in 0..POLICIES {
        let (policy, granted) = random_policy(&stage, &mut dice);
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
            let (mut order, question) = random_question(&stage, &granted, &mut dice);
            if let Some(to) = dice.pick(&[None, Some("x"), Some("y")]) {
                order["to"] = json!(to);
            }
            let message = order.to_string();
            let answer = port.ask(&message);
            let did = match answer.error() {
                Some(error) => Err(error.code),
                None => Ok(Outcome::of(&order, &answer.json())),
            };
            no_route &= did == Err("no-route".to_owned());
            let is_http = order["try"] == "http";
            let has_a_place = !is_http || has_a_place(&stage.home, &question[1]);
            // Without a question it says what becomes of the message alone.
            let question = if has_a_place { &question[..] } else { &[] };
            let said = explained(&stage.home, origin, host_name, &message, question);
            let expected = match foreseen(&said) {
                Ok(_) if !has_a_place => Ok(Outcome::NoPlace),
                other => other,
            };
            assert_eq!(
                did,
                expected,
                "seed {seed}: the host answered {message} with {}, explained as {said}\n{policy}\n{}",
                answer.text,
                stage.home.log()
            );
            let is_allowed = said["routes"][0]["code"].is_null();
            assert_eq!(said["allowed"], json!(is_allowed), "{said}");
            seen.extend(did.ok().map(|outcome| (is_http, outcome)));
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
    // How often each kind comes differs much from seed to seed.
    let kinds = Outcome::ALL.map(|outcome| (true, outcome)).into_iter();
    let other = [Outcome::Allowed, Outcome::NotGranted].map(|outcome| (false, outcome));
    for kind in kinds.chain(other) {
        assert!(
            seen.contains(&kind),
            "{kind:?} is not among {seen:?}, seed {seed}"
        );
    }
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
