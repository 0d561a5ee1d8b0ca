"""Sending: claim a batch, let the gate decide, POST with no transaction open, record.

For email one pass takes a whole batch: one POST for each variant of the body. Texts, and
email by SMTP, go one by one, several in flight, in passes of about a second's work, so
that a stop that comes while a long batch is under way is honoured by the next pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.orm import Session

from campaigns.contacts.models import Channel
from campaigns.core import faults, logs, processes
from campaigns.core.errors import CampaignsError
from campaigns.delivery import claims, intents, letters, listening, origins, recording
from campaigns.delivery.claims import Claim
from campaigns.delivery.intents import Intent, Post
from campaigns.delivery.parts import MACHINE, Parts
from campaigns.delivery.ports import Outcome, RefusalKind, Refused, TextMessage, Uncertain
from campaigns.delivery.recording import Answer

log = logs.get(__name__)

TURN = 2.0
"""Seconds after which a batch of single messages is given back, for more urgent ones."""
ONE_BY_ONE = 500
"""How many people one pass takes at most where each needs a POST of their own."""
PASS_SECONDS = 1.0
"""How long the POSTs of such a pass should take: a stop waits for no more than that."""


class Dispatcher:
    """Sends what is due. One for each worker process; safe beside any number of others."""

    def __init__(self, parts: Parts, *, holder: str | None = None) -> None:
        self._parts = parts
        self._holder = holder or processes.identity()
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._pace: dict[str, float] = {}
        """POSTs a second in the last pass of each channel."""

    def close(self) -> None:
        """End the threads that send."""
        while self._pools:
            self._pools.popitem()[1].shutdown()

    def run(self, *, seconds: float = 10.0, stopping: Callable[[], bool] = lambda: False) -> int:
        """Send until nothing is due or the time is over; return how many rows were decided."""
        done = 0
        end = time.monotonic() + seconds
        idle: set[str] = set()
        while len(idle) < len(Channel):
            for channel in Channel:
                if channel in idle:
                    continue
                if stopping() or time.monotonic() >= end:
                    return done
                count = self.send_one_batch(channel)
                if count:
                    done += count
                else:
                    idle.add(channel)
        return done

    def send_one_batch(self, channel: str) -> int:
        """Claim one batch and work on it; return how many of its rows were decided."""
        with self._parts.db.transaction() as session:
            if not listening.may_send(session, channel, now=MACHINE.now()):
                return 0  # replies that came while we were away are read first
            claim = claims.take(
                session, channel=channel, holder=self._holder, now=self._parts.clock.now()
            )
        if claim is None:
            return 0
        faults.point("claim.after_commit")
        turn_ends = time.monotonic() + TURN
        decided = 0
        while True:
            count, more = self._pass(claim)
            decided += count
            if not more:
                return decided
            if time.monotonic() >= turn_ends and self._is_one_by_one(claim):
                with self._parts.db.transaction() as session:
                    claims.give_back(session, claim, now=self._parts.clock.now())
                return decided

    def _is_one_by_one(self, claim: Claim) -> bool:
        return claim.channel == Channel.SMS or self._parts.email.max_recipients == 1

    def _take(self, claim: Claim) -> int:
        """Return how many people the next pass takes; one by one, as many as the last allows."""
        if not self._is_one_by_one(claim):
            return 1000
        sms = claim.channel == Channel.SMS
        at_once = self._parts.settings.sms_in_flight if sms else self._parts.email.in_flight
        by_pace = int(self._pace.get(claim.channel, 0.0) * PASS_SECONDS)
        return max(at_once, min(by_pace, ONE_BY_ONE))

    def _pass(self, claim: Claim) -> tuple[int, bool]:
        """Do one round of gate, POSTs and record; tell how many rows and whether to go on."""
        parts = self._parts
        faults.point("intent.before")
        with parts.db.transaction() as session:
            intent = intents.state(
                session, parts, claim, take=self._take(claim), now=parts.clock.now()
            )
            if intent is None:
                return 0, False  # the lease was lost: whoever has the batch now goes on
            if not intent.posts:
                return self._without_posts(session, intent)
            faults.point("intent.before_commit")
        faults.point("intent.after_commit")
        began = time.monotonic()
        answers = self._post(intent)
        self._pace[claim.channel] = len(answers) / max(time.monotonic() - began, 0.001)
        faults.point("send.after_post")
        done = recording.record(parts, intent.claim, answers, give_back=intent.waits is not None)
        return intent.seen, not done

    def _without_posts(self, session: Session, intent: Intent) -> tuple[int, bool]:
        """End a pass that sends nothing; go on only if the gate settled all that it saw."""
        claim, now = intent.claim, self._parts.clock.now()
        if intent.seen and intent.waits is None and intent.fault is None:
            return intent.seen, True
        if intent.fault is not None:
            self._cannot_compose(session, intent, intent.fault)
        elif intent.waits == "content_unapproved":
            origins.pause(
                session,
                kind=claim.kind,
                origin_id=claim.origin_id,
                reason="The content has no valid approval any more. Nothing was lost: those who "
                "have not got it wait. Have it reviewed again, then resume.",
                now=now,
            )
        claims.give_back(session, claim, now=now)
        return 0, False

    def _cannot_compose(self, session: Session, intent: Intent, fault: CampaignsError) -> None:
        claim, now = intent.claim, self._parts.clock.now()
        log.error("cannot_compose", batch=claim.batch_id, code=fault.code)
        paused = origins.pause(
            session, kind=claim.kind, origin_id=claim.origin_id, reason=fault.message, now=now
        )
        if not paused:
            recording.fail_planned(session, claim, code=fault.code, detail=fault.message, now=now)

    def _post(self, intent: Intent) -> list[Answer]:
        if intent.claim.channel == Channel.EMAIL:
            return self._post_emails(intent)
        return self._post_texts(intent)

    def _post_emails(self, intent: Intent) -> list[Answer]:
        bodies, sender = letters.Bodies(intent, self._parts), self._parts.email

        def post_one(post: Post) -> Answer:
            try:
                batch = bodies.batch(post)
            except CampaignsError as error:
                # Nothing was handed over: a refusal for certain.
                return Answer(
                    post=post,
                    outcome=Refused(
                        kind=RefusalKind.CONTENT, code=error.code, reason=error.message
                    ),
                )
            faults.point("send.before_post")
            return Answer(
                post=post, outcome=_guarded(lambda: sender.send(batch, intent.claim.deadline))
            )

        if sender.in_flight == 1 or len(intent.posts) == 1:
            return [post_one(post) for post in intent.posts]
        return list(self._threads(Channel.EMAIL, sender.in_flight).map(post_one, intent.posts))

    def _post_texts(self, intent: Intent) -> list[Answer]:
        sender, deadline = self._parts.sms, intent.claim.deadline
        texts = letters.text_messages([post.letters[0] for post in intent.posts], self._parts)
        faults.point("send.before_post")

        def post_one(text: TextMessage) -> Outcome:
            return _guarded(lambda: sender.send(text, deadline))

        in_flight = self._parts.settings.sms_in_flight
        outcomes = self._threads(Channel.SMS, in_flight).map(post_one, texts)
        return [
            Answer(post=post, outcome=outcome)
            for post, outcome in zip(intent.posts, outcomes, strict=True)
        ]

    def _threads(self, channel: str, count: int) -> ThreadPoolExecutor:
        """Return the threads that hold a channel's connections."""
        if channel not in self._pools:
            self._pools[channel] = ThreadPoolExecutor(
                max_workers=count, thread_name_prefix=f"{channel}-out"
            )
        return self._pools[channel]


def _guarded(send: Callable[[], Outcome]) -> Outcome:
    """Call a sender; whatever it raises against its promise counts as unclear."""
    try:
        return send()
    except faults.InjectedFault:
        raise
    except Exception as error:  # noqa: BLE001  # a fault in a sender must not lose the outcome
        log.error("sender_raised", error=type(error).__name__)
        return Uncertain(reason=f"the sender failed: {type(error).__name__}")
