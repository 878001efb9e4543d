//! Any bytes as a saved state with a right head and checksum: an error, or data that work; never a panic.
#![no_main]

use crm_tests::states::{sealed_as, sound, tried};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Sound states, of which the input changes bytes: bytes from nothing would seldom be a dictionary.
static SOUND: LazyLock<Vec<Vec<u8>>> = LazyLock::new(sound);

/// The state `input` describes: from nothing, or a sound one with other bytes at places (place, place, how, byte).
fn state(like: &[u8], input: &[u8]) -> Vec<u8> {
    let Some((0..224, changes)) = input.split_first().map(|(how, rest)| (*how, rest)) else {
        return [&[0; 24][..], input].concat();
    };
    let mut bytes = like[..like.len() - 32].to_vec();
    for change in changes.chunks_exact(4) {
        if bytes.len() <= 24 {
            break;
        }
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % (bytes.len() - 24) + 24;
        match change[2] {
            0..160 => bytes[at] = change[3],
            160..192 => bytes[at] = bytes[at].wrapping_add(change[3]),
            192..208 => drop(bytes.drain(at..(at + usize::from(change[3] % 17)).min(bytes.len()))),
            208..224 => drop(bytes.splice(at..at, [0; 16][..usize::from(change[3] % 17)].iter().copied())),
            224..240 => bytes[at..].iter_mut().take(8).for_each(|byte| *byte = change[3]),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fuzz_target!(|input: &[u8]| {
    if let Some((which, input)) = input.split_first() {
        let like = &SOUND[usize::from(*which) % SOUND.len()];
        tried(&sealed_as(like, state(like, input)));
    }
});
