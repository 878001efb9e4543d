//! The rules of [`decide`](super::decide), read from JSON.
//!
//! | rule | value | default |
//! |---|---|---|
//! | `timezone` | the zone of civil days and of quiet hours | UTC |
//! | `channels` | the channels in their order: the first that can be used is | `["mail"]` |
//! | `caps` | a list of `{"days", "messages", "channel"}`: at most so many messages (of a channel) in so many civil days, today included | 1 in 1 day, 3 in 7 days |
//! | `quiet_hours` | `{"from": "21:00", "to": "08:00"}`: nothing is sent from the first time until the second | none |
//! | `holdout` | `{"share", "experiment", "salt"}`: the share of customers who never get a message, by [`assign`](crate::experiments::assign) | none |
//! | `budget` | the messages of one run | none |
//! | `groups` | by name `{"triggers", "days"}`: at most one message of these triggers in so many civil days (1) | none |
//! | `exclusions` | the reasons in the column `excluded_by` that exclude, besides those that always do: `opted_out`, `unsubscribed`, `complained`, `staff`, 配信停止 and the like | all |
//! | `bought_within` | days after an order (`last_order_at`) in which nothing is sent | none |
//! | `triggers` | by name `{"priority", "channels", "exclusions", "bought_within", "holdout"}`; where it is given, other triggers are not sent | all triggers alike |
//!
//! Triggers of less `priority` (0 by default) come first. A setting of a trigger replaces the general setting.
//! Channels have no blank, comma or bar in their names; messages and candidates may write them in another case or by
//! another name (`Email`, メール). Quiet hours leave an hour of the day at least.

use super::channels::always_excludes;
use super::plan::{Cap, Group, NONE, Rule, Rules};
use crate::error::{Error, Result};
use crate::num::Probability;
use crate::request::wanted;
use crate::time::{MICROS_PER_DAY, Offsets, Zone};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The part of a day that quiet hours have to leave.
const LEAST_OPEN: i64 = MICROS_PER_DAY / 24;

/// The most channels: a set of them is a number of 64 bits.
const MOST: usize = 64;

/// The rules as they are written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) zone: Zone,
    pub(super) channels: Vec<String>,
    caps: Vec<WrittenCap>,
    quiet: Option<(i64, i64)>,
    pub(super) holdout: Holdout,
    budget: Option<u64>,
    groups: BTreeMap<String, WrittenGroup>,
    exclusions: Option<Vec<String>>,
    bought_within: Option<u32>,
    /// None where triggers are not listed.
    triggers: Option<BTreeMap<String, WrittenTrigger>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCap {
    days: u32,
    messages: u32,
    channel: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quiet {
    from: String,
    to: String,
}

/// Customers who are written to never.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Holdout {
    share: Option<Probability>,
    pub(super) experiment: String,
    pub(super) salt: String,
}

impl Default for Holdout {
    fn default() -> Self {
        Holdout {
            share: None,
            experiment: "holdout".into(),
            salt: String::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGroup {
    triggers: Vec<String>,
    #[serde(default = "one")]
    days: u32,
}

fn one() -> u32 {
    1
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WrittenTrigger {
    priority: i32,
    channels: Option<Vec<String>>,
    exclusions: Option<Vec<String>>,
    bought_within: Option<u32>,
    holdout: Option<Probability>,
}

const KEYS: &[&str] = &[
    "timezone",
    "channels",
    "caps",
    "quiet_hours",
    "holdout",
    "budget",
    "groups",
    "exclusions",
    "bought_within",
    "triggers",
];

impl Written {
    /// The rules of a JSON object; a wrong one is named by its path.
    pub(super) fn read(rules: &Value) -> Result<Written> {
        let Value::Object(rules) = rules else {
            return Err(Error::option("rules", rules, "an object of rules"));
        };
        if let Some(key) = rules.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let keys: Vec<String> = KEYS.iter().map(|key| format!("`{key}`")).collect();
            let expected = format!("only the rules {}", keys.join(", "));
            return Err(Error::option("rules", json!(key), expected));
        }
        let triggers = section::<Map<String, Value>>(rules, "triggers")?;
        let triggers = match triggers {
            Some(triggers) => Some(each(triggers, "triggers")?),
            None => None,
        };
        let zone = section::<String>(rules, "timezone")?.unwrap_or_else(|| "UTC".into());
        let zone = Zone::parse(&zone).map_err(|error| error.inside("rules"))?;
        let caps = match section::<Vec<Value>>(rules, "caps")? {
            None => default_caps(),
            Some(caps) => {
                let cap = |(at, cap): (usize, &Value)| read(cap, &format!("rules.caps.{at}"));
                caps.iter()
                    .enumerate()
                    .map(cap)
                    .collect::<Result<Vec<WrittenCap>>>()?
            }
        };
        let quiet = section::<Quiet>(rules, "quiet_hours")?;
        let written = Written {
            zone,
            channels: section(rules, "channels")?.unwrap_or_else(|| vec!["mail".into()]),
            caps,
            quiet: quiet.map(|quiet| quiet.read()).transpose()?,
            holdout: section(rules, "holdout")?.unwrap_or_default(),
            budget: section(rules, "budget")?,
            groups: each(section(rules, "groups")?.unwrap_or_default(), "groups")?,
            exclusions: section(rules, "exclusions")?,
            bought_within: section(rules, "bought_within")?,
            triggers,
        };
        written.check()?;
        Ok(written)
    }

    /// Refuses rules that contradict themselves or each other.
    fn check(&self) -> Result<()> {
        let n = self.channels.len();
        let twice = (0..n).find(|at| self.channels[..*at].contains(&self.channels[*at]));
        if n == 0 || n > MOST || twice.is_some() {
            let found = json!(self.channels);
            return Err(wrong("channels", found, "1 to 64 channels, each once"));
        }
        for (at, name) in self.channels.iter().enumerate() {
            if name.trim().is_empty() || name.contains([' ', '\u{3000}', ',', '|']) {
                let expected = "a name without blanks, commas and bars";
                return Err(wrong(&format!("channels.{at}"), json!(name), expected));
            }
        }
        for (at, cap) in self.caps.iter().enumerate() {
            days(&format!("caps.{at}"), cap.days)?;
            if cap.messages == 0 {
                let expected = "1 message or more: a rule of no messages is no cap";
                return Err(wrong(&format!("caps.{at}.messages"), json!(0), expected));
            }
            if let Some(name) = &cap.channel {
                self.has_channel(&format!("caps.{at}.channel"), name)?;
            }
        }
        for (name, group) in &self.groups {
            self.check_group(&format!("groups.{name}"), group)?;
        }
        for (name, trigger) in self.triggers.iter().flatten() {
            let path = format!("triggers.{name}.channels");
            let Some(channels) = &trigger.channels else {
                continue;
            };
            if channels.is_empty() {
                return Err(wrong(&path, json!([]), "at least one channel"));
            }
            for (at, of) in channels.iter().enumerate() {
                self.has_channel(&format!("{path}.{at}"), of)?;
            }
        }
        Ok(())
    }

    fn has_channel(&self, path: &str, name: &String) -> Result<()> {
        if self.channels.contains(name) {
            return Ok(());
        }
        let known: Vec<String> = self.channels.iter().map(|c| format!("`{c}`")).collect();
        let expected = format!("one of the channels in `channels`: {}", known.join(", "));
        Err(wrong(path, json!(name), &expected))
    }

    fn check_group(&self, path: &str, group: &WrittenGroup) -> Result<()> {
        days(path, group.days)?;
        let triggers = &group.triggers;
        if triggers.len() < 2 {
            let path = format!("{path}.triggers");
            return Err(wrong(&path, json!(triggers), "two triggers or more"));
        }
        for (at, trigger) in triggers.iter().enumerate() {
            let path = format!("{path}.triggers.{at}");
            if triggers[..at].contains(trigger) {
                return Err(wrong(&path, json!(trigger), "each trigger once"));
            }
            if let Some(known) = self.triggers.as_ref().filter(|t| !t.contains_key(trigger)) {
                let known: Vec<String> = known.keys().map(|t| format!("`{t}`")).collect();
                let expected = format!("one of the triggers in `triggers`: {}", known.join(", "));
                return Err(wrong(&path, json!(trigger), &expected));
            }
        }
        Ok(())
    }

    /// The most days that a cap, a group or an order looks back.
    pub(super) fn longest(&self) -> i32 {
        let caps = self.caps.iter().map(|cap| cap.days);
        let groups = self.groups.values().map(|group| group.days);
        caps.chain(groups).max().unwrap_or(0) as i32
    }

    /// The rules in numbers. `triggers` and `reasons` are the names of the candidates' codes.
    pub(super) fn numbered(
        &self,
        triggers: &[String],
        reasons: &[String],
        now: i64,
        offsets: &Offsets,
    ) -> Rules {
        let place = |name: &String| self.channels.iter().position(|c| c == name);
        let place = |name: &String| place(name).map_or(NONE, |at| at as u32);
        let plain = WrittenTrigger::default();
        let rule = |name: &String| {
            let own = match &self.triggers {
                Some(triggers) => triggers.get(name)?,
                None => &plain,
            };
            let channels = own.channels.as_ref().unwrap_or(&self.channels);
            let exclusions = own.exclusions.as_ref().or(self.exclusions.as_ref());
            let excludes = |reason: &String| {
                always_excludes(reason) || exclusions.is_none_or(|all| all.contains(reason))
            };
            let days = own.bought_within.or(self.bought_within);
            let share = own.holdout.or(self.holdout.share);
            Some(Rule {
                channels: channels.iter().map(place).collect(),
                priority: own.priority,
                excludes: reasons.iter().map(excludes).collect(),
                bought_after: days.map_or(i64::MAX, |days| {
                    now.saturating_sub(i64::from(days).saturating_mul(MICROS_PER_DAY))
                }),
                holdout: share.map_or(0.0, |share| share.get()),
            })
        };
        let cap = |cap: &WrittenCap| Cap {
            days: cap.days as i32,
            messages: cap.messages,
            channel: cap.channel.as_ref().map_or(NONE, place),
        };
        let group = |group: &WrittenGroup| Group {
            days: group.days as i32,
            has: triggers
                .iter()
                .map(|t| group.triggers.contains(t))
                .collect(),
        };
        Rules {
            rules: triggers.iter().map(rule).collect(),
            caps: self.caps.iter().map(cap).collect(),
            groups: self.groups.values().map(group).collect(),
            budget: self.budget,
            now,
            today: offsets.day(now).0,
            quiet_until: self
                .quiet
                .and_then(|hours| quiet_until(hours, now, offsets)),
        }
    }

    /// When a message of this instant may be sent, as far as quiet hours matter.
    pub(super) fn open_from(&self, at: i64, offsets: &Offsets) -> i64 {
        let until = self.quiet.and_then(|hours| quiet_until(hours, at, offsets));
        until.unwrap_or(at)
    }

    /// The triggers with a rule, and the reasons that exclude, that no candidate has.
    pub(super) fn unused(&self, triggers: &[String], reasons: &[String]) -> [Vec<&String>; 2] {
        let named = self.triggers.iter().flatten();
        let own = named.clone().flat_map(|(_, own)| &own.exclusions);
        let exclusions: BTreeSet<&String> = self.exclusions.iter().chain(own).flatten().collect();
        let grouped = self.groups.values().flat_map(|group| &group.triggers);
        let named: BTreeSet<&String> = named.map(|(name, _)| name).chain(grouped).collect();
        [(named, triggers), (exclusions, reasons)].map(|(said, known)| {
            let unused = said.into_iter().filter(|name| !known.contains(name));
            unused.collect()
        })
    }

    /// The path of a group.
    pub(super) fn group(&self, at: u32) -> String {
        let name = self
            .groups
            .keys()
            .nth(at as usize)
            .map_or("", String::as_str);
        format!("rules.groups.{name}")
    }

    /// The path of the rule that holds customers out of a trigger, and the name of the experiment.
    pub(super) fn holdout(&self, trigger: &str) -> (String, String) {
        let own = self
            .triggers
            .as_ref()
            .and_then(|triggers| triggers.get(trigger));
        match own.and_then(|own| own.holdout) {
            Some(_) => {
                let experiment = format!("{}/{trigger}", self.holdout.experiment);
                (format!("rules.triggers.{trigger}.holdout"), experiment)
            }
            None => ("rules.holdout".into(), self.holdout.experiment.clone()),
        }
    }

    /// The path of the rule about a recent order.
    pub(super) fn bought(&self, trigger: &str) -> String {
        let own = self
            .triggers
            .as_ref()
            .and_then(|triggers| triggers.get(trigger));
        match own.and_then(|own| own.bought_within) {
            Some(_) => format!("rules.triggers.{trigger}.bought_within"),
            None => "rules.bought_within".into(),
        }
    }
}

fn wrong(path: &str, found: Value, expected: &str) -> Error {
    Error::option(format!("rules.{path}"), found, expected.to_owned())
}

/// Refuses a length that no rule has.
fn days(path: &str, days: u32) -> Result<()> {
    match (1..=3660).contains(&days) {
        true => Ok(()),
        false => Err(wrong(
            &format!("{path}.days"),
            json!(days),
            "1 to 3660 days",
        )),
    }
}

fn default_caps() -> Vec<WrittenCap> {
    let cap = |days, messages| WrittenCap {
        days,
        messages,
        channel: None,
    };
    vec![cap(1, 1), cap(7, 3)]
}

/// A rule, if it is there and not null.
fn section<T: DeserializeOwned>(rules: &Map<String, Value>, key: &str) -> Result<Option<T>> {
    match rules.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => read(value, &format!("rules.{key}")).map(Some),
    }
}

/// The entries of an object, each read by itself.
fn each<T: DeserializeOwned>(of: Map<String, Value>, key: &str) -> Result<BTreeMap<String, T>> {
    let entry = |(name, value): (String, Value)| {
        let read = read(&value, &format!("rules.{key}.{name}"))?;
        Ok((name, read))
    };
    of.into_iter().map(entry).collect()
}

fn read<T: DeserializeOwned>(value: &Value, path: &str) -> Result<T> {
    let read = T::deserialize(value);
    read.map_err(|error| Error::option(path, value, wanted(&error.to_string())))
}

impl Quiet {
    /// Microseconds after midnight.
    fn read(&self) -> Result<(i64, i64)> {
        let time = |name: &str, text: &String| {
            let time = text.split_once(':').and_then(|(hour, minute)| {
                let two = |digits: &str| {
                    let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
                    digits.parse::<i64>().ok().filter(|_| plain)
                };
                let (hour, minute) = (two(hour)?, two(minute)?);
                (hour < 24 && minute < 60).then_some((hour * 60 + minute) * 60_000_000)
            });
            let expected = "a time of day such as \"21:00\"";
            time.ok_or_else(|| {
                Error::option(format!("rules.quiet_hours.{name}"), json!(text), expected)
            })
        };
        let (from, to) = (time("from", &self.from)?, time("to", &self.to)?);
        // Equal times would be quiet for no time, or for all of it.
        let quiet = (to - from).rem_euclid(MICROS_PER_DAY);
        match quiet > 0 && quiet <= MICROS_PER_DAY - LEAST_OPEN {
            true => Ok((from, to)),
            false => Err(Error::option(
                "rules.quiet_hours",
                json!([self.from, self.to]),
                "two different times of day that leave an hour of it at least",
            )),
        }
    }
}

/// The end of the quiet hours, if it is within them now. They may go over midnight.
fn quiet_until((from, to): (i64, i64), now: i64, offsets: &Offsets) -> Option<i64> {
    let wall = offsets.wall(now);
    let (midnight, time) = (
        wall - wall.rem_euclid(MICROS_PER_DAY),
        wall.rem_euclid(MICROS_PER_DAY),
    );
    let is_quiet = match from < to {
        true => (from..to).contains(&time),
        false => time >= from || time < to,
    };
    if !is_quiet {
        return None;
    }
    let day = if time < to { 0 } else { MICROS_PER_DAY };
    let until = offsets.instant(midnight + day + to);
    // In the second of two equal hours the end that was meant is the later one.
    let later = now + (day + to - time);
    Some(if until > now { until } else { later })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Moment;

    fn instant(text: &str, offsets: &Offsets) -> i64 {
        Moment::try_from(text.to_owned()).unwrap().instant(offsets)
    }

    #[test]
    fn quiet_hours_go_over_midnight_and_over_changes_of_the_clock() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let offsets = Offsets::new(zone, 1_700_000_000_000_000, 1_900_000_000_000_000);
        let at = |hours: (&str, &str), now: &str| {
            let quiet = Quiet {
                from: hours.0.into(),
                to: hours.1.into(),
            };
            let now = instant(now, &offsets);
            let until = quiet_until(quiet.read().unwrap(), now, &offsets)?;
            Some(Moment::Instant(until).to_string())
        };
        let night = ("21:00", "08:00");
        assert_eq!(at(night, "2026-11-30T20:59:59"), None);
        assert_eq!(
            at(night, "2026-11-30T21:00:00").as_deref(),
            Some("2026-12-01T07:00:00Z")
        );
        assert_eq!(
            at(night, "2026-11-30T07:59:59").as_deref(),
            Some("2026-11-30T07:00:00Z")
        );
        assert_eq!(at(night, "2026-11-30T08:00:00"), None);
        // The night in which the clock goes forward, and the one in which it goes back.
        assert_eq!(
            at(night, "2026-03-28T22:00:00").as_deref(),
            Some("2026-03-29T06:00:00Z")
        );
        assert_eq!(
            at(night, "2026-10-24T22:00:00").as_deref(),
            Some("2026-10-25T07:00:00Z")
        );
        let noon = ("12:00", "13:00");
        assert_eq!(
            at(noon, "2026-06-01T12:30:00").as_deref(),
            Some("2026-06-01T11:00:00Z")
        );
        assert_eq!(at(noon, "2026-06-01T13:00:00"), None);
        // 02:10 for the second time: until 02:30 for the second time.
        let late = ("01:00", "02:30");
        assert_eq!(
            at(late, "2026-10-25T01:10:00Z").as_deref(),
            Some("2026-10-25T01:30:00Z")
        );
        // 02:30 does not exist: 03:30 is meant.
        assert_eq!(
            at(late, "2026-03-29T01:30:00").as_deref(),
            Some("2026-03-29T01:30:00Z")
        );
    }

    #[test]
    fn a_wrong_rule_is_named_by_its_path() {
        for (rules, path, says) in [
            (json!([]), "rules", "an object of rules"),
            (json!({"cap": []}), "rules", "`caps`"),
            (
                json!({"timezone": "Mars"}),
                "rules.timezone",
                "an IANA name",
            ),
            (
                json!({"channels": []}),
                "rules.channels",
                "1 to 64 channels",
            ),
            (
                json!({"channels": ["a", "a"]}),
                "rules.channels",
                "each once",
            ),
            (json!({"caps": {}}), "rules.caps", "a list"),
            (json!({"caps": [{"days": 1}]}), "rules.caps.0", "`messages`"),
            (
                json!({"caps": [{"days": 1, "messages": 0}]}),
                "rules.caps.0.messages",
                "no cap",
            ),
            (
                json!({"caps": [{"days": 0, "messages": 1}]}),
                "rules.caps.0.days",
                "1 to 3660",
            ),
            (
                json!({"caps": [{"days": 1, "messages": 1, "channel": "fax"}]}),
                "rules.caps.0.channel",
                "`mail`",
            ),
            (
                json!({"caps": [{"days": 1, "messages": 1, "of": 3}]}),
                "rules.caps.0",
                "`channel`",
            ),
            (
                json!({"quiet_hours": {"from": "21:00", "to": "21:00"}}),
                "rules.quiet_hours",
                "two different",
            ),
            (
                json!({"quiet_hours": {"from": "00:00", "to": "23:59"}}),
                "rules.quiet_hours",
                "an hour of it",
            ),
            (
                json!({"channels": ["mail", ""]}),
                "rules.channels.1",
                "without blanks",
            ),
            (
                json!({"channels": ["mail line"]}),
                "rules.channels.0",
                "without blanks",
            ),
            (
                json!({"quiet_hours": {"from": "9:00", "to": "24:00"}}),
                "rules.quiet_hours.from",
                "a time of day",
            ),
            (
                json!({"quiet_hours": {"from": "09:00", "to": "24:00"}}),
                "rules.quiet_hours.to",
                "a time of day",
            ),
            (json!({"holdout": {"share": 2}}), "rules.holdout", "0 to 1"),
            (json!({"budget": -1}), "rules.budget", "at least 0"),
            (
                json!({"groups": {"g": {"triggers": ["a"]}}}),
                "rules.groups.g.triggers",
                "two triggers",
            ),
            (
                json!({"groups": {"g": {"triggers": ["a", "a"]}}}),
                "rules.groups.g.triggers.1",
                "each trigger once",
            ),
            (
                json!({"groups": {"g": {"triggers": ["a", "b"]}}, "triggers": {"a": {}}}),
                "rules.groups.g.triggers.1",
                "`a`",
            ),
            (
                json!({"triggers": {"a": {"channels": []}}}),
                "rules.triggers.a.channels",
                "at least one",
            ),
            (
                json!({"triggers": {"a": {"channels": ["fax"]}}}),
                "rules.triggers.a.channels.0",
                "`mail`",
            ),
            (
                json!({"triggers": {"a": {"prio": 1}}}),
                "rules.triggers.a",
                "`priority`",
            ),
        ] {
            let error = Written::read(&rules).unwrap_err();
            assert_eq!(error.option_name(), Some(path), "{rules}: {error}");
            assert!(error.to_string().contains(says), "{rules}: {error}");
        }
        let plain = Written::read(&json!({})).unwrap();
        assert_eq!((plain.longest(), plain.caps.len()), (7, 2));
    }
}
