"""Bytes of a caption file to text."""

from __future__ import annotations

from echoharvester.captions.cues import CaptionError

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

# Marks of direction and joining, which editors leave in front of times and numbers.
INVISIBLE = dict.fromkeys(
    [0, 0xFEFF, 0x200B, 0x200E, 0x200F, 0x2060, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


def decode(data: bytes, name: str) -> tuple[str, str]:
    """Text and the encoding found: by byte-order mark, else UTF-8, else CP949, else UTF-16.

    A few damaged bytes are read around and become U+FFFD.

    Raises:
        CaptionError: if none of them gives text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark) and _is_text(text := data.decode(encoding, errors="replace")):
            return text, encoding
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]  # a mark that an editor put in front of something else
    if data.count(b"\0") > len(data) // 8:  # UTF-16 without a mark: "1\0\n\0"
        little = data[1::2].count(0) >= data[::2].count(0)
        encoding = "utf-16-le" if little else "utf-16-be"
        return data.decode(encoding, errors="replace"), encoding
    for encoding in ("utf-8", "cp949"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError as error:
            position = error.start
    for encoding in ("utf-8", "cp949"):
        if _is_text(text := data.decode(encoding, errors="replace")):
            return text, encoding
    for encoding in ("utf-16-le", "utf-16-be"):
        text = data.decode(encoding, errors="replace")
        known = sum(c.isascii() or "가" <= c <= "힣" for c in text)
        if _is_text(text) and known > 0.9 * len(text):
            return text, encoding
    raise CaptionError(
        f"{name}: neither UTF-8, UTF-16 nor CP949 (byte {position}); save it as UTF-8"
    )


def _is_text(text: str) -> bool:
    return text.count("\ufffd") <= max(2, len(text) // 200)
