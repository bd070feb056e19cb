//! Whole conversations with both vendors, as parts with `----` between them: answers, and what comes between.
#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use yubikey_shipment_fuzz::conversation;

fuzz_target!(|input: &[u8]| conversation::play(input));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let within = |part: &mut [u8], size: usize| {
        let most = part.len();
        fuzzer_mutate(part, size, most)
    };
    let changed = conversation::mutate(&data[..size], max_size, seed, within);
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
});
