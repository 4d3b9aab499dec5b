//! Tests of the conversions; they run under miri, too.
