"""What the `custom` fields of a cut are: the data dictionary, as data.

Tests hold the manifests of a whole run against it, and docs/data_dictionary.md is made from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,), "number": (int, float), "whole number": (int,), "list": (list,), "table": (dict,),
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        name: key of `custom`.
        type: a key of `TYPES`.
        stage: that writes it first; later ones may change it.
        meaning: of its value, units and allowed words in it.
        absent: when it is not there; "" where every cut of the stage and of later ones has it.
        low, high: least and largest value of a number; None: no bound.
    """

    name: str
    type: str
    stage: str
    meaning: str
    absent: str = ""
    low: float | None = None
    high: float | None = None

    def fault(self, value: Any) -> str:
        """Why a value cannot be one of this field; "" if it can.

        >>> Field("cer", "number", "validate", "", low=0).fault(-0.1)
        'cer is -0.1, less than 0'
        """
        known: Any = value
        if isinstance(known, bool) or not isinstance(known, TYPES[self.type]):
            return f"{self.name} is {value!r}, no {self.type}"
        if self.low is not None and float(value) < self.low:
            return f"{self.name} is {value}, less than {self.low:g}"
        if self.high is not None and float(value) > self.high:
            return f"{self.name} is {value}, more than {self.high:g}"
        return ""


_OF_FILES, _OF_SITES = "of media of a site", "of media on disk"
_UNTRIED = "of what was rejected before"
FIELDS = (
    Field("media_id", "text", "collect", "of the media item: digest of the content of a file, `yt-` and the id of a video"),
    Field("status", "text", "collect", "accepted, review, approved, rejected"),
    Field("reason", "text", "collect", "why it is rejected or for review: docs/stages.md", "of what is accepted or approved"),
    Field("rejected_by", "text", "collect", "name of the stage that rejected it", "of what is not rejected"),
    Field("media_path", "text", "collect", "path of the file", _OF_FILES),
    Field("source_url", "text", "collect", "address of the page", "of media on disk that name none"),
    Field("title", "text", "collect", "as stated; a file's name without its suffix", "after a takedown"),
    Field("channel", "text", "collect", "as stated; the folder of a file", "where a site tells none"),
    Field("license", "text", "collect", "as stated, else `not stated`", "after a takedown"),
    Field("file_size", "whole number", "collect", "bytes of the media file", _OF_FILES, low=0),
    Field("file_mtime_ns", "whole number", "collect", "when the media file was changed, ns since 1970; on `cuts_media` alone", _OF_FILES),
    Field("declared_duration_sec", "number", "collect", "s, as the container or the site says", "where neither does", low=0),
    Field("caption_kind", "text", "collect", "manual, auto, external, none; from stage 3 machine: a recogniser wrote them", "after a takedown"),
    Field("caption_path", "text", "collect", "of the caption file; from stage 2 of its copy in `audio/`", "where there is none"),
    Field("caption_digest", "text", "collect", "BLAKE2b of the caption file", _OF_FILES),
    Field("captions_beside", "list", "collect", "caption files and tracks that were not taken, with the reason where it is not only that another comes first", "where there are none"),
    Field("audio_tracks", "list", "collect", "tables of codec, language, title, is_default", "of media of sites, and of files that cannot be read"),
    Field("audio_track", "whole number", "collect", "the one that is decoded, from 1", "of media of sites", low=1),
    Field("subtitle_tracks", "list", "collect", "tables of codec, language, title, is_default", "where there are none"),
    Field("subtitle_track", "whole number", "collect", "the one that is the captions, from 1", "where a file beside it is", low=1),
    Field("video_id", "text", "collect", "of the site", _OF_SITES),
    Field("channel_id", "text", "collect", "of the site", _OF_SITES),
    Field("upload_date", "text", "collect", "2020-01-31", _OF_SITES + ", or not told"),
    Field("chapters", "list", "collect", "tables of start_sec, end_sec, title", "where there are none"),
    Field("age_limit", "whole number", "collect", "years", _OF_SITES + ", or not told", low=0),
    Field("view_count", "whole number", "collect", "when it was listed", _OF_SITES + ", or not told", low=0),
    Field("live_status", "text", "collect", "of the site: not_live, was_live ...", _OF_SITES + ", or not told"),
    Field("availability", "text", "collect", "of the site: public, unlisted ...", _OF_SITES + ", or not told"),
    Field("audio_language", "text", "collect", "of the site, else `not stated`", _OF_SITES),
    Field("caption_track", "text", "collect", "key of the chosen track of a site: ko, ko-orig ...", _OF_SITES + ", or none chosen"),
    Field("caption_verdict", "text", "collect", "why no track was chosen", "where one was"),
    Field("listed_from", "text", "collect", "the address that listed it", _OF_SITES),
    Field("info_json", "text", "collect", "the file that stands for the site", "where the site was asked"),
    Field("error", "table", "collect", "kind and message of a fault; in errors files alone", "of what has none"),
    Field("fingerprint", "text", "download", "of what made the cut, 16 hexadecimal digits", "on `cuts_media`"),
    Field("decoded_duration_sec", "number", "download", "s of sound", _UNTRIED, low=0),
    Field("audio_bytes", "whole number", "download", "bytes of the flac file", _UNTRIED, low=0),
    Field("caption_bytes", "whole number", "download", "bytes of the caption file", _UNTRIED, low=0),
    Field("channel_used", "whole number", "download", "of two that cancel each other out, from 1", "where all are summed", low=1),
    Field("media_damage", "text", "download", "what of the sound is missing", "where nothing is"),
    Field("media_gaps", "list", "download", "pairs of s between which sound is missing", "where none is"),
    Field("caption_cues", "table", "segment", "of the caption file: `cues` (read = used + the others by kind), what was `repaired` and `removed`, by kind", _UNTRIED),
    Field("text_raw", "text", "segment", "as captioned", _UNTRIED),
    Field("text_orthographic", "text", "segment", "NFC, without markup; digits and Latin letters kept", _UNTRIED),
    Field("text_candidates", "list", "segment", "verbalisations, the likeliest first, until the sound has chosen", "where there is but one, or one is chosen"),
    Field("turn", "text", "segment", "`begins`: captions say that another speaker begins here", "of all others"),
    Field("caption_start_sec", "number", "segment", "s in the media, as the captions say", _UNTRIED, low=0),
    Field("caption_end_sec", "number", "segment", "s in the media, as the captions say", _UNTRIED, low=0),
    Field("media_start_sec", "number", "segment", "s in the media where the cut begins", _UNTRIED, low=0),
    Field("media_end_sec", "number", "segment", "s in the media where the cut ends", _UNTRIED, low=0),
    Field("transcribed_by", "text", "transcribe", "kind and name of the recogniser that wrote the captions", "of captions by people or a site"),
    Field("site_caption_path", "text", "transcribe", "of the captions that a site's recogniser wrote, a witness", "where there are none, or they are the captions"),
    Field("transcript", "table", "transcribe", "how many utterances were heard and written, and of those left out how many by why", "as transcribed_by"),
    Field("korean_probability", "number", "transcribe", "that its speech is Korean", "as transcribed_by, and of recognisers that do not tell", low=0, high=1),
    Field("align_score", "number", "align", "mean probability of the aligned characters", _UNTRIED, low=0, high=1),
    Field("align_confidence", "number", "align", "calibrated probability that the text is right", "without `align.calibration`", low=0, high=1),
    Field("text_whole", "text", "align", "the text before what does not fit was trimmed away", "where every word fits"),
    Field("words_trimmed", "whole number", "align", "words of `text_whole` that went", "where every word fits", low=0),
    Field("words_left_out", "whole number", "align", "`words_trimmed` in data of before it was called so", "in new data", low=0),
    Field("joined", "list", "align", "ids of the cuts whose words it has as well", "of what was not joined"),
    Field("start_moved", "whole number", "align", "words by which it begins later than its caption, as nobody paused there; less than 0: earlier, with the last words of the caption before", "where its start did not move"),
    Field("end_moved", "whole number", "align", "words by which it ends later than its caption, as nobody paused there; less than 0: earlier", "where its end did not move"),
    Field("joined_to", "text", "align", "id of the cut that has its words; the last of them may have gone on to the next (`end_moved`)", "of all others"),
    Field("text_log_prob_mean", "number", "align", "mean natural log-probability of the text's tokens on the sound", "where neither aligner nor recogniser gives evidence", high=0),
    Field("text_log_prob_min", "number", "align", "the least of them", "where neither aligner nor recogniser gives evidence", high=0),
    Field("weakest_word", "text", "align", "that holds the least probable token", "where neither aligner nor recogniser gives evidence"),
    Field("text_as_heard", "text", "align", "the text as that recogniser writes it", "where neither aligner nor recogniser gives evidence"),
    Field("word_log_probs", "list", "align", "log-probabilities of the tokens of each of its words", "where neither aligner nor recogniser gives evidence"),
    Field("heard_log_probs", "list", "align", "log-probability of each word of heard_text", "where neither aligner nor recogniser gives evidence"),
    Field("heard_text", "text", "align", "what was heard in place of the text", "where neither aligner nor recogniser gives evidence"),
    Field("witness_by", "text", "align", "kind and name of the second witness", "where none was asked, or it could not place the text"),
    Field("witness_score", "number", "align", "its mean probability of the aligned characters", "as witness_by", low=0, high=1),
    Field("witness_text", "text", "align", "the words as it was asked for them", "as witness_by"),
    Field("witness_word_log_probs", "list", "align", "log-probabilities of the tokens of each of these, against the best path", "as witness_by"),
    Field("witness_heard_text", "text", "align", "words that it heard in their place", "as witness_by"),
    Field("heard_by", "text", "align", "kind, name and type of the recogniser that gave the evidence", "where neither aligner nor recogniser gives evidence"),
    Field("snr_db", "number", "measure", "dB, speech against what lies between it (WADA)", _UNTRIED),
    Field("speech_ratio", "number", "measure", "share of the cut that is speech", _UNTRIED, low=0, high=1),
    Field("syllables_per_sec", "number", "measure", "of the text, in speech", _UNTRIED, low=0),
    Field("clipped_share", "number", "measure", "share of samples at the limit", _UNTRIED, low=0, high=1),
    Field("bandwidth_hz", "number", "measure", "Hz below which nearly all energy lies", _UNTRIED, low=0, high=8000),
    Field("hangul_share", "number", "measure", "of the letters of the caption", _UNTRIED, low=0, high=1),
    Field("audio_fingerprint", "text", "measure", "base64 of 32-bit values; on `cuts_measured` alone", "elsewhere"),
    Field("rate_deviation", "number", "filter", "robust standard deviations from how fast the media item is spoken", "with fewer than ten utterances to compare"),
    Field("duplicate_of", "text", "filter", "media id that keeps the same speech", "where nobody else says it"),
    Field("overlap_ratio", "number", "speakers", "share of the cut in which more than one person speaks", "with speakers=none", low=0, high=1),
    Field("speaker", "text", "speakers", "who speaks most in it: `ID-speakerN`, of this media item alone", "with speakers=none, and where nobody is told", ),
    Field("speaker_share", "number", "speakers", "that speaker's share of what is spoken in it", "as speaker", low=0, high=1),
    Field("hyp_text", "text", "validate", "what the recogniser heard", _UNTRIED),
    Field("cer", "number", "validate", "share of the text's characters, no spaces, that the hypothesis has otherwise", _UNTRIED, low=0),
    Field("recogniser", "text", "validate", "kind, or two with ` + ` between", _UNTRIED),
    Field("hyp_text_second", "text", "validate", "what the second recogniser heard", "with one recogniser"),
    Field("cer_second", "number", "validate", "CER of that against the text", "with one recogniser", low=0),
    Field("cer_between", "number", "validate", "CER of the first hypothesis against the second", "with one recogniser", low=0),
    Field("evidence_of", "text", "validate", "asr: the evidence is the recogniser's", "where it is the aligner's, or there is none"),
    Field("site_text", "text", "validate", "what a site's recogniser wrote there and around it", "as site_caption_path"),
    Field("machine_cer", "number", "validate", "CER of a label that a recogniser wrote against what an unlike model heard", "of captions by people or a site", low=0),
    Field("label_probability", "number", "validate", "that the text is right, by evidence or by the label classifier", "where the CER decides", low=0, high=1),
    Field("review_files", "list", "review", "names of the files with its row; on `review_rows` alone", "elsewhere"),
    Field("review_layout", "text", "review", "how rows were assigned; on `review_rows` alone", "elsewhere"),
    Field("review_sample", "table", "review", "stratum, population and size of the random sample; on `review_rows` alone", "of what is not in the sample"),
    Field("review_planted", "text", "review", "the wrong text that its row shows on purpose; on `review_rows` alone", "of what is shown as it is"),
    Field("review", "table", "merge", "decision, texts, status and CER before, reviewer, note, time, how much was heard: docs/review.md", "of what nobody decided"),
    Field("review_problem", "text", "merge", "why a decision was not applied", "where there is none"),
    Field("joined_from", "text", "export", "name of the Shar folder that it was merged from", "of what was harvested here"),
)  # fmt: skip
BY_NAME = {field.name: field for field in FIELDS}


def faults(custom: Mapping[str, Any]) -> list[str]:
    """What is wrong with the fields of a cut; unknown ones are named, too."""
    found = [f"{name}: not in the data dictionary" for name in custom if name not in BY_NAME]
    found += [BY_NAME[name].fault(value) for name, value in custom.items() if name in BY_NAME]
    return [fault for fault in found if fault]
