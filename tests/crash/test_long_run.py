"""The long run, short: real workers, web server and stand-ins, fifteen kills."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.crash.account import Account
from tests.crash.long import main, run


@pytest.mark.slow
def test_fifteen_kills_while_campaigns_go_out(tmp_path: Path) -> None:
    seed = random.SystemRandom().getrandbits(32)
    (tmp_path / "seed").write_text(str(seed))
    account, kills = run(tmp_path, kills=15, messages=600, database="sqlite", seed=seed)
    assert (account.twice, account.lost, account.after_optout) == ([], [], [])
    assert account.line(kills).startswith("crash: kills=15 messages=")
    assert account.stops > 0
    assert account.cut_off > 0, "no kill met a message on its way: the test proves nothing"


def test_the_account_finds_what_is_wrong() -> None:
    account = Account(messages=3, lost=["one"])
    assert not account.holds
    assert account.line(0) == ("crash: kills=0 messages=3 twice=0 lost=1 after_optout=0 checking=0")


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--kills" in capsys.readouterr().out
