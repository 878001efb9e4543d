//! Records that are equal in every field, such as the orders of one guest: they are compared as one.

use super::records::Records;
use super::words::NONE;
use crate::context::{collect, push};
use crate::error::Result;

/// For each record the first that is equal to it: itself if there is none before. Records without an e-mail address and a
/// telephone number stay alone, and so do those in `apart`, which a human has decided on.
pub(super) fn first_of_each(records: &Records, apart: &[(u32, u32)]) -> Result<Vec<u32>> {
    let r = records;
    let columns: [&[u32]; 14] = [
        &r.account,
        &r.email,
        &r.phone,
        &r.family.written,
        &r.family.kana,
        &r.family.roman,
        &r.given.written,
        &r.given.kana,
        &r.given.roman,
        &r.birth,
        &r.sex,
        &r.zip,
        &r.street,
        &r.building,
    ];
    let mut order = Vec::new();
    for at in (0..r.len).filter(|at| has_contact(r, *at)) {
        let hash = columns.iter().fold(0_u64, |hash, column| {
            (hash.rotate_left(5) ^ u64::from(column[at])).wrapping_mul(0x517c_c1b7_2722_0a95)
        });
        push(&mut order, (hash, at as u32), "records")?;
    }
    let mut alone: Vec<u32> = Vec::new();
    for (a, b) in apart {
        push(&mut alone, *a, "records")?;
        push(&mut alone, *b, "records")?;
    }
    alone.sort_unstable();
    order.sort_unstable();
    let mut first = collect(0..r.len as u32, "records")?;
    for group in order
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|group| group.len() > 1)
    {
        // Different records hardly ever have one hash; if they do, each is compared with those before.
        let mut kept: Vec<u32> = Vec::new();
        for (_, at) in group {
            if alone.binary_search(at).is_ok() {
                continue;
            }
            let same = |other: &&u32| {
                let (a, b) = (*at as usize, **other as usize);
                columns.iter().all(|column| column[a] == column[b])
            };
            match kept.iter().find(same) {
                Some(before) => first[*at as usize] = *before,
                None => push(&mut kept, *at, "records")?,
            }
        }
    }
    Ok(first)
}

/// Whether a record has a way to reach somebody. Without one, equal names and dates of birth may be a form's defaults.
fn has_contact(r: &Records, at: usize) -> bool {
    r.email[at] != NONE || r.phone[at] != NONE
}
