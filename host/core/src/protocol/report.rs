//! The frames that the host itself makes: one reserved key, one stable code each.
//!
//! A report is what the *extension* is told. It holds a code for programs, a sentence for people that says what was
//! attempted, and where there is one the command that would mend it; never a path, a secret or a backtrace. The
//! private detail goes to the log under the same request number. The host refuses the reserved key in anything that a
//! plugin sends, so a report cannot be forged.

use serde::{Deserialize, Serialize};

/// The top-level key of every frame that the host itself makes.
pub const RESERVED_KEY: &str = "$portcullis";

/// What went wrong, for programs. Stable: a code may be added, and none changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The policy has no route for this origin, host name and message.
    NoRoute,
    /// The route grants something that nobody has approved for this build of the plugin.
    PermissionRequired,
    /// The routed plugin is not installed.
    PluginMissing,
    /// The stored plugin is not the one that was installed.
    DigestMismatch,
    /// The plugin needs an interface that this host does not have.
    IncompatiblePlugin,
    /// The plugin's start-up failed, or its `connect` refused.
    InitFailed,
    /// The plugin's start-up took too long.
    InitTimeout,
    /// A call took more processor time or more time in all than the policy allows.
    PluginTimeout,
    /// The plugin trapped.
    PluginCrashed,
    /// The plugin ended itself.
    PluginExited,
    /// The plugin answered with an error value.
    PluginError,
    /// The plugin trapped after it was refused memory.
    PluginOutOfMemory,
    /// Nothing was sent in answer to anything.
    NoReply,
    /// A reply was longer than a browser takes.
    ReplyTooLarge,
    /// A message was longer than the policy takes.
    MessageTooLarge,
    /// A message, or a reply, is not one JSON value in UTF-8.
    InvalidJson,
    /// The policy cannot be used.
    PolicyInvalid,
    /// The plugin's ahead-of-time code is missing or damaged and could not be made again.
    ArtifactUnavailable,
    /// The plugin has crashed too often and waits for a person.
    Quarantined,
    /// The policy requires confinement by the system, and it is not complete.
    SandboxUnavailable,
    /// As many ports of the extension are open as the policy allows. A code of its own, since it is the only refusal
    /// that the extension can mend by itself: it closes one and tries again.
    TooManyPorts,
    /// A fault of the host.
    Internal,
}

/// One report. Serialises to the JSON text of its frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What went wrong.
    pub code: ErrorCode,
    /// The ordinal of the inbound frame that this answers, from 1; absent where it answers none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<u64>,
    /// The plugin that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// What was attempted and what happened, for a person.
    pub message: String,
    /// The command that would mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// With [`ErrorCode::PluginError`]: the code that the plugin gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin_code: Option<String>,
    /// With [`ErrorCode::PluginError`]: the message that the plugin gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin_message: Option<String>,
}

impl Report {
    /// A report without a request, plugin or hint.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            request: None,
            plugin: None,
            message: message.into(),
            hint: None,
            plugin_code: None,
            plugin_message: None,
        }
    }

    /// The same, with the command that would mend it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The JSON text of the frame, always far below [`super::OUTBOUND_LIMIT`]: every part is bounded where it is made.
    #[must_use]
    pub fn to_json(&self) -> String {
        let frame = serde_json::json!({ RESERVED_KEY: { "error": self } });
        frame.to_string()
    }
}

impl ErrorCode {
    /// The code as it stands in the frame and in the log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoRoute => "no-route",
            Self::PermissionRequired => "permission-required",
            Self::PluginMissing => "plugin-missing",
            Self::DigestMismatch => "digest-mismatch",
            Self::IncompatiblePlugin => "incompatible-plugin",
            Self::InitFailed => "init-failed",
            Self::InitTimeout => "init-timeout",
            Self::PluginTimeout => "plugin-timeout",
            Self::PluginCrashed => "plugin-crashed",
            Self::PluginExited => "plugin-exited",
            Self::PluginError => "plugin-error",
            Self::PluginOutOfMemory => "plugin-out-of-memory",
            Self::NoReply => "no-reply",
            Self::ReplyTooLarge => "reply-too-large",
            Self::MessageTooLarge => "message-too-large",
            Self::InvalidJson => "invalid-json",
            Self::PolicyInvalid => "policy-invalid",
            Self::ArtifactUnavailable => "artifact-unavailable",
            Self::Quarantined => "quarantined",
            Self::SandboxUnavailable => "sandbox-unavailable",
            Self::TooManyPorts => "too-many-ports",
            Self::Internal => "internal",
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_holds_what_it_has_under_the_reserved_key() {
        let mut report =
            Report::new(ErrorCode::PluginTimeout, "plugin `notes` took too long").with_hint("wait");
        report.request = Some(7);
        report.plugin = Some("notes".to_owned());
        let expected = r#"{"$portcullis":{"error":{"code":"plugin-timeout","request":7,"plugin":"notes","message":"plugin `notes` took too long","hint":"wait"}}}"#;
        assert_eq!(report.to_json(), expected);
    }

    #[test]
    fn codes_read_alike_in_frames_and_logs() {
        for code in [
            ErrorCode::NoRoute,
            ErrorCode::InvalidJson,
            ErrorCode::PluginOutOfMemory,
        ] {
            let written = serde_json::to_string(&code).expect("a code is always JSON");
            assert_eq!(written, format!("{:?}", code.as_str()));
        }
    }
}
