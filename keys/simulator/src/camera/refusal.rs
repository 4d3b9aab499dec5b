//! Why the device does not take what it sees, each with a stable word and the text on its screen.
//!
//! Not responsible for: what the server makes of it; the device tells nobody but its user.

use std::fmt;

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $id:expr, [$($line:literal),+];)*) => {
        /// A reason to refuse a scanned code, or to end a procedure.
        #[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
        pub enum Refusal { $($(#[$doc])* $name,)* }

        impl Refusal {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The number of the screen, where the manuals have one.
            pub(super) const fn id(self) -> Option<&'static str> {
                match self { $(Self::$name => $id,)* }
            }

            /// What the screen says: Japanese, then English.
            pub(super) const fn lines(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($line),+],)* }
            }
        }
    };
}

refusals! {
    /// Not a QR code of this protocol, or a damaged one: hold the bank's code before the camera.
    BadText = "bad_text", None, ["この二次元コードは読み取れません。", "This is not a code for a token."];
    /// The seal does not fit: the code was changed, or is not from the bank.
    BadSeal = "bad_seal", None, ["この二次元コードは正しくありません。", "The code is not genuine."];
    /// Made for another device: take the other one.
    OtherToken = "other_token", None, ["別のトークン用の二次元コードです。", "The code is for another token."];
    /// Made for an earlier registration of this device: begin again on the bank's page.
    OtherInstance = "other_instance", None, ["以前の登録用の二次元コードです。", "The code is for an earlier registration."];
    /// The second code of an earlier activation: begin again on the bank's page.
    Stale = "stale", None, ["古い二次元コードです。", "The code is out of date."];
    /// A second code without a first: begin with the first.
    NoActivation = "no_activation", None, ["先に1つ目の二次元コードを読み取ってください。", "Scan the first code first."];
    /// A transaction, but the token is not registered.
    NotRegistered = "not_registered", Some("DP020"), ["このトークンは利用開始登録されていません", "The device is not activated."];
    /// Something else than the second code in the middle of an activation.
    ActivationRunning = "activation_running", None, ["利用開始登録の途中です。", "The activation is under way."];
    /// A first code that must not replace the registration: have the token initialised.
    AlreadyActive = "already_active", None, ["このトークンは利用開始登録されています。", "The device is activated already."];
    /// The activation counter is at its end: the device must be replaced.
    WornOut = "worn_out", None, ["このトークンはこれ以上登録できません。", "The device can not be activated any more."];
    /// Fields that are missing, or that the operation does not have.
    WrongFields = "wrong_fields", None, ["取引内容を表示できません。", "Fields are missing or unknown."];
    /// Fields that are not in order, doubled, or cut off.
    BadTlv = "bad_tlv", None, ["取引内容を表示できません。", "The contents are malformed."];
    /// A value out of its range, in the frame or in the contents.
    BadField = "bad_field", None, ["取引内容を表示できません。", "A value can not be displayed."];
    /// An operation that does not fit the kind of message.
    BadOperation = "bad_operation", None, ["取引内容を表示できません。", "The operation does not fit the code."];
    /// Done or Yes was not pressed in time: what was not finished is gone.
    TimedOut = "timed_out", None, ["時間切れです。操作は完了していません。", "Time is up. Nothing was changed."];
    /// The device is off, or its screen asks for a button: nothing was scanned.
    NotLooking = "not_looking", None, ["カメラは起動していません。", "The camera is not on."];
}

impl Refusal {
    /// The reason of a word.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|refusal| refusal.word() == word)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
