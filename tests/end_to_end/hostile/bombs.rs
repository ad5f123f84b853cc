//! Case 54: components that no text can hold, since they are nested deeper than any reader of text goes.

use std::fs;

use portcullis_tests::Home;

use super::expect_refused;

/// The beginning of a component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The section that holds a component.
const NESTED: u8 = 4;

/// A component in a component in a component …
fn nested(depth: usize) -> Vec<u8> {
    // From the innermost outwards, each byte put at the end, so that the whole is turned once.
    let mut turned: Vec<u8> = COMPONENT.iter().rev().copied().collect();
    for _ in 0..depth {
        turned.extend(leb(turned.len()).iter().rev());
        turned.push(NESTED);
        turned.extend(COMPONENT.iter().rev());
    }
    turned.reverse();
    turned
}

/// A number as the binary format writes it.
fn leb(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).expect("seven bits");
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// A thousand in each of a thousand: no level has more than the validator takes.
#[test]
fn a_million_components_are_refused() {
    let holding = |component: &[u8]| {
        let one = [&[NESTED][..], &leb(component.len()), component].concat();
        [COMPONENT, &one.repeat(1000)].concat()
    };
    let home = Home::new();
    let file = home.beside().join("many.wasm");
    fs::write(&file, holding(&holding(COMPONENT))).expect("a temporary folder takes a file");
    expect_refused(&home, &file, "more than 1000 components and modules");
}

#[test]
fn components_nested_deep_are_refused() {
    for (depth, words) in [
        (900, "it exports neither"),
        (1000, "more than 1000 components and modules"),
        (100_000, "more than 1000 components and modules"),
    ] {
        let home = Home::new();
        let file = home.beside().join("nested.wasm");
        fs::write(&file, nested(depth)).expect("a temporary folder takes a file");
        expect_refused(&home, &file, words);
    }
}
