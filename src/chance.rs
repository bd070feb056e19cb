//! The one place that rolls dice, for what may fall either way: jitter, one key of several, the end of a hold's id.
//! Keys and nonces are made where their failure is handled.

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
