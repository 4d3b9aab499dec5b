//! Random bytes of the system, fresh for every call, also in a child after fork.
//!
//! Not responsible for what they are for.

use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::{
    fault::{Fault, Outcome},
    rv::Rv,
};

pub(crate) fn bytes<const N: usize>() -> Outcome<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    match SystemRandom::new().fill(bytes.as_mut_slice()) {
        Ok(()) => Ok(bytes),
        Err(_) => Err(Fault::new(Rv::GeneralError, "the system gives no random bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        assert_ne!(bytes::<16>().unwrap(), bytes::<16>().unwrap());
    }
}
