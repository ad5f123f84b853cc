//! The reference on tokio, as `#[tokio::main]` makes it: one thread for each processor, and another for each of the two
//! streams.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LONGEST_REPLY: usize = 1024 * 1024;

#[tokio::main]
async fn main() {
    let mut stdin = tokio::io::stdin();
    let mut stdout = tokio::io::stdout();
    let mut frame = Vec::new();
    loop {
        let mut header = [0; 4];
        if stdin.read_exact(&mut header).await.is_err() {
            // The end: dropping the runtime would wait for its thread that reads.
            return;
        }
        let length = u32::from_ne_bytes(header) as usize;
        frame.clear();
        frame.extend_from_slice(&header);
        frame.resize(4 + length, 0);
        stdin
            .read_exact(&mut frame[4..])
            .await
            .expect("the browser sends whole frames");
        if length > LONGEST_REPLY {
            let text = length.to_string();
            frame.clear();
            frame.extend_from_slice(&(text.len() as u32).to_ne_bytes());
            frame.extend_from_slice(text.as_bytes());
        }
        stdout.write_all(&frame).await.expect("the browser reads");
        stdout.flush().await.expect("the browser reads");
    }
}
