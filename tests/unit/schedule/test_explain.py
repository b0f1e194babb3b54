"""Names in sentences stay short."""

from __future__ import annotations

from mcupatch.schedule.explain import LONGEST_NAME, shorten_name


def test_long_names_keep_their_end() -> None:
    assert shorten_name("stem") == "stem"
    assert shorten_name("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    name = shorten_name("model/" * 20 + "conv2d_2/Conv2D")
    assert len(name) == LONGEST_NAME and name.startswith("...") and name.endswith("conv2d_2/Conv2D")
