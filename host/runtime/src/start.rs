//! The order of a start. Each step knows only what the ones before it have found.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use portcullis_core::caller::{Caller, Origin};
use portcullis_core::home::compiled::{self, Compiled, Sources};
use portcullis_core::home::lock::Lock;
use portcullis_core::home::{self, Home, HomeError, guarded, machine_wide};
use portcullis_core::policy::{self, Limits, Policy, PortRoutes};
use portcullis_core::protocol::report::{ErrorCode, Report};
use portcullis_sandbox::Engine;
use portcullis_sandbox::confine::{self, Needs};

use crate::channel::{self, Output};
use crate::crashes::Crashes;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::plugins::{self, Candidate, chain};
use crate::port::{self, Service};
use crate::powers::secrets::Ledger;
use crate::powers::{Opener, ports};
use crate::{log, signals, watchdog};

/// Serves the port that `arguments` (the whole of argv) describe, to its end.
///
/// # Errors
///
/// Where there is no port at all: the arguments are not a browser's, or the machine refuses something that every port
/// needs. Nothing has been written to standard output then.
pub(crate) fn run(arguments: &[OsString], environment: &Environment) -> anyhow::Result<Exit> {
    let launcher = arguments.first().map(PathBuf::from);
    let launcher_name = launcher.as_deref().and_then(home::host_name_of_launcher);
    let caller = Caller::from_arguments(arguments.get(1..).unwrap_or_default(), launcher_name)?;
    let channel = channel::claim_standard_output().context("failed to take standard output")?;
    signals::install().context("failed to install signal handlers")?;

    let home = find_home(environment);
    log::start(home.as_ref().ok(), environment.log_level);
    let host_name = caller.host_name.as_ref().map(ToString::to_string);
    let port = tracing::info_span!(
        "port",
        process = std::process::id(),
        origin = %caller.origin,
        host_name,
    );
    let _entered = port.enter();
    if let Some(fault) = caller.launch_fault {
        tracing::warn!("the browser reports a failed start by a native program: `{fault}`");
    }

    let service = match home {
        Ok(home) => open_service(&home, &caller, environment).unwrap_or_else(Service::Refused),
        Err(NoHome { report, detail }) => {
            tracing::error!("{detail}");
            Service::Refused(report)
        }
    };
    Ok(port::serve(caller, service, Output::new(channel)))
}

/// Why there is no home: what the extension is told, and what the log is.
struct NoHome {
    report: Box<Report>,
    detail: String,
}

/// The home folder. Logging has not begun, since the log is in it.
fn find_home(environment: &Environment) -> Result<Home, NoHome> {
    let refused = |code, sentence, hint, error: &dyn std::error::Error| NoHome {
        report: Box::new(Report::new(code, sentence).with_hint(hint)),
        detail: chain(error),
    };
    let root = home::locate(&environment.surroundings).map_err(|error| {
        let sentence = "the host has no home folder";
        refused(
            ErrorCode::PolicyInvalid,
            sentence,
            "portcullis policy check",
            &error,
        )
    })?;
    Home::open(root).map_err(|error| match error {
        HomeError::Missing { .. } => {
            let sentence = "nothing has been set up on this machine";
            refused(
                ErrorCode::NoRoute,
                sentence,
                "portcullis add PLUGIN.wasm",
                &error,
            )
        }
        error => {
            let sentence = "the host's home folder cannot be used";
            refused(
                ErrorCode::PolicyInvalid,
                sentence,
                "portcullis policy check",
                &error,
            )
        }
    })
}

/// What serves this port, or what the extension is told instead.
fn open_service(
    home: &Home,
    caller: &Caller,
    environment: &Environment,
) -> Result<Service, Box<Report>> {
    let looked = Instant::now();
    let sources = Sources::of(home);
    let kept = sources
        .as_ref()
        .and_then(|sources| compiled::read(home, &caller.origin, sources));
    let (policy, lock) = match kept {
        Some(Compiled { policy, lock }) => (policy, Some(lock)),
        None => (read_policy(home)?.of_origin(&caller.origin), None),
    };
    let routes = narrowed_by_machine(&policy, environment)?
        .for_port(&caller.origin, caller.host_name.as_ref());
    if routes.as_slice().is_empty() {
        return Err(no_route(caller, &routes));
    }
    let crashes = Crashes::open(home, &caller.origin, environment.wall_clock);
    ports::take_place(&crashes, &routes)?;
    let lock = match lock {
        Some(lock) => lock,
        None => {
            let lock = plugins::read_lock(home)?;
            if let Some(sources) = sources {
                keep(
                    home,
                    &caller.origin,
                    (&sources, looked.elapsed()),
                    &policy,
                    &lock,
                );
            }
            lock
        }
    };
    let engine = Engine::start(watchdog::on_tick).map_err(|error| {
        tracing::error!("{}", chain(&error));
        Box::new(Report::new(
            ErrorCode::Internal,
            "the sandbox could not be set up",
        ))
    })?;
    let opener = Opener {
        home,
        origin: &caller.origin,
        environment,
        secrets: Ledger::new(&caller.origin, routes.secrets_backend()),
        network: OnceCell::new(),
    };
    let plugins = plugins::prepare(home, &engine, &lock, &routes, &opener);
    opener.secrets.send_for_secrets(home);
    confine_process(&routes, &plugins)?;
    Ok(Service::Routes {
        routes,
        plugins,
        engine,
        crashes,
    })
}

/// What the host itself takes beside its plugins and their messages, in bytes: ten MiB are seen, the rest is room.
const OWN_MEMORY: u64 = 64 * 1024 * 1024;

/// The most memory that a port can need: each plugin its budget, a message under way and one that waits, and the
/// host's own.
fn memory(routes: &PortRoutes) -> u64 {
    let each = routes.as_slice().iter().map(|route| {
        let Limits {
            memory, message_in, ..
        } = route.limits;
        memory.bytes().saturating_add(2 * message_in.bytes())
    });
    each.fold(OWN_MEMORY, u64::saturating_add)
}

/// Gives up every right that this port does not need any more. From here on nothing can be opened.
fn confine_process(routes: &PortRoutes, plugins: &[Candidate]) -> Result<(), Box<Report>> {
    let mut needs = Needs {
        memory: Some(memory(routes)),
        ..Needs::default()
    };
    for Candidate { plugin, powers } in plugins {
        needs.code.extend(plugin.code());
        needs.randomness |= plugin.may_draw_random_numbers();
        powers.add_needs(&mut needs);
    }
    match confine::confine(routes.confinement(), &needs) {
        Ok(layers) => {
            tracing::info!("confined by the system: {layers}");
            Ok(())
        }
        Err(error) => {
            tracing::error!("{error}");
            let sentence = "the policy requires confinement by the system, and it is not complete";
            let report = Report::new(ErrorCode::SandboxUnavailable, sentence);
            Err(Box::new(report.with_hint("portcullis doctor --sandbox")))
        }
    }
}

/// The whole of the user's policy.
fn read_policy(home: &Home) -> Result<Policy, Box<Report>> {
    let file = home.policy_file();
    match guarded::read_text(&file, policy::FILE_LIMIT) {
        Ok(None) => Ok(Policy::default()),
        Ok(Some(text)) => Policy::parse(&text, &file).map_err(|error| invalid(&error)),
        Err(error) => Err(invalid(&error)),
    }
}

fn invalid(error: &dyn std::error::Error) -> Box<Report> {
    tracing::error!("{}", chain(error));
    let report = Report::new(ErrorCode::PolicyInvalid, "the policy cannot be used");
    Box::new(report.with_hint("portcullis policy check"))
}

/// Spares the next start the reading of the whole policy and the whole lock. Where it cannot be done, that start reads
/// them, as this one did.
fn keep(home: &Home, origin: &Origin, sources: (&Sources, Duration), policy: &Policy, lock: &Lock) {
    if let Err(error) = compiled::write(home, origin, sources, policy, lock) {
        tracing::debug!("failed to keep what the policy says for this extension: {error}");
    }
}

/// What the machine-wide policy leaves of the user's.
fn narrowed_by_machine(own: &Policy, environment: &Environment) -> Result<Policy, Box<Report>> {
    let machine_file = machine_wide::file().map_err(|error| invalid(&error))?;
    let machine = machine_wide::load(&machine_file).map_err(|error| invalid(&error))?;
    let user_home = environment.surroundings.user_home.as_deref();
    let narrowed = machine_wide::narrowed(own, &machine, user_home);
    if narrowed != *own {
        tracing::info!(
            "the machine-wide policy, `{}`, allows less than `policy.toml`; `portcullis policy explain` tells them apart",
            machine_file.display()
        );
    }
    Ok(narrowed)
}

fn no_route(caller: &Caller, _routes: &PortRoutes) -> Box<Report> {
    let Caller {
        origin, host_name, ..
    } = caller;
    let (asked, option) = match host_name {
        Some(name) => (
            format!(" and host name `{name}`"),
            format!(" --host-name {name}"),
        ),
        None => (String::new(), String::new()),
    };
    tracing::warn!("refused: the policy has no route for origin `{origin}`{asked}");
    let sentence = format!("no route for origin `{origin}`{asked}");
    let hint = format!("portcullis route add {origin} PLUGIN{option}");
    Box::new(Report::new(ErrorCode::NoRoute, sentence).with_hint(hint))
}
