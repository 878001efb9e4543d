"""`survey` against published values and the standard library."""

import random
import statistics
from typing import Any

import pytest

import crm_core as crm


def test_the_net_promoter_score_has_the_published_interval() -> None:
    row = crm.survey({"score": [9] * 30 + [10] * 30 + [7] * 25 + [0] * 10 + [6] * 5})
    found = {name: cells[0] for name, cells in row.to_dict().items()}
    assert (found["promoters"], found["passives"], found["detractors"]) == (60, 25, 15)
    assert found["nps"] == 45.0
    # 45 ± 1.96 · 7.399324293474371.
    assert found["nps_low"] == pytest.approx(30.4976, abs=1e-4)
    assert found["nps_high"] == pytest.approx(59.5024, abs=1e-4)
    assert (found["top_share"], found["response_rate"]) == (0.6, 1)


def test_groups_equal_the_standard_library() -> None:
    draw = random.Random(3)
    rows: list[tuple[str, str, int | None]] = [
        (draw.choice("ab"), draw.choice(["web", "store", "rare"][: 2 + (k == 7)]), score)
        for k, score in enumerate(draw.choice([None, *range(11)]) for _ in range(900))
    ]
    columns: dict[str, Any] = dict(
        zip(["question", "channel", "score"], map(list, zip(*rows, strict=True)), strict=True)
    )
    table = crm.survey(columns, by="channel", min_n=2).to_dict()
    keys = list(zip(table["question"], table["group"], strict=True))
    assert keys == sorted({(question, channel) for question, channel, _ in rows})
    for at, key in enumerate(keys):
        all_scores = [score for *of, score in rows if tuple(of) == key]
        scores = [score for score in all_scores if score is not None]
        assert table["answers"][at] == len(scores)
        assert table["response_rate"][at] == pytest.approx(len(scores) / len(all_scores))
        if len(scores) < 2:
            assert table["mean_score"][at] is None and table["nps"][at] is None
            continue
        mean, sd = statistics.fmean(scores), statistics.stdev(scores)
        assert table["mean_score"][at] == pytest.approx(mean)
        half = table["mean_score_high"][at] - mean
        # Student's t at .975 is 1.96 to 2.05 of 30 degrees of freedom and more.
        assert 1.96 < half / (sd / len(scores) ** 0.5) < 2.05
        signs = [(score >= 9) - (score <= 6) for score in scores]
        assert table["nps"][at] == pytest.approx(100 * statistics.fmean(signs))
        error = 100 * statistics.pstdev(signs) / len(signs) ** 0.5
        low = table["nps"][at] - statistics.NormalDist().inv_cdf(0.975) * error
        assert table["nps_low"][at] == pytest.approx(low)
    mixed = draw.sample(range(900), 900)
    again = crm.survey(
        {n: [c[k] for k in mixed] for n, c in columns.items()}, by="channel", min_n=2
    )
    assert again.to_dict() == table


def test_few_or_equal_answers_leave_a_doubt() -> None:
    for n in (10, 50, 400):
        row = crm.survey({"score": [10] * n}).to_dict()
        assert row["nps"] == [100] and row["nps_low"][0] < 100 and row["nps_high"] == [100]
        assert row["mean_score"] == [10] and row["mean_score_low"][0] < 10
        assert row["mean_score_high"] == [10]


def test_what_is_wrong_is_refused() -> None:
    few = crm.survey({"score": [9] * 9}).to_dict()
    assert (few["answers"], few["nps"]) == ([9], [None])
    assert crm.survey({"score": [9]}, min_n=1).to_dict()["mean_score_low"] == [None]
    with pytest.raises(crm.SchemaError, match="`score`"):
        crm.survey({"scores": [9]})
    with pytest.raises(crm.SchemaError, match="`score` is of type"):
        crm.survey({"score": ["good"]})
    with pytest.raises(crm.SchemaError, match="`channel`"):
        crm.survey({"score": [9]}, by="channel")
    for score in (11, -1):
        with pytest.raises(crm.DataError, match="within `scale`"):
            crm.survey({"score": [9, score]})
    stars = crm.survey({"score": [5, 4, 3, 2, 1] * 5}, scale=[1, 5], promoter=5, detractor=3)
    assert stars.to_dict()["mean_score"] == [3]
    with pytest.raises(crm.OptionError, match="`scale`"):
        crm.survey({"score": [5]}, scale=[5, 1])
    with pytest.raises(crm.OptionError, match="`promoter`: expected a score above"):
        crm.survey({"score": [9]}, promoter=5)
