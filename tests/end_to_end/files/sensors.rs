//! `plugins/sensors`: a class of devices of the kernel's, read through links that a plugin itself cannot follow.

use std::fs;

use serde_json::{Value, json};

use super::Ground;

#[test]
fn the_devices_of_a_class_are_read_and_nothing_beyond_them() {
    let ground = Ground::new("sensors");
    let class = "{ host = \"/sys/class/net\", guest = \"/net\", access = \"read-only\" }";
    ground.grant(&[class.to_owned()], "");
    let mut port = ground.start();
    let address = fs::read_to_string("/sys/class/net/lo/address").expect("every machine has it");
    let all = port.ask("{}").json();
    assert_eq!(all["net"]["lo"]["address"], json!(address.trim()), "{all}");
    assert!(
        all["net"]["lo"]["statistics"]["rx_bytes"].is_string(),
        "{all}"
    );
    let one = port.ask(r#"{"device":"lo"}"#).json();
    let names: Vec<&String> = one["net"].as_object().expect("devices").keys().collect();
    assert_eq!(names, ["lo"]);
    port.end().expect_exit(0).expect_no_frames().expect_quiet();
}

#[test]
fn without_the_grant_there_is_nothing_to_read() {
    let ground = Ground::new("sensors");
    ground.grant(&[], "");
    let mut port = ground.start();
    let error = port.ask("{}").expect_error("plugin-error");
    assert_eq!(error.all["plugin_code"], "not-granted");
    port.end().expect_exit(0).expect_no_frames();
}

#[test]
fn a_device_has_no_way_out_and_nothing_in_it_is_written() {
    let ground = Ground::new("files");
    let class = "{ host = \"/sys/class/net\", guest = \"/net\", access = \"read-only\" }";
    ground.grant(&[class.to_owned()], "");
    let open = |at: &str, path: &str, how: &str| -> Value {
        json!({ "do": "open", "at": at, "path": path, "how": how, "name": "x" })
    };
    ground.attack(
        "a device",
        &json!([
            open("/net/lo", "address", "r"),
            open("/net", "lo/address", "r"),
            open("/net/lo", "subsystem/lo", "r"),
            open("/net/lo", "../lo/address", "r"),
            open("/net/lo", "ifalias", "w"),
            open("/net/lo", "mtu", "rt"),
        ]),
        &json!([
            "ok",
            "not-permitted",
            "not-permitted",
            "not-permitted",
            "read-only",
            "read-only"
        ]),
    );
    let log = ground.home.log();
    assert!(log.contains("nothing grants that"), "{log}");
}
