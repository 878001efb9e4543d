//! The switch of a planted fault: `CRM_PLANTED` names the one that is on. `CRM_REACHED` names a file to which the
//! number of each fault is appended when it is first passed.
#![allow(missing_docs)]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

const RECORD: u32 = u32::MAX - 1;
const UNREAD: u32 = u32::MAX;

static WANTED: AtomicU32 = AtomicU32::new(UNREAD);
static PASSED: [AtomicBool; 1 << 16] = [const { AtomicBool::new(false) }; 1 << 16];
static REACHED: OnceLock<File> = OnceLock::new();

#[inline]
pub fn at(fault: u32) -> bool {
    let wanted = WANTED.load(Relaxed);
    if wanted < RECORD {
        return wanted == fault;
    }
    unusual(fault)
}

#[cold]
fn unusual(fault: u32) -> bool {
    if WANTED.load(Relaxed) == UNREAD {
        let wanted = match std::env::var("CRM_REACHED") {
            Ok(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path).unwrap();
                let _ = REACHED.set(file);
                RECORD
            }
            Err(_) => std::env::var("CRM_PLANTED").map_or(0, |text| text.parse().unwrap()),
        };
        WANTED.store(wanted, Relaxed);
        return at(fault);
    }
    if !PASSED[fault as usize].swap(true, Relaxed) {
        let mut file = REACHED.get().unwrap();
        file.write_all(&fault.to_le_bytes()).unwrap();
    }
    false
}
