//! Whether what a person has approved holds for the build that is installed.
//!
//! The decision that shaped it: an approval names one build. It holds for a later one of the same installation as long as
//! that asks for nothing more, because then the person has seen everything that it asks for. A build that does not say
//! what it wants cannot be compared, so it is approved by its digest or not at all.

use std::fmt;

use super::{EarlierBuild, Installed, MOST_EARLIER};
use crate::names::Digest;
use crate::requests::Wish;

/// Whether the installed build may use what a route grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approval {
    /// This very build was approved.
    Exact,
    /// An earlier build was, which asked for all that this one asks for.
    Earlier,
    /// A person has to approve it.
    Missing(Unapproved),
}

/// Why an approval does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unapproved {
    /// No build was ever approved.
    Never,
    /// The installed build does not say what it asks for.
    NoRequests,
    /// What the approved build asked for is not known: it is of another installation, did not say, or is too long ago.
    Unknown,
    /// The installed build asks for more.
    Grew(Vec<Wish>),
}

impl Approval {
    /// Whether the grants may be used.
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self, Self::Exact | Self::Earlier)
    }
}

/// What is the matter with the installed build, after "the installed build".
impl fmt::Display for Unapproved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => formatter.write_str("was never approved"),
            Self::NoRequests => formatter
                .write_str("does not say what it asks for, so only its own digest can be approved"),
            Self::Unknown => {
                formatter.write_str("cannot be compared with the approved one, which is not known")
            }
            Self::Grew(wishes) => {
                let wishes: Vec<String> = wishes.iter().map(|wish| format!("`{wish}`")).collect();
                let list = wishes.join(", ");
                write!(formatter, "asks for more than the approved one: {list}")
            }
        }
    }
}

impl Installed {
    /// Whether an approval of the build `approved` holds for the one that is installed. Asked by the host before it opens
    /// anything, and by `portcullis policy explain`.
    #[must_use]
    pub fn approval(&self, approved: Option<&Digest>) -> Approval {
        let missing = Approval::Missing;
        let Some(approved) = approved else {
            return missing(Unapproved::Never);
        };
        if *approved == self.digest {
            return Approval::Exact;
        }
        let Some(requests) = &self.requests else {
            return missing(Unapproved::NoRequests);
        };
        let known = |build: &&EarlierBuild| build.digest == *approved;
        let Some(build) = self.earlier.iter().find(known) else {
            return missing(Unapproved::Unknown);
        };
        let growth = build.asked.growth(&requests.asked());
        if growth.is_empty() {
            Approval::Earlier
        } else {
            missing(Unapproved::Grew(growth))
        }
    }

    /// The earlier builds of a new one that takes this one's place: this one and those before it, without the new one's
    /// own, which may have been installed before.
    pub(super) fn builds_before(&self, newer: &Digest) -> Vec<EarlierBuild> {
        let this = self.requests.iter().map(|requests| EarlierBuild {
            digest: self.digest,
            asked: requests.asked(),
        });
        this.chain(self.earlier.iter().cloned())
            .filter(|build| build.digest != *newer)
            .take(MOST_EARLIER)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::home::lock::{Lock, tests::installed};
    use crate::requests::Requests;

    fn requests(powers: &str) -> Option<Requests> {
        let text =
            format!("name = \"x\"\nversion = \"1\"\ndescription = \"d\"\n[requests]\n{powers}");
        Some(Requests::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}")))
    }

    const STORAGE: &str = "storage = { reason = \"r\" }\n";
    const SECRET: &str = "secrets = [{ name = \"s\", reason = \"r\" }]\n";

    #[test]
    fn an_approval_holds_while_requests_do_not_grow() {
        let name = "x".parse().expect("a name");
        let mut lock = Lock::default();
        let mut put = |bytes: &[u8], requests: Option<Requests>| {
            let mut build = installed("x", bytes);
            build.requests = requests;
            build.number = lock.number_for(&build.name);
            lock.put(build);
            let text = lock.to_text();
            lock = Lock::parse(&text, std::path::Path::new("plugins.lock")).expect(&text);
            lock.find(&name).expect("it was put there").clone()
        };
        let digest = |bytes: &[u8]| Digest::of_bytes(bytes);
        let both = format!("{STORAGE}{SECRET}");

        let first = put(b"1", requests(&both));
        assert_eq!(first.approval(None), Approval::Missing(Unapproved::Never));
        assert_eq!(first.approval(Some(&digest(b"1"))), Approval::Exact);
        assert_eq!(
            first.approval(Some(&digest(b"2"))),
            Approval::Missing(Unapproved::Unknown)
        );

        let less = put(b"2", requests(STORAGE));
        assert_eq!(less.approval(Some(&digest(b"1"))), Approval::Earlier);
        // Compared with what was approved, not with the build in between.
        let as_before = put(b"3", requests(&both));
        assert_eq!(as_before.approval(Some(&digest(b"1"))), Approval::Earlier);
        let Approval::Missing(Unapproved::Grew(wishes)) = as_before.approval(Some(&digest(b"2")))
        else {
            panic!("it asks for a secret more")
        };
        assert_eq!(wishes[0].to_string(), "secret=s");

        let silent = put(b"4", None);
        for earlier in [b"1", b"2", b"3"] {
            assert_eq!(
                silent.approval(Some(&digest(earlier))),
                Approval::Missing(Unapproved::NoRequests)
            );
        }
        assert_eq!(silent.approval(Some(&digest(b"4"))), Approval::Exact);
        let talks_again = put(b"5", requests(""));
        assert_eq!(
            talks_again.approval(Some(&digest(b"4"))),
            Approval::Missing(Unapproved::Unknown),
            "what build 4 wanted nobody knows"
        );
        assert_eq!(talks_again.approval(Some(&digest(b"1"))), Approval::Earlier);

        let back = put(b"1", requests(&both));
        assert!(back.earlier.iter().all(|build| build.digest != back.digest));
        for number in 0..=u8::try_from(MOST_EARLIER).expect("a small number") {
            put(&[b'n', number], requests(""));
        }
        let last = put(b"last", requests(""));
        assert_eq!(last.earlier.len(), MOST_EARLIER);
        assert_eq!(
            last.approval(Some(&digest(b"1"))),
            Approval::Missing(Unapproved::Unknown)
        );
    }

    #[test]
    fn another_installation_inherits_no_approval() {
        let name = "x".parse().expect("a name");
        let mut lock = Lock::default();
        let mut build = installed("x", b"1");
        build.requests = requests(STORAGE);
        build.number = lock.number_for(&name);
        lock.put(build.clone());
        lock.remove(&name);
        build.digest = Digest::of_bytes(b"2");
        build.number = lock.number_for(&name);
        lock.put(build.clone());
        let there = lock.find(&name).expect("it was put there");
        assert_eq!(
            there.approval(Some(&Digest::of_bytes(b"1"))),
            Approval::Missing(Unapproved::Unknown)
        );
    }
}
