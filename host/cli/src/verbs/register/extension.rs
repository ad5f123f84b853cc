//! An extension as a person names one.

use std::str::FromStr;

use portcullis_core::caller::{Origin, OriginError};

/// An origin, for which the bare id of Chromium's family is taken as well: that is what the browser's list of extensions
/// shows.
#[derive(Debug, Clone)]
pub(crate) struct Extension(pub(crate) Origin);

/// Characters of such an id.
const ID_LENGTH: usize = 32;

impl FromStr for Extension {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let is_id =
            text.len() == ID_LENGTH && text.bytes().all(|byte| (b'a'..=b'p').contains(&byte));
        let origin = if is_id {
            format!("chrome-extension://{text}/")
        } else {
            text.to_owned()
        };
        origin.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_an_origin() {
        for (text, origin) in [
            (
                "knldjmfmopnpolahpmmgbagdohdnhkik",
                Some("chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/"),
            ),
            (
                "chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/",
                Some("chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik/"),
            ),
            ("notes@example.com", Some("notes@example.com")),
            ("chrome-extension://knldjmfmopnpolahpmmgbagdohdnhkik", None),
            ("knldjmfmopnpolahpmmgbagdohdnhkiq", None),
            ("knldjmfmopnpolahpmmgbagdohdnhki", None),
            ("*", None),
        ] {
            let parsed: Option<Extension> = text.parse().ok();
            assert_eq!(parsed.as_ref().map(|one| one.0.as_str()), origin, "{text}");
        }
    }
}
