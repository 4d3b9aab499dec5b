//! Who acts in a change of the life cycle, and what the front end vouches for.
//!
//! Not responsible for: what the actor may do. Their role comes from the daemon's own record of
//! them, never from a request.

use serde::{Deserialize, Serialize};

use crate::{secret::SecretText, word::words};

words! {
    /// What the front end says of the confirmation password (確認用パスワード).
    #[derive(Default)]
    pub enum Confirmation {
        /// It was not asked.
        #[default]
        NotChecked = "not_checked",
        /// It was right.
        Right = "right",
        /// It was wrong.
        Wrong = "wrong",
    }
}

words! {
    /// How the acting user logged in. Kept in the audit chain, decides nothing.
    pub enum LoginMethod {
        /// With a client certificate (電子証明書方式).
        Certificate = "certificate",
        /// With a password (ID・パスワード方式).
        Password = "password",
    }
}

/// Who acts, as the front end knows it. The bank's own staff are known by their certificate and
/// leave it out.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Actor {
    /// The acting user, of the same contract. A front end must name one, staff must not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What became of the confirmation password.
    #[serde(default)]
    pub confirmation: Confirmation,
    /// How the acting user logged in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_method: Option<LoginMethod>,
    /// The front end's session, opaque, at most 128 printable ASCII characters; needed for grants. Only a keyed digest of it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SecretText>,
    /// A code of the acting user's own token, where the policy asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<SecretText>,
    /// A challenge that the acting user's own token answered just before in this session, in place of a code: one over `admin` or `login`. It is used up by this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
}
