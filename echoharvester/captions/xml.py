"""XML that people's files hold, read without what only attacks need."""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree

from echoharvester.captions.cues import CaptionError

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos|#\d+|#x[0-9a-fA-F]+);)([A-Za-z]\w*;)?")


def parse_xml(text: str, name: str, what: str) -> ElementTree.Element:
    """The root element; entities of HTML (`&nbsp;`) and bare `&` are read as they are meant.

    Raises:
        CaptionError: if it is not XML, or declares entities; `what` says what was expected.
    """
    if "<!ENTITY" in text:
        raise CaptionError(f"{name}: declares entities, which caption files do not need; refused")
    text = _ENTITY.sub(_meant, text) if "&" in text else text
    try:
        # Decoded already: whatever encoding the file declares is not to be tried again.
        return ElementTree.fromstring(_DECLARATION.sub("", text).encode("utf-8", "replace"))
    except (ElementTree.ParseError, ValueError) as error:
        raise CaptionError(f"{name}: not {what} captions ({error})") from error


def _meant(found: re.Match[str]) -> str:
    character = html.unescape(found[0])
    return "&amp;" + found[0][1:] if character == found[0] else html.escape(character)


def local_name(tag: object) -> str:
    """A tag or attribute without its namespace; "" for comments.

    >>> local_name("{http://www.w3.org/ns/ttml}p")
    'p'
    """
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
