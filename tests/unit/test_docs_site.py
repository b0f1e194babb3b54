"""The documentation site: every page and link of it, as ``make docs`` builds it."""

from __future__ import annotations

import html
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="the site needs the extra docs: pip install 'mcupatch[docs]'")

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = '''"""
Title
=====

Run it:

    python program.py
"""

import mcupatch  # the program
'''


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", str(ROOT / "docs")]
    return subprocess.run([*command, str(source), str(target)], capture_output=True, text=True, timeout=300)


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    done = build(ROOT, tmp_path)
    assert done.returncode == 0, done.stderr
    sources = [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("tutorials/*.py")]
    pages = [tmp_path / source.relative_to(ROOT).with_suffix(".html") for source in sources]
    assert [page.name for page in pages if not page.is_file()] == []
    assert "docs/index.html" in (tmp_path / "index.html").read_text()
    shown = {picture.name for picture in (tmp_path / "_images").iterdir()}
    assert {picture.name for picture in ROOT.glob("docs/pictures/*.svg")} <= shown
    assert 'id="mcupatch.compile"' in (tmp_path / "docs" / "python.html").read_text()


@pytest.mark.parametrize("link", ["nowhere.md", "index.md#no-such-heading", "../tutorials/99_nothing.py"])
def test_a_broken_link_is_an_error(link: str, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(f"# Title\n\n[words]({link})\n")
    done = build(tmp_path, tmp_path / "build")
    assert done.returncode != 0
    assert link.split("#")[-1] in done.stderr


def test_a_tutorial_is_its_text_and_its_listing(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "tutorials").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# All\n\n```{toctree}\n../tutorials/program\n```\n")
    (tmp_path / "tutorials" / "program.py").write_text(PROGRAM)
    done = build(tmp_path, tmp_path / "build")
    assert done.returncode == 0, done.stderr
    page = html.unescape((tmp_path / "build" / "tutorials" / "program.html").read_text())
    assert "<title>Title - mcupatch</title>" in page
    assert page.index("python program.py") < page.index("# the program")
    assert '"""' not in page
