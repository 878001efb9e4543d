//! The origins of a backtest, and the shop as it was known at each.

use crate::context::Context;
use crate::cycle::shop::{Shop, View, whole_days};
use crate::data::Orders;
use crate::error::Result;
use crate::scope::At;
use crate::season::Seasons;
use crate::summary::rolling_origin::RollingOrigin;
use crate::summary::{Gaps, rolling_origin};
use crate::time::{Day, Duration};
use serde::{Deserialize, Serialize};

/// Options of the analyses `backtest` and `backtest_calibration`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// The number of origins, at most; origins before the first order are left out. Default 6.
    pub origins: u32,
    /// Days between origins. Default 30 days.
    pub step: Duration,
    /// Horizon of the probability. Default 30 days.
    pub within: Duration,
    /// How long customers are followed after each origin. Default: none, to `as_of`, at least
    /// `within`.
    pub follow: Option<Duration>,
    /// Factors of the shop's demand by month ("1" to "12"), weekday ("mon" to "sun") and date; other factors
    /// are 1. Rules of thumb count days. Default: "auto", what the analysis `seasonality` finds in the orders up to the date; "none":
    /// time runs evenly.
    pub seasonality: Seasons,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            origins: 6,
            step: Duration::days(30),
            within: Duration::days(30),
            follow: None,
            seasonality: Seasons::Auto,
        }
    }
}

/// [`Options`] in days.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) within: u32,
    follow: Option<u32>,
}

/// Calls `judge` for each origin, ascending, with the shop known then and its follow-up.
pub(super) fn rolling(
    orders: &Orders,
    at: &At,
    options: &Options,
    context: &Context,
    mut judge: impl FnMut(Day, Plan, &Shop, &RollingOrigin) -> Result<()>,
) -> Result<()> {
    let plan = Plan {
        within: whole_days("within", options.within)?,
        follow: match options.follow {
            Some(follow) => Some(whole_days("follow", follow)?),
            None => None,
        },
    };
    let step = whole_days("step", options.step)?;
    let horizon = plan.follow.unwrap_or(0).max(plan.within);
    let whole = Gaps::new(orders, at, context)?;
    for origin in rolling_origin::origins(&whole, options.origins, step, horizon)? {
        context.check()?;
        let then = At { day: origin, ..*at };
        let view = View {
            seasonality: &options.seasonality,
            ..View::OWN
        };
        let shop = Shop::new(orders, &then, &view, context)?;
        let after = RollingOrigin::new(orders, &shop.gaps, &whole, plan.follow)?;
        judge(origin, plan, &shop, &after)?;
    }
    Ok(())
}
