//! The keys of each space. Fixed for ever: a change would hide what is stored.
//!
//! Not responsible for: the byte that tells spaces apart (an engine's business).

use warifu_core::{
    camera::TokenCode,
    challenge::ChallengeId,
    ident::{ContractId, Institution, Name, Serial, TokenId, UserId},
    time::UnixTime,
};

use crate::port::Key;

/// Ends a name in a key: no identifier contains it, so no name is taken for the start of another.
const SEPARATOR: u8 = 0;

/// Seconds of a bucket of grants.
const GRANT_BUCKET_S: u64 = 900;

/// Key of the store's identity, [`crate::record::StoreMeta`]. Written by the engine only.
pub fn meta_key() -> Key {
    b"store".to_vec()
}

/// Key of the clock's high-water mark, [`crate::record::ClockRecord`].
pub fn clock_key() -> Key {
    b"clock".to_vec()
}

/// Key of a token.
pub fn token_key(id: &TokenId) -> Key {
    join(&[id.institution.as_str(), id.serial.as_str()])
}

/// What all keys of one institution's tokens begin with.
pub fn token_prefix(institution: &Institution) -> Key {
    join(&[institution.as_str(), ""])
}

/// Key of a batch.
pub fn batch_key(institution: &Institution, batch: &Name) -> Key {
    join(&[institution.as_str(), batch.as_str()])
}

/// What all keys of one institution's batches begin with.
pub fn batch_prefix(institution: &Institution) -> Key {
    join(&[institution.as_str(), ""])
}

/// Key of a kept answer. The bucket is a coarse time, so that old answers are found by a prefix.
pub fn idempotency_key(bucket: u32, digest: &[u8; 32]) -> Key {
    [bucket.to_be_bytes().as_slice(), digest].concat()
}

/// The bucket and digest of a kept answer's key.
pub fn parse_idempotency_key(key: &[u8]) -> Option<(u32, [u8; 32])> {
    let (bucket, digest) = key.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*bucket), digest.try_into().ok()?))
}

/// Key of an audit record.
pub fn audit_key(seq: u64) -> Key {
    seq.to_be_bytes().to_vec()
}

/// Key of a signed head of the chain.
pub fn checkpoint_key(seq: u64) -> Key {
    seq.to_be_bytes().to_vec()
}

/// The sequence number in the key of an audit record or a checkpoint.
pub fn parse_sequence(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// Key of a contract.
pub fn contract_key(institution: &Institution, contract: &ContractId) -> Key {
    join(&[institution.as_str(), contract.as_str()])
}

/// What all keys of one institution's contracts begin with.
pub fn contract_prefix(institution: &Institution) -> Key {
    join(&[institution.as_str(), ""])
}

/// Key of a user.
pub fn user_key(institution: &Institution, contract: &ContractId, user: &UserId) -> Key {
    join(&[institution.as_str(), contract.as_str(), user.as_str()])
}

/// What all keys of one contract's users begin with.
pub fn user_prefix(institution: &Institution, contract: &ContractId) -> Key {
    join(&[institution.as_str(), contract.as_str(), ""])
}

/// The user in a user's key.
pub fn parse_user_key(key: &[u8]) -> Option<UserId> {
    let [_, _, user] = split(key)?;
    UserId::parse(user).ok()
}

/// Key of the hint that a user may hold a token.
pub fn holder_key(id: &TokenId, contract: &ContractId, user: &UserId) -> Key {
    join(&[id.institution.as_str(), id.serial.as_str(), contract.as_str(), user.as_str()])
}

/// What all hints about one token's holders begin with.
pub fn holder_prefix(id: &TokenId) -> Key {
    join(&[id.institution.as_str(), id.serial.as_str(), ""])
}

/// Who may hold the token, in the key of such a hint.
pub fn parse_holder_key(key: &[u8]) -> Option<(ContractId, UserId)> {
    let [_, _, contract, user] = split(key)?;
    Some((ContractId::parse(contract).ok()?, UserId::parse(user).ok()?))
}

/// Key of the hint that a token may belong to a contract.
pub fn owned_key(institution: &Institution, contract: &ContractId, serial: &Serial) -> Key {
    join(&[institution.as_str(), contract.as_str(), serial.as_str()])
}

/// What all hints about one contract's tokens begin with.
pub fn owned_prefix(institution: &Institution, contract: &ContractId) -> Key {
    join(&[institution.as_str(), contract.as_str(), ""])
}

/// The token in the key of such a hint.
pub fn parse_owned_key(key: &[u8]) -> Option<Serial> {
    let [_, _, serial] = split(key)?;
    Serial::parse(serial).ok()
}

/// The bucket that a grant lies in: a coarse time of its end, so that old ones are found by a prefix.
pub fn grant_bucket(expires_at: UnixTime) -> u32 {
    u32::try_from(expires_at.0 / GRANT_BUCKET_S).unwrap_or(u32::MAX)
}

/// Key of a grant.
pub fn grant_key(bucket: u32, id: &[u8; 12]) -> Key {
    [bucket.to_be_bytes().as_slice(), id].concat()
}

/// The bucket and id of a grant's key.
pub fn parse_grant_key(key: &[u8]) -> Option<(u32, [u8; 12])> {
    let (bucket, id) = key.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*bucket), id.try_into().ok()?))
}

/// Key of a challenge.
pub fn challenge_key(id: &TokenId, challenge: &ChallengeId) -> Key {
    let mut key = challenge_prefix(id);
    key.extend_from_slice(challenge);
    key
}

/// What all keys of one token's challenges begin with.
pub fn challenge_prefix(id: &TokenId) -> Key {
    join(&[id.institution.as_str(), id.serial.as_str(), ""])
}

/// The token and the challenge in a challenge's key.
pub fn parse_challenge_key(key: &[u8]) -> Option<(TokenId, ChallengeId)> {
    let (names, challenge) = key.split_last_chunk::<12>()?;
    let [institution, serial, ""] = split(names)? else { return None };
    let institution = Institution::parse(institution).ok()?;
    Some((TokenId { institution, serial: Serial::parse(serial).ok()? }, *challenge))
}

/// Key of a token code that is taken.
pub fn token_code_key(institution: &Institution, contract: &ContractId, code: &TokenCode) -> Key {
    join(&[institution.as_str(), contract.as_str(), code.as_str()])
}

/// What all keys of one contract's token codes begin with.
pub fn token_code_prefix(institution: &Institution, contract: &ContractId) -> Key {
    join(&[institution.as_str(), contract.as_str(), ""])
}

/// The code in a token code's key.
pub fn parse_token_code_key(key: &[u8]) -> Option<TokenCode> {
    let [_, _, code] = split(key)?;
    TokenCode::parse(code)
}

/// Key of a proposal.
pub fn proposal_key(institution: &Institution, id: &[u8; 12]) -> Key {
    [proposal_prefix(institution).as_slice(), id].concat()
}

/// What all keys of one institution's proposals begin with.
pub fn proposal_prefix(institution: &Institution) -> Key {
    join(&[institution.as_str(), ""])
}

/// Key of a key ceremony.
pub fn ceremony_key(institution: &Institution, id: &[u8; 16]) -> Key {
    [ceremony_prefix(institution).as_slice(), id].concat()
}

/// What all keys of one institution's ceremonies begin with.
pub fn ceremony_prefix(institution: &Institution) -> Key {
    join(&[institution.as_str(), ""])
}

/// Key of a key of the HSM.
pub fn managed_key_key(institution: &Institution, label: &Name) -> Key {
    join(&[institution.as_str(), label.as_str()])
}

/// What all keys of one institution's keys of the HSM begin with.
pub fn managed_key_prefix(institution: &Institution) -> Key {
    join(&[institution.as_str(), ""])
}

/// Key of the one change of the wrapping key, [`crate::record::RotationRecord`].
pub fn rotation_key() -> Key {
    b"rotation".to_vec()
}

/// The names with a separator between each two.
fn join(names: &[&str]) -> Key {
    let separators = names.len().saturating_sub(1);
    let mut key = Vec::with_capacity(names.iter().map(|n| n.len()).sum::<usize>() + separators);
    for (place, name) in names.iter().enumerate() {
        if place > 0 {
            key.push(SEPARATOR);
        }
        key.extend_from_slice(name.as_bytes());
    }
    key
}

/// Undoes [`join`]; `None` where the number of names is another.
fn split<const N: usize>(key: &[u8]) -> Option<[&str; N]> {
    let names: Vec<&str> = str::from_utf8(key).ok()?.split(char::from(SEPARATOR)).collect();
    names.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn institution(name: &str) -> Institution {
        Institution::parse(name).unwrap()
    }

    fn token(serial: &str) -> TokenId {
        let serial = Serial::parse(serial).unwrap();
        TokenId { institution: institution("bank-a"), serial }
    }

    fn contract(id: &str) -> ContractId {
        ContractId::parse(id).unwrap()
    }

    #[test]
    fn keys_do_not_drift() {
        let (institution, id) = (institution("bank-a"), token("00123"));
        assert_eq!(token_key(&id), b"bank-a\x0000123");
        assert_eq!(token_prefix(&institution), b"bank-a\x00");
        assert_eq!(batch_key(&institution, &Name::parse("B1").unwrap()), b"bank-a\x00B1");
        let kept = idempotency_key(7, &[9; 32]);
        assert_eq!(kept[..5], [0, 0, 0, 7, 9]);
        assert_eq!(parse_idempotency_key(&kept), Some((7, [9; 32])));
        assert_eq!(parse_sequence(&audit_key(258)), Some(258));
        assert_eq!(parse_sequence(b"short"), None);
    }

    #[test]
    fn one_institution_is_never_a_prefix_of_another() {
        let short = token_prefix(&institution("bank"));
        let long = token_prefix(&institution("bank1"));
        assert!(!long.starts_with(&short));
    }

    #[test]
    fn keys_of_the_life_cycle_do_not_drift() {
        let (bank, c1) = (institution("bank-a"), contract("C1"));
        let (user, serial) = (UserId::parse("u@1").unwrap(), Serial::parse("00123").unwrap());
        assert_eq!(contract_key(&bank, &c1), b"bank-a\x00C1");
        assert_eq!(contract_prefix(&bank), b"bank-a\x00");
        assert_eq!(user_key(&bank, &c1, &user), b"bank-a\x00C1\x00u@1");
        assert_eq!(user_prefix(&bank, &c1), b"bank-a\x00C1\x00");
        assert_eq!(holder_key(&token("00123"), &c1, &user), b"bank-a\x0000123\x00C1\x00u@1");
        assert_eq!(holder_prefix(&token("00123")), b"bank-a\x0000123\x00");
        assert_eq!(owned_key(&bank, &c1, &serial), b"bank-a\x00C1\x0000123");
        assert_eq!(owned_prefix(&bank, &c1), b"bank-a\x00C1\x00");
        assert_eq!(grant_bucket(UnixTime(1_799)), 1);
        assert_eq!(grant_bucket(UnixTime(1_800)), 2);
        assert_eq!(grant_bucket(UnixTime(u64::MAX)), u32::MAX);
        let grant = grant_key(258, &[9; 12]);
        assert_eq!(grant, [&[0, 0, 1, 2][..], &[9; 12]].concat());
        assert_eq!(parse_grant_key(&grant), Some((258, [9; 12])));
        assert_eq!(parse_grant_key(&grant[1..]), None);
    }

    #[test]
    fn keys_of_the_life_cycle_are_read_back() {
        let (bank, c1) = (institution("bank-a"), contract("C1"));
        let (user, serial) = (UserId::parse("u@1").unwrap(), Serial::parse("00123").unwrap());
        assert_eq!(parse_user_key(&user_key(&bank, &c1, &user)), Some(user.clone()));
        let holder = holder_key(&token("00123"), &c1, &user);
        assert_eq!(parse_holder_key(&holder), Some((c1.clone(), user)));
        assert_eq!(parse_user_key(&holder), None);
        assert_eq!(parse_owned_key(&owned_key(&bank, &c1, &serial)), Some(serial));
        assert_eq!(parse_owned_key(b"bank-a\x00C1\x00"), None);
        assert_eq!(parse_holder_key(b"\xFF"), None);
    }

    #[test]
    fn keys_of_signatures_do_not_drift_and_are_read_back() {
        let (bank, c1, id) = (institution("bank-a"), contract("C1"), token("00123"));
        // A nonce may hold whatever ends a name elsewhere.
        for nonce in [[0; 12], [0xAB; 12]] {
            let key = challenge_key(&id, &nonce);
            assert_eq!(key, [b"bank-a\x0000123\x00", &nonce[..]].concat());
            assert!(key.starts_with(&challenge_prefix(&id)));
            assert_eq!(parse_challenge_key(&key), Some((id.clone(), nonce)));
            assert_eq!(parse_challenge_key(&key[..key.len() - 1]), None);
        }
        assert_eq!(parse_challenge_key(b"short"), None);
        let code = TokenCode::parse("004217").unwrap();
        let key = token_code_key(&bank, &c1, &code);
        assert_eq!(key, b"bank-a\x00C1\x00004217");
        assert!(key.starts_with(&token_code_prefix(&bank, &c1)));
        assert_eq!(parse_token_code_key(&key), Some(code));
        assert_eq!(parse_token_code_key(&key[..key.len() - 1]), None);
    }

    #[test]
    fn keys_of_officers_do_not_drift() {
        let bank = institution("bank-a");
        let label = Name::parse("transport-2026").unwrap();
        assert_eq!(proposal_key(&bank, &[0; 12]), [b"bank-a\x00", &[0; 12][..]].concat());
        assert_eq!(proposal_prefix(&bank), b"bank-a\x00");
        assert_eq!(ceremony_key(&bank, &[0xAB; 16]), [b"bank-a\x00", &[0xAB; 16][..]].concat());
        assert_eq!(ceremony_prefix(&bank), b"bank-a\x00");
        assert_eq!(managed_key_key(&bank, &label), b"bank-a\x00transport-2026");
        assert_eq!(managed_key_prefix(&bank), b"bank-a\x00");
        assert_eq!(rotation_key(), b"rotation");
        let other = institution("bank-a1");
        assert!(!proposal_key(&other, &[0; 12]).starts_with(&proposal_prefix(&bank)));
        assert!(!ceremony_key(&other, &[0; 16]).starts_with(&ceremony_prefix(&bank)));
        assert!(!managed_key_key(&other, &label).starts_with(&managed_key_prefix(&bank)));
    }

    #[test]
    fn no_name_is_a_prefix_of_another() {
        let (bank, long) = (institution("bank"), institution("bank1"));
        let (c1, c11) = (contract("C1"), contract("C11"));
        let user = UserId::parse("U").unwrap();
        let s1 = Serial::parse("S1").unwrap();
        assert!(!contract_key(&long, &c1).starts_with(&contract_prefix(&bank)));
        assert!(!user_key(&bank, &c11, &user).starts_with(&user_prefix(&bank, &c1)));
        assert!(!owned_key(&bank, &c11, &s1).starts_with(&owned_prefix(&bank, &c1)));
        assert!(
            !challenge_key(&token("S11"), &[0; 12]).starts_with(&challenge_prefix(&token("S1")))
        );
        let code = TokenCode::parse("000001").unwrap();
        assert!(!token_code_key(&bank, &c11, &code).starts_with(&token_code_prefix(&bank, &c1)));
        assert!(!holder_key(&token("S11"), &c1, &user).starts_with(&holder_prefix(&token("S1"))));
    }
}
