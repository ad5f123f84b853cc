//! The checks of Chromium and its kin, in the order of `launch_context.cc` and `native_messaging_host_manifest.cc`.

use super::document::{Object, Value};
use super::fault::{WHOLE_PATH, complaint, missing, not_utf8, offset_of, relative, wrong_kind};
use super::pattern::{self, PatternFault};
use super::relaxed::Plain;
use super::{Allowed, Fault, HostManifest, Program, System};
use crate::caller::{Family, Origin};
use crate::home::Position;
use crate::names::{HostName, escape};

const NAME_INVALID: &str = "Invalid native messaging host name specified.";
pub(super) const NOT_FOUND: &str = "Specified native messaging host not found.";
pub(super) const FORBIDDEN: &str = "Access to the specified native messaging host is forbidden.";
const EXITED: &str = "Native host has exited.";

pub(super) fn read(
    system: System,
    bytes: &[u8],
    requested_name: &str,
) -> Result<HostManifest, Fault> {
    let name = requested(requested_name)?;
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let (detail, mend, position) = not_utf8(bytes, error);
            return Err(refused(&name, "", detail, mend, Some(position)));
        }
    };
    let checks = Checks {
        system,
        name: &name,
        text,
        plain: &Plain::of(text),
    };
    checks.manifest()
}

/// The name that the extension asked for.
fn requested(name: &str) -> Result<HostName, Fault> {
    let problem = match name.parse::<HostName>() {
        Ok(name) if name.fits_chromium() => return Ok(name),
        Ok(_) => "Chromium takes no upper case".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(Fault {
        shown: NAME_INVALID.to_owned(),
        logged: None,
        detail: format!("`{}` cannot be the name of a host: {problem}", escape(name)),
        mend: "name it with lower-case letters, digits, `_` and single dots".to_owned(),
        position: None,
    })
}

/// A fault for which the file is not used, with the reason that the browser writes in its log.
fn refused(
    name: &HostName,
    reason: &str,
    detail: String,
    mend: String,
    position: Option<Position>,
) -> Fault {
    let line = format!("Failed to load manifest for native messaging host {name}: {reason}");
    Fault {
        shown: NOT_FOUND.to_owned(),
        logged: Some(line.trim_end().to_owned()),
        detail,
        mend,
        position,
    }
}

pub(super) fn not_allowed(manifest: &HostManifest, origin: &Origin) -> Fault {
    Fault {
        shown: FORBIDDEN.to_owned(),
        logged: None,
        detail: format!(
            "`allowed_origins` of `{}` does not have `{origin}`",
            manifest.name
        ),
        mend: match origin.family() {
            Family::Chromium => format!("add `\"{origin}\"` to `allowed_origins`"),
            Family::Mozilla => "register the add-on with a browser of its family".to_owned(),
        },
        position: None,
    }
}

pub(super) fn unusable(manifest: &HostManifest, program: Program) -> Option<Fault> {
    let (name, path) = (&manifest.name, escape(&manifest.path));
    match program {
        Program::Executable => None,
        Program::Missing => Some(Fault {
            shown: NOT_FOUND.to_owned(),
            logged: Some(format!(
                "Found manifest, but not the binary for native messaging host {name}. \
                 Host path specified in the manifest: {path}"
            )),
            detail: format!("there is nothing at `{path}`, which `path` names"),
            mend: "install the program, or correct `path`".to_owned(),
            position: None,
        }),
        Program::NotExecutable => Some(Fault {
            shown: EXITED.to_owned(),
            logged: Some("LaunchProcess: failed to execvp".to_owned()),
            detail: format!("`{path}`, which `path` names, cannot be executed"),
            mend: "make it executable with `chmod +x`".to_owned(),
            position: None,
        }),
    }
}

/// What every check of the file needs.
struct Checks<'a> {
    system: System,
    name: &'a HostName,
    /// The file without its byte order mark.
    text: &'a str,
    plain: &'a Plain,
}

impl Checks<'_> {
    fn manifest(&self) -> Result<HostManifest, Fault> {
        let text = self.plain.text();
        // The whole file is built once, as the browser does: numbers out of range and lone surrogates count everywhere.
        if let Err(error) = serde_json::from_str::<serde_json::Value>(text) {
            return Err(self.refused(
                "",
                Some(offset_of(&error, text)),
                format!("the file is not JSON: {}", complaint(&error)),
                "correct it there",
            ));
        }
        let object = Object::of(text).ok_or_else(|| {
            self.refused(
                "Invalid manifest file.",
                Some(0),
                "the file is JSON, but not an object".to_owned(),
                "begin it with `{`",
            )
        })?;
        let name = self.name_in(&object)?;
        let description = self.text_of(&object, "description", "\"What this host does\"")?;
        self.check_type(&object)?;
        let path = self.text_of(&object, "path", "\"/path/of/the/program\"")?;
        let allowed = self.allowed(&object)?;
        self.check_native_initiated(&object)?;
        if name != self.name.as_str() {
            return Err(self.refused(
                "Invalid name specified in the manifest.",
                object.get("name").map(|value| value.at),
                format!(
                    "`name` is `{}`, and the extension asks for `{}`",
                    escape(&name),
                    self.name
                ),
                "give the file, `name` and the extension's call one name",
            ));
        }
        if self.system == System::Posix && !path.starts_with('/') {
            return Err(Fault {
                shown: NOT_FOUND.to_owned(),
                logged: Some(format!(
                    "Native messaging host path must be absolute for {name}"
                )),
                detail: relative(&path),
                mend: WHOLE_PATH.to_owned(),
                position: object.get("path").map(|value| self.place(value.at)),
            });
        }
        Ok(HostManifest {
            family: Family::Chromium,
            name: self.name.clone(),
            description,
            path,
            allowed,
        })
    }

    fn name_in(&self, object: &Object<'_>) -> Result<String, Fault> {
        let fault = |at: Option<usize>, detail: String| {
            let mend = format!("write `\"name\": \"{}\"`", self.name);
            self.refused("Invalid value for name.", at, detail, &mend)
        };
        let value = object
            .get("name")
            .ok_or_else(|| fault(None, missing("name")))?;
        let name = value
            .string()
            .ok_or_else(|| fault(Some(value.at), wrong_kind("`name`", value, "a string")))?;
        let problem = match name.parse::<HostName>() {
            Ok(parsed) if parsed.fits_chromium() => return Ok(name),
            Ok(_) => "Chromium takes no upper case".to_owned(),
            Err(error) => error.to_string(),
        };
        let detail = format!("`name` is `{}`: {problem}", escape(&name));
        Err(fault(Some(value.at), detail))
    }

    /// A text that must be there and not empty.
    fn text_of(&self, object: &Object<'_>, key: &str, example: &str) -> Result<String, Fault> {
        let fault = |at: Option<usize>, detail: String| {
            let reason = format!("Invalid value for {key}.");
            self.refused(
                &reason,
                at,
                detail,
                &format!("write `\"{key}\": {example}`"),
            )
        };
        let value = object.get(key).ok_or_else(|| fault(None, missing(key)))?;
        match value.string() {
            None => Err(fault(
                Some(value.at),
                wrong_kind(&format!("`{key}`"), value, "a string"),
            )),
            Some(text) if text.is_empty() => {
                Err(fault(Some(value.at), format!("`{key}` is empty")))
            }
            Some(text) => Ok(text),
        }
    }

    fn check_type(&self, object: &Object<'_>) -> Result<(), Fault> {
        let value = object.get("type");
        let detail = match value.map(|value| (value, value.string())) {
            Some((_, Some(text))) if text == "stdio" => return Ok(()),
            Some((_, Some(text))) => format!("`type` is `{}`, not `stdio`", escape(&text)),
            Some((value, None)) => wrong_kind("`type`", value, "a string"),
            None => missing("type"),
        };
        Err(self.refused(
            "Invalid value for type.",
            value.map(|value| value.at),
            detail,
            "write `\"type\": \"stdio\"`",
        ))
    }

    fn allowed(&self, object: &Object<'_>) -> Result<Vec<Allowed>, Fault> {
        const MEND: &str = "list each extension as `\"chrome-extension://<its id>/\"`";
        const REASON: &str = "Invalid value for allowed_origins. Expected a list of strings.";
        let value = object
            .get("allowed_origins")
            .ok_or_else(|| self.refused(REASON, None, missing("allowed_origins"), MEND))?;
        let elements = value.elements().ok_or_else(|| {
            let detail = wrong_kind("`allowed_origins`", value, "an array");
            self.refused(REASON, Some(value.at), detail, MEND)
        })?;
        let read = |element: &Value<'_>| {
            let refused =
                |reason: &str, detail: String| self.refused(reason, Some(element.at), detail, MEND);
            let written = element.string().ok_or_else(|| {
                let detail = wrong_kind("an entry of `allowed_origins`", *element, "a string");
                refused("allowed_origins must be list of strings.", detail)
            })?;
            let shown = escape(&written);
            match pattern::read(&written) {
                Ok(origin) => Ok(Allowed { written, origin }),
                Err(PatternFault::Unreadable(reason)) => Err(refused(
                    &format!("Failed to parse pattern \"{shown}\": {reason}"),
                    format!(
                        "`{shown}` in `allowed_origins` is no origin of an extension, and for one \
                         bad entry the whole file is refused"
                    ),
                )),
                Err(PatternFault::TooBroad) => Err(refused(
                    &format!("Pattern \"{shown}\" is not allowed."),
                    format!(
                        "`{shown}` in `allowed_origins` stands for more than one extension, and \
                         for one such entry the whole file is refused"
                    ),
                )),
            }
        };
        elements.iter().map(read).collect()
    }

    /// Checked only where native programs may start connections, which is a feature that is off by default; a file
    /// that such a browser refuses is refused here.
    fn check_native_initiated(&self, object: &Object<'_>) -> Result<(), Fault> {
        const KEY: &str = "supports_native_initiated_connections";
        match object.get(KEY) {
            Some(value) if !value.is_boolean() => Err(self.refused(
                "supports_native_initiated_connections must be a boolean.",
                Some(value.at),
                wrong_kind(&format!("`{KEY}`"), value, "a boolean"),
                "write it without quotes, or leave it out",
            )),
            _ => Ok(()),
        }
    }

    fn refused(&self, reason: &str, at: Option<usize>, detail: String, mend: &str) -> Fault {
        let position = at.map(|at| self.place(at));
        refused(self.name, reason, detail, mend.to_owned(), position)
    }

    /// The place in the file of a byte of the plain text.
    fn place(&self, at: usize) -> Position {
        Position::of(self.text, self.plain.origin_of(at))
    }
}
