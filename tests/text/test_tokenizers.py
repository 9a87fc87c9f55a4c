import pytest
from hypothesis import given
from hypothesis import strategies as st

from echoharvester.text.hangul import from_jamo, to_jamo
from echoharvester.text.tokenizers import (
    SPECIAL,
    UNK_ID,
    BpeTokenizer,
    CharTokenizer,
    JamoTokenizer,
    read_tokens,
    tokenizer_from_symbols,
    write_tokens,
)

SYLLABLES = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), max_size=20)


@given(SYLLABLES)
def test_jamo_round_trip(text):
    assert from_jamo(to_jamo(text, silent_onset=False)) == text
    tokenizer = JamoTokenizer.train()
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_ids_follow_code_points_behind_the_special_tokens():
    tokenizer = CharTokenizer.train(["나 가", "다"])
    assert tokenizer.symbols == (*SPECIAL, "가", "나", "다")
    assert tokenizer.encode("가라") == [3, UNK_ID]


def test_space_is_a_token_only_when_asked_for():
    tokenizer = CharTokenizer.train(["가 나"], keep_space=True)
    assert tokenizer.decode(tokenizer.encode("나 가")) == "나 가"
    assert CharTokenizer.train(["가 나"]).encode("가 나") == [3, 4]


def test_bpe_has_the_same_special_tokens_and_round_trips():
    texts = ["오늘은 날씨가 좋다", "내일은 날씨가 나쁘다", "오늘도 내일도 좋다"] * 20
    tokenizer = BpeTokenizer.train(texts, vocab_size=60)
    assert tuple(tokenizer.symbols[:3]) == SPECIAL
    assert tokenizer.decode(tokenizer.encode(texts[0])) == texts[0]


def test_tokens_file_round_trip_and_its_error(tmp_path):
    path = tmp_path / "tokens.txt"
    symbols = JamoTokenizer.train(keep_space=True).symbols
    write_tokens(symbols, path)
    assert tuple(read_tokens(path)) == symbols
    assert isinstance(tokenizer_from_symbols(read_tokens(path)), JamoTokenizer)
    path.write_text("<blk> 0\n가 5\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"tokens.txt:2: expected 'symbol 1'"):
        read_tokens(path)
