//! A string from a guest with a bound that is checked before anything is copied.

use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, bad_type_info,
};
use wasmtime::component::{ComponentType, Lift};

/// A `string` of at most `LIMIT` bytes, or the news that it was longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text<const LIMIT: usize> {
    /// The string.
    Within(String),
    /// A string of so many bytes, or code units where the guest's strings are UTF-16. Not copied.
    TooLong(usize),
}

impl<const LIMIT: usize> Text<LIMIT> {
    /// The string, or a note in its place that says how long it was.
    pub(crate) fn or_note(self) -> String {
        match self {
            Self::Within(text) => text,
            Self::TooLong(length) => format!("(a text of {length} bytes, too long to pass on)"),
        }
    }

    fn within(text: String) -> Self {
        // A UTF-16 string may grow on its way to UTF-8, so the bound holds for what came out as well.
        if text.len() > LIMIT {
            Self::TooLong(text.len())
        } else {
            Self::Within(text)
        }
    }
}

/// The top bit of a length marks, in one of the three encodings of strings, that it counts UTF-16 code units.
const UTF16_TAG: u32 = 1 << 31;

/// The length of a lowered string, where it is over the limit in any encoding.
fn too_long(length: u32, limit: usize) -> Option<usize> {
    let length = usize::try_from(length & !UTF16_TAG).unwrap_or(usize::MAX);
    (length > limit).then_some(length)
}

// SAFETY: the layout and the type check are those of `str`, to which all of it is delegated.
unsafe impl<const LIMIT: usize> ComponentType for Text<LIMIT> {
    type Lower = <str as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <str as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <str as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: a string is lowered as a pointer and a length. Only the length is read here, and only to refuse; what is
// not refused is lifted by `String`, which checks the bounds, charges the fuel and copies.
unsafe impl<const LIMIT: usize> Lift for Text<LIMIT> {
    fn linear_lift_from_flat(
        context: &mut LiftContext<'_>,
        ty: InterfaceType,
        source: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        match too_long(source[1].get_u32(), LIMIT) {
            Some(length) => Ok(Self::TooLong(length)),
            None => String::linear_lift_from_flat(context, ty, source).map(Self::within),
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
            None => String::linear_lift_from_memory(context, ty, bytes).map(Self::within),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_judged_in_every_encoding() {
        for (length, expected) in [
            (0, None),
            (10, None),
            (11, Some(11)),
            (UTF16_TAG | 10, None),
            (UTF16_TAG | 11, Some(11)),
        ] {
            assert_eq!(too_long(length, 10), expected);
        }
        assert_eq!(Text::<3>::within("four".to_owned()), Text::TooLong(4));
    }
}
