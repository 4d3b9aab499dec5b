//! How many codes came and how many of them were wrong, over a window of time that slides. Pure.
//!
//! Not responsible for: what counts as wrong, or what follows from it (alarm).

use warifu_core::rules::AlarmRules;

/// The window slides in steps of this part of it.
const SLICES: usize = 60;

/// Counts of one institution: a fixed number of slices of time, so that memory does not grow with
/// the number of codes.
#[derive(Clone, Debug)]
pub(super) struct Window {
    slices: [Slice; SLICES],
    slice_ms: u64,
    /// Number of the latest slice: time that goes back is counted there.
    latest: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    /// Which slice of all time it is.
    number: u64,
    checked: u32,
    wrong: u32,
}

/// What a window shows.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Seen {
    /// Codes that were looked at.
    pub(super) checked: u64,
    /// Those of them that were wrong.
    pub(super) wrong: u64,
}

impl Window {
    /// Never longer than `window_s`.
    pub(super) fn new(window_s: u32) -> Self {
        let slice_ms = (u64::from(window_s) * 1_000 / SLICES as u64).max(1);
        Self { slices: [Slice::default(); SLICES], slice_ms, latest: 0 }
    }

    /// Counts a code.
    pub(super) fn count(&mut self, now_ms: u64, wrong: bool) {
        self.latest = self.latest.max(now_ms / self.slice_ms);
        let number = self.latest;
        let slice = &mut self.slices[place(number)];
        if slice.number != number {
            *slice = Slice { number, ..Slice::default() };
        }
        slice.checked = slice.checked.saturating_add(1);
        slice.wrong = slice.wrong.saturating_add(u32::from(wrong));
    }

    /// What it shows now: the present slice and those before it that the window still covers.
    pub(super) fn seen(&self, now_ms: u64) -> Seen {
        let now = self.latest.max(now_ms / self.slice_ms);
        let covered = |slice: &&Slice| now - slice.number.min(now) < SLICES as u64;
        let sum = |seen: Seen, slice: &Slice| Seen {
            checked: seen.checked + u64::from(slice.checked),
            wrong: seen.wrong + u64::from(slice.wrong),
        };
        self.slices.iter().filter(covered).fold(Seen::default(), sum)
    }
}

impl Seen {
    /// Whether it says that too many codes fail.
    pub(super) fn is_too_much(self, rules: &AlarmRules) -> bool {
        self.checked >= u64::from(rules.least)
            && self.wrong * 100 >= self.checked * u64::from(rules.percent)
    }

    /// Whether an alarm that was raised has ended: well below the threshold, so that it does not
    /// come and go with every code, or no codes at all any more.
    pub(super) const fn is_over(self, rules: &AlarmRules) -> bool {
        self.checked == 0 || self.wrong * 200 < self.checked * rules.percent as u64
    }

    /// Wrong codes per hundred, rounded down.
    pub(super) fn percent(self) -> u64 {
        (self.wrong * 100).checked_div(self.checked).unwrap_or(0)
    }

    /// Wrong codes per code, 0 where there are none.
    #[expect(clippy::cast_precision_loss, reason = "Prometheus knows no other number")]
    pub(super) fn ratio(self) -> f64 {
        self.wrong as f64 / self.checked.max(1) as f64
    }
}

/// Where a slice lies among the [`SLICES`].
fn place(number: u64) -> usize {
    usize::try_from(number % SLICES as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_790_780_370_000;
    const RULES: AlarmRules = AlarmRules { window_s: 300, least: 50, percent: 30 };

    fn seen(checked: u64, wrong: u64) -> Seen {
        Seen { checked, wrong }
    }

    #[test]
    fn a_code_is_seen_for_as_long_as_the_window_is() {
        for window_s in [60, 61, 300, 3_600] {
            let mut window = Window::new(window_s);
            let slice_ms = u64::from(window_s) * 1_000 / 60;
            let whole_ms = 60 * slice_ms;
            let begin = START - START % slice_ms;
            window.count(begin, true);
            assert_eq!(window.seen(begin), seen(1, 1));
            assert_eq!(window.seen(begin + whole_ms - 1), seen(1, 1), "{window_s} s");
            assert_eq!(window.seen(begin + whole_ms), seen(0, 0), "{window_s} s");
            assert!(whole_ms <= u64::from(window_s) * 1_000);
        }
    }

    #[test]
    fn old_slices_give_way_to_new_ones() {
        let mut window = Window::new(60);
        for second in 0..600 {
            window.count(START + second * 1_000, second % 2 == 0);
            let shown = window.seen(START + second * 1_000);
            assert_eq!(shown.checked, (second + 1).min(60), "second {second}");
            assert_eq!(shown.wrong, (second + 1).min(60).div_ceil(2), "second {second}");
        }
    }

    #[test]
    fn time_that_goes_back_loses_nothing_and_keeps_nothing_longer() {
        let mut window = Window::new(60);
        window.count(START, true);
        window.count(START - 30_000, true);
        assert_eq!(window.seen(START - 30_000), seen(2, 2));
        assert_eq!(window.seen(START + 61_000), seen(0, 0));
        window.count(0, false);
        assert_eq!(window.seen(START), seen(3, 2));
    }

    #[test]
    fn a_leap_of_years_empties_it() {
        let mut window = Window::new(300);
        window.count(START, true);
        assert_eq!(window.seen(u64::MAX), seen(0, 0));
        window.count(u64::MAX, false);
        assert_eq!(window.seen(u64::MAX), seen(1, 0));
    }

    #[test]
    fn it_takes_enough_codes_and_enough_wrong_ones() {
        for (checked, wrong, raised) in
            [(0, 0, false), (49, 49, false), (50, 14, false), (50, 15, true), (100, 29, false)]
        {
            assert_eq!(seen(checked, wrong).is_too_much(&RULES), raised, "{wrong} of {checked}");
        }
        let all = AlarmRules { percent: 100, ..RULES };
        assert!(seen(50, 50).is_too_much(&all) && !seen(50, 49).is_too_much(&all));
    }

    #[test]
    fn it_ends_below_half_of_the_threshold_only() {
        for (checked, wrong, over) in
            [(100, 30, false), (100, 15, false), (100, 14, true), (1, 1, false), (0, 0, true)]
        {
            assert_eq!(seen(checked, wrong).is_over(&RULES), over, "{wrong} of {checked}");
        }
        let one = AlarmRules { percent: 1, ..RULES };
        assert!(!seen(200, 1).is_over(&one) && seen(201, 1).is_over(&one));
    }

    #[test]
    fn figures_of_an_empty_window_are_zero() {
        assert_eq!(seen(0, 0).percent(), 0);
        assert!(seen(0, 0).ratio().abs() < f64::EPSILON);
        assert_eq!(seen(3, 2).percent(), 66);
        assert!((seen(4, 3).ratio() - 0.75).abs() < f64::EPSILON);
    }
}
