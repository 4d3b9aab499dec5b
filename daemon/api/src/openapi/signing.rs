//! What the description says about tokens that sign: activations, challenges, camera tokens.
//!
//! Not responsible for: all other operations, and for problems, see [`super::operations`].

use utoipa::{
    IntoParams as _,
    openapi::{
        RefOr,
        path::{Parameter, ParameterIn},
        schema::Schema,
    },
};

use super::{
    collect,
    lifecycle::{Facts, facts_of, shown},
    operations::{Text, words},
};
use crate::{camera, challenge, operation::Operation as O};

const TAG: &str = "signing";

/// `None` for all operations that are not about tokens that sign.
pub(super) fn facts(operation: O) -> Option<Facts> {
    activations(operation).or_else(|| cameras(operation)).or_else(|| challenges(operation))
}

const fn text(summary: &'static str, description: &'static str) -> Text {
    words(TAG, summary, description)
}

fn activations(operation: O) -> Option<Facts> {
    Some(match operation {
        O::ActivationConfirm => facts_of(
            "CodeRequest",
            "ActivationAnswer",
            text(
                "Ends an activation: the 8 digits of its second message",
                "The token is in service with the user afterwards. Where the time or the tries of this step are used up the token may be active all the same, and has to be initialised first.",
            ),
        ),
        O::ActivationDeviceCode => facts_of(
            "CodeRequest",
            "ActivationAnswer",
            text(
                "Takes an activation to its second message: the 12 digits of the first",
                "The answer carries the second message. A mistyped digit is told by the check digit and costs no try; neither does the number of the other step.",
            ),
        ),
        O::ActivationShow => shown(
            "ActivationAnswer",
            text(
                "Shows the message of an activation's present step again",
                "Reading the same message twice changes nothing on the token.",
            ),
        ),
        O::ActivationStart => facts_of(
            "ActivationRequest",
            "ActivationAnswer",
            text(
                "Begins the activation of a camera token (トランザクション認証利用開始登録)",
                "The answer carries the first message. An activation of the token that still waits for its 12 digits is replaced by the new one.",
            ),
        ),
        _ => return None,
    })
}

fn cameras(operation: O) -> Option<Facts> {
    Some(match operation {
        O::CameraDeactivate => facts_of(
            "CameraDeactivateRequest",
            "CameraLeaveAnswer",
            text(
                "A user gives their camera token up (利用解除)",
                "Other users of the same token keep it. Where nobody holds it any more, the answer may carry a message by which the token forgets its activation.",
            ),
        ),
        O::CameraInitialise => facts_of(
            "DeactivateRequest",
            "ActionAnswer",
            text(
                "Makes a camera token ready for another activation (初期化)",
                "For an activation that was broken off, or whose last buttons were not pressed on the token. A token that has signed is revoked and issued anew instead.",
            ),
        ),
        O::CameraRevoke => facts_of(
            "DeactivateRequest",
            "ActionAnswer",
            text(
                "Takes a user's camera token away (失効)",
                "Ends the bond of one user and one token; other users of the same token keep theirs. `not_before` says from when on the user may register again.",
            ),
        ),
        O::CameraTokens => shown(
            "CameraTokenPage",
            text(
                "Lists the active camera tokens of a contract, by ascending serial",
                "With their token codes, from which a user picks the one to take part in. Follow `next_cursor` until it is absent; a page may be short, even empty, without being the last.",
            ),
        ),
        _ => return None,
    })
}

fn challenges(operation: O) -> Option<Facts> {
    Some(match operation {
        O::ChallengeCancel => shown(
            "ActionAnswer",
            text(
                "Takes a challenge back",
                "It can not be answered any more. One that is over already is answered `unchanged`.",
            ),
        ),
        O::ChallengeCreate => facts_of(
            "ChallengeRequest",
            "ChallengeAnswer",
            text(
                "Asks a user to sign",
                "For a camera token the answer carries a message, for a keypad token the digits to be typed. Only this user in this session can answer, once, and within minutes. The body may have 4 MiB.",
            ),
        ),
        O::ChallengeShow => shown(
            "ChallengeAnswer",
            text(
                "Shows an open challenge again",
                "With the same message: reading it twice changes nothing.",
            ),
        ),
        O::ChallengeVerify => facts_of(
            "CodeRequest",
            "ChallengeVerifyAnswer",
            text(
                "Checks the code for a challenge",
                "Answers once the outcome is durable. The right code is answered with what was signed, rebuilt from the stored message: carry out that, not what the browser sends a second time. A wrong code counts for the challenge and for the token.",
            ),
        ),
        _ => return None,
    })
}

pub(super) fn query(operation: O) -> Vec<Parameter> {
    let location = || Some(ParameterIn::Query);
    match operation {
        O::ActivationShow => camera::ActivationShowQuery::into_params(location),
        O::CameraTokens => camera::CameraTokenQuery::into_params(location),
        O::ChallengeCancel => challenge::ChallengeCancelQuery::into_params(location),
        O::ChallengeShow => challenge::ChallengeShowQuery::into_params(location),
        _ => Vec::new(),
    }
}

/// The schemas of all bodies and answers above.
pub(super) fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
    collect::<camera::ActivationAnswer>(all);
    collect::<camera::ActivationRequest>(all);
    collect::<camera::CameraDeactivateRequest>(all);
    collect::<camera::CameraLeaveAnswer>(all);
    collect::<camera::CameraTokenPage>(all);
    collect::<challenge::ChallengeAnswer>(all);
    collect::<challenge::ChallengeRequest>(all);
    collect::<challenge::ChallengeVerifyAnswer>(all);
    collect::<challenge::CodeRequest>(all);
}
