//! Clock drift of a TOTP token, learnt from the codes it makes.
//!
//! A code that arrives late looks like a slow clock, but people are slow and clocks are not always;
//! a code from the future can only come from a fast clock. So the estimate follows early codes
//! quickly and late ones slowly, and it is bounded. That is what keeps one stale code from pushing
//! the window away from the current one (a defect of a peer: after an old code the right one fails).

/// Estimated offset of the token's clock against ours, in 1/256 of a step; positive: token is ahead.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Drift(i32);

/// Units of [`Drift`] per time step.
const UNIT: i32 = 256;
/// Most that one late code may move the estimate: an eighth of a step.
const LATE_STEP: i32 = UNIT / 8;

impl Drift {
    /// A drift of whole steps, as resynchronisation and PSKC's `TimeDrift` state it.
    pub fn from_steps(steps: i32) -> Self {
        Self(steps.saturating_mul(UNIT))
    }

    /// As stored.
    pub const fn from_raw(raw: i32) -> Self {
        Self(raw)
    }

    /// For storage: 1/256 steps.
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// The nearest whole number of steps; the centre of the window.
    pub fn steps(self) -> i32 {
        self.0.saturating_add(UNIT / 2).div_euclid(UNIT)
    }

    /// The estimate after a code matched `offset` steps away from server time.
    #[must_use]
    pub fn learn(self, offset: i32, max_steps: u32) -> Self {
        let error = offset.saturating_mul(UNIT).saturating_sub(self.0);
        let change = if error > 0 { error.div_euclid(2) } else { (error / 8).max(-LATE_STEP) };
        Self(self.0.saturating_add(change)).clamped(max_steps)
    }

    /// The same, no further than `max_steps` to either side.
    #[must_use]
    pub fn clamped(self, max_steps: u32) -> Self {
        let most = i32::try_from(max_steps).unwrap_or(i32::MAX).saturating_mul(UNIT);
        Self(self.0.clamp(most.saturating_neg(), most))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(drift: Drift, offset: i32, window: i32) -> bool {
        (drift.steps() - offset).abs() <= window
    }

    proptest! {
        /// A fresh token too: no current code was seen yet.
        #[test]
        fn a_first_stale_code_does_no_harm(
            (window, current, stale) in (1_i32..=10)
                .prop_flat_map(|window| (Just(window), -window..=window))
                .prop_flat_map(|(window, current)| (Just(window), Just(current), -window..=current)),
        ) {
            prop_assert!(accepts(Drift::default().learn(stale, 500), current, window));
        }

        #[test]
        fn the_estimate_is_bounded(start in any::<i32>(), offset in any::<i32>(), most in 0_u32..500) {
            let limit = i32::try_from(most).unwrap();
            let learnt = Drift::from_raw(start).learn(offset, most);
            prop_assert!(learnt.steps().abs() <= limit);
        }
    }

    /// Whatever the estimate: after a current code and one stale code, the current code is still
    /// inside the window. Exhaustive: one step of estimates covers all of them by symmetry.
    #[test]
    fn one_stale_code_never_makes_the_current_one_fail() {
        for (start, window) in (-UNIT..UNIT).flat_map(|s| (1..=10).map(move |w| (s, w))) {
            let before = Drift::from_raw(start);
            let reach = |drift: Drift| drift.steps() - window..=drift.steps() + window;
            for current in reach(before) {
                let on_time = before.learn(current, 500);
                assert!(accepts(on_time, current, window), "{start} {window} {current}");
                for stale in reach(on_time).filter(|stale| *stale < current) {
                    let after = on_time.learn(stale, 500);
                    assert!(accepts(after, current, window), "{start} {window} {current} {stale}");
                }
            }
        }
    }

    #[test]
    fn a_slow_clock_is_learnt_over_many_codes() {
        let mut drift = Drift::default();
        for _ in 0..64 {
            drift = drift.learn(-1, 500);
        }
        assert_eq!(drift.steps(), -1);
    }

    #[test]
    fn a_fast_clock_is_learnt_quickly() {
        assert_eq!(Drift::default().learn(1, 500).steps(), 1);
    }
}
