//! A message on its way into a guest.
//!
//! The decision that shaped it: a long message is moved, not copied. It is taken over from its end, piece by piece, and
//! the host's buffer is given back to the system behind it, so that a message of 64 MiB is there once and not twice.

use std::mem::{self, MaybeUninit};
use std::sync::{Mutex, PoisonError};

use wasmtime::ValRaw;
use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LowerContext,
};
use wasmtime::component::{ComponentType, Lower};

use crate::pages;

/// A message for a plugin.
#[derive(Debug)]
pub struct Incoming<'a> {
    kept: &'a str,
    /// In place of it; checked to be UTF-8.
    moved: Option<Mutex<Vec<u8>>>,
}

/// Bytes that are in two places at a time while a message is moved.
const PIECE: usize = 1024 * 1024;

impl<'a> Incoming<'a> {
    /// A message whose text stays where it is.
    #[must_use]
    pub fn kept(text: &'a str) -> Self {
        Self {
            kept: text,
            moved: None,
        }
    }

    /// A message of which nothing is left once the plugin has it. `None` where it is not UTF-8.
    #[must_use]
    pub fn moved(text: Vec<u8>) -> Option<Self> {
        simdutf8::basic::from_utf8(&text).ok()?;
        Some(Self {
            kept: "",
            moved: Some(Mutex::new(text)),
        })
    }

    /// What is to be moved, once.
    fn take_moved(&self) -> Vec<u8> {
        let Some(moved) = &self.moved else {
            return Vec::new();
        };
        // Nothing runs under the lock.
        mem::take(&mut *moved.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lower<T>(
        &self,
        context: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        target: &mut MaybeUninit<[ValRaw; 2]>,
    ) -> wasmtime::Result<()> {
        let mut rest = self.take_moved();
        if rest.is_empty() {
            return self.kept.linear_lower_to_flat(context, ty, target);
        }
        if context.options().string_encoding != StringEncoding::Utf8 {
            let text = simdutf8::basic::from_utf8(&rest)?;
            return text.linear_lower_to_flat(context, ty, target);
        }
        let length = rest.len();
        let address = context.realloc(0, 0, 1, length)?;
        // `realloc` has checked that this is within the guest's memory.
        let memory = &mut context.as_slice_mut()[address..][..length];
        while !rest.is_empty() {
            let from = rest.len().saturating_sub(PIECE);
            let piece = &mut memory[from..rest.len()];
            pages::ask_for(piece);
            piece.copy_from_slice(&rest[from..]);
            rest.truncate(from);
            rest.shrink_to_fit();
        }
        target.write([address, length].map(|number| ValRaw::u64(number as u64)));
        Ok(())
    }
}

// SAFETY: the layout and the type check are those of `str`.
unsafe impl ComponentType for Incoming<'_> {
    type Lower = <str as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <str as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <str as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: a string is lowered as an address, from the guest's `realloc`, and a length, each as a whole 64 bits, as
// wasmtime does it for `str`; what was text here is written there unchanged where the guest's strings are UTF-8. All else
// is lowered by `str`.
unsafe impl Lower for Incoming<'_> {
    fn linear_lower_to_flat<T>(
        &self,
        context: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        target: &mut MaybeUninit<Self::Lower>,
    ) -> wasmtime::Result<()> {
        self.lower(context, ty, target)
    }

    fn linear_lower_to_memory<T>(
        &self,
        context: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        offset: usize,
    ) -> wasmtime::Result<()> {
        // Only a message among many other parameters would come here, and the contract has none.
        let moved = self.take_moved();
        let text = match moved.as_slice() {
            [] => self.kept,
            moved => simdutf8::basic::from_utf8(moved)?,
        };
        text.linear_lower_to_memory(context, ty, offset)
    }
}
