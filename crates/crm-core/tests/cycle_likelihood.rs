//! The gap model against the integrals that it is the closed form of: a customer's own rate (or mean
//! log gap) on a fine grid, weighted by the population's distribution and the gaps seen.

use crm_core::Probability;
use crm_core::cycle::fit::{self, Fit, Options};
use crm_core::cycle::gap_model::{
    CLASSES, Dropout, Family, History, Kind, Model, Params, VARIATION,
};
use crm_core::cycle::predict::{QUANTILES, predict};
use crm_core::num::{incomplete, normal};

/// `∫ population(θ) · Π density(gap | θ) · P(gap > x | θ) dθ` of one class.
fn integral(params: &Params, class: usize, gaps: &[u32], x: f64) -> f64 {
    const CELLS: i32 = 3_000;
    let (typical, spread) = (params.typical_gap.get(), params.spread.get());
    let square = VARIATION[class] * VARIATION[class];
    let value = |z: f64| match params.family {
        // θ = e^z is the rate whose inverse is the mean gap.
        Family::Gamma => {
            let (k, r) = (1.0 / square, 1.0 / (spread * spread));
            let (alpha, theta) = (r * typical, z.exp());
            let mut ln = r * (alpha.ln() + z) - alpha * theta - libm::lgamma(r);
            for &gap in gaps {
                let (g, rate) = (f64::from(gap), k * theta);
                ln += k * rate.ln() + (k - 1.0) * g.ln() - rate * g - libm::lgamma(k);
            }
            // The second of the pair is the upper tail.
            ln.exp() * incomplete::gamma(k, k * theta * x).1
        }
        Family::LogNormal => {
            let sigma = square.ln_1p().sqrt();
            let mut ln = normal::density((z - typical.ln()) / spread).ln() - spread.ln();
            for &gap in gaps {
                let g = f64::from(gap).ln();
                ln += normal::density((g - z) / sigma).ln() - sigma.ln() - g;
            }
            ln.exp() * normal::upper_tail((x.ln() - z) / sigma)
        }
    };
    let (low, high) = match params.family {
        Family::Gamma => (-14.0, 3.0),
        Family::LogNormal => (-4.0, 12.0),
    };
    let step = (high - low) / f64::from(CELLS);
    (1..CELLS)
        .map(|cell| value(low + step * f64::from(cell)))
        .sum::<f64>()
        * step
}

/// Of all classes, by their weights: the density of the gaps, times `P(the next > x)`.
fn mixed(params: &Params, gaps: &[u32], x: f64) -> f64 {
    let weights = params.class_weights.iter().map(|w| w.get());
    weights
        .enumerate()
        .map(|(class, w)| w * integral(params, class, gaps, x))
        .sum()
}

/// Gaps of customers with scales and regularities of their own, and the days since each last order.
fn shop() -> (Vec<Vec<u32>>, Vec<u32>) {
    let mut state = 9u64;
    let mut draw = move |below: u64| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) % below
    };
    let customers = (0..25).map(|_| {
        let (pace, loose) = (8 + draw(70), 1 + draw(40));
        let gaps =
            (0..draw(9)).map(|_| (pace + draw(2 * loose)).saturating_sub(loose).max(1) as u32);
        (gaps.collect(), draw(150) as u32)
    });
    customers.unzip()
}

/// The model fitted to the shop, of either family.
fn fits(gaps: &[Vec<u32>], open: &[u32]) -> [Fit; 2] {
    let histories: Vec<History> = gaps.iter().map(|gaps| History::new(gaps)).collect();
    [Family::Gamma, Family::LogNormal].map(|family| {
        let options = Options::new().family(family);
        fit::fit(&histories, open, &options, &crm_core::Context::default()).expect("a fit")
    })
}

#[test]
fn the_likelihood_is_that_of_the_integrals() {
    let (gaps, open) = shop();
    for fitted in fits(&gaps, &open) {
        let (params, family) = (&fitted.params, fitted.params.family);
        let (a, b) = (params.dropout.a.get(), params.dropout.b.get());
        let mut slow = 0.0;
        for (gaps, open) in gaps.iter().zip(&open) {
            let n = gaps.len() as f64;
            let q = a / (a + b + n);
            let stayed = libm::lgamma(b + n) - libm::lgamma(b) + libm::lgamma(a + b)
                - libm::lgamma(a + b + n);
            let gone = mixed(params, gaps, 1e-9);
            let silent = mixed(params, gaps, f64::from(*open) + 0.5);
            slow += stayed + (q * gone + (1.0 - q) * silent).ln();
        }
        let off = (fitted.log_likelihood - slow).abs() / gaps.len() as f64;
        assert!(off < 2e-4, "{family:?}: {} {slow}", fitted.log_likelihood);
    }
}

/// Days at which distributions are compared.
const DAYS: [f64; 6] = [3.0, 20.0, 20.5, 45.5, 130.0, 400.0];

#[test]
fn the_law_of_a_customer_is_that_of_the_integrals() {
    laws_are_those_of_the_integrals(14);
}

#[test]
#[ignore = "minutes; make evidence runs it"]
fn the_law_of_many_customers_is_that_of_the_integrals() {
    laws_are_those_of_the_integrals(7);
}

/// Of each `every`-th customer.
fn laws_are_those_of_the_integrals(every: usize) {
    let (gaps, open) = shop();
    for params in fits(&gaps, &open).map(|fitted| fitted.params) {
        assert!(!params.posterior.is_empty(), "a shop of few gaps");
        let points: Vec<_> = params.points().collect();
        let model =
            Model::new(&params, gaps.iter().map(|gaps| gaps.len() as u32)).expect("a model");
        for gaps in gaps.iter().step_by(every) {
            check_law(&model, gaps, &points);
        }
    }
}

/// The probability of a kind is that of its share and of the customer's gaps, by the integrals.
#[test]
fn the_law_of_a_customer_of_kinds_is_that_of_the_integrals() {
    let (mut gaps, mut open) = shop();
    gaps.insert(0, vec![20, 21, 20, 19, 20, 21, 20, 20]);
    open.insert(0, 9);
    for fitted in fits(&gaps, &open) {
        let mut params = fitted.params;
        params.posterior.clear();
        params.kinds = [(0.3, 0.5, 4.0, 30.0), (0.7, 1.2, 2.0, 6.0)]
            .map(|(share, pace, a, b)| Kind {
                share: share.try_into().expect("a share"),
                typical_gap: (pace * params.typical_gap.get()).try_into().expect("days"),
                spread: (pace * params.spread.get()).try_into().expect("a spread"),
                class_weights: match pace < 1.0 {
                    true => weights(&[0.0, 0.3, 0.3, 0.3, 0.1, 0.0, 0.0, 0.0, 0.0]),
                    false => weights(&[0.0, 0.0, 0.0, 0.0, 0.2, 0.2, 0.3, 0.2, 0.1]),
                },
                dropout: Dropout {
                    a: a.try_into().expect("a"),
                    b: b.try_into().expect("b"),
                },
            })
            .to_vec();
        let model =
            Model::new(&params, gaps.iter().map(|gaps| gaps.len() as u32)).expect("a model");
        let mut sure = [false; 2];
        for gaps in gaps.iter().step_by(5) {
            let kinds: Vec<f64> = (params.points())
                .map(|(share, kind)| {
                    let (a, b, n) = (kind.dropout.a.get(), kind.dropout.b.get(), gaps.len());
                    // B(a, b + n)/B(a, b): n times a return.
                    let stayed: f64 = (0..n)
                        .map(|k| (b + k as f64) / (a + b + k as f64))
                        .product();
                    share * stayed * mixed(&kind, gaps, 1e-9)
                })
                .collect();
            let total: f64 = kinds.iter().sum();
            let points = params.points().map(|(_, kind)| kind);
            let points: Vec<_> = kinds.iter().map(|kind| kind / total).zip(points).collect();
            for (sure, (share, _)) in sure.iter_mut().zip(&points) {
                *sure |= *share > 0.8;
            }
            check_law(&model, gaps, &points);
            // One customer alone has the same bits.
            let history = History::new(gaps);
            let alone = Model::for_one(&params, &history).expect("a model");
            for x in DAYS {
                let [one, all] = [&alone, &model].map(|model| model.customer(&history).survival(x));
                assert_eq!(one.to_bits(), all.to_bits(), "{gaps:?} {x}");
            }
        }
        assert_eq!(sure, [true; 2], "customers of each kind");
    }
}

fn weights(shares: &[f64; CLASSES]) -> [Probability; CLASSES] {
    shares.map(|share| share.try_into().expect("a share"))
}

/// A customer's distribution by the model, and the mean over points of parameters by their weights.
fn check_law(model: &Model, gaps: &[u32], points: &[(f64, Params)]) {
    let (family, history) = (model.params().family, History::new(gaps));
    let distribution = model.customer(&history);
    // P(the customer comes back), and P(after more than x days).
    let (mut stays, mut after) = (0.0, [0.0; 6]);
    for (weight, point) in points {
        let (a, b) = (point.dropout.a.get(), point.dropout.b.get());
        let stay = weight * (1.0 - a / (a + b + f64::from(history.gaps)));
        let all = mixed(point, gaps, 1e-9);
        let loose = |x: f64| integral(point, 5, gaps, x) / integral(point, 5, gaps, 1e-9);
        // One gap in twenty of the three most regular classes is off the beat.
        let regular = |x: f64| -> f64 {
            let of = |c: usize| point.class_weights[c].get() * integral(point, c, gaps, x);
            0.05 * (0..3).map(of).sum::<f64>()
        };
        let off_beat = regular(1e-9);
        for (after, x) in after.iter_mut().zip(DAYS) {
            let sum = mixed(point, gaps, x) - regular(x) + off_beat * loose(x);
            *after += stay * sum / all;
        }
        stays += stay;
    }
    let q = 1.0 - stays;
    let slow = |x: f64| after[DAYS.iter().position(|d| *d == x).expect("a day")] / stays;
    let s = [3.0, 20.0, 45.5, 130.0].map(|x| (x, slow(x)));
    for (x, slow) in s {
        let ours = distribution.survival(x);
        assert!(
            (ours - slow).abs() < 5e-4,
            "{family:?} {gaps:?} {x}: {ours} {slow}"
        );
    }
    // Silent for 20 days, asked about 25 more.
    let prediction = predict(&distribution, 20, 25);
    let [now, then] = [20.5, 45.5].map(slow);
    let alive = (1.0 - q) * now / (q + (1.0 - q) * now);
    assert!(
        (prediction.probability_alive - alive).abs() < 5e-4,
        "{family:?} {gaps:?}"
    );
    if now > 1e-3 {
        let within = alive * (1.0 - then / now);
        assert!(
            (prediction.probability_within - within).abs() < 1e-3,
            "{family:?} {gaps:?}"
        );
    }
    assert!(
        (prediction.overdue_probability - (1.0 - s[1].1)).abs() < 5e-4,
        "{family:?} {gaps:?}"
    );
    let silent = distribution.beyond(20.5);
    for (day, share) in prediction.dates.into_iter().zip(QUANTILES) {
        let came = |day: u32| 1.0 - silent.survival(f64::from(day) + 0.5);
        let day = day.expect("within a century");
        assert!(
            came(day) >= share - 1e-12 && came(day - 1) < share,
            "{family:?} {gaps:?}"
        );
    }
    let beyond = distribution.beyond(20.0);
    let left = q / (q + (1.0 - q) * s[1].1);
    assert!((beyond.leave() - left).abs() < 5e-4, "{family:?} {gaps:?}");
    if s[1].1 > 1e-3 {
        let ratio = s[2].1 / s[1].1;
        assert!(
            (beyond.survival(45.5) - ratio).abs() < 2e-3,
            "{family:?} {gaps:?}"
        );
    }
}

#[test]
fn a_fit_that_is_cancelled_ends() {
    let (gaps, open) = shop();
    let histories: Vec<History> = gaps.iter().map(|gaps| History::new(gaps)).collect();
    let flag = std::sync::atomic::AtomicBool::new(true);
    let context = crm_core::Context {
        cancel: Some(&flag),
        ..Default::default()
    };
    let fitted = fit::fit(&histories, &open, &Options::default(), &context);
    assert_eq!(fitted, Err(crm_core::Error::Cancelled));
}
