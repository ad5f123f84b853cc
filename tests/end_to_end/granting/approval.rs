//! Grants are for a build that a person has seen, and for later ones that ask for nothing more.

use portcullis_tests::{Home, ORIGIN, OTHER_ORIGIN, guests};
use serde_json::json;

use super::{
    EVERYTHING, TRY_CONFIG, TRY_STORAGE, ask, ask_through, home, install, packed, policy, refused,
};
use crate::cli::{run, text};

const STORAGE: &str = "storage = { reason = \"remembers\" }\n";
const SECRET: &str = "secrets = [{ name = \"api-token\", reason = \"signs in\" }]\n";

/// Runs a command that a hint has told, as a person pastes it into a shell.
#[track_caller]
fn run_hint(home: &Home, hint: &str) {
    let words = hint
        .strip_prefix("portcullis ")
        .unwrap_or_else(|| panic!("{hint}"));
    let mut shell = std::process::Command::new("sh");
    let output = shell
        .arg("-c")
        .arg(format!("\"$PROGRAM\" {words}"))
        .env("PROGRAM", portcullis_tests::programs::portcullis())
        .env("PORTCULLIS_HOME", home.path())
        .output()
        .expect("there is a shell");
    assert!(output.status.success(), "{hint}: {output:?}");
}

/// Asserts that the plugin is not served for want of approval, and that the command it names mends that.
#[track_caller]
fn waits_for_approval(home: &Home, because: &str) {
    let error = ask(home, TRY_STORAGE).expect_error("permission-required");
    assert!(
        !error.message.contains('/'),
        "no path and no reason for the extension: {error:?}"
    );
    let hint = error.hint.expect("there is a command that mends it");
    let log = home.log();
    let is_it = |line: &str| line.contains(because) && line.contains(&format!("`{hint}`"));
    assert!(log.lines().any(is_it), "{because}, {hint}:\n{log}");
    run_hint(home, &hint);
    assert_eq!(
        ask(home, TRY_STORAGE).json(),
        json!({ "allowed": true }),
        "{hint}"
    );
}

#[test]
fn a_build_whose_requests_did_not_grow_runs_on_and_others_wait() {
    let home = home();
    run(&home, ["grant", ORIGIN, "notes", "storage"]).succeeds();
    assert_eq!(ask(&home, TRY_STORAGE).json(), json!({ "allowed": true }));

    install(&home, &packed(&home, "1.0.1", EVERYTHING));
    assert_eq!(
        ask(&home, TRY_STORAGE).json(),
        json!({ "allowed": true }),
        "the same requests"
    );
    install(&home, &packed(&home, "1.0.2", STORAGE));
    assert_eq!(
        ask(&home, TRY_STORAGE).json(),
        json!({ "allowed": true }),
        "fewer requests"
    );
    install(&home, &packed(&home, "1.0.3", EVERYTHING));
    assert_eq!(
        ask(&home, TRY_STORAGE).json(),
        json!({ "allowed": true }),
        "as many as were approved"
    );

    let more = EVERYTHING.replace("https://api.example.com", "https://*.example.com");
    install(&home, &packed(&home, "2.0.0", &more));
    waits_for_approval(
        &home,
        "asks for more than the approved one: `http=https://*.example.com`",
    );
    install(&home, &packed(&home, "2.0.1", EVERYTHING));
    assert_eq!(
        ask(&home, TRY_STORAGE).json(),
        json!({ "allowed": true }),
        "less than was approved"
    );

    // A build that does not say what it wants.
    install(&home, text(&guests::powers()));
    waits_for_approval(&home, "does not say what it asks for");
    install(&home, &packed(&home, "3.0.0", STORAGE));
    waits_for_approval(&home, "cannot be compared with the approved one");
}

#[test]
fn whoever_installs_a_build_that_waits_is_told() {
    let home = home();
    run(&home, ["grant", ORIGIN, "notes", "storage"]).succeeds();
    let grown = EVERYTHING.replace("\"api-token\"", "\"another-token\"");
    let file = packed(&home, "2", &grown);
    let said = run(&home, ["add", &file, "--name", "notes", "--replace"]);
    let line = format!(
        "it asks for more than the approved one: `secret=another-token:write`; until you approve it for `{ORIGIN}` \
         it does not run: `portcullis grant {ORIGIN} notes --approve`"
    );
    assert!(said.stdout.lines().any(|found| found == line), "{said:?}");
}

#[test]
fn what_was_approved_for_another_installation_is_worth_nothing() {
    let home = home();
    run(&home, ["grant", ORIGIN, "notes", "storage"]).succeeds();
    let granted = policy(&home);
    run(&home, ["route", "remove", ORIGIN]).succeeds();
    run(&home, ["remove", "notes"]).succeeds();
    install(&home, &packed(&home, "1.0.1", EVERYTHING));
    home.policy(&granted);
    waits_for_approval(&home, "cannot be compared");
}

#[test]
fn settings_alone_need_no_approval() {
    let home = home();
    run(&home, ["grant", ORIGIN, "notes", "config=theme=dark"]).succeeds();
    assert!(!policy(&home).contains("approved"));
    install(&home, text(&guests::powers()));
    assert_eq!(ask(&home, TRY_CONFIG).json(), json!({ "allowed": true }));
}

#[test]
fn the_hint_names_the_route_that_waits_among_several() {
    let home = Home::new();
    install(&home, &packed(&home, "1", STORAGE));
    let grants = "[route.grant]\nstorage = true\n";
    home.policy(&format!(
        "version = 1\n\
         [[route]]\norigin = \"{ORIGIN}\"\nplugin = \"notes\"\n{grants}\
         [[route]]\norigin = \"{ORIGIN}\"\nplugin = \"notes\"\nwhen = {{ \"/try\" = \"storage\" }}\n{grants}\
         [[route]]\norigin = \"{OTHER_ORIGIN}\"\nplugin = \"notes\"\n{grants}"
    ));
    waits_for_approval(&home, "was never approved");
    assert_eq!(
        policy(&home).matches("approved").count(),
        1,
        "only that route:\n{}",
        policy(&home)
    );
    ask(&home, TRY_CONFIG).expect_error("permission-required");
    let other = portcullis_tests::Browser::chromium(&home).origin(OTHER_ORIGIN);
    ask_through(other, TRY_STORAGE).expect_error("permission-required");
}

#[test]
fn what_is_granted_and_revoked_is_what_the_plugin_has() {
    let home = home();
    let cases: [(&str, &str, &str); 3] = [
        ("storage", TRY_STORAGE, "storage"),
        ("config=theme=dark", TRY_CONFIG, "config=theme"),
        ("env=TZ=UTC", r#"{"try":"env","what":"TZ"}"#, "env=TZ"),
    ];
    for (word, order, short) in cases {
        assert_eq!(
            ask(&home, order).json()["allowed"],
            json!(false),
            "{word} before"
        );
        run(&home, ["grant", ORIGIN, "notes", word]).succeeds();
        assert_eq!(
            ask(&home, order).json()["allowed"],
            json!(true),
            "{word} granted"
        );
        let other = portcullis_tests::Browser::chromium(&home).origin(OTHER_ORIGIN);
        refused(other, order, "no-route");
        run(&home, ["revoke", ORIGIN, "notes", short]).succeeds();
        assert_eq!(
            ask(&home, order).json()["allowed"],
            json!(false),
            "{word} revoked"
        );
    }
    let log = home.log();
    let command = format!("`portcullis grant {ORIGIN} notes storage` would allow it");
    assert!(log.contains(&command), "{log}");
}

#[test]
fn a_secret_that_is_new_waits_too() {
    let home = Home::new();
    install(&home, &packed(&home, "1", STORAGE));
    home.route(ORIGIN, "notes");
    run(&home, ["grant", ORIGIN, "notes", "storage"]).succeeds();
    install(&home, &packed(&home, "2", &format!("{STORAGE}{SECRET}")));
    waits_for_approval(&home, "`secret=api-token`");
}
