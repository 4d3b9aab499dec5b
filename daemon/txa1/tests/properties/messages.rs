//! Frames, activation messages and contents.

use proptest::prelude::*;
use warifu_txa1::{
    activation::{First, Second},
    content::{Body, Content, ContentFault},
    display,
    frame::{Frame, Kind, MAX_PLAINTEXT},
    qr_text, question,
    secret::Salt,
};

use crate::values::{bank, content, frame, header, kind, login_id, token_code};

/// Where, how, and with which byte a message is changed.
type Change = (prop::sample::Index, u8, u8);

/// Changes, drops or inserts one byte: what comes close to a right message.
fn edit(mut bytes: Vec<u8>, (place, how, byte): Change) -> Vec<u8> {
    let place = place.index(bytes.len());
    match how % 3 {
        0 => bytes[place] = byte,
        1 => bytes.insert(place, byte),
        _ => drop(bytes.remove(place)),
    }
    bytes
}

proptest! {
    #[test]
    fn a_frame_is_read_back_from_its_qr_code(frame in frame()) {
        let text = qr_text::encode(&frame.encode());
        prop_assert!(text.len() <= qr_text::MAX_CHARS);
        prop_assert_eq!(Frame::parse(&qr_text::decode(&text).unwrap()), Ok(frame));
    }

    #[test]
    fn a_frame_that_is_read_would_be_written_so(frame in frame(), change in any::<Change>()) {
        let message = edit(frame.encode(), change);
        if let Ok(read) = Frame::parse(&message) {
            prop_assert_eq!(read.encode(), message);
        }
    }

    #[test]
    fn activation_messages_are_read_back(
        salt in any::<[u8; 12]>(), issued in any::<u32>(), ttl in any::<u16>(),
        may_replace in any::<bool>(), bank in bank(), token_code in token_code(),
        login_id in login_id(),
    ) {
        let first = First { ns: Salt::new(salt), issued, ttl, may_replace, bank }.encode();
        prop_assert_eq!(First::parse(&first).unwrap().encode(), first);
        let second = Second { ni: Salt::new(salt), issued, ttl, token_code, login_id }.encode();
        prop_assert_eq!(Second::parse(&second).unwrap().encode(), second);
    }

    #[test]
    fn an_activation_message_that_is_read_would_be_written_so(
        plaintext in prop::collection::vec(any::<u8>(), 0..60), change in any::<Change>(),
        token_code in token_code(), login_id in login_id(),
    ) {
        let ni = Salt::new([7; 12]);
        let second = Second { ni, issued: 1, ttl: 300, token_code, login_id }.encode().to_vec();
        for plaintext in [plaintext, edit(second, change)] {
            if let Ok(read) = First::parse(&plaintext) {
                prop_assert_eq!(&*read.encode(), &plaintext);
            }
            if let Ok(read) = Second::parse(&plaintext) {
                prop_assert_eq!(&*read.encode(), &plaintext);
            }
        }
    }

    #[test]
    fn a_content_is_read_back_by_its_kind_only(content in content(), other in kind()) {
        let plaintext = content.encode();
        prop_assert!(plaintext.len() <= MAX_PLAINTEXT);
        if other != content.kind() {
            let refused = Err(ContentFault::BadOperation);
            prop_assert_eq!(Content::parse(other, &plaintext), refused);
        }
        prop_assert_eq!(Content::parse(content.kind(), &plaintext), Ok(content));
    }

    #[test]
    fn a_content_that_is_read_would_be_written_so(
        content in content(), change in any::<Change>(), again in any::<Change>(),
    ) {
        let once = edit(content.encode(), change);
        for plaintext in [edit(once.clone(), again), once] {
            for kind in [Kind::Transaction, Kind::Share, Kind::Deactivate] {
                if let Ok(read) = Content::parse(kind, &plaintext) {
                    prop_assert_eq!(read.encode(), plaintext.clone());
                }
            }
        }
    }

    /// Of a content and one that is close to it: equal plaintexts mean equal contents, and so do
    /// equal questions of the signature.
    #[test]
    fn no_two_contents_share_a_plaintext_or_a_question(
        one in content(), change in any::<Change>(), other in content(), header in header(),
    ) {
        let near = Content::parse(one.kind(), &edit(one.encode(), change)).ok();
        let (ns, ni) = (Salt::new([1; 12]), Salt::new([2; 12]));
        let question = |content: &Content| {
            question::signature(&ns, &ni, &header, &[3; 12], &content.encode())
        };
        for other in near.into_iter().chain([other]) {
            prop_assert_eq!(one == other, one.encode() == other.encode());
            prop_assert_eq!(one == other, question(&one) == question(&other));
        }
    }

    /// Whoever sees equal screens has equal contents, but for seconds, life time, and how much of a
    /// file's hash twenty digits can tell.
    #[test]
    fn what_differs_is_seen(one in content(), change in any::<Change>()) {
        let Ok(near) = Content::parse(one.kind(), &edit(one.encode(), change)) else {
            return Ok(());
        };
        if display::lines(&one) == display::lines(&near) {
            prop_assert_eq!(one.issued() / 60, near.issued() / 60);
            prop_assert_eq!(one.login_id(), near.login_id());
            prop_assert_eq!(without_hash(one.body()), without_hash(near.body()));
        }
    }
}

fn without_hash(body: &Body) -> Body {
    let mut body = body.clone();
    if let Body::Batch { hash, .. } = &mut body {
        *hash = [0; 32];
    }
    body
}
