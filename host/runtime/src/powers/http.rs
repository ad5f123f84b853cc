//! HTTP: what the process cannot read any more once it is confined, read where a route may send requests.
//!
//! One way to the network serves all plugins of a port. The authorities that it trusts are the system's, or those of
//! the one file that `SSL_CERT_FILE` names, as for other programs.

use std::cell::OnceCell;
use std::fs;

use portcullis_core::policy::Grant;
use portcullis_core::protocol::report::{ErrorCode, Report};
use portcullis_sandbox::{Http, Network, Roots};

use crate::channel::bell;
use crate::environment::Environment;

/// The power of a route, where it is granted any destination. `network` is the port's, opened by the first of them.
///
/// # Errors
///
/// The report that every message for the plugin gets: where the process has no descriptors left.
pub(super) fn open(
    grant: &Grant,
    network: &OnceCell<Network>,
    environment: &Environment,
) -> Result<Option<Http>, Box<Report>> {
    if grant.http.is_empty() {
        return Ok(None);
    }
    // Responses come by another thread, which then ends the loop's wait.
    bell::hang().map_err(|error| {
        tracing::error!(
            "failed to make what the thread of the network wakes the port with: {error}"
        );
        let sentence = "HTTP, which the policy grants, could not be set up";
        Box::new(Report::new(ErrorCode::Internal, sentence))
    })?;
    let network = network.get_or_init(|| {
        // A file that cannot be read is told of when a request needs it: one without TLS does not.
        let roots = match &environment.certificates {
            Some(path) => Roots::of_file(fs::read(path)),
            None => Roots::of_system(),
        };
        Network::open(roots)
    });
    Ok(Some(Http::new(grant, network)))
}
