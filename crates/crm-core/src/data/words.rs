//! The closed lists of words: order statuses, order kinds, kinds of lines.

use crate::table::Label;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$var_doc:meta])* $variant:ident = $code:literal, $en:literal, $ja:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$var_doc])* #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// All of them, in the order of their discriminants.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// What people read.
            pub const LABELS: &'static [Label] = &[$(Label { code: $code, en: $en, ja: $ja }),*];

            /// The word of a code, if it is one.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($code => Some($name::$variant),)*
                    _ => None,
                }
            }

            /// The code.
            pub fn code(self) -> &'static str {
                Self::LABELS[self as usize].code
            }
        }
    };
}

words! {
    /// How far an order has come (対応状況). A row without one is completed.
    StatusWord {
        /// Done, or without status.
        Completed = "completed", "Completed", "完了";
        /// Paid or accepted, not yet shipped; counts.
        Pending = "pending", "Pending", "処理中";
        /// A basket that became no order.
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
    /// What sort of order it is (購入種別). A row without one is a one-off.
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
    /// What a line of an order is. A line without one is merchandise.
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
        /// Tax on a line of its own; in no basis.
        Tax = "tax", "Tax", "税";
    }
}

words! {
    /// The kinds of events that sessions and carts understand. Other kinds are free text.
    EventWord {
        /// A page was seen.
        View = "view", "Page view", "閲覧";
        /// A product's page was seen.
        ProductView = "product_view", "Product view", "商品閲覧";
        /// A product was put into the cart.
        Add = "add", "Added to cart", "カート追加";
        /// A product was taken out of the cart.
        Remove = "remove", "Removed from cart", "カート削除";
        /// The checkout was begun.
        Checkout = "checkout", "Checkout", "購入手続き";
        /// A payment failed.
        PaymentFailed = "payment_failed", "Payment failed", "決済失敗";
        /// It was ordered.
        Purchase = "purchase", "Purchase", "購入";
    }
}
