//! A cache for one result beside the data, for analyses that need the same result one after
//! another.

use crate::scope::{Basis, Occasion};
use crate::time::Day;
use std::any::Any;
use std::sync::{Arc, Mutex};

/// The key of a cached result. Orders are immutable, so equal keys give equal results.
#[derive(PartialEq)]
pub(super) struct CacheKey {
    pub(super) as_of: Day,
    pub(super) actions: [u8; 256],
    pub(super) basis: Basis,
    pub(super) occasion: Option<Occasion>,
    /// Compared by address. The key owns the mask, so its address cannot be reused while it is
    /// cached.
    pub(super) mask: Option<Mask>,
}

pub(super) struct Mask(pub(super) Arc<Vec<u64>>);

impl PartialEq for Mask {
    fn eq(&self, other: &Mask) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// One cached result with its key.
#[derive(Default)]
pub(crate) struct ResultCache(pub(super) Mutex<Option<(CacheKey, Arc<dyn Any + Send + Sync>)>>);

#[cfg(test)]
mod tests {
    use crate::context::Context;
    use crate::data::orders::dataset::Orders;
    use crate::money::Currency;
    use crate::scope::{At, Condition, Filter, Policy};
    use crate::summary::Totals;
    use crate::time::{Day, Zone};

    fn orders() -> Orders {
        Orders::builder(Currency::JPY, Zone::UTC)
            .order("a", "2026-01-01", 100)
            .order("a", "2026-01-09", 0)
            .order("b", "2026-01-05", 300)
            .build()
            .unwrap()
    }

    #[test]
    fn what_is_kept_is_given_again_for_the_same_orders_and_date_only() {
        let context = Context::default();
        let all = Filter::default();
        let at = |text: &str| At::new(text.parse::<Day>().unwrap());
        let without_zeros = Policy {
            zero_value: false,
            ..Policy::default()
        };
        let from = serde_json::from_str::<Condition>(r#"{"from": "2026-01-05"}"#).unwrap();
        let since = Filter([("ordered_at".to_owned(), from)].into());
        let asked = [
            (&all, None, at("2026-01-09")),
            (&all, None, at("2026-01-05")),
            (&all, Some(without_zeros), at("2026-01-09")),
            (&since, None, at("2026-01-09")),
        ];
        let kept = orders();
        let mut seen = Vec::new();
        for (filter, policy, at) in asked.iter().chain(&asked) {
            let view = |orders: &Orders| orders.view(filter, policy.clone(), &context).unwrap();
            let of_kept = Totals::new(&view(&kept), at, &context).unwrap();
            let of_new = Totals::new(&view(&orders()), at, &context).unwrap();
            assert_eq!(
                of_kept.orders, of_new.orders,
                "{filter:?} {policy:?} {at:?}"
            );
            assert_eq!(of_kept.revenue, of_new.revenue);
            assert_eq!(of_kept.as_of, of_new.as_of);
            seen.push(of_kept.orders.clone());
        }
        assert_eq!(seen[..4], [vec![2, 1], vec![1, 1], vec![1, 1], vec![1, 1]]);
        let totals = || Totals::new(&kept, &at("2026-01-09"), &context).unwrap();
        assert!(std::sync::Arc::ptr_eq(&totals(), &totals()));
    }
}
