//! Numbers that look random and can be had again: what the property is tried with.
//!
//! No crate for it: a test that fails has to fail again by its seed, whatever version of which crate is there.

/// A sequence of numbers that looks random and is the same for the same seed (xorshift, Marsaglia 2003).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % sides
    }

    pub(super) fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

/// The seed that is used where none is set: any number but 0 does.
const SEED: u64 = 0x5eed_900d;

/// The seed that is set, or else the usual one.
pub(super) fn seed() -> u64 {
    match std::env::var("PORTCULLIS_TEST_SEED") {
        Ok(text) => text
            .parse()
            .expect("PORTCULLIS_TEST_SEED is a number above 0"),
        Err(_) => SEED,
    }
}
