//! Names of channels as logs write them, and reasons that always exclude.

use unicode_normalization::UnicodeNormalization;

/// Wishes for no more messages, as [`folded`] writes them.
const REFUSALS: &[&str] = &[
    "optedout",
    "optout",
    "unsubscribed",
    "unsubscribe",
    "complained",
    "donotcontact",
    "配信停止",
    "配信解除",
    "配信拒否",
    "受信拒否",
    "購読解除",
    "オプトアウト",
];

/// Who is no customer, as [`folded`] writes them.
const NOBODY: &[&str] = &[
    "staff",
    "test",
    "deceased",
    "退会",
    "従業員",
    "社員",
    "スタッフ",
    "テスト",
];

/// Names of one channel, as [`folded`] writes them.
const ALIKE: &[&[&str]] = &[
    &[
        "mail",
        "email",
        "mails",
        "emails",
        "newsletter",
        "メール",
        "eメール",
        "電子メール",
        "メルマガ",
        "メールマガジン",
    ],
    &["line", "lineofficial", "line公式", "ライン"],
    &[
        "sms",
        "text",
        "textmessage",
        "ショートメール",
        "ショートメッセージ",
    ],
    &[
        "dm",
        "directmail",
        "postal",
        "post",
        "letter",
        "郵送",
        "はがき",
        "ハガキ",
        "葉書",
        "ダイレクトメール",
    ],
    &[
        "push",
        "apppush",
        "pushnotification",
        "プッシュ",
        "プッシュ通知",
        "アプリ通知",
    ],
    &["phone", "tel", "telephone", "call", "電話", "架電"],
];

/// A name without width, case, blanks and punctuation.
fn folded(name: &str) -> String {
    let letters = name.nfkc().flat_map(char::to_lowercase);
    letters.filter(|c| c.is_alphanumeric()).collect()
}

/// Whether a kind of messages, or a reason, is a wish for no more.
pub(super) fn refuses(word: &str) -> bool {
    REFUSALS.contains(&folded(word).as_str())
}

/// Whether a reason of the column `excluded_by` excludes whatever the rules say.
pub(super) fn always_excludes(reason: &str) -> bool {
    refuses(reason) || NOBODY.contains(&folded(reason).as_str())
}

/// Which of the channels a name means, a bit each: the one of this name, else in any case, else those that are other
/// names of it. 0 if none is.
pub(super) fn meant(channels: &[String], name: &str) -> u64 {
    let set = |is: &dyn Fn(&String) -> bool| {
        let places = channels.iter().enumerate().filter(|(_, c)| is(c));
        places.fold(0, |set, (at, _)| set | 1_u64 << at)
    };
    let exact = set(&|c| c == name);
    if exact != 0 {
        return exact;
    }
    let name = folded(name);
    let alike = set(&|c| folded(c) == name);
    if alike != 0 {
        return alike;
    }
    match ALIKE.iter().find(|names| names.contains(&name.as_str())) {
        Some(names) => set(&|c| names.contains(&folded(c).as_str())),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_found_by_its_other_names() {
        let channels = ["mail", "LINE", "dm"].map(str::to_owned);
        for (name, set) in [
            ("mail", 1),
            ("Mail", 1),
            ("e-mail", 1),
            ("Ｅメール", 1),
            ("メルマガ", 1),
            ("line", 2),
            ("ハガキ", 4),
            ("fax", 0),
            ("", 0),
        ] {
            assert_eq!(meant(&channels, name), set, "{name}");
        }
        // Other names of two channels are of both; a channel's own name is of it alone.
        let two = ["email", "メルマガ"].map(str::to_owned);
        assert_eq!((meant(&two, "mail"), meant(&two, "Email")), (3, 1));
    }

    #[test]
    fn who_wants_no_messages_is_always_excluded() {
        for reason in ["opted_out", "Opt-out", "Unsubscribed", "配信停止", "staff"] {
            assert!(always_excludes(reason), "{reason}");
        }
        assert!(!always_excludes("inquiry") && !always_excludes("order_pending"));
    }
}
