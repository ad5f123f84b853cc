//! Browsers on Windows. A manifest may lie anywhere; the default value of `<key>\<host name>` is its path. The keys named
//! here end before the host name.

use super::Browser;
use super::Folder::{Local, Roaming};
use crate::browsers::registry::{Hive, View};

/// In both of a user's views, which are one, and then in both of the machine's (`launch_context_win.cc`).
const CHROMIUM_VIEWS: &[(Hive, View)] = &[
    (Hive::User, View::Bits32),
    (Hive::User, View::Bits64),
    (Hive::Machine, View::Bits32),
    (Hive::Machine, View::Bits64),
];

/// What Edge documents, and what Firefox does (`NativeManifests.sys.mjs`).
const OTHER_VIEWS: &[(Hive, View)] = &[
    (Hive::User, View::Bits64),
    (Hive::Machine, View::Bits32),
    (Hive::Machine, View::Bits64),
];

const CHROME_KEY: &str = r"Software\Google\Chrome\NativeMessagingHosts";
const CHROMIUM_KEY: &str = r"Software\Chromium\NativeMessagingHosts";
const EDGE_KEY: &str = r"Software\Microsoft\Edge\NativeMessagingHosts";
const MOZILLA_KEY: &str = r"Software\Mozilla\NativeMessagingHosts";

const CHROME: Browser = Browser {
    programs: &["chrome.exe"],
    keys: &[CHROME_KEY],
    views: CHROMIUM_VIEWS,
    policies: Some(r"Software\Policies\Google\Chrome"),
    ..Browser::CHROMIUM
};

/// Builds without Google's brand try Chromium's key first.
const UNBRANDED: Browser = Browser {
    keys: &[CHROMIUM_KEY, CHROME_KEY],
    views: CHROMIUM_VIEWS,
    ..Browser::CHROMIUM
};

const EDGE: Browser = Browser {
    keys: &[EDGE_KEY],
    keys_fallback: &[CHROMIUM_KEY, CHROME_KEY],
    views: OTHER_VIEWS,
    policies: Some(r"Software\Policies\Microsoft\Edge"),
    ..Browser::CHROMIUM
};

const FIREFOX: Browser = Browser {
    keys: &[MOZILLA_KEY],
    views: OTHER_VIEWS,
    ..Browser::MOZILLA
};

pub(super) const BROWSERS: &[Browser] = &[
    Browser {
        id: "chrome",
        name: "Google Chrome",
        profiles: &[Local("Google/Chrome/User Data")],
        ..CHROME
    },
    Browser {
        id: "chrome-beta",
        name: "Google Chrome Beta",
        profiles: &[Local("Google/Chrome Beta/User Data")],
        programs: &[],
        ..CHROME
    },
    Browser {
        id: "chrome-dev",
        name: "Google Chrome Dev",
        profiles: &[Local("Google/Chrome Dev/User Data")],
        programs: &[],
        ..CHROME
    },
    Browser {
        id: "chrome-canary",
        name: "Google Chrome Canary",
        profiles: &[Local("Google/Chrome SxS/User Data")],
        programs: &[],
        ..CHROME
    },
    Browser {
        id: "chrome-for-testing",
        name: "Chrome for Testing",
        profiles: &[Local("Google/Chrome for Testing/User Data")],
        programs: &[],
        ..CHROME
    },
    Browser {
        id: "chromium",
        name: "Chromium",
        profiles: &[Local("Chromium/User Data")],
        policies: Some(r"Software\Policies\Chromium"),
        ..UNBRANDED
    },
    Browser {
        id: "edge",
        name: "Microsoft Edge",
        profiles: &[Local("Microsoft/Edge/User Data")],
        programs: &["msedge.exe"],
        ..EDGE
    },
    Browser {
        id: "edge-beta",
        name: "Microsoft Edge Beta",
        profiles: &[Local("Microsoft/Edge Beta/User Data")],
        ..EDGE
    },
    Browser {
        id: "edge-dev",
        name: "Microsoft Edge Dev",
        profiles: &[Local("Microsoft/Edge Dev/User Data")],
        ..EDGE
    },
    Browser {
        id: "edge-canary",
        name: "Microsoft Edge Canary",
        profiles: &[Local("Microsoft/Edge SxS/User Data")],
        ..EDGE
    },
    // Brave, Vivaldi and Opera read no key of their own.
    Browser {
        id: "brave",
        name: "Brave",
        profiles: &[Local("BraveSoftware/Brave-Browser/User Data")],
        programs: &["brave.exe"],
        policies: Some(r"Software\Policies\BraveSoftware\Brave"),
        ..UNBRANDED
    },
    Browser {
        id: "vivaldi",
        name: "Vivaldi",
        profiles: &[Local("Vivaldi/User Data")],
        programs: &["vivaldi.exe"],
        ..UNBRANDED
    },
    Browser {
        id: "opera",
        name: "Opera",
        profiles: &[Roaming("Opera Software/Opera Stable")],
        programs: &["opera.exe"],
        ..UNBRANDED
    },
    // No source says which of the two is read; one other tool writes both.
    Browser {
        id: "yandex",
        name: "Yandex Browser",
        profiles: &[Local("Yandex/YandexBrowser/User Data")],
        keys: &[
            r"Software\Yandex\YandexBrowser\NativeMessagingHosts",
            r"Software\YandexBrowser\NativeMessagingHosts",
        ],
        views: CHROMIUM_VIEWS,
        ..Browser::CHROMIUM
    },
    Browser {
        id: "firefox",
        name: "Firefox",
        profiles: &[Roaming("Mozilla/Firefox")],
        programs: &["firefox.exe"],
        ..FIREFOX
    },
    Browser {
        id: "librewolf",
        name: "LibreWolf",
        profiles: &[Roaming("librewolf")],
        ..FIREFOX
    },
    Browser {
        id: "waterfox",
        name: "Waterfox",
        profiles: &[Roaming("Waterfox")],
        ..FIREFOX
    },
    Browser {
        id: "zen",
        name: "Zen",
        profiles: &[Roaming("zen")],
        ..FIREFOX
    },
    Browser {
        id: "floorp",
        name: "Floorp",
        profiles: &[Roaming("Floorp")],
        ..FIREFOX
    },
    // It lies wherever it was unpacked, so it is never found and only written for when it is named.
    Browser {
        id: "tor",
        name: "Tor Browser",
        ..FIREFOX
    },
    Browser {
        id: "thunderbird",
        name: "Thunderbird",
        profiles: &[Roaming("Thunderbird")],
        ..FIREFOX
    },
];
