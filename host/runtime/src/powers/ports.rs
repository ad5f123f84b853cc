//! How many ports of one extension are open at a time: each takes a place, and the system gives it back when the
//! process ends in whatever way.
//!
//! The places are tied to the extension's journal of crashes, which every port opens anyway, so counting opens nothing
//! and costs a system call for each port that is there already. When a quarantine is lifted the journal is a new file,
//! and ports that were open before are not counted any more.

use portcullis_core::policy::PortRoutes;
use portcullis_core::protocol::report::{ErrorCode, Report};

use crate::crashes::Crashes;

/// Takes a place for this port, for the life of the process. How many there are is the smallest `ports` of its routes.
///
/// Where there is no journal, or the file system has no locks, ports are not counted: that is one more process for a
/// while, and refusing would be an extension that does not work any more.
///
/// # Errors
///
/// The report that every message gets: all places are taken.
pub(crate) fn take_place(crashes: &Crashes, routes: &PortRoutes) -> Result<(), Box<Report>> {
    let limits = routes.as_slice().iter().map(|route| route.limits.ports);
    let Some(most) = limits.min() else {
        return Ok(());
    };
    match crashes.take_place(most) {
        Ok(true) => Ok(()),
        Ok(false) => {
            tracing::warn!(
                "refused: {most} ports of this extension are open, as many as `ports` allows"
            );
            let sentence = format!("{most} ports of this extension are open, and no more may be");
            let hint = "close one, or raise `ports` for its routes in policy.toml";
            Err(Box::new(
                Report::new(ErrorCode::TooManyPorts, sentence).with_hint(hint),
            ))
        }
        Err(error) => {
            tracing::warn!("cannot count the ports of this extension: {error}");
            Ok(())
        }
    }
}
