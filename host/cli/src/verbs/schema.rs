//! `schema`: the JSON schema of `policy.toml`, for editors that complete and underline.
//!
//! It describes shapes, not everything that makes a policy valid: whether routes overlap, whether a limit lies within its
//! bounds, is for `portcullis policy check`. The limits come from the one table of limits.

use anyhow::Result;
use portcullis_core::names::{HostName, PluginName};
use portcullis_core::policy::{Bound, SecretName, TABLE, VERSION};
use serde_json::{Map, Value, json};

use crate::output::Output;

pub(crate) fn run() -> Result<()> {
    Ok(Output::new().line(serde_json::to_string_pretty(&schema())?)?)
}

/// The schema, of the draft 2020-12.
fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "policy.toml of Portcullis",
        "type": "object",
        "additionalProperties": false,
        "required": ["version"],
        "properties": {
            "version": { "const": VERSION, "description": "The version of this file." },
            "secrets-backend": {
                "enum": ["keyring", "file"],
                "default": "keyring",
                "description": "Where secrets are kept: the system's keyring, or files of the home.",
            },
            "unmentioned": {
                "enum": ["allow", "deny"],
                "default": "allow",
                "description": "In the machine-wide policy alone: what becomes of extensions without a route in it.",
            },
            "limits": described(limits(), "What holds where a route says nothing."),
            "route": {
                "type": "array",
                "description": "Which plugin serves which extension.",
                "items": route(),
            },
        },
    })
}

fn route() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["origin", "plugin"],
        "properties": {
            "origin": {
                "type": "string",
                "description": "The extension: `chrome-extension://<id>/` or the id of a Mozilla add-on. No wildcard.",
                "anyOf": [
                    { "pattern": "^chrome-extension://[a-p]{32}/$" },
                    { "pattern": "^[A-Za-z0-9._-]*@[A-Za-z0-9._-]+$" },
                    { "pattern": "^\\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\\}$" },
                ],
            },
            "plugin": {
                "type": "string",
                "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
                "maxLength": PluginName::LONGEST,
                "description": "The installed plugin that serves it.",
            },
            "host-name": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)*$",
                "maxLength": HostName::LONGEST,
                "description": "Only where the extension asked for this host name.",
            },
            "when": {
                "type": "object",
                "propertyNames": { "pattern": "^(/.*)?$" },
                "additionalProperties": { "type": ["string", "boolean", "integer"] },
                "description": "Only messages with these values at these JSON pointers.",
            },
            "lifetime": {
                "enum": ["port", "message"],
                "default": "port",
                "description": "How long one instance of the plugin lives.",
            },
            "on-crash": {
                "enum": ["restart", "close"],
                "default": "restart",
                "description": "What follows a crash.",
            },
            "check-inbound": {
                "type": "boolean",
                "default": false,
                "description": "Whether messages are checked to be JSON before the plugin sees them.",
            },
            "limits": described(limits(), "Limits of this route."),
            "grant": grant(),
            "sandbox": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "os": {
                        "enum": ["required", "best-effort", "off"],
                        "default": "best-effort",
                        "description": "How much confinement by the operating system this route asks for.",
                    },
                },
            },
        },
    })
}

fn grant() -> Value {
    let texts = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let secret = json!({
        "type": "string",
        "pattern": "^[A-Za-z0-9._-]+$",
        "maxLength": SecretName::LONGEST,
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "What the plugin may reach and is told. `portcullis grant` writes it.",
        "properties": {
            "approved": {
                "type": "string",
                "pattern": "^sha256:[0-9a-f]{64}$",
                "description": "The build whose requests a person approved.",
            },
            "fs": {
                "type": "array",
                "description": "Folders.",
                "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["host", "guest", "access"],
                    "properties": {
                        "host": {
                            "type": "string",
                            "minLength": 1,
                            "description": "The folder: absolute, or `~` or `~/…` for the user's own.",
                        },
                        "guest": {
                            "type": "string",
                            "pattern": "^/",
                            "description": "Where the plugin finds it.",
                        },
                        "access": { "enum": ["read-only", "read-write"] },
                    },
                },
            },
            "http": {
                "type": "array",
                "description": "Where HTTP requests may go: scheme, host and port, or `*.` and a domain.",
                "items": { "type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@]+$" },
            },
            "http-private": {
                "type": "boolean",
                "default": false,
                "description": "Whether HTTP may reach this machine and its private networks.",
            },
            "env": described(texts.clone(), "Variables in the plugin's environment. Nothing is inherited."),
            "config": described(texts, "Settings that the plugin may read."),
            "secrets": {
                "type": "array",
                "description": "Secrets by name; with `write = true` the plugin may set and delete it.",
                "items": {
                    "anyOf": [
                        secret.clone(),
                        {
                            "type": "object",
                            "additionalProperties": false,
                            "required": ["name"],
                            "properties": { "name": secret, "write": { "type": "boolean", "default": false } },
                        },
                    ],
                },
            },
            "storage": {
                "type": "boolean",
                "default": false,
                "description": "Whether the plugin may keep data for this extension.",
            },
        },
    })
}

fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

fn limits() -> Value {
    const SIZE: &str = "^[0-9]+(B|KiB|MiB|GiB)$";
    const SPAN: &str = "^[0-9]+(ms|s|m)$";
    const RATE: &str = "^[0-9]+(B|KiB|MiB|GiB)/s$";
    let mut properties = Map::new();
    let mut text = |key: &str, pattern: &str, default: String, bounds: String| {
        let schema = json!({
            "type": "string", "pattern": pattern, "default": default, "description": bounds,
        });
        properties.insert(key.to_owned(), schema);
    };
    macro_rules! texts {
        ($pattern:expr; $($limit:ident)*) => {
            $(text(TABLE.$limit.key, $pattern, TABLE.$limit.default.to_string(), bounds(&TABLE.$limit));)*
        };
    }
    texts!(SIZE; memory message_in storage http_body files_written);
    texts!(SPAN; cpu_per_call wall_per_call init crash_window);
    texts!(RATE; log_rate);
    for bound in [
        TABLE.crashes,
        TABLE.storage_keys,
        TABLE.http_in_flight,
        TABLE.files_made,
        TABLE.ports,
    ] {
        let schema = json!({
            "type": "integer",
            "minimum": bound.floor,
            "maximum": bound.ceiling,
            "default": bound.default,
        });
        properties.insert(bound.key.to_owned(), schema);
    }
    json!({ "type": "object", "additionalProperties": false, "properties": properties })
}

fn bounds<T: std::fmt::Display>(bound: &Bound<T>) -> String {
    format!("From {} to {}.", bound.floor, bound.ceiling)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use portcullis_core::policy::Policy;

    use super::*;

    const ROUTE: &str = "[[route]]\norigin = \"a@example.org\"\nplugin = \"x\"\n";

    /// The keys that the reader of policies knows, in its own words, where a key that it does not know stands after
    /// `before`.
    fn known_after(before: &str) -> BTreeSet<String> {
        let text = format!("version = 1\n{before}\nno-such-key = 1\n");
        let error = Policy::parse(&text, Path::new("policy.toml")).expect_err(&text);
        let (_, expected) = error
            .problem
            .split_once("expected ")
            .unwrap_or_else(|| panic!("{error}"));
        let names = expected.split('`').skip(1).step_by(2);
        names.map(str::to_owned).collect()
    }

    fn keys(schema: &Value) -> BTreeSet<String> {
        assert_eq!(schema["additionalProperties"], json!(false), "{schema}");
        let properties = schema["properties"]
            .as_object()
            .expect("an object's schema");
        properties.keys().cloned().collect()
    }

    #[test]
    fn every_key_that_is_read_is_described_and_no_other() {
        let schema = schema();
        let route = &schema["properties"]["route"]["items"];
        let grant = &route["properties"]["grant"];
        let tables = [
            ("", &schema),
            ("[limits]", &schema["properties"]["limits"]),
            (ROUTE, route),
            (
                &*format!("{ROUTE}[route.limits]"),
                &route["properties"]["limits"],
            ),
            (
                &*format!("{ROUTE}[route.sandbox]"),
                &route["properties"]["sandbox"],
            ),
            (&*format!("{ROUTE}[route.grant]"), grant),
            (
                &*format!("{ROUTE}[[route.grant.fs]]"),
                &grant["properties"]["fs"]["items"],
            ),
        ];
        for (before, schema) in tables {
            assert_eq!(known_after(before), keys(schema), "{before}");
        }
        let secret = &grant["properties"]["secrets"]["items"]["anyOf"][1];
        let known = known_after(&format!("{ROUTE}[[route.grant.secrets]]\nname = \"x\""));
        assert_eq!(known, keys(secret));
    }

    #[test]
    fn every_word_of_a_choice_is_read_and_no_other() {
        let schema = schema();
        let route = &schema["properties"]["route"]["items"]["properties"];
        let fs = &route["grant"]["properties"]["fs"]["items"]["properties"];
        // What stands before the value, and what after it.
        let choices = [
            (
                "secrets-backend = ",
                "",
                &schema["properties"]["secrets-backend"],
            ),
            (&*format!("{ROUTE}lifetime = "), "", &route["lifetime"]),
            (&*format!("{ROUTE}on-crash = "), "", &route["on-crash"]),
            (
                &*format!("{ROUTE}[route.sandbox]\nos = "),
                "",
                &route["sandbox"]["properties"]["os"],
            ),
            (
                &*format!("{ROUTE}[[route.grant.fs]]\nhost = \"/x\"\nguest = \"/x\"\naccess = "),
                "",
                &fs["access"],
            ),
        ];
        for (before, after, choice) in choices {
            let read = |word: &str| {
                let text = format!("version = 1\n{before}\"{word}\"{after}\n");
                Policy::parse(&text, Path::new("policy.toml"))
            };
            let words = choice["enum"].as_array().expect("a choice");
            for word in words.iter().filter_map(Value::as_str) {
                read(word).unwrap_or_else(|error| panic!("{before}{word}: {error}"));
            }
            let error = read("no-such-word").expect_err(before);
            assert_eq!(
                error.problem.matches('`').count() / 2 - 1,
                words.len(),
                "{error}"
            );
        }
    }

    #[test]
    fn every_default_and_bound_of_a_limit_is_read() {
        for (key, schema) in limits()["properties"].as_object().expect("limits") {
            let values = ["default", "minimum", "maximum"].map(|name| &schema[name]);
            for value in values.iter().filter(|value| !value.is_null()) {
                let text = format!("version = 1\n[limits]\n{key} = {value}\n");
                if let Err(error) = Policy::parse(&text, Path::new("policy.toml")) {
                    panic!("{error}\n{text}");
                }
            }
        }
    }
}
