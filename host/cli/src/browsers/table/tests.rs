//! Every row, held against the places that the browser was seen, read or documented to look in.

use portcullis_core::names::HostName;

use super::super::place::{Place, Scope};
use super::super::testing::Fake;
use super::*;

fn host() -> HostName {
    "com.example.notes".parse().expect("a name")
}

/// The places that are read, without the temporary folder and the name of the manifest; a `*` before those that are
/// written as well.
fn rows(platform: Platform) -> Vec<(&'static str, Vec<String>)> {
    let fake = Fake::new(platform);
    let machine = &fake.machine;
    let row = |browser: &'static Browser| {
        let mut written = machine.written_for(browser, Scope::User, &host());
        written.extend(machine.written_for(browser, Scope::System, &host()));
        let places = machine
            .read_by(browser, &host())
            .into_iter()
            .map(|(_, place)| {
                let mark = if written.contains(&place) { "*" } else { "" };
                let shown = match &place {
                    Place::File(path) => fake.shown(&path.display().to_string()),
                    // Keys have backslashes on every system.
                    Place::Key(key) => key.to_string(),
                };
                let shown = shown
                    .trim_end_matches(".json")
                    .trim_end_matches("com.example.notes");
                format!("{mark}{shown}")
            });
        (browser.id, places.collect())
    };
    machine.browsers().iter().map(row).collect()
}

fn check(platform: Platform, expected: &[(&str, &[&str])]) {
    let rows = rows(platform);
    let ids = |rows: Vec<&str>| rows.join(" ");
    assert_eq!(
        ids(rows.iter().map(|(id, _)| *id).collect()),
        ids(expected.iter().map(|(id, _)| *id).collect()),
        "each row is expected to be one way"
    );
    for ((id, found), (_, expected)) in rows.iter().zip(expected) {
        assert_eq!(found, expected, "{id} on {platform:?}");
    }
}

#[test]
fn linux() {
    const CHROME: &str = "*/system/etc/opt/chrome/native-messaging-hosts/";
    const CHROME_TOO: &str = "/system/etc/opt/chrome/native-messaging-hosts/";
    const EDGE: &str = "*/system/etc/opt/edge/native-messaging-hosts/";
    const FIREFOX: &[&str] = &[
        "*/user/.mozilla/native-messaging-hosts/",
        "*/system/usr/lib/mozilla/native-messaging-hosts/",
        "*/system/usr/lib64/mozilla/native-messaging-hosts/",
    ];
    check(
        Platform::Linux,
        &[
            (
                "chrome",
                &["*/user/.config/google-chrome/NativeMessagingHosts/", CHROME],
            ),
            (
                "chrome-beta",
                &[
                    "*/user/.config/google-chrome-beta/NativeMessagingHosts/",
                    CHROME,
                ],
            ),
            (
                "chrome-dev",
                &[
                    "*/user/.config/google-chrome-unstable/NativeMessagingHosts/",
                    CHROME,
                ],
            ),
            (
                "chrome-canary",
                &[
                    "*/user/.config/google-chrome-canary/NativeMessagingHosts/",
                    CHROME,
                ],
            ),
            (
                "chrome-for-testing",
                &[
                    "*/user/.config/google-chrome-for-testing/NativeMessagingHosts/",
                    "*/system/etc/opt/chrome_for_testing/native-messaging-hosts/",
                ],
            ),
            (
                "chromium",
                &[
                    "*/user/.config/chromium/NativeMessagingHosts/",
                    "*/system/etc/chromium/native-messaging-hosts/",
                ],
            ),
            (
                "edge",
                &[
                    "*/user/.config/microsoft-edge/NativeMessagingHosts/",
                    EDGE,
                    CHROME_TOO,
                ],
            ),
            (
                "edge-beta",
                &[
                    "*/user/.config/microsoft-edge-beta/NativeMessagingHosts/",
                    EDGE,
                    CHROME_TOO,
                ],
            ),
            (
                "edge-dev",
                &[
                    "*/user/.config/microsoft-edge-dev/NativeMessagingHosts/",
                    EDGE,
                    CHROME_TOO,
                ],
            ),
            (
                "brave",
                &[
                    "*/user/.config/BraveSoftware/Brave-Browser/NativeMessagingHosts/",
                    CHROME,
                ],
            ),
            (
                "vivaldi",
                &["*/user/.config/vivaldi/NativeMessagingHosts/", CHROME],
            ),
            (
                "vivaldi-snapshot",
                &[
                    "*/user/.config/vivaldi-snapshot/NativeMessagingHosts/",
                    CHROME,
                ],
            ),
            (
                "opera",
                &["*/user/.config/google-chrome/NativeMessagingHosts/", CHROME],
            ),
            (
                "yandex",
                &[
                    "*/user/.config/yandex-browser/NativeMessagingHosts/",
                    "*/system/etc/opt/yandex-browser/native-messaging-hosts/",
                ],
            ),
            (
                "chromium-snap",
                &["*/user/snap/chromium/common/chromium/NativeMessagingHosts/"],
            ),
            (
                "chrome-flatpak",
                &["*/user/.var/app/com.google.Chrome/config/google-chrome/NativeMessagingHosts/"],
            ),
            (
                "chromium-flatpak",
                &["*/user/.var/app/org.chromium.Chromium/config/chromium/NativeMessagingHosts/"],
            ),
            (
                "edge-flatpak",
                &["*/user/.var/app/com.microsoft.Edge/config/microsoft-edge/NativeMessagingHosts/"],
            ),
            (
                "brave-flatpak",
                &[
                    "*/user/.var/app/com.brave.Browser/config/BraveSoftware/Brave-Browser/NativeMessagingHosts/",
                ],
            ),
            (
                "vivaldi-flatpak",
                &["*/user/.var/app/com.vivaldi.Vivaldi/config/vivaldi/NativeMessagingHosts/"],
            ),
            ("firefox", FIREFOX),
            ("firefox-snap", FIREFOX),
            ("firefox-flatpak", FIREFOX),
            (
                "librewolf",
                &[
                    "*/user/.librewolf/native-messaging-hosts/",
                    "*/system/usr/lib/librewolf/native-messaging-hosts/",
                    "*/system/usr/lib64/librewolf/native-messaging-hosts/",
                ],
            ),
            (
                "waterfox",
                &[
                    "*/user/.waterfox/native-messaging-hosts/",
                    "*/system/usr/lib/waterfox/native-messaging-hosts/",
                    "*/system/usr/lib64/waterfox/native-messaging-hosts/",
                ],
            ),
            ("zen", FIREFOX),
            ("floorp", FIREFOX),
            (
                "tor",
                &[
                    "*/user/.local/share/torbrowser/tbb/x86_64/tor-browser/Browser/TorBrowser/Data/Browser/.mozilla/native-messaging-hosts/",
                ],
            ),
            (
                "tor-en-us",
                &[
                    "*/user/.local/share/torbrowser/tbb/x86_64/tor-browser_en-US/Browser/TorBrowser/Data/Browser/.mozilla/native-messaging-hosts/",
                ],
            ),
            ("thunderbird", FIREFOX),
        ],
    );
}

#[test]
fn macos() {
    const CHROME: &str = "*/system/Library/Google/Chrome/NativeMessagingHosts/";
    const EDGE: &str = "*/system/Library/Microsoft/Edge/NativeMessagingHosts/";
    const USERS_CHROME: &str =
        "*/user/Library/Application Support/Google/Chrome/NativeMessagingHosts/";
    const FIREFOX: &[&str] = &[
        "*/user/Library/Application Support/Mozilla/NativeMessagingHosts/",
        "*/system/Library/Application Support/Mozilla/NativeMessagingHosts/",
    ];
    check(
        Platform::MacOs,
        &[
            ("chrome", &[USERS_CHROME, CHROME]),
            (
                "chrome-beta",
                &[
                    "*/user/Library/Application Support/Google/Chrome Beta/NativeMessagingHosts/",
                    CHROME,
                ],
            ),
            (
                "chrome-dev",
                &[
                    "*/user/Library/Application Support/Google/Chrome Dev/NativeMessagingHosts/",
                    CHROME,
                ],
            ),
            (
                "chrome-canary",
                &[
                    "*/user/Library/Application Support/Google/Chrome Canary/NativeMessagingHosts/",
                    CHROME,
                ],
            ),
            (
                "chrome-for-testing",
                &[
                    "*/user/Library/Application Support/Google/Chrome for Testing/NativeMessagingHosts/",
                    "*/user/Library/Application Support/Google/ChromeForTesting/NativeMessagingHosts/",
                    "*/system/Library/Google/ChromeForTesting/NativeMessagingHosts/",
                ],
            ),
            (
                "chromium",
                &[
                    "*/user/Library/Application Support/Chromium/NativeMessagingHosts/",
                    "*/system/Library/Application Support/Chromium/NativeMessagingHosts/",
                ],
            ),
            (
                "edge",
                &[
                    "*/user/Library/Application Support/Microsoft Edge/NativeMessagingHosts/",
                    EDGE,
                ],
            ),
            (
                "edge-beta",
                &[
                    "*/user/Library/Application Support/Microsoft Edge Beta/NativeMessagingHosts/",
                    EDGE,
                ],
            ),
            (
                "edge-dev",
                &[
                    "*/user/Library/Application Support/Microsoft Edge Dev/NativeMessagingHosts/",
                    EDGE,
                ],
            ),
            (
                "edge-canary",
                &[
                    "*/user/Library/Application Support/Microsoft Edge Canary/NativeMessagingHosts/",
                    EDGE,
                ],
            ),
            (
                "brave",
                &[
                    USERS_CHROME,
                    "*/user/Library/Application Support/BraveSoftware/Brave-Browser/NativeMessagingHosts/",
                    CHROME,
                ],
            ),
            (
                "vivaldi",
                &["*/user/Library/Application Support/Vivaldi/NativeMessagingHosts/"],
            ),
            ("opera", &[USERS_CHROME, CHROME]),
            (
                "arc",
                &[
                    "*/user/Library/Application Support/Arc/User Data/NativeMessagingHosts/",
                    "*/system/Library/Application Support/Arc/User Data/NativeMessagingHosts/",
                ],
            ),
            (
                "yandex",
                &["*/user/Library/Application Support/Yandex/YandexBrowser/NativeMessagingHosts/"],
            ),
            ("firefox", FIREFOX),
            (
                "librewolf",
                &["*/user/Library/Application Support/LibreWolf/NativeMessagingHosts/"],
            ),
            (
                "waterfox",
                &["*/user/Library/Application Support/Waterfox/NativeMessagingHosts/"],
            ),
            ("zen", FIREFOX),
            ("floorp", FIREFOX),
            (
                "tor",
                &[
                    "*/user/Library/Application Support/TorBrowser-Data/Browser/Mozilla/NativeMessagingHosts/",
                ],
            ),
            ("thunderbird", FIREFOX),
        ],
    );
}

#[test]
fn windows() {
    // The user's two views are one, so the second is shown like the first, and is written with it.
    const CHROME: &[&str] = &[
        r"*HKCU\Software\Google\Chrome\NativeMessagingHosts\",
        r"HKCU\Software\Google\Chrome\NativeMessagingHosts\",
        r"*HKLM\Software\WOW6432Node\Google\Chrome\NativeMessagingHosts\",
        r"HKLM\Software\Google\Chrome\NativeMessagingHosts\",
    ];
    const UNBRANDED: &[&str] = &[
        r"*HKCU\Software\Chromium\NativeMessagingHosts\",
        r"*HKCU\Software\Google\Chrome\NativeMessagingHosts\",
        r"HKCU\Software\Chromium\NativeMessagingHosts\",
        r"HKCU\Software\Google\Chrome\NativeMessagingHosts\",
        r"*HKLM\Software\WOW6432Node\Chromium\NativeMessagingHosts\",
        r"*HKLM\Software\WOW6432Node\Google\Chrome\NativeMessagingHosts\",
        r"HKLM\Software\Chromium\NativeMessagingHosts\",
        r"HKLM\Software\Google\Chrome\NativeMessagingHosts\",
    ];
    const EDGE: &[&str] = &[
        r"*HKCU\Software\Microsoft\Edge\NativeMessagingHosts\",
        r"HKCU\Software\Chromium\NativeMessagingHosts\",
        r"HKCU\Software\Google\Chrome\NativeMessagingHosts\",
        r"*HKLM\Software\WOW6432Node\Microsoft\Edge\NativeMessagingHosts\",
        r"HKLM\Software\WOW6432Node\Chromium\NativeMessagingHosts\",
        r"HKLM\Software\WOW6432Node\Google\Chrome\NativeMessagingHosts\",
        r"HKLM\Software\Microsoft\Edge\NativeMessagingHosts\",
        r"HKLM\Software\Chromium\NativeMessagingHosts\",
        r"HKLM\Software\Google\Chrome\NativeMessagingHosts\",
    ];
    const YANDEX: &[&str] = &[
        r"*HKCU\Software\Yandex\YandexBrowser\NativeMessagingHosts\",
        r"*HKCU\Software\YandexBrowser\NativeMessagingHosts\",
        r"HKCU\Software\Yandex\YandexBrowser\NativeMessagingHosts\",
        r"HKCU\Software\YandexBrowser\NativeMessagingHosts\",
        r"*HKLM\Software\WOW6432Node\Yandex\YandexBrowser\NativeMessagingHosts\",
        r"*HKLM\Software\WOW6432Node\YandexBrowser\NativeMessagingHosts\",
        r"HKLM\Software\Yandex\YandexBrowser\NativeMessagingHosts\",
        r"HKLM\Software\YandexBrowser\NativeMessagingHosts\",
    ];
    const FIREFOX: &[&str] = &[
        r"*HKCU\Software\Mozilla\NativeMessagingHosts\",
        r"*HKLM\Software\WOW6432Node\Mozilla\NativeMessagingHosts\",
        r"HKLM\Software\Mozilla\NativeMessagingHosts\",
    ];
    check(
        Platform::Windows,
        &[
            ("chrome", CHROME),
            ("chrome-beta", CHROME),
            ("chrome-dev", CHROME),
            ("chrome-canary", CHROME),
            ("chrome-for-testing", CHROME),
            ("chromium", UNBRANDED),
            ("edge", EDGE),
            ("edge-beta", EDGE),
            ("edge-dev", EDGE),
            ("edge-canary", EDGE),
            ("brave", UNBRANDED),
            ("vivaldi", UNBRANDED),
            ("opera", UNBRANDED),
            ("yandex", YANDEX),
            ("firefox", FIREFOX),
            ("librewolf", FIREFOX),
            ("waterfox", FIREFOX),
            ("zen", FIREFOX),
            ("floorp", FIREFOX),
            ("tor", FIREFOX),
            ("thunderbird", FIREFOX),
        ],
    );
}

#[test]
fn settings_may_lie_elsewhere() {
    let mut fake = Fake::new(Platform::Linux);
    let chromium = find(Platform::Linux, "chromium").expect("a row");
    let mut expect = |config: Option<&str>, chrome: Option<&str>, expected: &str| {
        fake.machine.surroundings.config_home = config.map(Into::into);
        fake.machine.surroundings.chrome_config_home = chrome.map(Into::into);
        let places = fake.machine.written_for(chromium, Scope::User, &host());
        let shown: Vec<_> = places
            .iter()
            .map(|place| fake.shown(&place.to_string()))
            .collect();
        assert_eq!(
            shown,
            [format!(
                "{expected}/chromium/NativeMessagingHosts/com.example.notes.json"
            )]
        );
    };
    expect(None, None, "/user/.config");
    expect(Some("/settings"), None, "/settings");
    expect(Some("/settings"), Some("/chrome"), "/chrome");
}

#[test]
fn ids_are_unique_and_rows_complete() {
    for platform in [Platform::Linux, Platform::MacOs, Platform::Windows] {
        let rows = browsers(platform);
        for (place, browser) in rows.iter().enumerate() {
            assert!(
                !browser.id.is_empty() && !browser.name.is_empty(),
                "row {place}"
            );
            assert!(
                rows[..place]
                    .iter()
                    .all(|other| other.id != browser.id && other.name != browser.name)
            );
            let is_findable = !browser.profiles.is_empty() || !browser.programs.is_empty();
            assert!(
                is_findable || (platform, browser.id) == (Platform::Windows, "tor"),
                "{}",
                browser.id
            );
            assert_eq!(
                platform == Platform::Windows,
                browser.user.is_empty(),
                "{}",
                browser.id
            );
            assert_eq!(
                platform == Platform::Windows,
                !browser.keys.is_empty(),
                "{}",
                browser.id
            );
        }
    }
}
