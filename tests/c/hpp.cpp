// crm.hpp: ownership, errors, cells of every type, columns, texts, the state. Numbers are made by hand.
#include "crm.hpp"

#include <cstdio>
#include <memory>
#include <thread>

static int passed = 0;
static int failed = 0;

#define CHECK(condition)                                                  \
  do {                                                                    \
    if (condition) {                                                      \
      passed++;                                                           \
    } else {                                                              \
      failed++;                                                           \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
    }                                                                     \
  } while (0)

template <typename Function>
static crm_status_t status_of(Function function) {
  try {
    function();
  } catch (const crm::Error &error) {
    return error.status();
  }
  return CRM_OK;
}

static const char *const SPEC =
    CRM_JSON({"currency": "JPY", "channel": "channel", "cells": ["customer_id", "ordered_at", "amount", "channel"]});

static crm::Orders orders() {
  crm::OrderRows rows(SPEC);
  rows.add("hanako", std::string("2026-01-10"), 4980, std::optional<std::string>("mail"));
  rows.add(std::string_view("hanako"), "2026-05-02", std::int64_t{12800}, nullptr);
  rows.add("taro", "2026-02-01", "1980", std::optional<std::string>());
  rows.json(CRM_JSON([["jiro", "2026-03-01", 300, "web"]]));
  return rows.finish();
}

// Tables, and what is read of them.
static void tables() {
  const crm::Orders shop = orders();
  const crm::Table table = shop.run("rfm", CRM_JSON({"as_of": "2026-05-12"}));
  CHECK(table.rows() == 3);
  const auto revenue = table.i64("revenue");
  CHECK(revenue.size() == 3 && revenue[0] == 17780 && revenue.at(1) == 300 && revenue[2] == 1980);
  std::int64_t sum = 0;
  for (const std::int64_t one : revenue) sum += one;
  CHECK(sum == 20060);
  CHECK(table.i32("recency_days")[0] == 10);
  CHECK(table.text("customer_id", 1) == "jiro");
  CHECK(table.currency("revenue") == std::make_pair(std::string("JPY"), 0));
  CHECK(table.type(table.find("revenue")) == CRM_TYPE_MONEY);
  CHECK(table.name(table.find("revenue")) == "revenue" && !table.definition().empty());
  CHECK(table.hash().size() == 16 && table.notes().front() == '{');
  CHECK(table.heading(table.find("customer_id"), CRM_LANGUAGE_JA) == "会員ID");
  CHECK(table.validity("revenue").empty());
  CHECK(table.to_json(1, 1).find("\"customer_id\":\"jiro\"") != std::string::npos);
  CHECK(table.to_csv().compare(0, 11, "customer_id") == 0);
  try {
    revenue.at(3);
    CHECK(false);
  } catch (const std::out_of_range &) {
    CHECK(true);
  }
}

// What fails says what, where and in which row.
static void errors() {
  try {
    crm::OrderRows rows(SPEC);
    rows.add("hanako", "2026-01-10", 4980, nullptr);
    rows.add("taro", "tomorrow", 4980, nullptr);
    rows.finish();
    CHECK(false);
  } catch (const crm::Error &error) {
    CHECK(error.status() == CRM_ERR_DATA && std::string(error.name()) == "CRM_ERR_DATA");
    CHECK(error.row() == std::optional<std::uint64_t>(1) && error.column() == "ordered_at");
    CHECK(std::string(error.what()).find("tomorrow") == std::string::npos);
  }
  const crm::Orders shop = orders();
  CHECK(status_of([&] { shop.run("rfn"); }) == CRM_ERR_OPTION);
  CHECK(status_of([&] { shop.run("rfm", CRM_JSON({"levels": 99})); }) == CRM_ERR_OPTION);
  const crm::Table table = shop.run("rfm");
  CHECK(status_of([&] { table.i64("no_such"); }) == CRM_ERR_SCHEMA);
  CHECK(status_of([&] { table.f64("revenue"); }) == CRM_ERR_TYPE);
  CHECK(status_of([&] { crm::OrderRows("{"); }) != CRM_OK);
  CHECK(status_of([&] { crm::Orders::from_bytes("no such bytes"); }) == CRM_ERR_DATA);
  crm::Job job = crm::Job::create();
  job.set_budget(1);
  CHECK(status_of([&] { shop.run("rfm", {}, job); }) == CRM_ERR_BUDGET);
  job.set_budget(0);
  CHECK(status_of([&] { shop.run("rfm", {}, job); }) == CRM_OK);
  job.cancel();
  CHECK(status_of([&] { shop.run("rfm", {}, job); }) == CRM_ERR_CANCELLED);
}

// Handles move; what was moved from is nothing, and is refused.
static void ownership() {
  crm::Orders one = orders();
  const crm_orders raw = one.raw();
  crm::Orders two = std::move(one);
  CHECK(!one && two && two.raw().id == raw.id);
  CHECK(status_of([&] { one.run("rfm"); }) == CRM_ERR_HANDLE);
  two = orders();  // frees what it held
  CHECK(status_of([&] { crm::detail::call(crm_orders_free, raw); }) == CRM_ERR_HANDLE);
  auto kept = std::make_unique<crm::Table>(two.run("rfm"));
  two = crm::Orders(crm_orders{});
  CHECK(kept->rows() == 3);  // a table outlives its orders
  static_assert(!std::is_copy_constructible_v<crm::Orders> && !std::is_copy_assignable_v<crm::Table>);
  static_assert(std::is_nothrow_move_constructible_v<crm::Events> && std::is_nothrow_destructible_v<crm::Rows>);
  crm::OrderRows rows(SPEC);
  rows.cell("open");  // freed with an unfinished row
}

// Columns of vectors give what rows give.
static void columns() {
  const std::vector<std::int64_t> amounts{4980, 12800, 1980, 300};
  const std::vector<std::uint16_t> ids{7, 7, 8, 9};
  const std::vector<double> floats{4980, 12800, 1980, 300};
  const crm::Texts days({"2026-01-10", "2026-05-02", "2026-02-01", "2026-03-01"});
  const crm::Orders whole = crm::Orders::from_columns(
      CRM_JSON({"currency": "JPY"}),
      {crm::column("customer_id", ids), days.column("ordered_at"), crm::column("amount", amounts)});
  const crm::Orders with_floats = crm::Orders::from_columns(
      CRM_JSON({"currency": "JPY"}),
      {crm::column("customer_id", ids), days.column("ordered_at"), crm::column("amount", floats)});
  const char *day = CRM_JSON({"as_of": "2026-05-12"});
  CHECK(whole.run("rfm", day).to_json() == with_floats.run("rfm", day).to_json());
  const crm::Table table = whole.run("rfm", day);
  CHECK(table.u64("customer_id").size() == 3 && table.u64("customer_id")[2] == 9);
  CHECK(table.i64("revenue")[0] == 17780);
}

// Views, concat, forget, state, customers, events, tables as data.
static void datasets() {
  const crm::Orders shop = orders();
  CHECK(shop.view(CRM_JSON({"where": {"channel": "web"}})).info().find("\"orders\":1") != std::string::npos);
  CHECK(shop.concat(orders()).info().find("\"orders\":8") != std::string::npos);
  CHECK(shop.forget(CRM_JSON(["hanako"])).info().find("\"customers\":2") != std::string::npos);
  const std::string bytes = shop.to_bytes();
  const crm::Orders again = crm::Orders::from_bytes(bytes);
  CHECK(again.to_bytes() == bytes);
  CHECK(again.run("rfm").to_json() == shop.run("rfm").to_json());
  CHECK(shop.reconciliation().rows() > 0);
  CHECK(shop.of_customers(CRM_JSON(["hanako"])).run("rfm").rows() == 1);
  // Without order ids nothing can be there already.
  CHECK(shop.append(orders()).info().find("\"repeated\":0") != std::string::npos);
  CHECK(status_of([&] { shop.append(orders(), CRM_JSON({"on_repeat": "replace"})); }) == CRM_ERR_OPTION);

  crm::CustomerRows people(CRM_JSON({"cells": ["customer_id", "registered_at"], "registered_at": "registered_at"}));
  people.add("saburo", "2026-01-01");
  const crm::Customers customers = people.finish();
  CHECK(crm::Customers::from_bytes(customers.to_bytes()).info() == "{\"customers\":1}");
  CHECK(customers.forget(CRM_JSON(["saburo"])).info().find("\"customers\":0") != std::string::npos);
  crm::OrderRows rows(SPEC);
  rows.add("hanako", "2026-01-10", 4980, nullptr);
  const crm::Orders with = rows.finish(customers);
  CHECK(with.run("rfm", CRM_JSON({"prospects": true})).rows() == 2);

  crm::EventRows log(CRM_JSON({"page": "page", "cells": ["visitor_id", "occurred_at", "kind", "page"]}));
  log.add("v1", "2026-01-01T10:00:00", "view", "/");
  log.add("v1", "2026-01-01T10:01:00", "view", "/cart");
  const crm::Events events = log.finish();
  CHECK(events.run("page_exits").rows() > 0);
  CHECK(crm::Events::from_bytes(events.to_bytes()).info() == events.info());
  CHECK(events.forget(CRM_JSON(["v1"]), 1).info().find("\"events\":0") != std::string::npos);
  CHECK(events.concat(events).info().find("\"events\":4") != std::string::npos);

  // An id that a key replaces; the pseudonym is that of Python's hmac and uuid.
  const std::string pseudonym = crm::pseudonym("0123456789abcdef", "hanako");
  CHECK(pseudonym == "16192ed8-60d5-8eae-8179-c6cd19846566");
  CHECK(status_of([] { crm::pseudonym("short", "hanako"); }) == CRM_ERR_OPTION);
  crm::OrderRows secret(CRM_JSON({"currency": "JPY", "pseudonym_key": "0123456789abcdef",
                                  "cells": ["customer_id", "ordered_at", "amount"]}));
  secret.add("hanako", "2026-01-10", 4980);
  const crm::Table kept = secret.finish().run("rfm");
  CHECK(kept.text("customer_id", 0) == pseudonym);

  const crm::Table summary = shop.run("clv_summary", CRM_JSON({"as_of": "2026-12-31"}));
  CHECK(status_of([&] { summary.run("rfm"); }) == CRM_ERR_OPTION);  // it reads orders
  CHECK(crm::tasks().find("\"rfm\"") != std::string_view::npos);
  CHECK(crm::describe("rfm").find("levels") != std::string_view::npos);
}

static void threads() {
  crm::set_threads(2);
  const crm::Orders shop = orders();
  const std::string alone = shop.run("summary").to_json();
  std::vector<std::string> found(4);
  std::vector<std::thread> all;
  for (std::string &one : found) all.emplace_back([&] { one = shop.run("summary").to_json(); });
  for (std::thread &one : all) one.join();
  for (const std::string &one : found) CHECK(one == alone);
  crm::set_threads(1);
  CHECK(crm_shutdown(nullptr) == CRM_OK);
}

int main() {
  tables();
  errors();
  ownership();
  columns();
  datasets();
  threads();
  std::printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
