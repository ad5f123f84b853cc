//! The reference with the check that Portcullis makes of what leaves: one JSON value, by serde_json's grammar alone.

use std::io::{Read, Write};

use serde::de::IgnoredAny;

const LONGEST_REPLY: usize = 1024 * 1024;

fn main() {
    let mut stdin = std::io::stdin().lock();
    let mut stdout = std::io::stdout().lock();
    let mut frame = Vec::new();
    loop {
        let mut header = [0; 4];
        if stdin.read_exact(&mut header).is_err() {
            return;
        }
        let length = u32::from_ne_bytes(header) as usize;
        frame.clear();
        frame.extend_from_slice(&header);
        frame.resize(4 + length, 0);
        stdin
            .read_exact(&mut frame[4..])
            .expect("the browser sends whole frames");
        serde_json::from_slice::<IgnoredAny>(&frame[4..]).expect("the browser sends JSON");
        if length > LONGEST_REPLY {
            let text = length.to_string();
            frame.clear();
            frame.extend_from_slice(&(text.len() as u32).to_ne_bytes());
            frame.extend_from_slice(text.as_bytes());
        }
        stdout
            .write_all(&frame)
            .and_then(|()| stdout.flush())
            .expect("the browser reads");
    }
}
