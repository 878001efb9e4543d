//! Columns that the tables about people share, and their closed lists.

use super::clusters::Outcome;
use super::compare::Agreement;
use super::decide::Rule;
use super::shared::Kind;
use crate::table::{Label, categories, fields, labels};

fields! {
    pub(super) RECORD_ID = "record_id", Id, "", "レコードID", "The record, by the id of the input.";
    pub(super) PERSON_ID = "person_id", Id, "", "人物ID", "The person: the id of one of the person's records.";
    pub(super) HOUSEHOLD_ID = "household_id", Id, "", "世帯ID", "The household: the id of its first person.";
    pub(super) RECORD_A = "record_a", Id, "", "レコードA", "The record seen first.";
    pub(super) RECORD_B = "record_b", Id, "", "レコードB", "The other record.";
    pub(super) LINKED_BY = "linked_by", Category, "", "根拠", "The rule that speaks for one person.";
    pub(super) WEIGHT = "weight", Float, "bits", "重み", "The weight of all fields; 1 bit more doubles the odds.";
    pub(super) EVIDENCE_FAMILY = "evidence_family", Category, "", "姓の一致", "How far the family names agree.";
    pub(super) EVIDENCE_GIVEN = "evidence_given", Category, "", "名の一致", "How far the given names agree.";
    pub(super) EVIDENCE_BIRTH = "evidence_birth", Category, "", "生年月日の一致", "How far the dates of birth agree.";
    pub(super) EVIDENCE_SEX = "evidence_sex", Category, "", "性別の一致", "Whether the sexes agree.";
    pub(super) EVIDENCE_EMAIL = "evidence_email", Category, "", "メールの一致", "How far the e-mail addresses agree.";
    pub(super) EVIDENCE_PHONE = "evidence_phone", Category, "", "電話の一致", "How far the telephone numbers agree.";
    pub(super) EVIDENCE_ADDRESS = "evidence_address", Category, "", "住所の一致", "How far the addresses agree.";
    pub(super) RECORDS = "records", Int, "records", "レコード数", "Records.";
}

categories! {
    /// Whether a record represents its person.
    pub(super) Role {
        /// The record with the most fields, then the one updated last.
        Representative = "representative", "Representative", "代表";
        /// Another record.
        Member = "member", "Member", "構成";
    }
}

categories! {
    /// What happened to a person since the last run.
    pub(super) PersonChange {
        /// None of the records was there.
        New = "new", "New", "新規";
        /// A person of the last run is now part of this one.
        Merged = "merged", "Merged", "統合";
        /// Records left a person of the last run.
        Split = "split", "Split", "分割";
    }
}

/// In the order of [`Agreement`].
pub(super) const AGREEMENTS: &[Label] = labels! {
    "differ", "Differ", "不一致";
    "close", "Close", "近い";
    "agree", "Agree", "一致";
    "missing", "Missing", "欠落";
};

pub(super) fn agreement(level: Agreement) -> u8 {
    level as u8
}

/// In the order of [`rule`].
pub(super) const RULES: &[Label] = labels! {
    "account", "Account", "アカウント";
    "email_and_name", "E-mail and name", "メールと氏名";
    "comparison", "Comparison", "項目の比較";
};

pub(super) fn rule(rule: Rule) -> u8 {
    match rule {
        Rule::Account => 0,
        Rule::EmailAndName => 1,
        Rule::Comparison => 2,
    }
}

/// In the order of [`decision`].
pub(super) const DECISIONS: &[Label] = labels! {
    "joined", "Joined", "統合";
    "forbidden", "Forbidden", "禁止";
    "too_large", "Too large", "上限超過";
};

pub(super) fn decision(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Joined => 0,
        Outcome::Forbidden => 1,
        Outcome::TooLarge => 2,
    }
}

/// In the order of [`kind`].
pub(super) const IDENTIFIERS: &[Label] = labels! {
    "email", "E-mail", "メール";
    "phone", "Telephone", "電話";
    "birth_date", "Date of birth", "生年月日";
};

pub(super) fn kind(kind: Kind) -> u8 {
    match kind {
        Kind::Email => 0,
        Kind::Phone => 1,
        Kind::BirthDate => 2,
    }
}
