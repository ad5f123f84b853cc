//! What is offered, and the sentences about what is not.

use super::*;

#[test]
fn what_is_offered_is_met_by_every_compatible_version() {
    for name in [
        "portcullis:plugin/types@0.1.0",
        "portcullis:plugin/log@0.1.7",
        "wasi:io/poll@0.2.0",
        "wasi:io/poll@0.2.6",
        "wasi:cli/exit@0.2.99",
        "wasi:sockets/tcp@0.2.12+build.5",
    ] {
        assert_eq!(difference(name), None, "{name}");
        assert!(import(name).is_some(), "{name}");
    }
    for interface in IMPORTS {
        assert_eq!(import(&interface.to_string()), Some(interface));
    }
}

#[test]
fn what_is_not_offered_is_explained() {
    let cases = [
        (
            "portcullis:plugin/port@0.2.0",
            "needs `portcullis:plugin/port@0.2.0`, this host has `0.1.0`: update the host",
        ),
        (
            "portcullis:plugin/port@1.0.0",
            "needs `portcullis:plugin/port@1.0.0`, this host has `0.1.0`: update the host",
        ),
        (
            "portcullis:plugin/port@0.0.9",
            "needs `portcullis:plugin/port@0.0.9`, this host has `0.1.0`: build it against `portcullis:plugin@0.1.0`",
        ),
        (
            "portcullis:plugin/port@0.1.0-rc.1",
            "needs `portcullis:plugin/port@0.1.0-rc.1`, this host has `0.1.0`: build it against `portcullis:plugin@0.1.0`",
        ),
        (
            "portcullis:plugin/port",
            "needs `portcullis:plugin/port`, this host has `0.1.0`: build it against `portcullis:plugin@0.1.0`",
        ),
        (
            "portcullis:plugin/later@0.1.5",
            "needs `portcullis:plugin/later@0.1.5`, this host has `portcullis:plugin@0.1.0`: update the host",
        ),
        (
            "portcullis:plugin/prot@0.1.0",
            "needs `portcullis:plugin/prot@0.1.0`, and `portcullis:plugin@0.1.0` has no such interface: check its spelling",
        ),
        (
            "wasi:cli/stdin@0.3.0",
            "needs `wasi:cli/stdin@0.3.0`: WASI 0.3 is not offered: build for WASI 0.2",
        ),
        (
            "wasi:http/types@0.3.0-rc-2025-09-16",
            "needs `wasi:http/types@0.3.0-rc-2025-09-16`: WASI 0.3 is not offered: build for WASI 0.2",
        ),
        (
            "wasi:io/poll@0.2.0-rc-2023-11-10",
            "needs `wasi:io/poll@0.2.0-rc-2023-11-10`, this host has WASI 0.2.12: build for WASI 0.2",
        ),
        (
            "wasi:http/incoming-handler@0.2.6",
            "needs `wasi:http/incoming-handler@0.2.6`, and this host offers `outgoing-handler` and `types` of \
             `wasi:http`: a plugin sends requests and serves none",
        ),
        (
            "wasi:logging/logging@0.1.0-draft",
            "needs `wasi:logging/logging@0.1.0-draft`, which this host does not offer: \
             log through `portcullis:plugin/log@0.1.0`",
        ),
        (
            "evil:port/port@0.1.0",
            "needs `evil:port/port@0.1.0`, which this host does not offer: \
             a plugin imports `portcullis:plugin@0.1.0` and WASI 0.2 and nothing else",
        ),
        (
            "post\u{1b}",
            "needs `post\\u{1b}`, which belongs to no interface: build against a world of `portcullis:plugin@0.1.0`",
        ),
    ];
    for (name, expected) in cases {
        assert_eq!(difference(name).as_deref(), Some(expected));
    }
}

#[test]
fn an_export_of_our_contract_in_another_version_is_explained() {
    for name in [
        "portcullis:plugin/handler@0.1.0",
        "portcullis:plugin/session@0.1.3",
        "portcullis:plugin/extra@0.9.0",
        "wasi:cli/run@0.3.0",
        "init",
    ] {
        assert_eq!(export_difference(name), None, "{name}");
    }
    assert_eq!(
        export_difference("portcullis:plugin/handler@0.2.0").as_deref(),
        Some("exports `portcullis:plugin/handler@0.2.0`, this host has `0.1.0`: update the host")
    );
    assert!(export_difference("portcullis:plugin/session").is_some());
}

#[test]
fn versions_are_compatible_as_the_linker_says() {
    let cases = [
        ("0.1.0", "0.1.9", true),
        ("0.1.0", "0.2.0", false),
        ("1.0.0", "1.9.9", true),
        ("1.0.0", "2.0.0", false),
        ("0.0.1", "0.0.1", true),
        ("0.0.1", "0.0.2", false),
    ];
    for (one, other, expected) in cases {
        let [one, other] = [one, other].map(|text| Version::parse(text).expect(text));
        assert_eq!(one.is_compatible(other), expected, "{one} {other}");
        assert_eq!(other.is_compatible(one), expected, "{other} {one}");
    }
    for text in [
        "", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.3-rc", "-1.0.0", "1..2",
    ] {
        assert_eq!(Version::parse(text), None, "{text:?}");
    }
}
