import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A shop's evening in Java: ../README.md says how to run it. */
final class Shop {
    private static final String SPEC = """
            {"currency": "JPY", "timezone": "Asia/Tokyo", "guests": "keep",
             "order_id": "order_no", "ordered_at": "order_date", "amount": "payment_total", "status": "status",
             "status_map": {"新規受付": "pending", "対応中": "pending", "発送済み": "completed",
                            "注文取消し": "cancelled"},
             "cells": ["customer_id", "order_no", "order_date", "payment_total", "status"]}""";
    private static final String DAY = "{\"as_of\": \"2026-11-21\"}";

    public static void main(String[] arguments) throws Exception {
        String path = arguments.length > 0 ? arguments[0] : "shop.sqlite";
        Crm crm = new Crm(arguments.length > 1 ? arguments[1] : "/usr/local/lib/libcrm.so.0");
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        try (Connection database = DriverManager.getConnection("jdbc:sqlite:" + path)) {
            Crm.Orders orders = load(crm, database, "");
            out.print("== RFM\r\n" + orders.csv("rfm_segments", DAY));
            out.print("== CPM\r\n" + orders.csv("cpm_segments", DAY));

            out.print("== Today\r\n");
            String alerts = orders.json("alerts", "{\"as_of\": \"2026-11-21\", \"since\": \"2026-11-14\"}");
            for (String alert : alerts.split("\\}\\s*,\\s*\\{")) {
                out.print(value(alert, "customer_id") + ": " + value(alert, "reason_ja") + "\r\n");
            }

            // What was learnt of the shop is the request of the page, but for the day.
            String request = "{\"as_of\": \"2026-11-21\", " + orders.notes("learn", DAY).substring(1);
            String page = load(crm, database, " WHERE o.customer_id = 10").json("customer", request);
            out.print("== Customer 10\r\n");
            for (String name : List.of("rfm_segment", "cpm_segment", "level", "reason_ja")) {
                out.print(name + ": " + value(page, name) + "\r\n");
            }

            Path saved = Path.of("crm-orders.bin");
            Files.write(saved, orders.bytes());
            Crm.Orders again = crm.read(Files.readAllBytes(saved));
            Files.delete(saved);
            boolean same = again.json("rfm", DAY).equals(orders.json("rfm", DAY));
            out.print("== Saved\r\n" + (same ? "the same numbers after reading" : "OTHER NUMBERS") + "\r\n");
        }
        out.flush();
    }

    /** The orders of all customers, or of one; a thousand rows a batch. */
    private static Crm.Orders load(Crm crm, Connection database, String where) throws Exception {
        String sql = "SELECT o.customer_id, o.order_no, o.order_date, o.payment_total, s.name FROM dtb_order o"
                + " JOIN mtb_order_status s ON s.id = o.order_status_id" + where + " ORDER BY o.order_no";
        List<String> batches = new ArrayList<>();
        List<String> rows = new ArrayList<>();
        try (Statement statement = database.createStatement(); ResultSet found = statement.executeQuery(sql)) {
            while (found.next()) {
                // None of these texts has a quote; a shop takes its JSON library.
                rows.add("[" + found.getString(1) + ",\"" + found.getString(2) + "\",\"" + found.getString(3) + "\","
                        + found.getString(4) + ",\"" + found.getString(5) + "\"]");
                if (rows.size() == 1000) {
                    batches.add("[" + String.join(",", rows) + "]");
                    rows.clear();
                }
            }
        }
        batches.add("[" + String.join(",", rows) + "]");
        return crm.orders(SPEC, batches);
    }

    /** The value of a key: a number, a text, or - for null. A shop takes its JSON library. */
    private static String value(String object, String key) {
        Matcher found = Pattern.compile("\"" + key + "\":(?:\"([^\"]*)\"|([^,}]*))").matcher(object);
        if (!found.find()) {
            return "-";
        }
        String value = found.group(1) != null ? found.group(1) : found.group(2);
        return value.equals("null") ? "-" : value;
    }
}
