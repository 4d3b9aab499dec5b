//! The words that profiles use for the core's values, each list complete.
//!
//! Not responsible for: what is said about them to people (`explain`).

use warifu_core::{
    lifecycle::{Role, TokenKind, UsageMode},
    rules::{
        CheckDigit, Demand, Effective, Factor, Holding, OperationClass, RetireOtp, SeedExposure,
        SerialVerification, Stage, WindowRule, WithoutToken,
    },
};

/// A value that profiles write as a word.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// Every value with its word.
    fn all() -> Vec<(&'static str, Self)>;
}

macro_rules! listed {
    ($($name:ty { $($word:literal => $value:ident),+ $(,)? })+) => {
        $(impl Word for $name {
            fn all() -> Vec<(&'static str, Self)> {
                vec![$(($word, <$name>::$value)),+]
            }
        })+
    };
}

macro_rules! of_core {
    ($($name:ty),+) => {
        $(impl Word for $name {
            fn all() -> Vec<(&'static str, Self)> {
                Self::ALL.into_iter().map(|one| (one.word(), one)).collect()
            }
        })+
    };
}

of_core!(OperationClass, RetireOtp, SeedExposure, Stage, Role, TokenKind, UsageMode);

listed! {
    Factor { "none" => None, "otp" => Otp, "transaction_signature" => TransactionSignature }
    Holding { "any" => Any, "live" => Live, "other_live" => OtherLive }
    Demand { "no" => No, "if_able" => IfAble, "yes" => Yes }
    WithoutToken { "refused" => Refused, "limited" => Limited }
    Effective { "at_once" => AtOnce, "next_login" => NextLogin }
    WindowRule { "later" => Later, "window_end" => WindowEnd }
    SerialVerification { "in_service" => InService, "unassigned" => Unassigned }
    CheckDigit { "none" => None, "mod_11_10" => Mod11_10 }
}
