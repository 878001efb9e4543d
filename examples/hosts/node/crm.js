// libcrm in Node by koffi: orders, an analysis as rows, the state as bytes. Copy it into a shop and add to it
// what the shop needs; crm.h says what each function means.
import koffi from 'koffi';

/** The error of a call: its status, such as CRM_ERR_DATA, and what to do about it. */
export class CrmError extends Error {
  constructor(status, message, hint) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

const CrmErrorOut = koffi.struct('crm_error', {
  size: 'uint32_t',
  code: 'int32_t',
  row: 'int64_t',
  column: koffi.array('char', 128),
  message: koffi.array('char', 512),
  hint: koffi.array('char', 512),
});
const CrmText = koffi.struct('crm_text', { data: 'void *', size: 'size_t' });
const none = 0; // no customers, no job: handles are numbers below 2^53

let library;

/** Loads the library once: `libcrm.so.0` of the installed tree. */
export function load(path) {
  const loaded = koffi.load(path);
  const take = (declaration) => loaded.func(declaration);
  library = {
    status: take('const char *crm_status_name(int32_t status)'),
    begin: take('int32_t crm_orders_begin(str spec, int64_t size, _Out_ uint64_t *out, _Out_ crm_error *error)'),
    rows: take('int32_t crm_rows_json(uint64_t rows, str json, int64_t size, _Out_ crm_error *error)'),
    finish: take(
      'int32_t crm_orders_finish(uint64_t rows, uint64_t customers, uint64_t job, _Out_ uint64_t *out, _Out_ crm_error *error)',
    ),
    freeRows: take('int32_t crm_rows_free(uint64_t rows, _Out_ crm_error *error)'),
    freeOrders: take('int32_t crm_orders_free(uint64_t orders, _Out_ crm_error *error)'),
    freeTable: take('int32_t crm_table_free(uint64_t table, _Out_ crm_error *error)'),
    run: take(
      'int32_t crm_run(str task, uint64_t data, str options, int64_t size, uint64_t job, _Out_ uint64_t *out, _Out_ crm_error *error)',
    ),
    text: take(
      'int32_t crm_table_text(uint64_t table, int32_t format, int32_t language, size_t first, size_t rows, uint8_t *buffer, size_t capacity, _Out_ size_t *size, _Out_ crm_error *error)',
    ),
    notes: take('int32_t crm_table_notes(uint64_t table, _Out_ crm_text *out, _Out_ crm_error *error)'),
    write: take(
      'int32_t crm_orders_write(uint64_t orders, uint8_t *buffer, size_t capacity, _Out_ size_t *size, _Out_ crm_error *error)',
    ),
    read: take(
      'int32_t crm_orders_read(uint8_t *bytes, uint64_t size, uint64_t job, _Out_ uint64_t *out, _Out_ crm_error *error)',
    ),
  };
}

/** Calls a function; its last argument, the error, is added. */
function call(name, ...arguments_) {
  const error = {};
  const status = library[name](...arguments_, error);
  if (status !== 0) throw new CrmError(library.status(status), error.message, error.hint);
}

/** Calls twice: for the size, then for the bytes. */
function sized(write) {
  const size = [0];
  write(Buffer.alloc(1), 0, size);
  const buffer = Buffer.alloc(Number(size[0]));
  write(buffer, buffer.length, size);
  return buffer;
}

const freed = new FinalizationRegistry((handle) => library.freeOrders(handle, null));

/** Orders; the garbage collector frees them. */
export class Orders {
  #handle;

  constructor(handle) {
    this.#handle = handle;
    freed.register(this, handle);
  }

  /**
   * `rows`: lists of cells in the order of the spec's "cells". A thousand rows a call: JSON is cheaper than a
   * call for each cell.
   */
  static fromRows(spec, rows) {
    const building = [0];
    call('begin', JSON.stringify(spec), -1, building);
    try {
      for (let at = 0; at < rows.length; at += 1000) {
        call('rows', building[0], JSON.stringify(rows.slice(at, at + 1000)), -1);
      }
      const out = [0];
      call('finish', building[0], none, none, out);
      return new Orders(out[0]);
    } catch (error) {
      library.freeRows(building[0], null);
      throw error;
    }
  }

  /** Orders that `bytes()` has written. */
  static fromBytes(bytes) {
    const out = [0];
    call('read', bytes, bytes.length, none, out);
    return new Orders(out[0]);
  }

  bytes() {
    return sized((...rest) => call('write', this.#handle, ...rest));
  }

  /** An analysis as a list of objects; `options` is an object, or its JSON. */
  run(task, options) {
    return JSON.parse(this.#text(task, options, 1, 0));
  }

  /** The same as CSV with Japanese headings. */
  csv(task, options) {
    return this.#text(task, options, 2, 2);
  }

  /** The notes of an analysis as JSON, such as what `learn` has learnt. */
  notes(task, options) {
    return this.#with(task, options, (table) => {
      const text = {};
      call('notes', table, text);
      return koffi.decode(text.data, 'char', Number(text.size));
    });
  }

  #text(task, options, format, language) {
    return this.#with(task, options, (table) => {
      const bytes = sized((...rest) => call('text', table, format, language, 0, Number.MAX_SAFE_INTEGER, ...rest));
      return bytes.subarray(0, -1).toString('utf8'); // without the NUL
    });
  }

  #with(task, options, read) {
    const table = [0];
    const json = typeof options === 'string' ? options : JSON.stringify(options);
    call('run', task, this.#handle, json, -1, none, table);
    try {
      return read(table[0]);
    } finally {
      library.freeTable(table[0], null);
    }
  }
}
