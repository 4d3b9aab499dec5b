//! What lists and forms call things: names of facts and columns, actions and outcomes of histories.
//!
//! Not responsible for: states, roles and kinds, whose names `warifu_api::text` has.

use warifu_api::{Language, text::Phrase};

/// One constant per name.
macro_rules! labels {
    ($($name:ident: $en:literal, $ja:literal;)+) => {
        $(pub(crate) const $name: Phrase = Phrase { en: $en, ja: $ja };)+
    };
}

labels! {
    ACCEPTED: "accepted", "正常";
    ACTING: "acting user", "操作者";
    ACTION: "action", "操作";
    ACTIVATION: "activation", "登録番号";
    ALGORITHM: "algorithm", "方式";
    ALSO: "also concerned", "同じトークンの利用者";
    AT: "at", "日時";
    ATTEMPTS: "attempts left", "残り回数";
    AUTHENTICATION: "authentication", "認証状態";
    AUTHENTICATION_SHORT: "auth", "認証状態";
    BATCH: "batch", "バッチ";
    BECAUSE: "because", "判定の理由";
    BY: "by", "実行者";
    BYTES: "bytes", "バイト数";
    CAMERA_SCREEN: "camera screen", "カメラ付きトークンの画面";
    CAMERA_SERIAL: "camera token", "カメラ付きトークン";
    CAMERA_STATE: "activation state", "トランザクション認証";
    CEREMONY: "ceremony", "鍵投入番号";
    CHALLENGE: "challenge", "要求番号";
    CHECKED: "checked", "確認済み";
    CHECKED_AT: "checked at", "確認日時";
    CHECK_VALUE: "check value", "チェック値";
    CHECK_VALUE_METHOD: "check value method", "チェック値の方式";
    COMMON_SERIAL: "common serial", "共通トークンのシリアル番号";
    COMMON_SINCE: "common since", "共通トークンの利用開始日時";
    COMPONENTS: "components", "鍵部品";
    CONTRACT: "contract", "契約先";
    COULD_BE: "could be", "他の可能性:";
    COUNT: "count", "件数";
    COVERED: "covered by the code", "認証対象";
    CREATED_AT: "created at", "登録日時";
    CUSTODY: "custody", "シード保管方式";
    DECIDED_AT: "decided at", "承認・却下日時";
    DECIDED_BY: "decided by", "承認・却下者";
    DECISION_REASON: "reason of the decision", "承認・却下の理由";
    DESTROYED_AT: "destroyed at", "破棄日時";
    DETECTED: "detected", "判定した形式";
    DEVICE_COUNTER: "activation counter", "登録回数カウンタ";
    DIGITS: "digits", "桁数";
    DRIFT: "clock drift", "時刻のずれ";
    DRY_RUN: "dry run", "検査のみ";
    ELEMENT: "element", "要素";
    ENCRYPTION: "encryption", "暗号化";
    EXPIRES: "expires", "有効期限";
    EXPIRES_AT: "expires at", "有効期限";
    EXPIRY: "expiry", "有効期限の範囲";
    FAILED: "failed", "失敗";
    FAILURE: "failure", "障害";
    FAILURES: "failures", "連続誤り回数";
    FILE: "file", "ファイル";
    FILE_DIGEST: "file digest (SHA-256)", "ファイルのダイジェスト (SHA-256)";
    FINGERPRINT: "fingerprint", "指紋";
    FINISHED_AT: "finished at", "終了日時";
    FORMAT: "format", "形式";
    GENERATION: "generation", "世代";
    GENERATIONS: "generations", "世代";
    GRACE_UNTIL: "grace until", "猶予期間終了";
    HASH: "hash", "ハッシュ";
    IMPORT: "import", "取込番号";
    IMPORTED_AT: "imported at", "取込日時";
    IN_HSM: "in HSM", "HSM内";
    ISSUED_TO: "issued to", "発行先";
    KEY: "key", "鍵";
    KEY_ID: "key id", "鍵ID";
    KEY_USE: "use", "用途";
    KIND: "kind", "種類";
    LAST_ACCEPTED: "last accepted", "最終認証日時";
    LAST_USED_AT: "last used at", "最終使用日時";
    LIFE: "life", "発行状態";
    LIMIT: "yen per day", "一日あたりの限度額(円)";
    LINE: "line", "行";
    LOCKED_AT: "locked at", "利用停止日時";
    LOGIN: "login", "ログイン";
    MANUFACTURER: "manufacturer", "製造元";
    MATCHED: "matched", "一致した番号";
    MISSING: "still missing", "未入力の鍵部品";
    NEW_USAGE_MODE: "new usage mode", "変更後の利用形態";
    NEXT_COUNTER: "next counter", "次のカウンタ";
    NOTE: "note", "備考";
    NOT_BEFORE: "not before", "登録可能日時";
    OFFICER: "officer", "担当者";
    OFFICERS: "officers", "担当者";
    OPENED_AT: "opened at", "受付日時";
    OPENED_BY: "opened by", "開始者";
    OPEN_CHALLENGES: "open challenges", "回答待ちの要求";
    OPERATION: "operation", "操作内容";
    ORDERED: "ordered", "発行申請";
    ORDERED_AT: "ordered at", "発行申請日時";
    ORIGIN: "origin", "由来";
    OUTCOME: "outcome", "結果";
    PROFILE: "computes", "方式";
    PROPOSAL: "proposal", "申請番号";
    PROPOSED_AT: "proposed at", "申請日時";
    PROPOSER: "proposed by", "申請者";
    QUARANTINED: "in quarantine", "要確認";
    REASON: "reason", "理由";
    REFERENCE: "reference", "受付番号";
    REFUSED: "refused", "不良";
    REGISTERED_AT: "registered at", "利用開始登録日時";
    REGISTRATIONS: "registrations", "対象の登録済みユーザ";
    REMAINING: "under an older key", "旧世代の鍵によるもの";
    REQUEST: "request", "要求番号";
    REWRAPPED: "wrapped anew", "再ラップ済み";
    ROLE: "role", "区分";
    RULE: "rule", "規則";
    SCREEN: "screen", "画面";
    SEEDS_DAEMON: "seeds seen by the server", "サーバのメモリを経たシード";
    SEEDS_INSIDE: "seeds opened inside the HSM", "HSM内で復号したシード";
    SEEDS_WORKER: "seeds seen by the HSM worker", "HSM接続プロセスのメモリを経たシード";
    SERIAL: "serial", "シリアル番号";
    SERVICE_START: "service start", "利用開始日";
    SHAPE: "shape", "鍵の種類";
    SHOWN_NAME: "name on the token", "トークンの表示名";
    SIGNATURE: "signature", "署名";
    STAGED_BY: "staged by", "取込者";
    STARTED_AT: "started at", "開始日時";
    STATE: "state", "状態";
    STATUS: "status", "状態";
    STEP: "step", "手順";
    SUITES: "suites", "スイート";
    TIME_STEP: "time step", "表示間隔";
    TOKENS: "tokens", "対象のトークン";
    TOKEN_CODE: "token code", "トークンコード";
    TRIES: "tries left", "残り回数";
    UPDATED_AT: "updated at", "更新日時";
    USAGE_MODE: "usage mode", "利用形態";
    USER: "user", "利用者";
    USERS: "users", "利用者";
    VALID_FROM: "valid from", "有効期間開始";
    VISITED: "visited", "処理済み";
    WAITS_UNTIL: "waits until", "承認期限";
    WARNING: "warning", "警告";
}

/// Yes or no.
pub(crate) fn yes(language: Language, yes: bool) -> String {
    let phrase =
        if yes { Phrase { en: "yes", ja: "可" } } else { Phrase { en: "no", ja: "不可" } };
    phrase.in_language(language).to_owned()
}

/// An action of a history. The server may know more of them than this program: those stay as they are.
pub(crate) fn action(language: Language, word: &str) -> String {
    japanese(language, ACTIONS, word)
}

/// How an action of a history ended.
pub(crate) fn outcome(language: Language, word: &str) -> String {
    japanese(language, OUTCOMES, word)
}

fn japanese(language: Language, known: &[(&str, &str)], word: &str) -> String {
    let found = known.iter().find(|(name, _)| *name == word && language == Language::Ja);
    found.map_or(word, |(_, name)| name).to_owned()
}

const ACTIONS: &[(&str, &str)] = &[
    ("activate", "トランザクション認証利用開始登録"),
    ("approve", "承認"),
    ("ceremony", "鍵投入"),
    ("challenge", "署名の要求"),
    ("deactivate", "利用解除"),
    ("disable", "使用中止"),
    ("enable", "使用再開"),
    ("import", "取込"),
    ("initialise", "初期化"),
    ("issue", "トークン発行"),
    ("key_destroy", "鍵の破棄"),
    ("key_make", "鍵の作成"),
    ("lost", "紛失"),
    ("order", "発行申請"),
    ("propose", "承認申請"),
    ("recall", "回収"),
    ("register", "利用開始登録"),
    ("reject", "却下"),
    ("resync", "同期"),
    ("revoke", "失効"),
    ("rotate", "ラップ鍵の更新"),
    ("set_expiry", "有効期限変更"),
    ("share", "トークン共有登録"),
    ("sign", "トランザクション認証"),
    ("skip", "登録の省略"),
    ("unlock", "利用停止解除"),
    ("usage_mode", "利用形態変更"),
    ("user_remove", "利用者削除"),
    ("user_set", "利用者登録"),
    ("verify", "認証"),
    ("withdraw", "申請の取下げ"),
];

const OUTCOMES: &[(&str, &str)] = &[
    ("accepted", "一致"),
    ("code_rejected", "不一致"),
    ("confirmation_wrong", "確認用パスワード不一致"),
    ("disabled", "使用中止"),
    ("done", "完了"),
    ("expired", "有効期限切れ"),
    ("length", "桁数不一致"),
    ("locked", "利用停止中"),
    ("not_accepted", "不一致"),
    ("not_in_service", "利用開始前"),
    ("not_registered", "未登録"),
    ("not_yet_valid", "有効期間前"),
    ("refused", "受付不可"),
    ("rejected", "不一致"),
    ("resync_required", "要同期"),
    ("reused", "使用済み"),
    ("revoked", "失効中"),
    ("unchanged", "変更なし"),
    ("wrong", "不一致"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_newer_server_are_shown_as_they_are() {
        assert_eq!(action(Language::Ja, "unlock"), "利用停止解除");
        assert_eq!(action(Language::En, "unlock"), "unlock");
        assert_eq!(outcome(Language::Ja, "evaporated"), "evaporated");
    }
}
