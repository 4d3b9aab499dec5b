//! Rules about tokens that sign, in English. Not responsible for: other rules (`en`); keep the
//! languages alike.

use warifu_core::rules::{AlarmRules, CameraRules, ChallengeRules, RetireOtp};

use super::{gate, many, thousands};
use crate::explain::NO_BANK;

pub(super) fn camera(rules: &CameraRules) -> Vec<String> {
    let mut told = vec![if rules.bank == NO_BANK {
        format!("No bank's code is set ({NO_BANK}): set it before tokens are activated.")
    } else {
        format!("Tokens show the bank's code {} and take no other bank's messages.", rules.bank)
    }];
    told.extend(gate(
        "activate a camera token for a user, or add the user to one",
        &rules.activate,
    ));
    told.push(if rules.approval_right {
        "Only users who have the right to approve get one.".to_owned()
    } else {
        "Users who have no right to approve can get one too.".to_owned()
    });
    told.push(
        "Where a code of one's own token is asked for, who has a camera token and no one-time \
         passwords signs instead."
            .to_owned(),
    );
    told.extend(activation(rules));
    told.extend(gate("initialise a camera token", &rules.initialise));
    told.push("Only a token that has signed nothing yet can be initialised.".to_owned());
    told.push(
        match rules.retire_otp {
            RetireOtp::Keep => "A token for one-time passwords is kept beside the camera token.",
            RetireOtp::Offer => {
                "After the activation the user is told that the token for one-time passwords can be \
                 given up."
            }
            RetireOtp::Perform => {
                "The activation takes the token for one-time passwords from the user."
            }
        }
        .to_owned(),
    );
    told
}

fn activation(rules: &CameraRules) -> Vec<String> {
    vec![
        format!(
            "The 12 digits must be entered within {}; {} end the activation.",
            many(rules.activation_s, "second"),
            many(rules.activation_tries.into(), "wrong code")
        ),
        format!(
            "After them the 8 digits must be entered within {}; {} end the activation.",
            many(rules.confirmation_s, "second"),
            many(rules.confirmation_tries.into(), "wrong code")
        ),
        format!(
            "{} over several activations in a row lock the token.",
            many(rules.wrong_limit.into(), "wrong code")
        ),
        if rules.auto_initialise {
            "An activation that ends before the 8 digits can be begun anew at once.".to_owned()
        } else {
            "After an activation that ends between the 12 and the 8 digits the token must be \
             initialised."
                .to_owned()
        },
    ]
}

pub(super) fn challenge(rules: ChallengeRules) -> Vec<String> {
    vec![
        format!(
            "What was sent to be signed waits for its code for {}; {} end it, and count for the \
             token too.",
            many(rules.lifetime_s.into(), "second"),
            many(rules.tries.into(), "wrong code")
        ),
        format!("Of a user, {} at most can wait at the same time.", rules.open_at_most),
        if rules.items == 0 {
            "Of a batch, the display shows number and total, and no items.".to_owned()
        } else {
            format!(
                "Of a batch, the display shows number and total, and {} at most.",
                many(rules.items.into(), "item")
            )
        },
        format!(
            "Keypad tokens that have a clock may be off by {} to either side.",
            many(rules.keypad_steps.into(), "step")
        ),
    ]
}

pub(super) fn alarm(rules: Option<AlarmRules>) -> Vec<String> {
    let Some(rules) = rules else {
        return vec!["However many codes are wrong, there is no alarm.".to_owned()];
    };
    vec![
        format!(
            "There is an alarm when of at least {} codes within {}, for whichever tokens, {} % or \
             more are wrong.",
            thousands(rules.least.into()),
            many(rules.window_s, "second"),
            rules.percent
        ),
        "It ends when fewer than half as many are.".to_owned(),
    ]
}
