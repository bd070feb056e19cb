//! A hash that is the same in every version and on every machine, for what is written or must not move.

/// FNV-1a of 64 bits over the texts, each ended by a byte that is in no text.
pub fn hash(texts: impl IntoIterator<Item = impl AsRef<str>>) -> u64 {
    texts.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, text| {
        text.as_ref()
            .bytes()
            .chain([0xff])
            .fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These stand in statuses: a version that changed them would ask people again.
    #[test]
    fn it_never_changes() {
        assert_eq!(hash([""; 0]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(format!("{:016x}", hash(["00u1", "00u2"])), "4284f21d6690fadc");
        assert_ne!(hash(["00u1", "00u2"]), hash(["00u100u2"]));
        assert_ne!(hash(["a", ""]), hash(["a"]));
    }
}
