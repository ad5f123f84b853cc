//! A program that speaks native messaging on its standard input and output and does what a test orders it to, however
//! bad. The list of its deeds is `verbs.rs`; the variable `ON_START` orders one before the first message.

use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;
use std::process::{ExitCode, exit};
use std::time::{Duration, Instant};

use wasip2::cli::stdin::get_stdin;
use wasip2::cli::stdout::get_stdout;
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::io::poll::poll;

include!("verbs.rs");

#[derive(serde::Deserialize)]
struct Order {
    r#do: Verb,
    #[serde(default)]
    n: u64,
}

/// What happens when the input has ended.
enum AtEnd {
    Return,
    Speak,
    Exit(i32),
    Loop,
}

fn main() -> ExitCode {
    match std::env::var("ON_START").as_deref() {
        Ok("post") => reply(r#"{"started":true}"#),
        Ok("print") => say(b"Hello\n"),
        Ok("trap") => core::arch::wasm32::unreachable(),
        Ok("exit") => exit(3),
        Ok("return") => return ExitCode::SUCCESS,
        Ok("loop") => run_for_ever(),
        Ok("sleep") => std::thread::sleep(Duration::from_secs(3600)),
        _ => {}
    }
    let mut input = Input::new();
    let mut at_end = AtEnd::Return;
    let mut calls = 0u64;
    while let Some(message) = input.message() {
        let Ok(Order { r#do: verb, n }) = serde_json::from_slice(&message) else {
            reply(&format!(r#"{{"length":{}}}"#, message.len()));
            continue;
        };
        match verb {
            Verb::Count => reply(&format!(r#"{{"calls":{calls}}}"#)),
            Verb::Reply => reply(&format!("\"{}\"", "x".repeat(n as usize - 2))),
            Verb::ReplySlowly => {
                for byte in framed(b"true") {
                    say(&[byte]);
                }
            }
            Verb::Post => {
                for i in 1..=n {
                    reply(&format!(r#"{{"post":{i}}}"#));
                }
            }
            Verb::Silent => {}
            Verb::Sleep => {
                std::thread::sleep(Duration::from_millis(n));
                reply(&format!(r#"{{"slept":{n}}}"#));
            }
            Verb::Burn => {
                burn(n);
                reply(&format!(r#"{{"burnt":{n}}}"#));
            }
            Verb::ReadSlowly => {
                input.at_once = 1;
                reply("true");
            }
            Verb::ReadToEnd => {
                let mut rest = Vec::new();
                input
                    .file
                    .read_to_end(&mut rest)
                    .expect("input can be read");
                reply(&format!(r#"{{"rest":{}}}"#, rest.len()));
            }
            Verb::Complain => {
                eprintln!("\x1b[31mred\x1b[0m \u{202e}back");
                eprintln!("{}", "x".repeat(n as usize));
                reply("true");
            }
            Verb::Surroundings => reply(&format!(
                r#"{{"arguments":{},"variables":{}}}"#,
                std::env::args().count(),
                std::env::vars().count()
            )),
            Verb::ReplyAndExit => {
                reply("true");
                exit(n as i32);
            }
            Verb::ReplyAndReturn => {
                reply("true");
                return if n == 0 {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::FAILURE
                };
            }
            Verb::Tick => {
                reply("true");
                for i in 1.. {
                    if is_input_there_within(n) {
                        break;
                    }
                    burn(200);
                    reply(&format!(r#"{{"tick":{i}}}"#));
                }
            }
            Verb::TwoHandles => {
                let handles = [get_stdout(), get_stdout()];
                let message = framed(format!("\"{}\"", "x".repeat(39_998)).as_bytes());
                for handle in &handles {
                    let permit = handle.check_write().expect("output can be written");
                    assert!(permit as usize >= message.len());
                }
                for handle in &handles {
                    handle.write(&message).expect("output can be written");
                }
            }
            Verb::SpeakAtEnd => {
                at_end = AtEnd::Speak;
                reply("true");
            }
            Verb::ExitAtEnd => {
                at_end = AtEnd::Exit(n as i32);
                reply("true");
            }
            Verb::Exit => exit(n as i32),
            Verb::Trap => core::arch::wasm32::unreachable(),
            Verb::Panic => panic!("ordered to"),
            Verb::Loop => run_for_ever(),
            Verb::Deaf => {
                reply("true");
                std::thread::sleep(Duration::from_secs(3600));
            }
            Verb::Peek => {
                let input = get_stdin();
                loop {
                    let _ = input.read(1);
                }
            }
            Verb::Spin => while !is_input_there_within(0) {},
            Verb::TrapLater => {
                reply("true");
                if !is_input_there_within(n) {
                    core::arch::wasm32::unreachable();
                }
            }
            Verb::Exhaust => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1u8; 1 << 20]);
                }
            }
            Verb::LoopAtEnd => {
                at_end = AtEnd::Loop;
                reply("true");
            }
            Verb::Print => say(b"Hello, world!\n"),
            Verb::Zeroes => say(&[0; 4]),
            Verb::Huge => {
                say(&u32::MAX.to_le_bytes());
                loop {
                    say(&[b'x'; 4096]);
                }
            }
            Verb::Half => {
                say(&framed(b"\"half\"")[..7]);
                exit(n as i32);
            }
            Verb::NotUtf8 => say(&framed(b"\"\xff\"")),
            Verb::NotJson => say(&framed(b"{\"a\":}")),
            Verb::Forge => reply(r#"{"$portcullis":{"error":{"code":"no-route","message":"x"}}}"#),
            Verb::Flood => loop {
                reply(r#"{"flood":true}"#);
            },
            Verb::GoodThenBad => say(&[framed(b"\"good\""), b"bad output".to_vec()].concat()),
            Verb::WriteWithoutPermit => {
                let output = get_stdout();
                let message = framed(format!("\"{}\"", "x".repeat(60_000)).as_bytes());
                loop {
                    let _ = output.write(&message);
                }
            }
        }
        calls += 1;
    }
    match at_end {
        AtEnd::Return => {}
        AtEnd::Speak => reply(r#"{"end":true}"#),
        AtEnd::Exit(code) => exit(code),
        AtEnd::Loop => run_for_ever(),
    }
    ExitCode::SUCCESS
}

/// Standard input without a buffer, so that each read is one of the host's.
struct Input {
    file: ManuallyDrop<File>,
    /// The most bytes that are asked for at once.
    at_once: usize,
}

impl Input {
    fn new() -> Self {
        // SAFETY: descriptor 0 is open for as long as the program runs, and the file is never dropped.
        let file = unsafe { File::from_raw_fd(0) };
        Self {
            file: ManuallyDrop::new(file),
            at_once: 64 * 1024,
        }
    }

    fn message(&mut self) -> Option<Vec<u8>> {
        let mut length = [0; 4];
        if !self.fill(&mut length) {
            return None;
        }
        let mut message = vec![0; u32::from_le_bytes(length) as usize];
        self.fill(&mut message).then_some(message)
    }

    /// Whether there was as much.
    fn fill(&mut self, mut buffer: &mut [u8]) -> bool {
        while !buffer.is_empty() {
            let some = buffer.len().min(self.at_once);
            match self.file.read(&mut buffer[..some]) {
                Ok(0) | Err(_) => return false,
                Ok(count) => buffer = &mut buffer[count..],
            }
        }
        true
    }
}

/// Waits for input and, at the longest, for as many milliseconds; returns whether there is some.
fn is_input_there_within(milliseconds: u64) -> bool {
    let input = get_stdin();
    let input = input.subscribe();
    let time = subscribe_duration(milliseconds * 1_000_000);
    poll(&[&input, &time]).contains(&0)
}

fn burn(milliseconds: u64) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(milliseconds) {}
}

fn framed(text: &[u8]) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes()[..], text].concat()
}

fn reply(text: &str) {
    say(&framed(text.as_bytes()));
}

/// Writes bytes as they are.
fn say(bytes: &[u8]) {
    let mut output = io::stdout().lock();
    output.write_all(bytes).expect("output can be written");
    output.flush().expect("output can be written");
}

fn run_for_ever() -> ! {
    loop {
        std::hint::black_box(0);
    }
}
