//! 利用形態: another usage mode for a contract. All its tokens become free in one step.
//!
//! Not responsible for: who may do it (`actor`), or counting what it frees (a preview does).

use super::{Contract, Denial, Refused, UsageMode};
use crate::rules::Rules;

/// Changes the mode. Changing to the mode that is already set frees all tokens as well.
pub fn switch(rules: &Rules, contract: &mut Contract, to: UsageMode) -> Result<(), Refused> {
    if !rules.usage.allowed.contains(&to) {
        return Err(Denial::ModeNotAllowed.into());
    }
    contract.switch(to);
    Ok(())
}

#[cfg(test)]
mod tests;
