"""A miniature run of the whole recipe, shared by the tests that look at it."""

from __future__ import annotations

import pytest
from recipe_support import Recipe


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Recipe:
    """All stages, run once."""
    folder = tmp_path_factory.mktemp("recipe")
    recipe = Recipe(folder / "data", folder / "exp")
    recipe.run()
    return recipe
