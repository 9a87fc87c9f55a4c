"""yt-dlp's real downloader against a server on loopback."""

import json
import logging
from pathlib import Path

import pytest
from loopback import QUICK, VTT, Answer, collected, m4a, one

from echoharvester.audio.media import MediaError
from echoharvester.errors import UserError
from echoharvester.sources import make_site, make_source
from echoharvester.sources.download import fetch
from echoharvester.sources.youtube.pace import Pace, SiteClosedError
from echoharvester.sources.youtube.site import FetchError, Network, Site, checked_url, clean
from echoharvester.sources.youtube.source import VideoFilter, described, media_id_of
from echoharvester.sources.youtube.tracks import audio_language, choose_track

# ---- what is offered ----


def test_a_video_with_manual_captions_is_described(site, server, tmp_path):
    chapters = [{"start_time": 0, "end_time": 3, "title": "첫째"}]
    cut = one(site, server, tmp_path, chapters=chapters, title="제\x00목\n둘")
    custom = cut["custom"]
    assert cut["id"] == "yt-abcdefghijk" and cut["duration"] == 6.0
    assert custom["status"] == "accepted" and custom["caption_kind"] == "manual"
    assert custom["source_url"] == "https://www.youtube.com/watch?v=abcdefghijk"
    assert custom["license"] == "not stated" and custom["upload_date"] == "2024-01-31"
    assert custom["title"] == "제목 둘" and custom["chapters"][0]["title"] == "첫째"
    assert "127.0.0.1" not in json.dumps(cut)  # addresses of media are signed, and expire


ASR = "?kind=asr&lang=ko"


@pytest.mark.parametrize(
    ("fields", "kind", "reason"),
    [
        ({"subtitles": {"ko": [("vtt", "?lang=ko")]}}, "manual", ""),
        ({"subtitles": {"ko-nP7-2PuUl7o": [("vtt", "?lang=ko&name=x")]}}, "manual", ""),
        ({"automatic_captions": {"ko-orig": [("json3", ASR)], "ko": [("json3", ASR)]}}, "auto", ""),
        ({"automatic_captions": {"ko": [("json3", ASR)]}}, "auto", ""),
        # every English video has these
        ({"automatic_captions": {"ko": [("json3", "?kind=asr&lang=en&tlang=ko")]}}, None, "only_translated_captions"),
        ({"automatic_captions": {"ko": [("json3", ASR + "&tlang=ko")]}}, None, "only_translated_captions"),
        ({"subtitles": {"ko": [("vtt", "?lang=en&tlang=ko")]}}, None, "only_translated_captions"),
        ({"subtitles": {"ko-en": [("vtt", "?lang=ko-en")]}}, None, "only_translated_captions"),
        ({"subtitles": {"en": [("vtt", "?lang=en")]}}, None, "no_korean_captions"),
        ({"subtitles": {"live_chat": [("json", "")]}}, None, "no_captions"),
        ({}, None, "no_captions"),
        ({"language": "en", "subtitles": {"ko": [("vtt", "?lang=ko")]}}, None, "foreign_audio"),
        # nobody tells the language: what the recogniser hears does, unless it hears a dub as well
        ({"automatic_captions": {"ko-orig": [("json3", ASR)], "en-orig": [("json3", "?kind=asr&lang=en")]}}, None, "unclear_audio_language"),
        ({"subtitles": {"ko": [("vtt", "?lang=ko")]}, "automatic_captions": {"en-orig": [("json3", "?kind=asr&lang=en")]}}, None, "foreign_audio"),
        ({"language": "ko", "automatic_captions": {"ko-orig": [("json3", ASR)], "en-orig": [("json3", "?kind=asr&lang=en")]}}, "auto", ""),
        ({"subtitles": {"ko": None}, "automatic_captions": [1]}, None, "no_captions"),
    ],
)  # fmt: skip
def test_captions_are_chosen_by_what_the_metadata_says(fields, kind, reason):
    info = dict(fields)
    for key in ("subtitles", "automatic_captions"):
        if isinstance(info.get(key), dict):
            info[key] = {
                lang: offers
                and [{"ext": ext, "url": "https://y/t" + query} for ext, query in offers]
                for lang, offers in info[key].items()
            }
    choice = choose_track(info)
    assert (choice.track and choice.track.kind, choice.reason) == (kind, reason)


def test_manual_captions_win_and_formats_with_word_times():
    offers = [
        {"ext": e, "url": f"https://y/{e}?kind=asr&lang=ko"} for e in ("vtt", "json3", "ttml")
    ]
    info = {"automatic_captions": {"ko": offers}}
    assert choose_track(info).track.ext == "json3"
    info["subtitles"] = {"ko": [{"ext": "vtt", "url": "https://y/m"}]}
    assert choose_track(info).track.kind == "manual"


def test_of_dubbed_sound_the_original_language_counts():
    formats = [
        {"acodec": "opus", "language": "ko", "language_preference": -1},
        {"acodec": "opus", "language": "en-US", "language_preference": 10},
        {"acodec": "none", "language": "ko", "language_preference": 20},
    ]
    assert audio_language({"formats": formats, "language": "ko"}) == "en-US"


@pytest.mark.parametrize(
    ("limits", "fields", "reason"),
    [
        ({"min_duration_sec": 10}, {}, "too_short_media"),
        ({"max_duration_sec": 5}, {}, "too_long_media"),
        ({"date_after": "2024-02-01"}, {}, "too_old_media"),
        ({"date_before": "2024-01-01"}, {}, "too_new_media"),
        ({"max_age_limit": 17}, {"age_limit": 18}, "age_limit"),
        ({}, {"live_status": "is_live"}, "live"),
        ({}, {"availability": "subscriber_only"}, "not_public"),
        ({"licenses": ["creative commons"]}, {}, "license"),
        ({"licenses": ["creative commons"]}, {"license": "Creative Commons Attribution"}, None),
        ({"match_filter": "duration > 100"}, {}, "match_filter"),
        ({"match_filter": "title ~= 제"}, {}, None),
        ({"date_after": "2024-01-31", "min_duration_sec": 6}, {}, None),
    ],
)
def test_what_is_not_wanted_is_rejected_with_its_reason(
    site, server, tmp_path, limits, fields, reason
):
    path = server.info(tmp_path / "infos", **fields)
    (cut,) = collected(site, info_json=[str(path)], **limits)
    assert cut["custom"].get("reason") == reason


def test_impossible_limits_are_named():
    with pytest.raises(ValueError, match="'tomorrow' is no date"):
        VideoFilter(date_after="tomorrow")
    with pytest.raises(ValueError, match="match_filter"):
        VideoFilter(match_filter="duration >")


def test_no_captions_at_all_is_a_fault_and_not_a_verdict(site, server, tmp_path):
    cut = one(site, server, tmp_path, subtitles={}, automatic_captions={})
    assert cut["custom"]["error"]["kind"] == "NoCaptionsError"


def test_a_bad_info_file_harms_only_itself(site, server, tmp_path):
    server.info(tmp_path)
    (tmp_path / "x.info.json").write_text("{")
    (tmp_path / "y.info.json").write_text('["a"]')
    cuts = collected(site, info_json=[str(tmp_path)])
    assert sorted("error" in cut["custom"] for cut in cuts) == [False, True, True]


# ---- addresses and identities, which strangers write ----


@pytest.mark.parametrize(
    "text", ["-x", "--exec=touch /tmp/x", "file:///etc/passwd", "/etc/passwd", "", "ftp://x/y", "http://", "abc", "data:x", "ytsearch0:x"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="no address"):
        checked_url(text)


def test_ids_that_begin_with_a_dash_are_ids():
    assert checked_url("-abcdefghij") == "https://www.youtube.com/watch?v=-abcdefghij"


def test_hostile_metadata_stay_data(site, server, tmp_path):
    for i, video_id in enumerate(
        ("../../etc/x", "a/b", "-rf", "x" * 300, "한글", "a\x00b", "..", "%(id)s")
    ):
        info = {"id": video_id, "title": "가" * 900 + "\u202e\x1b[2J", "extractor_key": "../Gen"}
        media_id = media_id_of(info)
        assert media_id.replace("-", "").replace("_", "").isalnum() and len(media_id) < 90, i
        assert described(info)["title"] == "가" * 500
    assert media_id_of({"id": "a/b"}) != media_id_of({"id": "a_b"}) != media_id_of({"id": "a:b"})


def test_a_local_address_in_an_info_file_is_not_read(site, server, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("WEBVTT\n\n00:00.000 --> 00:05.000\n비밀\n")
    offer = {"ko": [{"ext": "vtt", "url": f"file://{secret}"}]}
    cut = one(site, server, tmp_path, subtitles=offer)
    with pytest.raises(FetchError):
        fetch(cut, tmp_path / "audio", site=site)
    assert not list((tmp_path / "audio").rglob("*.vtt"))


def test_nothing_secret_is_said(tmp_path, caplog, server):
    secrets = {
        "proxy": "http://me:s3cret@127.0.0.1:9",
        "cookies_file": str(tmp_path / "c00kies.txt"),
    }
    (tmp_path / "c00kies.txt").write_text("# Netscape HTTP Cookie File\n")
    site = make_site({**QUICK, "retries": 0, **secrets}, tmp_path)
    with caplog.at_level(logging.DEBUG), pytest.raises(FetchError) as error:
        site.info("https://www.youtube.com/watch?v=abcdefghijk")
    said = caplog.text + str(error.value)
    assert "s3cret" not in said and "c00kies" not in said
    assert clean("http://h/a?sig=s3cret&x=1 \x1b[31mred") == "http://h/a red"


# ---- downloads, good and bad ----


def test_captions_and_sound_come_as_they_are(site, server, tmp_path, sound):
    cut = fetch(one(site, server, tmp_path), tmp_path / "audio", keep_original=True, site=site)
    custom = cut["custom"]
    assert custom["caption_path"].endswith("yt-abcdefghijk.ko.vtt")
    assert Path(custom["caption_path"]).read_text(encoding="utf-8") == VTT
    assert abs(cut["duration"] - 6.0) < 0.2 and cut["recording"]["sampling_rate"] == 16000
    original = tmp_path / "audio" / "yt" / "yt-abcdefghijk.original.140.m4a"
    assert original.read_bytes() == sound
    assert "media_damage" not in custom


def test_without_keep_original_only_flac_and_captions_stay(site, server, tmp_path):
    fetch(one(site, server, tmp_path), tmp_path / "audio", site=site)
    left = sorted(p.name for p in (tmp_path / "audio" / "yt").iterdir())
    assert left == ["yt-abcdefghijk.flac", "yt-abcdefghijk.ko.vtt"]


@pytest.mark.parametrize(
    "trouble",
    [
        {"failures": [(503, {}), (500, {})]},
        {"failures": [(429, {"Retry-After": "0.2"})]},
        {"failures": [(429, {}), (503, {})]},
        {"cut_after": 9000, "cuts": 2},
        {"pause_sec": 0.005},
    ],
    ids=["5xx", "429 with Retry-After", "429", "cut connections", "slow body"],
)
@pytest.mark.parametrize("path", ["/sound.m4a", "/manual.vtt"])
def test_passing_trouble_is_waited_out(site, server, tmp_path, trouble, path, sound):
    server.answers[path] = Answer(server.answers[path].body, **trouble)
    cut = fetch(one(site, server, tmp_path), tmp_path / "audio", keep_original=True, site=site)
    assert (tmp_path / "audio/yt/yt-abcdefghijk.original.140.m4a").read_bytes() == sound
    assert Path(cut["custom"]["caption_path"]).read_text(encoding="utf-8") == VTT


def test_a_download_cut_short_is_resumed_where_it_stopped(site, server, tmp_path, sound):
    server.answers["/sound.m4a"] = Answer(sound, cut_after=9000, cuts=1)
    fetch(one(site, server, tmp_path), tmp_path / "audio", site=site)
    assert any(not wanted.startswith("bytes=0-") for wanted in server.ranges)


def test_a_download_is_resumed_by_the_next_run(server, tmp_path, sound):
    server.answers["/sound.m4a"] = Answer(sound, cut_after=9000, cuts=1)
    impatient = make_site({**QUICK, "retries": 0}, tmp_path)
    cut = one(impatient, server, tmp_path)
    with pytest.raises(FetchError):
        fetch(cut, tmp_path / "audio", site=impatient)
    fetch(cut, tmp_path / "audio", keep_original=True, site=make_site(QUICK, tmp_path))
    assert (tmp_path / "audio/yt/yt-abcdefghijk.original.140.m4a").read_bytes() == sound
    assert server.ranges


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("path", ["/sound.m4a", "/manual.vtt"])
def test_what_is_refused_is_not_asked_for_again(site, server, tmp_path, status, path):
    server.answers[path].always = status
    with pytest.raises(FetchError, match=str(status)):
        fetch(one(site, server, tmp_path), tmp_path / "audio", site=site)
    assert server.requests[path] == 1


@pytest.mark.parametrize(
    "body", [b"", b"WEBVTT\n\n", b"<html>busy</html>", b"\x00\x01\x02" * 50, b'{"events": []}'],
    ids=["nothing", "no cue", "a page", "noise", "json"],
)  # fmt: skip
def test_captions_that_are_none_are_a_fault_and_cost_no_download(site, server, tmp_path, body):
    server.answers["/manual.vtt"].body = body
    with pytest.raises(FetchError):
        fetch(one(site, server, tmp_path), tmp_path / "audio", site=site)
    assert server.requests["/sound.m4a"] == 0
    assert not list((tmp_path / "audio").rglob("*.vtt"))


def test_a_wrong_length_is_noticed(site, server, tmp_path, sound):
    server.answers["/sound.m4a"].declared = len(sound) + 5000
    with pytest.raises(FetchError):
        fetch(one(site, server, tmp_path), tmp_path / "audio", site=site)


def test_a_body_that_stalls_is_given_up(server, tmp_path, sound):
    site = make_site({**QUICK, "retries": 0, "timeout_sec": 0.3}, tmp_path)
    server.answers["/sound.m4a"].pause_sec = 1.0
    with pytest.raises(FetchError):
        fetch(one(site, server, tmp_path), tmp_path / "audio", site=site)


# ---- manners ----


def test_after_repeated_429_nobody_asks_for_a_while(server, tmp_path):
    site = make_site({**QUICK, "retries": 1, "pause_sec": 60}, tmp_path)
    server.answers["/manual.vtt"].always = 429
    cut = one(site, server, tmp_path)
    with pytest.raises(FetchError, match="429"):
        fetch(cut, tmp_path / "audio", site=site)
    asked = server.requests.total()
    other = make_site({**QUICK, "pause_sec": 60}, tmp_path)  # another process of the same run
    with pytest.raises(FetchError, match="asked to slow down"):
        fetch(cut, tmp_path / "audio", site=other)
    assert server.requests.total() == asked


def test_a_long_retry_after_opens_the_breaker_at_once(server, tmp_path):
    site = make_site(QUICK, tmp_path)
    server.answers["/manual.vtt"].failures = [(429, {"Retry-After": "3600"})] * 5
    with pytest.raises(FetchError, match="429"):
        fetch(one(site, server, tmp_path), tmp_path / "audio", site=site)
    assert server.requests["/manual.vtt"] == 1


def test_requests_keep_their_distance_over_processes(tmp_path):
    now, slept = [100.0], []
    pace = [
        Pace(tmp_path / "pace", 2.0, clock=lambda: now[0], sleep=slept.append) for _ in range(3)
    ]
    for p in pace:
        p.wait()
    assert slept == [0.0, 2.0, 4.0]


def test_a_breaker_closes_again_and_a_damaged_file_does_not_matter(tmp_path):
    now = [100.0]
    pace = Pace(tmp_path / "pace", 0.0, 60.0, clock=lambda: now[0], sleep=lambda s: None)
    pace.close()
    with pytest.raises(SiteClosedError):
        pace.wait()
    now[0] = 161.0
    pace.wait()
    now[0] = -1e9  # a clock set back must not stop the harvest for years
    (tmp_path / "pace").write_text("{not json")
    pace.wait()


def test_backoff_doubles_with_jitter_up_to_its_limit(tmp_path):
    site = Site(Network(backoff_sec=1, max_backoff_sec=5), Pace(tmp_path / "p"))
    waits = [[site._backoff(n) for _ in range(50)] for n in range(5)]
    assert all(2**n / 2 <= w <= 2**n for n in range(3) for w in waits[n])
    assert all(w <= 5 for w in waits[4]) and len(set(waits[0])) > 10


# ---- listings ----


def test_an_address_that_cannot_be_reached_is_an_error_and_what_is_known_stays(tmp_path):
    site = make_site({**QUICK, "retries": 0, "timeout_sec": 1}, tmp_path)
    address = "http://127.0.0.1:9/list"
    known_cut = {
        "id": "yt-abcdefghijk", "recording": {}, "duration": 1.0,
        "custom": {"media_id": "yt-abcdefghijk", "source_url": "u", "listed_from": address,
                   "caption_kind": "manual", "status": "accepted"},
    }  # fmt: skip
    cuts = collected(site, {"u": known_cut}, urls=[address])
    assert [("error" in c["custom"], c["id"][:9]) for c in cuts] == [
        (False, "yt-abcdef"),
        (True, "unreached"),
    ]


def test_a_direct_address_is_a_video_without_captions(site, server):
    (cut,) = collected(site, urls=[server.url("/sound.m4a")])
    assert cut["custom"]["error"]["kind"] == "NoCaptionsError"


def test_addresses_come_from_a_file_too(tmp_path, site):
    (tmp_path / "list.txt").write_text("# ours\n\nhttp://127.0.0.1:9/a\n", encoding="utf-8")
    site = make_site({**QUICK, "retries": 0}, tmp_path)
    (cut,) = collected(site, urls_file=str(tmp_path / "list.txt"))
    assert cut["custom"]["error"]["kind"] == "FetchError"


def test_info_files_stand_for_the_site_and_addresses_replace_the_file_of_them(
    site, server, tmp_path
):
    (tmp_path / "list.txt").write_text("http://127.0.0.1:9/a\n", encoding="utf-8")
    file = {"urls_file": str(tmp_path / "list.txt")}
    path = server.info(tmp_path / "infos")
    (cut,) = collected(site, info_json=[str(path)], **file)
    assert cut["custom"]["status"] == "accepted" and "error" not in cut["custom"]
    (cut,) = collected(site, urls=[server.url("/sound.m4a")], **file)
    assert "127.0.0.1:9" not in cut["custom"]["source_url"]
    with pytest.raises(UserError, match="name one of them"):
        collected(site, info_json=[str(path)], urls=["http://127.0.0.1:9/a"])


@pytest.mark.parametrize("case", ["dub", "original is foreign"])
def test_the_original_sound_is_taken_however_loud_a_dub_is_advertised(site, case):
    preference = {"dub": (-1, 10), "original is foreign": (10, -1)}[case]
    formats = [
        {"format_id": f"f{i}", "acodec": "opus", "vcodec": "none", "abr": abr, "language": language, "language_preference": p,
         "url": f"http://127.0.0.1:9/{language}", "ext": "webm"}
        for i, (language, abr, p) in enumerate([("en", 160, preference[0]), ("ko", 128, preference[1])])
    ]  # fmt: skip
    info = {"id": "abcdefghijk", "title": "t", "formats": formats, "extractor_key": "Youtube", "extractor": "youtube",
            "webpage_url": "https://www.youtube.com/watch?v=abcdefghijk",
            "automatic_captions": {"ko-orig": [{"ext": "json3", "url": "http://127.0.0.1:9/t?kind=asr&lang=ko"}]}}  # fmt: skip
    choice = choose_track(info)
    if case == "dub":
        assert choice.track.key == "ko-orig"
        chosen = site._ydl.process_ie_result(dict(info), download=False)
        assert chosen["language"] == "ko"
    else:
        assert choice.reason == "foreign_audio"


def test_a_list_of_videos_is_listed_once_and_no_further_than_asked(site, server):
    items = "".join(
        f"<item><title>{i}</title><enclosure url='{server.url(f'/v{i}.m4a')}' type='audio/mp4'/></item>"
        for i in (1, 2, 3, 1)
    )
    feed = (
        f"<?xml version='1.0'?><rss version='2.0'><channel><title>f</title>{items}</channel></rss>"
    )
    server.answers["/feed.xml"] = Answer(feed.encode())
    server.answers |= {f"/v{i}.m4a": Answer(b"\0" * 2000) for i in (1, 2)}
    kinds = [c["custom"]["error"]["kind"] for c in collected(site, urls=[server.url("/feed.xml")])]
    assert kinds == ["NoCaptionsError", "NoCaptionsError", "GoneError"]  # 3 is not there
    assert len(collected(site, urls=[server.url("/feed.xml")], max_items=2)) == 2


def test_the_doctor_says_whether_a_javascript_runtime_is_there(tmp_path, monkeypatch):
    from echoharvester.doctor import javascript_runtime

    for name, version in (("node", "v18.0.0"), ("deno", "deno 2.5.0")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        said = javascript_runtime()
        if name == "node":
            assert "no JavaScript runtime" in said and "node 18.0.0 is too old" in said
        else:
            assert "JavaScript for YouTube: deno 2.5.0" in said


def test_what_was_begun_in_one_format_does_not_go_on_in_another(server, tmp_path, sound):
    server.answers["/sound.m4a"] = Answer(sound, cut_after=9000, cuts=1)
    impatient = make_site({**QUICK, "retries": 0}, tmp_path)
    with pytest.raises(FetchError):
        fetch(one(impatient, server, tmp_path), tmp_path / "audio", site=impatient)
    other = m4a(4.0)
    server.answers["/sound.m4a"] = Answer(other)
    path = next((tmp_path / "infos").glob("*.json"))
    info = json.loads(path.read_text(encoding="utf-8"))
    info["formats"][0]["format_id"] = "139"
    path.write_text(json.dumps(info), encoding="utf-8")
    cut = collected(impatient, info_json=[str(path)])[0]
    fetch(cut, tmp_path / "audio", keep_original=True, site=impatient)
    assert (tmp_path / "audio/yt/yt-abcdefghijk.original.139.m4a").read_bytes() == other
    assert not list((tmp_path / "audio").rglob("*.part"))


def test_sound_that_is_none_is_fetched_anew_next_time(site, server, tmp_path, sound):
    server.answers["/sound.m4a"].body = b"<html>busy</html>" * 100
    cut = one(site, server, tmp_path)
    with pytest.raises(MediaError):
        fetch(cut, tmp_path / "audio", site=site)
    server.answers["/sound.m4a"].body = sound
    assert fetch(cut, tmp_path / "audio", site=site)["duration"] > 5


def test_the_kind_of_captions_is_that_of_what_came(site, server, tmp_path):
    cut = one(site, server, tmp_path)
    auto = [{"ext": "vtt", "url": server.url("/manual.vtt", "?kind=asr&lang=ko")}]
    server.info(tmp_path / "infos", subtitles={}, automatic_captions={"ko": auto})
    assert fetch(cut, tmp_path / "audio", site=site)["custom"]["caption_kind"] == "auto"


@pytest.mark.parametrize(
    "info",
    [
        {"id": "x", "_type": "url", "url": "http://127.0.0.1:1/"},
        {"id": "x", "_type": "foo"},
        {"id": "\ud800"},
    ],
)
def test_an_info_file_that_leads_elsewhere_is_refused(site, tmp_path, info):
    path = tmp_path / "x.info.json"
    path.write_text(json.dumps(info), encoding="utf-8")
    (cut,) = collected(site, info_json=[str(path)])
    assert cut["custom"]["error"]["kind"] == "FetchError"


def test_dates_are_understood_as_people_and_as_yt_dlp_write_them():
    for value in ("20200131", 20200131, "2020-01-31"):
        assert VideoFilter(date_after=value).reason({"upload_date": "2020-05-01"}) is None
        assert (
            VideoFilter(date_after=value).reason({"upload_date": "2020-01-30"}) == "too_old_media"
        )


def test_the_breaker_stays_open_as_long_as_asked_and_at_least_its_own_time(tmp_path):
    now = [0.0]
    pace = Pace(tmp_path / "pace", 0.0, 60.0, clock=lambda: now[0], sleep=lambda s: None)
    for asked, until in ((1.0, 60.0), (3600.0, 3600.0), (None, 60.0)):
        now[0] += 100_000
        pace.close(asked)
        begin = now[0]
        now[0] = begin + until - 1
        with pytest.raises(SiteClosedError):
            pace.wait()
        now[0] = begin + until + 1
        pace.wait()


def test_videos_that_are_not_public_are_not_asked_for(site):
    entry = {
        "id": "abcdefghijk",
        "ie_key": "Youtube",
        "availability": "subscriber_only",
        "title": "t",
    }
    source = make_source({"kind": "youtube"}, site)
    cut = source._video(entry, "http://127.0.0.1:1/list", {})
    assert cut["custom"]["reason"] == "not_public"


def test_a_video_that_one_list_cannot_offer_is_no_error_if_another_can(server, site, tmp_path):
    bare = server.info(tmp_path / "a", subtitles={}, automatic_captions={})
    whole = server.info(tmp_path / "b")
    (alone,) = collected(site, info_json=[str(bare)])
    assert "error" in alone["custom"]
    (cut,) = collected(site, info_json=[str(bare), str(whole)])
    assert "error" not in cut["custom"] and cut["id"] == alone["id"]
