//! The messages of a simulated log, and an experiment, with known effects.
//!
//! Every visitor is a customer who is in every campaign. Three in ten are engaged: they open more and buy more, whatever is sent to
//! them, so that who opened buys more than who did not.
//!
//! | | engaged | others |
//! |---|---|---|
//! | opens, if it is delivered | .50 | .12 |
//! | buys within 13 days, sent or held out | .10 | .015 |
//!
//! Of each campaign 20 % are held out; the others are sent variant `a` or `b`, and 3 % of the messages bounce. A message that is
//! delivered makes [`EXTRA`] of the people buy who would not have. A machine opens 30 % and clicks in 5 %. Of those who open 20 %
//! click, 2 % want no more, 1 in 500 complains.
//!
//! The experiment `checkout` assigns half of the visitors to each variant within 60 days (or the days there are); variant `b` makes
//! [`EXTRA_OF_B`] of them buy within 13 days.

use super::{EventsSimulation, NOTHING, Row, SimulatedEvents};
use crate::context::push;
use crate::error::Result;
use crate::num::rng::Rng;
use crate::time::MICROS_PER_DAY;

/// Share of the people reached who buy because of variants `a` and `b` of a campaign.
pub const EXTRA: [f64; 2] = [0.02, 0.04];

/// Share of the people who buy because of variant `b` of the experiment.
pub const EXTRA_OF_B: f64 = 0.05;

pub(super) const VARIANTS: [&str; 2] = ["a", "b"];

/// The names of campaigns, and the experiment.
pub(super) const CAMPAIGNS: [&str; 25] = [
    "mail 01", "mail 02", "mail 03", "mail 04", "mail 05", "mail 06", "mail 07", "mail 08",
    "mail 09", "mail 10", "mail 11", "mail 12", "mail 13", "mail 14", "mail 15", "mail 16",
    "mail 17", "mail 18", "mail 19", "mail 20", "mail 21", "mail 22", "mail 23", "mail 24",
    "checkout",
];

/// Places in the list of kinds.
const PURCHASE: u8 = 6;
const SENT: u8 = 7;
const BOUNCED: u8 = 8;
const OPENED: u8 = 9;
const CLICKED: u8 = 10;
const UNSUBSCRIBED: u8 = 11;
const COMPLAINED: u8 = 12;
const HELD_OUT: u8 = 13;
const ASSIGNED: u8 = 14;

impl SimulatedEvents {
    /// The messages of one visitor and the orders after them.
    pub(super) fn messages(&mut self, what: &EventsSimulation, visitor: u32) -> Result<()> {
        // Another stream than that of the visits.
        let mut rng = Rng::stream(!what.seed, u64::from(visitor));
        let engaged = rng.uniform() < 0.3;
        let (opens, buys) = if engaged { (0.5, 0.1) } else { (0.12, 0.015) };
        let nothing = Row {
            time: 0,
            visitor,
            // After the visits of the same instant.
            place: 1 << 20,
            kind: 0,
            page: NOTHING,
            product: 0,
            customer: visitor,
            order: 0,
            amount: 0,
            channel: NOTHING,
            device: NOTHING,
            campaign: NOTHING,
            variant: NOTHING,
            machine: false,
        };
        let first = i64::from(what.from.0) * MICROS_PER_DAY;
        for campaign in 0..what.campaigns {
            // At ten in the morning in Japan, from the second day on.
            let time = first + (i64::from(14 * campaign) + 1) * MICROS_PER_DAY + 3_600_000_000;
            let row = Row {
                time,
                campaign: campaign as u8,
                ..nothing
            };
            if rng.uniform() < 0.2 {
                self.message(row, HELD_OUT)?;
                self.order(&mut rng, row, buys)?;
                continue;
            }
            let variant = rng.below(2) as u8;
            let row = Row { variant, ..row };
            self.message(row, SENT)?;
            let later = |rng: &mut Rng, row: Row, seconds: f64| Row {
                time: row.time + 1_000_000 + (rng.exponential().min(8.0) * seconds * 1e6) as i64,
                place: row.place + 1,
                ..row
            };
            if rng.uniform() < 0.03 {
                self.message(later(&mut rng, row, 30.0), BOUNCED)?;
                self.order(&mut rng, row, buys)?;
                continue;
            }
            let machine = Row {
                machine: true,
                ..later(&mut rng, row, 60.0)
            };
            if rng.uniform() < 0.3 {
                self.message(machine, OPENED)?;
            }
            if rng.uniform() < 0.05 {
                self.message(machine, CLICKED)?;
            }
            if rng.uniform() < opens {
                let opened = later(&mut rng, row, 6.0 * 3600.0);
                self.message(opened, OPENED)?;
                for (kind, share) in [(CLICKED, 0.2), (UNSUBSCRIBED, 0.02), (COMPLAINED, 0.002)] {
                    if rng.uniform() < share {
                        self.message(later(&mut rng, opened, 60.0), kind)?;
                    }
                }
            }
            self.order(&mut rng, row, buys + EXTRA[usize::from(variant)])?;
        }
        let days = f64::from(what.days.saturating_sub(15).clamp(1, 60));
        let variant = rng.below(2) as u8;
        let row = Row {
            time: first + (rng.uniform() * days * MICROS_PER_DAY as f64) as i64,
            campaign: 24,
            variant,
            ..nothing
        };
        self.message(row, ASSIGNED)?;
        self.order(&mut rng, row, EXTRA_OF_B * f64::from(variant))
    }

    fn message(&mut self, row: Row, kind: u8) -> Result<()> {
        push(&mut self.rows, Row { kind, ..row }, "simulation")
    }

    /// With this probability an order within 13 days.
    fn order(&mut self, rng: &mut Rng, row: Row, probability: f64) -> Result<()> {
        let (buys, after, price) = (rng.uniform(), rng.uniform(), rng.normal());
        if buys >= probability {
            return Ok(());
        }
        self.orders += 1;
        let purchase = Row {
            time: row.time + 10_000_000 + (after * 13.0 * MICROS_PER_DAY as f64) as i64,
            place: row.place + 2,
            order: self.orders as u32,
            amount: (libm::exp(8.3 + 0.7 * price)) as u32,
            campaign: NOTHING,
            variant: NOTHING,
            ..row
        };
        self.message(purchase, PURCHASE)
    }
}
