//! The hand-written bindings against the contract itself: components made from `wit/` must load, bind and be called.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use portcullis_core::policy::Limits;
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{ManglingAndAbi, Resolve};

use super::*;
use crate::alarms::Alarms;
use crate::instance::{Failure, FailureKind, Instance, Outcome, Peer, Terms};
use crate::{Incoming, PluginLog, Powers, SilentPort, compile};

/// A component of one world of the contract, whose every function traps.
fn component_of(world: &str, change: impl Fn(&str) -> String) -> Vec<u8> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/portcullis.wit");
    let text = std::fs::read_to_string(&file).expect("the contract is in the project");
    let mut resolve = Resolve::default();
    let package = resolve
        .push_str(&file, &change(&text))
        .expect("the contract is valid WIT");
    let world = resolve
        .select_world(&[package], Some(world))
        .expect("the world exists");
    let mut module = wit_component::dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("a dummy module takes its metadata");
    let mut encoder = ComponentEncoder::default()
        .module(&module)
        .expect("a dummy module is valid");
    encoder.encode().expect("a dummy module makes a component")
}

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::start(|| ()).expect("the engine starts"))
}

fn load(component: &[u8]) -> Result<Plugin, PluginFault> {
    let artifact = compile(component).expect("the component compiles");
    let mut file = tempfile::NamedTempFile::new().expect("a file can be made");
    file.write_all(&artifact).expect("a file can be written");
    // Windows maps no file that somebody may write to.
    let path = file.into_temp_path();
    Plugin::load(engine(), &File::open(&path).expect("the file is there"))
}

fn terms() -> Terms {
    Terms {
        log: PluginLog::new(
            &"dummy".parse().expect("a valid name"),
            Limits::default().log_rate,
        ),
        peer: Peer {
            origin: "a@b".parse().expect("a valid id"),
            host_name: None,
        },
        limits: Limits::default(),
        powers: Powers::none(
            &"a@b".parse().expect("a valid id"),
            &"dummy".parse().expect("a valid name"),
        ),
        alarms: Alarms::default(),
        usage: None,
    }
}

/// Runs what needs no waiting.
fn now<R>(future: impl Future<Output = R>) -> R {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("a function that traps has nothing to wait for"),
    }
}

fn start(plugin: &Plugin) -> Result<Result<Instance, Outcome>, Failure> {
    now(Instance::start(plugin, terms(), Box::new(SilentPort)))
}

#[test]
fn the_handler_world_of_the_contract_links_and_is_called() {
    let plugin = load(&component_of("handler-plugin", str::to_owned)).expect("the world links");
    assert_eq!(plugin.mode(), Mode::Handler);
    let instance = start(&plugin)
        .expect("nothing of it has run")
        .expect("a handler greets nobody");
    let failure = now(instance.message(&Incoming::kept("1")))
        .err()
        .expect("it traps");
    assert_eq!(failure.kind, FailureKind::Crashed);
    assert!(failure.detail.contains("unreachable"), "{failure}");
}

#[test]
fn the_session_world_of_the_contract_links_and_is_called() {
    let plugin = load(&component_of("session-plugin", str::to_owned)).expect("the world links");
    assert_eq!(plugin.mode(), Mode::Session);
    let failure = start(&plugin).err().expect("`connect` traps");
    assert_eq!(failure.kind, FailureKind::InitFailed);
    assert!(failure.detail.contains("unreachable"), "{failure}");
}

#[test]
fn a_function_of_another_type_is_refused_before_it_is_called() {
    let change = |text: &str| text.replace("timer: func(token: u64)", "timer: func(token: u32)");
    let plugin = load(&component_of("session-plugin", change)).expect("exports are not judged yet");
    let failure = start(&plugin).err().expect("the type differs");
    assert_eq!(failure.kind, FailureKind::InitFailed);
    assert!(failure.detail.contains("u32"), "{failure}");
}

#[test]
fn an_import_of_another_version_is_refused_in_words() {
    let change = |text: &str| text.replace("plugin@0.1.0", "plugin@0.2.0");
    let fault = load(&component_of("session-plugin", change))
        .err()
        .expect("0.2 is not offered");
    let text = fault.to_string();
    assert!(matches!(fault, PluginFault::Incompatible(_)));
    assert!(!text.contains("linker"), "{text}");
}
