//! What the machine knows of itself and no web interface tells: batteries, temperatures, fans, network devices.
//!
//! Linux shows each device as a folder of small files, one value in each. This plugin reads whatever class of devices
//! it is granted and answers with a tree of it:
//!
//! ```json
//! {"power": {"BAT0": {"capacity": "87", "status": "Discharging"}}}
//! ```
//!
//! | Request | Reply |
//! |---|---|
//! | `{}` | every device of every granted class |
//! | `{"device": "BAT0"}` | that one, by the same tree |
//!
//! Each class is a folder of its own in the grant, and each device in it one, too, since the host follows no links.
//!
//! `portcullis grant ORIGIN sensors fs=/sys/class/power_supply:/power fs=/sys/class/hwmon:/hwmon`

use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

wit_bindgen::generate!({ path: "../../wit", world: "handler-plugin" });

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};
use portcullis::plugin::config;

/// The longest value that is a value: what is longer is a table or a dump.
const LONGEST: usize = 256;

/// How deep devices are read: `net/lo/statistics/rx_bytes` is one folder below the device.
const DEEPEST: usize = 2;

/// Where classes are looked for when the policy's `config` has no `classes = "/a /b"`.
const CLASSES: &str = "/power /hwmon /thermal /net";

/// What an extension may ask for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    device: Option<String>,
}

struct Sensors;

impl Guest for Sensors {
    fn handle(_peer: Peer, message: String) -> Result<String, PluginError> {
        let request: Request = serde_json::from_str(&message)
            .map_err(|_| error("unknown-request", "send `{}` or `{\"device\": name}`"))?;
        let classes = config::get("classes").unwrap_or_else(|| CLASSES.to_owned());
        let mut tree = Map::new();
        for class in classes.split_whitespace() {
            if let Ok(devices) = devices(Path::new(class), request.device.as_deref()) {
                tree.insert(class.trim_start_matches('/').to_owned(), devices.into());
            }
        }
        if tree.is_empty() {
            let message = format!("none of these folders is granted: {classes}");
            return Err(error("not-granted", &message));
        }
        Ok(Value::from(tree).to_string())
    }
}

/// The devices of a class, or the one of this name.
fn devices(class: &Path, wanted: Option<&str>) -> io::Result<Map<String, Value>> {
    let mut found = Map::new();
    for entry in fs::read_dir(class)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if wanted.is_some_and(|wanted| wanted != name) {
            continue;
        }
        if let Ok(values) = values(&class.join(&name), DEEPEST) {
            found.insert(name, values.into());
        }
    }
    Ok(found)
}

/// The values in a folder. What cannot be read (some are for the administrator, some only while a device is awake) is
/// left out, and links are not followed: they lead round in circles.
fn values(folder: &Path, deep: usize) -> io::Result<Map<String, Value>> {
    let mut found = Map::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, kind) = (
            entry.file_name().to_string_lossy().into_owned(),
            entry.file_type()?,
        );
        if kind.is_file() {
            if let Some(value) = value(&entry.path()) {
                found.insert(name, value.into());
            }
        } else if kind.is_dir()
            && deep > 1
            && let Ok(below) = values(&entry.path(), deep - 1)
            && !below.is_empty()
        {
            found.insert(name, below.into());
        }
    }
    Ok(found)
}

/// One value: a short text in one line.
fn value(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let text = text.trim();
    let is_value = !text.is_empty() && text.len() <= LONGEST && !text.contains('\n');
    is_value.then(|| text.to_owned())
}

fn error(code: &str, message: &str) -> PluginError {
    PluginError {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

export!(Sensors);
