"""Options of the test run."""

from __future__ import annotations

import pytest
from hypothesis import settings


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="Write the golden files anew; review the difference."
    )
    parser.addoption(
        "--new-examples",
        action="store_true",
        help="Property tests draw examples that they never drew before, instead of the same ones every time.",
    )


def pytest_configure(config: pytest.Config) -> None:
    # A change passes or fails by what it changes: luck is for `make heavy`.
    settings.register_profile("mcupatch", derandomize=not config.getoption("--new-examples"))
    settings.load_profile("mcupatch")
