"""A site on loopback, with a video's sound and captions."""

import pytest
from loopback import QUICK, VTT, Answer, m4a, serving

from echoharvester.sources import make_site


@pytest.fixture(scope="module")
def sound():
    return m4a()


@pytest.fixture
def server(sound):
    with serving() as loopback:
        loopback.answers = {"/sound.m4a": Answer(sound), "/manual.vtt": Answer(VTT.encode())}
        yield loopback


@pytest.fixture
def site(tmp_path):
    return make_site(QUICK, tmp_path)
