//! Columns that several analyses of the family put out.

use crate::table::fields;

fields! {
    pub(super) CAMPAIGN = "campaign", Id, "", "キャンペーン", "The campaign.";
    pub(super) DIFFERENCE = "difference", Float, "", "差", "The difference.";
    pub(super) DIFFERENCE_LOW = "difference_low", Float, "", "差(下限)", "Lower end of its interval.";
    pub(super) DIFFERENCE_HIGH = "difference_high", Float, "", "差(上限)", "Upper end of its interval.";
    pub(super) MEASURE = "measure", Category, "", "指標", "What is measured.";
    pub(super) RATIO = "ratio", Float, "", "比", "The ratio.";
    pub(super) RATIO_LOW = "ratio_low", Float, "", "比(下限)", "Lower end of its interval.";
    pub(super) RATIO_HIGH = "ratio_high", Float, "", "比(上限)", "Upper end of its interval.";
    pub(super) P = "p", Float, "", "p値", "p-value of no difference.";
    pub(super) SENT = "sent", Int, "people", "配信数", "People who were sent a message.";
    pub(super) SRM_P = "srm_p", Float, "", "割付比のp値", "p-value of the planned shares (sample ratio mismatch).";
}
