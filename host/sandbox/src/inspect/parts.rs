//! How many core instances, tables and memories a component makes when it is started, counted while it is read.
//!
//! What is counted are the definitions that the bytes show: a module once for each time that it is instantiated, in each
//! instance of the component around it. A module or component that is only handed in from outside, or taken out of an
//! instance, is not followed, so the count is what there is at least, and nobody is refused for what was not found.
//! Nothing is multiplied out: a component that doubles itself thirty times is thirty additions.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, Encoding,
    Instance, Payload,
};

use crate::parts::{Part, TooMany};

/// Numbers of parts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Parts {
    instances: u64,
    tables: u64,
    memories: u64,
}

impl Parts {
    fn add(&mut self, other: Self) {
        self.instances = self.instances.saturating_add(other.instances);
        self.tables = self.tables.saturating_add(other.tables);
        self.memories = self.memories.saturating_add(other.memories);
    }

    /// What there is too much of.
    pub(super) fn too_many(self) -> impl Iterator<Item = TooMany> {
        let each = [
            Part::Instances.judge(self.instances),
            Part::Tables.judge(self.tables),
            Part::Memories.judge(self.memories),
        ];
        each.into_iter().filter_map(Result::err)
    }
}

/// A module of which nothing is known: it is an instance at least.
const ANY_MODULE: Parts = Parts {
    instances: 1,
    tables: 0,
    memories: 0,
};

/// A module or component that is being read.
#[derive(Default)]
struct Level {
    /// What one instance of it makes.
    own: Parts,
    /// What one instance of each module and component makes that can be named here.
    modules: Vec<Parts>,
    components: Vec<Parts>,
    is_component: bool,
}

/// Counts while the payloads of a component go by. Each must have been found valid before it is shown.
#[derive(Default)]
pub(super) struct Counter {
    /// From the outermost to the one that is being read.
    levels: Vec<Level>,
}

impl Counter {
    /// Takes in one payload; returns the count at the end of the outermost component.
    pub(super) fn see(&mut self, payload: &Payload<'_>) -> wasmparser::Result<Option<Parts>> {
        match payload {
            Payload::Version { encoding, .. } => {
                let is_component = *encoding == Encoding::Component;
                self.levels.push(Level {
                    own: if is_component {
                        Parts::default()
                    } else {
                        ANY_MODULE
                    },
                    is_component,
                    ..Level::default()
                });
            }
            Payload::End(_) => return Ok(self.end()),
            _ => {}
        }
        let Some(depth) = self.levels.len().checked_sub(1) else {
            return Ok(None);
        };
        let level = &mut self.levels[depth];
        match payload {
            Payload::TableSection(section) => level.own.tables += u64::from(section.count()),
            Payload::MemorySection(section) => level.own.memories += u64::from(section.count()),
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    if let Instance::Instantiate { module_index, .. } = instance? {
                        let made = level.modules.get(module_index as usize).copied();
                        level.own.add(made.unwrap_or(ANY_MODULE));
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    if let ComponentInstance::Instantiate {
                        component_index, ..
                    } = instance?
                    {
                        let made = level.components.get(component_index as usize).copied();
                        level.own.add(made.unwrap_or_default());
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    level.name(import?.ty.kind(), None);
                }
            }
            Payload::ComponentExportSection(section) => {
                // What is exported gets a second number.
                for export in section.clone() {
                    let export = export?;
                    level.name(export.kind, Some(export.index));
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    self.alias(depth, &alias?);
                }
            }
            _ => {}
        }
        Ok(None)
    }

    fn alias(&mut self, depth: usize, alias: &ComponentAlias<'_>) {
        match alias {
            ComponentAlias::InstanceExport { kind, .. } => self.levels[depth].name(*kind, None),
            ComponentAlias::Outer { kind, count, index } => {
                let outer = depth.checked_sub(*count as usize);
                let outer = outer.and_then(|depth| self.levels.get(depth));
                let index = *index as usize;
                match kind {
                    ComponentOuterAliasKind::CoreModule => {
                        let made = outer.and_then(|outer| outer.modules.get(index)).copied();
                        self.levels[depth].modules.push(made.unwrap_or(ANY_MODULE));
                    }
                    ComponentOuterAliasKind::Component => {
                        let made = outer.and_then(|outer| outer.components.get(index)).copied();
                        self.levels[depth].components.push(made.unwrap_or_default());
                    }
                    ComponentOuterAliasKind::CoreType | ComponentOuterAliasKind::Type => {}
                }
            }
            ComponentAlias::CoreInstanceExport { .. } => {}
        }
    }

    fn end(&mut self) -> Option<Parts> {
        let ended = self.levels.pop()?;
        match self.levels.last_mut() {
            Some(around) if ended.is_component => around.components.push(ended.own),
            Some(around) => around.modules.push(ended.own),
            None => return Some(ended.own),
        }
        None
    }
}

impl Level {
    /// A module or component gets the next number; `same_as` is the number that it had before.
    fn name(&mut self, kind: ComponentExternalKind, same_as: Option<u32>) {
        let index = same_as.map(|index| index as usize);
        match kind {
            ComponentExternalKind::Module => {
                let made = index.and_then(|index| self.modules.get(index)).copied();
                self.modules.push(made.unwrap_or(ANY_MODULE));
            }
            ComponentExternalKind::Component => {
                let made = index.and_then(|index| self.components.get(index)).copied();
                self.components.push(made.unwrap_or_default());
            }
            ComponentExternalKind::Func
            | ComponentExternalKind::Value
            | ComponentExternalKind::Type
            | ComponentExternalKind::Instance => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use wasmparser::Parser;

    use super::*;

    fn count(text: &str) -> [u64; 3] {
        let bytes = wat::parse_str(format!("(component {text})")).expect("the test's own text");
        let mut counter = Counter::default();
        let parts = Parser::new(0).parse_all(&bytes).find_map(|payload| {
            let payload = payload.expect("a valid component");
            counter.see(&payload).expect("a valid component")
        });
        let parts = parts.expect("it has an end");
        [parts.instances, parts.tables, parts.memories]
    }

    #[test]
    fn what_the_bytes_show_is_counted_for_each_instance() {
        let module = "(core module $m (memory 1) (table 1 funcref) (table 1 funcref))";
        let twice = "(core instance (instantiate $m)) (core instance (instantiate $m))";
        for (text, expected) in [
            (String::new(), [0, 0, 0]),
            (module.to_owned(), [0, 0, 0]),
            (format!("{module} {twice}"), [2, 4, 2]),
            // What a module imports is another's.
            (
                "(core module $m (memory (export \"m\") 1)) (core instance $i (instantiate $m))
                 (core module $n (import \"i\" \"m\" (memory 1)))
                 (core instance (instantiate $n (with \"i\" (instance $i))))"
                    .to_owned(),
                [2, 0, 1],
            ),
            (
                format!("(component $c {module} {twice}) (instance (instantiate $c)) (instance (instantiate $c))"),
                [4, 8, 4],
            ),
            // By another number, and from outside.
            (
                format!("{module} (component $c (alias outer 1 0 (core module $o)) (core instance (instantiate $o)))
                         (instance (instantiate $c))"),
                [1, 2, 1],
            ),
            (
                format!("(component $c {module} (export $e \"m\" (core module $m)) (core instance (instantiate $e)))
                         (instance (instantiate $c))"),
                [1, 2, 1],
            ),
            // Not followed, but an instance it will be.
            (
                format!("{module} (component $c (import \"m\" (core module $m)) (core instance (instantiate $m)))
                         (instance (instantiate $c (with \"m\" (core module $m))))"),
                [1, 0, 0],
            ),
        ] {
            assert_eq!(count(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_component_that_doubles_itself_is_no_work() {
        let mut text =
            "(component $c0 (core module $m) (core instance (instantiate $m)))".to_owned();
        for level in 1..100 {
            let before = level - 1;
            text += &format!(
                "(component $c{level} (alias outer 1 {before} (component $c))
                   (instance (instantiate $c)) (instance (instantiate $c)))"
            );
        }
        text += "(instance (instantiate $c99))";
        assert_eq!(count(&text), [u64::MAX, 0, 0]);
    }
}
