"""Named points at which a test can make the program fail; they do nothing otherwise.

``point("send.after_post")`` stands wherever a crash must do no harm. A test installs an
action for a name; the setting ``CAMPAIGNS_FAULT`` (``name:kill``, ``name:raise``) does the
same for a whole process, and is refused unless nothing can leave the machine. Every point
in the code belongs to a scenario of the crash matrix (``tests/crash/test_matrix.py``).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

_actions: dict[str, Callable[[], None]] = {}


class InjectedFault(Exception):
    """Raised at a point on request."""


def point(name: str) -> None:
    """Do what was installed for this point; nothing in normal operation."""
    if _actions:
        action = _actions.get(name)
        if action is not None:
            action()


def install(name: str, action: Callable[[], None]) -> None:
    """Do ``action`` whenever the point is passed."""
    _actions[name] = action


def clear() -> None:
    """Forget every action."""
    _actions.clear()


def install_from(setting: str) -> None:
    """Install ``name:kill``, ``name:kill:3`` (the third time), ``name:raise`` or ``name:stall``.

    A stalled process stands still until it gets SIGCONT. Each is done once.
    """
    name, _, rest = setting.partition(":")
    if name in _actions:
        return
    what, _, times = rest.partition(":")
    left = int(times or 1)

    def act() -> None:
        nonlocal left
        left -= 1
        if left > 0:
            return
        if what == "stall":
            if left == 0:
                os.kill(os.getpid(), signal.SIGSTOP)
            return
        if what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise InjectedFault(name)

    install(name, act)
