//! Accounts on the command line, written as tokens and lists show them.
//!
//! Not responsible for: which accounts and banks there are.

use warifu_api::signing::{AccountType, Payee, Payer};

/// `branch-type-account`.
pub(super) fn payer(text: &str) -> Result<Payer, String> {
    let parse = || {
        let mut parts = text.split('-');
        let payer = Payer {
            branch: digits(parts.next()?, 3)?,
            account_type: kind(parts.next()?)?,
            account: digits(parts.next()?, 7)?,
        };
        parts.next().is_none().then_some(payer)
    };
    parse().ok_or_else(|| format!("branch-type-account, as 011-1-0012345; {TYPES}"))
}

/// `bank-branch-type-account`.
pub(super) fn payee(text: &str) -> Result<Payee, String> {
    let parse = || {
        let (bank, rest) = text.split_once('-')?;
        let Payer { branch, account_type, account } = payer(rest).ok()?;
        Some(Payee { bank: digits(bank, 4)?, branch, account_type, account })
    };
    parse().ok_or_else(|| format!("bank-branch-type-account, as 0138-201-1-1234567; {TYPES}"))
}

fn digits(text: &str, count: usize) -> Option<String> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.to_owned())
}

/// 預金種目, by its digit in payment files.
fn kind(text: &str) -> Option<AccountType> {
    Some(match text {
        "1" => AccountType::Ordinary,
        "2" => AccountType::Current,
        "4" => AccountType::Savings,
        "9" => AccountType::Other,
        _ => return None,
    })
}

const TYPES: &str = "types are 1 (普通), 2 (当座), 4 (貯蓄), 9 (その他)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_read_as_tokens_show_them() {
        let read = payee("0138-201-1-1234567").unwrap();
        assert_eq!((read.bank.as_str(), read.branch.as_str()), ("0138", "201"));
        assert_eq!((read.account_type, read.account.as_str()), (AccountType::Ordinary, "1234567"));
        assert_eq!(payer("011-2-0012345").unwrap().account_type, AccountType::Current);
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "11-1-0012345", "011-3-0012345", "011-1-12345", "011-1-0012345-1"] {
            assert!(payer(text).is_err(), "{text}");
            assert!(payee(&format!("0138-{text}")).is_err(), "{text}");
        }
        assert!(payee("138-201-1-1234567").is_err());
        assert!(payee("011-1-0012345").is_err());
    }
}
