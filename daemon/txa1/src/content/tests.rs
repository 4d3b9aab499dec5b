//! Batches whose parts contradict each other, and the edges of each field.

use super::*;

fn login_id() -> LoginId {
    LoginId::from_text("ICHIRODT").unwrap()
}

fn payer() -> Payer {
    Payer {
        branch: Branch::new(11).unwrap(),
        account_type: AccountType::new(1).unwrap(),
        account: AccountNumber::new(12_345).unwrap(),
    }
}

fn item(amount: u64, name: &str) -> Item {
    let Payer { branch, account_type, account } = payer();
    let payee = Payee { bank: Bank::new(138).unwrap(), branch, account_type, account };
    Item { payee, amount: Yen::new(amount).unwrap(), name: JisName::from_text(name).unwrap() }
}

fn batch(count: u32, total: u64, items: &[Item]) -> Result<Content, ContentFault> {
    let body = Body::Batch {
        kind: BatchKind::Salary,
        payer: payer(),
        date: Date::new(2025, 11, 28).unwrap(),
        count: Count::new(count).unwrap(),
        total: Total::new(total).unwrap(),
        hash: [7; 32],
        items: items.to_vec(),
    };
    Content::new(1, 300, login_id(), body)
}

/// The plaintext of a batch without its check, with the check of the reader.
fn reread(count: u32, total: u64, items: &[Item]) -> Result<Content, ContentFault> {
    let mut plaintext = batch(count, total, &[]).unwrap().encode();
    for item in items {
        tlv::push(&mut plaintext, tlv::ITEM, &item.bytes());
    }
    Content::parse(Kind::Transaction, &plaintext)
}

#[test]
fn items_are_part_of_their_batch() {
    let two = [item(600, "A"), item(400, "B")];
    for make in [batch, reread] {
        assert!(make(3, 1001, &two).is_ok());
        assert!(make(2, 1000, &two).is_ok());
        assert_eq!(make(2, 1001, &two), Err(ContentFault::BadField), "all shown, another total");
        assert_eq!(make(3, 999, &two), Err(ContentFault::BadField), "above the total");
        assert_eq!(make(1, 1000, &two), Err(ContentFault::BadField), "more than there are");
    }
}

#[test]
fn a_total_may_exceed_what_one_payment_can_be() {
    assert!(reread(999_999, Total::MAX, &[item(Yen::MAX, "A")]).is_ok());
}

#[test]
fn five_items_always_fit_and_more_where_names_are_short() {
    let longest = item(1, &"A".repeat(JisName::MAX));
    let login_id = LoginId::from_text(&"A".repeat(LoginId::MAX)).unwrap();
    let with = |count: usize| {
        let content = batch(999_999, 1000, &vec![longest.clone(); count])?;
        Content::new(1, 300, login_id.clone(), content.body)
    };
    assert!(with(Content::ITEMS_THAT_ALWAYS_FIT).is_ok());
    assert_eq!(with(Content::ITEMS_THAT_ALWAYS_FIT + 1), Err(ContentFault::TooLong));
    assert!(batch(999_999, 1000, &vec![item(1, "A"); 15]).is_ok());
    assert_eq!(reread(999_999, 1000, &vec![item(1, "A"); 30]), Err(ContentFault::BadTlv));
}

#[test]
fn fields_that_an_operation_does_not_have_are_refused() {
    let share = Content::new(1, 300, login_id(), Body::Share).unwrap().encode();
    let with = |tag, value: &[u8]| {
        let mut plaintext = share.clone();
        tlv::push(&mut plaintext, tag, value);
        Content::parse(Kind::Share, &plaintext)
    };
    assert_eq!(with(tlv::TEXT, b"A"), Err(ContentFault::WrongFields));
    assert_eq!(with(tlv::ITEM, &item(1, "A").bytes()), Err(ContentFault::WrongFields));
    assert_eq!(with(tlv::TTL, &[0, 1]), Err(ContentFault::BadTlv), "out of order");
    assert_eq!(Content::parse(Kind::Share, &[]), Err(ContentFault::WrongFields));
    assert_eq!(Content::parse(Kind::Share, &[0, 0]), Err(ContentFault::WrongFields));
    assert_eq!(Content::parse(Kind::Share, &[tlv::OPERATION, 0]), Err(ContentFault::BadField));
    assert_eq!(
        Content::parse(Kind::Share, &[tlv::OPERATION, 1, 5]),
        Err(ContentFault::BadOperation)
    );
    assert_eq!(Content::parse(Kind::Am2, &share), Err(ContentFault::BadOperation));
}

#[test]
fn an_item_has_a_name() {
    let mut nameless = item(1, "A").bytes();
    nameless.pop();
    let mut plaintext = batch(2, 2, &[]).unwrap().encode();
    tlv::push(&mut plaintext, tlv::ITEM, &nameless);
    assert_eq!(Content::parse(Kind::Transaction, &plaintext), Err(ContentFault::BadField));
}

#[test]
fn each_operation_has_its_byte_and_its_kind() {
    for byte in 0..=u8::MAX {
        let operation = Operation::from_byte(byte);
        let known = matches!(byte, 1..=4 | 6..=8 | 0x0A);
        assert_eq!(operation.map(Operation::byte), known.then_some(byte));
    }
    assert_eq!(Operation::Share.kind(), Kind::Share);
    assert_eq!(Operation::Deactivate.kind(), Kind::Deactivate);
}
