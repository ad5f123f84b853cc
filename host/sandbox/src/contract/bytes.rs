//! A `list<u8>` from a guest with a bound that is checked before anything is copied.

use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, bad_type_info,
};
use wasmtime::component::{ComponentType, Lift};

/// A `list<u8>` of at most `LIMIT` bytes, or the news that it was longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bytes<const LIMIT: usize> {
    /// The bytes.
    Within(Vec<u8>),
    /// So many bytes. Not copied.
    TooLong(usize),
}

/// The length of a lowered list, where it is over the limit.
fn too_long(length: u32, limit: usize) -> Option<usize> {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    (length > limit).then_some(length)
}

// SAFETY: the layout and the type check are those of `[u8]`, to which all of it is delegated.
unsafe impl<const LIMIT: usize> ComponentType for Bytes<LIMIT> {
    type Lower = <[u8] as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <[u8] as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <[u8] as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: a list is lowered as a pointer and a length. Only the length is read here, and only to refuse; what is not
// refused is lifted by `Vec<u8>`, which checks the bounds, charges the fuel and copies.
unsafe impl<const LIMIT: usize> Lift for Bytes<LIMIT> {
    fn linear_lift_from_flat(
        context: &mut LiftContext<'_>,
        ty: InterfaceType,
        source: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        match too_long(source[1].get_u32(), LIMIT) {
            Some(length) => Ok(Self::TooLong(length)),
            None => Vec::linear_lift_from_flat(context, ty, source).map(Self::Within),
        }
    }

    fn linear_lift_from_memory(
        context: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        let Some(length) = bytes.last_chunk::<4>() else {
            bad_type_info()
        };
        match too_long(u32::from_le_bytes(*length), LIMIT) {
            Some(length) => Ok(Self::TooLong(length)),
            None => Vec::linear_lift_from_memory(context, ty, bytes).map(Self::Within),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_judged_whole() {
        for (length, expected) in [
            (0, None),
            (10, None),
            (11, Some(11)),
            (u32::MAX, Some(u32::MAX as usize)),
        ] {
            assert_eq!(too_long(length, 10), expected);
        }
    }
}
