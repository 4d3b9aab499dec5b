//! A seed that was brought in is readable nowhere afterwards: no log, no audit record, no answer, no file.
//!
//! Not responsible for: the memory of the daemon (`memory.rs`), nor for that of the program.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use e2e::{TestToken, approval::reject, hsm, metrics, process::write_private, token::random};

use super::{House, Template, create};

/// How a seed could be written down.
fn forms(seed: &[u8]) -> [Vec<u8>; 4] {
    let base64 = STANDARD.encode(seed);
    [
        seed.to_vec(),
        hex::encode(seed).into_bytes(),
        hex::encode_upper(seed).into_bytes(),
        base64.trim_end_matches('=').as_bytes().to_vec(),
    ]
}

fn contains(place: &[u8], needle: &[u8]) -> bool {
    place.windows(needle.len()).any(|window| window == needle)
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.flat_map(|entry| below(entry.path())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_seed_is_in_any_log_answer_or_file() {
    let house = House::open_with(|world| {
        world.set("log.level", "\"trace\"");
    })
    .await;
    let module = house.module("sato");
    let mut host = module.session();
    let [good, twice, refused, cancelled, rejected, odd] =
        ["H-1", "H-1", "H-2", "H-3", "H-4", "H-5"].map(TestToken::hotp);
    let seed = host.ok(&create(&good)).number();
    let mut places = vec![house.import(&mut host, seed).await.to_string()];
    host.expect(&create(&twice), "CKR_ATTRIBUTE_VALUE_INVALID");
    host.expect(
        &Template::of(&refused).set("CKA_SIGN", "true").create(),
        "CKR_TEMPLATE_INCONSISTENT",
    );
    // A seed in the place of something else is still a seed.
    let mixed_up = Template::of(&odd).set("CKA_ID", &format!("hex:{}", hex::encode(&odd.seed)));
    let said = host.say(&mixed_up.create());
    assert_eq!(said.rv, "CKR_ATTRIBUTE_VALUE_INVALID", "{said}");
    let one = host.ok(&create(&cancelled)).number();
    host.ok(&format!("destroy {one}"));
    let one = host.ok(&create(&rejected)).number();
    let job = house.import(&mut host, one).await;
    let _ = reject(&house.suzuki, &job).await.expect_status(200);
    house.put_in_service(&mut host, seed, &good).await;

    let auditor = house.world.caller(&house.daemon, "auditor");
    places.push(auditor.get("/v1/audit/records").await.body.escape_ascii().to_string());
    places.push(format!("{:?}", house.imports().await));
    places.push(metrics::page(house.daemon.metrics()));
    places.push(module.log());
    assert!(places.iter().all(|place| !place.is_empty()));
    let (_, log) = house.daemon.stop();
    places.push(log);
    let content = |path: PathBuf| fs::read(path).unwrap_or_default();
    let mut contents: Vec<_> = files(&house.world.store()).into_iter().map(content).collect();
    contents.extend(places.into_iter().map(String::into_bytes));
    for token in [good, twice, refused, cancelled, rejected, odd] {
        for (form, needle) in forms(&token.seed).iter().enumerate() {
            let found = contents.iter().position(|place| contains(place, needle));
            assert_eq!(found, None, "{} in form {form}", token.serial);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seed_that_was_unwrapped_is_nowhere_either() {
    let key = random(32);
    let house = House::open_with(|world| {
        world.set("log.level", "\"trace\"");
        world.import_transport_key("acme", &key);
    })
    .await;
    let module = house.module("sato");
    let mut host = module.session();
    let token = TestToken::hotp("U-1").seed_length(32);
    let wrapped = super::wrapped::wrap(&module, &key, &token.seed);
    let acme = host.ok("find CKA_CLASS=#4 CKA_LABEL=acme").number();
    let line =
        format!("unwrap CKM_AES_KEY_WRAP {acme} {}{}", wrapped.display(), Template::of(&token));
    let seed = host.ok(&line).number();
    let damaged = write_private(&module.path("damaged"), &[7; 40]);
    let other = Template::of(&TestToken::hotp("U-2"));
    let line = format!("unwrap CKM_AES_KEY_WRAP {acme} {}{other}", damaged.display());
    host.expect(&line, "CKR_WRAPPED_KEY_INVALID");
    let memory = memory(house.daemon.pid());
    house.put_in_service(&mut host, seed, &token).await;
    let log = module.log();
    let (_, daemon) = house.daemon.stop();
    for secret in [token.seed.as_slice(), &key, hsm::PIN.as_bytes()] {
        for (form, needle) in forms(secret).iter().enumerate() {
            for place in [log.as_bytes(), daemon.as_bytes()] {
                assert!(!contains(place, needle), "form {form}");
            }
            assert!(!memory.iter().any(|piece| contains(piece, needle)), "form {form} in memory");
        }
    }
}

/// Private memory of a process of ours that it can write.
fn memory(pid: u32) -> Vec<Vec<u8>> {
    use std::os::unix::fs::FileExt as _;
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).expect("our own child");
    let file = fs::File::open(format!("/proc/{pid}/mem")).expect("our own child");
    let range = |line: &str| {
        let (from, to) = line.split(' ').next()?.split_once('-')?;
        let hex = |text| u64::from_str_radix(text, 16).ok();
        Some((hex(from)?, hex(to)?))
    };
    let writable = maps.lines().filter(|line| line.contains(" rw") && !line.contains("[v"));
    let read = |(from, to): (u64, u64)| {
        let mut piece = vec![0; usize::try_from(to - from).ok()?];
        file.read_exact_at(&mut piece, from).ok().map(|()| piece)
    };
    let pieces: Vec<_> = writable.filter_map(range).filter_map(read).collect();
    assert!(pieces.iter().map(Vec::len).sum::<usize>() > 1 << 20, "too little could be read");
    pieces
}
