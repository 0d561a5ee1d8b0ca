"""A sign-up form in a frame on the clinic's own website, ``/f/<slug>/embed``.

A frame, and no script of ours: what runs on the clinic's website cannot read what is typed
here, and nothing of ours can harm their pages. Only websites that staff listed may frame it
(``frame-ancestors``), so nobody can lay it under a page of theirs. It needs no cookie.
"""

from __future__ import annotations

from hashlib import blake2b

from flask import request
from werkzeug.wrappers import Response

from campaigns.accounts.permissions import open_to_all
from campaigns.consent import forms
from campaigns.consent.models import SignupForm
from campaigns.core.errors import InvalidInput
from campaigns.public import seals
from campaigns.public.blueprint import bp
from campaigns.public.filled import Filled
from campaigns.public.form import OLDEST, Place, form_at, show, take
from campaigns.public.seals import Seal
from campaigns.web import context

_ORIGIN = "framed_by"
_PROOF = "framed_proof"


@bp.get("/f/<slug>/embed")
@open_to_all("anybody may ask for messages, on the clinic's website too")
def embedded(slug: str) -> Response:
    """Show the form for a frame."""
    form = form_at(slug)
    if isinstance(form, Response):
        return form
    return _framed(show(_place(form, _framing_origin(form)), Filled()))


@bp.post("/f/<slug>/embed")
@open_to_all("anybody may ask for messages; nothing is sent but one confirmation")
def submit_embedded(slug: str) -> Response:
    """Check the form; take the sign-up, or show the form again."""
    form = form_at(slug)
    return form if isinstance(form, Response) else _framed(take(_place(form, _kept_origin(form))))


def _place(form: SignupForm, origin: str) -> Place:
    return Place(
        form=form,
        kind="embed",
        path=f"/f/{form.slug}/embed",
        layout="public/framed.html",
        ancestors=tuple(form.embed_origins),
        hidden={_ORIGIN: origin, _PROOF: _proof(form, origin)} if origin else {},
        evidence={"framed_by": origin or "not told by the browser"},
    )


def _framing_origin(form: SignupForm) -> str:
    """Return the website that frames us, from the Referer: its origin only, and only if listed."""
    try:
        origin = forms.origin_of(request.headers.get("Referer", "")[:2000])
    except InvalidInput:
        return ""
    return origin if origin in form.embed_origins else ""


def _kept_origin(form: SignupForm) -> str:
    """Return the origin that came with the form, if we wrote it there."""
    origin = request.form.get(_ORIGIN, "")
    numbers = seals.unseal(
        context.services().keys,
        Seal.FRAMED,
        request.form.get(_PROOF, ""),
        context.now(),
        within=OLDEST,
    )
    return origin if origin and numbers == (form.id, _number(origin)) else ""


def _proof(form: SignupForm, origin: str) -> str:
    keys, now = context.services().keys, context.now()
    return seals.seal(keys, Seal.FRAMED, now, form.id, _number(origin))


def _number(origin: str) -> int:
    return int.from_bytes(blake2b(origin.encode(), digest_size=8).digest())


def _framed(response: Response) -> Response:
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
