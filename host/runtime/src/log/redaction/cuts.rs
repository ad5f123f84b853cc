//! What a cut has left of a value: its beginning, right before the cut.
//!
//! The deciding choice: only the last few cuts of a text are looked at, and each form is compared in steps that grow
//! with its length and no faster. A guest chooses both what it prints and, where it may, the value: a line full of cuts
//! must cost no more than one with a few.
//!
//! It does not look for what is whole. That is gone before.

use std::borrow::Cow;

use super::{MARK, SHORTEST};

/// Stands where a text was cut, in every such text of this project.
const CUT: char = '…';

/// The cuts of one text that are looked at, from its end. The log's own cut of a line is the last; a line of the host's
/// own may quote a few texts that were cut before.
const MOST_CUTS: usize = 4;

/// The text without what stands right before its last cuts and is the beginning of one of these. `same` compares two
/// bytes.
pub(super) fn without_beginnings<'t>(
    text: Cow<'t, str>,
    forms: &[String],
    same: &mut impl FnMut(u8, u8) -> bool,
) -> Cow<'t, str> {
    let mut cuts: Vec<usize> = text
        .rmatch_indices(CUT)
        .map(|(at, _)| at)
        .take(MOST_CUTS)
        .collect();
    cuts.reverse();
    let mut kept = String::new();
    let mut done = 0;
    for cut in cuts {
        let before = &text[done..cut];
        let lengths = forms.iter().map(|form| beginning(before, form, same));
        let length = lengths.max().unwrap_or_default();
        if length > 0 {
            kept.push_str(&before[..before.len() - length]);
            kept.push_str(MARK);
            done = cut;
        }
    }
    if done == 0 {
        return text;
    }
    kept.push_str(&text[done..]);
    kept.into()
}

/// The length of the longest beginning of `form` that `before` ends with, in bytes; none where it is shorter than what
/// is looked for.
fn beginning(before: &str, form: &str, same: &mut impl FnMut(u8, u8) -> bool) -> usize {
    let (before, form) = (before.as_bytes(), form.as_bytes());
    let longest = before.len().min(form.len());
    let (end, form) = (&before[before.len() - longest..], &form[..longest]);
    // Most texts have nothing of most forms.
    let Some(head) = form.first_chunk::<SHORTEST>() else {
        return 0;
    };
    let Some(start) = end.windows(SHORTEST).position(|window| window == head) else {
        return 0;
    };
    let end = &end[start..];
    let form = &form[..end.len()];
    // As Knuth, Morris and Pratt search: for each beginning of the form, the longest shorter one that it ends with. So
    // no byte of the text is looked at anew, whatever repeats itself.
    let mut shorter = vec![0; form.len()];
    let mut length = 0;
    for at in 1..form.len() {
        length = grown(form, &shorter, length, form[at], same);
        shorter[at] = length;
    }
    let mut length = 0;
    for byte in end {
        length = grown(form, &shorter, length, *byte, same);
    }
    if length < SHORTEST { 0 } else { length }
}

/// How much of the beginning of `form` stands at the end of a text, where it was `length` before this byte.
fn grown(
    form: &[u8],
    shorter: &[usize],
    mut length: usize,
    byte: u8,
    same: &mut impl FnMut(u8, u8) -> bool,
) -> usize {
    loop {
        if length < form.len() && same(form[length], byte) {
            return length + 1;
        }
        if length == 0 {
            return 0;
        }
        length = shorter[length - 1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, form: &str) -> String {
        without_beginnings(text.into(), &[form.to_owned()], &mut |a, b| a == b).into_owned()
    }

    #[test]
    fn the_longest_beginning_before_a_cut_is_taken() {
        for (text, form, expected) in [
            ("aaaaaa… x", "aaaab", "aa[secret]… x"),
            ("abcabcabcab…", "abcabcabd", "abc[secret]…"),
            ("abcabd…", "abcabcabd", "abcabd…"),
            ("xäöü…", "äöüß", "x[secret]…"),
            ("xäöß…", "äöüß", "xäöß…"),
            ("abc…", "abcd", "abc…"),
            ("abcd", "abcdef", "abcd"),
            ("…", "abcdef", "…"),
        ] {
            assert_eq!(without(text, form), expected, "{text} {form}");
        }
    }

    #[test]
    fn the_last_cuts_are_looked_at_and_no_others() {
        let text = "abcd… ".repeat(MOST_CUTS + 1);
        let expected = format!("abcd… {}", "[secret]… ".repeat(MOST_CUTS));
        assert_eq!(without(&text, "abcdef"), expected);
    }
}
