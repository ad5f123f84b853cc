//! Reading the binary format: one pass that validates and collects names.

use wasmparser::component_types::ComponentEntityType;
use wasmparser::types::TypesRef;
use wasmparser::{
    CanonicalFunction, CanonicalOption, FuncValidatorAllocations, Parser, Payload, ValidPayload,
    Validator, WasmFeatures,
};

use super::parts::{Counter, Parts};
use super::signature::{self, OtherTypes};
use super::{InspectError, Item, ItemKind, escape};

/// The parts of WebAssembly that the engine has (`engine/configuration.rs` and the features in the root `Cargo.toml`):
/// wasmtime's own default less garbage collection, exceptions, threads, 64-bit memories and component-model async.
const OFFERED: WasmFeatures = WasmFeatures::WASM3
    .union(WasmFeatures::COMPONENT_MODEL)
    .difference(WasmFeatures::GC_TYPES)
    .difference(WasmFeatures::EXCEPTIONS)
    .difference(WasmFeatures::THREADS)
    .difference(WasmFeatures::MEMORY64);

/// The parts that some toolchain uses, on top of those: only to tell a component that was made for another host from
/// one that is broken.
const KNOWN: WasmFeatures = OFFERED
    .union(WasmFeatures::WASM3)
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::STACK_SWITCHING)
    .union(WasmFeatures::CM_ASYNC)
    .union(WasmFeatures::CM_ASYNC_STACKFUL)
    .union(WasmFeatures::CM_MORE_ASYNC_BUILTINS)
    .union(WasmFeatures::CM_THREADING)
    .union(WasmFeatures::CM_ERROR_CONTEXT)
    .union(WasmFeatures::CM_FIXED_LENGTH_LISTS)
    .union(WasmFeatures::CM_MAP);

/// The most bytes of function names that are collected, those of their interfaces counted with each. All of WASI 0.2 has
/// some 20 KB of them; but a component can import one type, with long names, under a thousand short ones.
const MOST_NAMES: usize = 1024 * 1024;

/// The most components and modules in a file, counted at every depth. Components that are put together from many others
/// have some hundred. The validator bounds each level alone, and its time grows with the square of the number: a file
/// of 1 MB took it four minutes.
const MOST_PARTS: usize = 1000;

/// What a valid component has.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) imports: Vec<Item>,
    pub(super) exports: Vec<Item>,
    /// The functions of our contract that have other types here.
    pub(super) other_types: Vec<OtherTypes>,
    /// What it makes when it is started.
    pub(super) made: Parts,
    /// What keeps the engine from taking it, where something does.
    pub(super) beyond: Option<Beyond>,
}

/// What a component uses that the engine does not have.
#[derive(Debug)]
pub(super) enum Beyond {
    /// Functions that are asynchronous, or are called so. The names are of imports and exports; there may be none.
    Async { functions: Vec<String> },
    /// Another part of WebAssembly, in the words of the validator, escaped.
    Other { message: String },
}

/// Validates the component and collects what it has.
pub(super) fn contents(bytes: &[u8]) -> Result<Contents, InspectError> {
    let refused = match pass(bytes, OFFERED) {
        Ok(pass) => return pass.into_contents(None),
        Err(refused) => refused,
    };
    // Broken, or made for a host that has more: then it is valid with more.
    let pass = pass(bytes, KNOWN).map_err(|error| invalid(bytes, &error))?;
    let beyond = if pass.is_async {
        Beyond::Async {
            functions: pass.async_functions.clone(),
        }
    } else {
        Beyond::Other {
            message: escape(refused.message()),
        }
    };
    pass.into_contents(Some(beyond))
}

fn invalid(bytes: &[u8], error: &wasmparser::Error) -> InspectError {
    // The reader has no kind for this, only words; and what it misses at the very end is what was cut off.
    if error.message().starts_with("unexpected end") || error.offset() >= bytes.len() {
        return InspectError::Truncated {
            length: bytes.len(),
        };
    }
    InspectError::Invalid {
        message: escape(error.message()),
        offset: error.offset(),
    }
}

/// What one pass over the bytes finds.
#[derive(Default)]
struct Pass {
    imports: Vec<Item>,
    exports: Vec<Item>,
    is_async: bool,
    /// The names of imported and exported functions that are asynchronous by type.
    async_functions: Vec<String>,
    other_types: Vec<OtherTypes>,
    made: Parts,
    /// Bytes of names, see [`MOST_NAMES`].
    names: usize,
    /// Components and modules, see [`MOST_PARTS`]. The pass has ended early where there are more.
    parts: usize,
}

impl Pass {
    fn into_contents(self, beyond: Option<Beyond>) -> Result<Contents, InspectError> {
        if self.parts > MOST_PARTS {
            return Err(InspectError::TooManyParts);
        }
        if self.names > MOST_NAMES {
            return Err(InspectError::TooManyNames);
        }
        Ok(Contents {
            imports: self.imports,
            exports: self.exports,
            other_types: self.other_types,
            made: self.made,
            beyond,
        })
    }

    fn item(&mut self, name: &str, entity: &ComponentEntityType, types: TypesRef<'_>) -> Item {
        let mut functions = Vec::new();
        let kind = match entity {
            ComponentEntityType::Func(id) => {
                self.note_async(types[*id].async_, || name.to_owned());
                ItemKind::Function
            }
            ComponentEntityType::Instance(id) => {
                for (function, item) in &types[*id].exports {
                    if let ComponentEntityType::Func(id) = item.ty {
                        self.names += name.len() + function.len();
                        if self.names > MOST_NAMES {
                            break;
                        }
                        self.note_async(types[id].async_, || format!("{name}#{function}"));
                        self.other_types
                            .extend(signature::compare(name, function, id, types));
                        functions.push(function.clone());
                    }
                }
                ItemKind::Instance
            }
            ComponentEntityType::Type { .. } => ItemKind::Type,
            ComponentEntityType::Module(_) => ItemKind::Module,
            ComponentEntityType::Component(_) => ItemKind::Component,
            ComponentEntityType::Value(_) => ItemKind::Value,
        };
        Item {
            name: name.to_owned(),
            kind,
            functions,
        }
    }

    fn note_async(&mut self, is_async: bool, name: impl FnOnce() -> String) {
        if is_async {
            self.is_async = true;
            self.async_functions.push(name());
        }
    }
}

/// Validates all of `bytes` and collects the names at the top level.
fn pass(bytes: &[u8], features: WasmFeatures) -> Result<Pass, wasmparser::Error> {
    let mut pass = Pass::default();
    let mut validator = Validator::new_with_features(features);
    let mut parser = Parser::new(0);
    parser.set_features(features);
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut allocations = FuncValidatorAllocations::default();
    let mut types = None;
    let mut counter = Counter::default();
    let mut depth = 0_usize;
    for payload in parser.parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version { .. } => {
                depth += 1;
                pass.parts += 1;
                if pass.parts > MOST_PARTS {
                    return Ok(pass);
                }
            }
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section.clone() {
                    imports.push(import?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section.clone() {
                    exports.push(export?.name.name);
                }
            }
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    pass.is_async |= is_async(&function?);
                }
            }
            _ => {}
        }
        match validator.payload(&payload)? {
            ValidPayload::Func(function, body) => {
                // At once: to keep them for later takes far more memory than their bytes.
                let mut validator = function.into_validator(allocations);
                validator.validate(&body)?;
                allocations = validator.into_allocations();
            }
            ValidPayload::End(found) => types = Some(found),
            _ => {}
        }
        if let Some(made) = counter.see(&payload)? {
            pass.made = made;
        }
    }
    let types =
        types.expect("the reader ends with the end of the outermost component or with an error");
    let types = types.as_ref();
    // The validator has made sure that every name is there, and only once.
    pass.imports = imports
        .into_iter()
        .filter_map(|name| Some(pass.item(name, &types.component_item_for_import(name)?.ty, types)))
        .collect();
    pass.exports = exports
        .into_iter()
        .filter_map(|name| Some(pass.item(name, &types.component_item_for_export(name)?.ty, types)))
        .collect();
    Ok(pass)
}

/// Whether a function between component and core is of the asynchronous kind.
fn is_async(function: &CanonicalFunction) -> bool {
    match function {
        CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => {
            options.contains(&CanonicalOption::Async)
        }
        CanonicalFunction::ResourceNew { .. }
        | CanonicalFunction::ResourceDrop { .. }
        | CanonicalFunction::ResourceRep { .. } => false,
        // Tasks, streams, futures, waitables, threads: all of them belong to it.
        _ => true,
    }
}
