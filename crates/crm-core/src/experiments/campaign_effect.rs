//! What a campaign brought (配信の純増効果): people who were sent it beside people who were held out.
//!
//! # Definition
//!
//! A person is in a campaign from the first `sent` or `held_out` event of it. People who were sent the message count,
//! whether it arrived and was opened or not (intention to treat): whom chance chose is comparable, who opens is not.
//!
//! ```text
//! purchase_rate    share of people with an order in [t, t + window]
//! orders, revenue  of a person in that time, 0 for most
//! difference       mean of those sent − mean of those held out         extra_total    difference · people sent
//! ratio            mean of those sent / mean of those held out         roi            (extra revenue − cost) / cost
//! ```
//!
//! People whose window is not over at `as_of` do not count yet. People who were both sent and held out, or with `by` in
//! two groups (variants), are left out. All of them are counted in the notes. With `by`, a held-out person whose value is
//! null (one control for several variants) is compared with each group.
//!
//! Intervals and p of the rate are those of [`two_rates`]: Newcombe, log ratio, z. Those of the means allow for skewed values
//! ([`two_means`]); where few great orders decide the revenue, the notes name the campaign and the share of the revenue that
//! the five greatest sums of a person are (`few_people_decide`). If the share that was to be held out is given, the counts are tested against
//! it (`srm_p`): below .001 people were not held out as planned, and no difference can be read. With `by`, groups that share held-out
//! people are tested together, as they were held out from all of them; for a group of which nobody was sent it or nobody held out no share was
//! planned, and `srm_p` is null (`groups_without_plan` counts these).
//!
//! A second message of the campaign to a person changes nothing: the window is that of the first, and orders after it that only
//! the second could have brought do not count. `sent_again` counts people with a second one before the window's end.
//!
//! Without held-out people there is no effect, only the mean of those sent: how many would have bought anyway is not known.

use super::breakdown::Breakdown;
use super::fields::{
    CAMPAIGN, DIFFERENCE, DIFFERENCE_HIGH, DIFFERENCE_LOW, MEASURE, P, RATIO, RATIO_HIGH,
    RATIO_LOW, SENT, SRM_P,
};
use super::messages::{Campaigns, Log, too_much};
use crate::analysis::Analysis;
use crate::context::{Context, collect, push, room};
use crate::data::events::kinds;
use crate::data::{Events, Whose};
use crate::error::{Error, Result};
use crate::num::two_means::{self, Mean};
use crate::num::two_rates::{self, Rate};
use crate::num::{Fraction, chi_squared};
use crate::request::longer_than_zero;
use crate::table::optional::ids_column;
use crate::table::{Column, Field, Label, Table, Values, columns, labels};
use crate::time::Duration;
use crate::words::EventWord;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Below this p-value of the sample ratio nothing is to be read.
const MISMATCH: f64 = 1e-3;

/// Options of [`CampaignEffect`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// How long after the message an order counts. Default 14 days.
    pub window: Duration,
    /// Columns of the messages to break down by: `variant`, any category of events, `weekday` or `hour`.
    pub by: Vec<String>,
    /// Whose messages and orders belong together. Default: none is said; then customers, if the log has them, else
    /// visitors.
    pub per: Option<Whose>,
    /// The share of people who were to be held out. Default: none, not tested.
    pub held_out_share: Option<Fraction>,
    /// The cost of each campaign, major units. Default: none.
    pub costs: BTreeMap<String, f64>,
    /// Confidence level of the intervals. Default 0.95.
    pub confidence: Fraction,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            window: Duration::days(14),
            by: Vec::new(),
            per: None,
            held_out_share: None,
            costs: BTreeMap::new(),
            confidence: Fraction::P95,
        }
    }
}

const PURCHASE_RATE: u8 = 0;
const REVENUE: u8 = 2;

const MEASURES: &[Label] = labels! {
    "purchase_rate", "Purchase rate", "購入率";
    "orders", "Orders per person", "1人あたり注文数";
    "revenue", "Revenue per person", "1人あたり売上";
};

/// The analysis `campaign_effect`.
///
/// ```
/// use crm_core::data::Event;
/// use crm_core::{Context, Dataset, Events, Zone, register};
/// let mut log = Events::builder(Zone::UTC);
/// for k in 0..400 {
///     let who = k.to_string();
///     let kind = if k < 200 { "sent" } else { "held_out" };
///     log = log.add(Event::new(&who, "2026-03-01", kind).campaign("spring"));
///     // A fifth of those who were sent it buys, a tenth of the others.
///     if k % 10 == 0 || (k < 200 && k % 10 == 1) {
///         log = log.add(Event::new(&who, "2026-03-03", "purchase"));
///     }
/// }
/// let (log, context) = (log.build()?, Context::default());
/// let request = r#"{"as_of": "2026-03-31"}"#;
/// let table = register::run("campaign_effect", &Dataset::Events(&log), request, &context)?;
/// assert_eq!(table.floats("extra_total")?.next(), Some(Some(20.0))); // buyers
/// # Ok::<(), crm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct CampaignEffect;

/// A person in a campaign.
#[derive(Debug, Clone, Copy)]
struct Exposure {
    /// The first message, or the event that held the person out.
    event: usize,
    is_sent: bool,
    orders: u32,
    /// Minor units.
    revenue: i64,
}

/// The people of a log in its campaigns, and how many do not count.
#[derive(Default)]
struct Exposures {
    all: Vec<Exposure>,
    in_both: u64,
    in_several: u64,
    open: u64,
    sent_again: u64,
}

/// People of one kind in a group.
#[derive(Default)]
struct Arm {
    n: u64,
    buyers: u64,
    /// The orders and the revenue, major units, of those who bought.
    orders: Vec<f64>,
    revenue: Vec<f64>,
}

/// A row of the result.
struct Row {
    /// An event of the group.
    event: usize,
    measure: u8,
    sent: u64,
    held_out: u64,
    sent_mean: Option<f64>,
    held_out_mean: Option<f64>,
    compared: Option<Compared>,
    srm_p: Option<f64>,
    /// Whether no share was planned for the group.
    without_plan: bool,
    cost: Option<f64>,
}

/// Those sent beside those held out; ends that are not known are not finite.
struct Compared {
    difference: [f64; 3],
    ratio: [f64; 3],
    p: f64,
    /// The share of the five greatest values, where few decide.
    few: Option<f64>,
}

impl Analysis for CampaignEffect {
    const NAME: &'static str = "campaign_effect";
    const SUMMARY: &'static str =
        "What each campaign brought: people who were sent it beside people who were held out";
    const JA: &'static str = "配信の純増効果";
    const COLUMNS: &'static [Field] = &columns! {
        CAMPAIGN;
        SENT, "People who were sent it, with a window that is over.";
        "held_out": Int, "people", "比較群人数", "People who were held out, with a window that is over.";
        MEASURE, "Purchase rate, orders or revenue of a person; revenue in major units, only with amounts.";
        "sent_mean": Float, "", "配信群平均", "Mean of those sent.";
        "held_out_mean": Float, "", "比較群平均", "Mean of those held out; null without any.";
        DIFFERENCE, "Mean of those sent − mean of those held out.";
        DIFFERENCE_LOW;
        DIFFERENCE_HIGH;
        RATIO, "Mean of those sent / mean of those held out; null if that is 0.";
        RATIO_LOW;
        RATIO_HIGH;
        P;
        "extra_total": Float, "", "純増合計", "Difference · people sent: extra buyers, orders or revenue.";
        "extra_total_low": Float, "", "純増合計(下限)", "Lower end of its interval.";
        "extra_total_high": Float, "", "純増合計(上限)", "Upper end of its interval.";
        SRM_P, "p-value of the share that was to be held out (`held_out_share`).";
        "cost": Float, "currency", "費用", "The campaign's cost, major units; only with `costs`.";
        "roi": Float, "share", "投資利益率", "(Extra revenue − cost) / cost; only with `costs`.";
    };
    /// `where` would take the orders away.
    const SCOPE: &'static [&'static str] = &["as_of"];
    type Data = Events;
    type Options = Options;

    fn check(whole: &Events, options: &Options) -> Result<()> {
        longer_than_zero("window", options.window)?;
        let wrong = |expected: &'static str| Err(Error::option("costs", "", expected));
        if options.costs.is_empty() {
            return Ok(());
        }
        if !options.by.is_empty() {
            return wrong("no `by`: a cost is that of a whole campaign");
        }
        if whole.spec().amount.is_none() {
            return wrong("events with amounts, with which a cost is compared");
        }
        if options
            .costs
            .values()
            .any(|cost| !cost.is_finite() || *cost <= 0.0)
        {
            return wrong("amounts above 0");
        }
        let ids = &Campaigns::new(whole)?.dim.ids;
        let known = |name: &String| (0..ids.len() as u32).any(|code| ids.text(code) == *name);
        match options.costs.keys().find(|name| !known(name)) {
            Some(name) => {
                let expected = "the name of a campaign of the log";
                Err(Error::option("costs", format_args!("{name:?}"), expected))
            }
            None => Ok(()),
        }
    }

    fn run(events: &Events, _: &(), options: &Options, context: &Context) -> Result<Table> {
        use EventWord as W;
        kinds::need(events, Self::NAME, &[W::Sent], &[W::HeldOut, W::Purchase])?;
        let campaigns = Campaigns::new(events)?;
        let by = Breakdown::new(events, &options.by)?;
        let log = Log::new(events, options.per, &[W::Sent, W::HeldOut], context)?;
        let found = Exposures::new(events, &log, &campaigns, &by, options, context)?;
        let rows = rows(events, &found.all, &campaigns, &by, options)?;
        let name = |row: &Row| match campaigns.code(campaigns.of(row.event)) {
            crate::ids::NO_ID => serde_json::Value::Null,
            code => json!(campaigns.dim.ids.text(code)),
        };
        let named = |of: &dyn Fn(&Row) -> bool| {
            let rows = rows
                .iter()
                .filter(|row| row.measure == PURCHASE_RATE && of(row));
            let mut names: Vec<_> = rows.map(name).collect();
            names.dedup();
            names
        };
        let table = table(Self::COLUMNS, events, &campaigns, &by, &rows, options)?
            .with_note("without_held_out", json!(named(&|row| row.held_out == 0)))
            .with_note(
                "sample_ratio_mismatch",
                json!(named(&|row| row.srm_p.is_some_and(|p| p < MISMATCH))),
            )
            .with_note("sent_and_held_out", json!(found.in_both))
            .with_note("in_several_groups", json!(found.in_several))
            .with_note("sent_again", json!(found.sent_again))
            .with_note("people_with_open_window", json!(found.open));
        let unplanned = |row: &&Row| row.measure == PURCHASE_RATE && row.without_plan;
        let unplanned = rows.iter().filter(unplanned).count();
        let table = match unplanned {
            0 => table,
            n => table.with_note("groups_without_plan", json!(n)),
        };
        let few = rows.iter().filter_map(|row| {
            let share = row.compared.as_ref()?.few?;
            Some(json!({
                "campaign": name(row),
                "measure": MEASURES[usize::from(row.measure)].code,
                "share_of_five": share,
            }))
        });
        let few: Vec<_> = few.collect();
        let table = match few.is_empty() {
            true => table,
            false => table.with_note("few_people_decide", json!(few)),
        };
        Ok(log.noted(table))
    }
}

impl Exposures {
    fn new(
        events: &Events,
        log: &Log,
        campaigns: &Campaigns,
        by: &Breakdown,
        options: &Options,
        context: &Context,
    ) -> Result<Exposures> {
        let mut found = Exposures::default();
        let window = options.window.micros();
        // Of one person: the campaign, its first event, whether a later one differs in kind or in group, or is in its window.
        let mut own: Vec<(usize, usize, bool, bool, bool)> = Vec::new();
        for person in 0..log.len() {
            if person % 4096 == 0 {
                context.check()?;
            }
            own.clear();
            for event in log.events(person) {
                let word = log.data.word(event);
                if word == Some(EventWord::Purchase) {
                    continue;
                }
                let campaign = campaigns.of(event);
                match own.iter_mut().find(|known| known.0 == campaign) {
                    Some((_, first, in_both, in_several, again)) => {
                        let until = log.data.time[*first].saturating_add(window);
                        *again |= log.data.time[event] <= until;
                        *in_both |= log.data.word(*first) != word;
                        *in_several |= by.compare(*first, event).is_ne();
                    }
                    None => push(
                        &mut own,
                        (campaign, event, false, false, false),
                        "campaigns",
                    )?,
                }
            }
            for (_, event, in_both, in_several, again) in &own {
                let time = log.data.time[*event];
                let until = time.saturating_add(window);
                match (in_both, in_several) {
                    (true, _) => found.in_both += 1,
                    (_, true) => found.in_several += 1,
                    _ if until > events.as_of => found.open += 1,
                    _ => {
                        let mut one = Exposure {
                            event: *event,
                            is_sent: log.data.word(*event) == Some(EventWord::Sent),
                            orders: 0,
                            revenue: 0,
                        };
                        let within =
                            |order: &&super::messages::Order| (time..=until).contains(&order.time);
                        for order in log.orders(person).iter().filter(within) {
                            one.orders += 1;
                            let revenue = one.revenue.checked_add(order.amount);
                            one.revenue = revenue.ok_or(too_much(events))?;
                        }
                        found.sent_again += u64::from(*again && one.is_sent);
                        push(&mut found.all, one, "campaigns")?;
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The rows of each campaign and group, in ascending order.
fn rows(
    events: &Events,
    all: &[Exposure],
    campaigns: &Campaigns,
    by: &Breakdown,
    options: &Options,
) -> Result<Vec<Row>> {
    // Held-out people of no group of their own are compared with all groups of the campaign.
    let found = by.groups(all.iter().map(|one| one.event), campaigns)?;
    let mut sorted = room(all.len(), "campaigns")?;
    sorted.extend(found.iter().flatten().map(|place| all[*place as usize]));
    let (mut groups, mut shared, mut rest) = (Vec::new(), Vec::new(), &sorted[..]);
    for places in found.iter() {
        let (group, after) = rest.split_at(places.len());
        rest = after;
        let is_shared = by.has_null(group[0].event) && group.iter().all(|one| !one.is_sent);
        let to = if is_shared { &mut shared } else { &mut groups };
        push(to, group, "campaigns")?;
    }
    let goes_with = |held: &[Exposure], group: &[Exposure]| {
        let campaign = |of: &[Exposure]| campaigns.of(of[0].event);
        campaign(held) == campaign(group) && by.fits(held[0].event, group[0].event)
    };
    let n = |people: &[Exposure], is_sent: bool| {
        people.iter().filter(|one| one.is_sent == is_sent).count() as u64
    };
    // Those sent and held out of all groups that share held-out people with a group, itself included.
    let planned = |group: &[Exposure]| -> Option<[u64; 2]> {
        let mut with = shared.iter().filter(|held| goes_with(held, group));
        let counts = match (with.next(), with.next()) {
            (None, _) => [n(group, true), n(group, false)],
            (Some(held), None) => {
                let all = groups.iter().filter(|group| goes_with(held, group));
                all.fold([0, n(held, false)], |sum, group| {
                    [sum[0] + n(group, true), sum[1] + n(group, false)]
                })
            }
            // Held out from other groups each.
            _ => return None,
        };
        let is_whole = options.by.is_empty();
        (is_whole || counts.iter().all(|n| *n > 0)).then_some(counts)
    };
    let mut rows = Vec::new();
    for group in &groups {
        let with = shared.iter().filter(|held| goes_with(held, group));
        let people = group.iter().chain(with.copied().flatten());
        let event = group[0].event;
        compared(
            events,
            event,
            people,
            planned(group),
            campaigns,
            options,
            &mut rows,
        )?;
    }
    for held in &shared {
        if !groups.iter().any(|group| goes_with(held, group)) {
            let (event, people) = (held[0].event, held.iter());
            compared(events, event, people, None, campaigns, options, &mut rows)?;
        }
    }
    let order = |a: &Row, b: &Row| -> Ordering {
        let values = by.compare(a.event, b.event);
        let campaign = |of: &Row| campaigns.of(of.event);
        values
            .then_with(|| campaigns.compare(campaign(a), campaign(b)))
            .then(a.measure.cmp(&b.measure))
    };
    rows.sort_unstable_by(order);
    Ok(rows)
}

/// Adds the rows of one group.
fn compared<'a>(
    events: &Events,
    event: usize,
    people: impl Iterator<Item = &'a Exposure>,
    planned: Option<[u64; 2]>,
    campaigns: &Campaigns,
    options: &Options,
    rows: &mut Vec<Row>,
) -> Result<()> {
    let currency = events.currency().filter(|_| events.spec().amount.is_some());
    let (mut sent, mut held_out) = (Arm::default(), Arm::default());
    for one in people {
        let arm = if one.is_sent {
            &mut sent
        } else {
            &mut held_out
        };
        arm.n += 1;
        if one.orders > 0 {
            arm.buyers += 1;
            push(&mut arm.orders, f64::from(one.orders), "campaigns")?;
            if let Some(currency) = currency {
                push(&mut arm.revenue, currency.major(one.revenue), "campaigns")?;
            }
        }
    }
    let srm_p = options
        .held_out_share
        .zip(planned)
        .and_then(|(share, [sent, held_out])| {
            chi_squared::goodness_of_fit(&[held_out, sent], &[share.get(), 1.0 - share.get()])
        });
    let code = campaigns.code(campaigns.of(event));
    let cost = (code != crate::ids::NO_ID)
        .then(|| options.costs.get(&campaigns.dim.ids.text(code)).copied())
        .flatten();
    let measures = if currency.is_some() {
        PURCHASE_RATE..=REVENUE
    } else {
        PURCHASE_RATE..=1
    };
    for measure in measures {
        let (sent_mean, held_out_mean, compared) = match measure {
            PURCHASE_RATE => of_rates(&held_out, &sent, options.confidence),
            REVENUE => of_means(
                held_out.n,
                &mut held_out.revenue,
                sent.n,
                &mut sent.revenue,
                options,
            ),
            _ => of_means(
                held_out.n,
                &mut held_out.orders,
                sent.n,
                &mut sent.orders,
                options,
            ),
        };
        let row = Row {
            event,
            measure,
            sent: sent.n,
            held_out: held_out.n,
            sent_mean,
            held_out_mean,
            compared,
            srm_p,
            without_plan: options.held_out_share.is_some() && planned.is_none(),
            cost: cost.filter(|_| measure == REVENUE),
        };
        push(rows, row, "campaigns")?;
    }
    Ok(())
}

/// The means of those sent and of those held out, and the two compared.
type Both = (Option<f64>, Option<f64>, Option<Compared>);

fn of_rates(held_out: &Arm, sent: &Arm, level: Fraction) -> Both {
    let rate = |arm: &Arm| {
        let (hits, trials) = (arm.buyers, arm.n);
        (trials > 0).then_some(Rate { hits, trials })
    };
    let (control, treated) = (rate(held_out), rate(sent));
    let compared = control.zip(treated).map(|(a, b)| {
        let difference = two_rates::newcombe(a, b, level);
        let ratio = two_rates::log_ratio(a, b, level).unwrap_or((f64::NAN, f64::NAN));
        Compared {
            difference: [b.value() - a.value(), difference.0, difference.1],
            ratio: [b.value() / a.value(), ratio.0, ratio.1],
            p: two_rates::two_sided(two_rates::z(a, b)),
            few: None,
        }
    });
    (treated.map(Rate::value), control.map(Rate::value), compared)
}

fn of_means(
    n_held_out: u64,
    held_out: &mut [f64],
    n_sent: u64,
    sent: &mut [f64],
    options: &Options,
) -> Both {
    let (control, treated) = (Mean::new(n_held_out, held_out), Mean::new(n_sent, sent));
    let compared = control.zip(treated).map(|(a, b)| {
        let found = two_means::compare(&a, &b, options.confidence);
        Compared {
            difference: [b.mean - a.mean, found.difference.0, found.difference.1],
            ratio: [b.mean / a.mean, found.ratio.0, found.ratio.1],
            p: found.p,
            few: found.few_values.then(|| greatest(held_out, sent)),
        }
    });
    (treated.map(|m| m.mean), control.map(|m| m.mean), compared)
}

/// The share of the five greatest values of both, which are sorted.
fn greatest(a: &[f64], b: &[f64]) -> f64 {
    let (mut a, mut b) = (a.iter().rev().peekable(), b.iter().rev().peekable());
    let all: f64 = a.clone().chain(b.clone()).sum();
    let mut five = 0.0;
    for _ in 0..5 {
        let next = match a.peek() > b.peek() {
            true => a.next(),
            false => b.next(),
        };
        five += next.unwrap_or(&0.0);
    }
    five / all
}

fn table(
    f: &'static [Field],
    events: &Events,
    campaigns: &Campaigns,
    by: &Breakdown,
    rows: &[Row],
    options: &Options,
) -> Result<Table> {
    let firsts = collect(rows.iter().map(|row| row.event), "table")?;
    let mut columns = by.columns(&firsts)?;
    let codes = firsts
        .iter()
        .map(|event| campaigns.code(campaigns.of(*event)));
    columns.push(ids_column(
        &f[0],
        &campaigns.dim.ids,
        collect(codes, "table")?,
    )?);
    for (field, of) in f[1..3]
        .iter()
        .zip([|row: &Row| row.sent, |row: &Row| row.held_out])
    {
        let cells = collect(rows.iter().map(|row| of(row) as i64), "table")?;
        columns.push(Column::new(field, Values::I64(cells.into())));
    }
    columns.push(Column::words(
        &f[3],
        MEASURES,
        rows.iter().map(|row| Some(row.measure)),
    )?);
    let mut floats = |field: &Field, of: &dyn Fn(&Row) -> Option<f64>| -> Result<()> {
        let cells = rows.iter().map(|row| of(row).filter(|v| v.is_finite()));
        columns.push(Column::floats(field, cells)?);
        Ok(())
    };
    floats(&f[4], &|row| row.sent_mean)?;
    floats(&f[5], &|row| row.held_out_mean)?;
    for end in 0..3 {
        floats(&f[6 + end], &|row| {
            Some(row.compared.as_ref()?.difference[end])
        })?;
    }
    for end in 0..3 {
        floats(&f[9 + end], &|row| Some(row.compared.as_ref()?.ratio[end]))?;
    }
    floats(&f[12], &|row| Some(row.compared.as_ref()?.p))?;
    for end in 0..3 {
        floats(&f[13 + end], &|row| {
            Some(row.compared.as_ref()?.difference[end] * row.sent as f64)
        })?;
    }
    floats(&f[16], &|row| row.srm_p)?;
    if !options.costs.is_empty() && events.currency().is_some() {
        floats(&f[17], &|row| row.cost)?;
        floats(&f[18], &|row| {
            let extra = row.compared.as_ref()?.difference[0] * row.sent as f64;
            row.cost.map(|cost| (extra - cost) / cost)
        })?;
    }
    Ok(Table::new(columns))
}
