//! The error of a forecast that all customers share, measured at earlier origins of the shop.

use super::estimate::{Shared, YEAR};
use super::known::Known;
use super::model;
use crate::context::Context;
use crate::data::Orders;
use crate::error::Result;
use crate::scope::At;
use crate::season::Seasons;
use crate::summary::Totals;
use crate::time::Day;

/// Origins before this one that judge the shared error, at most, and the days between them.
const ORIGINS: u32 = 6;
const STEP: u32 = 91;
/// Standard deviations of orders and revenue where no past origin says anything, and how many origins
/// they count for.
const TYPICAL: [f64; 2] = [0.12, 0.15];
const TYPICAL_COUNTS: f64 = 3.0;

/// How wrong the forecast of a year was, made at earlier origins from what was known then.
pub(super) fn shared(
    orders: &Orders,
    at: &At,
    seasonality: &Seasons,
    origin: Day,
    context: &Context,
) -> Result<Shared> {
    let mut squares = TYPICAL.map(|sd| TYPICAL_COUNTS * sd * sd);
    let mut origins = 0;
    for back in 0..ORIGINS {
        let end = Day(origin.0.saturating_sub_unsigned(back * STEP));
        let then = Day(end.0.saturating_sub_unsigned(YEAR));
        let known = Known::new(orders, &At { day: then, ..*at }, seasonality, context)?;
        let began = known.totals.first_day.iter().min();
        if began.is_none_or(|began| then.0.abs_diff(*began) < YEAR) {
            break;
        }
        let Ok(fitted) = model::Fitted::new(&known)? else {
            break;
        };
        let said = fitted.exact(&known, &[YEAR])?[0];
        let year = Totals::within(orders, &At { day: end, ..*at }, YEAR, context)?;
        let came = known.came(&year, orders.ids().len())?;
        if said.iter().chain(&came).any(|sum| *sum <= 0.0) {
            continue;
        }
        for ((square, said), came) in squares.iter_mut().zip(said).zip(came) {
            let wrong = libm::log(came / said);
            *square += wrong * wrong;
        }
        origins += 1;
    }
    let [orders, revenue] =
        squares.map(|sum| libm::sqrt(sum / (TYPICAL_COUNTS + f64::from(origins))));
    Ok(Shared {
        orders,
        revenue,
        origins,
    })
}
