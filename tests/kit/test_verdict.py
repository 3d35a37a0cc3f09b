from __future__ import annotations

import pytest

from hotline.kit.errors import NotPermitted
from hotline.kit.verdict import allow, deny


def test_verdicts_read_as_conditions_and_raise_with_their_reason():
    assert allow("so")
    allow().require("x:y")
    with pytest.raises(NotPermitted) as caught:
        deny("因为").require("x:y")
    assert (caught.value.code, caught.value.message) == ("x:y", "因为")
