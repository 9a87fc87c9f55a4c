"""Speech with known word times, by espeak-ng from the `espeakng-loader` wheel.

espeak-ng keeps its state in globals, random numbers among them: one `Espeak` at a time in a
process, and a fresh one wherever the same text must give the same samples again.
"""

from __future__ import annotations

import _ctypes
import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from echoharvester.errors import UserError

AUDIO_OUTPUT_SYNCHRONOUS = 2
BUFFER_MS = 500
RANDOM_SEED = 1
CHARS_UTF8 = 1
INITIALIZE_PHONEME_EVENTS = 1
EVENT_LIST_TERMINATED, EVENT_WORD, EVENT_PHONEME = 0, 1, 7
VOWELS = tuple("aeiouyAEIOUVY@0&3")  # first letters of espeak-ng's vowel names
GLIDES = ("w", "j", ";")
PARAMETER_RATE, PARAMETER_VOLUME, PARAMETER_PITCH, PARAMETER_RANGE = 1, 2, 3, 4


class _EventId(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # in characters, from 1
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    ]


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class MispronouncedError(ValueError):
    """espeak-ng says something else than the text."""


@dataclass(frozen=True)
class Voice:
    """A way of speaking.

    Attributes:
        name: an espeak-ng voice, such as "ko+f2".
        rate_wpm: words a minute; 160 is about 6 Korean syllables a second.
        pitch: 0 to 99, middle 50.
        pitch_range: 0 to 99, how lively, middle 50.
    """

    name: str
    rate_wpm: int = 160
    pitch: int = 50
    pitch_range: int = 50


@dataclass(frozen=True)
class Word:
    """One spoken word and where it lies, seconds from the start of its audio."""

    text: str
    start_sec: float
    end_sec: float


@dataclass(frozen=True)
class Speech:
    """Samples in -1..1 and the words in them."""

    samples: np.ndarray
    sampling_rate: int
    words: tuple[Word, ...]


class Espeak:
    """A speaker of Korean text; see `espeak`."""

    def __init__(self, library: str | None = None, data_path: str | None = None) -> None:
        if (library is None) != (data_path is None):
            raise ValueError(
                "a library of espeak-ng and the folder of its data belong together: give both"
            )
        if library is None or data_path is None:
            import espeakng_loader

            library = espeakng_loader.get_library_path()
            data_path = espeakng_loader.get_data_path()
        self._library = ctypes.CDLL(library)
        self.sampling_rate = self._library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS, data_path.encode(), INITIALIZE_PHONEME_EVENTS
        )
        if self.sampling_rate <= 0:
            raise RuntimeError(
                f"espeak-ng did not start with the data in {data_path}: "
                "install espeakng-loader again"
            )
        if hasattr(self._library, "espeak_ng_SetRandSeed"):
            self._library.espeak_ng_SetRandSeed(ctypes.c_long(RANDOM_SEED))
        else:  # before 1.52, which draws from the C library
            ctypes.CDLL(None).srand(RANDOM_SEED)
        self._chunks: list[np.ndarray] = []
        self._starts: dict[int, int] = {}  # position in the text to sample
        self._phonemes: list[tuple[str, int]] = []  # name, sample
        self._callback = _CALLBACK(self._on_audio)  # kept alive: C holds a bare pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def close(self) -> None:
        """Unloads the library, and with it all that it remembers."""
        self._library.espeak_Terminate()
        _ctypes.dlclose(self._library._handle)

    def _on_audio(self, samples, count, events) -> int:  # type: ignore[no-untyped-def]
        if count > 0 and samples:
            self._chunks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        i = 0
        while events[i].type != EVENT_LIST_TERMINATED:
            if events[i].type == EVENT_WORD:
                self._starts[events[i].text_position - 1] = events[i].sample
            elif events[i].type == EVENT_PHONEME:
                name = events[i].id.string.decode("ascii", "replace").lstrip("',%=")
                self._phonemes.append((name, events[i].sample))
            i += 1
        return 0

    def say(self, text: str, voice: Voice) -> Speech:
        """Speaks `text`, which must be words in Hangul separated by single spaces.

        Silence at the end is cut, so the last word ends where the sound does.

        Raises:
            UserError: if the voice does not exist or the word times do not match the text.
        """
        if self._library.espeak_SetVoiceByName(voice.name.encode()) != 0:
            raise UserError(f"espeak-ng has no voice {voice.name!r}; see its voices/!v folder")
        for parameter, value in (
            (PARAMETER_RATE, voice.rate_wpm),
            (PARAMETER_PITCH, voice.pitch),
            (PARAMETER_RANGE, voice.pitch_range),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._chunks, self._starts, self._phonemes = [], {}, []
        encoded = text.encode() + b"\0"
        self._library.espeak_Synth(encoded, len(encoded), 0, 1, 0, CHARS_UTF8, None, None)
        self._library.espeak_Synchronize()
        samples = np.concatenate(self._chunks).astype(np.float32) / 32768
        samples = samples[: _last_sound(samples)]
        return Speech(samples, self.sampling_rate, self._words(text, samples))

    def _words(self, text: str, samples: np.ndarray) -> tuple[Word, ...]:
        vowels = [i for i, (name, _) in enumerate(self._phonemes) if name.startswith(VOWELS)]
        if len(vowels) != len(text.replace(" ", "")):
            raise MispronouncedError(f"espeak-ng did not speak one vowel a syllable in {text!r}")
        starts, position, syllables = [], 0, 0
        for word in text.split(" "):
            sample = self._starts.get(position)
            if sample is None:  # no word event in front of a nasal: 나, 말
                sample = self._onset_sample(vowels[syllables])
            starts.append(sample / self.sampling_rate)
            position += len(word) + 1
            syllables += len(word)
        ends = [*starts[1:], len(samples) / self.sampling_rate]
        return tuple(
            Word(word, start, end)
            for word, start, end in zip(text.split(" "), starts, ends, strict=True)
        )

    def _onset_sample(self, vowel: int) -> int:
        """Where the consonant in front of a vowel begins, glides passed over."""
        i = vowel - 1
        while i > 0 and self._phonemes[i][0].startswith(GLIDES):
            i -= 1
        return self._phonemes[max(i, 0)][1]


def _last_sound(samples: np.ndarray, floor: float = 1e-3) -> int:
    loud = np.flatnonzero(np.abs(samples) > floor)
    return int(loud[-1]) + 1 if len(loud) else len(samples)


@contextmanager
def espeak(library: str | None = None, data_path: str | None = None) -> Iterator[Espeak]:
    """A fresh speaker: the same calls give the same samples.

    `library`, `data_path`: another version of espeak-ng; None: that of the wheel.
    """
    speaker = Espeak(library, data_path)
    try:
        yield speaker
    finally:
        speaker.close()
