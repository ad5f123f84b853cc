//! Edits within one route: what it grants, and its limits.
//!
//! A person may have written the same thing in several ways (tables with headings, tables in one line, an array over many
//! lines), and each is edited as it is. What is added follows the form of what is there.

use anyhow::Result;
use portcullis_core::names::Digest;
use portcullis_core::policy::{Access, SecretAccess};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::{ROUTES, parse, unexpected};
use crate::power::{Power, Revoked};

/// The key of what a route grants.
const GRANT: &str = "grant";

/// The text in which the route at this place grants these powers, too. A folder in a place that is taken, a secret and a
/// setting come in the place of what was there.
pub(crate) fn with_grants(
    text: &str,
    place: usize,
    powers: &[Power],
    approved: Option<&Digest>,
) -> Result<String> {
    let mut document = parse(text)?;
    let grant = table_in(route_at(&mut document, place)?, GRANT)?;
    if let Some(digest) = approved {
        put(grant, "approved", format!("sha256:{digest}").into());
    }
    for power in powers {
        add(grant, power)?;
    }
    Ok(document.to_string())
}

/// The text in which the route at this place does not grant these any more. Where nothing is left that has to be
/// approved, the approval goes, too.
pub(crate) fn without_grants(text: &str, place: usize, powers: &[Revoked]) -> Result<String> {
    let mut document = parse(text)?;
    let route = route_at(&mut document, place)?;
    let grant = table_in(route, GRANT)?;
    for power in powers {
        take(grant, power)?;
    }
    let reaches = ["fs", "http", "http-private", "secrets", "storage"];
    if !reaches.iter().any(|key| grant.contains_key(key)) {
        grant.remove("approved");
    }
    if grant.is_empty() {
        route.remove(GRANT);
    }
    Ok(document.to_string())
}

/// The text in which the route at this place grants nothing.
pub(crate) fn without_any_grant(text: &str, place: usize) -> Result<String> {
    let mut document = parse(text)?;
    route_at(&mut document, place)?.remove(GRANT);
    Ok(document.to_string())
}

/// The text in which the route at this place has these limits of its own; `None` means the default again.
pub(crate) fn with_limits(
    text: &str,
    place: usize,
    limits: &[(&str, Option<Value>)],
) -> Result<String> {
    let mut document = parse(text)?;
    let route = route_at(&mut document, place)?;
    let table = table_in(route, "limits")?;
    for (key, value) in limits {
        match value {
            Some(value) => put(table, key, value.clone()),
            None => drop(table.remove(key)),
        }
    }
    if table.is_empty() {
        route.remove("limits");
    }
    Ok(document.to_string())
}

/// The line, from 1, on which a setting or a variable of the route at this place stands.
pub(crate) fn line_of(text: &str, place: usize, table: &str, key: &str) -> Option<usize> {
    let document = toml_edit::Document::parse(text).ok()?;
    let routes = document.get(ROUTES)?;
    let table = match routes {
        Item::ArrayOfTables(routes) => routes.get(place)?.get(GRANT)?.get(table)?,
        Item::Value(Value::Array(routes)) => {
            let grant = routes.get(place)?.as_inline_table()?.get(GRANT)?;
            let (key, _) = grant
                .as_inline_table()?
                .get(table)?
                .as_inline_table()?
                .get_key_value(key)?;
            return line(text, key.span()?.start);
        }
        _ => return None,
    };
    let (key, _) = table.as_table_like()?.get_key_value(key)?;
    line(text, key.span()?.start)
}

fn line(text: &str, at: usize) -> Option<usize> {
    Some(text.get(..at)?.matches('\n').count() + 1)
}

fn route_at(document: &mut DocumentMut, place: usize) -> Result<&mut dyn TableLike> {
    let route: Option<&mut dyn TableLike> = match document.get_mut(ROUTES) {
        Some(Item::ArrayOfTables(routes)) => routes.get_mut(place).map(|table| table as _),
        Some(Item::Value(Value::Array(routes))) => {
            let route = routes.get_mut(place).and_then(Value::as_inline_table_mut);
            route.map(|table| table as _)
        }
        _ => None,
    };
    route.ok_or_else(unexpected)
}

/// The table of this name in another one, made in the same form where it is missing.
fn table_in<'a>(parent: &'a mut dyn TableLike, key: &str) -> Result<&'a mut dyn TableLike> {
    if parent.get(key).is_none() {
        parent.insert(key, Item::Table(heading()));
        // A table in one line cannot hold one with a heading, and turns it into one of its own kind or refuses it.
        if !parent.get(key).is_some_and(Item::is_table_like) {
            parent.insert(key, Item::Value(InlineTable::new().into()));
        }
    }
    let table = parent.get_mut(key).and_then(Item::as_table_like_mut);
    table.ok_or_else(unexpected)
}

fn heading() -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table
}

/// Sets a value in its place, with the spaces and the comment around the old one.
fn put(table: &mut dyn TableLike, key: &str, mut value: Value) {
    match table.get_mut(key) {
        Some(Item::Value(old)) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        _ => drop(table.insert(key, Item::Value(value))),
    }
}

fn add(grant: &mut dyn TableLike, power: &Power) -> Result<()> {
    match power {
        Power::Storage => put(grant, "storage", true.into()),
        Power::HttpPrivate => put(grant, "http-private", true.into()),
        Power::Folder {
            host,
            guest,
            access,
        } => {
            let access = match access {
                Access::ReadOnly => "read-only",
                Access::ReadWrite => "read-write",
            };
            let pairs = [
                ("host", host.as_str()),
                ("guest", guest.as_str()),
                ("access", access),
            ];
            let is_there = |table: &dyn TableLike| text_of(table, "guest") == Some(guest.as_str());
            if let Some(Item::ArrayOfTables(folders)) = grant.get_mut("fs") {
                let mut table = heading();
                for (key, value) in pairs {
                    table[key] = toml_edit::value(value);
                }
                folders.retain(|folder| !is_there(folder));
                folders.push(table);
                return Ok(());
            }
            let folder = InlineTable::from_iter(pairs);
            put_item(array_in(grant, "fs")?, folder.into(), |value| {
                value.as_inline_table().is_some_and(|table| is_there(table))
            });
        }
        Power::Http(destination) => {
            let text = destination.to_string();
            let same = |value: &Value| is_destination(value, destination);
            put_item(array_in(grant, "http")?, text.into(), same);
        }
        Power::Secret(name, access) => {
            let value: Value = match access {
                SecretAccess::Read => name.as_str().into(),
                SecretAccess::Write => {
                    let name: Value = name.as_str().into();
                    InlineTable::from_iter([("name", name), ("write", true.into())]).into()
                }
            };
            let same = |value: &Value| secret_of(value) == Some(name.as_str());
            put_item(array_in(grant, "secrets")?, value, same);
        }
        Power::Variable(name, value) => put(settings_in(grant, "env")?, name, value.into()),
        Power::Setting(key, value) => put(settings_in(grant, "config")?, key, value.into()),
    }
    Ok(())
}

fn take(grant: &mut dyn TableLike, power: &Revoked) -> Result<()> {
    match power {
        Revoked::Storage => drop(grant.remove("storage")),
        Revoked::HttpPrivate => drop(grant.remove("http-private")),
        Revoked::Folder(guest) => {
            let is_it = |table: &dyn TableLike| text_of(table, "guest") == Some(guest.as_str());
            if let Some(Item::ArrayOfTables(folders)) = grant.get_mut("fs") {
                folders.retain(|folder| !is_it(folder));
                if folders.is_empty() {
                    grant.remove("fs");
                }
                return Ok(());
            }
            remove_item(grant, "fs", |value| {
                value.as_inline_table().is_some_and(|table| is_it(table))
            })?;
        }
        Revoked::Http(destination) => {
            remove_item(grant, "http", |value| is_destination(value, destination))?;
        }
        Revoked::Secret(name) => {
            remove_item(grant, "secrets", |value| {
                secret_of(value) == Some(name.as_str())
            })?;
        }
        Revoked::Variable(name) => remove_setting(grant, "env", name),
        Revoked::Setting(key) => remove_setting(grant, "config", key),
    }
    Ok(())
}

fn text_of<'a>(table: &'a dyn TableLike, key: &str) -> Option<&'a str> {
    table.get(key).and_then(Item::as_str)
}

fn is_destination(value: &Value, wanted: &portcullis_core::policy::Destination) -> bool {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .is_some_and(|found: portcullis_core::policy::Destination| found == *wanted)
}

fn secret_of(value: &Value) -> Option<&str> {
    value
        .as_str()
        .or_else(|| value.as_inline_table()?.get("name")?.as_str())
}

fn array_in<'a>(table: &'a mut dyn TableLike, key: &str) -> Result<&'a mut Array> {
    let item = table.entry(key).or_insert(toml_edit::value(Array::new()));
    item.as_array_mut().ok_or_else(unexpected)
}

fn settings_in<'a>(table: &'a mut dyn TableLike, key: &str) -> Result<&'a mut dyn TableLike> {
    let item = table
        .entry(key)
        .or_insert(toml_edit::value(InlineTable::new()));
    item.as_table_like_mut().ok_or_else(unexpected)
}

/// Puts an item in the place of one that it replaces, or at the end in the form of the last.
fn put_item(array: &mut Array, mut item: Value, replaces: impl Fn(&Value) -> bool) {
    if let Some(old) = array.iter_mut().find(|value| replaces(value)) {
        *item.decor_mut() = old.decor().clone();
        *old = item;
        return;
    }
    let last = array
        .iter()
        .last()
        .and_then(|last| last.decor().prefix()?.as_str());
    let indentation = last.and_then(|prefix| Some(prefix[prefix.rfind('\n')?..].to_owned()));
    match indentation {
        Some(indentation) => {
            item.decor_mut().set_prefix(indentation);
            array.push_formatted(item);
        }
        None => array.push(item),
    }
}

fn remove_item(table: &mut dyn TableLike, key: &str, is_it: impl Fn(&Value) -> bool) -> Result<()> {
    if table.get(key).is_none() {
        return Ok(());
    }
    let array = array_in(table, key)?;
    let place = array.iter().position(is_it);
    if let Some(place) = place {
        let removed = array.remove(place);
        // The item that is the first now stands where the old first one stood.
        if place == 0
            && let (Some(first), Some(prefix)) = (array.get_mut(0), removed.decor().prefix())
            && first.decor().prefix().and_then(|now| now.as_str()) == Some(" ")
        {
            first.decor_mut().set_prefix(prefix.clone());
        }
    }
    if array.is_empty() {
        table.remove(key);
    }
    Ok(())
}

fn remove_setting(grant: &mut dyn TableLike, table: &str, key: &str) {
    let Some(settings) = grant.get_mut(table).and_then(Item::as_table_like_mut) else {
        return;
    };
    settings.remove(key);
    if settings.is_empty() {
        grant.remove(table);
    }
}

#[cfg(test)]
mod tests;
