//! Measures the host against a native host written by hand, in one run and in random order, since machines are noisy
//! and only ratios mean something.
//!
//! `PORTCULLIS_TEST_PROFILE=release cargo run --release -p portcullis-tests --bin measure`
//!
//! Two things: from starting the process to its first reply, and a round trip of 64 bytes in a port that is open, with
//! browser and host on one processor. It asserts nothing: a timed test fails on a busy machine and proves nothing on
//! an idle one.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use portcullis_tests::{Home, ORIGIN, cargo, guests, programs};

/// Starts of each peer. The median of a hundred moves by about one part in a hundred between runs.
const STARTS: usize = 200;

/// Round trips of each peer in a row, and rows.
const TRIPS: usize = 2_000;
const ROWS: usize = 10;

/// A host to measure.
struct Peer {
    name: &'static str,
    program: PathBuf,
    home: Home,
}

/// The reference, the host as it is, and the host without its second line.
const PEERS: usize = 3;

fn main() -> Result<()> {
    let peers = [
        Peer {
            name: "native",
            program: native_echo()?,
            home: Home::new(),
        },
        Peer {
            name: "portcullis-host",
            program: programs::host().to_owned(),
            home: home("best-effort"),
        },
        Peer {
            name: "without confinement",
            program: programs::host().to_owned(),
            home: home("off"),
        },
    ];
    pin_to_one_processor()?;
    let mut order = Order::new();
    let message = framed(&format!("{{\"text\":\"{}\"}}", "x".repeat(53)));
    let mut out = std::io::stdout().lock();

    let mut starts: [Vec<Duration>; PEERS] = Default::default();
    for _ in 0..STARTS {
        for place in order.next() {
            let began = Instant::now();
            let mut child = start(&peers[place])?;
            round_trip(&mut child, &message)?;
            starts[place].push(began.elapsed());
            end(child)?;
        }
    }
    report(&mut out, "start to first reply", &peers, &mut starts)?;

    let mut trips: [Vec<Duration>; PEERS] = Default::default();
    for _ in 0..ROWS {
        for place in order.next() {
            let mut child = start(&peers[place])?;
            for _ in 0..TRIPS / 10 {
                round_trip(&mut child, &message)?;
            }
            for _ in 0..TRIPS {
                let began = Instant::now();
                round_trip(&mut child, &message)?;
                trips[place].push(began.elapsed());
            }
            end(child)?;
        }
    }
    report(&mut out, "round trip of 64 bytes", &peers, &mut trips)?;

    for program in [programs::host(), programs::portcullis()] {
        let size = std::fs::metadata(program)?.len();
        let name = program.file_name().unwrap_or_default().display();
        writeln!(
            out,
            "size of {name}: {size} bytes ({} profile)",
            programs::profile()
        )?;
    }
    Ok(())
}

/// A home that routes to `echo`, with so much confinement.
fn home(confinement: &str) -> Home {
    let home = Home::new();
    home.add("echo", &guests::echo());
    let sandbox = format!("[route.sandbox]\nos = \"{confinement}\"\n");
    home.policy(&format!(
        "version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"echo\"\n{sandbox}"
    ));
    home
}

/// Builds the reference from its one file, with what a careful author would give the compiler.
fn native_echo() -> Result<PathBuf> {
    let folder = cargo::target().join("peers");
    std::fs::create_dir_all(&folder)?;
    let program = folder.join("native_echo");
    let status = Command::new("rustc")
        .args([
            "--edition=2024",
            "-Copt-level=3",
            "-Clto=fat",
            "-Cpanic=abort",
            "-Cstrip=symbols",
        ])
        .arg("-o")
        .arg(&program)
        .arg(cargo::root().join("tests/peers/native_echo.rs"))
        .status()
        .context("failed to run `rustc`")?;
    ensure!(status.success(), "failed to build the native peer");
    Ok(program)
}

fn start(peer: &Peer) -> Result<Child> {
    Command::new(&peer.program)
        .arg(ORIGIN)
        .env("PORTCULLIS_HOME", peer.home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start `{}`", peer.name))
}

fn round_trip(child: &mut Child, message: &[u8]) -> Result<()> {
    let (Some(stdin), Some(stdout)) = (&mut child.stdin, &mut child.stdout) else {
        anyhow::bail!("the child has no pipes");
    };
    stdin.write_all(message)?;
    let mut reply = [0; 68];
    stdout.read_exact(&mut reply)?;
    ensure!(reply == message, "the reply differs from the message");
    Ok(())
}

fn end(mut child: Child) -> Result<()> {
    drop(child.stdin.take());
    ensure!(child.wait()?.success(), "the host failed");
    Ok(())
}

fn framed(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    [&length.to_ne_bytes(), text.as_bytes()].concat()
}

/// The order of the peers in each round: by chance, so that none always runs after the same other one.
struct Order(u64);

impl Order {
    fn new() -> Self {
        Self(u64::from(std::process::id()) | 1)
    }

    fn next(&mut self) -> [usize; PEERS] {
        // Xorshift; all that is asked of it is not to be in step with anything.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let mut order = std::array::from_fn(|place| place);
        let chance = usize::try_from(self.0 >> 8).unwrap_or(0);
        order.rotate_left(chance % PEERS);
        if self.0.is_multiple_of(2) {
            order.reverse();
        }
        order
    }
}

fn report(
    out: &mut impl std::io::Write,
    what: &str,
    peers: &[Peer; PEERS],
    times: &mut [Vec<Duration>; PEERS],
) -> Result<()> {
    writeln!(out, "{what}:")?;
    let mut reference = None;
    for (peer, times) in peers.iter().zip(times) {
        times.sort_unstable();
        let at = |part: f64| {
            // A place in a list is never far from a whole number.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "the list has thousands of entries at the most"
            )]
            let place = (times.len() as f64 * part) as usize;
            times[place.min(times.len() - 1)].as_secs_f64() * 1e6
        };
        let median = at(0.5);
        let reference = *reference.get_or_insert(median);
        writeln!(
            out,
            "  {:20} p50 {median:8.1} µs  p90 {:8.1}  p99 {:8.1}  min {:8.1}  x {:.2}",
            peer.name,
            at(0.9),
            at(0.99),
            at(0.0),
            median / reference
        )?;
    }
    Ok(())
}

/// Puts this process and its children on one processor: otherwise what is measured is mostly how long the other one
/// takes to wake up. Only Linux offers it; elsewhere the numbers are of the whole machine.
fn pin_to_one_processor() -> Result<()> {
    #[cfg(target_os = "linux")]
    {
        let mut set = rustix::thread::CpuSet::new();
        set.set(0);
        rustix::thread::sched_setaffinity(None, &set).context("failed to choose a processor")?;
    }
    Ok(())
}
