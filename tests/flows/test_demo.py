"""The main job from end to end: real processes, stand-ins with a log of their own.

Import, group, review, an email and a text, a series on a fast clock in the shipped
worker, an unsubscribe, a STOP, a bounce and a booking through the real endpoints.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.factories.service import ROOT, clean_environment

LINE = re.compile(
    r"demo: imported=(\d+) eligible=(\d+) email_accepted=(\d+) sms_accepted=(\d+) "
    r"suppressed=(\d+) unsubscribed=(\d+) booked=(\d+) twice=0 skipped=0"
)
TOPICS = re.compile(r"joint|muscle|spasm|cramp|pain|skin", re.IGNORECASE)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_main_job_ends_with_figures_that_the_providers_log_confirms(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "campaigns", "demo", "--keep", str(tmp_path)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=580,
    )
    assert result.returncode == 0, result.stderr
    found = LINE.fullmatch(result.stdout.strip())
    assert found is not None, result.stdout
    imported, eligible, emails, texts, suppressed, unsubscribed, booked = map(int, found.groups())
    log = [json.loads(line) for line in (tmp_path / "accepted.jsonl").read_text().splitlines()]
    kinds = Counter(entry["kind"] for entry in log)
    assert (kinds["email"], kinds["sms"]) == (emails, texts)
    assert imported >= 500
    assert 0 < eligible <= imported
    assert suppressed > 0
    assert (unsubscribed, booked) == (2, 1)
    for entry in log:
        handed = {k: v for k, v in entry.items() if k not in ("html", "text", "html_sha256")}
        assert TOPICS.search(json.dumps(handed)) is None, "a topic left the clinic"
