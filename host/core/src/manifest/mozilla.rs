//! The checks of Firefox and its kin: first those of its schema (`schemas/native_manifest.json`, whose members are
//! looked at in the order of the alphabet), then those of `NativeManifests.sys.mjs`.

use super::document::{Object, Value};
use super::fault::{WHOLE_PATH, complaint, missing, not_utf8, offset_of, relative, wrong_kind};
use super::{Allowed, Fault, HostManifest, Program, System};
use crate::caller::{Family, Origin};
use crate::home::Position;
use crate::names::{HostName, escape};

const UNEXPECTED: &str = "An unexpected error occurred";

/// The members of a manifest, in the order in which they are looked at.
const MEMBERS: [&str; 5] = ["allowed_extensions", "description", "name", "path", "type"];

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
            let line = "file is not UTF-8 encoded";
            return Err(refused(&name, line, detail, &mend, Some(position)));
        }
    };
    Checks {
        system,
        name: &name,
        text,
    }
    .manifest()
}

/// The name that the extension asked for.
fn requested(name: &str) -> Result<HostName, Fault> {
    name.parse().map_err(|problem| Fault {
        shown: format!(
            r"String {} must match /^\w+(\.\w+)*$/",
            serde_json::Value::from(escape(name))
        ),
        logged: None,
        detail: format!("`{}` cannot be the name of a host: {problem}", escape(name)),
        mend: "name it with letters, digits, `_` and single dots".to_owned(),
        position: None,
    })
}

/// What the extension is told wherever no file is used, whatever the reason.
pub(super) fn no_such_application(name: &HostName) -> String {
    format!("No such native application {name}")
}

/// A fault for which the file is not used, with the part of the console's line that tells why.
fn refused(
    name: &HostName,
    line: &str,
    detail: String,
    mend: &str,
    position: Option<Position>,
) -> Fault {
    Fault {
        shown: no_such_application(name),
        logged: Some(line.to_owned()),
        detail,
        mend: mend.to_owned(),
        position,
    }
}

pub(super) fn not_allowed(manifest: &HostManifest, origin: &Origin) -> Fault {
    refused(
        &manifest.name,
        "This extension does not have permission to use native manifest",
        format!(
            "`allowed_extensions` of `{}` does not have `{origin}`",
            manifest.name
        ),
        &match origin.family() {
            Family::Mozilla => format!("add `\"{origin}\"` to `allowed_extensions`"),
            Family::Chromium => "register the extension with a browser of its family".to_owned(),
        },
        None,
    )
}

pub(super) fn unusable(manifest: &HostManifest, program: Program) -> Option<Fault> {
    let path = escape(&manifest.path);
    let (detail, mend) = match program {
        Program::Executable => return None,
        Program::Missing => (
            format!("there is nothing at `{path}`, which `path` names"),
            "install the program, or correct `path`",
        ),
        Program::NotExecutable => (
            format!("`{path}`, which `path` names, cannot be executed"),
            "make it executable with `chmod +x`",
        ),
    };
    Some(Fault {
        shown: UNEXPECTED.to_owned(),
        logged: Some(format!(
            "File at path \"{path}\" does not exist, or is not executable"
        )),
        detail,
        mend: mend.to_owned(),
        position: None,
    })
}

/// What every check of the file needs.
struct Checks<'a> {
    system: System,
    name: &'a HostName,
    /// The file without its byte order mark.
    text: &'a str,
}

impl Checks<'_> {
    fn manifest(&self) -> Result<HostManifest, Fault> {
        // Only the grammar counts: JavaScript takes numbers of any size and lone surrogates.
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(self.text) {
            return Err(self.refused(
                "Error parsing native manifest",
                Some(offset_of(&error, self.text)),
                format!("the file is not JSON: {}", complaint(&error)),
                "correct it there; this browser takes no comments",
            ));
        }
        let object = Object::of(self.text).ok_or_else(|| {
            self.refused(
                "Expected object instead of",
                Some(0),
                "the file is JSON, but not an object".to_owned(),
                "begin it with `{`",
            )
        })?;
        let allowed = self.allowed(&object)?;
        let (description, _) = self.text_of(&object, "description", "What this host does")?;
        let (name, name_at) = self.text_of(&object, "name", self.name.as_str())?;
        if let Err(problem) = name.parse::<HostName>() {
            return Err(self.refused(
                r".name must match the pattern /^\w+(\.\w+)*$/",
                Some(name_at),
                format!("`name` is `{}`: {problem}", escape(&name)),
                &format!("write `\"name\": \"{}\"`", self.name),
            ));
        }
        let (path, path_at) = self.text_of(&object, "path", "/path/of/the/program")?;
        let (kind, kind_at) = self.text_of(&object, "type", "stdio")?;
        if !["pkcs11", "stdio"].contains(&kind.as_str()) {
            return Err(self.refused(
                r#".type must be one of ["pkcs11", "stdio"]"#,
                Some(kind_at),
                format!("`type` is `{}`, not `stdio`", escape(&kind)),
                "write `\"type\": \"stdio\"`",
            ));
        }
        self.check_no_others(&object)?;
        if kind != "stdio" {
            return Err(self.refused(
                &format!("has type property {kind} (expected stdio)"),
                Some(kind_at),
                format!("`type` is `{kind}`: the file describes something else than a host"),
                "write `\"type\": \"stdio\"`",
            ));
        }
        if name != self.name.as_str() {
            return Err(self.refused(
                &format!("has name property {name} (expected {})", self.name),
                Some(name_at),
                format!(
                    "`name` is `{name}`, and the extension asks for `{}`",
                    self.name
                ),
                "give the file, `name` and the extension's call one name",
            ));
        }
        if self.system == System::Posix && !path.starts_with('/') {
            return Err(self.refused(
                &format!(
                    "has relative path value {} (expected absolute path)",
                    escape(&path)
                ),
                Some(path_at),
                relative(&path),
                WHOLE_PATH,
            ));
        }
        Ok(HostManifest {
            family: Family::Mozilla,
            name: self.name.clone(),
            description,
            path,
            allowed,
        })
    }

    fn allowed(&self, object: &Object<'_>) -> Result<Vec<Allowed>, Fault> {
        const MEND: &str = "list the id of each add-on, as in `\"name@example.com\"`";
        let value = self.required(object, "allowed_extensions", MEND)?;
        let elements = value.elements().ok_or_else(|| {
            self.refused(
                ".allowed_extensions must be an array value",
                Some(value.at),
                wrong_kind("`allowed_extensions`", value, "an array"),
                MEND,
            )
        })?;
        let read = |element: &Value<'_>| {
            // The console's line for an entry is garbled, but for its beginning.
            let refused =
                |detail| self.refused("Value must either:", Some(element.at), detail, MEND);
            let written = element.string().ok_or_else(|| {
                let what = "an entry of `allowed_extensions`";
                refused(wrong_kind(what, *element, "a string"))
            })?;
            if !Origin::is_add_on_pattern(&written) {
                return Err(refused(format!(
                    "`{}` in `allowed_extensions` is neither `{{uuid}}` nor `name@domain`, and for \
                     one bad entry the whole file is refused",
                    escape(&written)
                )));
            }
            let origin = written.parse().ok();
            Ok(Allowed { written, origin })
        };
        let allowed: Vec<_> = elements.iter().map(read).collect::<Result<_, _>>()?;
        if allowed.is_empty() {
            return Err(self.refused(
                ".allowed_extensions must have at least 1 items",
                Some(value.at),
                "`allowed_extensions` is empty, for which the whole file is refused".to_owned(),
                MEND,
            ));
        }
        Ok(allowed)
    }

    /// A text that must be there, and its place.
    fn text_of(
        &self,
        object: &Object<'_>,
        key: &str,
        example: &str,
    ) -> Result<(String, usize), Fault> {
        let mend = format!("write `\"{key}\": \"{example}\"`");
        let value = self.required(object, key, &mend)?;
        match value.string() {
            Some(text) => Ok((text, value.at)),
            None => Err(self.refused(
                &format!(".{key} must be a string value"),
                Some(value.at),
                wrong_kind(&format!("`{key}`"), value, "a string"),
                &mend,
            )),
        }
    }

    fn required<'o>(&self, object: &Object<'o>, key: &str, mend: &str) -> Result<Value<'o>, Fault> {
        object.get(key).ok_or_else(|| {
            let line = format!("contain the required \"{key}\" property");
            self.refused(&line, None, missing(key), mend)
        })
    }

    /// Any member that the schema does not know is fatal, `$schema` and Chromium's `allowed_origins` among them.
    fn check_no_others(&self, object: &Object<'_>) -> Result<(), Fault> {
        let others = object.others(&MEMBERS);
        let Some(first) = others.first() else {
            return Ok(());
        };
        let mut keys: Vec<String> = others.iter().map(|other| escape(&other.key)).collect();
        keys.sort();
        keys.dedup();
        let line = match keys.as_slice() {
            [key] => format!("not contain an unexpected \"{key}\" property"),
            keys => format!(
                "not contain the unexpected properties [{}]",
                keys.join(", ")
            ),
        };
        Err(self.refused(
            &line,
            Some(first.at),
            format!(
                "`{}` is unknown to this browser, and for one unknown key the whole file is refused",
                escape(&first.key)
            ),
            "remove it; a file serves one family of browsers",
        ))
    }

    fn refused(&self, line: &str, at: Option<usize>, detail: String, mend: &str) -> Fault {
        let position = at.map(|at| Position::of(self.text, at));
        refused(self.name, line, detail, mend, position)
    }
}
