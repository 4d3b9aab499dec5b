//! Files in, faults or values out. The documented sample is one of the files.

use std::{fs, os::unix::fs::PermissionsExt as _};

use tempfile::TempDir;
use warifu_core::ident::Institution;

use super::*;

/// A folder with everything that the sample names.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for folder in ["etc/tls", "etc/import", "var", "lib"] {
            fs::create_dir_all(place.0.path().join(folder)).unwrap();
        }
        for file in ["etc/tls/server.pem", "etc/tls/clients.pem", "etc/tls/clients.crl"] {
            place.write(file, "-", 0o644);
        }
        place.write("lib/libsofthsm2.so", "-", 0o755);
        place.write("etc/tls/server.key", "-", 0o600);
        place.write("etc/hsm.pin", "1234", 0o600);
        for file in ["etc/import/openpgp.key", "etc/import/openpgp.pass"] {
            place.write(file, "-", 0o600);
        }
        place.write("etc/import/maker.asc", "-", 0o644);
        let maker = rcgen::generate_simple_self_signed(vec!["maker".to_owned()]).unwrap();
        place.write("etc/import/maker-ca.pem", &maker.cert.pem(), 0o644);
        place
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn sample(&self) -> String {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/warifud.example.toml");
        let here = self.0.path().display();
        fs::read_to_string(file)
            .unwrap()
            .replace("/etc/warifu", &format!("{here}/etc"))
            .replace("/var/lib/warifu", &format!("{here}/var"))
            .replace("/usr/lib/softhsm", &format!("{here}/lib"))
    }

    fn load(&self, text: &str, variables: &[(&str, &str)]) -> Result<Config, Vec<Fault>> {
        let file = self.write("warifud.toml", text, 0o644);
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load_with(&[file], variables.collect())
    }

    fn keys_of_faults(&self, text: &str, variables: &[(&str, &str)]) -> Vec<String> {
        let faults = self.load(text, variables).unwrap_err();
        faults.iter().map(|fault| fault.key().to_owned()).collect()
    }
}

#[test]
fn the_documented_sample_is_good() {
    let place = Place::new();
    let config = place.load(&place.sample(), &[]).unwrap();
    assert_eq!(config.server.listen.port(), 8443);
    assert_eq!(config.server.request_deadline, Duration::from_secs(5));
    assert!(config.metrics.is_some_and(|metrics| metrics.plain));
    assert!(config.clock.require_synchronised);
    let lock_after =
        |name| config.institutions[&Institution::parse(name).unwrap()].verification.lock_after;
    assert_eq!((lock_after("bank-000"), lock_after("bank-001")), (5, 10));
    let rules = |name| &config.institutions[&Institution::parse(name).unwrap()];
    assert!(rules("bank-000").skip && !rules("bank-001").skip, "each has its own profile");
    assert_eq!(config.subjects["C=JP, O=Bank 000, CN=web-1"].name.as_str(), "web-1");
    let worker = &config.hsm.supervisor;
    assert!(worker.environment["SOFTHSM2_CONF"].ends_with("/etc/softhsm2.conf"));
    assert_eq!(worker.worker.token_serial, None);
}

/// A test on the real clock by accident would prove nothing; a release on a settable one, worse.
#[cfg(not(feature = "test-clock"))]
#[test]
fn a_settable_clock_is_refused_where_there_is_none() {
    let place = Place::new();
    let clock = place.write("now", "1790780370000", 0o644);
    let variables = [("WARIFUD_TEST_CLOCK", clock.to_str().unwrap())];
    let faults = place.load(&place.sample(), &variables).unwrap_err();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].key(), "WARIFUD_TEST_CLOCK");
    assert!(faults[0].to_string().contains("this build has no settable clock"), "{faults:?}");
}

#[cfg(feature = "test-clock")]
#[test]
fn a_settable_clock_must_show_a_time_at_the_start() {
    let place = Place::new();
    for (text, good) in [("1790780370000\n", true), ("noon", false), ("", false)] {
        let clock = place.write("now", text, 0o644);
        let variables = [("WARIFUD_TEST_CLOCK", clock.to_str().unwrap())];
        assert_eq!(place.load(&place.sample(), &variables).is_ok(), good, "{text:?}");
    }
    let keys = place.keys_of_faults(&place.sample(), &[("WARIFUD_TEST_CLOCK", "")]);
    assert_eq!(keys, ["WARIFUD_TEST_CLOCK"]);
}

/// Every key that the sample shows as a comment exists, and its value is one that is allowed.
#[test]
fn the_comments_of_the_sample_are_good_too() {
    let place = Place::new();
    let bare = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase()) => rest.to_owned(),
        _ => line.to_owned(),
    };
    let text: String = place.sample().lines().map(|line| bare(line) + "\n").collect();
    let config = place.load(&text, &[]).unwrap();
    assert_eq!(config.server.files.crl.len(), 1);
    assert_eq!(config.hsm.supervisor.worker.token_serial.as_deref(), Some("0123456789abcdef"));
    assert_eq!(config.import.signature_roots.len(), 1);
    let openpgp = config.import.openpgp.unwrap();
    assert!(openpgp.secret_key.ends_with("openpgp.key") && openpgp.passphrase.is_some());
    assert_eq!(openpgp.signers.len(), 1);
    let defaults = place.load(&place.sample(), &[]).unwrap();
    assert_eq!(config.approval, defaults.approval);
    assert_eq!(config.people, defaults.people);
    assert_eq!((&defaults.import.openpgp, defaults.import.signature_roots.len()), (&None, 0));
    assert_eq!(config.server.settings, defaults.server.settings);
    assert_eq!(config.institutions, defaults.institutions);
    assert_eq!(config.store.cache_bytes, defaults.store.cache_bytes);
}

#[test]
fn an_empty_file_lacks_everything_that_must_be_set() {
    let place = Place::new();
    let keys = place.keys_of_faults("", &[]);
    for key in [
        "server.listen",
        "server.certificate",
        "server.key",
        "server.client_ca",
        "store.path",
        "hsm.module",
        "hsm.token_label",
        "hsm.pin_file",
        "institution.name",
    ] {
        assert!(keys.iter().any(|one| one == key), "{key}: {keys:?}");
    }
    assert_eq!(keys.len(), 9, "{keys:?}");
}

#[test]
fn all_faults_are_told_at_once() {
    let place = Place::new();
    let text = place
        .sample()
        .replace("0.0.0.0:8443", "localhost:8443")
        .replace("#idle_timeout_s = 120", "idle_timeout_s = 0")
        .replace("lock_after = 10", "lock_after = 1000")
        .replace("#format = \"json\"", "format = \"xml\"")
        .replace("roles = [\"validator\"]", "roles = [\"root\"]")
        .replace("127.0.0.1:9464", "0.0.0.0:9464");
    place.write("etc/hsm.pin", "1234", 0o644);
    let keys = place.keys_of_faults(&text, &[("WARIFU__STORE__CACHE_MB", "0")]);
    let wanted = [
        "server.listen",
        "server.idle_timeout_s",
        "metrics.plain",
        "store.cache_mb",
        "hsm.pin_file",
        "log.format",
        "institution.verification.lock_after",
        "identity.roles",
    ];
    assert_eq!(keys, wanted);
}

#[test]
fn a_fault_says_where_it_comes_from() {
    let place = Place::new();
    let text = place.sample().replace("#workers = 1", "workers = 0");
    let faults = place.load(&text, &[("WARIFU__SERVER__LISTEN", "nowhere")]).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(told[0].contains("server.listen") && told[0].contains("environment"), "{told:?}");
    assert!(told[0].contains(r#"listen = "0.0.0.0:8443""#), "{told:?}");
    assert!(told[1].contains("hsm.workers: is 0") && told[1].contains("warifud.toml"), "{told:?}");
}

#[test]
fn variables_win_and_have_lists() {
    let place = Place::new();
    let crl = place.0.path().join("etc/tls/clients.crl").display().to_string();
    let config = place
        .load(
            &place.sample(),
            &[
                ("WARIFU__SERVER__LISTEN", "127.0.0.1:0"),
                ("WARIFU__SERVER__CRL", &format!("{crl}, {crl}")),
                ("WARIFU__HSM__TOKEN_SERIAL", "0012"),
                ("WARIFU__HSM__SESSIONS", "8"),
                ("WARIFU__CLOCK__REQUIRE_SYNCHRONISED", "false"),
                ("WARIFU__SERVER__RATE_PER_CALLER__PER_SECOND", "7"),
            ],
        )
        .unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:0");
    assert_eq!(config.server.files.crl.len(), 2);
    assert_eq!(config.hsm.supervisor.worker.token_serial.as_deref(), Some("0012"));
    assert_eq!(config.hsm.supervisor.worker.sessions, 8);
    assert!(!config.clock.require_synchronised);
    assert_eq!(config.server.settings.rate.unwrap().per_second, 7);
}

#[test]
fn what_nobody_knows_is_refused() {
    let place = Place::new();
    let text = format!("{}\n[sever]\nx = 1\n", place.sample());
    let text = text.replace("#max_connections = 4096", "max_conections = 5");
    let faults = place.load(&text, &[("WARIFU__LOG__LEVLE", "debug")]).unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|one| one.starts_with("sever:")), "{told:?}");
    assert!(told.iter().any(|one| one.contains("max_conections")), "{told:?}");
    assert!(told.iter().any(|one| one.contains("levle")), "{told:?}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let missing = PathBuf::from("/nonexistent/warifud.toml");
    let faults = Config::load_with(&[missing], HashMap::new()).unwrap_err();
    assert!(faults[0].to_string().contains("/nonexistent/warifud.toml"), "{}", faults[0]);
    let place = Place::new();
    let faults = place.load("[server\n", &[]).unwrap_err();
    assert_eq!(faults.len(), 1);
    assert!(faults[0].to_string().contains("warifud.toml"), "{}", faults[0]);
}

#[test]
fn a_uri_and_a_key_must_not_contradict_each_other() {
    let place = Place::new();
    let text = place
        .sample()
        .replace("#token_serial = \"0123456789abcdef\"", "uri = \"pkcs11:token=other\"");
    assert_eq!(place.keys_of_faults(&text, &[]), ["hsm.uri"]);
}

#[test]
fn a_subject_belongs_to_a_known_institution() {
    let place = Place::new();
    let text = place.sample().replace("institution = \"bank-000\"", "institution = \"bank-009\"");
    assert_eq!(place.keys_of_faults(&text, &[]), ["identity.institution"]);
}

#[test]
fn two_people_are_asked_for_unless_somebody_says_otherwise() {
    let place = Place::new();
    assert!(place.load(&place.sample(), &[]).unwrap().approval.enforce);
    let off = [("WARIFU__APPROVAL__ENFORCE", "false")];
    assert!(!place.load(&place.sample(), &off).unwrap().approval.enforce);
}

#[test]
fn the_certificates_of_a_person_are_told_apart_from_those_of_others() {
    let place = Place::new();
    let config = place.load(&place.sample(), &[]).unwrap();
    let bank = |name| &config.people[&Institution::parse(name).unwrap()];
    let name = |text| Name::parse(text).unwrap();
    assert_eq!(bank("bank-000").len(), 2);
    for certificate in ["sato-laptop", "sato-card"] {
        assert_eq!(bank("bank-000").get(&name(certificate)), Some(&name("sato")));
    }
    assert!(bank("bank-001").is_empty(), "people of one bank are none of another's");
}

#[test]
fn a_certificate_has_one_owner_and_a_person_one_entry() {
    let place = Place::new();
    let line = "certificates = [\"sato-laptop\", \"sato-card\"]";
    let with = |more: &str| place.sample().replace(line, &format!("{line}\n{more}"));
    let person = |name: &str, list: &str| {
        with(&format!("[[institution.person]]\nname = {name:?}\ncertificates = {list}"))
    };
    let certificates = "institution.person.certificates";
    for (text, keys) in [
        (person("suzuki", "[\"Sato-Card\"]"), vec![certificates]),
        (person("suzuki", "[\"s-1\", \"s-1\"]"), vec![certificates]),
        (person("suzuki", "[]"), vec![certificates]),
        (person("suzuki", "[\"a b\"]"), vec![certificates]),
        (person("suzuki", "[\"SATO\"]"), vec![certificates]),
        (person("SATO", "[\"s-1\"]"), vec!["institution.person.name"]),
        (person("", "[\"s-1\"]"), vec!["institution.person.name"]),
    ] {
        let faults = place.load(&text, &[]).unwrap_err();
        assert_eq!(faults.iter().map(Fault::key).collect::<Vec<_>>(), keys, "{text}");
        assert!(faults[0].to_string().contains("bank-000"), "{}", faults[0]);
    }
}

/// The sample with its commented lines of these keys in force.
fn with_keys(place: &Place, keys: &[&str]) -> String {
    let bare = |line: &str| {
        let set = keys.iter().any(|key| line.starts_with(&format!("#{key} ")));
        if set { line.trim_start_matches('#').to_owned() } else { line.to_owned() }
    };
    place.sample().lines().map(|line| bare(line) + "\n").collect()
}

#[test]
fn what_opens_messages_is_nobody_elses_to_read() {
    let place = Place::new();
    let keys = ["openpgp_secret_key_file", "openpgp_passphrase_file", "openpgp_signers"];
    assert!(place.load(&with_keys(&place, &keys), &[]).is_ok());
    assert_eq!(
        place.keys_of_faults(&with_keys(&place, &keys[1..]), &[]),
        ["import.openpgp_secret_key_file"],
        "a passphrase of nothing"
    );
    place.write("etc/import/openpgp.key", "-", 0o640);
    place.write("etc/import/openpgp.pass", "-", 0o644);
    fs::remove_file(place.0.path().join("etc/import/maker.asc")).unwrap();
    assert_eq!(
        place.keys_of_faults(&with_keys(&place, &keys), &[]),
        keys.map(|key| format!("import.{key}"))
    );
}

#[test]
fn a_root_is_a_certificate() {
    let place = Place::new();
    let text = with_keys(&place, &["signature_roots"]);
    for bad in [
        "-",
        "",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMAA=\n",
    ] {
        place.write("etc/import/maker-ca.pem", bad, 0o644);
        assert_eq!(place.keys_of_faults(&text, &[]), ["import.signature_roots"], "{bad:?}");
    }
}

/// The sample with lines of its own for bank-000.
fn with_profile(place: &Place, line: &str) -> String {
    place.sample().replace("profile = \"bank-000\"\n", line)
}

#[test]
fn an_institution_that_names_no_profile_has_the_safe_one() {
    let place = Place::new();
    let config = place.load(&with_profile(&place, ""), &[]).unwrap();
    let default = warifu_profiles::find("default").unwrap().rules;
    assert_eq!(*config.institutions[&Institution::parse("bank-000").unwrap()], default);
}

#[test]
fn a_profile_may_be_a_file_and_the_configuration_s_numbers_win() {
    let place = Place::new();
    let profile = "base = \"bank-004\"\ntitle_en = \"X\"\ntitle_ja = \"X\"\n[verification]\n\
                   lock_after = 7\nlook_ahead = 20\n";
    let file = place.write("etc/mine.toml", profile, 0o644);
    let text = with_profile(&place, &format!("profile = {:?}\n", file.display().to_string()));
    let config = place.load(&text, &[("WARIFU__VERIFICATION__LOOK_AHEAD", "30")]).unwrap();
    let rules = &config.institutions[&Institution::parse("bank-000").unwrap()];
    assert_eq!(rules.grace_days, 7);
    assert_eq!((rules.verification.lock_after, rules.verification.look_ahead), (7, 30));
}

/// One profile for two banks, which camera tokens must tell apart all the same.
#[test]
fn each_institution_may_have_a_bank_code_of_its_own() {
    let place = Place::new();
    let text = with_profile(&place, "profile = \"bank-000\"\n")
        .replace("profile = \"bank-001\"", "profile = \"bank-000\"\nbank_code = \"0138\"");
    let config = place.load(&text, &[]).unwrap();
    let bank = |name| config.institutions[&Institution::parse(name).unwrap()].camera.bank.as_str();
    assert_eq!((bank("bank-000"), bank("bank-001")), ("0144", "0138"));
}

#[test]
fn a_bank_code_has_four_digits() {
    let place = Place::new();
    for code in ["\"\"", "\"144\"", "\"01440\"", "\"O144\"", "\"０１４４\"", "\" 144\"", "144"]
    {
        let line = format!("profile = \"bank-000\"\nbank_code = {code}\n");
        let faults = place.load(&with_profile(&place, &line), &[]).unwrap_err();
        let keys: Vec<_> = faults.iter().map(Fault::key).collect();
        assert_eq!(keys, ["institution.bank_code"], "{code}");
        let told = faults[0].to_string();
        assert!(told.contains("bank-000") && told.contains("four digits"), "{told}");
    }
}

#[test]
fn the_faults_of_a_profile_are_among_all_others_with_its_lines() {
    let place = Place::new();
    let profile = "base = \"default\"\ntitle_en = \"X\"\ntitle_ja = \"X\"\ngrace_days = 999\n\
                   [revocation]\nwindows = [{ from = \"9\", to = \"10:00\" }]\n";
    let file = place.write("etc/mine.toml", profile, 0o644).display().to_string();
    let text = with_profile(&place, &format!("profile = {file:?}\n"))
        .replace("profile = \"bank-001\"", &format!("profile = {file:?}"))
        .replace("#format = \"json\"", "format = \"xml\"");
    let faults = place.load(&text, &[]).unwrap_err();
    let keys: Vec<_> = faults.iter().map(Fault::key).collect();
    let wanted = ["log.format", "grace_days", "revocation.windows[0].from"];
    assert_eq!(keys, wanted, "once, although two institutions share the file");
    let told = faults[1].to_string();
    assert!(told.contains(&format!("from: {file}:4")), "{told}");
}

#[test]
fn a_mistyped_profile_is_no_file() {
    let place = Place::new();
    let text = with_profile(&place, "profile = \"bank-00\"\n");
    let faults = place.load(&text, &[]).unwrap_err();
    assert_eq!(faults[0].key(), "institution.profile");
    assert!(faults[0].to_string().contains("bank-004"), "{}", faults[0]);
    assert_eq!(faults.len(), 1);
}
