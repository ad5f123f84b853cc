//! One `--limit KEY=VALUE`, as it is typed.
//!
//! Which keys there are and which values they take is the policy's to say: what is written must parse as a policy.

use std::str::FromStr;

use anyhow::{Result, bail};
use thiserror::Error;
use toml_edit::Value;

use crate::exit::Usage;

/// A limit of a route and its value; without a value, the policy's default again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    key: String,
    value: Option<String>,
}

/// Why a text is not a limit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a limit is written `memory=256MiB`, or `memory=` for the default")]
pub(crate) struct LimitError;

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let (key, value) = text.split_once('=').ok_or(LimitError)?;
        if key.is_empty() {
            return Err(LimitError);
        }
        Ok(Self {
            key: key.to_owned(),
            value: (!value.is_empty()).then(|| value.to_owned()),
        })
    }
}

/// All limits of one command, as the policy has them: a count is a number, everything else a text.
pub(super) fn together(limits: &[Limit]) -> Result<Vec<(&str, Option<Value>)>> {
    let mut all: Vec<(&str, Option<Value>)> = Vec::new();
    for Limit { key, value } in limits {
        if all.iter().any(|(known, _)| known == key) {
            bail!(Usage(format!("`--limit` names `{key}` twice")));
        }
        let value = value.as_ref().map(|value| match value.parse::<i64>() {
            Ok(count) => count.into(),
            Err(_) => value.as_str().into(),
        });
        all.push((key, value));
    }
    Ok(all)
}
