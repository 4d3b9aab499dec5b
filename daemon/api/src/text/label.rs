//! Short names for lists and forms: states, roles, kinds. Not sentences.
//!
//! Not responsible for: how a list is laid out.

use super::phrases;
use crate::{
    actor::{Confirmation, LoginMethod},
    approval::ProposalState,
    authorize::{OperationClass, Stage},
    camera::CameraState,
    challenge::{PromptLabel, PromptUse},
    contract::UsageMode,
    import::ImportState,
    key::{CeremonyState, KeyOrigin, RotationState},
    signing::{AccountType, BatchKind, Covered},
    token::{TokenKind, TokenLife, TokenStatus},
    user::{Authentication, ListedState, Role},
};

phrases! { Role {
    Administrator: "administrator", "管理者ユーザ";
    General: "general user", "一般ユーザ";
    Master: "master user", "マスターユーザ";
} }

phrases! { ListedState {
    Expired: "token expired", "トークン有効期限切れ";
    InService: "in service", "サービス利用中";
    Issued: "token issued", "トークン発行済み";
    Revoked: "revoked", "失効中";
    Unregistered: "not registered", "未登録";
} }

phrases! { Authentication {
    Available: "available", "利用可能";
    Stopped: "stopped", "停止中";
} }

phrases! { TokenKind {
    Camera: "camera token", "カメラ付きトークン";
    Hard: "hardware token", "ハードウェアトークン";
    Soft: "software token", "ソフトウェアトークン";
} }

phrases! { TokenLife {
    InService: "in service", "サービス利用中";
    Issued: "issued", "発行済み";
    Lost: "lost", "紛失";
    Stock: "in stock", "在庫";
    Withdrawn: "withdrawn", "利用終了";
} }

phrases! { TokenStatus {
    Active: "active", "利用可能";
    Disabled: "out of use", "使用中止";
    Expired: "expired", "有効期限切れ";
    Locked: "locked", "利用停止";
    NotYetValid: "not yet valid", "有効期間前";
    ResyncRequired: "resynchronisation needed", "要同期";
} }

phrases! { CameraState {
    Active: "activated", "利用開始登録済み";
    ActiveUnproven: "activated, nothing signed yet", "利用開始登録済み（取引実績なし）";
    Am1Sent: "awaiting the number of twelve digits", "トークン認証待ち";
    Am2Sent: "awaiting the number of eight digits", "認証確認待ち";
    InitRequired: "initialisation needed", "要初期化";
    Ready: "ready for activation", "利用開始登録前";
} }

phrases! { AccountType {
    Current: "current account", "当座";
    Ordinary: "ordinary account", "普通";
    Other: "other account", "その他";
    Savings: "savings account", "貯蓄";
} }

phrases! { BatchKind {
    Bonus: "bonus payments", "賞与振込";
    Salary: "salary payments", "給与振込";
    Transfer: "batch of transfers", "総合振込";
} }

phrases! { PromptUse {
    Account: "signature over the account number", "口座番号による取引認証";
    AccountAmount: "signature over account number and amount", "口座番号と金額による取引認証";
    ChallengeAccountAmount:
        "signature over challenge, account number and amount",
        "確認番号、口座番号、金額による取引認証";
    Login: "login", "ログイン";
    Question: "question", "質問";
} }

phrases! { PromptLabel {
    Account: "account number", "口座番号";
    Amount: "amount", "金額";
    Challenge: "challenge", "確認番号";
    Lead: "fixed digit in front", "先頭の数字";
    Question: "question", "質問";
} }

phrases! { Covered {
    Account: "account number", "口座番号";
    Amount: "amount", "金額";
    Challenge: "challenge", "確認番号";
    Count: "number of transfers", "件数";
    Date: "date", "指定日";
    Hash: "records", "データ全体";
    Items: "transfers shown", "表示された明細";
    Kind: "kind of operation", "業務";
    LoginId: "user", "利用者";
    Payee: "payee's account", "振込先";
    PayeeName: "payee's name", "受取人";
    Payer: "paying account", "支払口座";
    Question: "question", "質問";
    Text: "description", "内容";
    Total: "total", "合計金額";
} }

phrases! { UsageMode {
    Common: "one token for all users", "全ユーザ共通";
    Individual: "a token for each user", "ユーザごと";
    Shared: "tokens shared between users", "ユーザ間共有";
} }

phrases! { OperationClass {
    BatchApprove: "approval of a batch", "総合振込・給与振込の承認";
    CustomerData: "change of customer data", "お客さま情報の変更";
    Login: "login", "ログイン";
    Payeasy: "Pay-easy", "ペイジー";
    TokenAdmin: "administration of tokens", "トークン管理";
    TransferSingle: "single transfer", "都度振込";
    Unprotected: "inquiry", "照会など";
    UserAdmin: "administration of users", "利用者管理";
} }

phrases! { Stage {
    Approval: "approval", "承認";
    Entry: "entry", "登録";
    Execution: "execution", "実行";
    FinalApproval: "final approval", "最終承認";
    FirstApproval: "first approval", "一次承認";
} }

phrases! { Confirmation {
    NotChecked: "not checked", "未確認";
    Right: "right", "一致";
    Wrong: "wrong", "不一致";
} }

phrases! { LoginMethod {
    Certificate: "certificate", "電子証明書方式";
    Password: "password", "パスワード方式";
} }

phrases! { ImportState {
    AwaitingContent: "waiting for the file", "ファイル待ち";
    Cancelled: "cancelled", "取消済み";
    Checking: "being checked", "検査中";
    Done: "in service", "取込完了";
    Failed: "failed", "障害により中止";
    Receiving: "being received", "受信中";
    Refused: "refused", "受付不可";
    Rejected: "refused by another officer", "却下";
    Sealing: "being sealed", "シード格納中";
    Staged: "waiting for another officer", "承認待ち";
} }

phrases! { ProposalState {
    Approved: "approved, being carried out", "承認済み・実行中";
    Done: "done", "実行済み";
    Expired: "expired", "期限切れ";
    Failed: "failed", "実行不可";
    Open: "waiting for another person", "承認待ち";
    Rejected: "refused", "却下";
    Withdrawn: "withdrawn", "取下げ";
} }

phrases! { CeremonyState {
    Aborted: "given up", "中止";
    Confirming: "check value to be confirmed", "チェック値の確認待ち";
    Done: "key made", "鍵登録済み";
    Open: "components missing", "鍵部品の入力待ち";
} }

phrases! { KeyOrigin {
    Ceremony: "from components", "鍵部品から合成";
    Generated: "made in the HSM", "HSM内で生成";
    Imported: "brought in whole", "一括登録";
    Pair: "pair made in the HSM", "HSM内で生成した鍵ペア";
} }

phrases! { RotationState {
    Checking: "being checked", "確認中";
    Done: "done", "完了";
    Rewrapping: "wrapping anew", "再ラップ中";
    Stopped: "interrupted", "中断";
} }
