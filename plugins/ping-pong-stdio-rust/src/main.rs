//! A native messaging host as it is written for a browser, in plain Rust: frames on standard input and output.
//!
//! Nothing here knows of Portcullis, and `cargo run` makes a program of it that a browser can start. Built for
//! `wasm32-wasip2`, the same source runs in the sandbox. As a program has one thread, it reads the next message after
//! the last tick of the one before.

use std::io::{self, Read, Write};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

/// Longer than any message that this program understands; a length is not to be believed before it is checked.
const LONGEST: u32 = 4096;

/// What an extension may ask for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Request {
    Word(String),
    Ticks { every: u64, times: u32 },
}

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(message) = read(&mut input)? {
        match serde_json::from_slice(&message) {
            Ok(Request::Word(word)) if word == "ping" => write(&mut output, &json!("pong"))?,
            Ok(Request::Ticks { every, times }) => {
                for tick in 1..=times {
                    thread::sleep(Duration::from_millis(every));
                    write(&mut output, &json!({ "tick": tick }))?;
                }
            }
            _ => {
                let advice = r#"send "ping", or {"every": milliseconds, "times": n}"#;
                write(&mut output, &json!({ "error": advice }))?;
            }
        }
    }
    Ok(())
}

/// One message, or `None` at the end of the input.
fn read(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let length = u32::from_ne_bytes(length);
    if length > LONGEST {
        return Err(io::Error::other(format!(
            "a message of {length} bytes is too long"
        )));
    }
    let mut message = vec![0; length as usize];
    input.read_exact(&mut message)?;
    Ok(Some(message))
}

fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    let length = u32::try_from(text.len()).map_err(io::Error::other)?;
    output.write_all(&length.to_ne_bytes())?;
    output.write_all(text.as_bytes())?;
    output.flush()
}
