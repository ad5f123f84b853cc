//! A system for which no confinement has been written: every layer is absent, and said to be.

use super::{Layers, Needs};

pub(super) fn confine(_needs: &Needs<'_>, layers: &mut Layers) {
    layers.record("confinement", Err("not written for this system".to_owned()));
}
