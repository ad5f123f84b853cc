//! What the projects consist of. Every text is a file of this repository, put into the program when it is built.
//!
//! The longer plugins are the examples under `plugins/`, and the SDKs are `plugins/sdk-*`: one copy of each. What
//! differs from project to project stands as `{{name}}` and the like in the texts, or is replaced here.

use portcullis_core::names::PluginName;

use crate::project::{FILE, Language, MANIFEST, Mode, TESTS};

/// A file of `host/cli/templates/`.
macro_rules! own {
    ($path:literal) => {
        include_str!(concat!("../../../templates/", $path))
    };
}

/// A file of the repository.
macro_rules! repository {
    ($path:literal) => {
        include_str!(concat!("../../../../../", $path))
    };
}

/// A path in the project and the text that goes there.
type File = (&'static str, &'static str);

const WIT: File = ("wit/portcullis.wit", repository!("wit/portcullis.wit"));

const RUST_SDK: &[File] = &[
    (
        "sdk/src/bindings.rs",
        repository!("plugins/sdk-rust/src/bindings.rs"),
    ),
    (
        "sdk/src/config.rs",
        repository!("plugins/sdk-rust/src/config.rs"),
    ),
    (
        "sdk/src/envelope.rs",
        repository!("plugins/sdk-rust/src/envelope.rs"),
    ),
    (
        "sdk/src/error.rs",
        repository!("plugins/sdk-rust/src/error.rs"),
    ),
    (
        "sdk/src/handler.rs",
        repository!("plugins/sdk-rust/src/handler.rs"),
    ),
    ("sdk/src/lib.rs", repository!("plugins/sdk-rust/src/lib.rs")),
    ("sdk/src/log.rs", repository!("plugins/sdk-rust/src/log.rs")),
    (
        "sdk/src/port.rs",
        repository!("plugins/sdk-rust/src/port.rs"),
    ),
    (
        "sdk/src/secrets.rs",
        repository!("plugins/sdk-rust/src/secrets.rs"),
    ),
    (
        "sdk/src/session.rs",
        repository!("plugins/sdk-rust/src/session.rs"),
    ),
    (
        "sdk/src/storage.rs",
        repository!("plugins/sdk-rust/src/storage.rs"),
    ),
    (
        "sdk/src/timers.rs",
        repository!("plugins/sdk-rust/src/timers.rs"),
    ),
    ("sdk/Cargo.toml", repository!("plugins/sdk-rust/Cargo.toml")),
    ("sdk/wit/portcullis.wit", repository!("wit/portcullis.wit")),
];

/// Where a file of an SDK goes on with what is for work on the SDK and not for its users.
const END: &str = "\n# What follows is for work on this crate;";

const JS_SDK: &[File] = &[
    ("sdk/envelope.js", repository!("plugins/sdk-js/envelope.js")),
    (
        "sdk/handler.d.ts",
        repository!("plugins/sdk-js/handler.d.ts"),
    ),
    ("sdk/handler.js", repository!("plugins/sdk-js/handler.js")),
    ("sdk/host.d.ts", repository!("plugins/sdk-js/host.d.ts")),
    ("sdk/jobs.js", repository!("plugins/sdk-js/jobs.js")),
    ("sdk/prelude.js", repository!("plugins/sdk-js/prelude.js")),
    (
        "sdk/session.d.ts",
        repository!("plugins/sdk-js/session.d.ts"),
    ),
    ("sdk/session.js", repository!("plugins/sdk-js/session.js")),
    WIT,
];

const PYTHON_SDK: &[File] = &[
    (
        "sdk/portcullis_plugin/__init__.py",
        repository!("plugins/sdk-python/portcullis_plugin/__init__.py"),
    ),
    (
        "sdk/portcullis_plugin/_envelope.py",
        repository!("plugins/sdk-python/portcullis_plugin/_envelope.py"),
    ),
    (
        "sdk/portcullis_plugin/session.py",
        repository!("plugins/sdk-python/portcullis_plugin/session.py"),
    ),
    WIT,
];

const C_HANDLER_BINDINGS: &[File] = &[
    (
        "bindings/handler_plugin.c",
        repository!("plugins/sdk-c/bindings/handler_plugin.c"),
    ),
    (
        "bindings/handler_plugin.h",
        repository!("plugins/sdk-c/bindings/handler_plugin.h"),
    ),
];

const C_SESSION_BINDINGS: &[File] = &[
    (
        "bindings/session_plugin.c",
        repository!("plugins/sdk-c/bindings/session_plugin.c"),
    ),
    (
        "bindings/session_plugin.h",
        repository!("plugins/sdk-c/bindings/session_plugin.h"),
    ),
];

const RUST: &[File] = &[
    (".gitignore", own!("rust/gitignore")),
    ("Cargo.toml", own!("rust/Cargo.toml")),
    (
        "Cargo.lock",
        repository!("plugins/ping-pong-sdk/Cargo.lock"),
    ),
    ("README.md", own!("rust/README.md")),
];

const RUST_STDIO: &[File] = &[
    (".gitignore", own!("rust/gitignore")),
    ("Cargo.toml", own!("rust-stdio/Cargo.toml")),
    (
        "Cargo.lock",
        repository!("plugins/ping-pong-stdio-rust/Cargo.lock"),
    ),
    ("README.md", own!("rust/README.md")),
];

const JS: &[File] = &[
    (".gitignore", own!("js/gitignore")),
    ("package.json", own!("js/package.json")),
    ("package-lock.json", own!("js/package-lock.json")),
    ("README.md", own!("js/README.md")),
];

const TS: &[File] = &[
    (".gitignore", own!("ts/gitignore")),
    ("package.json", own!("ts/package.json")),
    ("package-lock.json", own!("ts/package-lock.json")),
    ("tsconfig.json", own!("ts/tsconfig.json")),
    ("README.md", own!("ts/README.md")),
];

const PYTHON: &[File] = &[
    (".gitignore", own!("python/gitignore")),
    ("requirements.txt", own!("python/requirements.txt")),
    ("README.md", own!("python/README.md")),
];

const C: &[File] = &[
    (".gitignore", own!("c/gitignore")),
    ("requirements.txt", own!("c/requirements.txt")),
    ("README.md", own!("c/README.md")),
];

const USAGE: &str = own!("shared/usage.md");

/// What is replaced in every text of a project, beside its name.
type Words = &'static [(&'static str, &'static str)];

const NO_WORDS: Words = &[];

/// The name of the example whose lock file the project has.
const RUST_WORDS: Words = &[
    ("\"ping-pong-sdk\"", "\"plugin-{{name}}\""),
    (
        "{{sdk}}",
        "The SDK is in `sdk/`; its documentation: `cargo doc --open`.",
    ),
];

const RUST_STDIO_WORDS: Words = &[
    ("\"ping-pong-stdio\"", "\"plugin-{{name}}\""),
    (
        "{{sdk}}",
        "The program knows nothing of Portcullis:\n`cargo run` makes one of the same source that a browser can start.",
    ),
];

/// The example has the SDK as a package.
const TS_WORDS: Words = &[("portcullis-plugin/session", "../sdk/session.js")];

const C_WORDS: Words = &[
    ("{{model}}", "-mexec-model=reactor "),
    ("{{include}}", "-I bindings "),
    ("{{bindings}}", "bindings/*.c "),
    (
        "{{contract}}",
        "\nThe functions to define and those to call are in the header in `bindings/`.",
    ),
];

const C_STDIO_WORDS: Words = &[
    ("{{model}}", ""),
    ("{{include}}", ""),
    ("{{bindings}}", ""),
    (
        "{{contract}}",
        "\nThe program knows nothing of Portcullis: `cc src/*.c` makes one of the same source that a browser can start.",
    ),
];

/// One kind of project.
pub(super) struct Template {
    language: Language,
    mode: Mode,
    /// Where the plugin's own code is.
    pub(super) source: &'static str,
    code: &'static str,
    parts: [&'static [File]; 2],
    words: Words,
}

/// The template of a language and a mode, where the language's toolchain can make such a plugin.
pub(super) fn template(language: Language, mode: Mode) -> Option<Template> {
    let (source, code, parts, words): (_, _, [&'static [File]; 2], _) = match (language, mode) {
        (Language::Rust, Mode::Handler) => (
            "src/lib.rs",
            own!("rust-handler/lib.rs"),
            [RUST, RUST_SDK],
            RUST_WORDS,
        ),
        (Language::Rust, Mode::Session) => (
            "src/lib.rs",
            repository!("plugins/ping-pong-sdk/src/lib.rs"),
            [RUST, RUST_SDK],
            RUST_WORDS,
        ),
        (Language::Rust, Mode::Stdio) => (
            "src/main.rs",
            repository!("plugins/ping-pong-stdio-rust/src/main.rs"),
            [RUST_STDIO, &[]],
            RUST_STDIO_WORDS,
        ),
        (Language::Js, Mode::Handler) => (
            "plugin.js",
            own!("js-handler/plugin.js"),
            [JS, JS_SDK],
            NO_WORDS,
        ),
        (Language::Js, Mode::Session) => (
            "plugin.js",
            own!("js-session/plugin.js"),
            [JS, JS_SDK],
            NO_WORDS,
        ),
        (Language::Ts, Mode::Handler) => (
            "src/plugin.ts",
            own!("ts-handler/plugin.ts"),
            [TS, JS_SDK],
            TS_WORDS,
        ),
        (Language::Ts, Mode::Session) => (
            "src/plugin.ts",
            repository!("plugins/ping-pong-ts/src/ping-pong.ts"),
            [TS, JS_SDK],
            TS_WORDS,
        ),
        (Language::Python, Mode::Handler) => (
            "src/plugin.py",
            own!("python-handler/plugin.py"),
            [PYTHON, PYTHON_SDK],
            NO_WORDS,
        ),
        (Language::Python, Mode::Session) => (
            "src/plugin.py",
            repository!("plugins/ping-pong-python/ping_pong.py"),
            [PYTHON, PYTHON_SDK],
            NO_WORDS,
        ),
        (Language::C, Mode::Handler) => (
            "src/plugin.c",
            own!("c-handler/plugin.c"),
            [C, C_HANDLER_BINDINGS],
            C_WORDS,
        ),
        (Language::C, Mode::Session) => (
            "src/plugin.c",
            repository!("plugins/ping-pong-c/src/ping_pong.c"),
            [C, C_SESSION_BINDINGS],
            C_WORDS,
        ),
        (Language::C, Mode::Stdio) => (
            "src/plugin.c",
            repository!("plugins/ping-pong-stdio-c/src/ping_pong.c"),
            [C, &[]],
            C_STDIO_WORDS,
        ),
        (Language::Js | Language::Ts | Language::Python, Mode::Stdio) => return None,
    };
    Some(Template {
        language,
        mode,
        source,
        code,
        parts,
        words,
    })
}

/// A language as people write it.
pub(super) fn shown(language: Language) -> &'static str {
    match language {
        Language::Rust => "Rust",
        Language::Js => "JavaScript",
        Language::Ts => "TypeScript",
        Language::Python => "Python",
        Language::C => "C",
    }
}

impl Template {
    /// Every file of a project with this name: its path in the project and its text.
    pub(super) fn files(&self, name: &PluginName) -> Vec<(String, String)> {
        let transcript = match self.mode {
            Mode::Handler => own!("shared/handler.transcript"),
            Mode::Session => own!("shared/session.transcript"),
            Mode::Stdio => own!("shared/stdio.transcript"),
        };
        let mut files = vec![
            (self.source.to_owned(), self.filled(name, self.code)),
            (
                FILE.to_owned(),
                self.filled(name, own!("shared/portcullis.toml")),
            ),
            (
                MANIFEST.to_owned(),
                self.filled(name, own!("shared/plugin.toml")),
            ),
            (format!("{TESTS}/first.transcript"), transcript.to_owned()),
        ];
        for (path, text) in self.parts.into_iter().flatten() {
            let mut text = self.filled(name, text);
            if *path == "README.md" {
                text.push_str(&self.filled(name, USAGE));
            }
            files.push(((*path).to_owned(), text));
        }
        files
    }

    fn filled(&self, name: &PluginName, text: &str) -> String {
        let mut text = text.split(END).next().unwrap_or(text).to_owned();
        for (from, to) in self.words {
            text = text.replace(from, to);
        }
        let world = format!("{}-plugin", self.mode.as_str());
        let own = [
            ("{{name}}", name.as_str()),
            ("{{language}}", self.language.as_str()),
            ("{{mode}}", self.mode.as_str()),
            ("{{world}}", &world),
            ("{{source}}", self.source),
        ];
        for (from, to) in own {
            text = text.replace(from, to);
        }
        text
    }
}
