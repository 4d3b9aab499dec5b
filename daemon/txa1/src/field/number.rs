//! Numbers of fixed width: what a bank, branch, account or token code is.
//!
//! Not responsible for: where they stand in a message.

use std::fmt;

macro_rules! digits {
    ($(#[$doc:meta])* $name:ident, $number:ty, $width:literal, $range:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name($number);

        impl $name {
            /// Digits as shown, zeros filled in.
            pub const DIGITS: usize = $width;

            /// `None` outside the range.
            pub fn new(number: $number) -> Option<Self> {
                $range.contains(&number).then_some(Self(number))
            }

            /// Exactly [`Self::DIGITS`] ASCII digits.
            pub fn from_text(text: &str) -> Option<Self> {
                let fits = text.len() == $width && text.bytes().all(|c| c.is_ascii_digit());
                Self::new(fits.then(|| text.parse().ok())??)
            }

            /// The number.
            pub const fn get(self) -> $number {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:0width$}", self.0, width = $width)
            }
        }
    };
}

digits!(
    /// A bank (金融機関コード).
    Bank, u16, 4, (0..=9999)
);
digits!(
    /// A branch (支店番号).
    Branch, u16, 3, (0..=999)
);
digits!(
    /// Type of an account (預金種目): 1 ordinary, 2 current, 4 savings, 9 other. Which of the nine a
    /// bank accepts is its own rule.
    AccountType, u8, 1, (1..=9)
);
digits!(
    /// An account (口座番号).
    AccountNumber, u32, 7, (0..=9_999_999)
);
digits!(
    /// What a contract's users tell its tokens apart by (トークンコード).
    TokenCode, u32, 6, (0..=999_999)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_part_of_the_text() {
        assert_eq!(Bank::from_text("0144").unwrap().to_string(), "0144");
        assert_eq!(Branch::from_text("011").unwrap().get(), 11);
        for text in ["144", "00144", "+144", "１４４４", "014a"] {
            assert_eq!(Bank::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_outside_the_width_are_refused() {
        assert_eq!(Bank::new(10_000), None);
        assert_eq!(Branch::new(1000), None);
        assert_eq!(AccountType::new(0), None);
        assert_eq!(AccountType::new(10), None);
        assert_eq!(AccountNumber::new(10_000_000), None);
        assert_eq!(TokenCode::new(1_000_000), None);
    }
}
