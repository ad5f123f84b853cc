//! What the cases do not say: the order of the checks, the place of a fault, and the readers' own kinds of JSON.

use super::*;

#[test]
fn the_first_fault_is_that_of_the_browsers_own_order() {
    let mut manifest = json!({
        "allowed_extensions": [], "allowed_origins": 1, "description": 1, "name": 1, "path": 1,
        "type": 1, "supports_native_initiated_connections": 1,
    });
    for (key, chromium) in [
        ("name", "Invalid value for name."),
        ("description", "Invalid value for description."),
        ("type", "Invalid value for type."),
        ("path", "Invalid value for path."),
        (
            "allowed_origins",
            "Invalid value for allowed_origins. Expected a list of strings.",
        ),
        (
            "supports_native_initiated_connections",
            "supports_native_initiated_connections must be a boolean.",
        ),
    ] {
        assert_eq!(reason(Family::Chromium, &manifest), chromium);
        let good = with(
            Family::Chromium,
            "supports_native_initiated_connections",
            json!(true),
        );
        manifest[key] = good[key].clone();
    }
    judge(Family::Chromium, &manifest).expect("everything is mended");

    let mut manifest = json!({
        "unknown": 1, "allowed_extensions": [], "description": 1, "name": 1, "path": 1, "type": 1,
    });
    for (key, mozilla) in [
        (
            "allowed_extensions",
            ".allowed_extensions must have at least 1 items",
        ),
        ("description", ".description must be a string value"),
        ("name", ".name must be a string value"),
        ("path", ".path must be a string value"),
        ("type", ".type must be a string value"),
    ] {
        assert_eq!(reason(Family::Mozilla, &manifest), mozilla);
        manifest[key] = good(Family::Mozilla)[key].clone();
    }
    assert_eq!(
        reason(Family::Mozilla, &manifest),
        "not contain an unexpected \"unknown\" property"
    );
}

#[test]
fn a_fault_has_its_place_and_its_mend() {
    let read = |family, text: &str| {
        let fault = read_on(System::Posix, family, text.as_bytes(), NAME).expect_err(text);
        fault.to_string()
    };
    for (family, text, expected) in [
        (
            Family::Chromium,
            "{\n  /* é */ \"name\": \"A\"\n}",
            "2:19: `name` is `A`: Chromium takes no upper case: write `\"name\": \"com.example.echo\"`",
        ),
        (
            Family::Chromium,
            "{\n  \"a\nb\": /* c */ 1,\n}",
            "4:1: the file is not JSON: trailing comma: correct it there",
        ),
        (
            Family::Chromium,
            " []",
            "1:1: the file is JSON, but not an object: begin it with `{`",
        ),
        (
            Family::Chromium,
            "{\"name\":\"\u{1b}[2J\"}",
            "1:10: the file is not JSON: control character (\\u0000-\\u001F) found while parsing a string: correct it there",
        ),
        (
            Family::Chromium,
            "{\"name\":\"\\u001b[2J\"}",
            "1:9: `name` is `\\u{1b}[2J`: a host name holds only letters, digits, `_` and `.`, this one has \
             `\\u{1b}`: write `\"name\": \"com.example.echo\"`",
        ),
        (
            Family::Mozilla,
            "{\n",
            "2:1: the file is not JSON: EOF while parsing an object: correct it there; this browser takes no comments",
        ),
        (
            Family::Mozilla,
            "",
            "1:1: the file is not JSON: EOF while parsing a value: correct it there; this browser takes no comments",
        ),
    ] {
        assert_eq!(read(family, text), expected);
    }
}

#[test]
fn what_only_one_reader_of_json_takes() {
    for (member, chromium, mozilla) in [
        (r#""x": 1e999"#, false, false),
        (r#""description": "\ud800""#, false, true),
        (r#""description": "a\x41""#, true, false),
        ("\"description\": \"a\nb\"", true, false),
        ("\"description\": \"a\tb\"", false, false),
        (r#""description": 5, "description": "last""#, true, true),
        (r#""description": "first", "description": 5"#, false, false),
        (r#""description": """#, false, true),
        (r#""path": "/a\u0000""#, true, true),
    ] {
        for (family, taken) in [(Family::Chromium, chromium), (Family::Mozilla, mozilla)] {
            let good = good(family).to_string();
            let text = format!("{}, {member}}}", good.strip_suffix('}').expect("an object"));
            let verdict = read_on(System::Posix, family, text.as_bytes(), NAME);
            assert_eq!(verdict.is_ok(), taken, "{family:?} {member}: {verdict:?}");
        }
    }
}
