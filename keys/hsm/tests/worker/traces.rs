//! What an expansion leaves in the token, read from the calls that the module saw: session objects are
//! visible to their own process only, so OpenSC's spy module stands between the two.

use std::collections::BTreeSet;

use warifu_hsm_protocol::{JobError, Purpose, WorkerConfig};

use crate::{
    camera::{by_key_wrap, clear, expand_job, expanded, seed},
    client::Worker,
    import::import_key,
    softhsm::{MODULE, SoftHsm},
};

const SPY: &str = "/usr/lib/x86_64-linux-gnu/pkcs11-spy.so";

/// One call that succeeded, as the spy wrote it down.
struct Call<'a> {
    name: &'a str,
    text: &'a str,
}

fn calls(log: &str) -> Vec<Call<'_>> {
    let blocks = log.split("\n\n").filter(|block| block.contains("\nReturned:  0 CKR_OK"));
    blocks
        .filter_map(|text| {
            let (_, name) = text.trim_start().lines().next()?.split_once(": ")?;
            Some(Call { name, text })
        })
        .collect()
}

impl Call<'_> {
    /// The object that it made or destroyed.
    fn object(&self, field: &str) -> String {
        let value = self.text.lines().find_map(|line| line.strip_prefix(field));
        value.unwrap_or_else(|| panic!("no {field} in {}", self.text)).to_owned()
    }
}

/// The handles of what was made and not destroyed. Copies of wrapping keys are meant to stay.
fn left(calls: &[Call<'_>]) -> BTreeSet<String> {
    let mut left = BTreeSet::new();
    for call in calls {
        match call.name {
            "C_CreateObject" => assert!(left.insert(call.object("[out] *phObject = "))),
            "C_DeriveKey" | "C_GenerateKey" | "C_UnwrapKey" => {
                assert!(left.insert(call.object("[out] hKey = ")));
            }
            "C_DestroyObject" => assert!(left.remove(&call.object("[in] hObject = "))),
            _ => {}
        }
    }
    left
}

#[test]
fn an_expansion_leaves_its_sealed_keys_and_nothing_else() {
    let hsm = SoftHsm::new();
    drop(Worker::start(hsm.config(), Purpose::Init, &hsm.environment()));
    let log = hsm.path("spy.log");
    let environment = [
        hsm.environment(),
        ("PKCS11SPY".to_owned(), MODULE.to_owned()),
        ("PKCS11SPY_OUTPUT".to_owned(), log.to_str().unwrap().to_owned()),
    ];
    let config = WorkerConfig { module: SPY.into(), sessions: 1, ..hsm.config() };
    let mut worker = Worker::start_with(config, Purpose::Serve, &environment);
    import_key(&mut worker);
    expanded(&mut worker, false, clear(seed()));
    expanded(&mut worker, false, by_key_wrap(&seed()));
    let refused = worker.one(expand_job(false, by_key_wrap(&[7; 24])));
    assert!(matches!(refused, Err(JobError::BadValue)), "{refused:?}");
    expanded(&mut worker, true, clear(seed()));
    assert!(worker.close().success());

    let log = std::fs::read_to_string(log).unwrap();
    let calls = calls(&log);
    let derived = calls.iter().filter(|call| call.name == "C_DeriveKey").count();
    assert_eq!(derived, 2 + 3 * 3, "two of the self-test, three each");
    let transport_key = 1;
    assert_eq!(left(&calls).len(), transport_key + 3, "the resident keys: {:?}", left(&calls));
    let open = calls.iter().find(|call| call.text.contains("CKA_SENSITIVE         False"));
    assert!(open.is_none(), "no key is ever readable");
    let listed = hsm.pkcs11_tool(&["--list-objects", "--type", "secrkey"]);
    assert_eq!(listed.matches("warifu-seed").count(), 3, "{listed}");
}
