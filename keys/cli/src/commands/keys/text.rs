//! Keys and ceremonies for people. Not responsible for: JSON, which is the server's answer as it came.

use warifu_api::{
    Language,
    key::{Ceremony, CeremonyList, CeremonyState, ComponentEntry, KeyList, TransportKey},
};

use crate::{
    commands::answer::dash,
    label,
    language::named,
    output::{clean, facts_in, headings, table},
};

/// The list of keys.
pub(super) fn list(keys: &KeyList, language: Language) -> String {
    let head = [
        label::KEY,
        label::SHAPE,
        label::KEY_USE,
        label::ORIGIN,
        label::CHECK_VALUE,
        label::IN_HSM,
        label::OFFICERS,
        label::CREATED_AT,
        label::LAST_USED_AT,
        label::DESTROYED_AT,
    ];
    let row = |key: &TransportKey| {
        [
            key.label.clone(),
            key.shape.map_or_else(dash, |shape| shape.to_string()),
            key.key_use.clone(),
            named(key.origin, language),
            key.kcv.clone(),
            in_hsm(key.in_hsm, language).to_owned(),
            if key.officers.is_empty() { dash() } else { key.officers.join(", ") },
            key.created_at.as_ref().map_or_else(dash, ToString::to_string),
            key.last_used_at.as_ref().map_or_else(dash, ToString::to_string),
            key.destroyed_at.as_ref().map_or_else(dash, ToString::to_string),
        ]
    };
    table(headings(language, head), keys.items.iter().map(row))
}

const fn in_hsm(there: bool, language: Language) -> &'static str {
    match (there, language) {
        (true, Language::En) => "yes",
        (false, Language::En) => "no",
        (true, Language::Ja) => "あり",
        (false, Language::Ja) => "なし",
    }
}

/// The list of ceremonies.
pub(super) fn ceremonies(list: &CeremonyList, language: Language) -> String {
    let head = [
        label::CEREMONY,
        label::KEY,
        label::SHAPE,
        label::STATE,
        label::COMPONENTS,
        label::OPENED_BY,
        label::EXPIRES_AT,
    ];
    let row = |one: &Ceremony| {
        [
            one.id.clone(),
            one.label.clone(),
            one.shape.to_string(),
            named(one.state, language),
            format!("{} / {}", one.entries.len(), one.components),
            one.opened_by.clone(),
            one.expires_at.to_string(),
        ]
    };
    table(headings(language, head), list.items.iter().map(row))
}

/// One ceremony, and how it goes on.
pub(super) fn ceremony(ceremony: &Ceremony, language: Language) -> String {
    let missing = usize::from(ceremony.components).saturating_sub(ceremony.entries.len());
    let open = ceremony.state == CeremonyState::Open;
    let mut text = facts_in(
        language,
        [
            (label::CEREMONY, Some(ceremony.id.clone())),
            (label::KEY, Some(ceremony.label.clone())),
            (label::SHAPE, Some(ceremony.shape.to_string())),
            (label::STATE, Some(named(ceremony.state, language))),
            (label::COMPONENTS, Some(ceremony.components.to_string())),
            (label::MISSING, open.then(|| missing.to_string())),
            (label::CHECK_VALUE_METHOD, Some(ceremony.kcv_method.to_string())),
            (label::CHECK_VALUE, ceremony.kcv.clone()),
            (label::OPENED_BY, Some(ceremony.opened_by.clone())),
            (label::CREATED_AT, Some(ceremony.created_at.to_string())),
            (label::EXPIRES_AT, Some(ceremony.expires_at.to_string())),
        ],
    );
    if !ceremony.entries.is_empty() {
        let head = [label::OFFICER, label::CHECK_VALUE, label::AT];
        let row = |entry: &ComponentEntry| {
            [entry.officer.clone(), entry.kcv.clone(), entry.at.to_string()]
        };
        text.push('\n');
        text.push_str(&table(headings(language, head), ceremony.entries.iter().map(row)));
    }
    text.extend(["\n", &clean(&next(ceremony, missing, language)), "\n"]);
    text
}

fn next(ceremony: &Ceremony, missing: usize, language: Language) -> String {
    let id = &ceremony.id;
    match (ceremony.state, language) {
        (CeremonyState::Open, Language::En) => format!(
            "OPEN: {missing} more {}; compare each check value with the printed one, and give up with \
             `warifu keys ceremony abort {id}` where it differs. Next: warifu keys ceremony enter {id}",
            if missing == 1 {
                "officer has to enter a component"
            } else {
                "officers have to enter a component each"
            },
        ),
        (CeremonyState::Open, Language::Ja) => format!(
            "入力待ち: あと{missing}人の担当者が鍵部品を入力します。チェック値が印刷値と異なる場合は \
             `warifu keys ceremony abort {id}` で中止してください。次: warifu keys ceremony enter {id}"
        ),
        (CeremonyState::Confirming, Language::En) => format!(
            "ALL COMPONENTS ARE IN: confirm with the check value that the manufacturer states: \
             warifu keys ceremony confirm {id} --kcv HEX"
        ),
        (CeremonyState::Confirming, Language::Ja) => format!(
            "入力完了: 製造元が示すチェック値で確認してください: \
             warifu keys ceremony confirm {id} --kcv HEX"
        ),
        (CeremonyState::Done, Language::En) => "DONE: the key is in the HSM".to_owned(),
        (CeremonyState::Done, Language::Ja) => "完了: 鍵をHSMに登録しました".to_owned(),
        (CeremonyState::Aborted, Language::En) => "GIVEN UP: nothing is kept of it".to_owned(),
        (CeremonyState::Aborted, Language::Ja) => "中止: 何も保存していません".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(state: &str) -> Ceremony {
        serde_json::from_str(&format!(
            r#"{{"id":"c1","label":"acme","shape":"aes-256","components":3,"kcv_method":"ecb",
                "state":"{state}","opened_by":"hanako","entries":[{{"officer":"taro","kcv":"9b04e1",
                "at":"2026-11-21T13:30:00Z"}}],"created_at":"2026-11-21T13:00:00Z",
                "expires_at":"2026-11-22T13:00:00Z"}}"#
        ))
        .unwrap()
    }

    #[test]
    fn it_is_said_how_many_officers_are_missing() {
        let text = ceremony(&of("open"), Language::En);
        assert!(text.contains("OPEN: 2 more officers have to enter"), "{text}");
        assert!(text.contains("taro") && text.contains("9b04e1"), "{text}");
        assert!(ceremony(&of("open"), Language::Ja).contains("あと2人の担当者"));
    }

    #[test]
    fn every_state_says_how_it_goes_on() {
        assert!(ceremony(&of("confirming"), Language::En).contains("confirm c1 --kcv"));
        assert!(ceremony(&of("done"), Language::En).contains("DONE: the key is in the HSM"));
        let aborted = ceremony(&of("aborted"), Language::En);
        assert!(aborted.contains("GIVEN UP") && !aborted.contains("still missing"), "{aborted}");
    }

    #[test]
    fn a_key_of_an_unknown_kind_is_listed_too() {
        let keys = serde_json::from_str(
            r#"{"items":[{"label":"acme","key_use":"unwrap","origin":"imported","kcv":"3a1f90",
                "in_hsm":true,"officers":[]}]}"#,
        )
        .unwrap();
        let text = list(&keys, Language::En);
        assert!(text.contains("acme  -      unwrap  imported  3a1f90       yes"), "{text}");
    }
}
