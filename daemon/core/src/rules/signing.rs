//! What a bank decides about tokens that sign: activation, challenges, the alarm over failures.
//!
//! Not responsible for: which operations need a signature (`class`).

use super::Gate;

/// Camera tokens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CameraRules {
    /// 金融機関コード, four digits: the token shows it when it is activated.
    pub bank: String,
    /// Seconds until the 12 digits must be entered.
    pub activation_s: u32,
    /// Wrong 12-digit codes that end an activation.
    pub activation_tries: u8,
    /// Seconds until the 8 digits must be entered; longer than the token's own limits together.
    pub confirmation_s: u32,
    /// Wrong 8-digit codes that end an activation.
    pub confirmation_tries: u8,
    /// Wrong codes over all activations in a row that lock the token.
    pub wrong_limit: u16,
    /// An activation that came to no end needs nobody's help.
    pub auto_initialise: bool,
    /// Who makes a token ready for another activation (初期化).
    pub initialise: Gate,
    /// Who activates a token, or takes part in one.
    pub activate: Gate,
    /// Only users whom the front end vouches for as having approval rights (承認権限).
    pub approval_right: bool,
    /// What becomes of the user's token for one-time passwords.
    pub retire_otp: RetireOtp,
}

/// What becomes of a one-time password token when its user activated a camera token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RetireOtp {
    /// Nothing: both are used.
    Keep,
    /// The answer says that it may be given up; it works until then.
    Offer,
    /// It is taken from the user in the same step.
    Perform,
}

impl RetireOtp {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 3] = [Self::Keep, Self::Offer, Self::Perform];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Offer => "offer",
            Self::Perform => "perform",
        }
    }
}

/// Challenges of all tokens that sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChallengeRules {
    /// Seconds a challenge lives.
    pub lifetime_s: u16,
    /// Wrong codes that end it; they count for the token too.
    pub tries: u8,
    /// Open challenges of one user at most.
    pub open_at_most: u8,
    /// Items of a batch that the display names at most.
    pub items: u8,
    /// Keypad tokens with a clock: steps to either side that are accepted.
    pub keypad_steps: u8,
}

/// When too many codes of an institution fail, whichever tokens they are for: somebody tries a few
/// codes on each of very many tokens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AlarmRules {
    /// Seconds over which failures are counted.
    pub window_s: u32,
    /// Fewer codes than this say nothing.
    pub least: u32,
    /// Wrong codes per hundred that raise the alarm; it ends below half of it.
    pub percent: u8,
}

impl Default for CameraRules {
    /// The safe side: staff initialise, approval rights are asked for.
    fn default() -> Self {
        Self {
            bank: "0000".to_owned(),
            activation_s: 600,
            activation_tries: 5,
            confirmation_s: 300,
            confirmation_tries: 5,
            wrong_limit: 20,
            auto_initialise: false,
            initialise: Gate::staff_only(),
            activate: Gate { own: true, ..Gate::staff_only() },
            approval_right: true,
            retire_otp: RetireOtp::Offer,
        }
    }
}

impl Default for ChallengeRules {
    fn default() -> Self {
        Self { lifetime_s: 300, tries: 3, open_at_most: 3, items: 5, keypad_steps: 1 }
    }
}

impl Default for AlarmRules {
    fn default() -> Self {
        Self { window_s: 300, least: 50, percent: 30 }
    }
}
