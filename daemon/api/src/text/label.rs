//! Short names for lists and forms: states, roles, kinds. Not sentences.
//!
//! Not responsible for: how a list is laid out.

use super::phrases;
use crate::{
    actor::{Confirmation, LoginMethod},
    authorize::{OperationClass, Stage},
    contract::UsageMode,
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
