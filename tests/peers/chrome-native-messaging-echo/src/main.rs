//! The crate `chrome_native_messaging`: its reader and its writer, in the loop that its own `event_loop` is. That one
//! does not tell how long a message was, which is the answer where a message is too long to come back.

use std::io::{self, Read};

use chrome_native_messaging::{read_input, send_message};

const LONGEST_REPLY: usize = 1024 * 1024;

/// Standard input, and what was read of it.
struct Counted(usize);

impl Read for &mut Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = io::stdin().read(buffer)?;
        self.0 += count;
        Ok(count)
    }
}

fn main() {
    loop {
        let mut input = Counted(0);
        match read_input(&mut input) {
            Ok(_) if input.0 - 4 > LONGEST_REPLY => send_message(io::stdout(), &(input.0 - 4)),
            Ok(value) => send_message(io::stdout(), &value),
            // The crate keeps its kinds of errors to itself: this one is the end of the input.
            Err(_) if input.0 == 0 => return,
            Err(error) => panic!("the browser sends JSON: {error}"),
        }
        .expect("the browser reads");
    }
}
