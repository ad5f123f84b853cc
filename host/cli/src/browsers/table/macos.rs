//! Browsers on macOS. A manifest is in `NativeMessagingHosts` of the folder named here.

use super::Browser;
use super::Folder::{Root, Support};

const CHROME_SYSTEM: &[super::Folder] = &[Root("/Library/Google/Chrome")];

const EDGE_SYSTEM: &[super::Folder] = &[Root("/Library/Microsoft/Edge")];

const MOZILLA_SYSTEM: &[super::Folder] = &[Root("/Library/Application Support/Mozilla")];

pub(super) const BROWSERS: &[Browser] = &[
    Browser {
        id: "chrome",
        name: "Google Chrome",
        profiles: &[Support("Google/Chrome")],
        programs: &["Google Chrome.app"],
        user: &[Support("Google/Chrome")],
        system: CHROME_SYSTEM,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chrome-beta",
        name: "Google Chrome Beta",
        profiles: &[Support("Google/Chrome Beta")],
        programs: &["Google Chrome Beta.app"],
        user: &[Support("Google/Chrome Beta")],
        system: CHROME_SYSTEM,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chrome-dev",
        name: "Google Chrome Dev",
        profiles: &[Support("Google/Chrome Dev")],
        programs: &["Google Chrome Dev.app"],
        user: &[Support("Google/Chrome Dev")],
        system: CHROME_SYSTEM,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chrome-canary",
        name: "Google Chrome Canary",
        profiles: &[Support("Google/Chrome Canary")],
        programs: &["Google Chrome Canary.app"],
        user: &[Support("Google/Chrome Canary")],
        system: CHROME_SYSTEM,
        ..Browser::CHROMIUM
    },
    // Its source and its documentation write the name differently.
    Browser {
        id: "chrome-for-testing",
        name: "Chrome for Testing",
        profiles: &[
            Support("Google/Chrome for Testing"),
            Support("Google/ChromeForTesting"),
        ],
        programs: &["Google Chrome for Testing.app"],
        user: &[
            Support("Google/Chrome for Testing"),
            Support("Google/ChromeForTesting"),
        ],
        system: &[Root("/Library/Google/ChromeForTesting")],
        ..Browser::CHROMIUM
    },
    Browser {
        id: "chromium",
        name: "Chromium",
        profiles: &[Support("Chromium")],
        programs: &["Chromium.app"],
        user: &[Support("Chromium")],
        system: &[Root("/Library/Application Support/Chromium")],
        ..Browser::CHROMIUM
    },
    Browser {
        id: "edge",
        name: "Microsoft Edge",
        profiles: &[Support("Microsoft Edge")],
        programs: &["Microsoft Edge.app"],
        user: &[Support("Microsoft Edge")],
        system: EDGE_SYSTEM,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "edge-beta",
        name: "Microsoft Edge Beta",
        profiles: &[Support("Microsoft Edge Beta")],
        programs: &["Microsoft Edge Beta.app"],
        user: &[Support("Microsoft Edge Beta")],
        system: EDGE_SYSTEM,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "edge-dev",
        name: "Microsoft Edge Dev",
        profiles: &[Support("Microsoft Edge Dev")],
        programs: &["Microsoft Edge Dev.app"],
        user: &[Support("Microsoft Edge Dev")],
        system: EDGE_SYSTEM,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "edge-canary",
        name: "Microsoft Edge Canary",
        profiles: &[Support("Microsoft Edge Canary")],
        programs: &["Microsoft Edge Canary.app"],
        user: &[Support("Microsoft Edge Canary")],
        system: EDGE_SYSTEM,
        ..Browser::CHROMIUM
    },
    // Its source reads Chrome's folder; most other tools write its own.
    Browser {
        id: "brave",
        name: "Brave",
        profiles: &[Support("BraveSoftware/Brave-Browser")],
        programs: &["Brave Browser.app"],
        user: &[
            Support("Google/Chrome"),
            Support("BraveSoftware/Brave-Browser"),
        ],
        system: CHROME_SYSTEM,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "vivaldi",
        name: "Vivaldi",
        profiles: &[Support("Vivaldi")],
        programs: &["Vivaldi.app"],
        user: &[Support("Vivaldi")],
        ..Browser::CHROMIUM
    },
    Browser {
        id: "opera",
        name: "Opera",
        profiles: &[Support("com.operasoftware.Opera")],
        programs: &["Opera.app"],
        user: &[Support("Google/Chrome")],
        system: CHROME_SYSTEM,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "arc",
        name: "Arc",
        profiles: &[Support("Arc/User Data")],
        programs: &["Arc.app"],
        user: &[Support("Arc/User Data")],
        system: &[Root("/Library/Application Support/Arc/User Data")],
        ..Browser::CHROMIUM
    },
    Browser {
        id: "yandex",
        name: "Yandex Browser",
        profiles: &[Support("Yandex/YandexBrowser")],
        programs: &["Yandex.app"],
        user: &[Support("Yandex/YandexBrowser")],
        ..Browser::CHROMIUM
    },
    Browser {
        id: "firefox",
        name: "Firefox",
        profiles: &[Support("Firefox")],
        programs: &[
            "Firefox.app",
            "Firefox Developer Edition.app",
            "Firefox Nightly.app",
        ],
        user: &[Support("Mozilla")],
        system: MOZILLA_SYSTEM,
        ..Browser::MOZILLA
    },
    Browser {
        id: "librewolf",
        name: "LibreWolf",
        profiles: &[Support("LibreWolf")],
        programs: &["LibreWolf.app"],
        user: &[Support("LibreWolf")],
        ..Browser::MOZILLA
    },
    Browser {
        id: "waterfox",
        name: "Waterfox",
        profiles: &[Support("Waterfox")],
        programs: &["Waterfox.app"],
        user: &[Support("Waterfox")],
        ..Browser::MOZILLA
    },
    Browser {
        id: "zen",
        name: "Zen",
        profiles: &[Support("zen")],
        programs: &["Zen.app", "Zen Browser.app"],
        user: &[Support("Mozilla")],
        system: MOZILLA_SYSTEM,
        ..Browser::MOZILLA
    },
    Browser {
        id: "floorp",
        name: "Floorp",
        profiles: &[Support("Floorp")],
        programs: &["Floorp.app"],
        user: &[Support("Mozilla")],
        system: MOZILLA_SYSTEM,
        ..Browser::MOZILLA
    },
    Browser {
        id: "tor",
        name: "Tor Browser",
        profiles: &[Support("TorBrowser-Data")],
        programs: &["Tor Browser.app"],
        user: &[Support("TorBrowser-Data/Browser/Mozilla")],
        ..Browser::MOZILLA
    },
    Browser {
        id: "thunderbird",
        name: "Thunderbird",
        profiles: &[Support("Thunderbird")],
        programs: &["Thunderbird.app"],
        user: &[Support("Mozilla")],
        system: MOZILLA_SYSTEM,
        ..Browser::MOZILLA
    },
];
