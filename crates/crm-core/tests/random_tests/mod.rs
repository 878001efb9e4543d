//! How random tests get their seed.

use proptest::test_runner::{Config, RngSeed};

/// So many random cases. Their seed is that of `CRM_SEED` or a new one, and shown where a test fails, beside the least
/// input that fails.
#[allow(unreachable_pub)] // The tests of other crates take this file, too.
pub fn random_cases(cases: u32) -> Config {
    let seed = match std::env::var("CRM_SEED") {
        Ok(seed) => seed.parse().expect("CRM_SEED: a whole number"),
        Err(_) => std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0),
    };
    println!("CRM_SEED={seed} in the environment runs the same cases again");
    Config {
        cases,
        // The seed is shown; a file of failed cases would be one more place to look at.
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..Config::default()
    }
}
