//! The names of a program's functions.

use std::collections::HashMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use object::{Object as _, ObjectSymbol as _, SymbolKind};

/// Every function, by where it lies.
pub(crate) struct Symbols {
    /// Sorted by their first address; none is in another.
    functions: Vec<(Range<u64>, String)>,
}

impl Symbols {
    /// Those of a program whose names were left in.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, or has none.
    pub(crate) fn of(program: &Path) -> Result<Self> {
        let bytes =
            fs::read(program).with_context(|| format!("failed to read `{}`", program.display()))?;
        let file = object::File::parse(&*bytes)?;
        let mut functions: Vec<(Range<u64>, String)> = file
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0)
            .filter_map(|symbol| {
                let extent = symbol.address()..symbol.address() + symbol.size();
                Some((extent, symbol.name().ok()?.to_owned()))
            })
            .collect();
        functions.sort_unstable_by_key(|(extent, _)| extent.start);
        // Of several names for one place the linker takes any.
        functions.dedup_by_key(|(extent, _)| extent.start);
        ensure!(!functions.is_empty(), "the program has no names in it");
        Ok(Self { functions })
    }

    /// The function at an address: where it lies, and its name.
    pub(crate) fn at(&self, address: u64) -> Option<(Range<u64>, &str)> {
        let after = self
            .functions
            .partition_point(|(extent, _)| extent.start <= address);
        let (extent, name) = self.functions.get(after.checked_sub(1)?)?;
        extent
            .contains(&address)
            .then(|| (extent.clone(), name.as_str()))
    }

    /// The length of these functions together, in bytes.
    pub(crate) fn bytes(&self, names: &[&str]) -> u64 {
        let lengths: HashMap<&str, u64> = self
            .functions
            .iter()
            .map(|(extent, name)| (name.as_str(), extent.end - extent.start))
            .collect();
        names.iter().filter_map(|name| lengths.get(name)).sum()
    }
}
