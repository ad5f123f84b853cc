//! Words of a command that a person can paste.

/// A word as a shell takes it back.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@=+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_takes_back_what_was_meant() {
        let cases = [
            ("echo", "echo"),
            ("chrome-extension://abc/", "chrome-extension://abc/"),
            ("{b9db16a4}", "'{b9db16a4}'"),
            ("", "''"),
            ("it's", "'it'\\''s'"),
            ("/type=\"1\"", "'/type=\"1\"'"),
        ];
        for (word, expected) in cases {
            assert_eq!(shell_word(word), expected);
        }
    }
}
