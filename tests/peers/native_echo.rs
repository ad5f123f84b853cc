//! The reference: a native messaging host written by hand, which echoes and checks nothing.

use std::io::{Read, Write};

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
        stdin.read_exact(&mut frame[4..]).expect("the browser sends whole frames");
        stdout.write_all(&frame).and_then(|()| stdout.flush()).expect("the browser reads");
    }
}
