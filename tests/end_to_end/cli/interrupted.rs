//! `add` that does not get to its end: killed, or stopped by the compiler's limits. The home works afterwards, and
//! nothing of the plugin is left in it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use portcullis_tests::{Browser, Home, ORIGIN, PATIENCE, guests};

use super::refused::{leb, section};
use super::{contents, file, files, finished, installed, run, said};
use crate::fixture::HELLO;

/// `echo` with a module beside it that nobody uses and that takes a second or two to compile.
fn slow() -> Vec<u8> {
    echo_and(1000, 300)
}

/// The same, but for seconds also where the compiler is an optimised one.
fn endless() -> Vec<u8> {
    echo_and(4000, 300)
}

/// The same with a single function, for which the compiler takes many times the memory.
fn hungry() -> Vec<u8> {
    echo_and(1, 300_000)
}

/// `echo` and a module of functions from an i32 to an i32, each with so many steps of arithmetic on it.
fn echo_and(functions: usize, steps: usize) -> Vec<u8> {
    let step = [0x20, 0, 0x6a, 0x20, 0, 0x6c, 0x41, 7, 0x73];
    let body = [&[0, 0x20, 0][..], &step.repeat(steps), &[0x0b]].concat();
    let function = [leb(body.len()), body].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 1, 0x7f, 1, 0x7f]),
        section(3, &[leb(functions), vec![0; functions]].concat()),
        section(10, &[leb(functions), function.repeat(functions)].concat()),
    ];
    let echo = fs::read(guests::echo()).expect("it was built");
    [echo, section(1, &module.concat())].concat()
}

/// A home in which `echo` works, and what is in it.
fn working_home() -> Home {
    let home = Home::new();
    home.add("echo", &guests::echo());
    home.route(ORIGIN, "echo");
    home
}

#[track_caller]
fn assert_works(home: &Home) {
    let mut port = Browser::chromium(home).start();
    port.ask(HELLO).expect_text(HELLO);
    port.end().expect_exit(0).expect_quiet();
}

/// When `add` is killed.
#[derive(Debug)]
enum Moment {
    After(Duration),
    When(&'static str, fn(&Home) -> bool),
}

impl Moment {
    fn wait(&self, home: &Home) {
        match self {
            Self::After(moment) => thread::sleep(*moment),
            Self::When(what, has_come) => {
                let deadline = Instant::now() + PATIENCE;
                // Without a pause: the moment may be short.
                while !has_come(home) {
                    assert!(Instant::now() < deadline, "it never came that {what}");
                }
            }
        }
    }
}

fn lock(home: &Home) -> String {
    fs::read_to_string(home.path().join("plugins.lock")).unwrap_or_default()
}

#[test]
fn a_killed_add_leaves_a_working_home() {
    let home = working_home();
    let path = file(&home, "slow.wasm", &slow());
    let begun = Instant::now();
    let whole = finished(&home, &mut home.portcullis(["add", &path]));
    let took = begun.elapsed();
    assert_eq!(whole.code, 0, "{whole:?}");
    run(&home, ["remove", "slow"]).prints("removed `slow`\n");
    let before = contents(&home);

    let moments = [
        Moment::After(Duration::ZERO),
        Moment::After(Duration::from_millis(10)),
        Moment::After(took / 3),
        Moment::After(took * 2 / 3),
        // The places between two steps, where half of the work is on the disk.
        Moment::When("the bytes are stored", |home| {
            files(home, "store").len() == 2
        }),
        Moment::When("the compiler writes", |home| {
            files(home, "cache").len() == 2
        }),
        Moment::When("the native code is in its place", |home| {
            let is_artifact = |path: &PathBuf| path.extension().is_some_and(|it| it == "cwasm");
            files(home, "cache").into_iter().filter(is_artifact).count() == 2
        }),
        Moment::When("the lock is written", |home| {
            lock(home).contains("\"slow\"")
        }),
    ];
    for moment in moments {
        let mut child = home
            .portcullis(["add", &path])
            .spawn()
            .expect("the program was just built");
        moment.wait(&home);
        child.kill().expect("it is our child");
        let output = child.wait_with_output().expect("it has ended");
        let finished = output.status.success();

        // Readers need no repair first.
        let names = installed(&home);
        let expected: &[&str] = if names.len() == 2 {
            &["echo", "slow"]
        } else {
            &["echo"]
        };
        assert_eq!(names, expected, "killed {moment:?}");
        assert!(
            !finished || names.len() == 2,
            "what said that it was done is done"
        );
        let count = if names.len() == 2 {
            "2 plugins are"
        } else {
            "1 plugin is"
        };
        run(&home, ["verify"]).prints(&format!("{count} whole\n"));
        assert_works(&home);
        assert_no_compiler(&home);

        // The next writer leaves nothing of it.
        if names.len() == 2 {
            run(&home, ["remove", "slow"]).prints("removed `slow`\n");
        } else {
            run(&home, ["add", &path, "--name", "Not-A-Name"]).refuses_with(2, "`N`");
            home.add("other", &guests::ping_pong());
            run(&home, ["remove", "other"]).prints("removed `other`\n");
        }
        let after = contents(&home);
        assert_eq!(
            without_numbers(after),
            without_numbers(before.clone()),
            "killed {moment:?}"
        );
    }
}

/// The same contents but for the installation numbers, which are never given twice, and the log of the host.
fn without_numbers(contents: Vec<(PathBuf, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    let is_kept = |line: &&str| !line.starts_with("next-number");
    contents
        .into_iter()
        .filter(|(path, _)| path.extension().is_none_or(|extension| extension != "log"))
        .map(|(path, bytes)| match path.extension() {
            Some(extension) if extension == "lock" => {
                let text = String::from_utf8(bytes).expect("the lock is text");
                (
                    path,
                    text.lines()
                        .filter(is_kept)
                        .collect::<Vec<_>>()
                        .join("\n")
                        .into_bytes(),
                )
            }
            _ => (path, bytes),
        })
        .collect()
}

/// The compiler ends with the program that started it.
#[track_caller]
fn assert_no_compiler(home: &Home) {
    let ours = home.path().to_string_lossy().into_owned();
    let is_compiler = || {
        fs::read_dir("/proc")
            .expect("Linux has it")
            .flatten()
            .any(|entry| {
                let arguments = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                let arguments = String::from_utf8_lossy(&arguments);
                arguments.contains("compile-artifact") && arguments.contains(&ours)
            })
    };
    let deadline = Instant::now() + Duration::from_secs(2);
    while is_compiler() {
        assert!(
            Instant::now() < deadline,
            "the compiler outlives `portcullis add`"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

/// Case 54: a component that asks the compiler for too much. The limits of the compiler are the stricter of its own and
/// what is there already, which spares the test from waiting for them.
#[test]
fn a_component_that_asks_for_too_much_is_refused_and_leaves_nothing() {
    let home = working_home();
    let before = contents(&home);
    for (limit, bytes, reason) in [
        ("-S -t 1", endless(), "time"),
        ("-v 250000", hungry(), "memory"),
    ] {
        let path = file(&home, "large.wasm", &bytes);
        let program = home.portcullis([""; 0]).get_program().to_owned();
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("ulimit {limit}; exec \"$0\" \"$@\"")])
            .arg(program)
            .args(["add", &path])
            .env("PORTCULLIS_HOME", home.path())
            .stdin(Stdio::null());
        let begun = Instant::now();
        let output = command.output().expect("there is a shell");
        let said = said(&home, &command, &output);
        assert!(begun.elapsed() < Duration::from_secs(60), "{said:?}");
        assert_eq!((said.code, &*said.stdout), (1, ""), "{said:?}");
        let sentence = format!(
            "error: cannot add `[BESIDE]/large.wasm`: the compiler was stopped by its limits ({reason}): \
             the component asks for too much\n"
        );
        assert!(said.stderr.ends_with(&sentence), "{said:?}");
        assert_eq!(contents(&home), before, "`ulimit {limit}`");
        assert_eq!(
            (files(&home, "store").len(), files(&home, "cache").len()),
            (1, 1)
        );
    }
    assert_works(&home);
}

#[test]
fn writers_wait_and_readers_do_not() {
    let home = working_home();
    let path = file(&home, "slow.wasm", &slow());
    let child = home
        .portcullis(["add", &path])
        .spawn()
        .expect("the program was just built");
    Moment::When("the first writer is at work", |home| {
        let note = fs::read_to_string(home.path().join(".lock")).unwrap_or_default();
        note.contains("`portcullis add`")
    })
    .wait(&home);
    assert_eq!(installed(&home), ["echo"]);
    let removed = run(&home, ["remove", "slow"]);
    assert!(child.wait_with_output().expect("it ends").status.success());
    removed.prints("removed `slow`\n");
}
