//! The types of the functions of our contract, compared with those in a component.
//!
//! Wasmtime compares them too, but those of exports only when an instance is made: a browser would be waiting by then.
//! The comparison is of texts, which a refusal can show as they are. Names of parameters are left out of them, since
//! they carry no meaning; names of a record's fields are part of its type.

use std::fmt::Write;

use wasmparser::component_types::{
    ComponentDefinedType, ComponentFuncType, ComponentFuncTypeId, ComponentValType,
};
use wasmparser::types::TypesRef;

use crate::offered;

macro_rules! peer {
    () => {
        "record { origin: string, browser: string, host-name: option<string> }"
    };
}

/// The shape of every error in the contract.
macro_rules! coded {
    () => {
        "record { code: string, message: string }"
    };
}

/// Interface, function and type, as in `wit/portcullis.wit`.
const CONTRACT: [(&str, &str, &str); 20] = [
    (
        "handler",
        "handle",
        concat!(
            "func(",
            peer!(),
            ", string) -> result<string, ",
            coded!(),
            ">"
        ),
    ),
    (
        "session",
        "connect",
        concat!("func(", peer!(), ") -> result<_, ", coded!(), ">"),
    ),
    (
        "session",
        "message",
        concat!("func(string) -> result<option<string>, ", coded!(), ">"),
    ),
    (
        "session",
        "timer",
        concat!("func(u64) -> result<_, ", coded!(), ">"),
    ),
    ("session", "disconnect", "func()"),
    (
        "port",
        "post",
        concat!("func(string) -> result<_, ", coded!(), ">"),
    ),
    ("port", "close", "func()"),
    (
        "timers",
        "set",
        concat!("func(u64, u64) -> result<_, ", coded!(), ">"),
    ),
    ("timers", "cancel", "func(u64)"),
    (
        "log",
        "write",
        "func(enum { debug, info, warn, error }, string)",
    ),
    ("config", "get", "func(string) -> option<string>"),
    ("config", "all", "func() -> list<tuple<string, string>>"),
    (
        "storage",
        "get",
        concat!("func(string) -> result<option<list<u8>>, ", coded!(), ">"),
    ),
    (
        "storage",
        "set",
        concat!("func(string, list<u8>) -> result<_, ", coded!(), ">"),
    ),
    (
        "storage",
        "delete",
        concat!("func(string) -> result<_, ", coded!(), ">"),
    ),
    (
        "storage",
        "keys",
        concat!(
            "func(string, option<string>, u32) -> result<record { keys: list<string>, next: option<string> }, ",
            coded!(),
            ">"
        ),
    ),
    (
        "storage",
        "compare-and-swap",
        concat!(
            "func(string, option<list<u8>>, option<list<u8>>) -> result<bool, ",
            coded!(),
            ">"
        ),
    ),
    (
        "secrets",
        "get",
        concat!("func(string) -> result<option<string>, ", coded!(), ">"),
    ),
    (
        "secrets",
        "set",
        concat!("func(string, string) -> result<_, ", coded!(), ">"),
    ),
    (
        "secrets",
        "delete",
        concat!("func(string) -> result<_, ", coded!(), ">"),
    ),
];

/// The longest text of a type, in bytes, and the deepest that types are looked into. Longer and deeper than any of the
/// contract; a component can share parts of a type so that its text would have no end.
const LONGEST: usize = 512;
const DEEPEST: usize = 8;

/// A function of our contract that a component has with other types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherTypes {
    /// The interface as the component calls it. The author's text.
    pub interface: String,
    /// The function.
    pub function: &'static str,
    /// Its type in the component, perhaps cut short. The author's text.
    pub found: String,
    /// Its type in the contract.
    pub expected: &'static str,
}

/// The difference between a component's function and the contract's; nothing where there is none, or where the
/// contract has no such function.
pub(super) fn compare(
    interface: &str,
    function: &str,
    found: ComponentFuncTypeId,
    types: TypesRef<'_>,
) -> Option<OtherTypes> {
    let known = offered::of_our_contract(interface)?;
    let (_, function, expected) = CONTRACT
        .into_iter()
        .find(|(name, it, _)| *name == known.name && *it == function)?;
    let found = text_of(&types[found], types);
    (found != expected).then(|| OtherTypes {
        interface: interface.to_owned(),
        function,
        found,
        expected,
    })
}

/// The type of a function as WIT writes it, without the names of its parameters.
fn text_of(function: &ComponentFuncType, types: TypesRef<'_>) -> String {
    let mut text = String::from("func(");
    let parameters = function
        .params
        .iter()
        .map(|(_, parameter)| (None, *parameter));
    write_list(&mut text, parameters, types, 0);
    text.push(')');
    if let Some(result) = function.result {
        text.push_str(" -> ");
        write_type(&mut text, result, types, 0);
    }
    text
}

fn write_type(text: &mut String, value: ComponentValType, types: TypesRef<'_>, depth: usize) {
    if depth > DEEPEST || text.len() > LONGEST {
        text.push('…');
        return;
    }
    let id = match value {
        ComponentValType::Primitive(primitive) => {
            write!(text, "{primitive}").expect("writing to memory does not fail");
            return;
        }
        ComponentValType::Type(id) => id,
    };
    let depth = depth + 1;
    let optional = |text: &mut String, value: Option<ComponentValType>| match value {
        Some(value) => write_type(text, value, types, depth),
        None => text.push('_'),
    };
    match &types[id] {
        ComponentDefinedType::Primitive(primitive) => {
            write!(text, "{primitive}").expect("writing to memory does not fail");
        }
        ComponentDefinedType::Record(record) => {
            text.push_str("record { ");
            let fields = record
                .fields
                .iter()
                .map(|(name, field)| (Some(name.as_str()), *field));
            write_list(text, fields, types, depth);
            text.push_str(" }");
        }
        ComponentDefinedType::Enum(cases) => {
            text.push_str("enum { ");
            for (place, case) in cases.iter().enumerate() {
                if place > 0 {
                    text.push_str(", ");
                }
                if text.len() > LONGEST {
                    text.push('…');
                    break;
                }
                push_name(text, case.as_str());
            }
            text.push_str(" }");
        }
        ComponentDefinedType::Tuple(tuple) => {
            text.push_str("tuple<");
            write_list(
                text,
                tuple.types.iter().map(|part| (None, *part)),
                types,
                depth,
            );
            text.push('>');
        }
        ComponentDefinedType::List { element, .. } => {
            text.push_str("list<");
            write_type(text, *element, types, depth);
            text.push('>');
        }
        ComponentDefinedType::Option { ty, .. } => {
            text.push_str("option<");
            write_type(text, *ty, types, depth);
            text.push('>');
        }
        ComponentDefinedType::Result { ok, err, .. } => {
            text.push_str("result<");
            optional(text, *ok);
            text.push_str(", ");
            optional(text, *err);
            text.push('>');
        }
        ComponentDefinedType::Variant(_) => text.push_str("variant { … }"),
        ComponentDefinedType::Flags(_) => text.push_str("flags { … }"),
        ComponentDefinedType::Own(_) => text.push_str("own<…>"),
        ComponentDefinedType::Borrow(_) => text.push_str("borrow<…>"),
        // None of them is in the contract.
        _ => text.push('…'),
    }
}

fn write_list<'a>(
    text: &mut String,
    parts: impl Iterator<Item = (Option<&'a str>, ComponentValType)>,
    types: TypesRef<'_>,
    depth: usize,
) {
    for (place, (name, part)) in parts.enumerate() {
        if text.len() > LONGEST {
            text.push('…');
            return;
        }
        if place > 0 {
            text.push_str(", ");
        }
        if let Some(name) = name {
            push_name(text, name);
            text.push_str(": ");
        }
        write_type(text, part, types, depth);
    }
}

/// A name of a field or a case can be longer than any text should be.
fn push_name(text: &mut String, name: &str) {
    text.push_str(&name[..name.floor_char_boundary(LONGEST)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `wit/portcullis.wit` is the only copy of the contract; the table must say the same.
    #[test]
    fn the_table_is_what_the_contract_says() {
        let wit = include_str!("../../../../wit/portcullis.wit");
        let lines = wit
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default().trim());
        let joined: String = lines
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        let mut found = Vec::new();
        for (interface, body) in blocks(&joined, "interface ") {
            let named: Vec<(&str, String)> = ["record", "enum"]
                .iter()
                .flat_map(|kind| {
                    blocks(&joined, &format!("{kind} "))
                        .into_iter()
                        .map(move |(name, body)| {
                            (
                                name,
                                format!("{kind} {{ {} }}", body.trim().trim_end_matches(',')),
                            )
                        })
                })
                .collect();
            for function in body.split(';').filter_map(|statement| {
                let (before, after) = statement.split_once(": func(")?;
                Some((before.rsplit([' ', '}']).next()?, after))
            }) {
                let (name, rest) = function;
                let (parameters, result) = rest.split_once(')').expect("a parameter list ends");
                let types: Vec<&str> = parameters
                    .split(", ")
                    .filter(|parameter| !parameter.is_empty())
                    .map(|parameter| parameter.split_once(": ").expect("a name and a type").1)
                    .collect();
                let mut text = format!("func({}){result}", types.join(", "));
                for (name, meaning) in &named {
                    text = text
                        .split_inclusive([' ', ',', '<', '>', '(', ')'])
                        .flat_map(|word| {
                            let bare = word.trim_end_matches([' ', ',', '<', '>', '(', ')']);
                            let rest = &word[bare.len()..];
                            [if bare == *name { meaning } else { bare }, rest]
                        })
                        .collect();
                }
                found.push((interface.to_owned(), name.to_owned(), text));
            }
        }
        let mut expected: Vec<_> = CONTRACT
            .iter()
            .map(|(interface, function, text)| {
                (
                    (*interface).to_owned(),
                    (*function).to_owned(),
                    (*text).to_owned(),
                )
            })
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }

    /// Everything of the form `<keyword><name> { <body> }`, where bodies hold at most one further level of braces.
    fn blocks<'a>(text: &'a str, keyword: &str) -> Vec<(&'a str, &'a str)> {
        text.match_indices(keyword)
            .filter_map(|(start, _)| {
                let (name, rest) = text[start + keyword.len()..].split_once(" {")?;
                let mut depth = 1;
                let end = rest.find(|c| {
                    depth += match c {
                        '{' => 1,
                        '}' => -1,
                        _ => 0,
                    };
                    depth == 0
                })?;
                (!name.contains(' ')).then(|| (name, &rest[..end]))
            })
            .collect()
    }
}
