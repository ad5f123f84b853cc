//! What a plugin finds around it: the policy's variables and settings, and nothing of the machine's.

use portcullis_tests::{Browser, ORIGIN};
use serde_json::json;

use super::{PLUGIN, ask, empty_home, end};
use crate::fixture::route;

#[test]
fn a_plugin_has_the_variables_and_settings_of_the_policy_and_nothing_else() {
    let home = empty_home();
    let grant = "[route.grant]\nenv = { TZ = \"UTC\", EMPTY = \"\" }\n\
                 config = { theme = \"dark\", size = \"7\" }\n";
    for (grant, expected) in [
        (
            grant,
            json!({
                "variables": { "TZ": "UTC", "EMPTY": "" },
                "config": [["size", "7"], ["theme", "dark"]],
                "theme": "dark",
            }),
        ),
        ("", json!({ "variables": {}, "config": [], "theme": null })),
    ] {
        home.policy(&format!("version = 1\n{}{grant}", route(ORIGIN, PLUGIN)));
        let mut port = Browser::chromium(&home)
            .environment("CANARY", "of the machine")
            .environment("TZ", "of the machine")
            .argument("--parent-window=0")
            .start();
        let mut found = ask(&mut port, &json!({ "do": "surroundings" }));
        // A C library names a folder where there is none.
        let folder = found["folder"].take();
        assert!(folder.is_null() || folder == "/", "{folder}");
        assert_eq!(found["arguments"], json!([]));
        assert_eq!(found["missing"], json!(null));
        for (key, value) in expected.as_object().expect("it is one") {
            assert_eq!(found[key], *value, "{key}");
        }
        end(port);
    }
}
