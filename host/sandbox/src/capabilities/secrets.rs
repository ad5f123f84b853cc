//! `portcullis:plugin/secrets`: the user's secrets, each by a name that the policy grants.
//!
//! The deciding choice: this file only judges names. What keeps secrets is a [`Vault`], lent by the runtime, which
//! knows no other names than those that were granted. So a name is refused twice: here in words, and there for want of
//! the thing.
//!
//! A value goes to the guest and nowhere else: no message of this file has one in it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use portcullis_core::names::escape;
use portcullis_core::policy::{SecretAccess, SecretName};
use portcullis_core::protocol::broker::LONGEST_SECRET;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::alarms::Alarms;
use crate::contract::{CodedError, Text};
use crate::instance::State;
use crate::powers::{Denials, Kind};

/// An answer of a [`Vault`], which may take its time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send + 'a>>;

/// What the runtime lends to a plugin: the way to its secrets. It is only ever asked for names that were granted.
pub trait Vault: Send + Sync {
    /// The value of a secret, where one is set. Waits no longer than the vault itself thinks fit, by `alarms`.
    fn get<'a>(&'a self, name: &'a SecretName, alarms: &'a Alarms) -> Answer<'a, Option<Arc<str>>>;

    /// Sets a secret, or deletes it where `value` is `None`. Once it has answered, the change is kept.
    fn change<'a>(
        &'a self,
        name: &'a SecretName,
        value: Option<String>,
        alarms: &'a Alarms,
    ) -> Answer<'a, ()>;
}

/// The keyring did not answer, or not in time. Why is for the log, and has been told there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keyring is locked, missing or does not answer")]
pub struct Unavailable;

/// The secrets that a plugin may use, and where they are. Without a vault there are none.
#[derive(Clone, Default)]
pub struct Secrets {
    granted: Arc<BTreeMap<SecretName, SecretAccess>>,
    vault: Option<Arc<dyn Vault>>,
}

impl Secrets {
    /// These secrets, in this vault.
    #[must_use]
    pub fn new(granted: BTreeMap<SecretName, SecretAccess>, vault: Arc<dyn Vault>) -> Self {
        Self {
            granted: Arc::new(granted),
            vault: Some(vault),
        }
    }

    /// The vault and the checked name, where this may be done to the secret of that name. What may not is told.
    fn judge(
        &self,
        asked: &str,
        wanted: SecretAccess,
        denials: &Denials,
    ) -> Result<(Arc<dyn Vault>, SecretName), Fault> {
        let Ok(name) = asked.parse::<SecretName>() else {
            denials.tell_final(Kind::Secret, &format!("secret `{}`", escape(asked)));
            return Err(Fault::NotGranted);
        };
        match (self.granted.get(&name), &self.vault) {
            (Some(granted), Some(vault)) if *granted >= wanted => Ok((vault.clone(), name)),
            (Some(_), Some(_)) => {
                let attempted = format!("a change of secret `{name}`");
                denials.tell(&attempted, &format!("secret={name}:write"));
                Err(Fault::ReadOnly)
            }
            _ => {
                let access = match wanted {
                    SecretAccess::Read => "",
                    SecretAccess::Write => ":write",
                };
                denials.tell(
                    &format!("secret `{name}`"),
                    &format!("secret={name}{access}"),
                );
                Err(Fault::NotGranted)
            }
        }
    }
}

/// Why a call is refused. The guest is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("this secret is not granted")]
    NotGranted,
    #[error("this secret is granted for reading only")]
    ReadOnly,
    #[error("a secret of {length} bytes is longer than the {LONGEST_SECRET} that are kept")]
    TooLarge { length: usize },
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

type Name = Text<{ SecretName::LONGEST }>;
type Value = Text<LONGEST_SECRET>;

/// Defines the interface.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("portcullis:plugin/secrets@0.1.0")?;
    interface.func_wrap_async(
        "get",
        |store: StoreContextMut<'_, State>, (name,): (Name,)| {
            let call = Call::of(store.data());
            Box::new(async move { Ok((call.get(name).await.map_err(coded),)) })
        },
    )?;
    interface.func_wrap_async(
        "set",
        |store: StoreContextMut<'_, State>, (name, value): (Name, Value)| {
            let call = Call::of(store.data());
            Box::new(async move { Ok((call.change(name, Some(value)).await.map_err(coded),)) })
        },
    )?;
    interface.func_wrap_async(
        "delete",
        |store: StoreContextMut<'_, State>, (name,): (Name,)| {
            let call = Call::of(store.data());
            Box::new(async move { Ok((call.change(name, None).await.map_err(coded),)) })
        },
    )
}

/// What one call needs of the store while it waits: a store is not held across a wait.
struct Call {
    secrets: Secrets,
    denials: Denials,
    alarms: Alarms,
}

impl Call {
    fn of(state: &State) -> Self {
        Self {
            secrets: state.powers.secrets.clone(),
            denials: state.powers.denials.clone(),
            alarms: state.alarms.clone(),
        }
    }

    async fn get(&self, name: Name) -> Result<Option<Arc<str>>, Fault> {
        let (vault, name) =
            self.secrets
                .judge(&name.or_note(), SecretAccess::Read, &self.denials)?;
        Ok(vault.get(&name, &self.alarms).await?)
    }

    /// Sets or deletes. A name is judged before a value, so that nobody learns more of a secret that is not theirs.
    async fn change(&self, name: Name, value: Option<Value>) -> Result<(), Fault> {
        let (vault, name) =
            self.secrets
                .judge(&name.or_note(), SecretAccess::Write, &self.denials)?;
        let value = match value {
            Some(Text::TooLong(length)) => return Err(Fault::TooLarge { length }),
            Some(Text::Within(value)) => Some(value),
            None => None,
        };
        Ok(vault.change(&name, value, &self.alarms).await?)
    }
}

fn coded(fault: Fault) -> CodedError {
    let code = match fault {
        Fault::NotGranted => "not-granted",
        Fault::ReadOnly => "read-only",
        Fault::TooLarge { .. } => "too-large",
        Fault::Unavailable(_) => "unavailable",
    };
    CodedError {
        code: code.to_owned(),
        message: fault.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Vault for Nothing {
        fn get<'a>(&'a self, _: &'a SecretName, _: &'a Alarms) -> Answer<'a, Option<Arc<str>>> {
            Box::pin(async { Ok(None) })
        }

        fn change<'a>(
            &'a self,
            _: &'a SecretName,
            _: Option<String>,
            _: &'a Alarms,
        ) -> Answer<'a, ()> {
            Box::pin(async { Err(Unavailable) })
        }
    }

    #[test]
    fn a_name_is_judged_by_what_is_granted() {
        let origin = "native@tests.mozilla.org".parse().expect("an add-on");
        let denials = Denials::new(&origin, &"vault".parse().expect("a name"));
        let name = |text: &str| text.parse::<SecretName>().expect("a name");
        let granted = BTreeMap::from([
            (name("token"), SecretAccess::Read),
            (name("key"), SecretAccess::Write),
        ]);
        let secrets = Secrets::new(granted, Arc::new(Nothing));
        let judged =
            |secrets: &Secrets, asked: &str, wanted| secrets.judge(asked, wanted, &denials).err();
        for (asked, read, write) in [
            ("token", None, Some(Fault::ReadOnly)),
            ("key", None, None),
            ("Token", Some(Fault::NotGranted), Some(Fault::NotGranted)),
            ("other", Some(Fault::NotGranted), Some(Fault::NotGranted)),
            ("", Some(Fault::NotGranted), Some(Fault::NotGranted)),
            ("a\nb", Some(Fault::NotGranted), Some(Fault::NotGranted)),
        ] {
            assert_eq!(judged(&secrets, asked, SecretAccess::Read), read, "{asked}");
            assert_eq!(
                judged(&secrets, asked, SecretAccess::Write),
                write,
                "{asked}"
            );
        }
        let none = Secrets::default();
        assert_eq!(
            judged(&none, "token", SecretAccess::Read),
            Some(Fault::NotGranted)
        );
    }
}
