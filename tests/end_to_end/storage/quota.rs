//! Quotas, to the byte and to the key, and what is too much for any of them.

use portcullis_tests::Browser;

use super::{ask, error, get, json, set, storing_home};

#[test]
fn a_quota_is_kept_to_the_byte() {
    let home = storing_home("storage", "storage = \"4KiB\"");
    let mut port = Browser::chromium(&home).start();
    let put = |key: &str, bytes: usize| json!({ "do": "set", "key": key, "bytes": bytes });
    assert_eq!(ask(&mut port, put("k", 4096)), error("quota"));
    assert_eq!(ask(&mut port, put("k", 4095)), "set");
    assert_eq!(ask(&mut port, put("k", 4096)), error("quota"));
    assert_eq!(ask(&mut port, put("l", 0)), error("quota"));
    assert_eq!(get(&mut port, "k"), json!(4095));
    assert_eq!(ask(&mut port, put("k", 4000)), "set");
    assert_eq!(ask(&mut port, put("long", 91)), "set");
    assert_eq!(ask(&mut port, put("k", 4002)), error("quota"));
    let swap = json!({ "do": "swap", "key": "x", "value": "" });
    assert_eq!(ask(&mut port, swap.clone()), error("quota"));
    assert_eq!(
        ask(&mut port, json!({ "do": "delete", "key": "long" })),
        "deleted"
    );
    assert_eq!(ask(&mut port, swap), true);
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_quota_is_kept_to_the_key() {
    let home = storing_home("storage", "storage-keys = 3");
    let mut port = Browser::chromium(&home).start();
    let fill = json!({ "do": "fill", "prefix": "k", "keys": 9, "bytes": 1 });
    assert_eq!(ask(&mut port, fill), json!({ "kept": 3, "error": "quota" }));
    set(&mut port, "k0", "another value");
    assert_eq!(
        ask(&mut port, json!({ "do": "delete", "key": "k1" })),
        "deleted"
    );
    set(&mut port, "another", "");
    let put = json!({ "do": "set", "key": "one more" });
    assert_eq!(ask(&mut port, put), error("quota"));
    port.end().expect_exit(0);
}

#[test]
fn a_quota_that_was_lowered_lets_go_of_what_is_over_it() {
    let home = storing_home("storage", "");
    let mut port = Browser::chromium(&home).start();
    let put = |bytes: usize| json!({ "do": "set", "key": "k", "bytes": bytes });
    assert_eq!(ask(&mut port, put(100_000)), "set");
    port.end().expect_exit(0);
    let policy = std::fs::read_to_string(home.path().join("policy.toml")).expect("written");
    home.policy(&policy.replace("[limits]", "[limits]\nstorage = \"4KiB\""));
    let mut port = Browser::chromium(&home).start();
    assert_eq!(get(&mut port, "k"), json!(100_000));
    assert_eq!(ask(&mut port, put(100_001)), error("quota"));
    assert_eq!(ask(&mut port, put(50_000)), "set");
    assert_eq!(ask(&mut port, put(50_001)), error("quota"));
    port.end().expect_exit(0);
}

#[test]
fn a_quota_holds_for_all_ports_together() {
    let home = storing_home("storage", "storage-keys = 10");
    let mut ports = [(); 5].map(|()| Browser::chromium(&home).start());
    for (place, port) in ports.iter_mut().enumerate() {
        let prefix = format!("{place}/");
        let fill = json!({ "do": "fill", "prefix": prefix, "keys": 20, "bytes": 1 });
        port.send(&fill.to_string());
    }
    let mut kept = 0;
    for port in &mut ports {
        let filled = port.receive(portcullis_tests::PATIENCE).json();
        assert_eq!(filled["error"], "quota", "{filled}");
        kept += filled["kept"].as_u64().expect("a number");
    }
    assert_eq!(kept, 10);
    for port in ports {
        port.end().expect_exit(0);
    }
}
