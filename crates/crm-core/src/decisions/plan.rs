//! What is sent, held and skipped, as a pure function of numbers: candidates, the message log, rules and the day.
//!
//! Candidates are taken in one order (priority, value, due, customer, trigger, key), and the same conditions are
//! tested for each in the same order; the first that speaks against it decides. A candidate that is to be sent takes
//! its place under the caps, the groups and the budget. One that is held out takes a place under caps and groups,
//! because it would have been sent; of the budget it uses nothing.

use crate::context::{filled, push};
use crate::error::Result;

/// No trigger or reason, and all channels.
pub(super) const NONE: u32 = u32::MAX;

/// A channel that the rules do not have.
pub(super) const OTHER: u32 = u32::MAX - 1;

/// A message that could be sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) customer: u32,
    pub(super) trigger: u32,
    pub(super) key: u32,
    pub(super) due: i64,
    /// From this instant on it is not sent; [`i64::MAX`] for never.
    pub(super) expires: i64,
    /// What is at stake.
    pub(super) value: f64,
    /// The channels that reach the customer, a bit each.
    pub(super) reachable: u64,
    /// A reason against, by its code; [`NONE`] for none.
    pub(super) excluded: u32,
    /// The last order; [`i64::MIN`] for none.
    pub(super) last_order: i64,
}

/// A message that was sent, not before the first day of any cap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) day: i32,
    /// [`NONE`] if it may be of any.
    pub(super) channel: u32,
    pub(super) trigger: u32,
}

/// What happened before, by customer and key.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// Where each customer's messages begin in `sent`, and a last end.
    pub(super) first: Vec<u32>,
    pub(super) sent: Vec<Sent>,
    /// The channels that each customer has opted out of, a bit each.
    pub(super) opted_out: Vec<u64>,
    /// Keys that were sent: [`SENT`]; that were held out: [`HELD_OUT`].
    pub(super) keys: Vec<u8>,
}

pub(super) const SENT: u8 = 1;
pub(super) const HELD_OUT: u8 = 2;

/// At most `messages` in the last `days` civil days, today included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cap {
    pub(super) days: i32,
    pub(super) messages: u32,
    /// Only messages of this channel; [`NONE`] for all.
    pub(super) channel: u32,
}

/// Triggers of which one excludes the others.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) days: i32,
    /// By trigger.
    pub(super) has: Vec<bool>,
}

/// The rule of a trigger.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// The channels, the first that can be used is.
    pub(super) channels: Vec<u32>,
    pub(super) priority: i32,
    /// By reason: whether it excludes.
    pub(super) excludes: Vec<bool>,
    /// A customer who ordered after this instant is left in peace.
    pub(super) bought_after: i64,
    pub(super) holdout: f64,
}

/// All rules, in numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    /// By trigger; none where nothing is to be sent.
    pub(super) rules: Vec<Option<Rule>>,
    pub(super) caps: Vec<Cap>,
    pub(super) groups: Vec<Group>,
    pub(super) budget: Option<u64>,
    pub(super) now: i64,
    pub(super) today: i32,
    /// The end of the quiet hours that it is now.
    pub(super) quiet_until: Option<i64>,
}

/// What becomes of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Send by this channel.
    Send(u32),
    /// The key was sent.
    AlreadySent,
    /// The key was held out.
    HeldOutBefore,
    /// Another candidate has the key.
    Duplicate,
    Expired,
    NoRule,
    /// The reason is in the candidate.
    Excluded,
    Bought,
    /// The first day on which caps and groups allow it.
    NotDue(i32),
    OptedOut,
    Unreachable,
    /// A cap, and the first day on which all caps and groups allow another message.
    Capped(u32, i32),
    /// A group, and the first day on which all caps and groups allow another message.
    Grouped(u32, i32),
    Budget,
    HeldOut,
    Quiet,
}

/// A message of this run, and the customer's one before.
struct Planned {
    sent: Sent,
    before: u32,
}

/// The outcome of each candidate. `order` gives all candidates, the most important first; `held_out` is the
/// share below which a customer is held out of a trigger.
pub(super) fn plan(
    candidates: &[Candidate],
    order: impl Iterator<Item = u32>,
    log: &Log,
    rules: &Rules,
    mut held_out: impl FnMut(&Candidate) -> f64,
) -> Result<Vec<Outcome>> {
    let mut outcomes = filled(candidates.len(), Outcome::NoRule, "decisions")?;
    let mut seen = filled(log.keys.len(), false, "decisions")?;
    let mut last = filled(log.opted_out.len(), NONE, "decisions")?;
    let mut planned: Vec<Planned> = Vec::new();
    let mut used = 0_u64;
    for at in order {
        let candidate = &candidates[at as usize];
        let outcome = &mut outcomes[at as usize];
        let first = !std::mem::replace(&mut seen[candidate.key as usize], true);
        let mine = Mine {
            sent: log.of(candidate.customer),
            planned: &planned,
            last: last[candidate.customer as usize],
        };
        let rule = match gate(candidate, log, rules, first) {
            Ok(rule) => rule,
            Err(against) => {
                *outcome = against;
                continue;
            }
        };
        if candidate.due > rules.now {
            *outcome = Outcome::NotDue(mine.first_day(candidate, rule, log, rules));
            continue;
        }
        let channel = match slot(candidate, rule, &mine, log, rules) {
            Ok(channel) => channel,
            Err(against) => {
                *outcome = against;
                continue;
            }
        };
        if rules.budget.is_some_and(|most| used >= most) {
            *outcome = Outcome::Budget;
            continue;
        }
        let is_held_out = rule.holdout > 0.0 && held_out(candidate) < rule.holdout;
        used += u64::from(!is_held_out);
        let customer = candidate.customer as usize;
        let sent = Sent {
            day: rules.today,
            channel,
            trigger: candidate.trigger,
        };
        let before = last[customer];
        push(&mut planned, Planned { sent, before }, "decisions")?;
        last[customer] = planned.len() as u32 - 1;
        *outcome = match rules.quiet_until {
            _ if is_held_out => Outcome::HeldOut,
            Some(_) => Outcome::Quiet,
            None => Outcome::Send(channel),
        };
    }
    Ok(outcomes)
}

/// The rule of a candidate that may be sent now, as far as other messages of this run do not matter.
fn gate<'a>(
    candidate: &Candidate,
    log: &Log,
    rules: &'a Rules,
    first: bool,
) -> Result<&'a Rule, Outcome> {
    match log.keys[candidate.key as usize] {
        SENT => return Err(Outcome::AlreadySent),
        HELD_OUT => return Err(Outcome::HeldOutBefore),
        _ if !first => return Err(Outcome::Duplicate),
        _ => {}
    }
    if candidate.expires <= rules.now {
        return Err(Outcome::Expired);
    }
    let Some(rule) = &rules.rules[candidate.trigger as usize] else {
        return Err(Outcome::NoRule);
    };
    if candidate.excluded != NONE && rule.excludes[candidate.excluded as usize] {
        return Err(Outcome::Excluded);
    }
    if candidate.last_order > rule.bought_after {
        return Err(Outcome::Bought);
    }
    Ok(rule)
}

/// The channel by which a candidate can be sent, as caps and groups allow.
fn slot(
    candidate: &Candidate,
    rule: &Rule,
    mine: &Mine,
    log: &Log,
    rules: &Rules,
) -> Result<u32, Outcome> {
    let opted_out = log.opted_out[candidate.customer as usize];
    let mut against = Outcome::Unreachable;
    let mut found = None;
    for channel in &rule.channels {
        let bit = 1_u64 << channel;
        if candidate.reachable & bit == 0 {
            continue;
        }
        if opted_out & bit != 0 {
            if against == Outcome::Unreachable {
                against = Outcome::OptedOut;
            }
            continue;
        }
        match mine.capped(rules, *channel).next() {
            None => {
                found = Some(*channel);
                break;
            }
            Some((cap, _)) if !matches!(against, Outcome::Capped(..)) => {
                against = Outcome::Capped(cap, mine.first_day(candidate, rule, log, rules));
            }
            Some(_) => {}
        }
    }
    let channel = found.ok_or(against)?;
    let first_day = || mine.first_day(candidate, rule, log, rules);
    if let Some((cap, _)) = mine.capped(rules, NONE).next() {
        return Err(Outcome::Capped(cap, first_day()));
    }
    match mine.grouped(rules, candidate.trigger).next() {
        Some((group, _)) => Err(Outcome::Grouped(group, first_day())),
        None => Ok(channel),
    }
}

/// The messages of one customer: of the log, and of this run.
struct Mine<'a> {
    sent: &'a [Sent],
    planned: &'a [Planned],
    last: u32,
}

impl Mine<'_> {
    /// The caps on a channel (or on all, with [`NONE`]) that are reached, and the first day on which each allows
    /// another message. A message that may be of any channel counts for each.
    fn capped(&self, rules: &Rules, channel: u32) -> impl Iterator<Item = (u32, i32)> {
        let caps = rules.caps.iter().enumerate();
        let caps = caps.filter(move |(_, cap)| cap.channel == channel);
        caps.filter_map(move |(at, cap)| {
            let counts = |sent: &Sent| channel == NONE || [channel, NONE].contains(&sent.channel);
            let day = self.free(rules.today, cap.days, cap.messages, counts)?;
            Some((at as u32, day))
        })
    }

    /// The groups of a trigger of which a message was sent, and the first day on which each allows another one.
    fn grouped(&self, rules: &Rules, trigger: u32) -> impl Iterator<Item = (u32, i32)> {
        let groups = rules.groups.iter().enumerate();
        let groups = groups.filter(move |(_, group)| group.has[trigger as usize]);
        groups.filter_map(move |(at, group)| {
            let counts = |sent: &Sent| sent.trigger != NONE && group.has[sent.trigger as usize];
            let day = self.free(rules.today, group.days, 1, counts)?;
            Some((at as u32, day))
        })
    }

    /// The first day on which a channel that reaches the customer, all caps and all groups allow another message.
    fn first_day(&self, candidate: &Candidate, rule: &Rule, log: &Log, rules: &Rules) -> i32 {
        let usable = candidate.reachable & !log.opted_out[candidate.customer as usize];
        let latest = |days: &mut dyn Iterator<Item = (u32, i32)>| {
            days.map(|(_, day)| day).fold(rules.today, i32::max)
        };
        let channels = rule.channels.iter().filter(|c| usable & 1 << **c != 0);
        let by_channel = channels.map(|channel| latest(&mut self.capped(rules, *channel)));
        let by_channel = by_channel.min().unwrap_or(rules.today);
        by_channel
            .max(latest(&mut self.capped(rules, NONE)))
            .max(latest(&mut self.grouped(rules, candidate.trigger)))
    }

    /// If `messages` were sent in the last `days` days: the first day on which one more is allowed.
    fn free(
        &self,
        today: i32,
        days: i32,
        messages: u32,
        counts: impl Fn(&Sent) -> bool,
    ) -> Option<i32> {
        let inside = |sent: &&Sent| sent.day > today.saturating_sub(days) && counts(sent);
        let since = |day: i32| {
            self.all()
                .filter(inside)
                .filter(|sent| sent.day >= day)
                .count()
        };
        // The latest day since which there were `messages` has to fall out of the window.
        let full = self.all().filter(inside).map(|sent| sent.day);
        let full = full.filter(|day| since(*day) >= messages as usize).max()?;
        Some(full.saturating_add(days))
    }

    fn all(&self) -> impl Iterator<Item = &Sent> {
        let mut next = self.last;
        let planned = std::iter::from_fn(move || {
            let found = self.planned.get(next as usize)?;
            next = found.before;
            Some(&found.sent)
        });
        self.sent.iter().chain(planned)
    }
}

impl Log {
    /// A customer's messages.
    fn of(&self, customer: u32) -> &[Sent] {
        let at = customer as usize;
        match self.first.get(at..at + 2) {
            Some([from, until]) => &self.sent[*from as usize..*until as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(customer: u32, trigger: u32, key: u32) -> Candidate {
        Candidate {
            customer,
            trigger,
            key,
            due: 0,
            expires: i64::MAX,
            value: 0.0,
            reachable: u64::MAX,
            excluded: NONE,
            last_order: i64::MIN,
        }
    }

    fn rules() -> Rules {
        let rule = Rule {
            channels: vec![0, 1],
            priority: 0,
            excludes: vec![true, false],
            bought_after: 50,
            holdout: 0.0,
        };
        let cap = |days, messages, channel| Cap {
            days,
            messages,
            channel,
        };
        Rules {
            rules: vec![Some(rule.clone()), Some(rule), None],
            caps: vec![cap(1, 1, 0), cap(7, 3, NONE)],
            now: 100,
            today: 20,
            ..Rules::default()
        }
    }

    fn log(sent: &[Sent]) -> Log {
        Log {
            first: vec![0, sent.len() as u32, sent.len() as u32],
            sent: sent.to_vec(),
            opted_out: vec![0, 0],
            keys: vec![0; 9],
        }
    }

    fn outcomes(candidates: &[Candidate], log: &Log, rules: &Rules) -> Vec<Outcome> {
        plan(candidates, 0..candidates.len() as u32, log, rules, |_| 0.5).unwrap()
    }

    #[test]
    fn a_channel_that_is_full_is_replaced_by_the_next_and_all_have_one_cap() {
        let of = |day, channel| Sent {
            day,
            channel,
            trigger: 0,
        };
        let two = [candidate(0, 0, 1), candidate(0, 0, 2)];
        assert_eq!(
            outcomes(&two, &log(&[of(14, 0)]), &rules()),
            [Outcome::Send(0), Outcome::Send(1)]
        );
        // Of the last 7 days are the 14th to the 20th.
        assert_eq!(
            outcomes(&two, &log(&[of(14, 0), of(19, 1)]), &rules()),
            [Outcome::Send(0), Outcome::Capped(1, 21)]
        );
        assert_eq!(
            outcomes(&two, &log(&[of(13, 0), of(19, 1)]), &rules()),
            [Outcome::Send(0), Outcome::Send(1)]
        );
        // The second of four has to be 7 days old for the third to be free.
        let many = [of(15, 1), of(16, 1), of(17, 1), of(18, 1)];
        assert_eq!(
            outcomes(&two[..1], &log(&many), &rules()),
            [Outcome::Capped(1, 23)]
        );
        // A message that may be of any channel counts for each; one of a channel without a rule only in all.
        assert_eq!(
            outcomes(&two, &log(&[of(20, NONE)]), &rules()),
            [Outcome::Send(1), Outcome::Send(1)]
        );
        assert_eq!(
            outcomes(&two, &log(&[of(20, OTHER)]), &rules()),
            [Outcome::Send(0), Outcome::Send(1)]
        );
        let mut only = rules();
        only.rules[0].as_mut().unwrap().channels = vec![0];
        assert_eq!(
            outcomes(&two, &log(&[]), &only),
            [Outcome::Send(0), Outcome::Capped(0, 21)]
        );
        // The channel is free tomorrow, the cap on all in three days.
        let three = [of(16, 1), of(17, 1), of(20, 0)];
        assert_eq!(
            outcomes(&two[..1], &log(&three), &only),
            [Outcome::Capped(0, 23)]
        );
    }

    #[test]
    fn each_question_can_decide() {
        let mut before = log(&[]);
        before.keys[1] = SENT;
        before.keys[2] = HELD_OUT;
        before.opted_out = vec![0b01, 0b11];
        let with = |change: &dyn Fn(&mut Candidate)| {
            let mut one = candidate(0, 0, 3);
            change(&mut one);
            outcomes(&[one], &before, &rules())[0]
        };
        assert_eq!(with(&|_| {}), Outcome::Send(1));
        assert_eq!(with(&|c| c.key = 1), Outcome::AlreadySent);
        assert_eq!(with(&|c| c.key = 2), Outcome::HeldOutBefore);
        assert_eq!(with(&|c| c.expires = 100), Outcome::Expired);
        assert_eq!(with(&|c| c.expires = 101), Outcome::Send(1));
        assert_eq!(with(&|c| c.trigger = 2), Outcome::NoRule);
        assert_eq!(with(&|c| c.excluded = 0), Outcome::Excluded);
        assert_eq!(with(&|c| c.excluded = 1), Outcome::Send(1));
        assert_eq!(with(&|c| c.last_order = 51), Outcome::Bought);
        assert_eq!(with(&|c| c.last_order = 50), Outcome::Send(1));
        assert_eq!(with(&|c| c.due = 101), Outcome::NotDue(20));
        assert_eq!(with(&|c| c.customer = 1), Outcome::OptedOut);
        assert_eq!(with(&|c| c.reachable = 0b01), Outcome::OptedOut);
        assert_eq!(with(&|c| c.reachable = 0b100), Outcome::Unreachable);
        let same = [candidate(0, 0, 3), candidate(0, 1, 3)];
        assert_eq!(
            outcomes(&same, &before, &rules()),
            [Outcome::Send(1), Outcome::Duplicate]
        );
    }

    #[test]
    fn groups_the_budget_holdouts_and_quiet_hours() {
        let two = [candidate(0, 0, 1), candidate(0, 1, 2), candidate(1, 0, 3)];
        let mut grouped = rules();
        grouped.groups = vec![Group {
            days: 2,
            has: vec![true, true, false],
        }];
        let free = log(&[]);
        assert_eq!(
            outcomes(&two, &free, &grouped),
            [Outcome::Send(0), Outcome::Grouped(0, 22), Outcome::Send(0)]
        );
        let mut short = rules();
        short.budget = Some(2);
        assert_eq!(
            outcomes(&two, &free, &short),
            [Outcome::Send(0), Outcome::Send(1), Outcome::Budget]
        );
        // Who is held out uses none of it.
        let mut without = short.clone();
        without.rules[0].as_mut().unwrap().holdout = 0.6;
        let four = [two[0], two[1], two[2], candidate(1, 1, 4)];
        assert_eq!(
            outcomes(&four, &free, &without),
            [
                Outcome::HeldOut,
                Outcome::Send(1),
                Outcome::HeldOut,
                Outcome::Send(1)
            ]
        );
        let mut quiet = grouped.clone();
        quiet.quiet_until = Some(200);
        // One that is held out takes its place.
        quiet.rules[0].as_mut().unwrap().holdout = 0.6;
        assert_eq!(
            outcomes(&two, &free, &quiet),
            [Outcome::HeldOut, Outcome::Grouped(0, 22), Outcome::HeldOut]
        );
        quiet.rules[0].as_mut().unwrap().holdout = 0.5;
        assert_eq!(
            outcomes(&two, &free, &quiet),
            [Outcome::Quiet, Outcome::Grouped(0, 22), Outcome::Quiet]
        );
    }
}
