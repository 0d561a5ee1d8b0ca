"""A sign-up form of its own, framed by a website and open on a tablet."""

from __future__ import annotations

from sqlalchemy.orm import Session

from campaigns.clinic import profile
from campaigns.consent import forms, tablets
from campaigns.consent.forms import Draft
from campaigns.core.actors import Actor
from campaigns.core.signing import Purpose
from tests.browser.scene import NOW, Scene


def open_places(scene: Scene, session: Session, owner: Actor) -> None:
    """Make the form and open it for a tablet."""
    profile.update(session, owner, now=NOW, text_number="(212) 555-0190")
    draft = Draft(name="Autumn fair", keyword="GLOW", origins=["https://www.clinic.example"])
    form = forms.create(session, owner, draft, slug="fair", now=NOW)
    tablet = tablets.start(session, owner, form.id, hours=8, now=NOW)
    scene.ids["fair"], scene.ids["tablet"] = form.id, tablet.id
    scene.texts["tablet_token"] = scene.services.tokens.issue(Purpose.TABLET, tablet.id)
