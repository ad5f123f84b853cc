//! A handler that asks `wasi:filesystem` for whatever a test writes down, past any library that might be more polite.
//!
//! A message is a list of steps, each with what it does and to which descriptor; the reply is the list of what came of
//! each: `"ok"`, a value, or WASI's code. Folders of the grant are descriptors by their own paths; what a step opens is
//! kept under the name that it gives, until the end of the message or, for `hold`, of the instance.

use std::cell::RefCell;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};
use wasip2::clocks::wall_clock::Datetime;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
    filesystem_error_code,
};
use wasip2::io::streams::StreamError;

wit_bindgen::generate!({ path: "../../../wit", world: "handler-plugin" });

use exports::portcullis::plugin::handler::{Guest, Peer, PluginError};

/// One step. What it does not use has its default.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Step {
    /// What to do.
    r#do: String,
    /// To which descriptor.
    #[serde(default)]
    at: String,
    #[serde(default)]
    path: String,
    /// The second descriptor, and the path there.
    #[serde(default)]
    to: String,
    #[serde(default)]
    to_path: String,
    /// The name of what is opened.
    #[serde(default)]
    name: String,
    /// Letters: `c`reate, e`x`clusive, `t`runcate, `d`irectory; `r`ead, `w`rite, `m`utate; `n`o following of links.
    #[serde(default)]
    how: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    n: u64,
    #[serde(default)]
    offset: u64,
}

/// Why a step came to nothing.
enum Failure {
    Code(ErrorCode),
    Other(&'static str),
}

impl From<ErrorCode> for Failure {
    fn from(code: ErrorCode) -> Self {
        Self::Code(code)
    }
}

impl From<StreamError> for Failure {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Closed => Self::Other("closed"),
            StreamError::LastOperationFailed(error) => match filesystem_error_code(&error) {
                Some(code) => Self::Code(code),
                None => Self::Other("unknown stream error"),
            },
        }
    }
}

type Outcome = Result<Value, Failure>;

thread_local! {
    static HELD: RefCell<Vec<Descriptor>> = const { RefCell::new(Vec::new()) };
}

struct Files;

impl Guest for Files {
    fn handle(_peer: Peer, message: String) -> Result<String, PluginError> {
        let steps: Vec<Step> = serde_json::from_str(&message).map_err(|error| PluginError {
            code: "no-steps".to_owned(),
            message: error.to_string(),
        })?;
        let mut open: HashMap<String, Descriptor> = get_directories()
            .into_iter()
            .map(|(descriptor, path)| (path, descriptor))
            .collect();
        let results: Vec<Value> = steps
            .iter()
            .map(|step| match perform(step, &mut open) {
                Ok(value) => value,
                Err(Failure::Code(code)) => code.name().into(),
                Err(Failure::Other(words)) => words.into(),
            })
            .collect();
        Ok(Value::from(results).to_string())
    }
}

export!(Files);

fn perform(step: &Step, open: &mut HashMap<String, Descriptor>) -> Outcome {
    let done = || Ok(Value::from("ok"));
    if step.r#do == "folders" {
        let mut paths: Vec<&String> = open.keys().collect();
        paths.sort();
        return Ok(json!(paths));
    }
    let at = open.get(&step.at).ok_or(Failure::Other("no descriptor"))?;
    let to = open.get(&step.to);
    let path = step.path.as_str();
    match step.r#do.as_str() {
        "open" => {
            let opened = open_at(at, step, path)?;
            open.insert(step.name.clone(), opened);
            done()
        }
        "hold" => hold(at, step),
        "open-often" => open_often(at, step),
        "close" => {
            open.remove(&step.at);
            done()
        }
        "read" => {
            let (bytes, _end) = at.read(step.n, step.offset)?;
            Ok(shown(&bytes))
        }
        "read-stream" => read_stream(at, step),
        "write" => Ok(at.write(step.text.as_bytes(), step.offset)?.into()),
        "write-stream" => write_stream(at, step),
        "size" => Ok(at.stat()?.size.into()),
        "type-at" => Ok(format!("{:?}", at.stat_at(links(step), path)?.type_).into()),
        "type" => Ok(format!("{:?}", at.get_type()?).into()),
        "set-size" => at
            .set_size(step.n)
            .map_err(Failure::from)
            .and_then(|()| done()),
        "set-times" => {
            at.set_times(time(step), time(step))?;
            done()
        }
        "set-times-at" => {
            at.set_times_at(links(step), path, time(step), time(step))?;
            done()
        }
        "list" => list(at),
        "list-often" => list_often(at, step),
        "make-folder" => at
            .create_directory_at(path)
            .map_err(Failure::from)
            .and_then(|()| done()),
        "remove-folder" => at
            .remove_directory_at(path)
            .map_err(Failure::from)
            .and_then(|()| done()),
        "remove" => at
            .unlink_file_at(path)
            .map_err(Failure::from)
            .and_then(|()| done()),
        "rename" => {
            at.rename_at(path, to.unwrap_or(at), &step.to_path)?;
            done()
        }
        "link" => {
            at.link_at(PathFlags::empty(), path, to.unwrap_or(at), &step.to_path)?;
            done()
        }
        "symlink" => at
            .symlink_at(&step.text, path)
            .map_err(Failure::from)
            .and_then(|()| done()),
        "read-link" => Ok(at.readlink_at(path)?.into()),
        "make-many" => make_many(at, step),
        "sync" => at.sync().map_err(Failure::from).and_then(|()| done()),
        _ => Err(Failure::Other("no such step")),
    }
}

fn links(step: &Step) -> PathFlags {
    if step.how.contains('n') {
        PathFlags::empty()
    } else {
        PathFlags::SYMLINK_FOLLOW
    }
}

fn open_at(at: &Descriptor, step: &Step, path: &str) -> Result<Descriptor, ErrorCode> {
    let (mut open, mut flags) = (OpenFlags::empty(), DescriptorFlags::empty());
    for letter in step.how.chars() {
        match letter {
            'c' => open |= OpenFlags::CREATE,
            'x' => open |= OpenFlags::EXCLUSIVE,
            't' => open |= OpenFlags::TRUNCATE,
            'd' => open |= OpenFlags::DIRECTORY,
            'r' => flags |= DescriptorFlags::READ,
            'w' => flags |= DescriptorFlags::WRITE,
            'm' => flags |= DescriptorFlags::MUTATE_DIRECTORY,
            _ => {}
        }
    }
    at.open_at(links(step), path, open, flags)
}

/// Opens one path `n` times and keeps each: how many there are, and why there are no more.
fn hold(at: &Descriptor, step: &Step) -> Outcome {
    for count in 0..step.n {
        match open_at(at, step, &step.path) {
            Ok(descriptor) => HELD.with_borrow_mut(|held| held.push(descriptor)),
            Err(code) => return Ok(json!([count, code.name()])),
        }
    }
    Ok(json!([step.n, "ok"]))
}

/// Opens one path `n` times, closing it each time: how often each came of it.
fn open_often(at: &Descriptor, step: &Step) -> Outcome {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for _ in 0..step.n {
        let came = match open_at(at, step, &step.path) {
            Ok(descriptor) => match descriptor.read(64, 0) {
                Ok((bytes, _)) => String::from_utf8_lossy(&bytes).into_owned(),
                Err(code) => format!("read: {}", code.name()),
            },
            Err(code) => code.name().to_owned(),
        };
        *counts.entry(came).or_default() += 1;
    }
    Ok(json!(counts))
}

fn read_stream(at: &Descriptor, step: &Step) -> Outcome {
    let stream = at.read_via_stream(step.offset)?;
    let mut all = Vec::new();
    loop {
        match stream.blocking_read(step.n) {
            Ok(bytes) => all.extend(bytes),
            Err(StreamError::Closed) => return Ok(shown(&all)),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes the text `n` times, at the offset and on or, with `a`, at the end: how often it could, and why not oftener.
fn write_stream(at: &Descriptor, step: &Step) -> Outcome {
    let stream = if step.how.contains('a') {
        at.append_via_stream()?
    } else {
        at.write_via_stream(step.offset)?
    };
    for count in 0..step.n {
        if let Err(error) = stream.blocking_write_and_flush(step.text.as_bytes()) {
            let why = match Failure::from(error) {
                Failure::Code(code) => code.name().to_owned(),
                Failure::Other(words) => words.to_owned(),
            };
            return Ok(json!([count, why]));
        }
    }
    Ok(json!([step.n, "ok"]))
}

/// How many names a folder has, and the first three in order.
fn list(at: &Descriptor) -> Outcome {
    let stream = at.read_directory()?;
    let (mut count, mut some) = (0_u64, Vec::new());
    while let Some(entry) = stream.read_directory_entry()? {
        count += 1;
        if some.len() < 16 {
            some.push(format!("{} {:?}", entry.name, entry.type_));
        }
    }
    some.sort();
    some.truncate(3);
    Ok(json!([count, some]))
}

/// Begins `n` listings, all at once.
fn list_often(at: &Descriptor, step: &Step) -> Outcome {
    let mut listings = Vec::new();
    for count in 0..step.n {
        match at.read_directory() {
            Ok(listing) => listings.push(listing),
            Err(code) => return Ok(json!([count, code.name()])),
        }
    }
    Ok(json!([step.n, "ok"]))
}

/// Makes `n` empty files: how many there are, and why there are no more.
fn make_many(at: &Descriptor, step: &Step) -> Outcome {
    for count in 0..step.n {
        if let Err(code) = open_at(at, step, &format!("{}{count}", step.path)) {
            return Ok(json!([count, code.name()]));
        }
    }
    Ok(json!([step.n, "ok"]))
}

fn time(step: &Step) -> NewTimestamp {
    NewTimestamp::Timestamp(Datetime {
        seconds: step.n,
        nanoseconds: u32::try_from(step.offset).unwrap_or(u32::MAX),
    })
}

/// The text, or how long it is.
fn shown(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= 200 => text.into(),
        _ => bytes.len().into(),
    }
}
