"""Settings report every fault at once, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.core import settings
from campaigns.core.errors import NotConfigured


def faults(**values: str) -> dict[str, str]:
    with pytest.raises(NotConfigured) as caught:
        settings.load(values)
    assert all(name in caught.value.message for name in caught.value.fields)
    return caught.value.fields


def test_without_any_setting_everything_stays_on_this_machine() -> None:
    found = settings.load({})
    assert found.is_local
    assert found.resolved_database_url == "sqlite:///data/campaigns.sqlite3"
    assert found.require_second_factor


def test_every_fault_is_reported_at_once() -> None:
    found = faults(
        CAMPAIGNS_PUBLIC_URL="clinic.example",
        CAMPAIGNS_PORT="99999",
        CAMPAIGNS_EMAIL_PROVIDER="sendgrid",
        CAMPAIGNS_SMS_PROVIDER="twilio",
        CAMPAIGNS_DATABASE_URL="mysql://db",
    )
    assert set(found) == {
        "CAMPAIGNS_PUBLIC_URL",
        "CAMPAIGNS_PORT",
        "SENDGRID_API_KEY",
        "SENDGRID_WEBHOOK_PUBLIC_KEY",
        "TWILIO_ACCOUNT_SID",
        "TWILIO_AUTH_TOKEN",
        "TWILIO_MESSAGING_SERVICE_SID",
        "CAMPAIGNS_DATABASE_URL",
    }


def test_secrets_are_not_shown() -> None:
    found = settings.load(
        {
            "CAMPAIGNS_EMAIL_PROVIDER": "sendgrid",
            "SENDGRID_API_KEY": "SG.secret-canary",
            "SENDGRID_WEBHOOK_PUBLIC_KEY": "key",
        }
    )
    assert "secret-canary" not in repr(found)


def test_a_short_secret_is_refused() -> None:
    assert "32" in faults(CAMPAIGNS_SECRET_KEY="short")["CAMPAIGNS_SECRET_KEY"]


def test_an_engine_that_does_not_exist_yet_is_refused_in_words() -> None:
    assert "embedded" in faults(CAMPAIGNS_ENGINE="procrastinate")["CAMPAIGNS_ENGINE"]


def test_an_unknown_choice_names_the_choices() -> None:
    assert "local" in faults(CAMPAIGNS_EMAIL_PROVIDER="mailchimp")["CAMPAIGNS_EMAIL_PROVIDER"]


def test_the_second_factor_may_be_off_only_on_loopback() -> None:
    settings.load(
        {
            "CAMPAIGNS_PUBLIC_URL": "http://127.0.0.1:8000",
            "CAMPAIGNS_REQUIRE_SECOND_FACTOR": "false",
        }
    )
    found = faults(
        CAMPAIGNS_PUBLIC_URL="https://clinic.example", CAMPAIGNS_REQUIRE_SECOND_FACTOR="false"
    )
    assert "CAMPAIGNS_REQUIRE_SECOND_FACTOR" in found


def test_a_clock_of_its_own_is_refused_with_real_providers() -> None:
    found = faults(
        CAMPAIGNS_CLOCK_ORIGIN="2026-11-17T16:00:00+00:00",
        CAMPAIGNS_CLOCK_STARTED_AT="2026-11-22T10:00:00+00:00",
        CAMPAIGNS_SMS_PROVIDER="twilio",
        TWILIO_ACCOUNT_SID="AC1",
        TWILIO_AUTH_TOKEN="t",
        TWILIO_FROM="+12125550100",
    )
    assert "CAMPAIGNS_CLOCK_ORIGIN" in found


def test_a_file_of_settings_is_read_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_ENV_FILE", str(tmp_path / "env"))
    (tmp_path / "env").write_text("CAMPAIGNS_PORT=9001\nCAMPAIGNS_HOST=127.0.0.2\n")
    monkeypatch.setenv("CAMPAIGNS_PORT", "9002")
    found = settings.load()
    assert (found.port, found.host) == (9002, "127.0.0.2")
