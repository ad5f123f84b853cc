//! What it costs to go into a guest and out of it: a call of a handler, `post` of a session, a fresh instance. No pipe,
//! no frame, no check of JSON.
//!
//! `cargo bench -p portcullis-sandbox --features compile`. The guests are written by hand in the text form: they do
//! nothing but give back what they were given, so that what is measured is the host's side.

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use portcullis_core::policy::Limits;
use portcullis_sandbox::alarms::Alarms;
use portcullis_sandbox::{
    Engine, Incoming, Instance, Outcome, Peer, Plugin, PluginLog, Port, PostFault, Powers,
    SilentPort, Terms, TimerFault, compile,
};

/// Lengths of texts in bytes.
const LENGTHS: &[usize] = &[64, 1024, 64 * 1024, 1024 * 1024];

/// Types of the contract, and a core module that keeps each text at the same place and echoes it.
const KIT: &str = r#"
  (import "portcullis:plugin/types@0.1.0" (instance $types
    (type $peer (record
      (field "origin" string) (field "browser" string) (field "host-name" (option string))))
    (export "peer" (type (eq $peer)))
    (type $error (record (field "code" string) (field "message" string)))
    (export "plugin-error" (type (eq $error)))))
  (alias export $types "peer" (type $peer))
  (alias export $types "plugin-error" (type $error))
  (core module $memory-module
    (memory (export "memory") 33)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 65536)))
  (core instance $memory (instantiate $memory-module))"#;

/// `handle` gives back its message: the result is at the address 16 (the case, the text's address, its length).
const HANDLER: &str = r#"
  (core module $echo-module
    (import "memory" "memory" (memory 33))
    (func (export "handle") (param i32 i32 i32 i32 i32 i32 i32) (param $text i32) (param $length i32) (result i32)
      (i32.store (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (local.get $text))
      (i32.store (i32.const 24) (local.get $length))
      (i32.const 16)))
  (core instance $echo (instantiate $echo-module (with "memory" (instance $memory))))
  (func $handle (param "peer" $peer) (param "message" string) (result (result string (error $error)))
    (canon lift (core func $echo "handle") (memory $memory "memory") (realloc (func $memory "realloc"))))
  (instance $handler (export "handle" (func $handle)))
  (export "portcullis:plugin/handler@0.1.0" (instance $handler))"#;

/// `message` posts its message and replies nothing.
const SESSION: &str = r#"
  (import "portcullis:plugin/port@0.1.0" (instance $port
    (type $why (record (field "code" string) (field "message" string)))
    (export "post-error" (type $post-error (eq $why)))
    (export "post" (func (param "json" string) (result (result (error $post-error)))))))
  (core func $post (canon lower (func $port "post") (memory $memory "memory") (realloc (func $memory "realloc"))))
  (core module $echo-module
    (import "memory" "memory" (memory 33))
    (import "host" "post" (func $post (param i32 i32 i32)))
    (func (export "connect") (param i32 i32 i32 i32 i32 i32 i32) (result i32)
      (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16))
    (func (export "timer") (param i64) (result i32)
      (i32.store8 (i32.const 16) (i32.const 0)) (i32.const 16))
    (func (export "disconnect"))
    (func (export "message") (param $text i32) (param $length i32) (result i32)
      (call $post (local.get $text) (local.get $length) (i32.const 128))
      (i32.store (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (i32.const 0))
      (i32.const 16)))
  (core instance $echo (instantiate $echo-module
    (with "memory" (instance $memory))
    (with "host" (instance (export "post" (func $post))))))
  (func $connect (param "peer" $peer) (result (result (error $error)))
    (canon lift (core func $echo "connect") (memory $memory "memory") (realloc (func $memory "realloc"))))
  (func $message (param "json" string) (result (result (option string) (error $error)))
    (canon lift (core func $echo "message") (memory $memory "memory") (realloc (func $memory "realloc"))))
  (func $timer (param "token" u64) (result (result (error $error)))
    (canon lift (core func $echo "timer") (memory $memory "memory") (realloc (func $memory "realloc"))))
  (func $disconnect (canon lift (core func $echo "disconnect")))
  (instance $session
    (export "connect" (func $connect)) (export "message" (func $message))
    (export "timer" (func $timer)) (export "disconnect" (func $disconnect)))
  (export "portcullis:plugin/session@0.1.0" (instance $session))"#;

/// A browser that takes everything at once.
struct Taking;

impl Port for Taking {
    fn poll_post(&mut self, text: &str, _: &mut Context<'_>) -> Poll<Result<(), PostFault>> {
        black_box(text);
        Poll::Ready(Ok(()))
    }

    fn close(&mut self) {}

    fn set_timer(&mut self, _: Duration, _: u64) -> Result<(), TimerFault> {
        Err(TimerFault::TooMany)
    }

    fn cancel_timer(&mut self, _: u64) {}
}

fn load(engine: &Engine, text: &str) -> Plugin {
    let component =
        wat::parse_str(format!("(component {KIT}{text})")).expect("the text is WebAssembly");
    let artifact = compile(&component).expect("the component compiles");
    let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
    file.write_all(&artifact).expect("a file can be written");
    // Windows maps no file that somebody may write to.
    let path = file.into_temp_path();
    Plugin::load(engine, &File::open(&path).expect("the file is there")).expect("the plugin links")
}

fn start(plugin: &Plugin, port: Box<dyn Port>) -> Instance {
    let origin = "a@b".parse().expect("a valid id");
    let name = "bench".parse().expect("a valid name");
    let limits = Limits::default();
    let terms = Terms {
        log: PluginLog::new(&name, limits.log_rate),
        powers: Powers::none(&origin, &name),
        peer: Peer {
            origin,
            host_name: None,
        },
        limits,
        alarms: Alarms::default(),
        usage: None,
    };
    let started = now(Instance::start(plugin, terms, port)).expect("the guest does not fail");
    started.unwrap_or_else(|outcome| panic!("the guest refused its start: {outcome:?}"))
}

/// Runs what needs no waiting.
fn now<R>(future: impl Future<Output = R>) -> R {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("nothing here waits"),
    }
}

/// Calls the instance with texts of each length, and has `check` look at what came of it.
fn calls(
    criterion: &mut Criterion,
    name: &str,
    mut instance: Instance,
    check: fn(&Outcome, usize),
) {
    let mut group = criterion.benchmark_group(name);
    for &length in LENGTHS {
        let text = "x".repeat(length);
        let mut idle = Some(instance);
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(BenchmarkId::from_parameter(length), |bencher| {
            bencher.iter(|| {
                let incoming = Incoming::kept(&text);
                let ready = idle.take().expect("each call gives the instance back");
                let (outcome, ready) =
                    now(ready.message(black_box(&incoming))).expect("the guest does not fail");
                check(&outcome, length);
                idle = Some(ready);
            });
        });
        instance = idle.expect("the last call gave it back");
    }
}

fn call(engine: &Engine, criterion: &mut Criterion) {
    let handler = load(engine, HANDLER);
    calls(
        criterion,
        "call",
        start(&handler, Box::new(SilentPort)),
        |outcome, length| {
            assert!(
                matches!(outcome, Outcome::Reply(text) if text.len() == length),
                "{outcome:?}"
            );
        },
    );
    let session = load(engine, SESSION);
    calls(
        criterion,
        "post",
        start(&session, Box::new(Taking)),
        |outcome, _| {
            assert!(matches!(outcome, Outcome::Nothing), "{outcome:?}");
        },
    );
    criterion.bench_function("a fresh instance", |bencher| {
        bencher.iter_batched(
            || Box::new(SilentPort),
            |port| start(&handler, port),
            BatchSize::SmallInput,
        );
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let engine = Engine::start(|| ()).expect("the engine starts");
    call(&engine, &mut criterion);
    criterion.final_summary();
}
