"""How right and how fast `identify` is: 100,000 records of the easy and of the hard world.

    .venv/bin/python tests/python/people_evidence.py [records]

docs/evidence.md has what it printed.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter

from test_people import f1, frame, merged_strangers, persons

import crm_core as crm
from crm_core import _people_worlds as people_worlds


def main(records: int) -> None:
    crm.set_threads(1)
    for name, make in (("easy", people_worlds.easy), ("hard", people_worlds.hard)):
        rows = make(records)
        people = crm.People(frame(rows))
        for policy in ("strict", "standard", "lenient"):
            start = time.process_time()
            found = crm.identify(people, policy=policy)
            of = persons(found)
            seconds = time.process_time() - start
            strangers = merged_strangers(rows, of)
            print(f"{name} {policy}: F1 {f1(rows, of):.4f}, strangers {strangers}, {seconds:.2f} s")
        truth = {row["record_id"]: row["truth"] for row in rows}
        pairs = crm.identify(people, policy="lenient", review_from=0.1)
        said: dict[int, list[float]] = {}
        true: Counter[int] = Counter()
        for table in (pairs.links, pairs.review):
            cells = table.to_dict()
            for a, b, p in zip(
                cells["record_a"], cells["record_b"], cells["probability"], strict=True
            ):
                bin_of = min(int(10 * p), 9)
                said.setdefault(bin_of, []).append(p)
                true[bin_of] += truth[a] == truth[b]
        for bin_of, p in sorted(said.items()):
            print(f"  said {sum(p) / len(p):.3f}, true {true[bin_of] / len(p):.3f}, n {len(p)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory with the rows in Python: {peak:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
