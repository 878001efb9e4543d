//! All freed slots are reused, and threads exist only while they are set. There is one test,
//! because other tests of the process would also take slots and threads.

use crm::*;
use std::collections::BTreeSet;
use std::ptr::null_mut;

const ERR_ARGUMENT: i32 = crm_status::CRM_ERR_ARGUMENT as i32;

fn create() -> u64 {
    let mut job = crm_job { id: 0 };
    // SAFETY: the output is valid; no error is asked for.
    assert_eq!(unsafe { crm_job_create(&mut job, null_mut()) }, 0);
    job.id
}

fn free(id: u64) {
    // SAFETY: no error is asked for.
    assert_eq!(unsafe { crm_job_free(crm_job { id }, null_mut()) }, 0);
}

/// A handle's slot is its lowest 20 bits.
fn slots(ids: &[u64]) -> BTreeSet<u64> {
    ids.iter().map(|id| id & ((1 << 20) - 1)).collect()
}

fn freed_slots_come_back() {
    let first: Vec<u64> = (0..40).map(|_| create()).collect();
    assert_eq!(slots(&first).len(), 40);
    let mut seen: BTreeSet<u64> = first.iter().copied().collect();
    first.iter().for_each(|id| free(*id));
    for round in 0..50 {
        assert_eq!(open_handles(), 0);
        let again: Vec<u64> = (0..40).map(|_| create()).collect();
        assert_eq!(slots(&again), slots(&first), "round {round}");
        // With numbers that no handle had before.
        assert!(again.iter().all(|id| seen.insert(*id)), "round {round}");
        // Freed in a different order each time, some while others are open.
        let (now, later) = again.split_at(round % 40);
        now.iter().for_each(|id| free(*id));
        assert_eq!(open_handles(), later.len());
        later.iter().rev().for_each(|id| free(*id));
    }
}

/// The number of threads of the pool, by their name.
#[cfg(target_os = "linux")]
fn running() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the threads of this process");
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|name| name == "crm\n")
        .count()
}

/// Waits for a number of threads: one has its name once it runs, and the system lists it for a moment after its end.
#[cfg(target_os = "linux")]
fn wait_for(expected: usize) {
    for _ in 0..500 {
        if running() == expected {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{} threads, expected {expected}", running());
}

#[cfg(target_os = "linux")]
fn threads_are_those_asked_for() {
    // SAFETY: no error is asked for.
    let set = |threads: u32| unsafe { crm_set_threads(threads, null_mut()) };
    assert_eq!(running(), 0);
    for (asked, expected) in [(2, 2), (5, 5), (3, 3), (1, 0), (2, 2), (0, 0)] {
        assert_eq!(set(asked), 0);
        wait_for(expected);
        assert_eq!(open_handles(), usize::from(expected > 0));
    }
    assert_eq!(set(3), 0);
    assert_eq!(set(1025), ERR_ARGUMENT, "over 1024");
    assert_eq!(set(u32::MAX), ERR_ARGUMENT);
    assert_eq!(open_handles(), 1, "a refused number changes nothing");
    // SAFETY: no error is asked for.
    assert_eq!(unsafe { crm_shutdown(null_mut()) }, 0);
    assert_eq!(open_handles(), 0);
    wait_for(0);
}

#[test]
fn slots_and_threads_are_given_back() {
    freed_slots_come_back();
    #[cfg(target_os = "linux")]
    threads_are_those_asked_for();
    assert_eq!(panics_caught(), 0);
}
