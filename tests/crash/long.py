"""The long crash run: workers are killed at random moments while campaigns go out.

``make crash`` (``KILLS=``, ``MESSAGES=``, ``DATABASE=postgres``). It ends with one line,
counted from the stand-ins' own log, and fails unless nobody got two, nobody is missing
and nobody was written to after leaving. With ``--messages`` in the hundreds it is a test.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from campaigns.broadcasts.models import Broadcast, BroadcastState
from campaigns.delivery.models import Message, MessageState
from tests.crash.account import OPEN, Account, draw_up
from tests.crash.town import TEXTED_EVERY, Town

WORKERS = 3
SHIFT = timedelta(hours=27)
"""After this long, silence about an email is proof that it was not accepted."""


def main(arguments: list[str] | None = None) -> int:
    """Run, print the line, and tell by the exit code whether it held."""
    options = _parser().parse_args(arguments)
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    if not options.quiet:
        sys.stderr.write(f"seed {seed}, {options.database}\n")
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        account, kills = run(
            Path(folder),
            kills=options.kills,
            messages=options.messages,
            database=options.database,
            seed=seed,
            tell=not options.quiet,
        )
    for name in ("twice", "lost", "after_optout"):
        for example in getattr(account, name)[:5]:
            sys.stderr.write(f"{name}: {example}\n")
    sys.stdout.write(account.line(kills) + "\n")
    return 0 if account.holds else 1


def run(
    folder: Path, *, kills: int, messages: int, database: str, seed: int, tell: bool = False
) -> tuple[Account, int]:
    """Send, kill, let people leave, settle; return the account and how many were killed."""
    chance = random.Random(seed)
    people = max(20, round(messages / (1 + 1 / TEXTED_EVERY)))
    groups = max(2, min(20, people // 150))
    # Small batches and a slow provider: the messages last for as long as the kills.
    batch_size = max(5, min(50, messages // max(kills, 1) // 2))
    town = Town(folder, kind=database, batch_size=batch_size)
    try:
        town.settle_people(people, groups=groups)
        town.start_web()
        controller = _Controller(town, chance, kills=kills, messages=messages, groups=groups)
        controller.kill_while_sending()
        if tell:
            sys.stderr.write(f"{controller.done} killed; settling\n")
        controller.settle()
        account = draw_up(town, controller.broadcasts)
        if tell:
            sys.stderr.write(
                f"{account.stops} stops, {account.cut_off} POSTs cut off; {dict(account.states)}\n"
            )
        return account, controller.done
    finally:
        town.close()


class _Controller:
    """Starts campaigns, kills workers and lets people leave, all in one thread."""

    def __init__(
        self, town: Town, chance: random.Random, *, kills: int, messages: int, groups: int
    ) -> None:
        self.town = town
        self.chance = chance
        self.kills = kills
        self.messages = messages
        self.groups = groups
        self.broadcasts: dict[int, int] = {}
        self.done = 0
        self._read = 0
        self._taken = 0

    def _progress(self) -> float:
        """The share of all messages that the stand-ins have taken."""
        with self.town.vendor.log.open("rb") as log:
            log.seek(self._read)
            new = log.read()
        self._read += len(new)
        self._taken += new.count(b"\n")
        return self._taken / self.messages

    def kill_while_sending(self) -> None:
        """Keep the kills in step with what went out, so that each meets messages on their way."""
        for _ in range(WORKERS):
            self.town.start_worker()
        quiet_since = time.monotonic()
        before = -1
        while self.done < self.kills:
            progress = self._progress()
            if self._taken != before:
                before, quiet_since = self._taken, time.monotonic()
            if len(self.broadcasts) < self.groups and progress >= (len(self.broadcasts) - 0.7) / (
                self.groups
            ):
                group = len(self.broadcasts)
                self.broadcasts[self.town.schedule(group)] = group
            time.sleep(self.chance.uniform(0.01, 0.25))
            if self.chance.random() < 0.4 and self.broadcasts:
                self.town.somebody_leaves(self.chance.choice(list(self.broadcasts)), self.chance)
            idle = time.monotonic() - quiet_since > 3
            if progress >= (self.done + 1) / (self.kills + 1) or idle:
                self.done += self.town.kill(self.chance.choice(self.town.running))
                self.town.start_worker()
            self.town.replace_fallen()
        while len(self.broadcasts) < self.groups:
            group = len(self.broadcasts)
            self.broadcasts[self.town.schedule(group)] = group

    def settle(self) -> None:
        """Let everything come to its end: what waits leaves, events settle what is unclear."""
        self._wait(lambda: not self._count(OPEN) and self._all_sent(), 900, keep=True)
        self.town.vendor.control("flush", seconds=50)
        for worker in list(self.town.running):
            self.town.stop(worker)
        if not self._count({MessageState.UNCERTAIN}):
            return
        worker = self.town.start_worker(later=SHIFT)
        self._wait(lambda: not self._count({MessageState.UNCERTAIN}), 120)
        self.town.stop(worker)

    def _all_sent(self) -> bool:
        with self.town.services.db.reading() as session:
            states = set(session.scalars(select(Broadcast.state)))
        return states == {BroadcastState.SENT}

    def _count(self, states: object) -> int:
        with self.town.services.db.reading() as session:
            return int(
                session.scalar(
                    select(func.count()).where(
                        Message.origin_kind == "broadcast",
                        Message.state.in_(list(states)),  # type: ignore[call-overload]
                    )
                )
                or 0
            )

    def _wait(self, over: object, seconds: float, *, keep: bool = False) -> None:
        until = time.monotonic() + seconds
        while not over() and time.monotonic() < until:  # type: ignore[operator]
            if keep:
                self.town.replace_fallen()
            time.sleep(0.3)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash.long", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, help="repeat a run's choices")
    parser.add_argument("--quiet", action="store_true", help="print the last line alone")
    return parser


if __name__ == "__main__":
    sys.exit(main())
