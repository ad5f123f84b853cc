//! One byte budget over everything that a guest can make the host keep for it.
//!
//! wasmtime's own `StoreLimits` bounds each memory alone, so sixteen memories have sixteen times the bytes. Here all
//! linear memories and tables share one sum. Growth beyond it is denied, not trapped: an allocator that is told so can
//! still answer. The refusal is remembered, so that a guest that dies of it is reported as out of memory.

use wasmtime::ResourceLimiter;

/// Bytes that a table's element takes: a function reference is one pointer.
const ELEMENT_SIZE: u64 = 8;

/// Core instances in one component. A JavaScript or Python component has fewer than ten.
const INSTANCE_LIMIT: usize = 64;

/// Tables in one component, for the same reason.
const TABLE_LIMIT: usize = 64;

/// Memories in one component: one, or two with an adapter; each reserves address space.
const MEMORY_LIMIT: usize = 16;

/// The budget of one store.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    used: u64,
    refused: Option<u64>,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Self {
        Self {
            limit,
            used: 0,
            refused: None,
        }
    }

    /// What the guest was last refused in this call: the bytes that it would have had in all.
    pub(super) fn refusal(&self) -> Option<u64> {
        self.refused
    }

    /// A new call begins: what was refused in an earlier one has been survived.
    pub(super) fn forget_refusal(&mut self) {
        self.refused = None;
    }

    fn grow(&mut self, by: u64) -> bool {
        let wanted = self.used.saturating_add(by);
        if wanted > self.limit {
            self.refused = Some(wanted);
            return false;
        }
        self.used = wanted;
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
        Ok(self.grow(desired.saturating_sub(current) as u64))
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
        Ok(self.grow(elements.saturating_mul(ELEMENT_SIZE)))
    }

    fn instances(&self) -> usize {
        INSTANCE_LIMIT
    }

    fn tables(&self) -> usize {
        TABLE_LIMIT
    }

    fn memories(&self) -> usize {
        MEMORY_LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_sum() {
        let mut budget = Budget::new(1000);
        assert!(budget.memory_growing(0, 400, None).expect("never fails"));
        assert!(budget.memory_growing(0, 400, None).expect("never fails"));
        assert!(!budget.memory_growing(400, 700, None).expect("never fails"));
        assert_eq!(budget.refusal(), Some(1100));
        assert!(budget.table_growing(0, 25, None).expect("never fails"));
        assert!(!budget.table_growing(25, 26, None).expect("never fails"));
        budget.forget_refusal();
        assert!(!budget.memory_growing(0, 10, Some(5)).expect("never fails"));
        assert_eq!(budget.refusal(), None);
        assert!(
            !budget
                .memory_growing(0, usize::MAX, None)
                .expect("never fails")
        );
    }
}
