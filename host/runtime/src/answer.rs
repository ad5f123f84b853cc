//! What the extension is told when a call did not bring a reply: one place for every code, sentence and hint.
//!
//! Public and private are kept apart here: the sentence names the plugin and the limit, the detail of a trap goes to
//! the log only.

use portcullis_core::caller::Origin;
use portcullis_core::names::PluginName;
use portcullis_core::policy::{Limits, Route};
use portcullis_core::protocol::OUTBOUND_LIMIT;
use portcullis_core::protocol::report::{ErrorCode, Report};
use portcullis_sandbox::FailureKind;

/// A message over the limit.
pub(crate) fn message_too_large(length: u64, limit: u64) -> Report {
    let sentence = format!("a message of {length} bytes is longer than the {limit} that are taken");
    Report::new(ErrorCode::MessageTooLarge, sentence)
}

/// A message that is not JSON in UTF-8.
pub(crate) fn invalid_message(problem: &dyn std::fmt::Display) -> Report {
    Report::new(
        ErrorCode::InvalidJson,
        format!("the message was refused: {problem}"),
    )
}

/// No route fits this message.
pub(crate) fn no_route_for_message() -> Report {
    let sentence = "no route of this extension fits the message";
    Report::new(ErrorCode::NoRoute, sentence).with_hint("portcullis route list")
}

/// A session that its route would end after each message.
pub(crate) fn short_lived_session(plugin: &PluginName) -> Report {
    let sentence = format!(
        "plugin `{plugin}` is a session and lives as long as its port, and its route says otherwise"
    );
    let report = Report::new(ErrorCode::PolicyInvalid, sentence);
    report.with_hint("remove `lifetime = \"message\"` from the route in policy.toml")
}

/// A plugin that has crashed too often.
pub(crate) fn quarantined(origin: &Origin, plugin: &PluginName) -> Report {
    let sentence = format!("plugin `{plugin}` has crashed too often and is not started any more");
    let hint = format!("portcullis enable {origin} {plugin}");
    Report::new(ErrorCode::Quarantined, sentence).with_hint(hint)
}

/// Nothing was sent in answer to anything.
pub(crate) fn no_reply() -> Report {
    Report::new(ErrorCode::NoReply, "the plugin has sent nothing")
}

/// A plugin's reply over what a browser takes.
pub(crate) fn reply_too_large(plugin: &PluginName, length: usize) -> Report {
    let sentence = format!(
        "the reply of plugin `{plugin}` has {length} bytes, and a browser takes {OUTBOUND_LIMIT}"
    );
    Report::new(ErrorCode::ReplyTooLarge, sentence)
}

/// A plugin's reply that is not JSON.
pub(crate) fn invalid_reply(plugin: &PluginName, problem: &dyn std::fmt::Display) -> Report {
    let sentence = format!("the reply of plugin `{plugin}` was refused: {problem}");
    Report::new(ErrorCode::InvalidJson, sentence)
}

/// A plugin's own error value.
pub(crate) fn plugin_error(plugin: &PluginName, code: String, message: String) -> Report {
    let sentence = format!("plugin `{plugin}` refused: {message}");
    let mut report = Report::new(ErrorCode::PluginError, sentence);
    report.plugin_code = Some(code);
    report.plugin_message = Some(message);
    report
}

/// What a plugin in stdio mode wrote is no frame. `beginning` is how it begins, escaped; empty where that is not known.
pub(crate) fn plugin_output(plugin: &PluginName, problem: &str, beginning: &str) -> Report {
    let begins = if beginning.is_empty() {
        String::new()
    } else {
        format!(", and it begins with `{beginning}`")
    };
    let sentence = format!(
        "plugin `{plugin}` wrote what is no frame to its standard output: {problem}{begins}"
    );
    Report::new(ErrorCode::PluginError, sentence)
        .with_hint("have the plugin write all but frames to its standard error")
}

/// A session whose `connect` refused.
pub(crate) fn connect_refused(plugin: &PluginName, code: String, message: String) -> Report {
    let sentence = format!("plugin `{plugin}` refused to connect: {message}");
    let mut report = Report::new(ErrorCode::InitFailed, sentence);
    report.plugin_code = Some(code);
    report.plugin_message = Some(message);
    report
}

/// A call that did not end well.
pub(crate) fn failure(route: &Route, kind: FailureKind) -> Report {
    let Route { plugin, limits, .. } = route;
    let Limits {
        memory,
        cpu_per_call,
        wall_per_call,
        init,
        ..
    } = limits;
    let raise = |key: &str| format!("raise `{key}` for this route in policy.toml");
    match kind {
        FailureKind::InitFailed => {
            let sentence = format!("plugin `{plugin}` failed while it was started");
            Report::new(ErrorCode::InitFailed, sentence)
        }
        FailureKind::InitTimeout => {
            let sentence = format!("plugin `{plugin}` took longer than {init} to start");
            Report::new(ErrorCode::InitTimeout, sentence).with_hint(raise("init"))
        }
        FailureKind::Crashed => {
            let sentence = format!("plugin `{plugin}` crashed");
            Report::new(ErrorCode::PluginCrashed, sentence)
        }
        FailureKind::Exited(code) => {
            let sentence = format!("plugin `{plugin}` ended itself with code {code}");
            Report::new(ErrorCode::PluginExited, sentence)
        }
        FailureKind::OutOfMemory => {
            let sentence =
                format!("plugin `{plugin}` needed more memory than the {memory} it may have");
            Report::new(ErrorCode::PluginOutOfMemory, sentence).with_hint(raise("memory"))
        }
        FailureKind::DoesNotFit(too_many) => {
            let sentence = format!("plugin `{plugin}` does not fit this host: it {too_many}");
            Report::new(ErrorCode::IncompatiblePlugin, sentence)
        }
        FailureKind::OutputRefused => plugin_output(plugin, "it is no message", ""),
        FailureKind::CpuTimeout => {
            let sentence = format!(
                "plugin `{plugin}` used more than {cpu_per_call} of processor time on one call"
            );
            Report::new(ErrorCode::PluginTimeout, sentence).with_hint(raise("cpu-per-call"))
        }
        FailureKind::WallTimeout => {
            let sentence =
                format!("plugin `{plugin}` took longer than {wall_per_call} on one call");
            Report::new(ErrorCode::PluginTimeout, sentence).with_hint(raise("wall-per-call"))
        }
    }
}
