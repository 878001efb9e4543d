//! A cache for one result beside a table, for analyses that need the same computation one after another.

use super::Table;
use crate::error::Result;
use std::any::Any;
use std::sync::{Arc, Mutex};

/// What was computed, and for which request.
type Cached = (String, Arc<dyn Any + Send + Sync>);

/// One cached result. A copy of a table starts with an empty cache.
#[derive(Default)]
pub(super) struct Cache(Mutex<Option<Cached>>);

impl Clone for Cache {
    fn clone(&self) -> Self {
        Cache::default()
    }
}

impl Table {
    /// The result of `compute`, from the cache if `key` is that of the cached one. The cells of a table do not change,
    /// so equal keys give equal results. While another thread uses the cache, the result is computed without it: a
    /// child of `fork` does not wait for a thread that exists only in its parent.
    pub(crate) fn cached<T: Any + Send + Sync>(
        &self,
        key: &str,
        compute: impl FnOnce() -> Result<T>,
    ) -> Result<Arc<T>> {
        let found = match self.cache.0.try_lock() {
            Ok(entry) => entry
                .as_ref()
                .filter(|(of, _)| of == key)
                .map(|(_, result)| result.clone()),
            Err(_) => None,
        };
        if let Some(Ok(result)) = found.map(Arc::downcast::<T>) {
            return Ok(result);
        }
        let result = Arc::new(compute()?);
        if let Ok(mut entry) = self.cache.0.try_lock() {
            *entry = Some((key.to_owned(), result.clone()));
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn one_result_is_kept_by_its_key_and_not_by_copies() {
        let table = Table::default();
        let unused = || -> Result<i32> { panic!("it is there") };
        assert_eq!(*table.cached("a", || Ok(1)).unwrap(), 1);
        assert_eq!(*table.cached("a", unused).unwrap(), 1);
        // Another type, another key, a copy.
        assert_eq!(*table.cached("a", || Ok(2_u8)).unwrap(), 2);
        assert_eq!(*table.cached("b", || Ok(3)).unwrap(), 3);
        assert_eq!(*table.cached("a", || Ok(4)).unwrap(), 4);
        assert_eq!(*table.clone().cached("a", || Ok(5)).unwrap(), 5);
        // What failed is not kept.
        let failed = table.cached::<i32>("c", || Err(Error::internal("x")));
        assert!(failed.is_err());
        assert_eq!(*table.cached("c", || Ok(6)).unwrap(), 6);
    }
}
