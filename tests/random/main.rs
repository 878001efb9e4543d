//! Requests, appends and damaged states at random: a result or an error, never a panic.
//!
//! Each case follows from its number alone, so a failure names all that is needed to see it again. `CRM_CASES=1000000`
//! runs so many of each instead of the few of every test run; `make evidence` runs 79,000 requests and 10 million states.

mod requests;
mod states;

/// The number of cases: as asked, else some that take seconds.
fn cases(few: u64) -> u64 {
    let asked = std::env::var("CRM_CASES").ok();
    asked.map_or(few, |cases| cases.parse().expect("CRM_CASES is a number"))
}

/// Splitmix64, from the number of a case.
struct Random(u64);

impl Random {
    fn new(case: u64) -> Self {
        Random(case.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Runs cases, two threads side by side; returns those that panicked.
fn each(cases: u64, run: impl Fn(u64, &mut Random) + Sync) -> Vec<u64> {
    let failed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (run, failed) = (&run, &failed);
            scope.spawn(move || {
                for case in (thread..cases).step_by(2) {
                    let work = || run(case, &mut Random::new(case));
                    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() {
                        failed.lock().expect("no panic here").push(case);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().expect("no panic here");
    failed.sort_unstable();
    failed
}
