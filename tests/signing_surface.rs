//! Challenges and their answers.
//!
//! Not responsible for: keypad tokens.
#![forbid(unsafe_code)]
