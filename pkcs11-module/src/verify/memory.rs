//! What a session remembers of codes: the first of two, and one whose verdict never came.
//!
//! Not responsible for forgetting at the logout, which empties the whole session.

use std::time::Duration;

use warifu_api::IdempotencyKey;

use super::{About, Code, Verdict, Verification};
use crate::{
    clock::Deadline, fault::Fault, handle::ObjectHandle, remote::Trouble, rv::Rv, session::UnderWay,
};

/// How long a lost verdict may be asked for. Nobody types the same code again later than that, and
/// whoever does is judged anew.
const KEPT: Duration = Duration::from_secs(300);

/// A code whose verdict never came.
pub(crate) struct Unanswered {
    key: ObjectHandle,
    question: Question,
    code: Code,
    intent: IdempotencyKey,
    until: Deadline,
}

/// The first of two codes.
pub(crate) struct FirstCode {
    key: ObjectHandle,
    code: Code,
}

/// What was asked about the code: the same intent must never be given to another request.
#[derive(Eq, PartialEq)]
enum Question {
    Code,
    Pair(Code),
    Challenge(ObjectHandle),
}

impl Question {
    fn of(about: &About) -> Self {
        match about {
            About::Code => Self::Code,
            About::Pair { first } => Self::Pair(first.clone()),
            About::Challenge(object, _) => Self::Challenge(*object),
        }
    }
}

/// Whether the code may have been judged all the same: exactly where the program is told so.
fn is_open(trouble: Trouble) -> bool {
    Fault::from(trouble).rv == Rv::FunctionFailed
}

/// What the program is told of it. That nothing was done now says nothing about the first time, so a
/// repeated code stays open until there is a verdict.
pub(super) fn told(trouble: Trouble, is_repeated: bool) -> Fault {
    let Fault { rv, why } = trouble.into();
    let says_undone = matches!(rv, Rv::DeviceError | Rv::DeviceMemory | Rv::TokenResourceExceeded);
    Fault { rv: if is_repeated && says_undone { Rv::FunctionFailed } else { rv }, why }
}

impl UnderWay {
    /// A verification of this key begins: what waits for another key waits no longer.
    pub(super) fn turn_to(&mut self, key: ObjectHandle) {
        self.first_code.take_if(|first| first.key != key);
    }

    /// The first code of this key.
    pub(super) fn first_of(&self, key: ObjectHandle) -> Option<Code> {
        let first = self.first_code.as_ref().filter(|first| first.key == key);
        first.map(|first| first.code.clone())
    }

    /// The intent under which this same code was sent before, without an answer. Taken, so that of two
    /// threads only one hears the verdict; [`Self::settle`] puts it back where none came.
    pub(super) fn take_intent(
        &mut self,
        verification: &Verification,
        code: &Code,
    ) -> Option<IdempotencyKey> {
        let question = Question::of(&verification.about);
        let same = |open: &mut Unanswered| {
            open.key == verification.key
                && open.question == question
                && open.code == *code
                && !open.until.has_passed()
        };
        self.unanswered.take_if(same).map(|open| open.intent)
    }

    /// Remembers what is needed for the next call, and forgets what any answer about this key makes
    /// void.
    pub(super) fn settle(
        &mut self,
        verification: &Verification,
        code: Code,
        intent: IdempotencyKey,
        is_repeated: bool,
        asked: &Result<Verdict, Trouble>,
    ) {
        let key = verification.key;
        match asked {
            Ok(verdict) => {
                self.unanswered.take_if(|open| open.key == key);
                self.first_code.take_if(|first| first.key == key);
                if verdict.wants_next() {
                    self.first_code = Some(FirstCode { key, code });
                }
            }
            Err(trouble) if is_repeated || is_open(*trouble) => {
                let (question, until) = (Question::of(&verification.about), Deadline::after(KEPT));
                self.unanswered = Some(Unanswered { key, question, code, intent, until });
            }
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use warifu_api::{
        ProblemType, Timestamp,
        token::{Outcome, Reason, VerifyAnswer},
    };

    use super::*;

    fn verdict(reason: Option<Reason>) -> Verdict {
        Verdict::of_code(&VerifyAnswer {
            serial: "1".to_owned(),
            outcome: if reason.is_some() { Outcome::Rejected } else { Outcome::Accepted },
            reason,
            remaining_attempts: 3,
            checked_at: Timestamp(String::new()),
            request_id: String::new(),
            text: None,
        })
    }

    fn verification(key: ObjectHandle, about: About) -> Verification {
        Verification { key, serial: "1".to_owned(), digits: 6, about }
    }

    fn code(text: &str) -> Code {
        Code::new(text.to_owned())
    }

    fn intent(text: &str) -> IdempotencyKey {
        IdempotencyKey::parse(text).unwrap()
    }

    #[test]
    fn the_same_code_asks_again_under_the_same_intent() {
        let key = ObjectHandle::fresh();
        let (mut memory, first) = (UnderWay::default(), verification(key, About::Code));
        assert_eq!(memory.take_intent(&first, &code("111111")), None);
        memory.settle(&first, code("111111"), intent("a"), false, &Err(Trouble::Unknown));
        assert_eq!(memory.take_intent(&first, &code("222222")), None);
        let other = verification(ObjectHandle::fresh(), About::Code);
        assert_eq!(memory.take_intent(&other, &code("111111")), None);
        let pair = verification(key, About::Pair { first: code("000000") });
        assert_eq!(memory.take_intent(&pair, &code("111111")), None);
        assert_eq!(memory.take_intent(&first, &code("111111")), Some(intent("a")));
    }

    /// Both would be told that the one code was right.
    #[test]
    fn of_two_threads_that_repeat_a_code_one_asks_for_the_lost_verdict() {
        let key = ObjectHandle::fresh();
        let (mut memory, first) = (UnderWay::default(), verification(key, About::Code));
        memory.settle(&first, code("111111"), intent("a"), false, &Err(Trouble::Unknown));
        assert_eq!(memory.take_intent(&first, &code("111111")), Some(intent("a")));
        assert_eq!(memory.take_intent(&first, &code("111111")), None, "somebody asks already");
        for trouble in [Trouble::Unknown, Trouble::Unreachable] {
            memory.settle(&first, code("111111"), intent("a"), true, &Err(trouble));
            assert_eq!(memory.take_intent(&first, &code("111111")), Some(intent("a")));
        }
    }

    #[test]
    fn an_answer_about_the_key_clears_what_was_open() {
        let (key, other) = (ObjectHandle::fresh(), ObjectHandle::fresh());
        let (mut memory, first) = (UnderWay::default(), verification(key, About::Code));
        memory.settle(&first, code("111111"), intent("a"), false, &Err(Trouble::Unknown));
        memory.settle(
            &verification(other, About::Code),
            code("1"),
            intent("b"),
            false,
            &Ok(verdict(None)),
        );
        memory.settle(&first, code("1"), intent("c"), false, &Err(Trouble::Unreachable));
        assert!(memory.unanswered.is_some(), "nothing was told of it");
        let wrong = Ok(verdict(Some(Reason::Wrong)));
        memory.settle(&first, code("222222"), intent("d"), false, &wrong);
        assert_eq!(memory.take_intent(&first, &code("111111")), None);
    }

    #[test]
    fn only_what_may_have_been_judged_is_open() {
        assert!(is_open(Trouble::Unknown));
        assert!(is_open(Trouble::Problem(ProblemType::Deadline)));
        assert!(is_open(Trouble::Problem(ProblemType::StoreUnavailable)));
        assert!(is_open(Trouble::Problem(ProblemType::Internal)));
        assert!(!is_open(Trouble::Problem(ProblemType::TooManyRequests)));
        assert!(!is_open(Trouble::Unreachable));
    }

    #[test]
    fn a_repeated_code_is_never_told_as_not_judged() {
        let busy = Trouble::Problem(ProblemType::TooManyRequests);
        for trouble in [Trouble::Unreachable, busy, Trouble::Unknown] {
            assert_eq!(told(trouble, true).rv, Rv::FunctionFailed, "{trouble:?}");
        }
        assert_eq!(told(Trouble::Unreachable, false).rv, Rv::DeviceError);
        assert_eq!(told(Trouble::Locked, true).rv, Rv::UserNotLoggedIn);
    }

    #[test]
    fn a_first_code_waits_for_its_second() {
        let key = ObjectHandle::fresh();
        let (mut memory, first) = (UnderWay::default(), verification(key, About::Code));
        let needed = Ok(verdict(Some(Reason::ResyncRequired)));
        memory.settle(&first, code("111111"), intent("a"), false, &needed);
        assert_eq!(memory.first_of(key), Some(code("111111")));
        assert_eq!(memory.first_of(ObjectHandle::fresh()), None);
        let pair = verification(key, About::Pair { first: code("111111") });
        memory.settle(&pair, code("222222"), intent("b"), false, &Err(Trouble::Unknown));
        assert_eq!(memory.first_of(key), Some(code("111111")), "it is needed to ask again");
        assert_eq!(memory.take_intent(&pair, &code("222222")), Some(intent("b")));
        memory.settle(&pair, code("222222"), intent("b"), true, &Ok(verdict(None)));
        assert_eq!(memory.first_of(key), None);
    }

    #[test]
    fn a_first_code_is_dropped_for_another_key() {
        let key = ObjectHandle::fresh();
        let (mut memory, first) = (UnderWay::default(), verification(key, About::Code));
        let needed = Ok(verdict(Some(Reason::ResyncRequired)));
        memory.settle(&first, code("1"), intent("a"), false, &needed);
        memory.turn_to(key);
        assert!(memory.first_of(key).is_some());
        memory.turn_to(ObjectHandle::fresh());
        assert_eq!(memory.first_of(key), None);
    }
}
