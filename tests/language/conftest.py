from __future__ import annotations

import pytest

from hotline.language.training import Trained, train
from tests.language.labelled import messages


@pytest.fixture(scope="session")
def trained() -> Trained:
    """A model of three first-level categories and what is below them."""
    return train(messages())
