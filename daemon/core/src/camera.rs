//! A camera token as the server sees it: from the vault through both steps of its activation to
//! signatures, and back by an initialisation.
//!
//! ```text
//! Ready --start--> First --12 digits--> Second --8 digits--> Active (unproven) --signature--> proven
//!   ^   <--time, tries--'                  `--time, tries--> InitRequired      |
//!   `----------------------- initialise --------------------------'------------'
//! ```
//!
//! Whose token it is, and who takes part, is the life cycle's business ([`crate::lifecycle`]); what a
//! message looks like is the driver's, whose secrets are carried here as opaque [`Material`].
//!
//! Not responsible for: codes and keys, who may do what.

use std::fmt;

use crate::{
    ident::{ContractId, UserId},
    lifecycle::Denial,
    rules::CameraRules,
    time::UnixTime,
};

/// What a driver keeps of an activation: salts and digests that only it understands. Useless
/// without the token's keys, and shown to nobody all the same.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Material(Vec<u8>);

impl Material {
    /// Most bytes that a driver may keep.
    pub const MAX: usize = 512;

    /// `None` where there is more than [`Self::MAX`].
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() <= Self::MAX).then_some(Self(bytes))
    }

    /// For the driver and for storage.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Material({} bytes)", self.0.len())
    }
}

/// Names one activation: the nonce of its first message.
pub type ActivationId = [u8; 12];

/// Six digits by which the users of a contract tell their tokens apart (トークンコード).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TokenCode(String);

impl TokenCode {
    /// Six ASCII digits.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == 6 && text.bytes().all(|c| c.is_ascii_digit());
        fits.then(|| Self(text.to_owned()))
    }

    /// From a random number.
    pub fn from_random(number: u32) -> Self {
        Self(format!("{:06}", number.rem_euclid(1_000_000)))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name that a token shows for its user: 1 to 30 printable ASCII characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoginName(String);

impl LoginName {
    /// Longest name that the token's screen takes.
    pub const MAX: usize = 30;

    /// Parses a text of the outside world.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX).contains(&text.len());
        let printable = text.bytes().all(|c| (0x20..=0x7E).contains(&c));
        (fits && printable && text.trim() == text).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An activation under way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// Which.
    pub id: ActivationId,
    /// Whose contract.
    pub contract: ContractId,
    /// For whom.
    pub user: UserId,
    /// How the token will call them.
    pub login: LoginName,
    /// When the message of this step was made.
    pub since: UnixTime,
    /// Wrong codes of this step.
    pub wrong: u8,
    /// The driver's.
    pub material: Material,
    /// The message of this step, to be shown again: scanning it twice changes nothing.
    pub message: Vec<u8>,
}

/// In use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Active {
    /// When its activation was confirmed.
    pub since: UnixTime,
    /// It has made a right signature since: the user did press Done and Yes.
    pub proven: bool,
    /// The driver's.
    pub material: Material,
    /// Binds `material` to the token: nobody who can write to the store can exchange it.
    pub tag: [u8; 32],
}

/// Where a camera token stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Phase {
    /// May be activated.
    Ready,
    /// The first message was shown; its 12 digits are awaited.
    First(Session),
    /// The second message was shown; its 8 digits are awaited.
    Second(Session),
    /// An activation came to no end after the token had got everything: it may be active or not.
    InitRequired,
    /// Activated.
    Active(Active),
}

/// A camera token's whole state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Camera {
    /// Where it stands.
    pub phase: Phase,
    /// Highest activation counter that the device ever showed: a lower one is another device's.
    pub counter: u16,
    /// How many second messages were made. Bonds of users name the activation they belong to.
    pub activations: u32,
    /// Wrong codes over all activations since the last one that came to its end.
    pub wrong: u16,
    /// By which the contract's users pick it.
    pub code: Option<(ContractId, TokenCode)>,
}

impl Default for Camera {
    fn default() -> Self {
        Self { phase: Phase::Ready, counter: 0, activations: 0, wrong: 0, code: None }
    }
}

/// What a wrong code of an activation came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Miss {
    /// So many tries are left in this step.
    Wrong {
        /// Tries left.
        left: u8,
    },
    /// This activation is over. Where the guesses over all activations reached
    /// their limit, the token is to be locked.
    Over {
        /// Lock the token.
        lock: bool,
    },
}

impl Camera {
    /// Ends what has taken too long. Answers whether anything changed.
    pub fn expire(&mut self, rules: &CameraRules, now: UnixTime) -> bool {
        let over = |session: &Session, seconds: u32| now >= session.ends(seconds);
        let next = match &self.phase {
            Phase::First(session) if over(session, rules.activation_s) => Phase::Ready,
            Phase::Second(session) if over(session, rules.confirmation_s) => rules.abandoned(),
            _ => return false,
        };
        self.phase = next;
        true
    }

    /// Whether an activation may begin; `in_service`: whether users hold the token. Call
    /// [`Camera::expire`] before.
    pub const fn may_start(&self, in_service: bool) -> Result<(), Denial> {
        match self.phase {
            Phase::InitRequired => Err(Denial::InitRequired),
            Phase::Second(_) => Err(Denial::ActivationOpen),
            Phase::Active(_) if in_service => Err(Denial::SerialInUse),
            Phase::Ready | Phase::First(_) | Phase::Active(_) => Ok(()),
        }
    }

    /// Whether the token may hold an activation that a new one has to replace.
    pub const fn may_replace(&self) -> bool {
        self.activations > 0
    }

    /// The first message was made. Whatever activation was under way is replaced.
    pub fn start(&mut self, session: Session) {
        self.phase = Phase::First(session);
    }

    /// The activation of this id that waits for its 12 digits.
    pub fn first(&self, id: &ActivationId, user: &UserId) -> Result<&Session, Denial> {
        match &self.phase {
            Phase::First(session) => session.of(id, user),
            Phase::Second(session) if session.id == *id => Err(Denial::WrongKindOfCode),
            _ => Err(self.no_session()),
        }
    }

    /// The activation of this id that waits for its 8 digits.
    pub fn second(&self, id: &ActivationId, user: &UserId) -> Result<&Session, Denial> {
        match &self.phase {
            Phase::Second(session) => session.of(id, user),
            Phase::First(session) if session.id == *id => Err(Denial::WrongKindOfCode),
            _ => Err(self.no_session()),
        }
    }

    const fn no_session(&self) -> Denial {
        if matches!(self.phase, Phase::InitRequired) {
            Denial::InitRequired
        } else {
            Denial::NoChallenge
        }
    }

    /// Whether a device code may bear this counter.
    pub const fn is_fresh(&self, counter: u16) -> bool {
        counter > self.counter
    }

    /// The 12 digits were wrong. Nothing that matters has reached the token yet.
    pub fn miss_first(&mut self, rules: &CameraRules) -> Miss {
        self.miss(rules, rules.activation_tries, Phase::Ready)
    }

    /// The 8 digits were wrong. The token may be active all the same.
    pub fn miss_second(&mut self, rules: &CameraRules) -> Miss {
        self.miss(rules, rules.confirmation_tries, rules.abandoned())
    }

    fn miss(&mut self, rules: &CameraRules, tries: u8, end: Phase) -> Miss {
        self.wrong = self.wrong.saturating_add(1);
        let lock = self.wrong >= rules.wrong_limit;
        let (Phase::First(session) | Phase::Second(session)) = &mut self.phase else {
            return Miss::Over { lock };
        };
        session.wrong = session.wrong.saturating_add(1);
        let left = tries.saturating_sub(session.wrong);
        if left > 0 && !lock {
            return Miss::Wrong { left };
        }
        self.phase = end;
        Miss::Over { lock }
    }

    /// The 12 digits were right, and the second message was made.
    pub fn advance(
        &mut self,
        counter: u16,
        code: (ContractId, TokenCode),
        material: Material,
        message: Vec<u8>,
        now: UnixTime,
    ) {
        let Phase::First(session) = &self.phase else { return };
        let session = Session { since: now, wrong: 0, material, message, ..session.clone() };
        self.counter = self.counter.max(counter);
        self.activations = self.activations.saturating_add(1);
        self.code = Some(code);
        self.phase = Phase::Second(session);
    }

    /// The 8 digits were right: active, and unproven until it signs.
    pub fn activate(&mut self, material: Material, tag: [u8; 32], now: UnixTime) {
        self.wrong = 0;
        self.phase = Phase::Active(Active { since: now, proven: false, material, tag });
    }

    /// A right signature: the device did commit. Answers whether that is news.
    pub const fn prove(&mut self) -> bool {
        match &mut self.phase {
            Phase::Active(active) if !active.proven => {
                active.proven = true;
                true
            }
            _ => false,
        }
    }

    /// What signatures are checked with.
    pub const fn active(&self) -> Option<&Active> {
        if let Phase::Active(active) = &self.phase { Some(active) } else { None }
    }

    /// Makes it ready for an activation again. Not for a token that has proven to work: that one
    /// has to be revoked and issued anew.
    pub const fn may_initialise(&self) -> Result<(), Denial> {
        match &self.phase {
            Phase::Active(active) if active.proven => Err(Denial::NotInitialisable),
            Phase::Ready => Err(Denial::NothingToInitialise),
            _ => Ok(()),
        }
    }

    /// See [`Camera::may_initialise`].
    pub fn initialise(&mut self) {
        self.phase = Phase::Ready;
        self.wrong = 0;
    }

    /// What a restore from a backup does: the sessions of that time are over, and where the token
    /// had got everything it may be active or not. It may also have been activated since.
    pub fn forget_sessions(&mut self) {
        self.activations = self.activations.max(1);
        match self.phase {
            Phase::First(_) => self.phase = Phase::Ready,
            Phase::Second(_) => self.phase = Phase::InitRequired,
            Phase::Ready | Phase::InitRequired | Phase::Active(_) => {}
        }
    }

    /// The stable word of the phase.
    pub const fn word(&self) -> &'static str {
        match &self.phase {
            Phase::Ready => "ready",
            Phase::First(_) => "am1_sent",
            Phase::Second(_) => "am2_sent",
            Phase::InitRequired => "init_required",
            Phase::Active(active) if active.proven => "active",
            Phase::Active(_) => "active_unproven",
        }
    }
}

impl Session {
    /// First moment at which it is over.
    pub fn ends(&self, seconds: u32) -> UnixTime {
        UnixTime(self.since.0.saturating_add(seconds.into()))
    }

    fn of(&self, id: &ActivationId, user: &UserId) -> Result<&Self, Denial> {
        if self.id != *id {
            Err(Denial::NoChallenge)
        } else if self.user != *user {
            Err(Denial::NotBound)
        } else {
            Ok(self)
        }
    }
}

impl CameraRules {
    /// Where an activation leaves a token that had got everything.
    const fn abandoned(&self) -> Phase {
        if self.auto_initialise { Phase::Ready } else { Phase::InitRequired }
    }
}

#[cfg(test)]
mod tests;
