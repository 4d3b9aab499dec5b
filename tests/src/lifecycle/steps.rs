//! The steps of a scenario: the numbers of the rules that each proves, and its name as the bank's
//! manual calls it. A scenario that fails says in which step.
//!
//! Not responsible for: whether every rule has a step (`tests/rules.rs` reads the sources for that).

/// The steps taken so far.
pub struct Steps {
    scenario: &'static str,
    taken: Vec<String>,
}

impl Steps {
    /// No step yet.
    pub const fn of(scenario: &'static str) -> Self {
        Self { scenario, taken: Vec::new() }
    }

    /// Begins a step, and so ends the one before. `rules` are numbers such as `R20 R27`.
    pub fn step(&mut self, rules: &str, name: &str) {
        for rule in rules.split(' ') {
            let number = rule.strip_prefix('R').and_then(|digits| digits.parse::<u8>().ok());
            assert!(number.is_some_and(|n| (1..=106).contains(&n)), "no rule: {rule:?} ({name})");
        }
        assert!(!name.is_ascii(), "the manuals are Japanese: {name:?}");
        self.taken.push(format!("{rules}: {name}"));
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        let Some((last, passed)) = self.taken.split_last() else { return };
        if std::thread::panicking() {
            for step in passed {
                eprintln!("{}: passed {step}", self.scenario);
            }
            eprintln!("{}: FAILED {last}", self.scenario);
        }
    }
}
