//! Suites of seed files: any text is read as what it says or refused, and what is read computes one
//! data input or none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warifu_core::ocra::{Inputs, Question, QuestionFormat, Suite};

fuzz_target!(|text: &str| {
    let (suite, question) = text.split_once('\n').unwrap_or((text, "10000000"));
    let Ok(suite) = Suite::parse(suite) else { return };
    assert!(suite.text().starts_with("OCRA-1:HOTP-SHA"));
    assert_eq!(Suite::parse(suite.text()).as_ref(), Ok(&suite));
    let _ = suite.advice();
    let question = question
        .split_once('\n')
        .map_or(Question::One(question), |(other, own)| Question::Mutual(other, own));
    let pin_hash = suite.pin().map(|hash| vec![1; hash.mac_len()]);
    let session = suite.session().map(|length| vec![2; length.into()]);
    let inputs = Inputs {
        counter: suite.counter().then_some(u64::MAX),
        question,
        pin_hash: pin_hash.as_deref(),
        session: session.as_deref(),
        time_steps: suite.step_s().map(u64::from),
    };
    let Ok(data) = suite.data_input(&inputs) else { return };
    let parts = usize::from(suite.counter()) * 8
        + QuestionFormat::FIELD
        + pin_hash.map_or(0, |hash| hash.len())
        + session.map_or(0, |session| session.len())
        + suite.step_s().map_or(0, |_| 8);
    assert_eq!(data.len(), suite.text().len() + 1 + parts);
    assert!(data.len() <= 1024, "more than one request to the HSM holds");
    if let Question::One(text) = question
        && suite.question().is_unambiguous(text)
    {
        assert!(suite.question().field(question).is_ok());
    }
    let mac = vec![0xFF; suite.hash().mac_len()];
    let response = suite.response(&mac).expect("a MAC of the suite's hash");
    assert!(response.matches(response.expose()));
});
