//! What the description says about transport keys, their ceremonies and the wrapping keys.
//!
//! Not responsible for: all other operations, and for problems, see [`super::operations`].

use utoipa::openapi::{RefOr, schema::Schema};

use super::{
    collect,
    lifecycle::{Facts, facts_of, shown},
    operations::{Text, words},
};
use crate::{key, operation::Operation as O};

/// `None` for all operations that are not about keys.
pub(super) fn facts(operation: O) -> Option<Facts> {
    ceremonies(operation).or_else(|| keys(operation))
}

const fn text(summary: &'static str, description: &'static str) -> Text {
    words("keys", summary, description)
}

fn ceremonies(operation: O) -> Option<Facts> {
    Some(match operation {
        O::CeremonyAbort => shown(
            "Ceremony",
            text(
                "Gives a key ceremony up",
                "The components are wiped; what is left is who entered how many of them. A key that was made already stays.",
            ),
        ),
        O::CeremonyComponent => facts_of(
            "ComponentRequest",
            "Ceremony",
            text(
                "Enters a component of a key",
                "Each component by another person. Its check value is in the answer, to be compared with the printed one; where the printed one comes along and differs, the component is refused and nothing is kept of it. With the last one the key is made, if the check value of the whole was given at the opening; where that differs, the ceremony ends.",
            ),
        ),
        O::CeremonyConfirm => facts_of(
            "ConfirmRequest",
            "Ceremony",
            text(
                "Confirms the check value of the whole key",
                "Needed only where it was not given when the ceremony was opened. The key is made in the HSM if the value is right; a wrong one is refused, and the ceremony can be given up.",
            ),
        ),
        O::CeremonyList => shown(
            "CeremonyList",
            text("Lists key ceremonies", "Open ones, and those that ended lately."),
        ),
        O::CeremonyOpen => facts_of(
            "CeremonyRequest",
            "Ceremony",
            text(
                "Opens a key ceremony",
                "A transport key from 2 to 5 components, which are combined by XOR. No component is ever given back, and none is kept once the key is made.",
            ),
        ),
        O::CeremonyShow => shown(
            "Ceremony",
            text("Shows a key ceremony", "Who entered which component, and what is still missing."),
        ),
        _ => return None,
    })
}

fn keys(operation: O) -> Option<Facts> {
    Some(match operation {
        O::KeyList => shown(
            "KeyList",
            text(
                "Lists transport keys",
                "With their use, origin, check values and dates; destroyed ones included. They are made and destroyed by ceremonies and proposals.",
            ),
        ),
        O::KeyPublic => shown(
            "PublicKey",
            text(
                "Public part of a transport key pair",
                "For the manufacturer, who encrypts under it. Its digest is to be compared by another channel.",
            ),
        ),
        O::WrappingKeys => shown(
            "WrappingKeys",
            text(
                "Shows the wrapping keys and the progress of their rotation",
                "Seeds in the store are wrapped under them; a rotation goes on while codes are checked. It is begun by a proposal.",
            ),
        ),
        _ => return None,
    })
}

/// The schemas of all bodies and answers above.
pub(super) fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
    collect::<key::Ceremony>(all);
    collect::<key::CeremonyList>(all);
    collect::<key::CeremonyRequest>(all);
    collect::<key::ComponentRequest>(all);
    collect::<key::ConfirmRequest>(all);
    collect::<key::KeyList>(all);
    collect::<key::PublicKey>(all);
    collect::<key::WrappingKeys>(all);
}
