//! What a message meets in this crate, each piece by itself: framing, the check of JSON, the choice of a route; and the
//! policy, which a start meets.
//!
//! `cargo bench -p portcullis-core`. How they add up in the real program is another question, which
//! `cargo bench-report` asks.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput};
use portcullis_core::policy::Policy;
use portcullis_core::protocol::frame::{self, Filled, FrameReader, Inbound, Source};
use portcullis_core::protocol::json;

const ORIGIN: &str = "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/";

/// Lengths of texts in bytes, from a word to what a browser just takes.
const LENGTHS: &[usize] = &[64, 1024, 64 * 1024, 1024 * 1024 - 1];

/// A text of so many bytes: small objects as extensions send them.
fn objects(length: usize) -> String {
    let mut text = String::from("{\"records\":[");
    for number in 0.. {
        if text.len() + 80 > length {
            break;
        }
        let comma = if number > 0 { "," } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{comma}{{\"id\":{number},\"name\":\"entry {number}\",\"ok\":true}}"
        );
    }
    text.push_str("],\"rest\":\"");
    let filling = length.saturating_sub(text.len() + 2);
    text.extend(std::iter::repeat_n('x', filling));
    text + "\"}"
}

/// A pipe that always has what was asked for.
struct Bytes<'a>(&'a [u8]);

impl Source for Bytes<'_> {
    fn read_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let count = self.0.len().min(buffer.capacity() - buffer.len());
        let (now, later) = self.0.split_at(count);
        buffer.extend_from_slice(now);
        self.0 = later;
        Ok(count)
    }
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    for &length in LENGTHS {
        let text = objects(length);
        let header = frame::header(text.as_bytes()).expect("no text is too long");
        let framed = [&header, text.as_bytes()].concat();
        let mut reader = FrameReader::new(u32::MAX);
        group.throughput(Throughput::Bytes(framed.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(length), |bencher| {
            bencher.iter(|| {
                let mut source = Bytes(black_box(&framed));
                loop {
                    if let Some(Inbound::Frame(frame)) = reader.next_frame() {
                        reader.recycle(black_box(frame));
                        return;
                    }
                    let filled = reader.fill(&mut source).expect("a slice can be read");
                    assert_eq!(filled, Filled::Bytes);
                }
            });
        });
    }
}

fn checks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("JSON check");
    let long = 1024 * 1024 - 1;
    let objects_of = |length: usize| (format!("objects/{length}"), objects(length));
    let string = |name: &str, letter: &str| {
        (
            format!("{name}/{long}"),
            format!("\"{}\"", letter.repeat(long / letter.len())),
        )
    };
    let strings = [string("letters", "x"), string("ideographs", "漢")];
    for (name, text) in LENGTHS.iter().copied().map(objects_of).chain(strings) {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| json::check(black_box(&text)));
        });
    }
}

/// A policy of so many routes of this extension, told apart by the type of a message, and one for the rest.
fn policy(routes: usize) -> String {
    let mut text = format!("version = 1\n[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"any\"\n");
    for number in 1..routes {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "[[route]]\norigin = \"{ORIGIN}\"\nplugin = \"p{number}\"\nwhen = {{ \"/type\" = {number} }}\n"
        );
    }
    text
}

fn routes(criterion: &mut Criterion) {
    let file = Path::new("policy.toml");
    let origin = ORIGIN.parse().expect("a valid origin");
    let mut group = criterion.benchmark_group("route");
    for count in [1, 2, 10] {
        let policy = Policy::parse(&policy(count), file).expect("a valid policy");
        let port = policy.for_port(&origin, None);
        // The value is last, so all of the message is passed through.
        let message = objects(1024).replacen("\"rest\":", "\"type\":1,\"rest\":", 1);
        group.bench_function(BenchmarkId::new("select of 1 KiB", count), |bencher| {
            bencher.iter(|| port.select(black_box(&message)));
        });
    }
    for count in [1, 10, 100] {
        let text = policy(count);
        group.bench_function(BenchmarkId::new("read a policy", count), |bencher| {
            bencher.iter(|| Policy::parse(black_box(&text), file));
        });
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    frames(&mut criterion);
    checks(&mut criterion);
    routes(&mut criterion);
    criterion.final_summary();
}
