"""What the reason of a rejection means, in words for somebody who reads a report."""

from __future__ import annotations

# By reason: what it means, and the setting that decides ("" where none does).
MEANINGS: dict[str, tuple[str, str]] = {
    "no_captions": ("there is no caption file beside the media", "source.uncaptioned"),
    "duplicate_media": ("another file has the same content", ""),
    "link_out_of_folder": ("a symbolic link that leads out of the folder", ""),
    "no_korean_captions": ("the site has no Korean captions of it", "source.*"),
    "only_translated_captions": ("its Korean captions were translated by a machine", "source.*"),
    "foreign_audio": ("it speaks another language", "source.*"),
    "live": ("a live stream", "source.*"),
    "not_public": ("private, or for members", "source.*"),
    "too_short_media": ("shorter than media have to be", "source.*"),
    "too_long_media": ("longer than media may be", "source.*"),
    "too_old_media": ("published too early", "source.*"),
    "too_new_media": ("published too late", "source.*"),
    "age_limit": ("for adults", "source.*"),
    "license": ("a licence that was not asked for", "source.*"),
    "match_filter": ("the filter of one's own does not let it pass", "source.*"),
    "taken_down": ("it was asked to be taken down", ""),
    "no_speech": ("nobody is heard in it", ""),
    "speech_not_korean": ("what is heard is another language", "transcribe.min_korean"),
    "no_korean_speech": ("the recogniser wrote nothing that can have been said", "transcribe.*"),
    "captions_empty": ("nothing is left of the captions once they are cleaned", "segment.min_chars"),
    "captions_not_korean": ("the captions are in another language", "segment.min_hangul_share"),
    "invalid_text": ("too short, or hardly any Hangul in it", "segment.min_hangul_share"),
    "damaged_text": ("bytes that are no text", ""),
    "not_alignable": ("the text was not found in the sound, or has more letters than fit", "align.*"),
    "joined": ("its words went into the utterance before, as nobody pauses between", "align.join_sec"),
    "too_short": ("shorter than an utterance has to be", "filter.min_sec"),
    "too_long": ("longer than an utterance may be", "filter.max_sec"),
    "damaged_audio": ("sound is missing inside", ""),
    "low_speech_ratio": ("too little of it is speech", "filter.min_speech_ratio"),
    "invented_phrase": ("what recognisers write over silence", ""),
    "low_snr": ("too noisy", "filter.min_snr_db"),
    "clipped": ("recorded too loud", "filter.max_clipped_share"),
    "narrow_band": ("telephone quality", "filter.min_bandwidth_hz"),
    "overlapped_speech": ("several people speak at once", "filter.max_overlap_ratio"),
    "not_korean": ("mostly other letters than Hangul", "filter.min_hangul_share"),
    "low_align_score": ("the words hardly fit the sound", "filter.min_align_score"),
    "too_fast": ("more syllables than anybody says in that time", "filter.max_syllables_per_sec"),
    "too_slow": ("fewer syllables than the speech is long", "filter.min_syllables_per_sec"),
    "unusual_rate": ("spoken much faster or slower than the rest of the media item", "filter.max_rate_deviation"),
    "duplicate": ("another media item has the same speech", "duplicates.*"),
    "captions_do_not_match": ("nearly none of the captions of the media item fits", "filter.max_mismatch_share"),
    "cer_too_high": ("the recogniser heard something else", "validate.max_cer_manual, max_cer_other"),
    "cer_near_limit": ("the recogniser heard nearly that; for people to decide", "validate.review_margin"),
    "empty_hypothesis": ("the recogniser heard nothing", ""),
    "repetitive_hypothesis": ("the recogniser went round in a loop", ""),
    "recognisers_disagree": ("one recogniser heard it, the other did not; for people to decide", "second_asr"),
    "label_unlikely": ("the text is improbable given the sound", "validate.min_probability"),
    "label_doubtful": ("the text may be right; for people to decide", "validate.min_probability"),
    "unconfirmed": ("a recogniser wrote it, and no unlike one hears the same", "validate.max_cer_machine"),
    "machine_doubtful": ("a recogniser wrote it, an unlike one hears nearly that; for people to decide", "validate.max_cer_machine"),
    "dropped_by_reviewer": ("a reviewer dropped it", ""),
}  # fmt: skip

TERMS = {
    "CER": "character error rate: how many characters of the text the recogniser heard otherwise, left out or "
    "put in, without spaces and punctuation",
    "confidence": "how well the words fit the sound where they were put, 0 to 1",
    "SNR": "how much louder the speech is than what lies between it, in dB",
    "label probability": "how probable it is that the text is exactly what was said, by the evidence of the "
    "recogniser",
    "label error": "share of utterances whose text is not exactly what was said",
    "yield": "share of the captioned time that was kept",
}


def meaning(reason: str) -> str:
    """What a reason means, and what decides; the reason itself where that is not known.

    >>> meaning("low_snr")
    'too noisy (filter.min_snr_db)'
    """
    words, setting = MEANINGS.get(reason, (reason.replace("_", " "), ""))
    return f"{words} ({setting})" if setting else words
