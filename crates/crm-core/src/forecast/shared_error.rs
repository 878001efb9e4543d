//! The error of a forecast that all customers share, measured at earlier origins of the shop.

use serde_json::json;

use super::estimate::{Shared, YEAR};
use super::known::Known;
use super::model;
use crate::context::{Context, push};
use crate::data::Orders;
use crate::error::Result;
use crate::num::sum_error;
use crate::scope::At;
use crate::season::Seasons;
use crate::summary::Totals;
use crate::time::Day;

/// The largest number of earlier origins at which the shared error is measured, and the days between them. Origins more
/// than two years ago would weigh less than a quarter.
const ORIGINS: u32 = 8;
const STEP: u32 = 91;

/// How wrong the forecast of a year was, made at earlier origins from what was known then.
pub(super) fn shared(
    orders: &Orders,
    at: &At,
    seasonality: &Seasons,
    origin: Day,
    context: &Context,
) -> Result<Shared> {
    let mut errors = [Vec::new(), Vec::new()];
    let mut past = Vec::new();
    for back in 0..ORIGINS {
        let end = Day(origin.0.saturating_sub_unsigned(back * STEP));
        let then = Day(end.0.saturating_sub_unsigned(YEAR));
        let known = Known::new(orders, &At { day: then, ..*at }, seasonality, context)?;
        let began = known.totals.first_day.iter().min();
        if began.is_none_or(|began| then.0.abs_diff(*began) < YEAR) {
            break;
        }
        let Ok(fitted) = model::Fitted::new(&known, context)? else {
            break;
        };
        let forecast = fitted.exact(&known, &[YEAR])?[0];
        let year = Totals::within(orders, &At { day: end, ..*at }, YEAR, context)?;
        let actual = known.actual(&year, orders.ids().len())?;
        if forecast.iter().chain(&actual).any(|sum| *sum <= 0.0) {
            continue;
        }
        let weight = sum_error::weight(f64::from(back * STEP) / f64::from(YEAR));
        for (of, errors) in errors.iter_mut().enumerate() {
            let of_chance = (1 + of) as f64 / (forecast[0] + 0.5);
            let one = sum_error::Earlier {
                error: libm::log(actual[of] / forecast[of]),
                variance: sum_error::TYPICAL[of] * sum_error::TYPICAL[of] + of_chance,
                weight,
            };
            push(errors, one, "forecast")?;
        }
        let ratio = |of: usize| actual[of] / forecast[of];
        push(
            &mut past,
            json!({"origin": then, "orders": ratio(0), "revenue": ratio(1)}),
            "forecast",
        )?;
    }
    let fresh = f64::from(STEP) / f64::from(YEAR);
    let shift = [0, 1].map(|of| sum_error::shift(&errors[of], sum_error::TYPICAL[of], fresh));
    let [orders, revenue] = [0, 1].map(|of| {
        sum_error::TYPICAL[of] * libm::sqrt(sum_error::scale_after(&errors[of], shift[of]))
    });
    Ok(Shared {
        orders,
        revenue,
        shift,
        past,
    })
}
