//! `grant`, `revoke`, `permissions`, `route set`, `schema`: what they print, what they refuse, what they leave alone.

use std::fs;
use std::thread;

use portcullis_tests::{Home, ORIGIN, OTHER_ORIGIN};
use serde_json::{Value, json};

use super::{EVERYTHING, folder, folder_word, home, install, packed, policy};
use crate::cli::{listed, run};

fn digest(home: &Home) -> String {
    listed(home)[0]["sha256"]
        .as_str()
        .expect("a digest")
        .to_owned()
}

#[test]
fn a_grant_shows_what_the_plugin_has_and_why() {
    let home = home();
    let digest = digest(&home);
    run(&home, ["grant", ORIGIN, "notes", "storage"]).prints(&format!(
        "approved `notes`, sha256 {digest}, for `{ORIGIN}`\n\
         POWER         ITS REASON\n\
         storage  new  remembers the last note\n"
    ));
    run(
        &home,
        ["grant", ORIGIN, "notes", "storage", "config=theme=dark"],
    )
    .prints(&format!(
        "approved `notes`, sha256 {digest}, for `{ORIGIN}`\n\
         POWER                      ITS REASON\n\
         storage            had it  remembers the last note\n\
         config=theme=dark  new     looks\n"
    ));
    let said = run(
        &home,
        [
            "grant",
            ORIGIN,
            "notes",
            "secret=other",
            "http=https://example.com",
        ],
    );
    assert_eq!(
        (said.code, &*said.stderr),
        (
            0,
            "warning: `notes` never asked for `http=https://example.com`\n\
             warning: `notes` never asked for `secret=other`\n"
        )
    );
    assert!(
        said.stdout
            .contains("http=https://example.com  new     none given\n"),
        "{said:?}"
    );
    let text = policy(&home);
    assert_eq!(
        text.matches(&format!("approved = \"sha256:{digest}\""))
            .count(),
        1,
        "{text}"
    );
    let before = policy(&home);
    run(&home, ["grant", ORIGIN, "notes", "storage"]).succeeds();
    assert_eq!(policy(&home), before, "a second time changes nothing");
}

#[test]
fn folders_are_judged_before_they_are_granted() {
    let home = home();
    let beside = home.beside().display().to_string();
    fs::write(home.beside().join("file"), "x").expect("written");
    std::os::unix::fs::symlink(folder(&home), home.beside().join("link")).expect("a link");
    let before = policy(&home);
    let home_folder = home.path().display().to_string();
    // The folder, and words of the refusal.
    let cases = [
        (
            format!("{beside}/missing"),
            "there is no folder `[BESIDE]/missing`",
        ),
        (format!("{beside}/link"), "is a link"),
        (format!("{beside}/file"), "is not a folder"),
        (home_folder, "Portcullis itself"),
        (beside.clone(), "Portcullis itself"),
        ("/".to_owned(), "nothing was granted"),
        ("/proc".to_owned(), "nothing was granted"),
        ("/dev/shm".to_owned(), "nothing was granted"),
        ("Notes".to_owned(), "not a folder's whole path"),
    ];
    for (host, words) in cases {
        let word = format!("fs={host}:/notes");
        run(&home, ["grant", ORIGIN, "notes", "storage", &word]).refuses_with(1, words);
        assert_eq!(policy(&home), before, "{word}");
    }
    let said = run(
        &home,
        ["grant", ORIGIN, "notes", &folder_word(&home, ":rw")],
    );
    assert_eq!((said.code, &*said.stderr), (0, ""), "{said:?}");
    // Reading a part of what may be written.
    fs::create_dir(folder(&home).join("part")).expect("made");
    let part = format!("fs={}/part:/part", folder(&home).display());
    run(&home, ["grant", ORIGIN, "notes", &part]).refuses_with(1, "nothing was granted");
}

#[test]
fn what_was_not_meant_is_refused() {
    let home = home();
    let route = |when: &str| {
        format!(
            "[[route]]\norigin = \"{OTHER_ORIGIN}\"\nplugin = \"notes\"\nwhen = {{ \"/t\" = \"{when}\" }}\n"
        )
    };
    home.policy(&format!("{}{}{}", policy(&home), route("a"), route("b")));
    let before = policy(&home);
    let stranger = "stranger@example.org";
    let no_route = format!(
        "no such route of `{stranger}` to `notes`: first run `portcullis route add {stranger} notes`"
    );
    let ambiguous = format!(
        "2 routes fit: choose one with\n  \
         portcullis grant {OTHER_ORIGIN} notes --when '/t=\"a\"' storage\n  \
         portcullis grant {OTHER_ORIGIN} notes --when '/t=\"b\"' storage"
    );
    let revoking = ambiguous.replace("grant", "revoke");
    let setting = ambiguous
        .replace("grant", "route set")
        .replace(" storage", " --limit …");
    let cases: [(&[&str], i32, &str); 16] = [
        (&["grant", ORIGIN, "notes"], 2, "name what to grant"),
        (
            &["grant", ORIGIN, "notes", "everything"],
            2,
            "a power is `storage`",
        ),
        (
            &["grant", ORIGIN, "notes", "http=example.com"],
            2,
            "https://api.example.com",
        ),
        (
            &["grant", ORIGIN, "nothing", "storage"],
            1,
            "no plugin `nothing` is installed, but `notes`",
        ),
        (&["grant", stranger, "notes", "storage"], 1, &no_route),
        (&["grant", OTHER_ORIGIN, "notes", "storage"], 1, &ambiguous),
        (
            &["grant", ORIGIN, "notes", "env=A\u{7}=x", "env==x"],
            1,
            "nothing was written",
        ),
        (&["revoke", ORIGIN, "notes"], 2, "name what to revoke"),
        (
            &["revoke", ORIGIN, "notes", "storage"],
            1,
            "`storage` is not granted to `notes`: nothing is",
        ),
        (
            &["revoke", ORIGIN, "notes", "storage", "--all"],
            2,
            "cannot be used with",
        ),
        (&["revoke", OTHER_ORIGIN, "notes", "storage"], 1, &revoking),
        (
            &["permissions", "reset", stranger, "notes"],
            1,
            "is not routed to `notes`",
        ),
        (&["route", "set", ORIGIN, "notes"], 2, "--limit"),
        (
            &[
                "route",
                "set",
                OTHER_ORIGIN,
                "notes",
                "--limit",
                "memory=1MiB",
            ],
            1,
            &setting,
        ),
        (
            &["route", "set", ORIGIN, "notes", "--limit", "memory=1KiB"],
            1,
            "is below the least that works",
        ),
        (
            &["route", "set", ORIGIN, "notes", "--limit", "novelty=1"],
            1,
            "unknown field `novelty`",
        ),
    ];
    for (arguments, code, words) in cases {
        run(&home, arguments.iter().copied()).refuses_with(code, words);
        assert_eq!(policy(&home), before, "{arguments:?}");
    }
    let one = ["grant", OTHER_ORIGIN, "notes", "--when", "/t=b", "storage"];
    run(&home, one).succeeds();
    assert!(
        policy(&home).find("storage") > policy(&home).find("\"b\""),
        "{}",
        policy(&home)
    );
}

#[test]
fn comments_and_order_survive_every_edit() {
    let home = home();
    let written = format!(
        "# Mine, by hand.\nversion = 1 # the only one\n\n\
         [[route]] # the first\nplugin = \"notes\" # before the origin\norigin = '{ORIGIN}'\n\
         # Why dark: because.\n[route.grant] # granted\nconfig = {{ theme = \"dark\" }} # dark\n\
         http = [\n    # Our own.\n    \"https://a.example.com\", # the first\n]\n\n\
         [route.limits] # tight\nmemory = \"64MiB\" # enough\n\n\
         [[route]]\norigin = \"{OTHER_ORIGIN}\"\nplugin = \"notes\" # another\n# The last word.\n"
    );
    home.policy(&written);
    let comments = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split_once('#'));
        lines.map(|(_, comment)| comment.to_owned()).collect()
    };
    let folder = folder_word(&home, "");
    let edits: [&[&str]; 8] = [
        &[
            "grant",
            ORIGIN,
            "notes",
            "storage",
            &folder,
            "secret=api-token:write",
            "env=TZ=UTC",
        ],
        &[
            "grant",
            ORIGIN,
            "notes",
            "config=theme=light",
            "http=https://b.example.com",
            "http-private",
        ],
        &["grant", OTHER_ORIGIN, "notes", "storage"],
        &[
            "route",
            "set",
            ORIGIN,
            "notes",
            "--limit",
            "memory=128MiB",
            "--limit",
            "crashes=3",
        ],
        &[
            "revoke",
            ORIGIN,
            "notes",
            "storage",
            "fs=/notes",
            "secret=api-token",
            "env=TZ",
        ],
        &[
            "revoke",
            ORIGIN,
            "notes",
            "http=https://b.example.com",
            "http-private",
        ],
        &["permissions", "reset", OTHER_ORIGIN, "notes"],
        &[
            "route",
            "edit",
            ORIGIN,
            "notes",
            "--limit",
            "crashes=",
            "--limit",
            "memory=64MiB",
        ],
    ];
    for edit in edits {
        let said = run(&home, edit.iter().copied());
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(
            comments(&policy(&home)),
            comments(&written),
            "{edit:?}\n{}",
            policy(&home)
        );
        run(&home, ["policy", "check"]).succeeds();
    }
    let after = policy(&home);
    let left: Vec<&str> = after
        .lines()
        .filter(|line| !line.contains("approved"))
        .collect();
    let before = written.replace("\"dark\"", "\"light\"");
    assert_eq!(left, before.lines().collect::<Vec<_>>(), "and back again");
}

#[test]
fn revoking_all_leaves_settings_and_resetting_leaves_nothing() {
    let home = home();
    let all = [
        "storage",
        "secret=api-token",
        "http-private",
        "config=theme=dark",
    ];
    run(&home, ["grant", ORIGIN, "notes"].into_iter().chain(all)).succeeds();
    run(&home, ["revoke", ORIGIN, "notes", "--all"]).prints(&format!(
        "revoked `storage` from `notes` for `{ORIGIN}`\n\
         revoked `http-private` from `notes` for `{ORIGIN}`\n\
         revoked `secret=api-token` from `notes` for `{ORIGIN}`\n"
    ));
    run(&home, ["revoke", ORIGIN, "notes", "--all"])
        .prints(&format!("`notes` has no powers for `{ORIGIN}`\n"));
    let text = policy(&home);
    assert!(
        text.contains("theme") && !text.contains("approved"),
        "{text}"
    );
    run(&home, ["permissions", "reset", ORIGIN, "notes"]).prints(&format!(
        "nothing is granted to `notes` for `{ORIGIN}` any more\n"
    ));
    assert!(!policy(&home).contains("grant"), "{}", policy(&home));
}

#[test]
fn permissions_show_what_is_asked_for_beside_what_is_granted() {
    let home = home();
    let requests = "storage = { reason = \"remembers\" }\nconfig = [{ key = \"theme\", reason = \"looks\" }]\n";
    install(&home, &packed(&home, "2", requests));
    run(&home, ["permissions", "show"]).prints(&format!(
        "{ORIGIN} → notes\n  there is nothing to approve\n\
         \u{20} POWER               GRANTED  ASKED FOR  ITS REASON\n\
         \u{20} storage             no       yes        remembers\n\
         \u{20} config=theme=VALUE  no       yes        looks\n\
         \u{20} to grant all of it: portcullis grant {ORIGIN} notes storage config=theme=VALUE\n"
    ));
    run(
        &home,
        ["grant", ORIGIN, "notes", "storage", "config=theme=dark"],
    )
    .succeeds();
    run(&home, ["permissions", "show", ORIGIN, "notes"]).prints(&format!(
        "{ORIGIN} → notes\n  the installed build is approved\n\
         \u{20} POWER              GRANTED  ASKED FOR  ITS REASON\n\
         \u{20} storage            yes      yes        remembers\n\
         \u{20} config=theme=dark  yes      yes        looks\n"
    ));
    let shown = || -> Value {
        let shown = run(&home, ["permissions", "show", ORIGIN, "--json"]).succeeds();
        serde_json::from_str(&shown).expect("JSON")
    };
    let line = shown()[0]["line"].clone();
    assert_eq!(
        shown(),
        json!([{
            "origin": ORIGIN,
            "plugin": "notes",
            "host-name": null,
            "line": line,
            "approval": "approved",
            "requested": [
                { "power": "storage", "reason": "remembers" },
                { "power": "config=theme=VALUE", "reason": "looks" },
            ],
            "granted": ["storage", "config=theme=dark"],
            "withheld": [],
            "missing": [],
        }])
    );
    install(&home, &packed(&home, "3", requests));
    assert_eq!(shown()[0]["approval"], json!("earlier"));
    install(&home, &packed(&home, "4", EVERYTHING));
    assert_eq!(shown()[0]["approval"], json!("missing"));
    let text = run(&home, ["permissions", "show"]).succeeds();
    assert!(
        text.contains(&format!(
            "`portcullis grant {ORIGIN} notes --approve` approves it"
        )),
        "{text}"
    );
    run(&home, ["permissions", "show", OTHER_ORIGIN])
        .prints("no route fits: no extension has given a plugin anything here\n");
}

#[test]
fn limits_are_set_with_a_route_and_after() {
    let home = home();
    run(
        &home,
        [
            "route",
            "add",
            OTHER_ORIGIN,
            "notes",
            "--limit",
            "memory=256MiB",
            "--limit",
            "crashes=7",
        ],
    )
    .succeeds();
    assert!(
        policy(&home).contains("[route.limits]\nmemory = \"256MiB\"\ncrashes = 7\n"),
        "{}",
        policy(&home)
    );
    run(
        &home,
        [
            "route",
            "set",
            OTHER_ORIGIN,
            "notes",
            "--limit",
            "memory=",
            "--limit",
            "init=1s",
        ],
    )
    .prints(&format!(
        "`memory` is the default again for `{OTHER_ORIGIN}` and `notes`\n\
             `init` is \"1s\" for `{OTHER_ORIGIN}` and `notes`\n"
    ));
    assert!(
        policy(&home).contains("[route.limits]\ncrashes = 7\ninit = \"1s\"\n"),
        "{}",
        policy(&home)
    );
    let before = policy(&home);
    run(
        &home,
        [
            "route",
            "add",
            ORIGIN,
            "notes",
            "--when",
            "/a=1",
            "--limit",
            "memory=9GiB",
        ],
    )
    .refuses_with(1, "is above the ceiling");
    assert_eq!(policy(&home), before);
}

#[test]
fn writers_at_once_lose_nothing() {
    const WRITERS: usize = 8;
    let home = home();
    thread::scope(|scope| {
        for number in 0..WRITERS {
            let home = &home;
            scope.spawn(move || {
                let word = format!("secret=token-{number}");
                let said = run(home, ["grant", ORIGIN, "notes", &word]);
                assert_eq!(said.code, 0, "{said:?}");
            });
        }
    });
    let text = policy(&home);
    for number in 0..WRITERS {
        assert!(text.contains(&format!("\"token-{number}\"")), "{text}");
    }
}

#[test]
fn the_schema_is_json() {
    let home = Home::new();
    let schema: Value = serde_json::from_str(&run(&home, ["schema"]).succeeds()).expect("JSON");
    assert_eq!(
        schema["$schema"],
        json!("https://json-schema.org/draft/2020-12/schema")
    );
    assert!(schema["properties"]["limits"]["properties"]["memory"].is_object());
}
