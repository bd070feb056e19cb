//! Ids in the vendors' look, and everything else that is drawn from the seed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const ALPHANUMERIC: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The sandbox's dice: the same seed gives the same ids, serials and PINs.
#[derive(Debug)]
pub(crate) struct Dice {
    ids: fastrand::Rng,
    chance: fastrand::Rng,
}

impl Dice {
    pub fn new(seed: Option<u64>) -> Self {
        let mut ids = seed.map_or_else(fastrand::Rng::new, fastrand::Rng::with_seed);
        // Chance has dice of its own: a rule that is asked often must not change the ids.
        let chance = ids.fork();
        Self { ids, chance }
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[self.ids.usize(..alphabet.len())])).collect()
    }

    /// An id as Okta makes them: a prefix of three, 17 more characters.
    pub fn okta_id(&mut self, prefix: &str) -> String {
        format!("{prefix}{}", self.text(ALPHANUMERIC, 17))
    }

    /// An id as Yubico makes them: 22 base58 characters.
    pub fn shipment_id(&mut self) -> String {
        self.text(BASE58, 22)
    }

    /// Letters and digits, for what is made as rarely as ids are.
    pub fn token(&mut self, length: usize) -> String {
        self.text(ALPHANUMERIC, length)
    }

    /// An eight-digit serial number.
    pub fn serial(&mut self) -> String {
        self.ids.u32(20_000_000..40_000_000).to_string()
    }

    /// A PIN: eight digits, the longest that Okta's policy lets Yubico choose, so that a search for leaked PINs does not find
    /// parts of timestamps.
    pub fn pin(&mut self) -> String {
        self.text(b"0123456789", 8)
    }

    /// Puts the list in another order, by the seed.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        self.chance.shuffle(list);
    }

    /// True with the given probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.chance.f64() < probability
    }
}

/// Letters and digits outside the seed, for what every call makes: request ids, tokens, nonces.
pub(crate) fn noise(length: usize) -> String {
    (0..length).map(|_| fastrand::alphanumeric()).collect()
}

/// base64url without padding, as JOSE and `WebAuthn` write bytes.
pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of base64url without padding.
pub(crate) fn unb64(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
