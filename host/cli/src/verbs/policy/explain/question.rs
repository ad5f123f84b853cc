//! What may be asked about, and the answer of the functions that the host asks.

use std::path::Path;

use clap::Subcommand;
use portcullis_core::home::forbidden::is_of_one_class;
use portcullis_core::names::{escape, shell_word};
use portcullis_core::policy::{
    Access, GuestPath, Route, SecretAccess, SecretName, Target, TargetError,
};
use portcullis_sandbox::{AddressKind, address_kind};

use super::Judge;
use super::verdict::{Place, Verdict};

/// What a plugin may try.
#[derive(Debug, Subcommand)]
pub(super) enum Question {
    /// An HTTP request to this URL
    Http {
        /// For example `https://api.example.com/v1`
        #[arg(value_parser = url)]
        url: Target,
    },
    /// Opening something at this path of the plugin's
    Fs {
        /// For example `/notes/today.txt`
        path: GuestPath,
        /// For writing
        #[arg(long)]
        write: bool,
    },
    /// Reading a secret
    Secret {
        /// Its name
        name: SecretName,
        /// Setting or deleting it
        #[arg(long)]
        write: bool,
    },
    /// Keeping data
    Storage,
    /// Finding a variable
    Env {
        /// Its name
        name: String,
    },
    /// Finding a setting
    Config {
        /// Its key
        key: String,
    },
}

fn url(text: &str) -> Result<Target, TargetError> {
    Target::of_url(text)
}

impl Question {
    /// What a route's grant says to it.
    pub(super) fn verdict(&self, route: &Route, judge: &Judge<'_>) -> Verdict {
        let grant = &route.grant;
        let refused = |because: String, power: String| {
            let command = format!("portcullis grant {} {}", route.words(), shell_word(&power));
            Verdict::refused("not-granted", because).mended_by(command)
        };
        match self {
            Self::Http { url } => http(url, route),
            Self::Fs { path, write } => {
                let wanted = match write {
                    true => Access::ReadWrite,
                    false => Access::ReadOnly,
                };
                match grant.folder_of(path) {
                    Some(folder) if folder.access >= wanted => {
                        let because = format!(
                            "`{path}` lies in `{}`, which is the folder `{}` ({})",
                            folder.guest,
                            escape(&folder.host),
                            folder.access
                        );
                        Verdict::allowed(because).at(route, Place::Policy(folder.line))
                    }
                    Some(folder) => {
                        let because = format!("`{}` is granted for reading only", folder.guest);
                        let verdict = if is_of_one_class(Path::new(&folder.host)) {
                            // Nothing grants more there, so no command is named.
                            Verdict::refused("not-granted", because)
                        } else {
                            let power = format!("fs={}:{}:rw", folder.host, folder.guest);
                            refused(because, power)
                        };
                        verdict.at(route, Place::Policy(folder.line))
                    }
                    None => {
                        let suffix = if *write { ":rw" } else { "" };
                        refused(
                            format!("no folder is granted in which `{path}` lies"),
                            format!("fs=FOLDER:{path}{suffix}"),
                        )
                    }
                }
            }
            Self::Secret { name, write } => {
                let (wanted, suffix) = match write {
                    true => (SecretAccess::Write, ":write"),
                    false => (SecretAccess::Read, ""),
                };
                let power = format!("secret={name}{suffix}");
                match grant.secret(name) {
                    Some(secret) if secret.access >= wanted => {
                        Verdict::allowed(format!("the secret `{name}` is granted"))
                            .at(route, Place::Policy(secret.line))
                    }
                    Some(secret) => refused(
                        format!("the secret `{name}` is granted for reading only"),
                        power,
                    )
                    .at(route, Place::Policy(secret.line)),
                    None => refused(format!("the secret `{name}` is not granted"), power),
                }
            }
            Self::Storage => match grant.storage {
                Some(storage) => Verdict::allowed("storage is granted".to_owned())
                    .at(route, Place::Policy(storage.line)),
                None => refused("storage is not granted".to_owned(), "storage".to_owned()),
            },
            Self::Env { name } => match grant.environment.get(name) {
                Some(_) => told(route, judge, "env", name),
                None => refused(
                    format!("there is no variable `{}`", escape(name)),
                    format!("env={name}=VALUE"),
                ),
            },
            Self::Config { key } => match grant.config.get(key) {
                Some(_) => told(route, judge, "config", key),
                None => refused(
                    format!("there is no setting `{}`", escape(key)),
                    format!("config={key}=VALUE"),
                ),
            },
        }
    }
}

/// What is told to the plugin stands in the user's policy, or else in the machine's.
fn told(route: &Route, judge: &Judge<'_>, table: &str, key: &str) -> Verdict {
    let verdict = Verdict::allowed(format!("`{}` has a value", escape(key)));
    match judge.line_of(route, table, key) {
        Some(line) => verdict.at(route, Place::Policy(line)),
        None => verdict.at(route, Place::Machine(judge.machine_file.to_owned())),
    }
}

fn http(target: &Target, route: &Route) -> Verdict {
    let words = route.words();
    let Some(grant) = route.grant.http_to(target) else {
        let because = format!("no destination that is granted admits `{target}`");
        let command = format!(
            "portcullis grant {words} {}",
            shell_word(&format!("http={target}"))
        );
        return Verdict::refused("not-granted", because).mended_by(command);
    };
    let place = Place::Policy(grant.line);
    let destination = &grant.destination;
    let Some(address) = target.address() else {
        let private = match route.grant.http_private {
            true => "; it may also lead to this machine and its own networks",
            false => {
                "; the address that the name leads to is judged when it is asked, and must be a public one"
            }
        };
        return Verdict::allowed(format!("`{destination}` is granted{private}")).at(route, place);
    };
    match address_kind(address) {
        AddressKind::Private(whose) if !route.grant.http_private => {
            let because = format!("`{destination}` is granted, and `{address}` leads to {whose}");
            let command = format!("portcullis grant {words} http-private");
            let verdict = Verdict::refused("not-granted", because).mended_by(command);
            verdict.at(route, place)
        }
        AddressKind::Never(whose) => {
            let because = format!("`{address}` leads to {whose}, and nothing grants that");
            Verdict::refused("not-granted", because).at(route, place)
        }
        AddressKind::Public | AddressKind::Private(_) => {
            Verdict::allowed(format!("`{destination}` is granted")).at(route, place)
        }
    }
}
