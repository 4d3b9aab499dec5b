//! `warifu-pkcs11 check`: tries each slot out and shows what came of it. Not responsible for trying, see
//! [`SlotReport`].

use std::{fmt::Write as _, fs, path::Path};

use warifu_pkcs11::{Config, ServerReport, SlotReport};
use zeroize::Zeroizing;

use crate::End;

pub(crate) fn run(config: &Config, pin_file: Option<&Path>, json: bool) -> End {
    if config.slots.is_empty() {
        return End::Config("no slot is configured; see warifu-pkcs11 --help, FILES".to_owned());
    }
    let pin = match pin_file.map(read_pin).transpose() {
        Ok(pin) => pin,
        Err(why) => return End::Config(why),
    };
    let reports: Vec<_> =
        config.slots.iter().map(|slot| SlotReport::of(slot, pin.as_ref())).collect();
    let text = if json {
        serde_json::to_string_pretty(&reports).map(|json| json + "\n").unwrap_or_default()
    } else {
        let file = config.file.as_deref().map_or("the environment".into(), Path::to_string_lossy);
        reports.iter().fold(format!("Configuration: {file}\n"), |text, slot| text + &shown(slot))
    };
    End::Shown { text, well: reports.iter().all(SlotReport::is_usable) }
}

fn read_pin(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut pin =
        Zeroizing::new(fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?);
    if pin.last() == Some(&b'\n') {
        pin.pop();
    }
    Ok(pin)
}

fn shown(slot: &SlotReport) -> String {
    let SlotReport { slot: id, label, serial, .. } = slot;
    let key = if slot.needs_pin { "encrypted under a PIN" } else { "without a PIN" };
    let mut text = format!("\nSlot {id}: {label}\n  token serial: {serial}\n  key: {key}\n");
    for server in &slot.servers {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {}: {}", server.server, state(server));
    }
    text
}

fn state(server: &ServerReport) -> String {
    let reach = if server.in_reach { "in reach" } else { "not in reach" };
    let failure = match (server.error, server.why.as_deref()) {
        (Some(error), Some(why)) => format!("; {why} ({error})"),
        (Some(error), None) => format!("; {error}"),
        (None, _) => String::new(),
    };
    match (server.accepted, server.may_list) {
        (true, Some(true)) => format!("{reach}, accepted, may list tokens"),
        (true, Some(false)) => format!("{reach}, accepted, may not list tokens"),
        (true, None) => format!("{reach}, accepted{failure}"),
        (false, _) => format!("{reach}, not accepted{failure}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(accepted: bool, may_list: Option<bool>) -> ServerReport {
        let failed = !accepted;
        ServerReport {
            server: "https://a:8443".to_owned(),
            in_reach: true,
            accepted,
            may_list,
            error: failed.then_some("CKR_PIN_EXPIRED"),
            why: failed.then(|| "our certificate has expired".to_owned()),
        }
    }

    #[test]
    fn each_daemon_has_its_line() {
        let servers = vec![server(true, Some(false)), server(false, None)];
        let report = SlotReport {
            slot: 2,
            label: "Warifu".to_owned(),
            serial: "00".to_owned(),
            needs_pin: true,
            servers,
        };
        assert!(report.is_usable());
        let text = shown(&report);
        assert!(text.contains("Slot 2: Warifu\n"), "{text}");
        assert!(text.contains("a:8443: in reach, accepted, may not list tokens\n"), "{text}");
        let failed = "in reach, not accepted; our certificate has expired (CKR_PIN_EXPIRED)\n";
        assert!(text.contains(failed), "{text}");
    }

    #[test]
    fn without_a_slot_there_is_nothing_to_check() {
        assert!(matches!(run(&Config::default(), None, false), End::Config(_)));
    }

    #[test]
    fn a_line_break_is_no_part_of_a_pin() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pin");
        fs::write(&path, "12 34\n\n").unwrap();
        assert_eq!(read_pin(&path).unwrap().as_slice(), b"12 34\n");
        assert!(read_pin(&folder.path().join("none")).is_err());
    }
}
