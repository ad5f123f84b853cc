//! What an administrator says about hosts: three policies of the Chromium family.
//!
//! They are looked at before any manifest. A host on the block list, or `*` on it, is refused unless the allow list has
//! it; and hosts of a user's own may be forbidden altogether (`native_messaging_policy_handler.cc`). Firefox for
//! enterprises has the like since recently, in preferences that are not read here.

use std::fs;

use portcullis_core::names::HostName;
use serde_json::Value;

use super::registry::{Hive, Key, View};
use super::{Browser, Machine, Platform, read_bounded};

const BLOCK_LIST: &str = "NativeMessagingBlocklist";
const ALLOW_LIST: &str = "NativeMessagingAllowlist";
const USER_LEVEL: &str = "NativeMessagingUserLevelHosts";

/// What the policies of one browser say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Policies {
    blocked: Vec<String>,
    allowed: Vec<String>,
    user_level: Option<bool>,
    /// Where the last of them was found.
    pub(crate) source: Option<String>,
}

impl Policies {
    /// Whether this host may not be started at all.
    pub(crate) fn block(&self, host: &HostName) -> bool {
        let has = |list: &[String], name: &str| list.iter().any(|one| one == name);
        let name = host.as_str();
        (has(&self.blocked, name) || has(&self.blocked, "*")) && !has(&self.allowed, name)
    }

    /// Whether manifests of this user's are passed over.
    pub(crate) fn ignore_users_manifests(&self) -> bool {
        self.user_level == Some(false)
    }
}

/// The policies that `browser` obeys on this machine. What cannot be read counts as absent: the browser passes over it
/// as well.
pub(crate) fn of(machine: &Machine, browser: &Browser) -> Policies {
    let mut policies = Policies::default();
    let Some(place) = browser.policies else {
        return policies;
    };
    match machine.surroundings.platform {
        Platform::Windows => read_registry(machine, place, &mut policies),
        Platform::Linux | Platform::MacOs => read_folder(machine, place, &mut policies),
    }
    policies
}

/// Every `.json` file, in the order of their names; a later file's value replaces an earlier one's.
fn read_folder(machine: &Machine, folder: &str, policies: &mut Policies) {
    let folder = machine.surroundings.below_root(folder.as_ref());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    for file in files {
        let Some(Value::Object(values)) = read_bounded(&file)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
        else {
            continue;
        };
        let mut is_source = false;
        for (key, list) in [
            (BLOCK_LIST, &mut policies.blocked),
            (ALLOW_LIST, &mut policies.allowed),
        ] {
            if let Some(values) = values.get(key).and_then(Value::as_array) {
                *list = values
                    .iter()
                    .filter_map(|one| Some(one.as_str()?.to_owned()))
                    .collect();
                is_source = true;
            }
        }
        if let Some(value) = values.get(USER_LEVEL).and_then(Value::as_bool) {
            policies.user_level = Some(value);
            is_source = true;
        }
        if is_source {
            policies.source = Some(file.display().to_string());
        }
    }
}

/// A machine's policies win over a user's.
fn read_registry(machine: &Machine, path: &str, policies: &mut Policies) {
    for hive in [Hive::User, Hive::Machine] {
        let key = |below: &str| Key {
            hive,
            view: View::Bits64,
            path: format!("{path}{below}"),
        };
        let mut is_source = false;
        for (name, list) in [
            (BLOCK_LIST, &mut policies.blocked),
            (ALLOW_LIST, &mut policies.allowed),
        ] {
            let texts = machine
                .registry
                .texts(&key(&format!("\\{name}")))
                .unwrap_or_default();
            if !texts.is_empty() {
                *list = texts;
                is_source = true;
            }
        }
        if let Ok(Some(number)) = machine.registry.number(&key(""), USER_LEVEL) {
            policies.user_level = Some(number != 0);
            is_source = true;
        }
        if is_source {
            policies.source = Some(key("").to_string());
        }
    }
}
