//! The array side of the C data interface: pointers and counts checked, buffers kept by reference,
//! then validated in full.

use crate::column::{invalid, is_text, sound};
use crate::malformed;
use arrow_array::ffi::FFI_ArrowArray;
use arrow_buffer::Buffer;
use arrow_data::{ArrayData, ArrayDataBuilder};
use arrow_schema::DataType;
use crm_core::Result;
use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

/// `struct ArrowArray` of the C data interface.
#[repr(C)]
pub(crate) struct Array {
    pub(crate) length: i64,
    pub(crate) null_count: i64,
    pub(crate) offset: i64,
    pub(crate) n_buffers: i64,
    pub(crate) n_children: i64,
    pub(crate) buffers: *const *const u8,
    pub(crate) children: *const *const Array,
    pub(crate) dictionary: *const Array,
    pub(crate) release: Option<unsafe extern "C" fn(*mut Array)>,
    pub(crate) private_data: *mut c_void,
}

const _: () = assert!(size_of::<Array>() == size_of::<FFI_ArrowArray>());

/// Length and offset, known to add up without overflow even in bits of the widest type.
pub(crate) fn extent(name: &str, array: &Array) -> Result<(usize, usize)> {
    const MOST: i64 = i64::MAX >> 24;
    match (array.length, array.offset) {
        (length @ 0..=MOST, offset @ 0..=MOST) => Ok((length as usize, offset as usize)),
        _ => Err(malformed(name, "a negative or impossible length or offset")),
    }
}

/// One array: pointers and counts checked, buffers kept by reference, then validated in full.
pub(crate) fn import(
    name: &str,
    data_type: &DataType,
    array: &Array,
    owner: &Arc<FFI_ArrowArray>,
) -> Result<ArrayData> {
    let broken = |problem| malformed(name, problem);
    let (length, offset) = extent(name, array)?;
    let slots = length + offset;
    if array.n_children != 0 {
        return Err(broken("children where the type has none"));
    }
    let mut builder = ArrayData::builder(data_type.clone())
        .len(length)
        .offset(offset)
        .align_buffers(true);
    if *data_type == DataType::Null {
        return finish(name, data_type, builder);
    }
    let keys = match data_type {
        DataType::Dictionary(keys, values) => {
            // SAFETY: not NULL below, and part of an array that `owner` keeps alive.
            let dictionary = unsafe { array.dictionary.as_ref() }
                .ok_or_else(|| broken("the dictionary is missing"))?;
            builder = builder.add_child_data(import(name, values, dictionary, owner)?);
            keys
        }
        _ if !array.dictionary.is_null() => return Err(broken("a dictionary nobody announced")),
        plain => plain,
    };

    let buffers = Buffers::new(name, array, owner)?;
    let expected = match keys {
        DataType::Utf8 | DataType::LargeUtf8 => 3..=3,
        DataType::Utf8View => 3..=usize::MAX,
        _ => 2..=2,
    };
    if !expected.contains(&buffers.count) {
        return Err(broken("a wrong number of buffers"));
    }
    if buffers.pointer(0).is_some() {
        builder = builder.null_bit_buffer(Some(buffers.take(0, slots.div_ceil(8))?));
    } else if array.null_count > 0 {
        return Err(broken("nulls are counted, but there is no validity bitmap"));
    }
    builder = match keys {
        DataType::Boolean => builder.add_buffer(buffers.take(1, slots.div_ceil(8))?),
        DataType::Utf8 => texts::<i32>(builder, &buffers, slots)?,
        DataType::LargeUtf8 => texts::<i64>(builder, &buffers, slots)?,
        DataType::Utf8View => views(builder, &buffers, slots)?,
        DataType::FixedSizeBinary(width) => {
            builder.add_buffer(buffers.take(1, slots * *width as usize)?)
        }
        fixed => {
            let width = fixed
                .primitive_width()
                .ok_or_else(|| broken("a type of no width"))?;
            builder.add_buffer(buffers.take(1, slots * width)?)
        }
    };
    finish(name, data_type, builder)
}

/// `build` validates in full. The validator's own words may hold values of the data.
fn finish(name: &str, data_type: &DataType, builder: ArrayDataBuilder) -> Result<ArrayData> {
    if is_text(data_type) {
        // SAFETY: the array is not read by functions that rely on texts: `sound` checks its buffers, the
        // core their offsets, views and bytes.
        let array = unsafe { builder.build_unchecked() };
        return sound(name, &array).map(|()| array);
    }
    builder
        .build()
        .map_err(|_| malformed(name, invalid(data_type)))
}

/// Offsets, then bytes up to the last of them.
fn texts<T: Into<i64>>(
    builder: ArrayDataBuilder,
    buffers: &Buffers,
    slots: usize,
) -> Result<ArrayDataBuilder> {
    if slots == 0 && buffers.pointer(1).is_none() {
        let empty = Buffer::from(vec![0_u8; size_of::<T>()]);
        return Ok(builder
            .add_buffer(empty)
            .add_buffer(Buffer::from(Vec::<u8>::new())));
    }
    let offsets = buffers.take(1, (slots + 1) * size_of::<T>())?;
    // SAFETY: the last of `slots + 1` offsets, which the producer is trusted to have written.
    let last: i64 = unsafe { offsets.as_ptr().cast::<T>().add(slots).read_unaligned() }.into();
    // The one offset of an empty array may be anything: nothing is read through it.
    let last = if slots == 0 { 0 } else { last };
    let Ok(last) = usize::try_from(last) else {
        return Err(malformed(
            buffers.name,
            "text offsets are broken or a text is not UTF-8",
        ));
    };
    if slots == 0 {
        let empty = Buffer::from(vec![0_u8; size_of::<T>()]);
        return Ok(builder.add_buffer(empty).add_buffer(buffers.take(2, 0)?));
    }
    Ok(builder
        .add_buffer(offsets)
        .add_buffer(buffers.take(2, last)?))
}

/// Views, then data buffers whose lengths are in the last buffer.
fn views(
    mut builder: ArrayDataBuilder,
    buffers: &Buffers,
    slots: usize,
) -> Result<ArrayDataBuilder> {
    builder = builder.add_buffer(buffers.take(1, slots * 16)?);
    let data = buffers.count - 3;
    let lengths = buffers.take(buffers.count - 1, data * 8)?;
    for i in 0..data {
        // SAFETY: one of the `data` lengths, which the producer is trusted to have written.
        let length = unsafe { lengths.as_ptr().cast::<i64>().add(i).read_unaligned() };
        let length = usize::try_from(length)
            .map_err(|_| malformed(buffers.name, "a negative length of a data buffer"))?;
        builder = builder.add_buffer(buffers.take(2 + i, length)?);
    }
    Ok(builder)
}

/// The buffers of an array.
struct Buffers<'a> {
    name: &'a str,
    pointers: *const *const u8,
    count: usize,
    owner: &'a Arc<FFI_ArrowArray>,
}

impl<'a> Buffers<'a> {
    fn new(name: &'a str, array: &Array, owner: &'a Arc<FFI_ArrowArray>) -> Result<Self> {
        let count = match array.n_buffers {
            count @ 0..=0xff_ffff if count == 0 || !array.buffers.is_null() => count as usize,
            _ => return Err(malformed(name, "a wrong number of buffers")),
        };
        Ok(Buffers {
            name,
            pointers: array.buffers,
            count,
            owner,
        })
    }

    fn pointer(&self, i: usize) -> Option<NonNull<u8>> {
        assert!(i < self.count, "the number of buffers is checked before");
        // SAFETY: `pointers` is not NULL when there are buffers, and `i` is below their number.
        NonNull::new(unsafe { *self.pointers.add(i) }.cast_mut())
    }

    /// `bytes` of buffer `i`, by reference.
    fn take(&self, i: usize, bytes: usize) -> Result<Buffer> {
        match self.pointer(i) {
            _ if bytes == 0 => Ok(Buffer::from(Vec::<u8>::new())),
            None => Err(malformed(self.name, "a buffer is NULL")),
            Some(_) if isize::try_from(bytes).is_err() => {
                Err(malformed(self.name, "a buffer of an impossible length"))
            }
            Some(start) => {
                let owner = self.owner.clone();
                // SAFETY: the C data interface has the producer provide these bytes, unchanged
                // until the array is released, which `owner` does after the last reference.
                Ok(unsafe { Buffer::from_custom_allocation(start, bytes, owner) })
            }
        }
    }
}

/// Item `at` of a C array of pointers; `None` when either is NULL.
pub(crate) fn pointed<'a, T>(pointers: *const *const T, at: usize) -> Option<&'a T> {
    if pointers.is_null() {
        return None;
    }
    // SAFETY: not NULL, and `at` is below the count that came with it; the structures live as long
    // as the root that the caller holds.
    unsafe { (*pointers.add(at)).as_ref() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{Wanted, batch};
    use arrow_array::types::Int8Type;
    use arrow_array::{
        Array as _, DictionaryArray, Int64Array, StringArray, StringViewArray, StructArray,
        make_array,
    };
    use arrow_schema::{Field, Fields};
    use crm_core::columns::{Batch, ColumnValues};
    use crm_core::data::OrdersSpec;
    use crm_core::{Context, Orders};

    fn column(data: ArrayData, data_type: DataType) -> (FFI_ArrowArray, Wanted) {
        let field = Field::new("x", data_type.clone(), true);
        let table = StructArray::new(Fields::from(vec![field]), vec![make_array(data)], None);
        let wanted = Wanted {
            name: "x".into(),
            at: 0,
            data_type,
        };
        (FFI_ArrowArray::new(&table.to_data()), wanted)
    }

    type Spoil = fn(&mut Array, &mut [*const u8]);

    /// Exports `array` as the column `x` of a table, lets `spoil` break the column (its buffers
    /// are given as a writable list) and imports it.
    fn spoilt(
        array: impl arrow_array::Array,
        spoil: impl Fn(&mut Array, &mut [*const u8]),
    ) -> Result<Batch> {
        let data_type = array.data_type().clone();
        let (table, wanted) = column(array.to_data(), data_type);
        let owner = Arc::new(table);
        // SAFETY: a `struct ArrowArray` made above; only this test sees it. Arrow's release
        // callback relies on `private_data` alone.
        unsafe {
            let root = &*Arc::as_ptr(&owner).cast::<Array>();
            let child = &mut *(*root.children).cast_mut();
            let mut pointers: Vec<*const u8> = (0..child.n_buffers as usize)
                .map(|i| *child.buffers.add(i))
                .collect();
            child.buffers = pointers.as_ptr();
            spoil(child, &mut pointers);
            let batch = batch(root, &[wanted], &owner)?;
            for (name, column) in &batch {
                column.check(name)?;
            }
            Ok(batch)
        }
    }

    fn problem(result: Result<Batch>) -> String {
        match result {
            Ok(_) => panic!("accepted"),
            Err(error) => error.to_string(),
        }
    }

    fn texts() -> StringArray {
        StringArray::from(vec![Some("a"), None, Some("bcd")])
    }

    #[test]
    fn what_is_whole_comes_through() {
        let batch = spoilt(texts().slice(1, 2), |_, _| {}).unwrap();
        assert_eq!(batch[0].1.len(), 2);
        assert!(!batch[0].1.is_valid(0) && batch[0].1.is_valid(1));
    }

    #[test]
    fn broken_counts_and_pointers_are_refused() {
        let spoilers: [(&str, Spoil); 16] = [
            ("length", |a, _| a.length = -1),
            ("length", |a, _| a.length = i64::MAX),
            ("offset", |a, _| a.offset = -8),
            ("offset", |a, _| a.offset = i64::MAX),
            ("shorter than its table", |a, _| a.length = 1),
            ("number of buffers", |a, _| a.n_buffers = 0),
            ("number of buffers", |a, _| a.n_buffers = 2),
            ("number of buffers", |a, _| a.n_buffers = 4),
            ("number of buffers", |a, _| a.n_buffers = -3),
            ("number of buffers", |a, _| a.n_buffers = i64::MAX),
            ("number of buffers", |a, _| a.buffers = std::ptr::null()),
            ("children", |a, _| a.n_children = 1),
            ("children", |a, _| a.n_children = -1),
            ("a buffer is NULL", |_, b| b[1] = std::ptr::null()),
            ("a buffer is NULL", |_, b| b[2] = std::ptr::null()),
            ("no validity bitmap", |_, b| b[0] = std::ptr::null()),
        ];
        for (expected, spoil) in spoilers {
            let text = problem(spoilt(texts(), spoil));
            assert!(text.contains(expected), "{expected}: {text}");
        }
        let text = problem(spoilt(Int64Array::from(vec![1]), |_, b| {
            b[1] = std::ptr::null()
        }));
        assert!(text.contains("a buffer is NULL"), "{text}");
        let text = problem(spoilt(Int64Array::from(vec![1]), |a, _| a.dictionary = a));
        assert!(text.contains("a dictionary nobody announced"), "{text}");
    }

    #[test]
    fn broken_offsets_are_refused() {
        static OFFSETS: [[i32; 4]; 4] = [[0, 3, 1, 4], [-1, 1, 2, 4], [0, 1, 2, -4], [0, 9, 9, 4]];
        for offsets in &OFFSETS {
            let text = problem(spoilt(StringArray::from(vec!["a", "b", "cd"]), |_, b| {
                b[1] = offsets.as_ptr().cast();
            }));
            assert!(text.contains("text offsets"), "{offsets:?}: {text}");
        }
    }

    /// The core refuses them, by row.
    #[test]
    fn texts_that_are_no_utf_8_are_refused() {
        let refused = |batch: Batch| {
            let n = batch[0].1.len();
            let (_, customer) = batch.into_iter().next().unwrap();
            let date = ColumnValues::Date(vec![20_000; n].into());
            let amount = ColumnValues::Float(vec![1.0; n].into());
            let batch = vec![
                ("customer_id".into(), customer),
                ("ordered_at".into(), date.into()),
                ("amount".into(), amount.into()),
            ];
            let spec = OrdersSpec::parse(r#"{"currency": "JPY"}"#).unwrap();
            let orders = Orders::from_batches(&spec, &[batch], None, &Context::default());
            let error = orders.unwrap_err();
            assert!(error.to_string().contains("valid UTF-8"), "{error}");
            error.row()
        };
        static BYTES: [u8; 4] = [b'a', 0xff, b'c', b'd'];
        let result = spoilt(StringArray::from(vec!["a", "b", "cd"]), |_, b| {
            b[2] = BYTES.as_ptr()
        });
        assert_eq!(refused(result.unwrap()), Some(1));
        // A character cut in two by the offsets.
        static SPLIT: [i32; 3] = [0, 1, 2];
        let result = spoilt(StringArray::from(vec!["é", ""]), |_, b| {
            b[1] = SPLIT.as_ptr().cast()
        });
        assert_eq!(refused(result.unwrap()), Some(0));
        // Inside a view, and behind it.
        for text in ["a", "longer than twelve"] {
            let array = StringViewArray::from(vec!["good", text]);
            let mut views = array.views().to_vec();
            let mut bytes = array
                .data_buffers()
                .first()
                .map_or(Vec::new(), |b| b.to_vec());
            match bytes.last_mut() {
                Some(last) => *last = 0xff,
                None => views[1] = 1 | 0xff << 32,
            }
            let result = spoilt(array, |_, b| {
                b[1] = views.as_ptr().cast();
                if !bytes.is_empty() {
                    b[2] = bytes.as_ptr();
                }
            });
            assert_eq!(refused(result.unwrap()), Some(1));
        }
    }

    #[test]
    fn a_lying_null_count_changes_nothing() {
        for count in [-1, 0, 1, 77] {
            let batch = spoilt(texts(), |a, _| a.null_count = count).unwrap();
            assert!(batch[0].1.is_valid(0) && !batch[0].1.is_valid(1));
        }
    }

    #[test]
    fn dictionary_indices_are_checked_where_they_are_valid() {
        let array: DictionaryArray<Int8Type> = [Some("a"), None, Some("b")].into_iter().collect();
        static KEYS: [[i8; 3]; 3] = [[0, 99, 1], [0, 0, 2], [-1, 0, 1]];
        let keys = |i: usize| {
            let array = array.clone();
            move || spoilt(array.clone(), move |_, b| b[1] = KEYS[i].as_ptr().cast())
        };
        assert!(keys(0)().is_ok(), "the key of a null cell may be anything");
        assert!(problem(keys(1)()).contains("dictionary index"));
        assert!(problem(keys(2)()).contains("dictionary index"));
        let text = problem(spoilt(array, |a, _| a.dictionary = std::ptr::null()));
        assert!(text.contains("the dictionary is missing"), "{text}");
    }

    #[test]
    fn views_outside_their_buffers_are_refused() {
        let array = StringViewArray::from(vec!["longer than twelve bytes", "short"]);
        assert!(spoilt(array.clone(), |_, _| {}).is_ok());
        static LENGTHS: [[i64; 1]; 2] = [[-1], [3]];
        for (i, expected) in ["negative length", "text offsets"].iter().enumerate() {
            let text = problem(spoilt(array.clone(), move |a, b| {
                b[a.n_buffers as usize - 1] = LENGTHS[i].as_ptr().cast();
            }));
            assert!(text.contains(expected), "{text}");
        }
        let text = problem(spoilt(array, |a, _| a.n_buffers = 2));
        assert!(text.contains("number of buffers"), "{text}");
    }

    #[test]
    fn unaligned_buffers_are_copied() {
        let mut bytes = [0_u8; 24];
        let odd = bytes.as_ptr().align_offset(8) + 1;
        bytes[odd..odd + 8].copy_from_slice(&3_i64.to_ne_bytes());
        bytes[odd + 8..odd + 16].copy_from_slice(&4_i64.to_ne_bytes());
        let start = &raw const bytes[odd];
        let batch = spoilt(Int64Array::from(vec![7, 8]), |_, b| b[1] = start).unwrap();
        let ColumnValues::Int { values, .. } = &batch[0].1.values else {
            panic!("not int64")
        };
        assert_eq!(values[..], [3, 4]);
    }
}
