// A shop's evening in Node: ../README.md says how to run it.
import fs from 'node:fs';
import initSqlJs from 'sql.js';
import { load, Orders } from './crm.js';

const [path = 'shop.sqlite', library = '/usr/local/lib/libcrm.so.0'] = process.argv.slice(2);
load(library);
const SQL = await initSqlJs();
const database = new SQL.Database(fs.readFileSync(path));
const spec = {
  currency: 'JPY', timezone: 'Asia/Tokyo', guests: 'keep',
  order_id: 'order_no', ordered_at: 'order_date', amount: 'payment_total', status: 'status',
  status_map: { 新規受付: 'pending', 対応中: 'pending', 発送済み: 'completed', 注文取消し: 'cancelled' },
  cells: ['customer_id', 'order_no', 'order_date', 'payment_total', 'status'],
};

/** The orders of all customers, or of one. */
function loadOrders(customer) {
  const sql =
    'SELECT o.customer_id, o.order_no, o.order_date, o.payment_total, s.name FROM dtb_order o' +
    ' JOIN mtb_order_status s ON s.id = o.order_status_id' +
    (customer ? ' WHERE o.customer_id = ?' : '') + ' ORDER BY o.order_no';
  return Orders.fromRows(spec, database.exec(sql, customer ? [customer] : [])[0].values);
}

const out = (...texts) => process.stdout.write(texts.join(''));
const orders = loadOrders();
const day = { as_of: '2026-11-21' };
out('== RFM\r\n', orders.csv('rfm_segments', day));
out('== CPM\r\n', orders.csv('cpm_segments', day));

out('== Today\r\n');
for (const alert of orders.run('alerts', { ...day, since: '2026-11-14' })) {
  out(alert.customer_id, ': ', alert.reason_ja, '\r\n');
}

// What was learnt of the shop is the request of the page, but for the day.
const request = `{"as_of": "2026-11-21", ${orders.notes('learn', day).slice(1)}`;
const [page] = loadOrders(10).run('customer', request);
out('== Customer 10\r\n');
for (const name of ['rfm_segment', 'cpm_segment', 'level', 'reason_ja']) out(name, ': ', page[name] ?? '-', '\r\n');

fs.writeFileSync('crm-orders.bin', orders.bytes());
const again = Orders.fromBytes(fs.readFileSync('crm-orders.bin'));
fs.unlinkSync('crm-orders.bin');
const same = JSON.stringify(again.run('rfm', day)) === JSON.stringify(orders.run('rfm', day));
out('== Saved\r\n', same ? 'the same numbers after reading' : 'OTHER NUMBERS', '\r\n');
