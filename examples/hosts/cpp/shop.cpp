// A shop's evening in C++: orders from SQLite, RFM, CPM, today's alerts, the page of one customer, and
// the state saved and read again. ../README.md says how to build and run it.
#include <sqlite3.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "crm.hpp"

namespace {

constexpr const char *SPEC = CRM_JSON({
  "currency": "JPY", "timezone": "Asia/Tokyo", "guests": "keep",
  "order_id": "order_no", "ordered_at": "order_date", "amount": "payment_total", "status": "status",
  "status_map": {"新規受付": "pending", "対応中": "pending", "発送済み": "completed", "注文取消し": "cancelled"},
  "cells": ["customer_id", "order_no", "order_date", "payment_total", "status"]
});

struct Close {
  void operator()(sqlite3 *database) const { sqlite3_close(database); }
  void operator()(sqlite3_stmt *statement) const { sqlite3_finalize(statement); }
};

// The orders of all customers, or of one.
crm::Orders load(sqlite3 *database, int customer = 0) {
  std::string sql =
      "SELECT o.customer_id, o.order_no, o.order_date, o.payment_total, s.name FROM dtb_order o"
      " JOIN mtb_order_status s ON s.id = o.order_status_id";
  if (customer != 0) sql += " WHERE o.customer_id = " + std::to_string(customer);
  sqlite3_stmt *raw = nullptr;
  if (sqlite3_prepare_v2(database, (sql + " ORDER BY o.order_no").c_str(), -1, &raw, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(database));
  const std::unique_ptr<sqlite3_stmt, Close> statement(raw);

  crm::OrderRows rows(SPEC);
  while (sqlite3_step(raw) == SQLITE_ROW) {
    for (int i = 0; i < 5; i++) {
      if (sqlite3_column_type(raw, i) == SQLITE_INTEGER) {
        rows.cell(static_cast<std::int64_t>(sqlite3_column_int64(raw, i)));
      } else {
        rows.cell(reinterpret_cast<const char *>(sqlite3_column_text(raw, i)));  // NULL is a null
      }
    }
    rows.end();
  }
  return rows.finish();
}

void print(const char *title, const std::string &text) {
  std::cout << "== " << title << "\r\n" << text;
}

void shop(const char *path) {
  sqlite3 *raw = nullptr;
  if (sqlite3_open_v2(path, &raw, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(raw));
  const std::unique_ptr<sqlite3, Close> database(raw);
  const crm::Orders orders = load(raw);
  const char *day = CRM_JSON({"as_of": "2026-11-21"});

  print("RFM", orders.run("rfm_segments", day).to_csv(CRM_LANGUAGE_JA));
  print("CPM", orders.run("cpm_segments", day).to_csv(CRM_LANGUAGE_JA));

  const crm::Table alerts =
      orders.run("alerts", CRM_JSON({"as_of": "2026-11-21", "since": "2026-11-14"}));
  print("Today", "");
  const auto ids = alerts.i64("customer_id");
  for (std::size_t row = 0; row < alerts.rows(); row++)
    std::cout << ids[row] << ": " << alerts.text("reason_ja", row).value_or("") << "\r\n";

  // What was learnt of the shop is the request of the page, but for the day.
  const crm::Table learnt = orders.run("learn", day);
  const std::string request = "{\"as_of\": \"2026-11-21\", " + std::string(learnt.notes().substr(1));
  const crm::Table page = load(raw, 10).run("customer", request);
  print("Customer 10", "");
  for (const char *column : {"rfm_segment", "cpm_segment", "level", "reason_ja"})
    std::cout << column << ": " << page.text(column, 0).value_or("-") << "\r\n";

  const char *saved = "crm-orders.bin";
  std::ofstream(saved, std::ios::binary) << orders.to_bytes();
  std::ifstream file(saved, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const crm::Orders again = crm::Orders::from_bytes(bytes);
  const bool same = again.run("rfm", day).to_json() == orders.run("rfm", day).to_json();
  print("Saved", same ? "the same numbers after reading\r\n" : "OTHER NUMBERS\r\n");
  std::remove(saved);
}

}  // namespace

int main(int count, char **arguments) {
  try {
    shop(count > 1 ? arguments[1] : "shop.sqlite");
    return 0;
  } catch (const crm::Error &error) {
    std::cerr << error.name() << ": " << error.what() << "\n" << error.hint() << "\n";
  } catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
  }
  return 1;
}
