//! The secrets of one port: which are granted, who fetches them, and what has come.
//!
//! The deciding choice: this process never talks to a keyring. A second process, the broker, does, outside the
//! confinement; it is told before the confinement what it may ever do, and hands the secrets over through a pipe while
//! the rest of the start goes on. The pipe is read when a plugin first asks, by a thread that is started then: a port
//! that grants secrets and whose plugin asks for none has read none.
//!
//! What a plugin changes is sent to the broker at once and acknowledged when the keyring has it, not kept until the
//! port ends: a browser may end a host without a word, and what was acknowledged must outlive that.
//!
//! A port reads its secrets once. What another port or a person changes later, the next port sees.

mod broker;
mod courier;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use portcullis_core::caller::Origin;
use portcullis_core::home::Home;
use portcullis_core::home::lock::Installed;
use portcullis_core::policy::{Route, SecretAccess, SecretName, SecretsBackend};
use portcullis_core::protocol::broker::{Announced, Announcement, Change};
use portcullis_sandbox::alarms::Alarms;
use portcullis_sandbox::{Answer, Secrets, Unavailable, Vault};
use zeroize::Zeroizing;

use crate::channel::bell;
use crate::log;
use broker::Broker;
use courier::{Courier, Receipt};
#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

/// The longest that plugins wait for the broker to hand the secrets over, from the first question of the port. A
/// keyring answers in tens of milliseconds; one that asks a person first is not waited for, and a plugin that asks
/// again later gets what has come by then.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest that a plugin waits for a change to be kept. It is not known then whether it will be.
const CHANGE_PATIENCE: Duration = Duration::from_secs(10);

/// Failures of the keyring that one port tells of.
const COMPLAINTS: u32 = 16;

/// The secrets that a port's routes grant, gathered while their plugins are opened.
pub(crate) struct Ledger<'a> {
    origin: &'a Origin,
    backend: SecretsBackend,
    granted: RefCell<Vec<Announced>>,
    shared: Arc<Shared>,
}

impl<'a> Ledger<'a> {
    pub(crate) fn new(origin: &'a Origin, backend: SecretsBackend) -> Self {
        Self {
            origin,
            backend,
            granted: RefCell::default(),
            shared: Arc::default(),
        }
    }

    /// Notes the secrets of an approved route. Nothing is started yet.
    pub(crate) fn add(&self, route: &Route, installed: &Installed) -> std::io::Result<Secrets> {
        if route.grant.secrets.is_empty() {
            return Ok(Secrets::default());
        }
        // The courier's thread rings it.
        bell::hang()?;
        let mut granted = self.granted.borrow_mut();
        let mut places = BTreeMap::new();
        let mut accesses = BTreeMap::new();
        for grant in &route.grant.secrets {
            let same =
                |known: &&mut Announced| known.plugin == route.plugin && known.name == grant.name;
            // Two routes to one plugin may grant the same secret: it is read once.
            if let Some(known) = granted.iter_mut().find(same) {
                known.access = known.access.max(grant.access);
            } else {
                granted.push(Announced {
                    plugin: route.plugin.clone(),
                    installation: installed.number,
                    name: grant.name.clone(),
                    access: grant.access,
                });
            }
            let place = granted
                .iter()
                .position(|known| known.plugin == route.plugin && known.name == grant.name);
            places.extend(place.map(|place| (grant.name.clone(), place)));
            accesses.insert(grant.name.clone(), grant.access);
        }
        let vault = RouteVault {
            places,
            shared: self.shared.clone(),
        };
        Ok(Secrets::new(accesses, Arc::new(vault)))
    }

    /// Starts the broker and tells it all that it may do, where anything is granted. Where that fails the port goes on,
    /// and its secrets are unavailable.
    pub(crate) fn send_for_secrets(self, home: &Home) {
        let secrets = self.granted.into_inner();
        if secrets.is_empty() {
            return;
        }
        let announcement = Announcement {
            origin: self.origin.clone(),
            backend: self.backend,
            secrets,
        };
        match Broker::start(home, &announcement) {
            Ok(broker) => {
                let secrets = announcement.secrets;
                let courier = Courier::new(broker, secrets, self.shared.clone());
                self.shared.lock().stage = Stage::Sent(Box::new(courier));
            }
            Err(error) => {
                tracing::error!(
                    "the secrets are unavailable: failed to start their broker: {error}"
                );
            }
        }
    }
}

/// What the port's thread and the courier's share.
#[derive(Default)]
struct Shared {
    papers: Mutex<Papers>,
    complaints: AtomicU32,
}

#[derive(Default)]
struct Papers {
    stage: Stage,
    /// What has come, by place.
    values: Vec<Value>,
    /// Until when calls wait for what has not.
    deadline: Option<Instant>,
    waiting: Vec<Waker>,
}

/// How far the secrets have come.
#[derive(Default)]
enum Stage {
    /// They will not come.
    #[default]
    Lost,
    /// The broker is at work, and nobody has asked yet.
    Sent(Box<Courier>),
    /// The courier waits for them.
    Asked(courier::Door),
    /// They are here.
    Here(courier::Door),
}

/// One secret, as it was handed over and changed since. It is not overwritten at the end: it is there as long as the
/// process is, which leaves no core behind.
#[derive(Clone)]
enum Value {
    Absent,
    Is(Arc<str>),
    Unavailable,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Papers> {
        // No code runs under the lock that could leave the papers half-changed.
        self.papers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more failure of the keyring is worth a line: a plugin may ask for what fails without end.
    fn may_complain(&self) -> bool {
        self.complaints.fetch_add(1, Ordering::Relaxed) < COMPLAINTS
    }

    fn wake(&self) {
        let waiting = std::mem::take(&mut self.lock().waiting);
        for waker in waiting {
            waker.wake();
        }
    }

    /// The door to the courier, who is sent for the secrets at the first question.
    fn poll_here(&self, context: &Context<'_>) -> Poll<Result<courier::Door, Unavailable>> {
        let mut papers = self.lock();
        if let Stage::Sent(_) = &papers.stage
            && let Stage::Sent(courier) = std::mem::take(&mut papers.stage)
        {
            match courier.set_off() {
                Ok(door) => papers.stage = Stage::Asked(door),
                Err(error) => {
                    tracing::error!(
                        "the secrets are unavailable: failed to start a thread: {error}"
                    );
                }
            }
            papers.deadline = Some(Instant::now() + PATIENCE);
        }
        match &papers.stage {
            Stage::Here(door) => Poll::Ready(Ok(door.clone())),
            Stage::Lost | Stage::Sent(_) => Poll::Ready(Err(Unavailable)),
            Stage::Asked(_) => {
                let waker = context.waker();
                if !papers.waiting.iter().any(|known| known.will_wake(waker)) {
                    papers.waiting.push(waker.clone());
                }
                Poll::Pending
            }
        }
    }

    /// Waits until the secrets are here, and not for ever.
    async fn here(&self, alarms: &Alarms) -> Result<courier::Door, Unavailable> {
        let mut expired = None;
        poll_fn(|context| {
            if let Poll::Ready(here) = self.poll_here(context) {
                return Poll::Ready(here);
            }
            let deadline = self.lock().deadline.unwrap_or_else(Instant::now);
            let sleep = expired.get_or_insert_with(|| Box::pin(alarms.sleep_until(deadline)));
            sleep.as_mut().poll(context).map(|()| {
                if self.may_complain() {
                    let seconds = PATIENCE.as_secs();
                    tracing::warn!("the keyring has not handed secrets over within {seconds} s");
                }
                Err(Unavailable)
            })
        })
        .await
    }
}

/// The secrets of one route.
struct RouteVault {
    places: BTreeMap<SecretName, usize>,
    shared: Arc<Shared>,
}

impl Vault for RouteVault {
    fn get<'a>(&'a self, name: &'a SecretName, alarms: &'a Alarms) -> Answer<'a, Option<Arc<str>>> {
        Box::pin(async move {
            let place = *self.places.get(name).ok_or(Unavailable)?;
            self.shared.here(alarms).await?;
            match self.shared.lock().values.get(place) {
                Some(Value::Is(value)) => Ok(Some(value.clone())),
                Some(Value::Absent) => Ok(None),
                Some(Value::Unavailable) | None => Err(Unavailable),
            }
        })
    }

    fn change<'a>(
        &'a self,
        name: &'a SecretName,
        value: Option<String>,
        alarms: &'a Alarms,
    ) -> Answer<'a, ()> {
        let value = value.map(Zeroizing::new);
        Box::pin(async move {
            let place = *self.places.get(name).ok_or(Unavailable)?;
            // Before anybody can write it anywhere.
            if let Some(value) = &value {
                log::conceal(place, value, SecretAccess::Write);
            }
            let door = self.shared.here(alarms).await?;
            let place = u32::try_from(place).map_err(|_| Unavailable)?;
            let change = match value {
                Some(value) => Change::Set { place, value },
                None => Change::Delete { place },
            };
            let receipt = door.hand_in(change)?;
            wait_for(&receipt, &self.shared, alarms).await
        })
    }
}

/// Waits for the answer to a change, and not for ever.
async fn wait_for(receipt: &Receipt, shared: &Shared, alarms: &Alarms) -> Result<(), Unavailable> {
    let mut expired = pin!(alarms.sleep_until(Instant::now() + CHANGE_PATIENCE));
    poll_fn(|context| match receipt.poll(context) {
        Poll::Ready(answer) => Poll::Ready(answer),
        Poll::Pending => expired.as_mut().poll(context).map(|()| {
            if shared.may_complain() {
                let seconds = CHANGE_PATIENCE.as_secs();
                tracing::warn!("the keyring has not kept a change within {seconds} s");
            }
            Err(Unavailable)
        }),
    })
    .await
}

/// Whether a place may be changed: the broker refuses others, and this process does not even ask.
fn is_writable(secrets: &[Announced], place: u32) -> bool {
    let place = usize::try_from(place).unwrap_or(usize::MAX);
    let secret = secrets.get(place);
    secret.is_some_and(|secret| secret.access == SecretAccess::Write)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced(access: SecretAccess) -> Announced {
        Announced {
            plugin: "vault".parse().expect("a name"),
            installation: 1,
            name: "token".parse().expect("a name"),
            access,
        }
    }

    #[test]
    fn only_what_was_announced_for_writing_is_changed() {
        let secrets = [SecretAccess::Read, SecretAccess::Write].map(announced);
        let writable = [0, 1, 2, u32::MAX].map(|place| is_writable(&secrets, place));
        assert_eq!(writable, [false, true, false, false]);
    }

    #[test]
    fn without_a_broker_there_is_an_answer_at_once() {
        let vault = RouteVault {
            places: BTreeMap::from([("token".parse().expect("a name"), 0)]),
            shared: Arc::default(),
        };
        let (name, alarms) = ("token".parse().expect("a name"), Alarms::default());
        let mut context = Context::from_waker(Waker::noop());
        let got = vault.get(&name, &alarms).as_mut().poll(&mut context);
        assert_eq!(got, Poll::Ready(Err(Unavailable)));
        let mut changed = vault.change(&name, None, &alarms);
        let changed = changed.as_mut().poll(&mut context);
        assert_eq!(changed, Poll::Ready(Err(Unavailable)));
    }

    #[test]
    fn a_port_complains_of_its_keyring_so_often_and_no_more() {
        let shared = Shared::default();
        let times = (0..100).filter(|_| shared.may_complain()).count();
        assert_eq!(times, 16);
    }
}
