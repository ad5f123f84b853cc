//! `policy.toml` as a person's file that this program may also edit.
//!
//! The deciding choice: an edit changes the text and not the policy. The text is parsed into a document that keeps
//! comments, order and spacing, one table is put in or taken out, and the result must be a valid [`Policy`] before it
//! is written. So nothing that a person wrote is lost, and a bad route never lands.

pub(crate) mod grants;

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow};
use portcullis_core::caller::Origin;
use portcullis_core::home::{Home, HomeLock, guarded, write};
use portcullis_core::names::{HostName, PluginName};
use portcullis_core::policy::{FILE_LIMIT, Policy, Route};
use portcullis_core::protocol::pointer::{Pointer, Scalar};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, RawString, Table, Value, value};

use crate::exit::Internal;

/// How a policy begins that this program makes.
const NEW: &str = "# What Portcullis may do: nothing that does not stand here.\nversion = 1\n";

/// The key of the routes.
const ROUTES: &str = "route";

/// The text of the home's policy and what it means. A missing file is an empty text and a policy without routes.
pub(crate) fn read(home: &Home) -> Result<(String, Policy)> {
    let path = home.policy_file();
    let Some(text) = guarded::read_text(&path, FILE_LIMIT)? else {
        return Ok((String::new(), Policy::default()));
    };
    let policy = Policy::parse(&text, &path)?;
    Ok((text, policy))
}

/// Puts `text` in the place of the home's policy, if it is a valid one.
pub(crate) fn save(lock: &HomeLock, text: &str) -> Result<()> {
    let path = lock.home().policy_file();
    Policy::parse(text, &path)
        .context("nothing was written, because the policy would not be valid any more")?;
    Ok(write::replace(lock, &path, text.as_bytes())?)
}

/// The conditions of a route and its plugin: what this program can write into a policy.
#[derive(Debug)]
pub(crate) struct NewRoute {
    pub(crate) origin: Origin,
    pub(crate) host_name: Option<HostName>,
    pub(crate) when: BTreeMap<Pointer, Scalar>,
    pub(crate) plugin: PluginName,
}

impl NewRoute {
    /// Whether a route of the policy has exactly these conditions.
    pub(crate) fn has_conditions_of(&self, route: &Route) -> bool {
        self.origin == route.origin && self.host_name == route.host_name && self.when == route.when
    }
}

/// The text with the route at the end of its routes.
pub(crate) fn with_route(text: &str, route: &NewRoute) -> Result<String> {
    let mut document = parse(if text.is_empty() { NEW } else { text })?;
    let mut table = Table::new();
    table["origin"] = value(route.origin.as_str());
    table["plugin"] = value(route.plugin.as_str());
    if let Some(host_name) = &route.host_name {
        table["host-name"] = value(host_name.as_str());
    }
    if !route.when.is_empty() {
        let conditions = route
            .when
            .iter()
            .map(|(pointer, scalar)| (pointer.as_str(), value_of(scalar)));
        table["when"] = value(conditions.collect::<InlineTable>());
    }
    table.decor_mut().set_prefix("\n");
    match document
        .entry(ROUTES)
        .or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()))
    {
        Item::ArrayOfTables(routes) => routes.push(table),
        Item::Value(Value::Array(routes)) => routes.push(table.into_inline_table()),
        _ => return Err(unexpected()),
    }
    Ok(document.to_string())
}

/// The text without the route at this place among its routes, counted from 0. A comment directly above the route goes
/// with it; what an empty line separates from it stays.
pub(crate) fn without_route(text: &str, place: usize) -> Result<String> {
    let mut document = parse(text)?;
    match document.get_mut(ROUTES) {
        Some(Item::ArrayOfTables(routes)) => {
            let kept = routes.get(place).map(comments_apart).unwrap_or_default();
            routes.remove(place);
            match routes.get_mut(place) {
                Some(next) => {
                    let own = text_of(next.decor().prefix());
                    next.decor_mut().set_prefix(joined(&kept, &own));
                }
                None => {
                    let own = text_of(Some(document.trailing()));
                    document.set_trailing(joined(&kept, &own));
                }
            }
        }
        Some(Item::Value(Value::Array(routes))) => {
            routes.remove(place);
        }
        _ => return Err(unexpected()),
    }
    Ok(document.to_string())
}

/// The command that removes a route, as a person can paste it.
pub(crate) fn removal_command(route: &Route) -> String {
    format!("portcullis route remove {}", route.words())
}

/// Whether a route leads to this plugin.
pub(crate) fn names(policy: &Policy, plugin: &PluginName) -> bool {
    policy.routes().iter().any(|route| route.plugin == *plugin)
}

fn parse(text: &str) -> Result<DocumentMut> {
    // The same text has just been read as a policy, by the same grammar.
    text.parse()
        .map_err(|error| anyhow!(Internal(format!("cannot edit the policy: {error}"))))
}

fn unexpected() -> anyhow::Error {
    Internal("the routes of the policy are not where a valid policy has them".to_owned()).into()
}

fn value_of(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Text(text) => text.as_str().into(),
        Scalar::Flag(flag) => (*flag).into(),
        Scalar::Integer(integer) => (*integer).into(),
    }
}

/// What stands above a table and is separated from it by an empty line, where there is a comment in it.
fn comments_apart(table: &Table) -> String {
    let above = text_of(table.decor().prefix());
    match above.rsplit_once("\n\n") {
        Some((apart, _)) if apart.contains('#') => format!("{apart}\n"),
        _ => String::new(),
    }
}

fn joined(kept: &str, own: &str) -> String {
    if kept.is_empty() || own.is_empty() || own.starts_with('\n') {
        format!("{kept}{own}")
    } else {
        format!("{kept}\n{own}")
    }
}

fn text_of(raw: Option<&RawString>) -> String {
    raw.and_then(RawString::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests;
