//! Transport keys as an institution sees them.
//!
//! Not responsible for: changing any.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::digest;
use warifu_api::key::{KeyList, KeyOrigin, KeyShape, PublicKey, TransportKey};
use warifu_core::ident::{Institution, Name};
use warifu_keys::hsm::KeyInfo;
use warifu_store::{
    Space,
    record::{self, KeyRecord, Record as _},
};

use super::of_hsm;
use crate::{failure::Failure, service::Service, wire};

impl Service {
    /// Those that officers of the institution made, destroyed ones included, and those that serve all.
    pub(crate) async fn list_keys(&self, institution: &Institution) -> Result<KeyList, Failure> {
        let held = self.hsm.list_transport_keys().await.map_err(of_hsm)?;
        let prefix = format!("{institution}/");
        let mut items = Vec::new();
        let keys = record::managed_key_prefix(institution);
        let mut after = None;
        loop {
            let page = self.store.scan(Space::Key, &keys, after.as_deref(), PAGE).await?;
            for (key, found) in page.items {
                let record = KeyRecord::decode(&found.bytes)?;
                let name = format!("{prefix}{}", record.label);
                items.push(of_record(&record, held.iter().any(|info| info.label == name)));
                after = Some(key);
            }
            if page.next.is_none() {
                break;
            }
        }
        items.extend(held.iter().filter(|info| !info.label.contains('/')).map(of_info));
        items.sort_by(|a, b| a.label.cmp(&b.label));
        Ok(KeyList { items })
    }

    /// Public part of a pair.
    pub(crate) async fn public_key(
        &self,
        institution: &Institution,
        label: &Name,
    ) -> Result<PublicKey, Failure> {
        let name = self.transport_label(institution, label).await?.ok_or(Failure::NotFound)?;
        let der = self.hsm.transport_public_key(&name).await.map_err(of_hsm)?;
        let sha256 = digest::digest(&digest::SHA256, &der);
        Ok(PublicKey { label: label.to_string(), pem: pem(&der), sha256: hex::encode(sha256) })
    }
}

fn of_record(record: &KeyRecord, in_hsm: bool) -> TransportKey {
    TransportKey {
        label: record.label.to_string(),
        shape: KeyShape::from_word(&record.shape),
        key_use: record.key_use.clone(),
        origin: KeyOrigin::from_word(&record.origin).unwrap_or(KeyOrigin::Imported),
        kcv: hex::encode(&record.kcv),
        in_hsm,
        officers: record.officers.iter().map(ToString::to_string).collect(),
        created_at: Some(wire::timestamp_ms(record.created_ms)),
        last_used_at: record.last_used_ms.map(wire::timestamp_ms),
        destroyed_at: record.destroyed_ms.map(wire::timestamp_ms),
    }
}

fn of_info(info: &KeyInfo) -> TransportKey {
    TransportKey {
        label: info.label.clone(),
        shape: KeyShape::from_word(&info.shape.to_string()),
        key_use: "opens seed files".to_owned(),
        origin: if info.local { KeyOrigin::Generated } else { KeyOrigin::Imported },
        kcv: info.kcv.clone(),
        in_hsm: true,
        officers: Vec::new(),
        created_at: None,
        last_used_at: None,
        destroyed_at: None,
    }
}

/// RFC 7468 s.13.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    pem
}

const PAGE: usize = 100;
