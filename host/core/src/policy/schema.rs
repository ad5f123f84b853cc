//! The shape of `policy.toml`, and its conversion to what it means.
//!
//! The types with `Deserialize` mirror the file and leave this module only as [`Route`]s. Each value that has a rule
//! of its own keeps its place in the file until the rule has been applied, so that every error has one.

mod grant;

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;
use toml::Spanned;

use super::grant::SecretsBackend;
use super::limits::{Bound, Limits, TABLE};
use super::machine::Unmentioned;
use super::route::{Lifetime, OnCrash, Relation, Route, Strictness};
use super::{Terms, VERSION};
use crate::caller::Origin;
use crate::names::{HostName, PluginName};
use crate::protocol::pointer::{Pointer, Scalar};

/// A fault and the byte of the file where it is.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<i64>,
    #[serde(default, rename = "secrets-backend")]
    secrets_backend: SecretsBackend,
    /// Of the machine-wide policy alone.
    unmentioned: Option<Spanned<Unmentioned>>,
    #[serde(default)]
    limits: LimitsTable,
    #[serde(default)]
    route: Vec<Spanned<RouteTable>>,
}

/// The tables of [`super::Terms`] in a file that has others of its own.
#[derive(Deserialize)]
struct TermsFile {
    #[serde(default)]
    limits: LimitsTable,
    #[serde(default)]
    grant: grant::GrantTable,
}

/// Only the version, for a file that this program is too old to read otherwise.
#[derive(Deserialize)]
struct Head {
    version: Spanned<i64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct LimitsTable {
    memory: Option<Spanned<String>>,
    cpu_per_call: Option<Spanned<String>>,
    wall_per_call: Option<Spanned<String>>,
    init: Option<Spanned<String>>,
    message_in: Option<Spanned<String>>,
    log_rate: Option<Spanned<String>>,
    crashes: Option<Spanned<u32>>,
    crash_window: Option<Spanned<String>>,
    storage: Option<Spanned<String>>,
    storage_keys: Option<Spanned<u32>>,
    http_body: Option<Spanned<String>>,
    http_in_flight: Option<Spanned<u32>>,
    files_written: Option<Spanned<String>>,
    files_made: Option<Spanned<u32>>,
    ports: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RouteTable {
    origin: Spanned<String>,
    plugin: Spanned<String>,
    host_name: Option<Spanned<String>>,
    #[serde(default)]
    when: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
    #[serde(default)]
    lifetime: LifetimeWord,
    #[serde(default)]
    on_crash: OnCrashWord,
    #[serde(default)]
    check_inbound: bool,
    #[serde(default)]
    limits: LimitsTable,
    #[serde(default)]
    grant: grant::GrantTable,
    #[serde(default)]
    sandbox: SandboxTable,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum LifetimeWord {
    #[default]
    Port,
    Message,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum OnCrashWord {
    #[default]
    Restart,
    Close,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct SandboxTable {
    os: Option<StrictnessWord>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "kebab-case")]
enum StrictnessWord {
    Off,
    BestEffort,
    Required,
}

/// Whose policy a text is, which decides what holds where it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The defaults hold.
    User,
    /// Nothing is narrowed.
    Machine,
}

/// What a text says.
pub(super) struct Parsed {
    /// Routes that do not contradict each other.
    pub(super) routes: Vec<Route>,
    pub(super) secrets_backend: SecretsBackend,
    pub(super) unmentioned: Unmentioned,
}

/// Reads the text.
pub(super) fn parse(text: &str, owner: Owner) -> Result<Parsed, Fault> {
    let file: File = toml::from_str(text).map_err(|error| shape_fault(text, &error))?;
    if *file.version.get_ref() != VERSION {
        return Err(version_fault(&file.version));
    }
    if let (Some(unmentioned), Owner::User) = (&file.unmentioned, owner) {
        return Err(Fault {
            at: unmentioned.span().start,
            problem: "`unmentioned` is for the machine-wide policy alone: remove it".to_owned(),
        });
    }
    let (widest, strictness) = match owner {
        Owner::User => (Limits::default(), Strictness::default()),
        Owner::Machine => (Limits::widest(), Strictness::Off),
    };
    let defaults = limits(&file.limits, widest)?;
    // Counted once: a policy may have thousands of routes.
    let newlines: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    let routes = file
        .route
        .into_iter()
        .map(|table| route(&newlines, table, defaults, strictness))
        .collect::<Result<Vec<_>, _>>()?;
    check_overlaps(&routes)?;
    Ok(Parsed {
        routes: routes.into_iter().map(|(_, route)| route).collect(),
        secrets_backend: file.secrets_backend,
        unmentioned: file
            .unmentioned
            .map(Spanned::into_inner)
            .unwrap_or_default(),
    })
}

/// Reads `[limits]` and `[grant]` of a text, and nothing else of it.
pub(super) fn terms(text: &str) -> Result<Terms, Fault> {
    let file: TermsFile = toml::from_str(text).map_err(|error| Fault {
        at: error.span().unwrap_or_default().start,
        problem: error.message().to_owned(),
    })?;
    let newlines: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    Ok(Terms {
        limits: limits(&file.limits, Limits::default())?,
        grant: grant::meaning_of(&newlines, file.grant)?,
    })
}

/// The fault for text that does not have the shape; a newer version explains every other complaint, so it goes first.
fn shape_fault(text: &str, error: &toml::de::Error) -> Fault {
    match toml::from_str::<Head>(text) {
        Ok(head) if *head.version.get_ref() != VERSION => version_fault(&head.version),
        _ => {
            let span = error.span().unwrap_or_default();
            let at = span.start;
            let mut problem = error.message().to_owned();
            // The parser does not name what stands twice.
            if let Some(key) = text.get(span).filter(|_| problem == "duplicate key") {
                problem = format!("duplicate key `{}`", key.trim());
            }
            Fault { at, problem }
        }
    }
}

fn version_fault(version: &Spanned<i64>) -> Fault {
    let found = version.get_ref();
    let problem = if *found > VERSION {
        format!("policy version {found} is newer than this program reads ({VERSION}): update it")
    } else {
        format!("policy version {found} does not exist: write `version = {VERSION}`")
    };
    Fault {
        at: version.span().start,
        problem,
    }
}

fn route(
    newlines: &[usize],
    table: Spanned<RouteTable>,
    defaults: Limits,
    strictness: Strictness,
) -> Result<(usize, Route), Fault> {
    let at = table.span().start;
    let table = table.into_inner();
    let mut when = BTreeMap::new();
    for (pointer, value) in &table.when {
        let parsed = Pointer::parse(pointer.get_ref()).map_err(|error| fault(pointer, error))?;
        let scalar = match value.get_ref() {
            toml::Value::String(text) => Scalar::Text(text.clone()),
            toml::Value::Boolean(flag) => Scalar::Flag(*flag),
            toml::Value::Integer(integer) => Scalar::Integer(*integer),
            other => {
                let problem = format!(
                    "`when` compares with a string, a boolean or an integer, not with {} `{other}`",
                    other.type_str()
                );
                return Err(Fault {
                    at: value.span().start,
                    problem,
                });
            }
        };
        when.insert(parsed, scalar);
    }
    let route = Route {
        origin: read::<Origin>(&table.origin)?,
        plugin: read::<PluginName>(&table.plugin)?,
        host_name: table.host_name.as_ref().map(read::<HostName>).transpose()?,
        when,
        lifetime: match table.lifetime {
            LifetimeWord::Port => Lifetime::Port,
            LifetimeWord::Message => Lifetime::Message,
        },
        on_crash: match table.on_crash {
            OnCrashWord::Restart => OnCrash::Restart,
            OnCrashWord::Close => OnCrash::Close,
        },
        check_inbound: table.check_inbound,
        limits: limits(&table.limits, defaults)?,
        grant: grant::meaning_of(newlines, table.grant)?,
        confinement: match table.sandbox.os {
            None => strictness,
            Some(StrictnessWord::Off) => Strictness::Off,
            Some(StrictnessWord::BestEffort) => Strictness::BestEffort,
            Some(StrictnessWord::Required) => Strictness::Required,
        },
        line: line_of(newlines, at),
    };
    Ok((at, route))
}

/// The line, from 1, of a byte.
fn line_of(newlines: &[usize], at: usize) -> usize {
    newlines.partition_point(|newline| *newline < at) + 1
}

/// The limits that a table sets, over those that it leaves alone.
fn limits(table: &LimitsTable, defaults: Limits) -> Result<Limits, Fault> {
    macro_rules! quantities_and_counts {
        ($($quantity:ident)*; $($count:ident)*) => {
            Ok(Limits {
                $($quantity: limit(table.$quantity.as_ref(), &TABLE.$quantity, defaults.$quantity)?,)*
                $($count: count(table.$count.as_ref(), &TABLE.$count, defaults.$count)?,)*
            })
        };
    }
    quantities_and_counts! {
        memory cpu_per_call wall_per_call init message_in log_rate crash_window
        storage http_body files_written;
        crashes storage_keys http_in_flight files_made ports
    }
}

fn count(number: Option<&Spanned<u32>>, bound: &Bound<u32>, default: u32) -> Result<u32, Fault> {
    let Some(number) = number else {
        return Ok(default);
    };
    let checked = bound.check(*number.get_ref());
    checked.map_err(|problem| Fault {
        at: number.span().start,
        problem,
    })
}

fn limit<T>(text: Option<&Spanned<String>>, bound: &Bound<T>, default: T) -> Result<T, Fault>
where
    T: FromStr<Err: std::fmt::Display> + Copy + PartialOrd + std::fmt::Display,
{
    let Some(text) = text else { return Ok(default) };
    bound
        .check(read(text)?)
        .map_err(|problem| fault(text, problem))
}

/// Parses a text by the rules of its type.
fn read<T: FromStr<Err: std::fmt::Display>>(text: &Spanned<String>) -> Result<T, Fault> {
    text.get_ref().parse().map_err(|error| fault(text, error))
}

fn fault(place: &Spanned<String>, problem: impl std::fmt::Display) -> Fault {
    Fault {
        at: place.span().start,
        problem: problem.to_string(),
    }
}

/// Refuses two routes between which a message could not choose.
fn check_overlaps(routes: &[(usize, Route)]) -> Result<(), Fault> {
    // Sorted by origin, so that a policy with a thousand extensions is not compared in a million pairs.
    let mut sorted: Vec<&(usize, Route)> = routes.iter().collect();
    sorted.sort_by(|(_, a), (_, b)| a.origin.cmp(&b.origin).then(a.line.cmp(&b.line)));
    for group in sorted.chunk_by(|(_, a), (_, b)| a.origin == b.origin) {
        for (place, (at, later)) in group.iter().enumerate() {
            for (_, earlier) in &group[..place] {
                let problem = match later.relation(earlier) {
                    Relation::Disjoint | Relation::Narrower => continue,
                    Relation::Same => format!(
                        "this route has the same conditions as the one on line {}: remove one, or \
                         tell them apart with `host-name` or `when`",
                        earlier.line
                    ),
                    Relation::Overlapping => format!(
                        "a message could take this route or the one on line {}, and neither is \
                         narrower: give one of them every condition of the other and one more",
                        earlier.line
                    ),
                };
                return Err(Fault { at: *at, problem });
            }
        }
    }
    Ok(())
}
