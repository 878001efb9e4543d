//! The least and the greatest of many numbers.

/// The least and the greatest value; `None` if there are none. Four independent accumulators of
/// each, so that the processor works on them in parallel.
pub(crate) fn extremes<T: Copy + Ord>(values: &[T]) -> Option<(T, T)> {
    let first = *values.first()?;
    let (mut low, mut high) = ([first; 4], [first; 4]);
    let (fours, rest) = values.as_chunks::<4>();
    for four in fours {
        for lane in 0..4 {
            low[lane] = low[lane].min(four[lane]);
            high[lane] = high[lane].max(four[lane]);
        }
    }
    let least = low.iter().chain(rest).min()?;
    let greatest = high.iter().chain(rest).max()?;
    Some((*least, *greatest))
}
