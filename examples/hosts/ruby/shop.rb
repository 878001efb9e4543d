# frozen_string_literal: true

# A shop's evening in Ruby: ../README.md says how to run it.
require "sqlite3"
require_relative "crm"

path, library = ARGV
Crm.load(library || "/usr/local/lib/libcrm.so.0")
DATABASE = SQLite3::Database.new(path || "shop.sqlite", readonly: true)
SPEC = {
  currency: "JPY", timezone: "Asia/Tokyo", guests: "keep",
  order_id: "order_no", ordered_at: "order_date", amount: "payment_total", status: "status",
  status_map: { "新規受付" => "pending", "対応中" => "pending", "発送済み" => "completed", "注文取消し" => "cancelled" },
  cells: %w[customer_id order_no order_date payment_total status]
}.freeze

# The orders of all customers, or of one.
def load_orders(customer = nil)
  sql = "SELECT o.customer_id, o.order_no, o.order_date, o.payment_total, s.name FROM dtb_order o " \
        "JOIN mtb_order_status s ON s.id = o.order_status_id " \
        "#{'WHERE o.customer_id = ? ' if customer}ORDER BY o.order_no"
  Crm::Orders.from_rows(SPEC, DATABASE.execute(sql, [customer].compact))
end

orders = load_orders
day = { as_of: "2026-11-21" }
print "== RFM\r\n", orders.csv("rfm_segments", day)
print "== CPM\r\n", orders.csv("cpm_segments", day)

print "== Today\r\n"
orders.run("alerts", day.merge(since: "2026-11-14")).each do |alert|
  print alert["customer_id"], ": ", alert["reason_ja"], "\r\n"
end

# What was learnt of the shop is the request of the page, but for the day.
page = load_orders(10).run("customer", day.merge(orders.notes("learn", day))).first
print "== Customer 10\r\n"
%w[rfm_segment cpm_segment level reason_ja].each { |name| print name, ": ", page[name] || "-", "\r\n" }

File.binwrite("crm-orders.bin", orders.bytes)
again = Crm::Orders.from_bytes(File.binread("crm-orders.bin"))
File.delete("crm-orders.bin")
same = again.run("rfm", day) == orders.run("rfm", day)
print "== Saved\r\n", same ? "the same numbers after reading" : "OTHER NUMBERS", "\r\n"
