//! Batches of transfers: no bytes make the reader panic, how they arrive makes no difference, and
//! what is accepted adds up.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use warifu_core::zengin::{self, Batch, Fault, Intake, NameSet, RECORD};

fuzz_target!(|data: &[u8]| {
    let Some((drop, file)) = data.split_first() else { return };
    let names = NameSet::default();
    let whole = zengin::parse(file, &names);
    assert_eq!(whole, in_drops(file, usize::from(*drop).max(1), &names));
    match whole {
        Ok(batch) => accepted(&batch, &names),
        Err(fault) => {
            assert!(fault.column <= RECORD + 1 && !fault.to_string().is_empty());
            assert!(!fault.ja().is_empty());
        }
    }
});

fn in_drops(file: &[u8], size: usize, names: &NameSet) -> Result<Batch, Fault> {
    let mut intake = Intake::new(names);
    for drop in file.chunks(size) {
        intake.feed(drop)?;
    }
    intake.finish()
}

fn accepted(batch: &Batch, names: &NameSet) {
    assert_eq!(batch.signed.len(), RECORD * (batch.items.len() + 2));
    assert_eq!(batch.total, batch.items.iter().map(|item| item.amount).sum::<u64>());
    assert_eq!(zengin::parse(&batch.signed, names).as_ref(), Ok(batch));
    let shown = zengin::selection(&batch.items, &HashSet::new(), batch.items.len());
    assert_eq!(shown.map(|shown| shown.len()), Ok(batch.items.len()));
}
