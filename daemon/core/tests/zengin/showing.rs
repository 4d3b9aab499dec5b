//! Which payments the token shows.

use std::collections::HashSet;

use proptest::prelude::*;
use warifu_core::zengin::{AccountType, Item, PayeeId, TooManyNew, selection};

fn item(account: u32, amount: u64) -> Item {
    let name = "ｱ".to_owned();
    Item { bank: 1, branch: 1, account_type: AccountType::Ordinary, account, name, amount }
}

fn known(items: &[Item], accounts: &[u32]) -> HashSet<PayeeId> {
    let payees = items.iter().filter(|item| accounts.contains(&item.account));
    payees.map(Item::payee).collect()
}

#[test]
fn unknown_payees_come_first_then_the_largest_amounts() {
    let items = [item(1, 500), item(2, 10), item(3, 900), item(4, 900), item(5, 20), item(6, 1000)];
    let known = known(&items, &[1, 3, 4, 6]);
    assert_eq!(selection(&items, &known, 5), Ok(vec![1, 4, 5, 2, 3]));
    assert_eq!(selection(&items, &known, 2), Ok(vec![1, 4]));
    assert_eq!(selection(&items, &known, 1), Err(TooManyNew { new: 2 }));
    assert_eq!(selection(&items, &known, 100).map(|shown| shown.len()), Ok(6));
    assert_eq!(selection(&[], &known, 0), Ok(vec![]));
}

#[test]
fn two_payments_to_one_unknown_payee_are_both_shown() {
    let items = [item(7, 1), item(1, 500), item(7, 9_999_999)];
    let known = known(&items, &[1]);
    assert_eq!(selection(&items, &known, 3), Ok(vec![0, 2, 1]));
    assert_eq!(selection(&items, &known, 1), Err(TooManyNew { new: 2 }));
}

#[test]
fn another_branch_or_kind_of_account_is_another_payee() {
    let items = [item(1, 1)];
    for other in [
        PayeeId { bank: 2, ..items[0].payee() },
        PayeeId { branch: 2, ..items[0].payee() },
        PayeeId { account_type: AccountType::Current, ..items[0].payee() },
    ] {
        let known = HashSet::from([other]);
        assert_eq!(selection(&items, &known, 0), Err(TooManyNew { new: 1 }));
    }
    assert_eq!(items[0].payee().to_string(), "0001-001-1-0000001");
}

proptest! {
    #[test]
    fn no_unknown_payee_is_left_out_and_no_hidden_payment_is_larger_than_a_shown_one(
        payments in prop::collection::vec((0..20_u32, 1..50_u64), 0..60),
        accounts in prop::collection::vec(0..20_u32, 0..20),
        most in 0..60_usize,
    ) {
        let items: Vec<Item> = payments.iter().map(|(to, yen)| item(*to, *yen)).collect();
        let known = known(&items, &accounts);
        let is_new = |index: &usize| !known.contains(&items[*index].payee());
        let new = (0..items.len()).filter(is_new).count();
        match selection(&items, &known, most) {
            Err(fault) => {
                prop_assert_eq!(fault, TooManyNew { new });
                prop_assert!(new > most);
            }
            Ok(shown) => {
                prop_assert_eq!(shown.len(), most.min(items.len()));
                prop_assert!(shown[..new].iter().all(is_new) && shown[..new].is_sorted());
                let mut seen = HashSet::new();
                prop_assert!(shown.iter().all(|index| seen.insert(*index)));
                let least = shown[new..].iter().map(|index| items[*index].amount).min();
                let hidden = (0..items.len()).filter(|index| !seen.contains(index));
                let largest_hidden = hidden.map(|index| items[index].amount).max();
                prop_assert!(least.zip(largest_hidden).is_none_or(|(shown, hidden)| shown >= hidden));
            }
        }
    }
}
