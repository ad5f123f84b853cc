//! What a browser says of a host before it has read a manifest: there is none, or an administrator forbids it.

use super::{Fault, chromium, mozilla};
use crate::caller::Family;
use crate::names::HostName;

/// The fault of a host for which a browser of this family finds no manifest in any of its places.
#[must_use]
pub fn not_found(family: Family, host: &HostName) -> Fault {
    let (shown, logged) = match family {
        Family::Chromium => (
            chromium::NOT_FOUND.to_owned(),
            Some(format!(
                "Can't find manifest for native messaging host {host}"
            )),
        ),
        // The console has the same sentence and nothing else.
        Family::Mozilla => (mozilla::no_such_application(host), None),
    };
    Fault {
        shown,
        logged,
        detail: format!("there is no manifest of `{host}` where this browser looks"),
        mend: format!("register it with `portcullis register {host}`"),
        position: None,
    }
}

/// The fault of a host that an administrator's policy keeps from starting. Only the Chromium family has such policies;
/// they are looked at before anything else, and its log is silent.
#[must_use]
pub fn forbidden_by_policy(host: &HostName) -> Fault {
    Fault {
        shown: chromium::FORBIDDEN.to_owned(),
        logged: None,
        detail: format!("an administrator's policy does not let `{host}` start"),
        mend: "ask the administrator to put it on `NativeMessagingAllowlist`".to_owned(),
        position: None,
    }
}
