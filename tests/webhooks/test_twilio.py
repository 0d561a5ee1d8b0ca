"""Twilio's forms are believed only when signed for our own address, and in their true shape."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from campaigns.consent.models import ConsentStatus
from campaigns.events.models import InboundText, ProviderEvent
from campaigns.wiring import Services
from tests.webhooks.found import consent, count, member
from tests.webhooks.signing import ACCOUNT, PUBLIC_URL, Vendors, inbound, new_sid, status

INBOUND = "/webhooks/twilio/inbound"
FORM = "application/x-www-form-urlencoded"


def shifted(form: dict[str, str]) -> Iterator[dict[str, str]]:
    """Forms that give the same signed text as ``form``, with other boundaries."""
    names = sorted(form)
    for left, right in itertools.pairwise(names):
        merged = {k: v for k, v in form.items() if k not in (left, right)}
        yield {**merged, left: form[left] + right + form[right]}
    for name in names:
        value = form[name]
        if value:
            rest = {k: v for k, v in form.items() if k != name}
            yield {**rest, name + value[0]: value[1:]}
            yield {**rest, name[:-1]: name[-1] + value}


def test_shifted_parameters_under_a_true_signature_change_nothing(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, number = member(hooked)
    form = inbound(number, "have a good day STOP")
    headers = vendors.form_headers(PUBLIC_URL + INBOUND, form)
    vendors.post_form(caller, INBOUND, form)  # the true one comes first, as it does
    before = consent(hooked, person), count(hooked, InboundText)
    for changed in shifted(form):
        answer = caller.post(INBOUND, data=urlencode(changed), headers=headers, content_type=FORM)
        assert answer.status_code in (200, 403)
        assert (consent(hooked, person), count(hooked, InboundText)) == before


def test_a_name_given_twice_is_refused(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, number = member(hooked)
    form = inbound(number, "STOP")
    headers = vendors.form_headers(PUBLIC_URL + INBOUND, form)
    for again in ("&Body=STOP", "&Body=other", "&From=%2B16195550101"):
        answer = caller.post(
            INBOUND, data=urlencode(form) + again, headers=headers, content_type=FORM
        )
        assert answer.status_code == 403
    assert count(hooked, InboundText) == 0


@pytest.mark.parametrize("signature", ["", "x", "=", "A" * 600, "ünicode", "QUJD", "QUJD\u00e9"])
def test_a_bad_signature_is_403_and_leaves_nothing(
    caller: FlaskClient, hooked: Services, signature: str
) -> None:
    _person, number = member(hooked)
    answer = caller.post(
        INBOUND,
        data=urlencode(inbound(number, "STOP")),
        headers={"X-Twilio-Signature": signature},
        content_type=FORM,
    )
    assert answer.status_code == 403
    assert count(hooked, InboundText) == 0


def test_forwarding_headers_never_decide_which_address_was_signed(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    _person, number = member(hooked)
    form = inbound(number, "STOP")
    for url in ("https://evil.example", "http://127.0.0.1:9999", "https://127.0.0.1:8000"):
        host = url.partition("://")[2]
        forged = {
            **vendors.form_headers(url + INBOUND, form),
            "X-Forwarded-Host": host,
            "X-Forwarded-Proto": url.partition(":")[0],
            "X-Forwarded-Port": "443",
            "Forwarded": f"host={host};proto=https",
            "X-Original-URL": url + INBOUND,
        }
        answer = caller.post(INBOUND, data=urlencode(form), headers=forged, content_type=FORM)
        assert answer.status_code == 403
        spoofed = {**forged, "Host": host}
        answer = caller.post(INBOUND, data=urlencode(form), headers=spoofed, content_type=FORM)
        assert answer.status_code in (400, 403)
    assert count(hooked, InboundText) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"AccountSid": "AC" + "c" * 32},
        {"MessageSid": "SM123"},
        {"From": "6195550123"},
        {"From": "+16195550123\n"},
        {"NumMedia": "many"},
        {"OptOutType": "MAYBE"},
        {"SmsStatus": "delivered"},
    ],
)
def test_a_signed_form_of_the_wrong_shape_is_refused(
    caller: FlaskClient, hooked: Services, vendors: Vendors, changes: dict[str, str]
) -> None:
    form = {**inbound("+16195550123", "STOP"), **changes}
    assert vendors.post_form(caller, INBOUND, form).status_code == 403
    assert count(hooked, InboundText) == 0


def test_a_new_parameter_of_twilios_is_no_reason_to_lose_a_stop(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    person, number = member(hooked)
    assert vendors.text(caller, number, "STOP", ChannelMetadata="{}").status_code == 200
    assert consent(hooked, person) == ConsentStatus.WITHDRAWN


def test_other_content_types_and_other_tokens_are_refused(
    caller: FlaskClient, hooked: Services, vendors: Vendors
) -> None:
    form = inbound("+16195550123", "STOP")
    headers = vendors.form_headers(PUBLIC_URL + INBOUND, form)
    answer = caller.post(INBOUND, data=form, headers=headers, content_type="multipart/form-data")
    assert answer.status_code == 403
    told = status(new_sid(), "delivered", "+16195550123")
    assert vendors.post_form(caller, "/webhooks/twilio/status/none", told).status_code == 403
    assert count(hooked, ProviderEvent) == 0
    assert form["AccountSid"] == ACCOUNT
