//! The one place that rolls dice, for what may fall either way: jitter, one key of several, the end of a hold's id.
//! Keys and nonces are made where their failure is handled.

use jiff::SignedDuration;

/// Up to a fifth more, so that what failed together does not come back together.
#[must_use]
pub fn jittered(wait: SignedDuration) -> SignedDuration {
    wait + wait / 1280 * i32::from(byte())
}

/// End of a hold's id: nobody can know it beforehand.
#[must_use]
pub fn suffix() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    bytes::<6>().iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// Random bytes; zeros if the system has no randomness, which nothing here depends on for safety of an order.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let _ = openssl::rand::rand_bytes(&mut bytes);
    bytes
}

/// One random byte.
#[must_use]
pub fn byte() -> u8 {
    let [byte] = bytes();
    byte
}
