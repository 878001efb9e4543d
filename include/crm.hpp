/* Customer analytics for e-commerce in C++17: crm.h with handles that free themselves, errors as
 * exceptions, and columns as spans. Header only; link with libcrm as for C.
 *
 *     crm::OrderRows rows(CRM_JSON({"currency": "JPY", "cells": ["customer_id", "ordered_at", "amount"]}));
 *     rows.add("hanako", "2026-01-10T09:30:00", 4980);
 *     const crm::Orders orders = rows.finish();
 *     const crm::Table table = orders.run("rfm", CRM_JSON({"as_of": "2026-11-21"}));
 *     for (auto revenue : table.i64("revenue")) ...
 *
 * - A function that fails throws crm::Error, with the status, the row and the column. Nothing throws in
 *   destructors.
 * - Handles can be moved, not copied. Many threads may use one at once; only one thread may use rows.
 * - Spans and texts of a table are valid as long as the table; those of a temporary are refused by the
 *   compiler.
 * - crm.h says what each function means and which statuses it returns. */

#ifndef CRM_HPP
#define CRM_HPP

#include "crm.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace crm {

/* The error of a call. what() is the message; it never shows a cell. */
class Error : public std::runtime_error {
 public:
  Error(crm_status_t status, const crm_error &error)
      : std::runtime_error(error.message),
        status_(status),
        row_(error.row),
        column_(error.column),
        hint_(error.hint) {}

  /* One of CRM_ERR_... */
  crm_status_t status() const noexcept { return status_; }
  /* The name of the status, such as CRM_ERR_DATA. */
  const char *name() const noexcept { return crm_status_name(status_); }
  /* The row of the error in the caller's order, from 0. */
  std::optional<std::uint64_t> row() const noexcept {
    return row_ < 0 ? std::nullopt : std::optional<std::uint64_t>(static_cast<std::uint64_t>(row_));
  }
  /* The column, argument or option of the error; empty if there is none. */
  const std::string &column() const noexcept { return column_; }
  /* What the caller can do about it; may be empty. */
  const std::string &hint() const noexcept { return hint_; }

 private:
  crm_status_t status_;
  std::int64_t row_;
  std::string column_;
  std::string hint_;
};

/* Items that a table owns. */
template <typename T>
class Span {
 public:
  Span() noexcept = default;
  Span(const T *data, std::size_t size) noexcept : data_(data), size_(size) {}

  const T *data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const T *begin() const noexcept { return data_; }
  const T *end() const noexcept { return data_ + size_; }
  const T &operator[](std::size_t i) const noexcept { return data_[i]; }
  const T &at(std::size_t i) const {
    if (i >= size_) throw std::out_of_range("crm::Span: an index behind the end");
    return data_[i];
  }

 private:
  const T *data_ = nullptr;
  std::size_t size_ = 0;
};

namespace detail {

/* Calls a function of crm.h with an error of its own, and throws if it fails. */
template <typename Function, typename... Arguments>
void call(Function function, Arguments... arguments) {
  crm_error error = {};
  error.size = static_cast<std::uint32_t>(sizeof error);
  const crm_status_t status = function(arguments..., &error);
  if (status != CRM_OK) throw Error(status, error);
}

inline std::string_view view(const crm_text &text) noexcept {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

/* Texts of C++ have no NUL at their end, so their size is given. */
inline std::int64_t size(std::string_view text) noexcept {
  return static_cast<std::int64_t>(text.size());
}

/* A pointer that is never NULL, as the functions want it for 0 bytes, too. */
inline const char *data(std::string_view text) noexcept {
  return text.data() == nullptr ? "" : text.data();
}

/* A handle that frees itself. */
template <typename Raw, crm_status_t (*Free)(Raw, crm_error *)>
class Handle {
 public:
  Handle() noexcept = default;
  explicit Handle(Raw raw) noexcept : raw_(raw) {}
  Handle(const Handle &) = delete;
  Handle &operator=(const Handle &) = delete;
  Handle(Handle &&other) noexcept : raw_(other.release()) {}
  Handle &operator=(Handle &&other) noexcept {
    if (this != &other) {
      reset();
      raw_ = other.release();
    }
    return *this;
  }
  ~Handle() { reset(); }

  /* Whether it holds something: not after it was moved from. */
  explicit operator bool() const noexcept { return raw_.id != 0; }
  /* The handle for functions of crm.h. It stays owned. */
  Raw raw() const noexcept { return raw_; }
  /* The handle, which the caller frees. */
  Raw release() noexcept { return std::exchange(raw_, Raw{}); }

 private:
  void reset() noexcept {
    if (raw_.id != 0) Free(release(), nullptr);
  }

  Raw raw_ = {};
};

/* What a function such as crm_orders_write writes. */
template <typename Function, typename Raw>
std::string bytes(Function write, Raw raw) {
  std::string out;
  std::size_t size = 0;
  char none = 0;
  call(write, raw, &none, std::size_t{0}, &size);
  out.resize(size);
  call(write, raw, &out[0], out.size(), &size);
  return out;
}

}  // namespace detail

/* A column of numbers for from_columns(). It points to the name and the values: both must live as long as
 * the call. */
template <typename T>
crm_column column(const char *name, const std::vector<T> &values) {
  static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>, "numbers");
  static_assert(!std::is_floating_point_v<T> || sizeof(T) == 4 || sizeof(T) == 8, "float or double");
  crm_column out = {};
  out.size = static_cast<std::uint32_t>(sizeof out);
  constexpr std::int32_t log = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  out.type = std::is_floating_point_v<T> ? CRM_COLUMN_F32 + log - 2
             : std::is_signed_v<T>       ? CRM_COLUMN_I8 + log
                                         : CRM_COLUMN_U8 + log;
  out.name = name;
  out.name_size = -1;
  out.rows = values.size();
  out.values = values.data();
  out.values_size = values.size() * sizeof(T);
  return out;
}

/* Texts as a column for from_columns(): ids, words, times, amounts. It copies the texts. */
class Texts {
 public:
  explicit Texts(const std::vector<std::string> &texts) : offsets_{0} {
    for (const std::string &text : texts) {
      bytes_ += text;
      offsets_.push_back(static_cast<std::int64_t>(bytes_.size()));
    }
  }
  /* It points into this object, and to the name. */
  crm_column column(const char *name) const & {
    crm_column out = {};
    out.size = static_cast<std::uint32_t>(sizeof out);
    out.type = CRM_COLUMN_LARGE_UTF8;
    out.name = name;
    out.name_size = -1;
    out.rows = offsets_.size() - 1;
    out.values = bytes_.data();
    out.values_size = bytes_.size();
    out.offsets = offsets_.data();
    out.offsets_size = offsets_.size() * sizeof(std::int64_t);
    return out;
  }
  crm_column column(const char *) const && = delete;

 private:
  std::string bytes_;
  std::vector<std::int64_t> offsets_;
};

/* Cancels calls from another thread, tells their progress, and limits their memory. */
class Job : public detail::Handle<crm_job, crm_job_free> {
 public:
  /* A job that calls can be given. */
  static Job create() {
    crm_job raw = {};
    detail::call(crm_job_create, &raw);
    return Job(raw);
  }
  /* No job. */
  Job() noexcept = default;

  void cancel() const { detail::call(crm_job_cancel, raw()); }
  /* Rows done and rows expected; 0 expected while unknown. */
  std::pair<std::uint64_t, std::uint64_t> progress() const {
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    detail::call(crm_job_progress, raw(), &done, &total);
    return {done, total};
  }
  void set_budget(std::uint64_t bytes) const { detail::call(crm_job_set_budget, raw(), bytes); }

 private:
  explicit Job(crm_job raw) noexcept : Handle(raw) {}
};

/* The result of an analysis: named, typed columns of equal length. */
class Table : public detail::Handle<crm_table, crm_table_free> {
 public:
  explicit Table(crm_table raw) noexcept : Handle(raw) {}

  /* A table for analyses that read tables. */
  static Table from_columns(const std::vector<crm_column> &columns, const Job &job = Job()) {
    crm_table raw = {};
    detail::call(crm_table_from_columns, columns.data(), columns.size(), job.raw(), &raw);
    return Table(raw);
  }

  std::size_t rows() const { return count(crm_table_row_count); }
  std::size_t columns() const { return count(crm_table_column_count); }
  /* The number of the column with a name. */
  std::size_t find(const std::string &name) const {
    std::size_t column = 0;
    detail::call(crm_table_find, raw(), name.c_str(), &column);
    return column;
  }
  std::string_view name(std::size_t column) const & { return text_of(crm_table_name, column); }
  std::string_view unit(std::size_t column) const & { return text_of(crm_table_unit, column); }
  std::string_view heading(std::size_t column, crm_language language) const & {
    crm_text text = {};
    detail::call(crm_table_heading, raw(), column, static_cast<std::int32_t>(language), &text);
    return detail::view(text);
  }
  crm_type type(std::size_t column) const {
    std::int32_t type = 0;
    detail::call(crm_table_type, raw(), column, &type);
    return static_cast<crm_type>(type);
  }

  /* The cells of a column. Null cells are 0; validity() tells them apart. */
  Span<std::int32_t> i32(const std::string &name) const & { return cells(crm_table_i32, name); }
  Span<std::int64_t> i64(const std::string &name) const & { return cells(crm_table_i64, name); }
  Span<std::uint64_t> u64(const std::string &name) const & { return cells(crm_table_u64, name); }
  Span<double> f64(const std::string &name) const & { return cells(crm_table_f64, name); }
  Span<std::uint8_t> u8(const std::string &name) const & { return cells(crm_table_u8, name); }
  /* One byte a row, 0 where the cell is null; empty if every cell has a value. */
  Span<std::uint8_t> validity(const std::string &name) const & {
    const std::uint8_t *out = nullptr;
    detail::call(crm_table_validity, raw(), find(name), &out);
    return out == nullptr ? Span<std::uint8_t>() : Span<std::uint8_t>(out, rows());
  }
  /* A cell of texts, of words (the code) or of ids that are texts; none for a null cell. */
  std::optional<std::string_view> text(const std::string &name, std::size_t row) const & {
    crm_text text = {};
    detail::call(crm_table_utf8, raw(), find(name), row, &text);
    return text.data == nullptr ? std::nullopt : std::optional<std::string_view>(detail::view(text));
  }
  /* The currency of a column of money, and the decimals of its minor unit. */
  std::pair<std::string, int> currency(const std::string &name) const {
    char code[4] = {};
    std::int32_t decimals = 0;
    detail::call(crm_table_currency, raw(), find(name), code, &decimals);
    return {code, static_cast<int>(decimals)};
  }

  /* Rows as one text; all of them by default. */
  std::string to_json(std::size_t first_row = 0, std::size_t rows = SIZE_MAX) const {
    return as_text(CRM_TEXT_JSON, CRM_LANGUAGE_CODE, first_row, rows);
  }
  std::string to_csv(crm_language language = CRM_LANGUAGE_CODE, std::size_t first_row = 0,
                     std::size_t rows = SIZE_MAX) const {
    return as_text(CRM_TEXT_CSV, language, first_row, rows);
  }

  /* Canonical JSON of what the numbers mean, its hash, and the notes of the analysis. */
  std::string_view definition() const & { return text_of(crm_table_definition); }
  std::string_view hash() const & { return text_of(crm_table_hash); }
  std::string_view notes() const & { return text_of(crm_table_notes); }

  /* An analysis of this table. */
  Table run(const std::string &task, std::string_view options = {}, const Job &job = Job()) const;

  // A table that nobody holds would take its texts with it.
  std::string_view name(std::size_t) const && = delete;
  std::string_view unit(std::size_t) const && = delete;
  std::string_view heading(std::size_t, crm_language) const && = delete;
  Span<std::int32_t> i32(const std::string &) const && = delete;
  Span<std::int64_t> i64(const std::string &) const && = delete;
  Span<std::uint64_t> u64(const std::string &) const && = delete;
  Span<double> f64(const std::string &) const && = delete;
  Span<std::uint8_t> u8(const std::string &) const && = delete;
  Span<std::uint8_t> validity(const std::string &) const && = delete;
  std::optional<std::string_view> text(const std::string &, std::size_t) const && = delete;
  std::string_view definition() const && = delete;
  std::string_view hash() const && = delete;
  std::string_view notes() const && = delete;

 private:
  template <typename Function>
  std::size_t count(Function function) const {
    std::size_t out = 0;
    detail::call(function, raw(), &out);
    return out;
  }
  template <typename Function, typename... Column>
  std::string_view text_of(Function function, Column... column) const {
    crm_text text = {};
    detail::call(function, raw(), column..., &text);
    return detail::view(text);
  }
  template <typename T>
  Span<T> cells(crm_status_t (*function)(crm_table, std::size_t, const T **, crm_error *),
                const std::string &name) const {
    const T *out = nullptr;
    detail::call(function, raw(), find(name), &out);
    return Span<T>(out, rows());
  }
  std::string as_text(crm_text_format format, crm_language language, std::size_t first,
                      std::size_t rows) const {
    std::string out;
    std::size_t size = 0;
    const auto call = [&](char *buffer, std::size_t capacity) {
      detail::call(crm_table_text, raw(), static_cast<std::int32_t>(format),
                   static_cast<std::int32_t>(language), first, rows, buffer, capacity, &size);
    };
    char none = 0;
    call(&none, 0);
    out.resize(size);
    call(&out[0], out.size());
    out.resize(size - 1);  // without the NUL
    return out;
  }
};

namespace detail {

inline Table run(const std::string &task, std::uint64_t id, std::string_view options,
                 const Job &job) {
  crm_table raw = {};
  call(crm_run, task.c_str(), crm_data{id}, data(options), size(options), job.raw(), &raw);
  return Table(raw);
}

}  // namespace detail

inline Table Table::run(const std::string &task, std::string_view options, const Job &job) const {
  return detail::run(task, raw().id, options, job);
}

/* A table of customers: date of registration, opt-out, dimensions. */
class Customers : public detail::Handle<crm_customers, crm_customers_free> {
 public:
  /* No table. */
  Customers() noexcept = default;
  explicit Customers(crm_customers raw) noexcept : Handle(raw) {}

  static Customers from_columns(std::string_view spec, const std::vector<crm_column> &columns,
                                const Job &job = Job()) {
    crm_customers raw = {};
    detail::call(crm_customers_from_columns, detail::data(spec), detail::size(spec), columns.data(),
                 columns.size(), job.raw(), &raw);
    return Customers(raw);
  }
  /* A table that to_bytes() has written. */
  static Customers from_bytes(std::string_view bytes, const Job &job = Job()) {
    crm_customers raw = {};
    detail::call(crm_customers_read, detail::data(bytes), static_cast<std::uint64_t>(bytes.size()),
                 job.raw(), &raw);
    return Customers(raw);
  }
  /* The table without some customers; `ids` is a JSON array. */
  Customers forget(std::string_view ids, const Job &job = Job()) const {
    crm_customers out = {};
    detail::call(crm_customers_forget, raw(), detail::data(ids), detail::size(ids), job.raw(),
                 &out);
    return Customers(out);
  }
  std::string to_bytes() const { return detail::bytes(crm_customers_write, raw()); }
  std::string info() const {
    crm_text text = {};
    detail::call(crm_customers_info, raw(), &text);
    return std::string(detail::view(text));
  }
};

/* Orders: validated, immutable. */
class Orders : public detail::Handle<crm_orders, crm_orders_free> {
 public:
  explicit Orders(crm_orders raw) noexcept : Handle(raw) {}

  static Orders from_columns(std::string_view spec, const std::vector<crm_column> &columns,
                             const Customers &customers = Customers(), const Job &job = Job()) {
    crm_orders raw = {};
    detail::call(crm_orders_from_columns, detail::data(spec), detail::size(spec), columns.data(),
                 columns.size(), customers.raw(), job.raw(), &raw);
    return Orders(raw);
  }
  /* Orders that to_bytes() has written. */
  static Orders from_bytes(std::string_view bytes, const Job &job = Job()) {
    crm_orders raw = {};
    detail::call(crm_orders_read, detail::data(bytes), static_cast<std::uint64_t>(bytes.size()),
                 job.raw(), &raw);
    return Orders(raw);
  }

  /* An analysis of crm_tasks; `options` is one JSON object. */
  Table run(const std::string &task, std::string_view options = {}, const Job &job = Job()) const {
    return detail::run(task, raw().id, options, job);
  }
  /* The orders that a filter and a policy choose. */
  Orders view(std::string_view request, const Job &job = Job()) const {
    crm_orders out = {};
    detail::call(crm_orders_view, raw(), detail::data(request), detail::size(request), job.raw(),
                 &out);
    return Orders(out);
  }
  /* These orders and more, as if made from all rows at once. */
  Orders concat(const Orders &more, const Job &job = Job()) const {
    crm_orders out = {};
    detail::call(crm_orders_concat, raw(), more.raw(), job.raw(), &out);
    return Orders(out);
  }
  /* These orders and more of the same spec; `request` says what becomes of an order that is there
     already: CRM_JSON({"on_repeat": "replace"}). */
  Orders append(const Orders &more, std::string_view request = {}, const Job &job = Job()) const {
    crm_orders out = {};
    detail::call(crm_orders_append, raw(), more.raw(), detail::data(request), detail::size(request),
                 job.raw(), &out);
    return Orders(out);
  }
  /* The orders of some customers and nothing else; `ids` is a JSON array. */
  Orders of_customers(std::string_view ids, const Job &job = Job()) const {
    crm_orders out = {};
    detail::call(crm_orders_of_customers, raw(), detail::data(ids), detail::size(ids), job.raw(),
                 &out);
    return Orders(out);
  }
  /* The orders without some customers; `ids` is a JSON array. */
  Orders forget(std::string_view ids, const Job &job = Job()) const {
    crm_orders out = {};
    detail::call(crm_orders_forget, raw(), detail::data(ids), detail::size(ids), job.raw(), &out);
    return Orders(out);
  }
  /* The orders as bytes, for a file or a cache. They hold ids as they came in. */
  std::string to_bytes() const { return detail::bytes(crm_orders_write, raw()); }
  /* How many rows count, and why the others do not. */
  Table reconciliation(const Job &job = Job()) const {
    crm_table out = {};
    detail::call(crm_orders_reconciliation, raw(), job.raw(), &out);
    return Table(out);
  }
  /* Counts, dates, currency and zone as JSON. */
  std::string info() const {
    crm_text text = {};
    detail::call(crm_orders_info, raw(), &text);
    return std::string(detail::view(text));
  }
};

/* Events of a site or an app: validated, sorted, immutable. */
class Events : public detail::Handle<crm_events, crm_events_free> {
 public:
  explicit Events(crm_events raw) noexcept : Handle(raw) {}

  static Events from_columns(std::string_view spec, const std::vector<crm_column> &columns,
                             const Job &job = Job()) {
    crm_events raw = {};
    detail::call(crm_events_from_columns, detail::data(spec), detail::size(spec), columns.data(),
                 columns.size(), job.raw(), &raw);
    return Events(raw);
  }

  Table run(const std::string &task, std::string_view options = {}, const Job &job = Job()) const {
    return detail::run(task, raw().id, options, job);
  }
  Events view(std::string_view request, const Job &job = Job()) const {
    crm_events out = {};
    detail::call(crm_events_view, raw(), detail::data(request), detail::size(request), job.raw(),
                 &out);
    return Events(out);
  }
  Events concat(const Events &more, const Job &job = Job()) const {
    crm_events out = {};
    detail::call(crm_events_concat, raw(), more.raw(), job.raw(), &out);
    return Events(out);
  }
  /* The events and the orders of their customers, as one log. */
  Events with_orders(const Orders &orders, const Job &job = Job()) const {
    crm_events out = {};
    detail::call(crm_events_with_orders, raw(), orders.raw(), job.raw(), &out);
    return Events(out);
  }
  /* Events that to_bytes() has written. */
  static Events from_bytes(std::string_view bytes, const Job &job = Job()) {
    crm_events raw = {};
    detail::call(crm_events_read, detail::data(bytes), static_cast<std::uint64_t>(bytes.size()),
                 job.raw(), &raw);
    return Events(raw);
  }
  /* The events without some people; `ids` is a JSON array, of customers (0) or visitors (1). */
  Events forget(std::string_view ids, std::int32_t whose = 0, const Job &job = Job()) const {
    crm_events out = {};
    detail::call(crm_events_forget, raw(), detail::data(ids), detail::size(ids), whose, job.raw(),
                 &out);
    return Events(out);
  }
  std::string to_bytes() const { return detail::bytes(crm_events_write, raw()); }
  std::string info() const {
    crm_text text = {};
    detail::call(crm_events_info, raw(), &text);
    return std::string(detail::view(text));
  }
};

/* Rows being collected. The cells of a row are given in the order of the spec's "cells". */
class Rows : public detail::Handle<crm_rows, crm_rows_free> {
 public:
  void cell(std::nullptr_t) { detail::call(crm_cell_null, raw()); }
  void cell(std::nullopt_t) { cell(nullptr); }
  void cell(double value) { detail::call(crm_cell_f64, raw(), value); }
  void cell(std::string_view text) {
    detail::call(crm_cell_text, raw(), detail::data(text), detail::size(text));
  }
  void cell(const char *text) {
    if (text == nullptr) return cell(nullptr);
    cell(std::string_view(text));
  }
  void cell(const std::string &text) { cell(std::string_view(text)); }
  template <typename Integer, std::enable_if_t<std::is_integral_v<Integer>, int> = 0>
  void cell(Integer value) {
    static_assert(std::is_signed_v<Integer> || sizeof(Integer) < 8,
                  "a whole number of 64 bits without sign: give it as a text, or as std::int64_t");
    detail::call(crm_cell_i64, raw(), static_cast<std::int64_t>(value));
  }
  template <typename T>
  void cell(const std::optional<T> &value) {
    if (value) {
      cell(*value);
    } else {
      cell(nullptr);
    }
  }
  void end() { detail::call(crm_row_end, raw()); }

  /* A whole row. */
  template <typename... Cells>
  void add(const Cells &...cells) {
    (cell(cells), ...);
    end();
  }
  /* A batch of rows: a JSON list of lists or of objects. */
  void json(std::string_view batch) {
    detail::call(crm_rows_json, raw(), detail::data(batch), detail::size(batch));
  }

 protected:
  using Begin = crm_status_t(const char *, std::int64_t, crm_rows *, crm_error *);
  Rows(Begin *begin, std::string_view spec) : Handle(begun(begin, spec)) {}

 private:
  static crm_rows begun(Begin *begin, std::string_view spec) {
    crm_rows raw = {};
    detail::call(begin, detail::data(spec), detail::size(spec), &raw);
    return raw;
  }
};

/* Rows of orders. finish() makes the orders and takes the rows; after an error they can be finished
 * again. */
class OrderRows : public Rows {
 public:
  explicit OrderRows(std::string_view spec) : Rows(crm_orders_begin, spec) {}
  Orders finish(const Customers &customers = Customers(), const Job &job = Job()) {
    crm_orders out = {};
    detail::call(crm_orders_finish, raw(), customers.raw(), job.raw(), &out);
    release();
    return Orders(out);
  }
};

/* Rows of customers. */
class CustomerRows : public Rows {
 public:
  explicit CustomerRows(std::string_view spec) : Rows(crm_customers_begin, spec) {}
  Customers finish(const Job &job = Job()) {
    crm_customers out = {};
    detail::call(crm_customers_finish, raw(), job.raw(), &out);
    release();
    return Customers(out);
  }
};

/* Rows of events. */
class EventRows : public Rows {
 public:
  explicit EventRows(std::string_view spec) : Rows(crm_events_begin, spec) {}
  Events finish(const Job &job = Job()) {
    crm_events out = {};
    detail::call(crm_events_finish, raw(), job.raw(), &out);
    release();
    return Events(out);
  }
};

/* The analyses, and the description of one, as JSON. */
inline std::string_view tasks() {
  crm_text text = {};
  detail::call(crm_tasks, &text);
  return detail::view(text);
}
inline std::string_view describe(const std::string &task) {
  crm_text text = {};
  detail::call(crm_describe, task.c_str(), &text);
  return detail::view(text);
}

/* The pseudonym of an id under the "pseudonym_key" of a spec, a UUID. */
inline std::string pseudonym(std::string_view key, std::string_view id) {
  char text[CRM_PSEUDONYM_SIZE];
  detail::call(crm_pseudonym, detail::data(key), detail::size(key), detail::data(id),
               detail::size(id), &text[0]);
  return text;
}

/* The number of threads for later calls; 0 and 1 mean the caller's. */
inline void set_threads(std::uint32_t threads) { detail::call(crm_set_threads, threads); }

}  // namespace crm

#endif  // CRM_HPP
