using System;
using System.Collections.Generic;
using System.Data.Common;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;

/// <summary>A shop's evening in C#: ../README.md says how to run it.</summary>
public static class Shop
{
    private const string Spec = @"
        {""currency"": ""JPY"", ""timezone"": ""Asia/Tokyo"", ""guests"": ""keep"",
         ""order_id"": ""order_no"", ""ordered_at"": ""order_date"", ""amount"": ""payment_total"",
         ""status"": ""status"",
         ""status_map"": {""新規受付"": ""pending"", ""対応中"": ""pending"", ""発送済み"": ""completed"",
                        ""注文取消し"": ""cancelled""},
         ""cells"": [""customer_id"", ""order_no"", ""order_date"", ""payment_total"", ""status""]}";
    private const string Day = @"{""as_of"": ""2026-11-21""}";

    public static void Main(string[] arguments)
    {
        string path = arguments.Length > 0 ? arguments[0] : "shop.sqlite";
        StringBuilder told = new StringBuilder();
        using (DbConnection database = Open(path))
        using (Crm.Orders orders = Load(database, ""))
        {
            told.Append("== RFM\r\n" + orders.Csv("rfm_segments", Day));
            told.Append("== CPM\r\n" + orders.Csv("cpm_segments", Day));

            told.Append("== Today\r\n");
            string alerts = orders.Json("alerts", @"{""as_of"": ""2026-11-21"", ""since"": ""2026-11-14""}");
            foreach (string alert in Regex.Split(alerts, @"\}\s*,\s*\{"))
            {
                told.Append(Value(alert, "customer_id") + ": " + Value(alert, "reason_ja") + "\r\n");
            }

            // What was learnt of the shop is the request of the page, but for the day.
            string request = @"{""as_of"": ""2026-11-21"", " + orders.Notes("learn", Day).Substring(1);
            told.Append("== Customer 10\r\n");
            using (Crm.Orders theirs = Load(database, " WHERE o.customer_id = 10"))
            {
                string page = theirs.Json("customer", request);
                foreach (string name in new[] { "rfm_segment", "cpm_segment", "level", "reason_ja" })
                {
                    told.Append(name + ": " + Value(page, name) + "\r\n");
                }
            }

            const string saved = "crm-orders.bin";
            File.WriteAllBytes(saved, orders.Bytes());
            using (Crm.Orders again = Crm.Read(File.ReadAllBytes(saved)))
            {
                bool same = again.Json("rfm", Day) == orders.Json("rfm", Day);
                told.Append("== Saved\r\n" + (same ? "the same numbers after reading" : "OTHER NUMBERS") + "\r\n");
            }
            File.Delete(saved);
        }
        byte[] bytes = Encoding.UTF8.GetBytes(told.ToString());
        Console.OpenStandardOutput().Write(bytes, 0, bytes.Length);
    }

    private static DbConnection Open(string path)
    {
#if NET
        DbConnection database = new Microsoft.Data.Sqlite.SqliteConnection("Data Source=" + path);
#else
        DbConnection database = new Mono.Data.Sqlite.SqliteConnection("Data Source=" + path);
#endif
        database.Open();
        return database;
    }

    /// <summary>The orders of all customers, or of one; a thousand rows a batch.</summary>
    private static Crm.Orders Load(DbConnection database, string where)
    {
        List<string> batches = new List<string>(), rows = new List<string>();
        using (DbCommand command = database.CreateCommand())
        {
            // Dates as text: the driver would make local times of them.
            command.CommandText = "SELECT o.customer_id, o.order_no, CAST(o.order_date AS TEXT), o.payment_total, s.name"
                + " FROM dtb_order o JOIN mtb_order_status s ON s.id = o.order_status_id" + where
                + " ORDER BY o.order_no";
            using (DbDataReader found = command.ExecuteReader())
            {
                while (found.Read())
                {
                    // None of these texts has a quote; a shop takes its JSON library.
                    string customer = found.IsDBNull(0) ? "null" : found.GetInt64(0).ToString();
                    rows.Add("[" + customer + ",\"" + found.GetString(1) + "\",\"" + found.GetString(2) + "\","
                        + Convert.ToInt64(found.GetValue(3)) + ",\"" + found.GetString(4) + "\"]");
                    if (rows.Count == 1000)
                    {
                        batches.Add("[" + string.Join(",", rows) + "]");
                        rows.Clear();
                    }
                }
            }
        }
        batches.Add("[" + string.Join(",", rows) + "]");
        return Crm.OrdersOf(Spec, batches);
    }

    /// <summary>The value of a key: a number, a text, or - for null. A shop takes its JSON library.</summary>
    private static string Value(string text, string key)
    {
        Match found = Regex.Match(text, "\"" + key + "\":(?:\"([^\"]*)\"|([^,}]*))");
        if (!found.Success) return "-";
        string value = found.Groups[1].Success ? found.Groups[1].Value : found.Groups[2].Value;
        return value == "null" ? "-" : value;
    }
}
