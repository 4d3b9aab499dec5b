//! Which items of a batch a token shows: it has room for a few.
//!
//! Not responsible for: which payees are known, which the bank's registrations and past payments say.

use std::{cmp::Reverse, collections::HashSet, hash::BuildHasher};

use super::batch::{Item, PayeeId};

/// More payments to unknown payees than the token can show. Register payees first, each with a
/// signature of its own, or split the batch: what is not shown is not signed knowingly.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{new} payments go to unknown payees, more than the token shows")]
pub struct TooManyNew {
    /// Payments to payees that are not known.
    pub new: usize,
}

/// Indices of the items to show, at most `most`: every payment to a payee that is not known, in the
/// order of the file, then the largest of the others, equal ones in the order of the file.
///
/// Two payments to one unknown payee are both shown: a small one must not stand for a large one.
pub fn selection<S: BuildHasher>(
    items: &[Item],
    known: &HashSet<PayeeId, S>,
    most: usize,
) -> Result<Vec<usize>, TooManyNew> {
    let (mut old, mut shown) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        if known.contains(&item.payee()) {
            old.push((Reverse(item.amount), index));
        } else {
            shown.push(index);
        }
    }
    if shown.len() > most {
        return Err(TooManyNew { new: shown.len() });
    }
    old.sort_unstable();
    let room = most - shown.len();
    shown.extend(old.into_iter().take(room).map(|(_, index)| index));
    Ok(shown)
}
