use super::*;
use crate::num::rng::Rng;

/// Customers who answer more or less, of whom a share answers five times as often in a cell of their own: their best
/// times, and the cells.
fn simulated(share: f64, seed: u64) -> (Vec<Row>, Vec<Option<u32>>) {
    let mut rng = Rng::new(seed);
    let (mut customers, mut own) = (Vec::new(), Vec::new());
    let of_cell = |cell: usize| if cell % 8 == 4 { 0.12 } else { 0.08 };
    for code in 0..1500 {
        let level = rng.gamma(4.0) / 4.0;
        let likes = (rng.uniform() < share).then(|| (rng.below(2) * 8 + 6) as usize);
        let rate = |cell: usize| {
            let factor = if likes == Some(cell) { 5.0 } else { 1.0 };
            (of_cell(cell) * level * factor).min(0.9)
        };
        let mut cells: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
        for _ in 0..120 {
            let cell = (rng.below(2) * 8 + 3 + rng.below(4)) as usize;
            let (x, n) = cells.entry(cell as u32).or_default();
            *x += f64::from(u8::from(rng.uniform() < rate(cell)));
            *n += 1.0;
        }
        let cells: Vec<_> = cells
            .into_iter()
            .map(|(cell, (x, n))| (cell, x, n))
            .collect();
        customers.push(Customer {
            code,
            observed: 120,
            cells,
            others: 0.0,
        });
        own.push(likes.map(|cell| cell as u32));
    }
    let answers = Answers {
        customers,
        channels: None,
        codes: vec![NO_ID],
    };
    let shop = Shop::new(&answers).unwrap();
    let best = |of| shop.best(of, Fraction::P95).unwrap();
    (answers.customers.iter().map(best).collect(), own)
}

#[test]
fn without_preferences_nobody_shows_one() {
    let (rows, _) = simulated(0.0, 5);
    let shown = rows.iter().filter(|row| row.is_own).count();
    assert!(shown * 100 <= rows.len(), "{shown}");
    // The shop's own time is one of those at noon.
    assert!(
        rows.iter()
            .filter(|row| !row.is_own)
            .all(|row| row.cell % 8 == 4)
    );
}

#[test]
fn preferences_that_are_shown_are_true() {
    let (rows, own) = simulated(0.5, 6);
    let shown = rows.iter().zip(&own).filter(|(row, _)| row.is_own);
    let right = shown
        .clone()
        .filter(|(row, own)| **own == Some(row.cell))
        .count();
    let shown = shown.count();
    assert!(shown > 100 && right * 10 >= 9 * shown, "{right} of {shown}");
}

#[test]
fn a_second_computation_of_one_rate() {
    let shop = Shop {
        rates: vec![0.1, 0.2],
        deviations: vec![0.0, 0.0],
        whole: 0.3,
        best: 1,
        levels: vec![(2.0, 1.0)],
        kappa: 10.0,
    };
    let of = |cells: [(u32, f64, f64); 2]| {
        let one = Customer {
            code: 0,
            observed: 9,
            cells: cells.to_vec(),
            others: 0.0,
        };
        shop.best(&one, Fraction::P95).unwrap()
    };
    // e = .5 + .8, L = 7/3.3: five of five are too few for a preference.
    let row = of([(0, 5.0, 5.0), (1, 0.0, 4.0)]);
    assert!(!row.is_own && row.cell == 1 && row.rate[0] == row.at_shop);
    assert!((row.at_shop - 10.0 * 0.2 * 7.0 / 3.3 / 14.0).abs() < 1e-12);
    // e = 5 + 8, L = 42/15.
    let row = of([(0, 40.0, 50.0), (1, 0.0, 40.0)]);
    assert!(row.is_own && row.cell == 0);
    assert!((row.rate[0] - (40.0 + 10.0 * 0.1 * 2.8) / 60.0).abs() < 1e-12);
    assert!((row.at_shop - 10.0 * 0.2 * 2.8 / 50.0).abs() < 1e-12);
    assert!(row.rate[1] > row.at_shop && row.rate[2] < 0.9);
}
