"""Totals a year ahead in shops of which no model is right, a few of forecast_evidence.py."""

import numpy as np
from forecast_evidence import judged

WORLDS = ("seasonal", "shrinking", "lifetimes", "two kinds")


def test_totals_are_right_on_average_and_inside_their_intervals():
    found = [judged(world, 500, seed, base=False) for world in WORLDS for seed in range(2)]
    for cell in ("shop orders", "shop revenue"):
        ratios, held = zip(*(one[cell] for one in found), strict=True)
        # Eight shops, each off by a tenth or so.
        assert 0.9 < np.mean(ratios) < 1.1, (cell, ratios)
        assert sum(held) >= 6, (cell, ratios)
    assert np.mean([one["months held"] for one in found]) > 0.65
