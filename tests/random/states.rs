//! Sound states with changed bytes.

use super::{Random, cases, each};
use crm_tests::states::{sealed_as, sound, tried};
use std::sync::atomic::{AtomicU64, Ordering};

/// One to five changes such as a buggy or hostile writer makes. `others` lend their bytes.
fn damaged(sound: &[u8], others: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = sound[..sound.len() - 32].to_vec();
    for _ in 0..=random.below(5) {
        if bytes.len() < 64 {
            break;
        }
        let at = 24 + random.below(bytes.len() - 24);
        let width = *random.one(&[1, 2, 4, 8]);
        let end = (at + width).min(bytes.len());
        match random.below(10) {
            0..=2 => bytes[at] = random.next() as u8,
            3 => bytes[at] ^= 1 << random.below(8),
            // A number that is one more or less, or at an end of its range.
            4 => {
                let mut word = [0; 8];
                word[..end - at].copy_from_slice(&bytes[at..end]);
                let word = u64::from_le_bytes(word).wrapping_add(*random.one(&[1, u64::MAX]));
                bytes[at..end].copy_from_slice(&word.to_le_bytes()[..end - at]);
            }
            5 => {
                let ends = [
                    0,
                    1,
                    u64::MAX,
                    i64::MAX as u64,
                    i64::MIN as u64,
                    1 << 32,
                    1 << 62,
                ];
                let value = random.one(&ends).to_le_bytes();
                bytes[at..end].copy_from_slice(&value[..end - at]);
            }
            6 => drop(bytes.drain(at..(at + random.below(40)).min(bytes.len()))),
            7 => {
                let other = random.one(others);
                let from = random.below(other.len());
                let piece = &other[from..(from + random.below(64)).min(other.len())];
                let until = match random.below(2) {
                    0 => at,
                    _ => (at + piece.len()).min(bytes.len()),
                };
                bytes.splice(at..until, piece.iter().copied());
            }
            8 => {
                let piece: Vec<u8> = bytes[at..(at + random.below(64)).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn run(cases: u64) {
    let sound = sound();
    for state in &sound {
        assert!(tried(state), "a sound state is refused");
    }
    let accepted = AtomicU64::new(0);
    let failed = each(cases, |_, random| {
        let like = random.one(&sound);
        let bytes = damaged(like, &sound, random);
        let state = match random.below(16) {
            // Without a right head and checksum.
            0 => bytes,
            _ => sealed_as(like, bytes),
        };
        accepted.fetch_add(u64::from(tried(&state)), Ordering::Relaxed);
    });
    let accepted = accepted.into_inner();
    assert!(failed.is_empty(), "cases that panicked: {failed:?}");
    eprintln!("{cases} damaged states, {accepted} accepted");
    assert!(
        accepted > cases / 100 && accepted < cases / 2,
        "{accepted} of {cases}"
    );
}

#[test]
fn damaged_states() {
    run(cases(4_000));
}

#[test]
#[ignore = "minutes: `make evidence`"]
fn ten_million_damaged_states() {
    run(cases(10_000_000));
}
