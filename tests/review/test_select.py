"""Which cuts are offered, in which order, and what a reviewed sample tells."""

import random

import pytest

from echoharvester.asr.validate import CerThresholds
from echoharvester.manifests.cuts import rejected, with_custom
from echoharvester.review.sample import StratifiedSample, allocated, label_error
from echoharvester.review.select import Selection, select

LIMIT = CerThresholds().limit  # 0.15 for manual captions


def chosen(cuts, sample_size=0, also=(), **options):
    found = select(
        lambda: iter(cuts), Selection(**options), StratifiedSample(sample_size), LIMIT, also
    )
    return [cut["id"] for cut in found.cuts]


def test_nearest_to_the_limit_first_then_a_sample_of_the_accepted(cuts):
    ids = chosen(cuts, 2)
    assert ids[:5] == ["m-1", "m-3", "m-5", "m-7", "m-9"]
    assert len(ids) == 7 and ids == chosen(cuts, 2)


SELECTIONS = [
    ({"statuses": ["accepted"]}, {0, 2, 4, 6, 8}),
    ({"statuses": ["review"], "max_cer": 0.35}, {1, 3}),
    ({"statuses": ["review", "accepted"], "min_cer": 0.75}, {8, 9}),
    ({"statuses": ["rejected"]}, set()),
    ({"text": "좋네요 [나라]"}, {1, 3}),
    ({"media": ["m"]}, {1, 3, 5, 7, 9}),
    ({"media": ["날"]}, {1, 3, 5, 7, 9}),
    ({"media": ["another"]}, set()),
    ({"reasons": ["cer_near_limit"]}, {1, 3, 5, 7, 9}),
    ({"reasons": ["cer_too_high"]}, set()),
    ({"min_duration_sec": 1.5}, set()),
    ({"max_snr_db": 29.0}, set()),
    ({"max_rows": 2}, {1, 3}),
]


@pytest.mark.parametrize(("options", "wanted"), SELECTIONS)
def test_selections_of_the_earlier_page(cuts, options, wanted):
    assert set(chosen(cuts, **options)) == {f"m-{i}" for i in wanted}


def test_what_was_rejected_late_can_be_won_back_and_what_was_early_cannot(cuts):
    late = rejected(cuts[1], "validate", "cer_too_high")
    early = rejected(
        {**cuts[3], "custom": {k: v for k, v in cuts[3]["custom"].items() if k != "cer"}},
        "filter",
        "too_short",
    )
    assert chosen([late, early], statuses=["rejected"]) == ["m-1"]
    assert chosen([late], also=["m-1"]) == ["m-1"]


@pytest.mark.parametrize("options", [{"statuses": ["odd"]}, {"text": "("}])
def test_a_wrong_selection_is_named(options):
    with pytest.raises(ValueError, match=r"review\.(statuses|text)"):
        Selection(**options)


def test_every_stratum_is_drawn_from_and_weights_add_up(cuts):
    many = [
        with_custom(cuts[0], media_id=f"x{i}", channel="big" if i % 10 else "small", cer=0.0)
        for i in range(1000)
    ]
    sample = StratifiedSample(40, ["caption_kind", "channel"])
    for i, cut in enumerate(many):
        sample.add({**cut, "id": f"x-{i}"})
    drawn = sample.drawn()
    strata = {about["stratum"] for about in drawn.values()}
    assert strata == {"manual/big", "manual/small"} and len(drawn) == 40
    assert sum(about["weight"] for about in drawn.values()) == pytest.approx(1000, rel=1e-3)


def test_too_many_strata_are_coarsened(cuts):
    sample = StratifiedSample(6, ["caption_kind", "channel"])
    for i in range(100):
        sample.add({**with_custom(cuts[0], channel=f"c{i}"), "id": str(i)})
    assert {about["stratum"] for about in sample.drawn().values()} == {"manual"}


def test_allocation():
    assert allocated({("a",): 1, ("b",): 100}, 10) == {("a",): 1, ("b",): 9}
    assert sum(allocated({("a",): 3}, 10).values()) == 3


def test_the_interval_holds_the_true_error_as_often_as_it_says(cuts):
    """1,000 populations of two strata with a tenth and a hundredth of wrong labels."""
    rng, held, trials = random.Random(0), 0, 300
    for _ in range(trials):
        population = []
        for i in range(600):
            stratum = "auto" if i < 120 else "manual"
            wrong = rng.random() < (0.15 if stratum == "auto" else 0.02)
            population.append((f"p{i}", stratum, wrong))
        truth = sum(wrong for _, _, wrong in population) / len(population)
        sample = StratifiedSample(80, ["caption_kind"], seed=rng.random())
        made = {i: {**with_custom(cuts[0], caption_kind=s), "id": i} for i, s, _ in population}
        for cut in made.values():
            sample.add(cut)
        drawn = sample.drawn()
        rows = [with_custom(made[i], review_sample=about) for i, about in drawn.items()]
        wrongs = {i for i, _, wrong in population if wrong}
        reviewed = [
            with_custom(
                c,
                status="rejected" if c["id"] in wrongs else "approved",
                review={"before": c["supervisions"][0]["text"]},
            )
            for c in rows
        ]
        found = label_error(rows, reviewed)
        assert found.population == 600 and found.decided == 80
        held += found.low <= truth <= found.high
    assert held / trials >= 0.93


def test_nothing_reviewed_gives_no_estimate(cuts):
    assert (
        label_error([with_custom(cuts[0], review_sample={"stratum": "all", "population": 5})], cuts)
        is None
    )


def test_no_rows_but_the_sample(cuts):
    assert len(chosen(cuts, 2, max_rows=0)) == 2
    with pytest.raises(ValueError, match="max_rows"):
        Selection(max_rows=-3)
