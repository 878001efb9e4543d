"""What it takes to read a large export: a million rows in Shift_JIS, each of them an order.

    .venv/bin/python tests/python/reading_evidence.py --rows 1000000 --runs 3

The file has order numbers, dates with times, 200,000 customers, products, prices, pieces and
states. `crm run summary` reads, checks and counts it. DuckDB reads the same rows in UTF-8, which is
all it can read without an extension, and computes six columns of the same table without any check.
Each run is a process of its own, and the runs alternate. The numbers are those of the module that
is installed: `make native-release` makes it fast.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

PRODUCTS = ("抹茶30g", "緑茶100g", "急須", "化粧水", "ビタミンC", "青汁", "クリーム50g", "美容液")
HEADINGS = "受注番号,受注日時,会員番号,商品名,単価,数量,受注状態\n"
CRM = "import sys; from crm_core._cli import main; sys.exit(main())"
OTHER = """
import sys
import duckdb
base = duckdb.connect()
base.execute("set threads to 1")
base.execute(f\"\"\"copy (
    select 会員番号, min(受注日時) as first, max(受注日時) as last, count(*) as orders,
        sum(単価 * 数量) as revenue, avg(単価 * 数量) as mean
    from read_csv('{sys.argv[1]}') where 受注状態 <> 'キャンセル'
    group by 会員番号 order by 会員番号
) to '{sys.argv[2]}' (format csv)\"\"\")
"""


def write(folder, rows):
    """The same orders in Shift_JIS and in UTF-8."""
    draw = random.Random(1)
    paths = folder / "orders.csv", folder / "orders_utf8.csv"
    with (
        open(paths[0], "w", encoding="cp932") as first,
        open(paths[1], "w", encoding="utf-8") as second,
    ):
        first.write(HEADINGS)
        second.write(HEADINGS)
        for at in range(rows):
            product, day = draw.randrange(8), draw.randrange(1000)
            date = f"{2023 + day // 360}-{1 + day % 360 // 30:02d}-{1 + day % 28:02d}"
            customer = f"C{draw.randrange(200_000):06d}"
            state = "発送済み" if at % 40 else "キャンセル"
            row = (
                f"R{at:08d},{date} {day % 24:02d}:{at % 60:02d}:00,{customer},{PRODUCTS[product]},"
                f"{(product + 3) * 490},{1 + at % 3},{state}\n"
            )
            first.write(row)
            second.write(row)
    return paths


def measured(command):
    """Seconds of CPU and the peak of memory in MB of a process and its threads."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-c", *map(str, command)], **quiet)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, command
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    read = argparse.ArgumentParser()
    read.add_argument("--rows", type=int, default=1_000_000)
    read.add_argument("--runs", type=int, default=3)
    asked = read.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = write(folder, asked.rows)
        said = ["run", "summary", paths[0], "--currency", "JPY", "--timezone", "Asia/Tokyo"]
        commands = {
            "crm, Shift_JIS": [CRM, *said, "--force", "-o", folder / "summary.csv"],
            "DuckDB, UTF-8": [OTHER, paths[1], folder / "other.csv"],
        }
        found = {name: [] for name in commands}
        for _ in range(asked.runs):
            for name, command in commands.items():
                found[name].append(measured(command))
    print(f"| {asked.rows:,} rows | seconds of CPU | MB |\n|---|---|---|")
    for name, runs in found.items():
        seconds = sorted(one for one, _ in runs)
        most = max(one for _, one in runs)
        print(f"| {name} | {seconds[0]:.2f} to {seconds[-1]:.2f} | {most:.0f} |")


if __name__ == "__main__":
    main()
