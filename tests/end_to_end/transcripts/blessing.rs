//! `--bless`: what did not fit becomes what came, and nothing else changes.

use super::Project;

#[test]
fn only_what_does_not_fit_is_rewritten() {
    let before = r#"# Kept.
--- fits
> {"do": "count"}
<   {"calls":   …}

--- does not
# Kept, too.
> {"do": "peer"}
< {"origin": "…", "browser": "none", "host-name": null, "gone": 1}
> {"do": "count"}
< {"calls": 0}
> {"do": "refuse"}
< …

--- is not answered as often
> {"do": "count"}
< {"calls": 0}
< {"calls": 1}
--- is answered more often
> {"do": "post", "n": 2}
< {"post": 1}
# The end.
"#;
    let after = r#"# Kept.
--- fits
> {"do": "count"}
<   {"calls":   …}

--- does not
# Kept, too.
> {"do": "peer"}
< {"origin": …, "browser": "chromium", "host-name": null}
> {"do": "count"}
< {"calls": 1}
> {"do": "refuse"}
! plugin-error refused: …

--- is not answered as often
> {"do": "count"}
< {"calls": 0}
--- is answered more often
> {"do": "post", "n": 2}
< {"post": 1}
< {"post": 2}
< true
# The end.
"#;
    let project = Project::with("unruly-session", "", before);
    let said = project.run(&["test", "--bless", "--wait", "2s"]);
    assert_eq!(project.read("tests/all.transcript"), after, "{said:?}");
    assert_eq!(said.code, 0, "{said:?}");
    // Nothing is left to bless, and nothing is written.
    let said = project.run(&["test", "--bless"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(project.read("tests/all.transcript"), after);
}

#[test]
fn a_transcript_of_questions_is_given_its_answers() {
    let questions = "> {\"do\": \"count\"}\n> {\"do\": \"count\"}\n---\n> {\"do\": \"garbage\"}\n";
    let answers = "> {\"do\": \"count\"}\n< {\"calls\": 0}\n> {\"do\": \"count\"}\n< {\"calls\": 1}\n---\n\
                   > {\"do\": \"garbage\"}\n! invalid-json\n";
    let project = Project::with("unruly", "", questions);
    // Nothing was expected, so everything that comes is too much.
    let said = project.run(&["test"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(project.read("tests/all.transcript"), questions);
    let said = project.run(&["test", "--bless"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(project.read("tests/all.transcript"), answers);
}

#[test]
fn what_comes_while_a_port_ends_stands_after_the_end() {
    let project = Project::with("unruly-session", "", "> {\"do\": \"silent\"}\n.\n");
    let said = project.run(&["test", "--bless"]);
    assert_eq!(said.code, 0, "{said:?}");
    let blessed = "> {\"do\": \"silent\"}\n.\n! no-reply\n";
    assert_eq!(project.read("tests/all.transcript"), blessed);
}
