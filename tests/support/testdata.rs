//! Objects as files: what the operator really wrote, without what differs from run to run.

use std::{
    fs,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};

use super::{judge::SCRIPTS, object::Object, scene::Scene};

const MOMENT: &str = "2026-01-05T08:00:00Z";

const UID: &str = "7d4e2b9c-0000-4000-8000-000000000000";

/// Tests run side by side, and a kind has one list of tests.
static TURN: Mutex<()> = Mutex::new(());

/// Texts that stand for others: which, and the place they are found at.
const IDS: [(&str, &str); 20] = [
    ("00u1example0user0001", "/status/userId"),
    ("00o1example0org00001", "/status/org/okta"),
    ("org-example", "/status/org/yubico"),
    ("fwf1example0key00001", "/status/enrollment/id"),
    ("KEY1EXAMPLE", "/status/enrollment/keyId"),
    ("S-EXAMPLE-1", "/status/order/shipmentId"),
    ("1Z999AA10123456784", "/status/order/tracking"),
    ("12345678", "/status/key/serial"),
    ("k7f3", "/status/hold/id"),
    ("k7f3", "/status/holds/0/id"),
    ("p4q8", "/status/pin/id"),
    ("a1b2", "/status/enrollment/attempt"),
    ("order-1-k7f3", "/spec/holdID"),
    ("order-1-k7f3", "/status/decisions/0/holdID"),
    ("admin@example.com", "/spec/requestedBy"),
    ("admin@example.com", "/status/decisions/0/requestedBy"),
    ("00o1example0org00001", "/status/oktaOrganization"),
    ("org-example", "/status/yubicoOrganization"),
    ("0oa0example0client00", "/spec/okta/auth/privateKeyJwt/clientId"),
    ("yubikey-shipments-2026", "/spec/okta/auth/privateKeyJwt/keyId"),
];

impl Scene {
    /// The object without what differs from run to run.
    pub fn neutral(&self, object: &Object) -> Value {
        let mut value = object.0.clone();
        let mut swaps = self.swaps(object);
        // The longest first: one may be a part of another.
        swaps.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        tidy(&mut value, &swaps);
        shorten(&mut value);
        let metadata = value["metadata"].as_object_mut().unwrap();
        for member in ["managedFields", "resourceVersion", "annotations", "labels"] {
            metadata.remove(member);
        }
        value
    }

    fn swaps(&self, object: &Object) -> Vec<(String, String)> {
        let mut swaps = vec![
            (format!("@{}.example", self.name), "@example.com".to_owned()),
            (self.name.clone(), "acme".to_owned()),
        ];
        let credentials = self.plane().dir.join("credentials");
        let mounted = "/etc/yubikey-shipment-operator/credentials".to_owned();
        swaps.push((credentials.into_os_string().into_string().unwrap(), mounted));
        for vendor in ["okta", "yubico"] {
            let known = self.sandbox.says(vendor);
            swaps.push((known.to_owned(), format!("https://{vendor}.example.com")));
            swaps.push((known.replace("https://", ""), format!("{vendor}.example.com")));
        }
        for (neutral, pointer) in IDS {
            let found = object.text(pointer);
            // Only the end of a hold's id is chance.
            let is_hold = ["/status/hold/id", "/status/holds/0/id"].contains(&pointer);
            // What is asked of a rollout has another name.
            let is_wave = found.starts_with("wave-") && neutral.starts_with("order-");
            let neutral = if is_wave { "wave-k7f3" } else { neutral };
            let found = if is_hold { found.rsplit('-').next().unwrap() } else { found };
            if !found.is_empty() {
                swaps.push((found.to_owned(), neutral.to_owned()));
            }
        }
        swaps
    }
}

/// The column's message is cut where names and paths of this run end, so it is made anew of the neutral one.
fn shorten(value: &mut Value) {
    let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready");
    let Some(whole) = ready.and_then(|ready| ready["message"].as_str()).map(str::to_owned) else { return };
    if value.pointer("/status/summary").is_some() {
        value["status"]["summary"] = json!(domain::short_message::of(&whole));
    }
}

fn tidy(value: &mut Value, swaps: &[(String, String)]) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match name.as_str() {
                    // How often it was tried depends on the machine.
                    "count" => *member = json!(1),
                    "lastHandledReconcileAt" => *member = json!(MOMENT),
                    "ledger" | "plan" => *member = by_number(member),
                    "hold" => {
                        tidy(member, swaps);
                        // A digest of the spec, which names this run's person.
                        if let Some(digest) = member.get_mut("spec") {
                            *digest = json!("0123456789abcdef");
                        }
                    }
                    _ => tidy(member, swaps),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| tidy(item, swaps)),
        Value::String(text) => *text = tidied(text, swaps),
        _ => {}
    }
}

/// People by number in place of their ids.
fn by_number(people: &Value) -> Value {
    let mut all: Vec<_> = people.as_object().into_iter().flatten().map(|(_, entry)| entry.clone()).collect();
    for entry in &mut all {
        tidy(entry, &[]);
    }
    all.sort_by_key(Value::to_string);
    let number = |(number, entry)| (format!("00u1example0user{:04}", number + 1), entry);
    Value::Object(all.into_iter().enumerate().map(number).collect())
}

fn tidied(text: &str, swaps: &[(String, String)]) -> String {
    if text.parse::<jiff::Timestamp>().is_ok() {
        return MOMENT.to_owned();
    }
    // Sealed by the vendors, or a key of theirs.
    if text.len() > 48 && !text.contains([' ', ':']) {
        return "c2VhbGVk".to_owned();
    }
    if is_uid(text) {
        return UID.to_owned();
    }
    let mut text = text.to_owned();
    for (from, to) in swaps {
        text = text.replace(from, to);
    }
    text.split(' ').map(tidied_word).collect::<Vec<_>>().join(" ")
}

fn is_uid(text: &str) -> bool {
    let as_there = |(found, there): (char, char)| {
        if there == '-' { found == '-' } else { found.is_ascii_hexdigit() }
    };
    text.len() == UID.len() && text.chars().zip(UID.chars()).all(as_there)
}

fn tidied_word(word: &str) -> String {
    let bare = word.trim_start_matches('(').trim_end_matches(['.', ',', ';', ':', ')']);
    if bare.parse::<jiff::Timestamp>().is_ok() {
        word.replace(bare, MOMENT)
    } else if bare.parse::<jiff::civil::Date>().is_ok() {
        word.replace(bare, "2026-01-05")
    } else if bare.len() == 5 && bare.parse::<jiff::civil::Time>().is_ok() {
        word.replace(bare, "08:00")
    } else if is_uid(bare) {
        word.replace(bare, UID)
    } else if bare.len() == 20 && bare.starts_with("fwf") {
        word.replace(bare, "fwf1example0key00001")
    } else if bare.strip_prefix("answer-").is_some_and(|number| number.parse::<u32>().is_ok()) {
        word.replace(bare, "answer")
    } else {
        word.to_owned()
    }
}

/// The file of a row.
fn path(kind: &str, row: &str) -> PathBuf {
    super::root().join(SCRIPTS).join("fidoprereg.dev").join(kind).join("testdata").join(format!("{row}.yaml"))
}

/// Compares with the file of a row, and with what the tests of Argo CD's layout expect of it; with `UPDATE_TESTDATA`
/// writes the file.
pub fn is_kept(row: &str, neutral: &Value, health: (&str, &str)) {
    let kind = neutral["kind"].as_str().unwrap();
    let file = path(kind, row);
    let text = serde_saphyr::to_string(neutral).unwrap();
    if std::env::var_os("UPDATE_TESTDATA").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &text).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let differ = kept.lines().zip(text.lines()).find(|(kept, text)| kept != text);
    let name = file.display();
    assert!(kept == text, "{name} is not what the operator writes (UPDATE_TESTDATA=1 writes it): {differ:?}");
    expects(kind, row, health);
}

/// One test in `health_test.yaml`, as Argo CD's own tests read it.
fn expects(kind: &str, row: &str, (status, message): (&str, &str)) {
    let file = path(kind, row).parent().unwrap().with_file_name("health_test.yaml");
    let wanted = json!({
        "inputPath": format!("testdata/{row}.yaml"),
        "healthStatus": {"status": status, "message": message},
    });
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let mut kept: Value = serde_saphyr::from_str(&kept).unwrap_or_default();
    if kept.is_null() {
        kept = json!({"tests": []});
    }
    let tests = kept["tests"].as_array_mut().unwrap();
    if std::env::var_os("UPDATE_TESTDATA").is_some() {
        tests.retain(|test| test["inputPath"] != wanted["inputPath"]);
        tests.push(wanted.clone());
        tests.sort_by_key(|test| test["inputPath"].to_string());
        fs::write(&file, serde_saphyr::to_string(&kept).unwrap()).unwrap();
    }
    let tests = kept["tests"].as_array().unwrap();
    assert!(tests.contains(&wanted), "{} does not say {wanted}", file.display());
}
