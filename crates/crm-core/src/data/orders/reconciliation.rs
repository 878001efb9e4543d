//! The reconciliation (照合): rows of the input that count, and rows that do not count by reason.
//! Rows, orders and amounts add up to the last line, `total`.

use super::dataset::Orders;
use super::order_data::{Class, unpack};
use super::selection::{REVENUE, actions};
use crate::context::{Context, filled, room};
use crate::data::input::parse::Reason;
use crate::definition::Definition;
use crate::error::{Error, Result};
use crate::ids::NO_ID;
use crate::table::shared::{AMOUNT, CUSTOMERS, ORDERS};
use crate::table::{Column, Field, Table, Values, categories, columns};
use crate::words::{KindWord, StatusWord};
use serde_json::json;

const FIELDS: [Field; 5] = columns! {
    "reason": Category, "", "理由", "The reason why these rows count or do not count.";
    "rows": Int, "rows", "行数", "Rows of the input.";
    ORDERS, "Orders; left-out lines of orders are rows only.";
    CUSTOMERS, "Distinct customers with such an order.";
    AMOUNT;
};

categories! {
    /// A line of the reconciliation.
    Line {
        Counted = "counted", "Counted", "集計対象";
        Guest = "guest", "Guests: in shop totals only", "ゲスト（店舗合計のみ）";
        Refund = "refund", "Refund rows: lower revenue, no order", "返金行";
        FullRefund = "full_refund", "Fully refunded", "全額返金";
        ZeroValue = "zero_value", "Zero value", "ゼロ円注文";
        NotOrdered = "not_ordered", "Not ordered", "未受注";
        Cancelled = "cancelled", "Cancelled", "キャンセル";
        PaymentFailed = "payment_failed", "Payment failed", "決済失敗";
        Refunded = "refunded", "Refunded", "返金";
        Returned = "returned", "Returned", "返品";
        Test = "test", "Test", "テスト";
        Completed = "completed", "Completed, left out by the policy", "完了（対象外）";
        Pending = "pending", "Pending, left out by the policy", "処理中（対象外）";
        OneOff = "one_off", "One-off, left out by the policy", "都度購入（対象外）";
        SubFirst = "sub_first", "Subscription, first, left out by the policy", "定期初回（対象外）";
        SubRenewal = "sub_renewal", "Subscription, renewal, left out by the policy", "定期継続（対象外）";
        Swap = "swap", "Exchange", "交換";
        Sample = "sample", "Sample", "サンプル";
        Filtered = "filtered", "Left out by the view's filter", "絞り込み対象外";
        BadTime = "bad_time", "Row left out: time", "除外行: 日時";
        BadAmount = "bad_amount", "Row left out: amount", "除外行: 金額";
        BadOrderId = "bad_order_id", "Row left out: order id", "除外行: 注文番号";
        BadQuantity = "bad_quantity", "Row left out: quantity", "除外行: 数量";
        BadMoney = "bad_money", "Row left out: other money column", "除外行: その他金額";
        BadWord = "bad_word", "Row left out: unknown word", "除外行: 不明な区分";
        BadCurrency = "bad_currency", "Row left out: currency", "除外行: 通貨";
        BadRefundTime = "bad_refund_time", "Row left out: refund time", "除外行: 返金日時";
        GuestDropped = "guest_dropped", "Guests, left out", "ゲスト（除外）";
        Repeated = "repeated_row", "Repeated rows, left out", "重複行";
        Replaced = "replaced", "Rows of orders that later rows replaced", "置き換えられた行";
        CameAgain = "came_again", "Rows of orders that were there already, left out", "既存の注文の行（除外）";
        Total = "total", "Total that came in", "入力合計";
    }
}

impl Orders {
    /// The reconciliation as a table: `reason rows orders customers amount`. Rows, orders and
    /// amount add up to the line `total`; customers are distinct in each line. The order of lines
    /// is fixed; lines without rows are left out.
    ///
    /// # Errors
    ///
    /// A sum that does not fit into 64 bits; out of memory.
    pub fn reconciliation(&self, context: &Context) -> Result<Table> {
        context.check()?;
        let sums = Sums::of(self)?;
        let (n, total) = (Line::LABELS.len(), Line::Total as usize);
        let mut keep = room(n, "reconciliation")?;
        keep.extend(
            (0..n).filter(|i| sums.rows[*i] != 0 || sums.orders[*i] != 0 || *i == 0 || *i == total),
        );
        let mut money = room(keep.len(), "reconciliation")?;
        for i in &keep {
            let amount = i64::try_from(sums.amounts[*i]).map_err(|_| Error::Overflow {
                column: self.spec.amount.clone(),
                what: "the sum of all amounts",
            })?;
            money.push(amount);
        }
        let pick = |from: &[i64]| Values::I64(keep.iter().map(|i| from[*i]).collect());
        let values = [
            Values::Category {
                codes: keep.iter().map(|i| *i as u8).collect(),
                labels: Line::LABELS,
            },
            pick(&sums.rows),
            pick(&sums.orders),
            pick(&sums.customers),
            Values::Money(money.into(), self.currency()),
        ];
        let columns = FIELDS
            .iter()
            .zip(values)
            .map(|(field, values)| Column::new(field, values));
        let contents = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "analysis": "reconciliation",
            "scope": {
                "as_of": self.last_date.map(|d| d.to_string()),
                "currency": self.currency(),
                "timezone": self.zone().to_string(),
                "policy": self.view.policy,
            },
            "options": self.spec.as_ref(),
        });
        Ok(Table::new(columns.collect())
            .with_definition(Definition::new(move || contents.clone()))
            .with_note("rounded_amounts", json!(self.data.rows.rounded))
            .with_note("customers_not_in_table", json!(self.unknown_customers())))
    }

    /// The line of an order; `actions` is what its policy makes of its state.
    fn line(&self, order: usize, actions: &[u8; 256]) -> Line {
        let state = self.data.state(order);
        let (_, _, class) = unpack(state);
        let counts = actions[usize::from(state)] & REVENUE != 0;
        match (counts, self.lets_through(order), self.data.customer[order]) {
            (_, false, _) => Line::Filtered,
            (false, ..) => self.reason(state),
            (true, _, _) if class == Class::Refund => Line::Refund,
            (true, _, NO_ID) => Line::Guest,
            _ => Line::Counted,
        }
    }

    /// The number of customers with orders who are not in the customers table; `None` without a
    /// table.
    fn unknown_customers(&self) -> Option<usize> {
        let rows = self.customer_rows.as_ref()?;
        let with_orders = self.with_orders().ok()?;
        Some(
            (0..rows.len())
                .filter(|c| with_orders[*c] && rows[*c] == NO_ID)
                .count(),
        )
    }

    /// The reason why an order of this state does not count: its kind, its status, or its class.
    fn reason(&self, state: u8) -> Line {
        let (status, kind, class) = unpack(state);
        let policy = &self.view.policy;
        if !policy.statuses.contains(&status) {
            return match status {
                StatusWord::Completed => Line::Completed,
                StatusWord::Pending => Line::Pending,
                StatusWord::NotOrdered => Line::NotOrdered,
                StatusWord::Cancelled => Line::Cancelled,
                StatusWord::PaymentFailed => Line::PaymentFailed,
                StatusWord::Refunded => Line::Refunded,
                StatusWord::Returned => Line::Returned,
                StatusWord::Test => Line::Test,
            };
        }
        if !policy.kinds.contains(&kind) {
            return match kind {
                KindWord::OneOff => Line::OneOff,
                KindWord::SubFirst => Line::SubFirst,
                KindWord::SubRenewal => Line::SubRenewal,
                KindWord::Swap => Line::Swap,
                KindWord::Sample => Line::Sample,
            };
        }
        match class {
            Class::FullRefund => Line::FullRefund,
            Class::Refund => Line::Refund,
            Class::Order | Class::ZeroValue => Line::ZeroValue,
        }
    }
}

/// What each line of the table sums up.
struct Sums {
    rows: Vec<i64>,
    orders: Vec<i64>,
    customers: Vec<i64>,
    amounts: Vec<i128>,
}

impl Sums {
    fn of(orders: &Orders) -> Result<Sums> {
        let n = Line::LABELS.len();
        let mut sums = Sums {
            rows: filled(n, 0, "reconciliation")?,
            orders: filled(n, 0, "reconciliation")?,
            customers: filled(n, 0, "reconciliation")?,
            amounts: filled(n, 0, "reconciliation")?,
        };
        let with_an_order = sums.count(orders)?;
        sums.left_out(orders);
        let total = Line::Total as usize;
        sums.rows[total] = sums.rows.iter().sum();
        sums.orders[total] = sums.orders.iter().sum();
        sums.amounts[total] = sums.amounts.iter().sum();
        sums.customers[total] = with_an_order;
        Ok(sums)
    }

    /// Counts what became orders. Gives the number of customers with any.
    fn count(&mut self, orders: &Orders) -> Result<i64> {
        let data = &orders.data;
        let actions = actions(&orders.view.policy);
        // One bit per line and customer.
        let mut seen = filled(data.ids().len(), 0_u32, "reconciliation")?;
        for i in 0..data.len() {
            let line = orders.line(i, &actions) as usize;
            let (_, _, class) = unpack(data.state(i));
            if data.line_order.is_none() {
                self.rows[line] += 1;
            }
            self.orders[line] += i64::from(class != Class::Refund);
            self.amounts[line] += i128::from(data.net[i]);
            if data.customer[i] != NO_ID {
                let bit = 1 << line;
                let seen = &mut seen[data.customer[i] as usize];
                self.customers[line] += i64::from(*seen & bit == 0);
                *seen |= bit;
            }
        }
        if let Some(line_order) = &data.line_order {
            for order in line_order.iter() {
                self.rows[orders.line(*order as usize, &actions) as usize] += 1;
            }
        }
        Ok(seen.iter().filter(|bits| **bits != 0).count() as i64)
    }

    /// Counts the rows that were left out before they became orders.
    fn left_out(&mut self, orders: &Orders) {
        for left in &orders.data.rows.left_out {
            let line = match left.reason {
                // Rows of orders have no measures.
                Reason::Good | Reason::BadMeasure => continue,
                Reason::BadTime => Line::BadTime,
                Reason::BadAmount => Line::BadAmount,
                Reason::BadOrderId => Line::BadOrderId,
                Reason::BadQuantity => Line::BadQuantity,
                Reason::BadMoney => Line::BadMoney,
                Reason::BadWord => Line::BadWord,
                Reason::BadCurrency => Line::BadCurrency,
                Reason::BadRefundTime => Line::BadRefundTime,
                Reason::Guest => Line::GuestDropped,
                Reason::Repeated => Line::Repeated,
                Reason::Filtered => Line::Filtered,
                Reason::Replaced => Line::Replaced,
                Reason::CameAgain => Line::CameAgain,
            } as usize;
            self.rows[line] += left.rows as i64;
            self.amounts[line] += left.amount;
            if orders.data.line_order.is_none() {
                self.orders[line] += left.rows as i64;
            }
        }
    }
}
