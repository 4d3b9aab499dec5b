//! Problem types as titles and sentences, and what to do next.
//!
//! Not responsible for: the documents, see [`crate::problem`].

use super::{Language, Worded as _, joined, phrases};
use crate::problem::{Next, Problem, ProblemType};

// What happened. The title in English is the type's own, see `ProblemType::title`.
phrases! { ProblemType {
    ApprovalRequired:
        "This operation needs two people: propose it, and have another person approve it.",
        "この操作には二人の担当者が必要です。申請を登録し、別の担当者が承認してください。";
    ClockUntrusted:
        "The time can not be told reliably at the moment.",
        "現在、システムの時刻を確認できません。";
    Conflict:
        "The present state does not allow this.",
        "現在の状態では、この操作はできません。";
    Deadline:
        "The request was not finished in time.",
        "時間内に処理が完了しませんでした。";
    Draining:
        "The service is being restarted.",
        "サービスを再起動しています。";
    Forbidden:
        "This caller may not do this.",
        "この呼出元には操作の権限がありません。";
    HsmUnavailable:
        "Codes can not be checked at the moment.",
        "現在、ワンタイムパスワードを確認できません。";
    IdempotencyMismatch:
        "The request's key was used for another request before.",
        "このリクエストのキーは、別のリクエストで使用済みです。";
    Internal:
        "An error occurred in the service.",
        "システムでエラーが発生しました。";
    InvalidField:
        "A field of the request breaks a rule.",
        "リクエストの項目に誤りがあります。";
    MalformedRequest:
        "The request could not be read.",
        "リクエストの形式に誤りがあります。";
    MethodNotAllowed:
        "This method is not available here.",
        "このメソッドは使用できません。";
    NotAcceptable:
        "The answer is not available in an acceptable form.",
        "指定された形式では回答できません。";
    NotFound:
        "What was asked for does not exist.",
        "該当するものがありません。";
    PayloadTooLarge:
        "The request is too large.",
        "リクエストのサイズが大きすぎます。";
    SamePerson:
        "Whoever proposed it can not decide about it: another person has to.",
        "申請者本人は承認も却下もできません。別の担当者が操作してください。";
    StoreFull:
        "Nothing can be stored at the moment.",
        "現在、データを保存する空き容量がありません。";
    StoreUnavailable:
        "Stored data is out of reach at the moment.",
        "現在、保存データにアクセスできません。";
    TokenUnusable:
        "The record of this token is damaged.",
        "このトークンの記録が破損しています。";
    TooManyRequests:
        "There are too many requests at the moment.",
        "現在、リクエストが集中しています。";
    Unauthenticated:
        "The certificate of the caller is not known here.",
        "呼出元の証明書を確認できません。";
    UnsupportedMediaType:
        "The form of the request is not supported.",
        "リクエストのメディアタイプに対応していません。";
} }

phrases! { Next {
    ChangeRequest:
        "Please correct the request.",
        "リクエストの内容を修正してください。";
    ChangeCircumstances:
        "Repeating it is of no use until that has changed.",
        "状況が変わるまで、繰り返しても結果は変わりません。";
    Retry:
        "Nothing was decided. Please try again in a moment.",
        "処理は行われていません。しばらくたってから、もう一度お試しください。";
    RetrySameKey:
        "It may have been carried out. Please repeat the same request with the same key.",
        "処理が完了している可能性があります。同じキーで同じリクエストを再送してください。";
    CallOperator:
        "Please ask the operators of the service.",
        "システムの運用担当者にお問い合わせください。";
} }

impl ProblemType {
    /// The title in this language. In English it is [`ProblemType::title`].
    pub const fn title_in(self, language: Language) -> &'static str {
        match language {
            Language::En => self.title(),
            Language::Ja => self.japanese_title(),
        }
    }

    const fn japanese_title(self) -> &'static str {
        match self {
            Self::ApprovalRequired => "二人の担当者が必要です",
            Self::ClockUntrusted => "時刻が信頼できません",
            Self::Conflict => "現在の状態では実行できません",
            Self::Deadline => "時間内に完了しませんでした",
            Self::Draining => "サーバを停止しています",
            Self::Forbidden => "権限がありません",
            Self::HsmUnavailable => "HSMに接続できません",
            Self::IdempotencyMismatch => "キーが別のリクエストのものです",
            Self::Internal => "内部エラー",
            Self::InvalidField => "項目の誤り",
            Self::MalformedRequest => "リクエストの形式の誤り",
            Self::MethodNotAllowed => "使用できないメソッド",
            Self::NotAcceptable => "対応できる形式がありません",
            Self::NotFound => "見つかりません",
            Self::PayloadTooLarge => "サイズの超過",
            Self::SamePerson => "別の担当者が決定してください",
            Self::StoreFull => "保存領域の不足",
            Self::StoreUnavailable => "保存領域に接続できません",
            Self::TokenUnusable => "トークンの記録を使用できません",
            Self::TooManyRequests => "リクエストの集中",
            Self::Unauthenticated => "呼出元を確認できません",
            Self::UnsupportedMediaType => "対応していないメディアタイプ",
        }
    }
}

impl Problem {
    /// With title and text in this language. `detail` and the rules of `errors` stay English: they
    /// are for those who write the caller.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        let happened = self.kind.in_language(language);
        let next = self.kind.next().in_language(language);
        self.kind.title_in(language).clone_into(&mut self.title);
        self.text = Some(joined(language, &[happened, next]));
        self
    }
}
