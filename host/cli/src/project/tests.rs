//! Projects that hold together and projects that do not.

use portcullis_core::policy::{ByteSize, Policy};

use super::*;

const WHOLE: &str = r#"
name = "notes"
language = "js"
mode = "session"
component = "target/notes.wasm"
build = ["npm ci", "npm run build"]

[limits]
memory = "32MiB"   # a third of what it has
storage-keys = 12

[grant]
storage = true
http = ["https://example.com"]
config = { theme = "dark" }

[[grant.fs]]
host = "~/Notes"
guest = "/notes"
access = "read-only"
"#;

fn parsed(text: &str) -> Result<Project, ProjectError> {
    Project::parse(Path::new("here"), text, Path::new("here/portcullis.toml"))
}

fn origin() -> Origin {
    "notes@example.com".parse().expect("an add-on's ID")
}

#[test]
fn a_whole_project_is_understood() {
    let project = parsed(WHOLE).expect("nothing is wrong");
    assert_eq!(project.folder(), Path::new("here"));
    assert_eq!(project.name().as_str(), "notes");
    assert_eq!(project.language(), Language::Js);
    assert_eq!(project.mode().as_str(), "session");
    assert_eq!(project.component(), Path::new("here/target/notes.wasm"));
    assert_eq!(project.build(), ["npm ci", "npm run build"]);
    assert_eq!(project.manifest(), Path::new("here/plugin.toml"));
    assert_eq!(project.terms().limits.memory, ByteSize::mebibytes(32));
    assert!(project.terms().grant.has_powers());
}

#[test]
fn its_policy_gives_what_it_names() {
    let project = parsed(WHOLE).expect("nothing is wrong");
    let digest = Digest::of_bytes(b"a build");
    let text = project.policy_text(&origin(), Some(&digest));
    let policy = Policy::parse(&text, Path::new("policy.toml")).expect(&text);
    let [route] = policy.routes() else {
        panic!("one route, not {text}");
    };
    assert_eq!(route.origin, origin());
    assert_eq!(route.plugin, *project.name());
    assert_eq!(route.limits, project.terms().limits);
    assert_eq!(route.grant.approved, Some(digest));
    assert_eq!(route.grant.config, project.terms().grant.config);
    assert_eq!(route.grant.http.len(), 1);
    assert_eq!(route.grant.folders[0].host, "~/Notes");
}

#[test]
fn a_project_without_terms_has_the_defaults() {
    let text = "name='a'\nlanguage='c'\nmode='stdio'\ncomponent='a.wasm'\n";
    let project = parsed(text).expect("nothing more is needed");
    assert!(project.build().is_empty());
    let text = project.policy_text(&origin(), None);
    let policy = Policy::parse(&text, Path::new("policy.toml")).expect(&text);
    assert_eq!(policy.routes()[0].limits, project.terms().limits);
    assert!(!policy.routes()[0].grant.has_powers());
}

#[test]
fn terms_may_be_written_in_any_form() {
    let text = "name='a'\nlanguage='c'\nmode='stdio'\ncomponent='a.wasm'\nlimits.memory='2MiB'\ngrant={storage=true}\n";
    let project = parsed(text).expect("inline tables are tables");
    let text = project.policy_text(&origin(), Some(&Digest::of_bytes(b"")));
    let policy = Policy::parse(&text, Path::new("policy.toml")).expect(&text);
    assert_eq!(policy.routes()[0].limits.memory, ByteSize::mebibytes(2));
    assert!(policy.routes()[0].grant.storage.is_some());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let cases = [
        (
            "name = \"notes\"",
            "name = \"Notes\"",
            ":2:8: a plugin's name holds only",
        ),
        (
            "language = \"js\"",
            "language = \"go\"",
            ":3:12: unknown variant `go`",
        ),
        (
            "mode = \"session\"",
            "mod = \"session\"",
            ":4:1: unknown field `mod`",
        ),
        ("mode = \"session\"", "", ": missing field `mode`"),
        (
            "target/notes.wasm",
            "../notes.wasm",
            ":5:13: `../notes.wasm` is not a `.wasm` file in the project",
        ),
        (
            "target/notes.wasm",
            "/notes.wasm",
            ":5:13: `/notes.wasm` is not",
        ),
        (
            "target/notes.wasm",
            "target/notes",
            ":5:13: `target/notes` is not",
        ),
        (
            "\"npm ci\"",
            "\" \"",
            ":6:10: a line of `build` is a command",
        ),
        ("32MiB", "32 elephants", ":9:10: "),
        (
            "storage-keys",
            "storage-key",
            ":10:1: unknown field `storage-key`",
        ),
        ("https://example.com", "example.com", ":14:9: "),
        ("[grant]", "[grants]", ":12:2: unknown field `grants`"),
        (
            "storage = true",
            "storage = true\nstorage = true",
            ":14:1: duplicate key",
        ),
    ];
    for (from, to, expected) in cases {
        let text = WHOLE.replace(from, to);
        assert_ne!(text, WHOLE, "{from}");
        let error = parsed(&text).expect_err(to).to_string();
        let rest = error.strip_prefix("here/portcullis.toml").expect(&error);
        assert!(rest.contains(expected), "{to}: {error}");
    }
}

#[test]
fn a_folder_without_a_project_says_how_to_make_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = Project::open(folder.path()).expect_err("it is empty");
    assert!(error.to_string().contains("portcullis new"), "{error}");
    fs::write(folder.path().join(FILE), vec![b' '; 70_000]).expect("it is ours");
    let error = Project::open(folder.path()).expect_err("it is too long");
    assert!(matches!(error, ProjectError::TooLong { .. }), "{error}");
}

#[test]
fn transcripts_are_found_in_order() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join(FILE), WHOLE).expect("it is ours");
    let project = Project::open(folder.path()).expect("nothing is wrong");
    assert!(project.transcripts().expect("none is no error").is_empty());
    let tests = folder.path().join(TESTS);
    fs::create_dir(&tests).expect("it is ours");
    for name in ["b.transcript", "a.transcript", "notes.txt"] {
        fs::write(tests.join(name), "").expect("it is ours");
    }
    let found = project.transcripts().expect("the folder is there");
    assert_eq!(
        found,
        [tests.join("a.transcript"), tests.join("b.transcript")]
    );
}
