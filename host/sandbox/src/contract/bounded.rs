//! What a guest hands over, with a bound that is checked before anything is copied.

use wasmtime::ValRaw;
use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, bad_type_info,
};
use wasmtime::component::{ComponentType, Lift};

/// A `string` of at most `LIMIT` bytes, or the news that it was longer.
pub(crate) type Text<const LIMIT: usize> = Bounded<String, LIMIT>;

/// A `list<u8>` of at most `LIMIT` bytes, or the news that it was longer.
pub(crate) type Bytes<const LIMIT: usize> = Bounded<Vec<u8>, LIMIT>;

/// Something of at most `LIMIT` bytes, or the news that it was longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bounded<T, const LIMIT: usize> {
    /// It.
    Within(T),
    /// It had so many bytes, or code units where it is a string and the guest's strings are UTF-16. Not copied.
    TooLong(usize),
}

/// What wasmtime hands over as an address and a length.
pub(crate) trait Counted: Lift + ComponentType<Lower = [ValRaw; 2]> {
    /// The bits of a lowered length that count.
    const LENGTH_MASK: u32;

    /// Its length in bytes once it is here.
    fn length(&self) -> usize;

    /// Lifts it in a way that is quicker than wasmtime's. `None` where there is none, or where what is found there is not
    /// right: wasmtime then says what is wrong.
    fn lift_quickly(
        context: &mut LiftContext<'_>,
        address: u32,
        length: u32,
    ) -> Option<wasmtime::Result<Self>>;
}

impl Counted for Vec<u8> {
    const LENGTH_MASK: u32 = u32::MAX;

    fn length(&self) -> usize {
        self.len()
    }

    fn lift_quickly(_: &mut LiftContext<'_>, _: u32, _: u32) -> Option<wasmtime::Result<Self>> {
        None
    }
}

impl Counted for String {
    // The top bit marks, in one of the three encodings of strings, that the others count UTF-16 code units.
    const LENGTH_MASK: u32 = !(1 << 31);

    fn length(&self) -> usize {
        self.len()
    }

    fn lift_quickly(
        context: &mut LiftContext<'_>,
        address: u32,
        length: u32,
    ) -> Option<wasmtime::Result<Self>> {
        if context.options().string_encoding != StringEncoding::Utf8 {
            return None;
        }
        let (from, length) = (
            usize::try_from(address).ok()?,
            usize::try_from(length).ok()?,
        );
        let bytes = context.memory().get(from..)?.get(..length)?;
        // The standard library's check takes ten times as long where the text is not ASCII.
        let text = simdutf8::basic::from_utf8(bytes).ok()?;
        Some(context.consume_fuel(length).map(|()| text.to_owned()))
    }
}

impl<T: Counted, const LIMIT: usize> Bounded<T, LIMIT> {
    fn within(lifted: T) -> Self {
        // A UTF-16 string may grow on its way to UTF-8, so the bound holds for what came out as well.
        match lifted.length() {
            length if length > LIMIT => Self::TooLong(length),
            _ => Self::Within(lifted),
        }
    }

    /// The lowered length, where it is over the limit in any encoding.
    fn too_long(length: u32) -> Option<Self> {
        let length = usize::try_from(length & T::LENGTH_MASK).unwrap_or(usize::MAX);
        (length > LIMIT).then_some(Self::TooLong(length))
    }

    fn lift(
        context: &mut LiftContext<'_>,
        [address, length]: [u32; 2],
        by_wasmtime: impl FnOnce(&mut LiftContext<'_>) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<Self> {
        if let Some(too_long) = Self::too_long(length) {
            return Ok(too_long);
        }
        let lifted = match T::lift_quickly(context, address, length) {
            Some(lifted) => lifted?,
            None => by_wasmtime(context)?,
        };
        Ok(Self::within(lifted))
    }
}

impl<const LIMIT: usize> Text<LIMIT> {
    /// The string, or a note in its place that says how long it was.
    pub(crate) fn or_note(self) -> String {
        match self {
            Self::Within(text) => text,
            Self::TooLong(length) => format!("(a text of {length} bytes, too long to pass on)"),
        }
    }
}

// SAFETY: the layout and the type check are those of `T`, to which all of it is delegated.
unsafe impl<T: Counted, const LIMIT: usize> ComponentType for Bounded<T, LIMIT> {
    type Lower = <T as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <T as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        <T as ComponentType>::typecheck(ty, types)
    }
}

// SAFETY: both kinds are lowered as an address and a length. These are read here to refuse, and to lift a string as
// wasmtime does: within the bounds of memory, with the fuel charged, as UTF-8 that was checked. All else is lifted by `T`.
unsafe impl<T: Counted, const LIMIT: usize> Lift for Bounded<T, LIMIT> {
    fn linear_lift_from_flat(
        context: &mut LiftContext<'_>,
        ty: InterfaceType,
        source: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        let pair = source.each_ref().map(ValRaw::get_u32);
        Self::lift(context, pair, |context| {
            T::linear_lift_from_flat(context, ty, source)
        })
    }

    fn linear_lift_from_memory(
        context: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        let (Some(address), Some(length)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>())
        else {
            bad_type_info()
        };
        let pair = [*address, *length].map(u32::from_le_bytes);
        Self::lift(context, pair, |context| {
            T::linear_lift_from_memory(context, ty, bytes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTF16_TAG: u32 = 1 << 31;

    #[test]
    fn lengths_of_strings_are_judged_in_every_encoding() {
        for (length, expected) in [
            (0, None),
            (10, None),
            (11, Some(Text::TooLong(11))),
            (UTF16_TAG | 10, None),
            (UTF16_TAG | 11, Some(Text::TooLong(11))),
        ] {
            assert_eq!(Text::<10>::too_long(length), expected);
        }
        assert_eq!(Text::<3>::within("four".to_owned()), Text::TooLong(4));
    }

    #[test]
    fn lengths_of_lists_are_judged_whole() {
        for (length, expected) in [
            (0, None),
            (10, None),
            (11, Some(Bytes::TooLong(11))),
            (u32::MAX, Some(Bytes::TooLong(u32::MAX as usize))),
        ] {
            assert_eq!(Bytes::<10>::too_long(length), expected);
        }
    }
}
