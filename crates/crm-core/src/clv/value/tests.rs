use super::*;
use crate::clv::models::histories::History;
use crate::clv::models::{bg_nbd, nbd, pareto_nbd};
use crate::num::rng::Rng;

fn spend() -> Fit<gamma_gamma::Params> {
    Fit::given(gamma_gamma::Params::new([6.25, 3.74, 15.44]).unwrap())
}

fn pareto() -> Fit<pareto_nbd::Params> {
    Fit::given(pareto_nbd::Params::new([0.5534, 10.5802, 0.6061, 11.6562], Unit::Week).unwrap())
}

const X: [f64; 4] = [0.0, 2.0, 26.0, 1.0];
const T_X: [f64; 4] = [0.0, 30.43, 30.86, 3.0];
const AGE: [f64; 4] = [39.0, 38.86, 31.0, 38.0];
const M: [f64; 4] = [0.0, 22.35, 35.0, 10.0];

fn values(options: &Options) -> Values {
    let histories = Histories::new(&X, &T_X, &AGE);
    value(
        &pareto(),
        &spend(),
        &histories,
        &M,
        Unit::Week,
        options,
        &Context::default(),
    )
    .unwrap()
}

#[test]
fn without_discount_it_is_the_product_of_expectations() {
    let plain = Options {
        annual_discount_rate: 0.0,
        ..Options::default()
    };
    let found = values(&plain);
    let model = pareto().model;
    for i in 0..4 {
        let h = History {
            x: X[i],
            t_x: T_X[i],
            age: AGE[i],
        };
        let y = model.expected(h, 365.0 / 7.0);
        let m = spend().model.expected_spend(X[i], M[i]);
        let product = found.expected_purchases[i] * found.expected_spend[i];
        assert_eq!(found.clv[i].to_bits(), product.to_bits());
        assert!((product / (y * m) - 1.0).abs() < 1e-14);
    }
}

#[test]
fn a_year_of_compounding_is_the_yearly_rate() {
    let compounded = Options {
        annual_discount_rate: 0.25,
        ..Options::default()
    };
    let continuous = Options {
        compounding: Compounding::Continuous,
        ..compounded
    };
    let per_year = |o: &Options| {
        let delta = o.compounding.delta(o.annual_discount_rate, Unit::Week);
        exp(-delta.unwrap() * 365.0 / 7.0)
    };
    assert!((per_year(&compounded) - 1.0 / 1.25).abs() < 1e-14);
    assert!((per_year(&continuous) - exp(-0.25)).abs() < 1e-14);
}

#[test]
fn more_discount_is_less_value_and_more_time_more() {
    let mut before = f64::INFINITY;
    for annual_discount_rate in [0.0, 0.01, 0.1, 1.0, 10.0] {
        let clv = values(&Options {
            annual_discount_rate,
            ..Options::default()
        })
        .total
        .clv;
        assert!(clv < before);
        before = clv;
    }
    let mut before = 0.0;
    for days in [1.0, 30.0, 365.0, 3650.0, 1e7] {
        let horizon_days = Positive::new(days);
        let clv = values(&Options {
            horizon_days,
            ..Options::default()
        })
        .total
        .clv;
        assert!(clv > before);
        before = clv;
    }
    let endless = values(&Options {
        horizon_days: None,
        ..Options::default()
    });
    assert!((endless.total.clv / before - 1.0).abs() < 1e-12);
    assert!(endless.outcome.is_none());
}

/// Published: DERT of the customer with 26 repeat purchases at 0.0027 per week.
#[test]
fn published_residual_transactions() {
    let h = History {
        x: 26.0,
        t_x: 30.86,
        age: 31.0,
    };
    let found = pareto().model.discounted(h, 0.0027, None);
    assert!((found - 86.030376).abs() < 6e-7, "{found}");
}

#[test]
fn the_wrong_unit_is_an_error() {
    let histories = Histories::new(&X, &T_X, &AGE);
    let error = value(
        &pareto(),
        &spend(),
        &histories,
        &M,
        Unit::Day,
        &Options::default(),
        &Context::default(),
    );
    assert!(error.is_err());
}

/// The interval of the outcome contains 80 % of outcomes simulated from the posterior.
#[test]
fn the_outcome_interval_holds_outcomes() {
    let model = Fit::given(
        bg_nbd::Params::new(bg_nbd::Family::Mbg, 1, [0.8, 4.0, 0.9, 2.5], Unit::Week).unwrap(),
    );
    let mut columns: [Vec<f64>; 4] = Default::default();
    let mut later = Vec::new();
    for i in 0..600 {
        let mut rng = Rng::stream(77, i);
        let times = model.model.simulate(52.0 + 365.0 / 7.0, &mut rng).unwrap();
        let past: Vec<f64> = times.iter().copied().filter(|t| *t <= 52.0).collect();
        let x = past.len() as f64;
        let ln_rate = rng.ln_gamma(3.74) - log(15.44);
        let mut spent = |n: f64| {
            if n > 0.0 {
                exp(rng.ln_gamma(6.25 * n) - ln_rate)
            } else {
                0.0
            }
        };
        columns[0].push(x);
        columns[1].push(past.last().copied().unwrap_or(0.0));
        columns[2].push(52.0);
        columns[3].push(if x > 0.0 { spent(x) / x } else { 0.0 });
        later.push(spent(times.len() as f64 - x));
    }
    let histories = Histories::new(&columns[0], &columns[1], &columns[2]);
    let options = Options {
        annual_discount_rate: 0.0,
        draws: 400,
        ..Options::default()
    };
    let found = value(
        &model,
        &spend(),
        &histories,
        &columns[3],
        Unit::Week,
        &options,
        &Context::default(),
    )
    .unwrap();
    let outcome = found.outcome.unwrap();
    let held = (0..600)
        .filter(|&i| (outcome.low[i]..=outcome.high[i]).contains(&later[i]))
        .count();
    // 80 %, or more where no purchase is more likely than 10 %.
    assert!((480..=600).contains(&held), "{held}");
    let (low, high) = found.total.outcome.unwrap();
    let total: f64 = later.iter().sum();
    assert!(low < total && total < high, "{low} {total} {high}");
    assert!(low < found.total.clv && found.total.clv < high);
    assert!(found.expected.is_none());
}

#[test]
fn intervals_come_from_the_covariance() {
    let mut model = Fit::given(nbd::Params::new([0.8, 4.0], Unit::Week).unwrap());
    model.covariance_of_logs = Some(vec![0.01, 0.0, 0.0, 0.0]);
    let mut spend = spend();
    spend.covariance_of_logs = Some(vec![0.0; 9]);
    let histories = Histories::new(&[0.0], &[0.0], &[10.0]);
    let options = Options {
        annual_discount_rate: 0.0,
        ..Options::default()
    };
    let found = value(
        &model,
        &spend,
        &histories,
        &[0.0],
        Unit::Week,
        &options,
        &Context::default(),
    )
    .unwrap();
    // ln clv has slope 1 in ln r at x = 0, so its standard error is 0.1.
    let expected = found.expected.unwrap();
    let ratio = expected.high[0] / found.clv[0];
    assert!(
        (ratio - exp(0.1 * normal::quantile(0.9))).abs() < 1e-6,
        "{ratio}"
    );
    let (low, high) = found.total.expected.unwrap();
    assert!((low / expected.low[0] - 1.0).abs() < 1e-12 && high > low);
}

#[test]
fn nothing_bought_is_worth_nothing_for_ever() {
    assert_eq!(product(0.0, f64::INFINITY), 0.0);
    assert_eq!(product(f64::INFINITY, 0.0), 0.0);
    assert_eq!(product(2.0, f64::INFINITY), f64::INFINITY);
    assert_eq!(product(2.0, 3.0), 6.0);
}
