"""The shape of the house: import order, file length, who commits, what is committed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 420


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows or would add, by pattern."""
    listing = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


def test_packages_import_only_what_stands_before_them() -> None:
    result = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def test_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked("*.py", "*.html", "*.js", "*.css")
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert long == {}


def test_only_the_boundary_commits() -> None:
    commits = [
        str(path.relative_to(ROOT))
        for path in tracked("campaigns/*.py", "campaigns/**/*.py")
        if re.search(r"\.(commit|rollback)\(", path.read_text())
        and path.relative_to(ROOT).parts[1] != "core"
    ]
    assert commits == []


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc", "service", "manager"])
def test_no_module_is_named_for_nothing(name: str) -> None:
    assert [p for p in tracked("campaigns/*.py", "campaigns/**/*.py") if p.stem == name] == []


def test_templates_hold_no_inline_script_style_or_handler() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}: {match.group().strip()}"
        for path in tracked("templates/staff/*.html", "templates/public/*.html")
        for match in inline.finditer(path.read_text())
    ]
    assert found == []


def test_nothing_is_left_half_done() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
    here = Path(__file__)
    left = [
        str(path.relative_to(ROOT))
        for path in tracked("*.py", "*.html", "*.js")
        if path != here and marks.search(path.read_text())
    ]
    assert left == []
