//! `portcullis:plugin/storage`: what a plugin keeps for one extension.
//!
//! The decision that shaped it: nothing here waits for a lock. A call that meets one is tried again later, by an alarm
//! in the port's own loop, until the guest's time for the call is nearly over; so a port whose neighbours write still
//! reads, answers and ends. What does hold the thread up is the disk alone: a change is forced out to it before the
//! call returns, since the guest is told that it is kept.
//!
//! Whether a plugin may keep anything is decided by whether its powers hold a [`Storage`].

mod shelf;

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use portcullis_storage::{KEY_LIMIT, Key, KeyError, Page, StorageError, VALUE_LIMIT};
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::alarms::Alarms;
use crate::contract::{Bytes, CodedError, PageRecord, Text};
use crate::instance::State;

pub use shelf::Storage;

/// The first wait for a lock: less than most changes take on a disk that forces them out.
const FIRST_WAIT: Duration = Duration::from_millis(1);

/// The longest wait. Asking costs some twenty microseconds, so fifty ports in a queue take a sixth of a processor; and
/// whoever asks seldom loses to a port that changes one thing after the other, between which the lock is free for a
/// moment.
const LONGEST_WAIT: Duration = Duration::from_millis(8);

/// What is left of the guest's time when it is told that the storage is busy: enough to say so to the extension.
const TIME_TO_ANSWER: Duration = Duration::from_millis(100);

type KeyText = Text<KEY_LIMIT>;
type Value = Bytes<VALUE_LIMIT>;

/// Why a call is refused. The guest is told; what the system says goes to the log.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("storage is not granted")]
    NotGranted,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(
        "other ports have kept the storage locked until the time for this call was nearly over"
    )]
    Busy,
    #[error(transparent)]
    Storage(StorageError),
}

/// Defines the interface.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let mut interface = linker.instance("portcullis:plugin/storage@0.1.0")?;
    interface.func_wrap_async(
        "get",
        |store: StoreContextMut<'_, State>, (key,): (KeyText,)| {
            let call = Call::new(store.data());
            Box::new(async move {
                let got = async { call?.get(key).await };
                Ok((got.await.map_err(coded),))
            })
        },
    )?;
    interface.func_wrap_async(
        "set",
        |store: StoreContextMut<'_, State>, (key, value): (KeyText, Value)| {
            let call = Call::new(store.data());
            Box::new(async move {
                let set = async { call?.set(key, value).await };
                Ok((set.await.map_err(coded),))
            })
        },
    )?;
    interface.func_wrap_async(
        "delete",
        |store: StoreContextMut<'_, State>, (key,): (KeyText,)| {
            let call = Call::new(store.data());
            Box::new(async move {
                let deleted = async { call?.delete(key).await };
                Ok((deleted.await.map_err(coded),))
            })
        },
    )?;
    interface.func_wrap_async(
        "keys",
        |store: StoreContextMut<'_, State>,
         (prefix, after, limit): (KeyText, Option<KeyText>, u32)| {
            let call = Call::new(store.data());
            Box::new(async move {
                let page = async { call?.keys(prefix, after, limit).await };
                let page = page
                    .await
                    .map(|Page { keys, next }| PageRecord { keys, next });
                Ok((page.map_err(coded),))
            })
        },
    )?;
    interface.func_wrap_async(
        "compare-and-swap",
        |store: StoreContextMut<'_, State>,
         (key, expected, value): (KeyText, Option<Value>, Option<Value>)| {
            let call = Call::new(store.data());
            Box::new(async move {
                let swapped = async { call?.compare_and_swap(key, expected, value).await };
                Ok((swapped.await.map_err(coded),))
            })
        },
    )
}

/// One call of a guest's, with all that it needs of the store.
struct Call {
    storage: Storage,
    alarms: Alarms,
    given_up: Option<Instant>,
}

impl Call {
    /// Refused where storage is not granted, which is told.
    fn new(state: &State) -> Result<Self, Fault> {
        let Some(storage) = state.powers.storage.clone() else {
            state.powers.denials.tell("storage", "storage");
            return Err(Fault::NotGranted);
        };
        Ok(Self {
            storage,
            alarms: state.alarms.clone(),
            given_up: state.clocks.wall_ends().checked_sub(TIME_TO_ANSWER),
        })
    }

    async fn get(self, key: KeyText) -> Result<Option<Vec<u8>>, Fault> {
        let key = checked_key(key)?;
        self.patiently(|storage| storage.get(&key)).await
    }

    async fn set(self, key: KeyText, value: Value) -> Result<(), Fault> {
        let (key, value) = (checked_key(key)?, checked_value(value)?);
        self.politely(|storage| storage.set(&key, &value)).await
    }

    async fn delete(self, key: KeyText) -> Result<(), Fault> {
        let key = checked_key(key)?;
        self.politely(|storage| storage.delete(&key).map(drop))
            .await
    }

    async fn keys(
        self,
        prefix: KeyText,
        after: Option<KeyText>,
        limit: u32,
    ) -> Result<Page, Fault> {
        let prefix = within(prefix)?;
        let after = after.map(within).transpose()?;
        self.patiently(|storage| storage.keys(&prefix, after.as_deref(), limit))
            .await
    }

    async fn compare_and_swap(
        self,
        key: KeyText,
        expected: Option<Value>,
        value: Option<Value>,
    ) -> Result<bool, Fault> {
        let key = checked_key(key)?;
        let value = value.map(checked_value).transpose()?;
        let expected = match expected {
            // No key has such a value.
            Some(Bytes::TooLong(_)) => return Ok(false),
            Some(Bytes::Within(bytes)) => Some(bytes),
            None => None,
        };
        self.politely(|storage| {
            storage.compare_and_swap(&key, expected.as_deref(), value.as_deref())
        })
        .await
    }

    /// Changes something, as [`Self::patiently`] does, but not at once after another change of this port's: see
    /// [`Storage::rests_until`].
    async fn politely<T>(
        &self,
        mut attempt: impl FnMut(&mut portcullis_storage::Storage) -> Result<T, StorageError>,
    ) -> Result<T, Fault> {
        let mut worked = Duration::ZERO;
        if let Some(rested) = self.storage.rests_until()
            && self.given_up.is_some_and(|given_up| rested < given_up)
        {
            self.alarms.sleep_until(rested).await;
        }
        self.patiently(|storage| {
            let begun = Instant::now();
            let changed = attempt(storage);
            worked = begun.elapsed();
            changed
        })
        .await
        .inspect(|_| self.storage.rest_after(worked))
    }

    /// Does something with the storage as soon as nobody else has it locked.
    async fn patiently<T>(
        &self,
        mut attempt: impl FnMut(&mut portcullis_storage::Storage) -> Result<T, StorageError>,
    ) -> Result<T, Fault> {
        let mut wait = FIRST_WAIT;
        loop {
            match self.storage.attempt(&mut attempt) {
                Err(StorageError::Busy) => {}
                Ok(done) => return Ok(done),
                Err(error) => return Err(Fault::Storage(error)),
            }
            let again = Instant::now() + jittered(wait);
            if self.given_up.is_none_or(|given_up| again >= given_up) {
                return Err(Fault::Busy);
            }
            self.alarms.sleep_until(again).await;
            wait = LONGEST_WAIT.min(wait * 2);
        }
    }
}

/// Something between half of a wait and all of it: ports that have met at a lock must not meet there again.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(());
    let half = wait / 2;
    let most = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
    half + Duration::from_nanos(random % most.max(1))
}

fn within(text: KeyText) -> Result<String, Fault> {
    match text {
        Text::Within(text) => Ok(text),
        Text::TooLong(length) => Err(Fault::Key(KeyError::TooLong { length })),
    }
}

fn checked_key(text: KeyText) -> Result<Key, Fault> {
    Ok(Key::try_from(within(text)?)?)
}

fn checked_value(value: Value) -> Result<Vec<u8>, Fault> {
    match value {
        Bytes::Within(bytes) => Ok(bytes),
        Bytes::TooLong(length) => Err(Fault::Storage(StorageError::ValueTooLong { length })),
    }
}

fn coded(fault: Fault) -> CodedError {
    let code = match &fault {
        Fault::NotGranted => "not-granted",
        Fault::Key(KeyError::TooLong { .. })
        | Fault::Storage(StorageError::ValueTooLong { .. }) => "too-large",
        Fault::Key(KeyError::Empty | KeyError::Nul) => "invalid-key",
        Fault::Busy | Fault::Storage(StorageError::Busy) => "busy",
        Fault::Storage(StorageError::TooManyBytes { .. } | StorageError::TooManyKeys { .. }) => {
            "quota"
        }
        Fault::Storage(_) => "failed",
    };
    CodedError {
        code: code.to_owned(),
        message: fault.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_differ_and_stay_within_their_bounds() {
        let waits: Vec<_> = (0..100).map(|_| jittered(LONGEST_WAIT)).collect();
        assert!(
            waits
                .iter()
                .all(|wait| (LONGEST_WAIT / 2..LONGEST_WAIT).contains(wait))
        );
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }

    #[test]
    fn each_fault_has_the_code_of_the_contract() {
        let key = |error| Fault::Key(error);
        let storage = |error| Fault::Storage(error);
        for (fault, code) in [
            (Fault::NotGranted, "not-granted"),
            (key(KeyError::Empty), "invalid-key"),
            (key(KeyError::Nul), "invalid-key"),
            (key(KeyError::TooLong { length: 513 }), "too-large"),
            (
                storage(StorageError::ValueTooLong { length: 9 }),
                "too-large",
            ),
            (storage(StorageError::TooManyKeys { limit: 9 }), "quota"),
            (
                storage(StorageError::TooManyBytes {
                    wanted: 9,
                    limit: 8,
                }),
                "quota",
            ),
            (Fault::Busy, "busy"),
            (storage(StorageError::Foreign), "failed"),
        ] {
            assert_eq!(coded(fault).code, code);
        }
    }
}
