use super::*;
use crm_core::cycle::expected::expected_orders;
use crm_core::cycle::predict::predict;
use crm_tests::reals;

/// Every column of `likely_buyers`, with ranks by a sort of the test's own.
#[test]
fn columns_are_those_of_each_customers_gaps() {
    let people = town();
    let orders = shop(&people);
    for as_of in [400, 180] {
        let all = known(&people, as_of);
        let (model, histories) = model(&all);
        let table = run(
            "likely_buyers",
            &orders,
            as_of,
            &json!({"within": "20d", "seasonality": "none"}),
        );
        assert_eq!(
            ids(&table),
            all.iter().map(|one| one.id.clone()).collect::<Vec<_>>()
        );
        let [chance, expected] =
            ["probability_within", "expected_orders"].map(|name| reals(&table, name));
        let [revenue, usual, rank] =
            ["expected_revenue", "usual_gap_days", "rank"].map(|name| numbers(&table, name));
        let (last, level) = (offsets(&table, "last_date"), words(&table, "level"));
        let mut worth = Vec::new();
        for (i, one) in all.iter().enumerate() {
            let distribution = model.customer(&histories[i]);
            let prediction = predict(&distribution, one.open, 20);
            let count = expected_orders(&distribution, one.open, 20);
            assert!((chance[i].unwrap() - prediction.probability_within).abs() < 1e-15);
            assert_eq!(expected[i], Some(count));
            let money = (count * one.per_day()).round() as i64;
            assert_eq!(revenue[i], Some(money), "{}", one.id);
            worth.push((-money, i));
            let mean = match one.gaps.len() {
                0 => model.params().typical_gap.get(),
                n => f64::from(one.gaps.iter().sum::<u32>()) / n as f64,
            };
            assert_eq!(usual[i], Some(mean.round() as i64), "{}", one.id);
            assert_eq!(last[i], Some(one.last()));
            assert_eq!(level[i].as_deref(), Some(prediction.level.code()));
        }
        worth.sort_unstable();
        let mut ranks = vec![None; all.len()];
        for (place, (_, i)) in worth.iter().enumerate() {
            ranks[*i] = Some(place as i64 + 1);
        }
        assert_eq!(rank, ranks);
        // The best few, of all and of some customers; ranks stay those among all.
        for limit in [0, 1, 7, 1_000] {
            for some in [false, true] {
                let mut options = json!({"within": "20d", "limit": limit, "seasonality": "none"});
                let chosen = |id: &str| !some || id.ends_with(['1', '4', '7']);
                if some {
                    let names: Vec<&str> = all
                        .iter()
                        .map(|one| one.id.as_str())
                        .filter(|id| chosen(id))
                        .collect();
                    options["customers"] = json!({"customer_id": names});
                }
                let table = run("likely_buyers", &orders, as_of, &options);
                let mut best: Vec<usize> = worth
                    .iter()
                    .map(|(_, i)| *i)
                    .filter(|i| chosen(&all[*i].id))
                    .take(limit)
                    .collect();
                best.sort_unstable();
                let names: Vec<String> = best.iter().map(|i| all[*i].id.clone()).collect();
                assert_eq!(ids(&table), names, "{limit} {some}");
                assert_eq!(
                    numbers(&table, "rank"),
                    best.iter().map(|i| ranks[*i]).collect::<Vec<_>>()
                );
            }
        }
    }
}

/// Nothing is predicted where nobody has come back; who and when is known.
#[test]
fn a_shop_of_single_orders_has_no_ranks() {
    let people: Vec<Person> = (0..6)
        .map(|k| (format!("c{k}"), vec![(10 * k, 100)]))
        .collect();
    let orders = shop(&people);
    let table = run("likely_buyers", &orders, 60, &json!({}));
    assert_eq!(ids(&table), ["c0", "c1", "c2", "c3", "c4", "c5"]);
    for name in ["rank", "expected_revenue", "usual_gap_days"] {
        assert_eq!(numbers(&table, name), [None; 6], "{name}");
    }
    for name in ["probability_within", "expected_orders"] {
        assert_eq!(reals(&table, name), [None; 6], "{name}");
    }
    assert!(words(&table, "level").iter().all(Option::is_none));
    assert_eq!(
        offsets(&table, "last_date"),
        [0, 10, 20, 30, 40, 50].map(Some)
    );
    let options = json!({"limit": 2, "customers": {"customer_id": ["c1", "c3", "c5"]}});
    assert_eq!(
        ids(&run("likely_buyers", &orders, 60, &options)),
        ["c1", "c3"]
    );
}
