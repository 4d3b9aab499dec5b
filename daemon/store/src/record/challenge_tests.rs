//! The stored form of a challenge.

use super::*;
