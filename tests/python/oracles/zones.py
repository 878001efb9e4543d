"""Writes tests/golden/zones.csv: wall-clock times and their instants by Python's zoneinfo.

Every change of offset of the zones in the years chosen is probed on both sides, inside gaps and
folds (fold=0: the earlier instant; a gap is read with the offset before it, which shifts forward).
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONES = [
    "Asia/Tokyo",
    "America/New_York",
    "Europe/London",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Asia/Tehran",
    "Pacific/Chatham",
    "America/Havana",
    "Asia/Kolkata",
]
EPOCH = datetime(1970, 1, 1)


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The UTC minutes at which the offset changes in a year."""
    found = []
    at = datetime(year, 1, 1, tzinfo=UTC)
    step = timedelta(hours=6)
    while at.year == year:
        if at.astimezone(zone).utcoffset() != (at + step).astimezone(zone).utcoffset():
            low, high = at, at + step
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) / 2
                middle = middle.replace(microsecond=0)
                if middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high)
        at += step
    return found


def main() -> None:
    rows = []
    for name in ZONES:
        zone = ZoneInfo(name)
        walls = [datetime(y, m, 15, 12, 34, 56) for y in (1975, 2024) for m in (1, 7)]
        for year in (1991, 2011, 2024):
            for change in changes(zone, year):
                before = (change - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
                after = change.astimezone(zone).replace(tzinfo=None)
                for edge in (before, after):
                    walls += [edge + timedelta(minutes=m) for m in (-61, -29, 0, 1, 29, 61)]
        for wall in dict.fromkeys(walls):
            instant = wall.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
            shown = instant.replace(tzinfo=UTC).astimezone(zone)
            micros = [(t - EPOCH) // timedelta(microseconds=1) for t in (wall, instant)]
            rows.append(f"{name},{micros[0]},{micros[1]},{shown.date()}")
    target = Path(__file__).parents[2] / "golden" / "zones.csv"
    lines = ["# zoneinfo; tests/python/oracles/zones.py", "zone,wall,utc,day", *rows]
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
