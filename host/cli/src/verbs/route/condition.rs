//! One `--when POINTER=VALUE`, as it is typed.

use std::collections::BTreeMap;
use std::str::FromStr;

use anyhow::{Result, bail};
use portcullis_core::protocol::pointer::{Pointer, PointerError, Scalar};
use thiserror::Error;

use crate::exit::Usage;

/// A JSON pointer and the value that must stand there.
///
/// The first `=` separates the two. `true` and `false` are booleans and whole numbers are integers; everything else is
/// a string, and so is anything in double quotes, which may hold the escapes of JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pointer: Pointer,
    scalar: Scalar,
}

/// Why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ConditionError {
    #[error("there is no `=` in it: write `/type=note`")]
    NoValue,
    #[error(transparent)]
    Pointer(#[from] PointerError),
    #[error("the quotes do not hold a JSON string")]
    Quotes,
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let (pointer, value) = text.split_once('=').ok_or(ConditionError::NoValue)?;
        let scalar = match value {
            "true" => Scalar::Flag(true),
            "false" => Scalar::Flag(false),
            quoted if quoted.starts_with('"') => {
                Scalar::Text(serde_json::from_str(quoted).map_err(|_| ConditionError::Quotes)?)
            }
            other => match other.parse() {
                Ok(integer) => Scalar::Integer(integer),
                Err(_) => Scalar::Text(other.to_owned()),
            },
        };
        Ok(Self {
            pointer: Pointer::parse(pointer)?,
            scalar,
        })
    }
}

/// All conditions of one command. The same place cannot hold two values, so it must not be named twice.
pub(super) fn together(conditions: &[Condition]) -> Result<BTreeMap<Pointer, Scalar>> {
    let mut all = BTreeMap::new();
    for Condition { pointer, scalar } in conditions {
        if all.insert(pointer.clone(), scalar.clone()).is_some() {
            bail!(Usage(format!(
                "`--when` names `{}` twice",
                pointer.as_str()
            )));
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_what_it_looks_like() {
        let text = |text: &str| Scalar::Text(text.to_owned());
        let cases = [
            ("/type=note", "/type", text("note")),
            ("/a/0/b=", "/a/0/b", text("")),
            ("/a=b=c", "/a", text("b=c")),
            ("/a=true", "/a", Scalar::Flag(true)),
            ("/a=false", "/a", Scalar::Flag(false)),
            ("/a=True", "/a", text("True")),
            ("/a=-12", "/a", Scalar::Integer(-12)),
            ("/a=1.5", "/a", text("1.5")),
            (
                "/a=99999999999999999999",
                "/a",
                text("99999999999999999999"),
            ),
            ("/a=\"true\"", "/a", text("true")),
            ("/a=\"12\"", "/a", text("12")),
            ("/a=\"x\\ny\"", "/a", text("x\ny")),
            ("=x", "", text("x")),
        ];
        for (typed, pointer, scalar) in cases {
            let pointer = Pointer::parse(pointer).expect(pointer);
            assert_eq!(typed.parse(), Ok(Condition { pointer, scalar }), "{typed}");
        }
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        assert_eq!("/type".parse::<Condition>(), Err(ConditionError::NoValue));
        assert!(matches!(
            "type=x".parse::<Condition>(),
            Err(ConditionError::Pointer(_))
        ));
        for quotes in ["/a=\"", "/a=\"x", "/a=\"x\"y", "/a=\"\\q\""] {
            assert_eq!(
                quotes.parse::<Condition>(),
                Err(ConditionError::Quotes),
                "{quotes}"
            );
        }
        let twice = ["/a=1", "/a=2"].map(|text| text.parse().expect(text));
        assert!(together(&twice).expect_err("twice").is::<Usage>());
    }
}
