//! Laws of the models of predicted value, over the wide boxes that inputs may come from.

use crm_core::clv::models::bg_nbd;
use crm_core::clv::models::bg_nbd::Family;
use crm_core::clv::models::{nbd, pareto_nbd};
use crm_core::clv::{History, Purchases, RepeatModel, Unit};
use proptest::prelude::*;
use random_tests::random_cases;

mod random_tests;

/// 1e-3 to 1e3 on the log scale, 1 itself included: there closed forms divide by zero.
fn parameter() -> impl Strategy<Value = f64> {
    prop_oneof![Just(1.0), (-3.0..3.0f64).prop_map(libm::exp10)]
}

fn time() -> impl Strategy<Value = f64> {
    (-9.0..6.0f64).prop_map(libm::exp10)
}

fn history() -> impl Strategy<Value = History> {
    let share = prop_oneof![Just(1.0), 0.0..=1.0f64];
    (prop_oneof![Just(0_u32), 1..5_000_u32], share, time()).prop_map(|(x, share, age)| History {
        x: f64::from(x),
        t_x: if x == 0 { 0.0 } else { age * share },
        age,
    })
}

fn models() -> impl Strategy<Value = Vec<RepeatModel>> {
    (
        parameter(),
        parameter(),
        parameter(),
        parameter(),
        2..=12_u32,
    )
        .prop_map(|(r, alpha, c, d, k)| {
            let unit = Unit::Day;
            let bg = |family, k| bg_nbd::Params::new(family, k, [r, alpha, c, d], unit).unwrap();
            vec![
                RepeatModel::Nbd(nbd::Params::new([r, alpha], unit).unwrap()),
                RepeatModel::Bg(bg(Family::Bg, 1)),
                RepeatModel::Bg(bg(Family::Mbg, 1)),
                RepeatModel::Bg(bg(Family::Mbg, k)),
                RepeatModel::Pareto(pareto_nbd::Params::new([r, alpha, c, d], unit).unwrap()),
            ]
        })
}

fn probability(p: f64) -> bool {
    (0.0..=1.0 + 1e-9).contains(&p)
}

proptest! {
    #![proptest_config(random_cases(24))]

    #[test]
    fn every_valid_question_has_a_finite_answer(
        models in models(), h in history(), t in time(), n in 0..200_u32,
    ) {
        for model in &models {
            prop_assert!(model.log_likelihood(h).is_finite(), "{:?}", model);
            let (now, later) = (model.probability_alive(h, 0.0), model.probability_alive(h, t));
            prop_assert!(probability(now) && probability(later) && later <= now * (1.0 + 1e-9));
            let y = model.expected(h, t);
            prop_assert!(y.is_finite() && y >= 0.0, "{}", y);
            prop_assert!(probability(model.probability_of(n, h, t)));
            if !model.forgets_recency() {
                // Regular gaps: the same code over hundreds of long sums, too slow here.
                continue;
            }
            let discounted = model.discounted(h, 1e-3, Some(t));
            prop_assert!(discounted.is_finite() && (0.0..=y * (1.0 + 1e-9)).contains(&discounted));
            let endless = model.discounted(h, 1e-3, None);
            prop_assert!(endless.is_finite() && endless >= discounted * (1.0 - 1e-9));
            let all = model.discounted(h, 0.0, None);
            prop_assert!(all >= y * (1.0 - 1e-9), "{all:e} {y:e} {model:?} {h:?} {t}");
        }
    }

    #[test]
    fn a_customer_of_today_has_likelihood_one(models in models(), t in time()) {
        for model in &models {
            prop_assert!(model.log_likelihood(History::NEW).abs() < 1e-9);
            prop_assert_eq!(model.expected(History::NEW, t), model.expected_of_new(t));
        }
    }

    // E[Y(t)] is a difference of sums that cancel: misses of up to 5.1e-11 were seen. 1e-9 is twenty
    // times that, as in the laws around, and far below any difference that matters.
    #[test]
    fn more_time_is_never_fewer_purchases(models in models(), h in history(), t in time(), more in 1.0..100.0f64) {
        for model in &models {
            let (soon, later) = (model.expected(h, t), model.expected(h, t * more));
            prop_assert!(later >= soon * (1.0 - 1e-9), "{} {}", soon, later);
        }
    }

    // Silence can only lower belief: with x and t_x fixed, P(alive) falls as T grows.
    #[test]
    fn silence_never_raises_p_alive(models in models(), h in history(), wait in time()) {
        for model in &models {
            let longer = History { age: h.age + wait, ..h };
            let (now, then) = (model.probability_alive(h, 0.0), model.probability_alive(longer, 0.0));
            prop_assert!(then <= now * (1.0 + 1e-9), "{} {}", now, then);
        }
    }

    // Time in other units: α and β scale, the log-likelihood shifts by −x ln c.
    #[test]
    fn the_unit_of_time_is_a_unit(
        r in parameter(), alpha in parameter(), s in parameter(), b in parameter(), h in history(), t in time(),
    ) {
        let c = 7.0;
        let other = History { t_x: h.t_x * c, age: h.age * c, ..h };
        let day = pareto_nbd::Params::new([r, alpha, s, b], Unit::Day).unwrap();
        let scaled = pareto_nbd::Params::new([r, alpha * c, s, b * c], Unit::Day).unwrap();
        let shift = day.log_likelihood(h) - h.x * libm::log(c) - scaled.log_likelihood(other);
        prop_assert!(shift.abs() <= 1e-9 * day.log_likelihood(h).abs().max(1.0));
        let (one, two) = (day.expected(h, t), scaled.expected(other, t * c));
        prop_assert!((one - two).abs() <= 1e-9 * one);
    }

    #[test]
    fn purchases_are_counted_once(models in models(), h in history()) {
        let t = 0.5 * h.age;
        for model in &models {
            let mean = model.expected(h, t);
            if mean < 5.0 {
                let p: f64 = (0..60).map(|n| model.probability_of(n, h, t)).sum();
                prop_assert!(p <= 1.0 + 1e-8, "{}", p);
            }
        }
    }
}
