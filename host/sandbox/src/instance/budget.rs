//! One byte budget over everything that a guest can make the host keep for it.
//!
//! wasmtime's own `StoreLimits` bounds each memory alone, so sixteen memories have sixteen times the bytes. Here all
//! linear memories and tables share one sum. Growth beyond it is denied, not trapped: an allocator that is told so can
//! still answer. The refusal is remembered, so that a guest that dies of it is reported as out of memory.
//!
//! How many parts a component may be made of is fixed, since no setting could mend it: [`TooMany`] says which part, and
//! is found before anything is instantiated where that can be told.

use std::time::Instant;

use wasmtime::ResourceLimiter;
use wasmtime::component::Component;

use super::Usage;
use crate::parts::{Part, TooMany};

/// Bytes that a table's element takes: a function reference is one pointer.
const ELEMENT_SIZE: u64 = 8;

impl TooMany {
    /// Whether a component will be refused for its tables or memories. wasmtime does not tell its instances.
    pub(crate) fn in_component(component: &Component) -> Result<(), Self> {
        // Nothing where modules are imported, which no plugin can be given: linking then says so.
        let Some(required) = component.resources_required() else {
            return Ok(());
        };
        Part::Tables.judge(required.num_tables.into())?;
        Part::Memories.judge(required.num_memories.into())
    }

    /// What wasmtime's own refusal means. It has no type for it, so its words are compared, and a test fails where they
    /// change; what is not recognised is a failed start like any other. A trap has other words, so no guest can say it.
    pub(super) fn in_error(error: &wasmtime::Error) -> Option<Self> {
        let text = error.root_cause().to_string();
        let (part, found) = text
            .strip_prefix("resource limit exceeded: ")?
            .split_once(" count too high at ")?;
        let part = match part {
            "instance" => Part::Instances,
            "table" => Part::Tables,
            "memory" => Part::Memories,
            _ => return None,
        };
        let found = found.parse().ok()?;
        Some(Self { part, found })
    }
}

/// The budget of one store.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    used: u64,
    refused: Option<(Refusal, Instant)>,
    usage: Option<Usage>,
}

/// Bytes that a guest asked for and was not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What was to grow: `memory` or `table`.
    pub(super) what: &'static str,
    /// The bytes that the guest would have had in all.
    pub(super) wanted: u64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            used: 0,
            refused: None,
            usage: None,
        }
    }

    /// The same, telling what is used of it.
    pub(super) fn telling(self, usage: Option<Usage>) -> Self {
        Self { usage, ..self }
    }

    /// What the guest was last refused since then: what it was refused in an earlier call has been survived.
    pub(super) fn refusal_since(&self, began: Instant) -> Option<Refusal> {
        let (refusal, at) = self.refused?;
        (at >= began).then_some(refusal)
    }

    fn grow(&mut self, what: &'static str, by: u64) -> bool {
        let wanted = self.used.saturating_add(by);
        if wanted > self.limit {
            self.refused = Some((Refusal { what, wanted }, Instant::now()));
            return false;
        }
        self.used = wanted;
        if let Some(usage) = &self.usage {
            usage.memory(wanted);
        }
        true
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // wasmtime asks first and looks at the guest's own maximum afterwards: what fails there must not be charged.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow("memory", desired.saturating_sub(current) as u64))
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // wasmtime asks first and looks at the guest's own maximum afterwards: what fails there must not be charged.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let elements = desired.saturating_sub(current) as u64;
        Ok(self.grow("table", elements.saturating_mul(ELEMENT_SIZE)))
    }

    fn instances(&self) -> usize {
        Part::Instances.limit()
    }

    fn tables(&self) -> usize {
        Part::Tables.limit()
    }

    fn memories(&self) -> usize {
        Part::Memories.limit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_sum() {
        let began = Instant::now();
        let mut budget = Budget::new(1000);
        assert!(budget.memory_growing(0, 400, None).expect("never fails"));
        assert!(budget.memory_growing(0, 400, None).expect("never fails"));
        assert!(!budget.memory_growing(400, 700, None).expect("never fails"));
        let refusal = |what, wanted| Some(Refusal { what, wanted });
        assert_eq!(budget.refusal_since(began), refusal("memory", 1100));
        assert!(budget.table_growing(0, 25, None).expect("never fails"));
        assert!(!budget.table_growing(25, 26, None).expect("never fails"));
        assert_eq!(budget.refusal_since(began), refusal("table", 1008));
        let began = Instant::now() + std::time::Duration::from_nanos(1);
        assert!(!budget.memory_growing(0, 10, Some(5)).expect("never fails"));
        assert_eq!(budget.refusal_since(began), None);
        assert!(
            !budget
                .memory_growing(0, usize::MAX, None)
                .expect("never fails")
        );
    }

    /// In wasmtime's own words, which are compared.
    #[cfg(feature = "compile")]
    #[test]
    fn a_refused_number_of_parts_is_recognised() {
        use wasmtime::{Engine, Instance, Module, Store};

        let engine = Engine::default();
        let refusal = |text: &str, times: usize| {
            let bytes = wat::parse_str(text).expect("the test's own text");
            let module = Module::new(&engine, bytes).expect("a valid module");
            let mut store = Store::new(&engine, Budget::new(1 << 30));
            store.limiter(|budget| budget);
            let mut made = (0..times).map(|_| Instance::new(&mut store, &module, &[]));
            let error = made.find_map(Result::err)?;
            Some(TooMany::in_error(&error).expect("the words are known"))
        };
        let module_of = |part: &str, times: usize| format!("(module {})", part.repeat(times));
        let cases = [
            (Part::Instances, ""),
            (Part::Tables, "(table 0 funcref)"),
            (Part::Memories, "(memory 0)"),
        ];
        for (part, text) in cases {
            let attempt = |number: usize| match text {
                "" => refusal("(module)", number),
                _ => refusal(&module_of(text, number), 1),
            };
            let found = part.limit() as u64 + 1;
            assert_eq!(attempt(part.limit()), None);
            assert_eq!(attempt(part.limit() + 1), Some(TooMany { part, found }));
        }
        let trap = refused_otherwise(&engine, "(module (func $f unreachable) (start $f))");
        assert_eq!(TooMany::in_error(&trap), None);
    }

    #[cfg(feature = "compile")]
    fn refused_otherwise(engine: &wasmtime::Engine, text: &str) -> wasmtime::Error {
        let bytes = wat::parse_str(text).expect("the test's own text");
        let module = wasmtime::Module::new(engine, bytes).expect("a valid module");
        let mut store = wasmtime::Store::new(engine, ());
        wasmtime::Instance::new(&mut store, &module, &[]).expect_err("it traps")
    }

    #[test]
    fn a_number_of_parts_has_an_edge_and_words() {
        assert_eq!(Part::Tables.judge(64), Ok(()));
        let too_many = Part::Tables.judge(65).expect_err("one too many");
        let words = "has at least 65 tables, and a plugin may have 64: build it with fewer";
        assert_eq!(too_many.to_string(), words);
    }
}
