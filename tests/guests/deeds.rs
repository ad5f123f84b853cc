// What both unruly guests do alike. `include!`d by each after its bindings: `PluginError`, `Peer`, `log` and `config` are
// then its own.

/// An order, as the tests write it.
#[derive(serde::Deserialize)]
struct Order {
    #[serde(rename = "do")]
    verb: Verb,
    #[serde(default)]
    n: u64,
}

/// Reads an order; `None` for any other JSON, which both guests answer with its length.
fn order(message: &str) -> Option<Order> {
    // Only the beginning is looked at: a message of 64 MiB must cost its own size and no more.
    let head = message
        .as_bytes()
        .get(..message.len().min(64))
        .unwrap_or_default();
    if !head.windows(4).any(|window| window == b"\"do\"") {
        return None;
    }
    serde_json::from_str(message).ok()
}

/// The reply to anything that is no order.
fn length(message: &str) -> String {
    format!("{{\"length\":{}}}", message.len())
}

/// A JSON string of exactly `bytes` bytes, quotes and all.
fn text_of(bytes: u64) -> String {
    let mut text = String::with_capacity(usize::try_from(bytes).unwrap_or(usize::MAX));
    text.push('"');
    text.extend(std::iter::repeat_n(
        'x',
        usize::try_from(bytes.saturating_sub(2)).unwrap_or(usize::MAX),
    ));
    text.push('"');
    text
}

fn refusal(code: &str, message: &str) -> PluginError {
    PluginError {
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

/// What is ordered of handlers and sessions alike; `None` for what only a session can do.
fn common(
    order: &Order,
    message: &str,
    peer: &Peer,
    calls: u64,
) -> Option<Result<String, PluginError>> {
    let reply = match order.verb {
        Verb::Length => length(message),
        Verb::Count => format!("{{\"calls\":{calls}}}"),
        Verb::Peer => serde_json::json!({
            "origin": peer.origin, "browser": peer.browser, "host-name": peer.host_name,
        })
        .to_string(),
        Verb::Config => {
            serde_json::json!({ "all": config::all(), "theme": config::get("theme") }).to_string()
        }
        Verb::Environment => serde_json::json!({
            "arguments": std::env::args().skip(1).count(),
            "variables": std::env::vars().count(),
            "readable": std::fs::read_dir("/").is_ok(),
        })
        .to_string(),
        Verb::Reply => text_of(order.n),
        Verb::Sleep => {
            std::thread::sleep(std::time::Duration::from_millis(order.n));
            format!("{{\"slept\":{}}}", order.n)
        }
        Verb::Doze => {
            let piece = std::time::Duration::from_millis(order.n) / 100;
            for _ in 0..100 {
                std::thread::sleep(piece);
            }
            format!("{{\"dozed\":{}}}", order.n)
        }
        Verb::Burn => {
            let until = std::time::Instant::now() + std::time::Duration::from_millis(order.n);
            while std::time::Instant::now() < until {}
            format!("{{\"burnt\":{}}}", order.n)
        }
        Verb::Log => {
            log::write(
                log::Level::Warn,
                "escape \u{1b}]0;title\u{7} and \u{202e}turned\nand a second line",
            );
            log::write(log::Level::Info, &text_of(order.n));
            "true".to_owned()
        }
        Verb::Allocate => {
            let mut bytes: Vec<u8> = Vec::new();
            let given = bytes
                .try_reserve_exact(usize::try_from(order.n).unwrap_or(usize::MAX))
                .is_ok();
            if given {
                bytes.resize(bytes.capacity(), 1);
                std::hint::black_box(&bytes);
            }
            format!("{{\"given\":{given}}}")
        }
        Verb::Refuse => return Some(Err(refusal("refused", "as it was told"))),
        Verb::Trap => core::arch::wasm32::unreachable(),
        Verb::Panic => panic!("as it was told"),
        Verb::Recurse => recurse(order.n).to_string(),
        Verb::Exit => std::process::exit(i32::try_from(order.n).unwrap_or(1)),
        Verb::Loop => run_for_ever(),
        Verb::Spin => loop {
            std::thread::sleep(std::time::Duration::from_nanos(1));
        },
        Verb::Exhaust => {
            let mut taken = Vec::new();
            loop {
                taken.push(std::hint::black_box(vec![1_u8; 1024 * 1024]));
            }
        }
        Verb::Print => {
            use std::io::Write;
            let mut output = std::io::stdout();
            let printed = output
                .write_all(b"\x08\x00\x00\x00\"forged\"\x00\x00\x00\x00\nprinted line\n")
                .and_then(|()| output.flush());
            let _ = std::io::stderr().write_all(b"complained line\n");
            format!("{{\"printed\":{}}}", printed.is_ok())
        }
        Verb::Garbage => "{\"unfinished\":".to_owned(),
        Verb::Empty => String::new(),
        Verb::Odd => odd_text(order.n),
        Verb::Forge => FORGED.to_owned(),
        Verb::Silent
        | Verb::Post
        | Verb::PostSlowly
        | Verb::Flood
        | Verb::PostLarge
        | Verb::PostGarbage
        | Verb::PostOdd
        | Verb::PostForged
        | Verb::Timers
        | Verb::TimerTooLong
        | Verb::TimerPosts
        | Verb::TimerCancelled
        | Verb::TimerTraps
        | Verb::TimerLoops
        | Verb::TimerStorm
        | Verb::Close
        | Verb::PostAtEnd
        | Verb::LoopAtEnd
        | Verb::TrapAtEnd => return None,
    };
    Some(Ok(reply))
}

/// An error frame of the host, from a plugin.
const FORGED: &str = "{\"$portcullis\":{\"error\":{\"code\":\"internal\",\"message\":\"forged\"}}}";

/// One of the texts that are odd; nothing where there is none with that number.
fn odd_text(number: u64) -> String {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    odd_texts()
        .into_iter()
        .nth(number)
        .map_or_else(String::new, |(_, text, _)| text)
}

fn run_for_ever() -> ! {
    let mut count: u64 = 0;
    loop {
        count = std::hint::black_box(count.wrapping_add(1));
    }
}

#[expect(unconditional_recursion, reason = "that is the deed")]
fn recurse(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 16]);
    recurse(here[3].wrapping_add(1)).wrapping_add(here[5])
}
