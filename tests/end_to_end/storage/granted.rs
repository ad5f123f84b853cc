//! Who may keep something: the route, the extension and the build that the policy names, and nobody else.

use portcullis_tests::{Browser, OTHER_ORIGIN};

use super::{Home, ORIGIN, ask, error, get, granting, guest, json, keys, route, set, storing_home};
use crate::hostile::measured::expect_goes_on;

#[test]
fn what_is_kept_outlives_the_process() {
    let home = storing_home("storage", "");
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "a"), json!(null));
    set(&mut port, "a", "größer");
    set(&mut port, "b", "");
    let delete = json!({ "do": "delete", "key": "b" });
    assert_eq!(ask(&mut port, delete.clone()), "deleted");
    assert_eq!(ask(&mut port, delete), "deleted");
    port.end().expect_exit(0).expect_no_frames();

    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "a"), "größer");
    assert_eq!(get(&mut port, "b"), json!(null));
    port.end().expect_exit(0).expect_no_frames();
    assert!(!home.log().contains("größer"), "{}", home.log());
}

#[test]
fn a_swap_happens_only_from_what_is_there() {
    let home = storing_home("storage", "");
    let mut port = Browser::chromium(&home).start();
    let mut swap = |expected: Option<&str>, value: Option<&str>| {
        let order = json!({ "do": "swap", "key": "a", "expected": expected, "value": value });
        ask(&mut port, order).as_bool().expect("yes or no")
    };
    assert!(!swap(Some(""), Some("x")));
    assert!(swap(None, Some("x")));
    assert!(!swap(None, Some("y")));
    assert!(!swap(Some("X"), Some("y")));
    assert!(swap(Some("x"), Some("y")));
    assert!(swap(Some("y"), None));
    assert!(!swap(Some("y"), None));
    assert_eq!(get(&mut port, "a"), json!(null));
    port.end().expect_exit(0);
}

#[test]
fn keys_come_in_pages_in_their_order() {
    let home = storing_home("storage", "");
    let mut port = Browser::chromium(&home).start();
    let fill = json!({ "do": "fill", "prefix": "a/", "keys": 120, "bytes": 1 });
    assert_eq!(ask(&mut port, fill), json!({ "kept": 120 }));
    for key in ["a", "a%", "a_", "b/1", "A/1", "é/1"] {
        set(&mut port, key, "");
    }
    for limit in [1, 7, 120, 121, 5000] {
        let found = keys(&mut port, "a/", limit);
        assert_eq!(found.len(), 120, "{limit}");
        assert!(found.is_sorted(), "{limit}");
    }
    assert_eq!(keys(&mut port, "a%", 10), ["a%"]);
    assert_eq!(keys(&mut port, "é", 10), ["é/1"]);
    assert_eq!(keys(&mut port, "none", 10), [""; 0]);
    let all = keys(&mut port, "", 50);
    assert_eq!(all.len(), 126);
    assert_eq!((&*all[0], &*all[125]), ("A/1", "é/1"));
    // No limit at all means the least, as every number outside means the nearest.
    let page = ask(&mut port, json!({ "do": "keys" }));
    assert_eq!(page, json!({ "keys": ["A/1"], "next": "A/1" }));
    port.end().expect_exit(0);
}

/// Every call is refused, and the log names the command, once.
fn expect_not_granted(home: &Home, origin: &str) {
    let mut port = Browser::chromium(home).origin(origin).start();
    for order in [
        json!({ "do": "get", "key": "a" }),
        json!({ "do": "set", "key": "a", "text": "x" }),
        json!({ "do": "delete", "key": "a" }),
        json!({ "do": "keys" }),
        json!({ "do": "swap", "key": "a", "value": "x" }),
    ] {
        assert_eq!(ask(&mut port, order), error("not-granted"));
    }
    port.end().expect_exit(0).expect_no_frames();
    let command = format!("`portcullis grant {origin} storage storage` would allow it");
    assert_eq!(home.log().matches(&command).count(), 1, "{}", home.log());
}

#[test]
fn without_a_grant_every_call_is_refused_and_nothing_is_made() {
    let home = Home::new();
    home.add("storage", &guest("storage"))
        .route(ORIGIN, "storage");
    expect_not_granted(&home, ORIGIN);
    assert!(!home.path().join("data").exists());
}

#[test]
fn a_grant_that_is_taken_back_is_gone_and_what_was_kept_is_not() {
    let home = storing_home("storage", "");
    let granted = std::fs::read_to_string(home.path().join("policy.toml")).expect("written");
    let mut port = Browser::chromium(&home).start();
    set(&mut port, "a", "kept");
    port.end().expect_exit(0);

    home.policy(&format!("version = 1\n{}", route(ORIGIN, "storage")));
    expect_not_granted(&home, ORIGIN);

    home.policy(&granted);
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "a"), "kept");
    port.end().expect_exit(0);
}

#[test]
fn a_grant_is_for_one_extension() {
    let home = storing_home("storage", "");
    home.route(OTHER_ORIGIN, "storage");
    let mut port = Browser::chromium(&home).start();
    set(&mut port, "a", "kept");
    port.end().expect_exit(0);
    expect_not_granted(&home, OTHER_ORIGIN);
}

#[test]
fn a_grant_is_for_one_build() {
    let home = storing_home("storage", "");
    let policy = std::fs::read_to_string(home.path().join("policy.toml")).expect("written");
    let other = format!("approved = \"sha256:{}\"\n", "0".repeat(64));
    for approved in [other.as_str(), ""] {
        home.policy(&policy.replace(&home.approved("storage"), approved));
        let mut port = Browser::chromium(&home).start();
        let refused = port.ask(r#"{"do":"get","key":"a"}"#);
        let refused = refused.expect_error("permission-required");
        let hint = refused.hint.expect("a command");
        assert!(
            hint.contains(&format!("portcullis grant {ORIGIN} storage")),
            "{hint}"
        );
        port.end().expect_exit(0);
        assert!(!home.path().join("data").exists());
    }
}

#[test]
fn case_49_neither_another_extension_nor_another_plugin_sees_anything() {
    let home = Home::new();
    home.add("storage", &guest("storage"))
        .add("second", &guest("storage"))
        .add("counter", &guest("counter"));
    let to = |plugin: &str| format!("when = {{ \"/to\" = \"{plugin}\" }}");
    let policy: String = [
        granting(&home, ORIGIN, "storage", &to("storage")),
        granting(&home, ORIGIN, "second", &to("second")),
        granting(&home, ORIGIN, "counter", ""),
        granting(&home, OTHER_ORIGIN, "storage", ""),
    ]
    .concat();
    home.policy(&format!("version = 1\n{policy}"));

    let mut one = Browser::chromium(&home).start();
    let mut other = Browser::chromium(&home).origin(OTHER_ORIGIN).start();
    let to = |plugin: &str, mut order: serde_json::Value| {
        order["to"] = json!(plugin);
        order
    };
    let put = |text: &str| json!({ "do": "set", "key": "value", "text": text });
    let look = json!({ "do": "get", "key": "value" });
    assert_eq!(ask(&mut one, to("storage", put("first"))), "set");
    assert_eq!(ask(&mut one, to("second", look.clone())), json!(null));
    assert_eq!(ask(&mut one, to("second", put("second"))), "set");
    assert_eq!(ask(&mut one, json!({ "add": 7 })), json!({ "value": 7 }));
    assert_eq!(ask(&mut other, look.clone()), json!(null));
    assert_eq!(ask(&mut other, put("other")), "set");
    assert_eq!(ask(&mut one, to("storage", look.clone())), "first");
    assert_eq!(ask(&mut one, to("second", look.clone())), "second");
    assert_eq!(ask(&mut one, json!({ "get": true })), json!({ "value": 7 }));
    assert_eq!(ask(&mut other, look.clone()), "other");
    for (port, good, kept) in [
        (one, to("second", look.clone()), "\"second\""),
        (other, look, "\"other\""),
    ] {
        expect_goes_on(port, &home, "what is another's", (&good.to_string(), kept));
    }
}

#[test]
fn a_new_build_keeps_what_was_kept_and_a_new_plugin_does_not_inherit_it() {
    let home = storing_home("storage", "");
    let policy = std::fs::read_to_string(home.path().join("policy.toml")).expect("written");
    let run = |arguments: &[&str]| {
        crate::cli::finished(&home, &mut home.portcullis(arguments.iter().copied())).succeeds()
    };
    let file = guest("storage");
    let file = file.to_str().expect("a plain path");
    let value = || {
        home.policy(&policy);
        let mut port = Browser::chromium(&home).start();
        let value = get(&mut port, "a");
        set(&mut port, "a", "kept");
        port.end().expect_exit(0);
        value
    };
    assert_eq!(value(), json!(null));
    run(&["add", "--replace", "--name", "storage", file]);
    assert_eq!(value(), "kept");

    home.policy("version = 1\n");
    run(&["remove", "storage"]);
    home.add("storage", &guest("storage"));
    assert_eq!(value(), json!(null));
    let folders = || walk(&home.path().join("data"));
    assert_eq!(folders(), 2);

    home.policy("version = 1\n");
    let said = run(&["remove", "storage", "--purge"]);
    assert_eq!(
        said,
        "removed `storage`\ndeleted what `storage` had kept, 2 folders\n"
    );
    assert_eq!(folders(), 0);
}

/// How many plugins' folders there are.
fn walk(data: &std::path::Path) -> usize {
    let entries = |folder: &std::path::Path| {
        let entries = std::fs::read_dir(folder).expect("a folder of the home");
        entries.map(|entry| entry.expect("an entry").path())
    };
    entries(data).map(|origin| entries(&origin).count()).sum()
}
