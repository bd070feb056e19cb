//! Changes of a conversation that leave it one: parts are doubled, left out, moved, exchanged, put in, answered with
//! another status, or changed within.

use super::script::{BREAK, parts};

/// What may be put in: everything that can happen, and answers that the vendors give.
const PARTS: [&str; 24] = [
    "crash",
    "crash-stored",
    "crash-sent",
    "delete",
    "moved",
    "conflict",
    "lost-write",
    "silence",
    "unsent",
    "wait 1",
    "wait 15",
    "wait 130",
    "wait 1000",
    "wait 100000",
    "wait 2000000",
    "any 404\ndate: now\ncontent-type: application/json\n\n{}",
    "any 429\ndate: now\nretry-after: 30\ncontent-type: application/json\n\n{}",
    "any 500\n\n<html>secret-page</html>",
    "any 502\ncontent-type: text/html\n\n<html>secret-page</html>",
    "any 200\ncontent-type: text/html\n\n<html>secret-page</html>",
    "enrollments 200\ndate: now\ncontent-type: application/json\n\n[]",
    "send-pin 204\ndate: now\n\n",
    "cancel 200\ndate: now\n\n",
    "cancel 409\ndate: now\ncontent-type: application/json\n\n{\"message\":\"secret-message\"}",
];

const STATUSES: [&str; 14] =
    ["200", "201", "204", "302", "400", "401", "403", "404", "408", "409", "422", "429", "500", "503"];

/// Numbers from a seed: the same seed, the same change.
struct Numbers(u64);

impl Numbers {
    /// Below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }
}

/// One change of the input, within `most` bytes. `within`: changes a part byte by byte, and tells its new length.
#[must_use]
pub fn mutate(
    input: &[u8],
    most: usize,
    seed: u32,
    mut within: impl FnMut(&mut [u8], usize) -> usize,
) -> Vec<u8> {
    let mut numbers = Numbers(u64::from(seed));
    let mut parts: Vec<Vec<u8>> = parts(input).into_iter().map(<[u8]>::to_vec).collect();
    let (at, other) = (numbers.below(parts.len()), numbers.below(parts.len()));
    match numbers.below(8) {
        0 => parts.insert(other, parts[at].clone()),
        1 if parts.len() > 1 => drop(parts.remove(at)),
        2 => parts.swap(at, other),
        3 | 4 => parts.insert(at, PARTS[numbers.below(PARTS.len())].into()),
        5 => another_status(&mut parts[at], STATUSES[numbers.below(STATUSES.len())]),
        _ => {
            let part = &mut parts[at];
            let size = part.len();
            part.resize(size + 64, 0);
            let changed = within(part, size);
            part.truncate(changed);
        }
    }
    let mut changed = parts.join(BREAK);
    changed.truncate(most);
    changed
}

/// The three digits after the first blank.
fn another_status(part: &mut [u8], status: &str) {
    let Some(blank) = part.iter().position(|byte| *byte == b' ') else { return };
    if let Some(old) = part.get_mut(blank + 1..blank + 4) {
        old.copy_from_slice(status.as_bytes());
    }
}
