"""Start the stand-ins: ``python -m campaigns.providers.standins --help``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

import msgspec

from campaigns.core.settings import is_loopback
from campaigns.providers.standins.callbacks import Callbacks
from campaigns.providers.standins.journal import Journal
from campaigns.providers.standins.lists import Lists
from campaigns.providers.standins.mail import Mail
from campaigns.providers.standins.script import Script
from campaigns.providers.standins.server import Server, StandIns
from campaigns.providers.standins.texts import Texts


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    options = _parser().parse_args(arguments)
    if not is_loopback(options.webhook_url):
        sys.stderr.write("--webhook-url must be a loopback address: stand-ins never leave it\n")
        return 2
    script = Script()
    journal = Journal(options.log, fsync=options.fsync, requests=options.requests)
    callbacks = Callbacks(webhook_url=options.webhook_url, auth_token=options.twilio_token)
    if options.script:
        script.add(msgspec.json.decode(options.script.read_bytes())["rules"], replace=True)
    if options.silent:
        script.set_defaults({"email": "silent", "sms": "silent"})
    lists = Lists()
    standins = StandIns(
        script=script,
        journal=journal,
        callbacks=callbacks,
        mail=Mail(script, journal, callbacks, lists, bodies=options.bodies),
        texts=Texts(
            script,
            journal,
            callbacks,
            account_sid=options.twilio_account,
            opt_out=options.opt_out,
        ),
        lists=lists,
        sendgrid_key=options.sendgrid_key,
        account_sid=options.twilio_account,
        auth_token=options.twilio_token,
    )
    server = Server(options.port, standins)
    facts = {
        "port": server.server_port,
        "public_key": callbacks.public_key,
        "account": options.twilio_account,
        "token": options.twilio_token,
        "api_key": options.sendgrid_key,
    }
    line = msgspec.json.encode(facts)
    if options.ready_file:
        temporary = options.ready_file.with_suffix(".tmp")
        temporary.write_bytes(line)
        temporary.replace(options.ready_file)
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()

    def stop(_signal: int, _frame: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.serve_forever(poll_interval=0.05)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m campaigns.providers.standins",
        description="Stand-ins for SendGrid and Twilio on loopback; see the package's docstring.",
    )
    parser.add_argument("--port", type=int, default=8025, help="0 picks a free one")
    parser.add_argument("--log", type=Path, required=True, help="accepted messages, JSON lines")
    parser.add_argument("--requests", type=Path, help="also keep every request as it came")
    parser.add_argument("--webhook-url", required=True, help="the service: http://127.0.0.1:8000")
    parser.add_argument("--script", type=Path, help='a file {"rules": [...]}')
    parser.add_argument("--silent", action="store_true", help="send no webhooks unless scripted")
    parser.add_argument("--bodies", choices=("full", "hash", "none"), default="full")
    parser.add_argument("--fsync", action="store_true", help="make each log entry durable")
    parser.add_argument("--opt-out", choices=("advanced", "default", "off"), default="advanced")
    parser.add_argument("--ready-file", type=Path, help="written once the server listens")
    parser.add_argument("--sendgrid-key", default="SG.stand-in")
    parser.add_argument("--twilio-account", default="AC" + "0" * 32)
    parser.add_argument("--twilio-token", default="stand-in-token")
    return parser


if __name__ == "__main__":
    sys.exit(main())
