//! Handles: the numbers that C has instead of pointers.
//!
//! A handle is a number below 2^53 (exact in JavaScript and JSON). It contains type, generation and
//! slot.
//!
//! ```text
//! bits 49..53 type   20..49 generation   0..20 slot
//! ```
//!
//! The table is a fixed array of slots, each with one word of state and one pointer. There is no
//! lock, because a lock held during `fork` would block the child for ever.
//!
//! ```text
//! state: bits 32..61 generation   25..29 type   24 live   0..24 pins
//!
//! pin     live and generation and type match → pins + 1, in one compare-and-swap; else refused
//! unpin   pins − 1; the thread that unpins a dead slot last reclaims it
//! free    live → dead, in one compare-and-swap; without pins the same thread reclaims it
//! reclaim drop the object, generation + 1, back to the free slots
//! ```
//!
//! The transition to "dead, no pins" happens once per generation, because a dead slot takes no new
//! pins. So exactly one thread reclaims, and never while another is inside a call. A slot whose
//! generations are used up (2^29) is never used again, so an old handle never becomes valid again.

use crate::error::{Fault, crm_status};
use crate::memory::{Boxed, boxed};
use crate::{customers, events, job, orders, rows, table, threads};
use std::ops::Deref;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, fence};

const SLOTS: usize = 1 << 16;
const LIVE: u64 = 1 << 24;
const PINS: u64 = LIVE - 1;
const TAG: u32 = 25;
const GENERATION: u32 = 32;
const LAST_GENERATION: u64 = (1 << 29) - 1;

/// The object of a handle.
#[expect(
    clippy::large_enum_variant,
    reason = "there are few, each behind a handle"
)]
pub(crate) enum Object {
    Orders(orders::OrdersObject),
    Customers(customers::CustomersObject),
    Events(events::EventsObject),
    Table(table::TableObject),
    Job(job::Job),
    Rows(rows::RowsObject),
    Pool(threads::Pool),
}

// The slots have raw pointers, so the compiler does not check this: any thread may read an object,
// and any may drop it.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Object>();
};

/// A kind of object: its number in handles, which is never reused, and its name in messages.
pub(crate) trait Kind: Sized + 'static {
    const TAG: u64;
    const NAME: &'static str;
    fn of(object: &Object) -> Option<&Self>;
    fn into_object(self) -> Object;
}

macro_rules! kinds {
    ($($variant:ident($ty:ty) = $tag:literal, $name:literal;)*) => {
        $(impl Kind for $ty {
            const TAG: u64 = $tag;
            const NAME: &'static str = $name;

            fn of(object: &Object) -> Option<&Self> {
                match object {
                    Object::$variant(inner) => Some(inner),
                    _ => None,
                }
            }

            fn into_object(self) -> Object {
                Object::$variant(self)
            }
        })*
    };
}

kinds! {
    Orders(orders::OrdersObject) = 1, "orders";
    Customers(customers::CustomersObject) = 2, "customers";
    Events(events::EventsObject) = 3, "events";
    Table(table::TableObject) = 4, "table";
    Job(job::Job) = 5, "job";
    Rows(rows::RowsObject) = 6, "rows";
    Pool(threads::Pool) = 7, "pool";
}

struct Slot {
    state: AtomicU64,
    object: AtomicPtr<[Object; 1]>,
    /// The free slot below this one, plus one.
    next: AtomicU32,
}

static TABLE: [Slot; SLOTS] = [const {
    Slot {
        state: AtomicU64::new(0),
        object: AtomicPtr::new(ptr::null_mut()),
        next: AtomicU32::new(0),
    }
}; SLOTS];

/// The top of the stack of free slots, plus one; the high bits are a counter that makes a stale
/// compare-and-swap fail.
static FREE: AtomicU64 = AtomicU64::new(0);
/// Slots never used start here.
static FRESH: AtomicU32 = AtomicU32::new(0);

fn state_of(generation: u64, tag: u64) -> u64 {
    generation << GENERATION | tag << TAG
}

fn refused<T: Kind>() -> Fault {
    Fault::new(
        crm_status::CRM_ERR_HANDLE,
        T::NAME,
        "this handle is freed, of another kind, or none",
    )
}

/// The slot of a handle, and the slot's live state without pins while the handle is valid.
fn locate(id: u64, tag: u64) -> Option<(&'static Slot, u64)> {
    let (index, generation) = (id & ((1 << 20) - 1), id >> 20 & LAST_GENERATION);
    if id >> 49 != tag {
        return None;
    }
    let slot = TABLE.get(index as usize)?;
    Some((slot, state_of(generation, tag) | LIVE))
}

/// Takes a free slot.
fn claim() -> Result<usize, Fault> {
    let mut head = FREE.load(Ordering::Acquire);
    while let Some(index) = (head as u32).checked_sub(1) {
        let next = TABLE[index as usize].next.load(Ordering::Relaxed);
        let after = (head >> 32).wrapping_add(1) << 32 | u64::from(next);
        match FREE.compare_exchange_weak(head, after, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return Ok(index as usize),
            Err(now) => head = now,
        }
    }
    FRESH
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| {
            ((n as usize) < SLOTS).then_some(n + 1)
        })
        .map(|index| index as usize)
        .map_err(|_| {
            Fault::new(
                crm_status::CRM_ERR_OUT_OF_MEMORY,
                "",
                "too many open handles",
            )
        })
}

fn give_back(index: usize) {
    let mut head = FREE.load(Ordering::Relaxed);
    loop {
        TABLE[index].next.store(head as u32, Ordering::Relaxed);
        let after = (head >> 32).wrapping_add(1) << 32 | (index as u64 + 1);
        match FREE.compare_exchange_weak(head, after, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => head = now,
        }
    }
}

/// A new handle.
pub(crate) fn insert<T: Kind>(object: T) -> Result<u64, Fault> {
    let object: Boxed<Object> = boxed(object.into_object())?;
    let index = claim()?;
    let slot = &TABLE[index];
    let generation = slot.state.load(Ordering::Relaxed) >> GENERATION;
    slot.object.store(Box::into_raw(object), Ordering::Relaxed);
    slot.state
        .store(state_of(generation, T::TAG) | LIVE, Ordering::Release);
    Ok(T::TAG << 49 | generation << 20 | index as u64)
}

/// Keeps the object of a handle alive.
pub(crate) struct Pin<T: Kind> {
    slot: &'static Slot,
    object: ptr::NonNull<T>,
}

/// Pins the object of a handle.
pub(crate) fn pin<T: Kind>(id: u64) -> Result<Pin<T>, Fault> {
    let (slot, live) = locate(id, T::TAG).ok_or_else(refused::<T>)?;
    let mut state = slot.state.load(Ordering::Relaxed);
    loop {
        if state & !PINS != live {
            return Err(refused::<T>());
        }
        if state & PINS == PINS {
            return Err(Fault::new(
                crm_status::CRM_ERR_BUSY,
                T::NAME,
                "too many calls at once",
            ));
        }
        match slot.state.compare_exchange_weak(
            state,
            state + 1,
            Ordering::Acquire,
            Ordering::Relaxed,
        ) {
            Ok(_) => break,
            Err(now) => state = now,
        }
    }
    let object = slot.object.load(Ordering::Relaxed);
    // SAFETY: the pin taken above keeps the object from being reclaimed; `insert` published the
    // pointer with release before the state that the compare-and-swap acquired.
    let [object] = unsafe { &*object };
    match T::of(object) {
        Some(object) => Ok(Pin {
            slot,
            object: object.into(),
        }),
        None => {
            unpin(slot);
            Err(Fault::internal(
                "a slot holds another type than its state says",
            ))
        }
    }
}

impl<T: Kind> Deref for Pin<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the object outlives the pin that this value holds.
        unsafe { self.object.as_ref() }
    }
}

impl<T: Kind> Drop for Pin<T> {
    fn drop(&mut self) {
        unpin(self.slot);
    }
}

fn unpin(slot: &'static Slot) {
    let before = slot.state.fetch_sub(1, Ordering::Release);
    if before & (LIVE | PINS) == 1 {
        fence(Ordering::Acquire);
        reclaim(slot);
    }
}

/// Frees a handle. The object is dropped after the last call that uses it.
pub(crate) fn free<T: Kind>(id: u64) -> Result<(), Fault> {
    let (slot, live) = locate(id, T::TAG).ok_or_else(refused::<T>)?;
    let mut state = slot.state.load(Ordering::Relaxed);
    loop {
        if state & !PINS != live {
            return Err(refused::<T>());
        }
        match slot.state.compare_exchange_weak(
            state,
            state & !LIVE,
            Ordering::AcqRel,
            Ordering::Relaxed,
        ) {
            Ok(_) => break,
            Err(now) => state = now,
        }
    }
    if state & PINS == 0 {
        reclaim(slot);
    }
    Ok(())
}

/// Drops the object of a dead slot without pins, and puts the slot back.
fn reclaim(slot: &'static Slot) {
    let object = slot.object.swap(ptr::null_mut(), Ordering::Relaxed);
    let generation = slot.state.load(Ordering::Relaxed) >> GENERATION;
    if generation < LAST_GENERATION {
        slot.state
            .store(state_of(generation + 1, 0), Ordering::Release);
        // The slots are one array, so the distance is the index.
        let start = TABLE.as_ptr() as usize;
        give_back((ptr::from_ref(slot) as usize - start) / size_of::<Slot>());
    }
    // SAFETY: from `into_raw` in `insert`; only one thread reclaims a generation (see the module),
    // and no pin is left.
    drop(unsafe { Box::from_raw(object) });
}

/// The number of open handles.
pub(crate) fn open() -> usize {
    let live = |slot: &&Slot| slot.state.load(Ordering::Relaxed) & LIVE != 0;
    TABLE.iter().filter(live).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Job;

    const SLOT: u64 = (1 << 20) - 1;

    /// A freed handle, and a handle of the same kind in the same slot.
    fn reused() -> (u64, u64) {
        let stale = insert(Job::default()).unwrap();
        free::<Job>(stale).unwrap();
        // Other tests of this process also take slots; the freed one is reused soon.
        let mut others = Vec::new();
        let fresh = loop {
            let id = insert(Job::default()).unwrap();
            if id & SLOT == stale & SLOT {
                break id;
            }
            others.push(id);
            assert!(others.len() < 1_000, "the slot never comes back");
        };
        others.into_iter().for_each(|id| free::<Job>(id).unwrap());
        (stale, fresh)
    }

    #[test]
    fn a_stale_handle_is_refused_though_its_slot_is_in_use_again() {
        let (stale, fresh) = reused();
        assert_ne!(stale, fresh);
        assert!(pin::<Job>(stale).is_err());
        assert!(free::<Job>(stale).is_err());
        // Neither call has changed the object in the slot.
        assert!(pin::<Job>(fresh).is_ok());
        free::<Job>(fresh).unwrap();
        assert!(pin::<Job>(fresh).is_err());
        assert!(free::<Job>(fresh).is_err());
    }

    #[test]
    fn a_handle_of_another_generation_slot_or_kind_is_refused() {
        let id = insert(Job::default()).unwrap();
        let others = [
            id + (1 << 20),
            id.wrapping_sub(1 << 20),
            id ^ (1 << 49),
            id & SLOT,
            id | 1 << 53,
            (id & !SLOT) | SLOT,
        ];
        for other in others {
            assert!(pin::<Job>(other).is_err(), "{other:x} for {id:x}");
            assert!(free::<Job>(other).is_err(), "{other:x} for {id:x}");
        }
        assert!(pin::<crate::table::TableObject>(id).is_err());
        assert!(free::<crate::table::TableObject>(id).is_err());
        free::<Job>(id).unwrap();
    }

    #[test]
    fn a_freed_object_lives_until_the_last_call_ends() {
        let id = insert(Job::default()).unwrap();
        let (first, second) = (pin::<Job>(id).unwrap(), pin::<Job>(id).unwrap());
        let slot = &TABLE[(id & SLOT) as usize];
        free::<Job>(id).unwrap();
        assert!(pin::<Job>(id).is_err());
        drop(first);
        assert!(!slot.object.load(Ordering::Relaxed).is_null());
        let generation = slot.state.load(Ordering::Relaxed) >> GENERATION;
        drop(second);
        // Other tests may have taken the slot again; it is never at the old generation.
        assert!(slot.state.load(Ordering::Relaxed) >> GENERATION > generation);
    }
}
