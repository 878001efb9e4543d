//! The closed lists of words: order statuses, order kinds, kinds of lines and events, days of the week.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$var_doc:meta])* $variant:ident = $code:literal, $en:literal, $ja:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$var_doc])* #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// All words, in the order of their discriminants.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// Labels shown to people.
            pub const LABELS: &'static [$crate::table::Label] = $crate::table::labels! { $($code, $en, $ja;)* };

            /// The word with this code, if there is one.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.code() == word)
            }

            /// The labels of the word.
            pub const fn label(self) -> $crate::table::Label {
                Self::LABELS[self as usize]
            }

            /// The code of the word.
            pub const fn code(self) -> &'static str {
                self.label().code
            }
        }

        $crate::table::text_of_words! { $name: $($variant = $code),* }
    };
}

pub(crate) use words;

words! {
    /// The status of an order (対応状況). A row without a status is completed.
    StatusWord {
        /// Done, or without status.
        Completed = "completed", "Completed", "完了";
        /// Paid or accepted, not yet shipped; counts.
        Pending = "pending", "Pending", "処理中";
        /// A cart that did not become an order.
        NotOrdered = "not_ordered", "Not ordered", "未受注";
        /// Cancelled.
        Cancelled = "cancelled", "Cancelled", "キャンセル";
        /// Payment failed.
        PaymentFailed = "payment_failed", "Payment failed", "決済失敗";
        /// Refunded in full.
        Refunded = "refunded", "Refunded", "返金";
        /// Returned.
        Returned = "returned", "Returned", "返品";
        /// A test order.
        Test = "test", "Test", "テスト";
    }
}

words! {
    /// The kind of an order (購入種別). A row without a kind is a one-off.
    KindWord {
        /// An ordinary order.
        OneOff = "one_off", "One-off", "都度購入";
        /// The first order of a subscription.
        SubFirst = "sub_first", "Subscription, first", "定期初回";
        /// A later order of a subscription.
        SubRenewal = "sub_renewal", "Subscription, renewal", "定期継続";
        /// An exchange; does not count.
        Swap = "swap", "Exchange", "交換";
        /// A sample; does not count, but makes a customer a trial.
        Sample = "sample", "Sample", "サンプル";
    }
}

words! {
    /// The kind of a line of an order. A line without a kind is merchandise.
    LineKind {
        /// Merchandise.
        Product = "product", "Merchandise", "商品";
        /// A discount, subtracted whatever its sign.
        Discount = "discount", "Discount", "値引き";
        /// A coupon, subtracted whatever its sign.
        Coupon = "coupon", "Coupon", "クーポン";
        /// A refund, subtracted whatever its sign.
        Refund = "refund", "Refund", "返金";
        /// Shipping.
        Shipping = "shipping", "Shipping", "送料";
        /// A fee, counted with shipping.
        Fee = "fee", "Fee", "手数料";
        /// Tax in its own line; it is in no basis.
        Tax = "tax", "Tax", "税";
    }
}

words! {
    /// The kinds of events that have a meaning: visits, then messages and assignments. Other kinds are free text.
    EventWord {
        /// A page was viewed.
        View = "view", "Page view", "閲覧";
        /// A product's page was viewed.
        ProductView = "product_view", "Product view", "商品閲覧";
        /// A product was added to the cart.
        Add = "add", "Added to cart", "カート追加";
        /// A product was removed from the cart.
        Remove = "remove", "Removed from cart", "カート削除";
        /// The checkout began.
        Checkout = "checkout", "Checkout", "購入手続き";
        /// A payment failed.
        PaymentFailed = "payment_failed", "Payment failed", "決済失敗";
        /// An order was placed.
        Purchase = "purchase", "Purchase", "購入";
        /// A message was sent.
        Sent = "sent", "Sent", "配信";
        /// The message could not be delivered.
        Bounced = "bounced", "Bounced", "不達";
        /// The message was opened.
        Opened = "opened", "Opened", "開封";
        /// A link of the message was clicked.
        Clicked = "clicked", "Clicked", "クリック";
        /// No more messages are wanted.
        Unsubscribed = "unsubscribed", "Unsubscribed", "配信解除";
        /// The message was reported as unwanted.
        Complained = "complained", "Complained", "迷惑メール報告";
        /// Messages are wanted (again).
        Subscribed = "subscribed", "Subscribed", "配信登録";
        /// The message would have been sent and was kept back, for comparison.
        HeldOut = "held_out", "Held out", "比較群";
        /// A variant of an experiment was assigned.
        Assigned = "assigned", "Assigned", "割付";
    }
}

impl EventWord {
    /// Whether it is no visit, but a message or what was done with it, or an assignment.
    pub fn is_message(self) -> bool {
        self > EventWord::Purchase
    }
}

words! {
    /// The days of the week.
    Weekday {
        /// Monday.
        Mon = "mon", "Monday", "月";
        /// Tuesday.
        Tue = "tue", "Tuesday", "火";
        /// Wednesday.
        Wed = "wed", "Wednesday", "水";
        /// Thursday.
        Thu = "thu", "Thursday", "木";
        /// Friday.
        Fri = "fri", "Friday", "金";
        /// Saturday.
        Sat = "sat", "Saturday", "土";
        /// Sunday.
        Sun = "sun", "Sunday", "日";
    }
}
