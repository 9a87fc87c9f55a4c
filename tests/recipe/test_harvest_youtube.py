"""The recipe korean_yt: without a network, and against a site on loopback."""

import json

import pytest
from lhotse import CutSet
from loopback import QUICK, VTT, Answer, m4a, serving
from recipe_support import Recipe

NETWORK = tuple(f"network.{key}={value}" for key, value in {**QUICK, "retries": 1}.items())
STAGES = ("--recipe", "korean_yt", "--stage", "1", "--stop-stage", "3")


@pytest.fixture
def recipe(tmp_path):
    return Recipe(tmp_path / "data", tmp_path / "exp", ())


def harvest(recipe, *arguments, **options):
    return recipe.run(
        *STAGES, "num_shards=3", "source.urls_file=null", *NETWORK, *arguments, **options
    )


def errors(recipe, manifest):
    paths = sorted(recipe.manifests.glob(f"{manifest}.*.errors.jsonl.gz"))
    return [cut.custom["error"] for path in paths for cut in CutSet.from_file(path)]


def test_without_a_network_it_says_what_it_could_not_reach_and_loses_nothing(recipe):
    address = "http://127.0.0.1:9/channel"
    done = harvest(recipe, f'source.urls=["{address}"]', check=False)
    assert done.returncode != 0
    assert address in done.stderr and "refused" in done.stderr
    (error,) = errors(recipe, "cuts_media")
    assert error["kind"] == "FetchError"


def test_with_a_site_it_completes_and_only_what_is_new_is_fetched(recipe, tmp_path):
    with serving() as site:
        site.answers = {"/sound.m4a": Answer(m4a()), "/manual.vtt": Answer(VTT.encode())}
        auto = [{"ext": "vtt", "url": site.url("/manual.vtt", "?kind=asr&lang=ko")}]
        infos = tmp_path / "infos"
        site.info(infos, "aaaaaaaaaaa")
        site.info(infos, "-bbbbbbbbbb", subtitles={}, automatic_captions={"ko": auto})
        site.info(infos, "ccccccccccc", language="en")
        site.info(infos, "ddddddddddd", sound="/gone.m4a")
        arguments = (
            f'source.info_json=["{infos}"]',
            "source.min_duration_sec=1",
            "max_error_rate=0.5",
        )
        done = harvest(recipe, *arguments, "network.proxy=null")
        assert "ddddddddddd" in done.stderr and "404" in done.stderr
        assert "in 4 = accepted 3 (0.01 h) + rejected 1 (foreign_audio 1) + errors 0" in done.stdout
        first = site.requests.copy()
        assert first["/sound.m4a"] == 2

        site.info(infos, "eeeeeeeeeee")
        site.answers["/gone.m4a"] = Answer(m4a())
        harvest(recipe, *arguments)
        assert site.requests["/sound.m4a"] == 3 and site.requests["/gone.m4a"] == 2
    cuts = [
        c for p in sorted(recipe.manifests.glob("cuts_segmented.*.gz")) for c in CutSet.from_file(p)
    ]
    spoken = [c for c in cuts if c.supervisions]
    assert {c.custom["media_id"] for c in spoken} == {
        "yt-aaaaaaaaaaa", "yt--bbbbbbbbbb", "yt-ddddddddddd", "yt-eeeeeeeeeee",
    }  # fmt: skip
    kinds = {c.custom["media_id"]: c.custom["caption_kind"] for c in spoken}
    assert kinds["yt--bbbbbbbbbb"] == "auto" and kinds["yt-aaaaaaaaaaa"] == "manual"
    assert {c.supervisions[0].text for c in spoken} == {
        "안녕하세요 여러분 오늘은 날씨가 좋네요"
    } or len(spoken) == 8
    everything = json.dumps([c.to_dict() for c in cuts], default=str)
    assert "127.0.0.1" not in everything


def test_secrets_of_the_network_are_in_no_file(recipe, tmp_path):
    done = harvest(
        recipe, 'source.urls=["http://127.0.0.1:9/x"]', "'network.proxy=\"http://me:s3cret@127.0.0.1:9\"'".strip("'"),
        check=False,
    )  # fmt: skip
    assert done.returncode != 0 and "s3cret" not in done.stdout + done.stderr
    for path in recipe.data_dir.rglob("*"):
        assert not path.is_file() or b"s3cret" not in path.read_bytes(), path
