"""What the stand-ins do when they are not simply well-behaved."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

FAULTS = frozenset(
    {
        "refuse",
        "error_before",
        "error_after",
        "timeout_before",
        "timeout_after",
        "reset_before",
        "reset_after",
        "redirect",
        "malformed",
        "malformed_refusal",
        "truncated",
        "slow",
        "drip",
        "reset_at",
        "wrong_type",
        "wrong_length",
    }
)
ACCEPTING = frozenset(
    {"error_after", "timeout_after", "reset_after", "malformed", "truncated", "slow"}
    | {"drip", "reset_at", "wrong_type", "wrong_length"}
)
"""Faults after which the messages were accepted all the same."""
OUTCOMES = frozenset(
    {"delivered", "bounce", "blocked", "dropped", "deferred", "spamreport", "unsubscribe"}
    | {"undelivered", "failed", "silent"}
)
_FIELDS = frozenset(
    {"provider", "to", "request", "every", "times", "fault", "outcome", "reply", "status"}
    | {"code", "message", "retry_after", "reset", "seconds", "reason", "bytes"}
)


@dataclass(slots=True)
class Rule:
    """One line of the script; ``left`` counts how often it still applies."""

    values: dict[str, Any]
    left: int | None = 1

    @property
    def fault(self) -> str | None:
        """What happens to the request."""
        return self.values.get("fault")

    def get(self, name: str, default: Any = None) -> Any:
        """Return a detail of the rule."""
        value = self.values.get(name)
        return default if value is None else value


@dataclass(slots=True)
class Script:
    """All rules, the counters they refer to, and the defaults."""

    rules: list[Rule] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    defaults: dict[str, Any] = field(
        default_factory=lambda: {"email": "delivered", "sms": "delivered", "delay": 0.1}
    )
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rules: Iterable[dict[str, Any]], *, replace: bool) -> int:
        """Add rules; return how many there are.

        Raises: ValueError naming what is wrong with a rule.
        """
        parsed = [_parse(values) for values in rules]
        with self.lock:
            if replace:
                self.rules.clear()
            self.rules.extend(parsed)
            return len(self.rules)

    def set_defaults(self, values: dict[str, Any]) -> dict[str, Any]:
        """Change the defaults that are named; return all."""
        unknown = values.keys() - self.defaults.keys()
        if unknown:
            raise ValueError(f"unknown defaults: {sorted(unknown)}")
        with self.lock:
            self.defaults.update(values)
            return dict(self.defaults)

    def reset(self) -> None:
        """Forget everything."""
        with self.lock:
            self.rules.clear()
            self.requests.clear()
            self.defaults.update({"email": "delivered", "sms": "delivered", "delay": 0.1})

    def fault_for(self, provider: str, addresses: set[str]) -> Rule | None:
        """Count a request and return the first rule with a fault that applies to it."""
        with self.lock:
            self.requests[provider] += 1
            number = self.requests[provider]
            for rule in self.rules:
                if rule.fault and _applies(rule, provider, addresses, number) and _use(rule):
                    return rule
        return None

    def refusal_of_list(self, name: str) -> Rule | None:
        """Return the rule for reading a list (``twilio_list``), named by its provider alone."""
        with self.lock:
            for rule in self.rules:
                if rule.get("provider") == name and (rule.left is None or rule.left > 0):
                    return rule if _use(rule) else None
        return None

    def count(self, provider: str) -> None:
        """Count a request that was refused before the script was asked."""
        with self.lock:
            self.requests[provider] += 1

    def outcome_for(self, provider: str, address: str) -> tuple[str, Rule | None, Any]:
        """Return the outcome of one accepted message, its rule, and a reply if scripted."""
        outcome: str = self.defaults["email" if provider == "sendgrid" else "sms"]
        chosen: Rule | None = None
        reply: Any = None
        if not self.rules:
            return outcome, None, None
        with self.lock:
            number = self.requests[provider]
            for rule in self.rules:
                if rule.fault or not _applies(rule, provider, {address}, number):
                    continue
                if chosen is None and rule.get("outcome") and _use(rule):
                    chosen, outcome = rule, rule.get("outcome")
                    reply = reply or rule.get("reply")
                elif reply is None and rule.get("reply") and not rule.get("outcome"):
                    reply = rule.get("reply") if _use(rule) else None
        return outcome, chosen, reply


def _parse(values: dict[str, Any]) -> Rule:
    unknown = values.keys() - _FIELDS
    if unknown:
        raise ValueError(f"unknown fields in a rule: {sorted(unknown)}")
    fault, outcome = values.get("fault"), values.get("outcome")
    if fault is not None and fault not in FAULTS:
        raise ValueError(f"unknown fault {fault!r}; known: {sorted(FAULTS)}")
    if outcome is not None and outcome not in OUTCOMES:
        raise ValueError(f"unknown outcome {outcome!r}; known: {sorted(OUTCOMES)}")
    if not (fault or outcome or values.get("reply")):
        raise ValueError("a rule needs a fault, an outcome or a reply")
    return Rule(dict(values), values.get("times", 1))


def _applies(rule: Rule, provider: str, addresses: set[str], number: int) -> bool:
    if rule.left is not None and rule.left < 1:
        return False
    if rule.get("provider", provider) != provider:
        return False
    if rule.get("to") is not None and rule.get("to") not in addresses:
        return False
    if rule.get("request") is not None and rule.get("request") != number:
        return False
    every = rule.get("every")
    return every is None or number % int(every) == 0


def _use(rule: Rule) -> bool:
    if rule.left is not None:
        rule.left -= 1
    return True
