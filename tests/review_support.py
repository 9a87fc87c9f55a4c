"""Review files as people leave them, and what they are about."""

from echoharvester.manifests.cuts import media_cut, recording, text_of, utterance_cut, with_custom
from echoharvester.review.rows import row_of
from echoharvester.review.tsv import write_rows

SYLLABLES = "가나다라마바사아자차"


def make_cuts(sound="/x.flac"):
    """Cuts m-0 to m-9; the odd ones are for review, with a CER of 0.1 times their number."""
    of_media = {
        "caption_kind": "manual",
        "media_path": "/media/m.mp4",
        "title": "날씨",
        "channel": "c",
    }
    media = media_cut("m", recording("m", sound, 16000, 160000), of_media)
    result = []
    for i, syllable in enumerate(SYLLABLES):
        text = f"오늘은 날씨가 좋네요 {syllable}"
        cut = utterance_cut(media, f"m-{i}", i, i + 1.0, text, {"text_orthographic": f"{text}."})
        times = [(0.1, 0.2), (0.3, 0.2), (0.5, 0.2), (0.7, 0.2)]
        words = [[w, *at, 0.9] for w, at in zip(text.split(), times, strict=True)]
        cut["supervisions"][0]["alignment"] = {"word": words}
        cut = with_custom(cut, align_score=0.9, snr_db=30.0, speech_ratio=0.9)
        status = (
            {"status": "review", "reason": "cer_near_limit"} if i % 2 else {"status": "accepted"}
        )
        result.append(with_custom(cut, **status, cer=round(0.1 * i, 4), hyp_text=text_of(cut)))
    return result


DECIDED = {"m-1": ("ok", ""), "m-3": ("fix", "오늘은 하늘이 맑네요 라"), "m-5": ("drop", "")}


def write_decided(path, cuts, decided=DECIDED, **columns):
    """A review file in which `decided` maps ids to (decision, text)."""
    rows = [{**row_of(cut), **columns} for cut in cuts]
    for row in rows:
        if row["id"] in decided:
            row["decision"], text = decided[row["id"]]
            row["text"] = text or row["text"]
    write_rows(path, rows)
    return path
