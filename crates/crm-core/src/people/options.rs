//! Options of the identification of people.

use super::decide::Limits;
use super::normalize::EmailForm;
use crate::error::{Error, Result};
use crate::num::Probability;
use crate::words::words;
use serde::{Deserialize, Serialize};

words! {
    /// Which pairs of records are joined.
    Policy {
        /// The same account, or the same e-mail address and name.
        Strict = "strict", "Strict", "厳格";
        /// A probability of at least 0.95, or what the strict policy joins.
        Standard = "standard", "Standard", "標準";
        /// A probability of at least 0.8, or what the strict policy joins.
        Lenient = "lenient", "Lenient", "緩やか";
    }
}

/// Options of [`Identify`](super::Identify) and of the other tables about the same records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, crm_derive::Setters)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Which pairs are joined: `strict` (account, or e-mail and name), `standard` (or probability 0.95), `lenient`
    /// (or 0.8). Default: standard.
    pub policy: Policy,
    /// An e-mail address or telephone number of more than this many records with different names or dates of birth is
    /// nobody's, 1 to 1000. Default 5.
    pub shared_limit: u32,
    /// Records of one block that are compared with each other, 2 to 1000. Default 60.
    pub block_limit: u32,
    /// Records of one person that differ from each other, 2 to 1000; records of one account are one person however
    /// many they are. Default 20.
    pub max_cluster: u32,
    /// The least probability of a pair in the table for review. Default 0.5.
    pub review_from: Probability,
    /// Whether texts are hashes made by the caller, which are equal or not. Default: no.
    pub hashed: bool,
    /// Whether capitals of the local part of e-mail addresses count. Default: no.
    pub email_capitals: bool,
    /// Whether `+tag` in e-mail addresses counts. Default: no.
    pub email_tags: bool,
    /// Whether dots in the local part of gmail.com count. Default: no.
    pub gmail_dots: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            policy: Policy::Standard,
            shared_limit: 5,
            block_limit: 60,
            max_cluster: 20,
            review_from: Probability::new(0.5).expect("from 0 to 1"),
            hashed: false,
            email_capitals: false,
            email_tags: false,
            gmail_dots: false,
        }
    }
}

impl Options {
    pub(super) fn limits(&self) -> Result<Limits> {
        let within =
            |name: &'static str, value: u32, least: u32| match (least..=1_000).contains(&value) {
                true => Ok(value as usize),
                false => Err(Error::option(name, value, format!("{least} to 1000"))),
            };
        Ok(Limits {
            threshold: match self.policy {
                Policy::Strict => None,
                Policy::Standard => Some(0.95),
                Policy::Lenient => Some(0.8),
            },
            review_from: self.review_from.get(),
            shared: within("shared_limit", self.shared_limit, 1)?,
            block: within("block_limit", self.block_limit, 2)?,
            cluster: within("max_cluster", self.max_cluster, 2)?,
        })
    }

    pub(super) fn email(&self) -> EmailForm {
        EmailForm {
            lower_local: !self.email_capitals,
            drop_tag: !self.email_tags,
            gmail_dots: !self.gmail_dots,
        }
    }
}
