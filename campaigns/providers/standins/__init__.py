"""Scripted stand-ins for SendGrid and Twilio, for development, demonstrations and tests.

One process on loopback plays both vendors: it checks requests as strictly as they do,
keeps an append-only log of what it accepted, misbehaves on request, and answers with
genuinely signed webhooks. Start it with::

    python -m campaigns.providers.standins --port 8025 --log accepted.jsonl \
        --webhook-url http://127.0.0.1:8000

``--ready-file FILE`` writes a JSON object (port, public_key, account, token, api_key)
once it listens; ``--port 0`` picks a free port. Point the service at it with
``SENDGRID_API_URL`` and ``TWILIO_API_URL`` (both ``http://127.0.0.1:8025``),
``SENDGRID_API_KEY`` (``--sendgrid-key``), ``SENDGRID_WEBHOOK_PUBLIC_KEY`` (from
``GET /control/public-key``), ``TWILIO_ACCOUNT_SID`` and ``TWILIO_AUTH_TOKEN``.

The vendors' ends: ``POST /v3/mail/send``, ``GET /v3/suppression/...`` and
``/v3/asm/groups``; ``POST`` and ``GET
/2010-04-01/Accounts/<sid>/Messages.json``, ``GET .../Messages/<sid>.json``.

Control, all JSON:

``POST /control/script`` ``{"rules": [...]}``
    Adds rules (``"replace": true`` forgets the old ones). A rule has any of
    ``provider`` (``sendgrid``, ``twilio``), ``to`` (an address), ``request`` (the n-th
    request to that provider, from 1), ``every`` (each n-th) to say when it applies, and
    ``times`` (default 1, null for ever). What it does is a ``fault`` for the request, an
    ``outcome`` for the message, or a ``reply`` (texts). Faults:
    ``refuse`` (with ``status``, ``code``, ``message``, ``retry_after``, ``reset``),
    ``error_before`` and ``error_after`` (500 without and after accepting),
    ``timeout_before`` and ``timeout_after`` (silence for ``seconds``),
    ``reset_before`` and ``reset_after`` (connection reset), ``redirect``, ``malformed``
    (accepted, unreadable answer), ``malformed_refusal`` (400, not in the vendor's shape),
    ``truncated`` (accepted, half an answer), ``slow`` (accepted after ``seconds``), and,
    accepted as well, ``drip`` (a byte each ``seconds``), ``reset_at`` (after ``bytes``),
    ``wrong_type``, ``wrong_length``.
    Outcomes of an email: ``delivered``, ``bounce``, ``blocked``, ``dropped`` (with
    ``reason``), ``deferred``, ``spamreport``, ``unsubscribe``, ``silent``; of a text:
    ``delivered``, ``undelivered`` and ``failed`` (with ``code``), ``silent``.
    ``reply``: ``{"body": "STOP"}`` is sent by the recipient once the text arrived.
``POST /control/defaults`` ``{"email": "silent", "sms": "delivered", "delay": 0.1}``
    The outcome of everything that no rule names, and the seconds before each webhook.
``POST /control/inbound`` ``{"from": "+1...", "body": "STOP", "to": "+1..."}``
    A person texts; a keyword carries ``OptOutType`` unless ``--opt-out`` says otherwise.
    Answers with the webhook's status and body. ``seconds_ago`` dates it back on the list.
``POST /control/events`` ``{"events": [...]}``
    Signs and posts these SendGrid events as they are; answers with the webhook's status.
``POST /control/lists`` ``{"bounces": [{"email": "..."}], "groups": {"7": ["..."]}}``
    Puts addresses on SendGrid's lists (``blocks``, ``spam_reports``, ``invalid_emails``,
    ``unsubscribes``), besides those that outcomes put there.
``POST /control/webhooks`` ``{"paused": true, "repeat": 3, "shuffle": true, "fresh_ids": true}``
    Holds webhooks back; sends each several times, in any order, with new event ids.
    ``{"lost": true}`` posts none at all: what happens then is only on the lists. A rule
    with ``"provider": "twilio_list"`` and ``"fault": "refuse"`` refuses to show the list.
``POST /control/flush`` ``{"seconds": 30}``
    Waits until every due webhook was answered; gives the counts.
``POST /control/reset``
    Forgets script, counters, defaults, blocked numbers; the log stays.
``GET /control/log?kind=email&to=...``, ``/control/stats``, ``/control/public-key``
    What was accepted; how much of what happened; the key that events are signed with.
"""
