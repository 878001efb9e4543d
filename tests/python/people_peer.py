"""`identify` beside Splink 5 on the same records: cluster F1 and processor time.

    python -m venv peer && peer/bin/pip install splink numpy pyarrow
    PYTHONPATH=python peer/bin/python tests/python/people_peer.py [records]

Splink has its natural settings for such columns: e-mail, names with term frequencies, date of
birth, telephone number and address, blocking on each and on names with the postal code, and the
model trained by its own steps. It sees the texts as they were typed, and again as `normalize`
writes them. docs/evidence.md has what it printed.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter

import pyarrow as pa
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

import crm_core as crm

THRESHOLD = 0.95
FORMS = {
    "email": "email",
    "phone": "phone",
    "family_name": "name",
    "given_name": "name",
    "family_kana": "reading",
    "given_kana": "reading",
    "birth_date": "birth_date",
    "zip": "zip",
}


def f1(truth: list[str], found: list[str]) -> float:
    """Clusters that are exactly right, against those found and those there are."""
    both, true, ours = Counter(zip(truth, found, strict=True)), Counter(truth), Counter(found)
    right = sum(n == true[t] == ours[p] for (t, p), n in both.items())
    return 2 * right / (len(true) + len(ours))


def normalized(cells: dict[str, list[str | None]]) -> dict[str, list[str | None]]:
    """The texts in one form, as a user of Splink would have to bring them."""
    done = dict(cells)
    for column, form in FORMS.items():
        done[column] = crm.normalize(cells[column], form=form).to_dict()["normalized"]
    parts = crm.normalize(cells["address"], form="address").to_dict()
    done["address"] = [street or None for street in parts["street"]]
    return done


def by_splink(cells: dict[str, list[str | None]]) -> dict[str, str]:
    """The cluster of each record."""
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            cl.EmailComparison("email"),
            cl.JaroWinklerAtThresholds("family_name", 0.9).configure(
                term_frequency_adjustments=True
            ),
            cl.JaroWinklerAtThresholds("given_name", 0.9).configure(
                term_frequency_adjustments=True
            ),
            cl.LevenshteinAtThresholds("birth_date", 1),
            cl.LevenshteinAtThresholds("phone", 1),
            cl.JaroWinklerAtThresholds("address", 0.9),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("email"),
            block_on("phone"),
            block_on("given_name", "birth_date"),
            block_on("family_name", "birth_date"),
            block_on("zip", "family_name"),
        ],
    )
    api = DuckDBAPI()
    linker = Linker(api.register(pa.table(cells)), settings)
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("email", "given_name"), block_on("phone", "given_name")], recall=0.8
    )
    training.estimate_u_using_random_sampling(max_pairs=1e6)
    training.estimate_parameters_using_expectation_maximisation(block_on("email"))
    training.estimate_parameters_using_expectation_maximisation(
        block_on("given_name", "birth_date")
    )
    pairs = linker.inference.predict(threshold_match_probability=THRESHOLD)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=THRESHOLD
    )
    rows = clusters.as_record_list()
    return {row["record_id"]: row["cluster_id"] for row in rows}


def main(records: int) -> None:
    """Prints a line for each world and tool."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    crm.set_threads(1)
    for world, seed in (("easy", 1), ("hard", 2)):
        cells = crm.simulate_people(records, seed, world).to_dict()
        truth, ids = cells.pop("truth"), cells["record_id"]
        start = time.process_time()
        persons = crm.identify(cells).persons.to_dict()
        seconds = time.process_time() - start
        person = dict(zip(persons["record_id"], persons["person_id"], strict=True))
        print(f"{world} identify: F1 {f1(truth, [person[i] for i in ids]):.4f}, {seconds:.1f} s")
        for name, form in (("typed", dict), ("normalized", normalized)):
            ready = form(cells)
            start = time.process_time()
            cluster = by_splink(ready)
            seconds = time.process_time() - start
            score = f1(truth, [cluster[i] for i in ids])
            print(f"{world} Splink, {name}: F1 {score:.4f}, {seconds:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30_000)
