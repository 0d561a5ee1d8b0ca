"""Every page that staff and the public can open, in each state that shows other controls.

``missing`` compares the list with the application's own routes, so that a new page cannot
be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from campaigns.app import create_app
from tests.browser.scene import Scene

NOT_THERE = "nothing-here"
NO_PAGES = {
    "static": "our own files",
    "index": "leads to /staff/",
    "healthz": "words for a machine",
    "readyz": "words for a machine",
    "public.image": "a picture",
    "public.tablet_closed": "answers 403 and says to ask the front desk",
    "public.follow": "leads on to the page of a link; the main job follows one",
    "public.follow_from_lesson": "leads on to the page of a link",
    "staff.campaign": "leads to the step or the progress",
    "staff.campaign_side": "a part of the campaign's steps",
    "staff.campaign_live": "a part of the progress page",
    "staff.show_import": "leads to the step of an import; listed with a finished one",
    "staff.import_progress": "a part of an import's page",
    "staff.import_remarks": "a download",
    "staff.show_scan": "a picture or a download; tested by itself",
    "staff.download_campaign": "a download",
    "staff.last_days": "a part of the home page",
    "staff.suggestions": "a part of the search field",
    "staff.preview_people": "a part of the composer",
    "staff.preview_text": "a part of the text composer",
    "staff.select_block": "a part of the composer, which is listed with each block",
    "staff.preview_draft": "an email in the composer's frame, styled as mail",
    "staff.preview_version": "an email in the review's frame, styled as mail",
    "staff.outbox_email": "an email in the outbox's frame, styled as mail",
    "staff.second_step": "needs a first step with a second factor; tested by itself",
    "staff.download_proof": "a download",
    "staff.settings": "leads to the first of the settings",
}
"""GET routes that are no pages, each with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page to open; ``name`` is how tests and pictures call it."""

    name: str
    path: str
    signed_in: bool = True
    first_day: bool = False

    @property
    def is_staff(self) -> bool:
        """Tell whether it belongs to the staff's part."""
        return self.path.startswith("/staff/")


STAFF = (
    ("home", "/staff/"),
    ("search", "/staff/search?q=an"),
    ("account", "/staff/account/"),
    ("second factor", "/staff/account/second-factor"),
    ("stop everything", "/staff/stop"),
    ("campaigns", "/staff/campaigns/"),
    ("campaigns, archived", "/staff/campaigns/?state=archived"),
    ("new campaign", "/staff/campaigns/new"),
    ("campaign, who", "/staff/campaigns/{draft}/who"),
    ("campaign, what", "/staff/campaigns/{draft}/what"),
    ("campaign, when", "/staff/campaigns/{draft}/when"),
    ("campaign, check", "/staff/campaigns/{draft}/check"),
    ("campaign, blank", "/staff/campaigns/{blank}/check"),
    ("campaign, reach", "/staff/campaigns/{draft}/reach/sms/no_consent"),
    ("campaign, sent", "/staff/campaigns/{sent}/progress"),
    ("campaign, sending", "/staff/campaigns/{sending}/progress"),
    ("campaign, scheduled", "/staff/campaigns/{scheduled}/progress"),
    ("campaign, paused", "/staff/campaigns/{paused}/progress"),
    ("drips", "/staff/drips/"),
    ("new drip", "/staff/drips/new"),
    ("drip, live", "/staff/drips/{drip}/"),
    ("drip, draft", "/staff/drips/{drip_draft}/"),
    ("drip, paused", "/staff/drips/{drip_paused}/"),
    ("drip, people", "/staff/drips/{drip}/people"),
    ("drip, people who left", "/staff/drips/{drip}/people?state=exited"),
    ("drip, who gets a message", "/staff/drips/{drip}/messages/1"),
    ("drip, who gets a later message", "/staff/drips/{drip}/messages/2"),
    ("drip, people of a message", "/staff/drips/{drip}/messages/2/reached"),
    ("drip, simulate", "/staff/drips/{drip}/simulate"),
    ("drip, simulated", "/staff/drips/{drip}/simulate?contact={booked}"),
    ("people", "/staff/people/"),
    ("new person", "/staff/people/new"),
    ("person", "/staff/people/{person}"),
    ("erase person", "/staff/people/{person}/erase"),
    ("merge person", "/staff/people/{person}/merge"),
    ("merge person, compared", "/staff/people/{person}/merge?other={booked}"),
    ("do not contact", "/staff/do-not-contact/"),
    ("do not contact, an address", "/staff/do-not-contact/?q=%2B12125550123"),
    ("proof of consent", "/staff/people/{person}/proof"),
    ("person, held", "/staff/people/{held}"),
    ("person, returned mail", "/staff/people/{returned}"),
    ("person, unconfirmed", "/staff/people/{unconfirmed}"),
    ("person, booked", "/staff/people/{booked}"),
    ("person, what may be received", "/staff/people/{booked}/receives"),
    ("person, what may not be received", "/staff/people/{returned}/receives"),
    ("edit person", "/staff/people/{person}/edit"),
    ("agreement", "/staff/people/{unconfirmed}/agreement"),
    ("record a stop", "/staff/people/{person}/stop"),
    ("record a stop by address", "/staff/people/stop?address=2125550142"),
    ("interests", "/staff/people/{person}/interests"),
    ("interests, not agreed", "/staff/people/{unconfirmed}/interests"),
    ("import", "/staff/people/import/"),
    ("import, columns", "/staff/people/import/{upload}/columns"),
    ("import, consent", "/staff/people/import/{upload}/consent"),
    ("import, check", "/staff/people/import/{upload}/check"),
    ("import, result", "/staff/people/import/{import}"),
    ("import, running", "/staff/people/import/{running}"),
    ("bookings that fit nobody", "/staff/bookings/"),
    ("bookings, a search", "/staff/bookings/?q=an&booking={unmatched}"),
    ("groups", "/staff/groups/"),
    ("new group", "/staff/groups/new"),
    ("group", "/staff/groups/{group}"),
    ("group, archived", "/staff/groups/{group_archived}"),
    ("edit group", "/staff/groups/{group}/edit"),
    ("library", "/staff/library/"),
    ("library, archived", "/staff/library/?archived=yes"),
    ("new email", "/staff/library/new?channel=email"),
    ("new text", "/staff/library/new?channel=sms"),
    ("composer, envelope", "/staff/library/{draft_email}/"),
    *(
        (f"composer, {kind}", f"/staff/library/{{draft_email}}/?block={block}")
        for kind, block in (
            ("heading", "h1"),
            ("text", "t1"),
            ("picture", "i1"),
            ("book now", "b1"),
            ("button", "k1"),
            ("call", "c1"),
            ("spacer", "s1"),
            ("columns", "m1"),
        )
    ),
    ("text composer, leading to a lesson", "/staff/library/{text_of_lesson}/"),
    ("text composer", "/staff/library/{draft_text}/"),
    ("versions", "/staff/library/{signed}/versions"),
    ("reviews", "/staff/reviews/"),
    ("review", "/staff/reviews/{waiting}"),
    ("review, signed", "/staff/reviews/{version}"),
    ("inbox", "/staff/inbox/"),
    ("inbox, a question", "/staff/inbox/{inbound_0}"),
    ("inbox, a stop", "/staff/inbox/{inbound_1}"),
    ("inbox, unclear", "/staff/inbox/{unclear}"),
    ("reports", "/staff/reports/"),
    ("report", "/staff/reports/campaigns/{sent}"),
    ("report, people", "/staff/reports/campaigns/{sent}/people?figure=clicked"),
    ("calendar", "/staff/calendar/"),
    ("outbox", "/staff/outbox/"),
    ("outbox, email", "/staff/outbox/{delivery_email}"),
    ("outbox, headers", "/staff/outbox/{delivery_email}?part=headers"),
    ("outbox, words", "/staff/outbox/{delivery_email}?part=text"),
    ("outbox, text", "/staff/outbox/{delivery_sms}"),
    ("clinic", "/staff/settings/clinic"),
    ("channels", "/staff/settings/channels"),
    ("hours", "/staff/settings/hours"),
    ("wording", "/staff/settings/wording"),
    ("sign-up forms", "/staff/settings/sign-up/"),
    ("new sign-up form", "/staff/settings/sign-up/new"),
    ("sign-up form", "/staff/settings/sign-up/{fair}"),
    ("edit sign-up form", "/staff/settings/sign-up/{fair}/edit"),
    ("sign-up poster", "/staff/settings/sign-up/{fair}/poster"),
    ("sign-up tablet", "/staff/settings/sign-up/{fair}/tablet/{tablet}"),
    ("texts for carriers", "/staff/settings/sign-up/carriers"),
    ("health", "/staff/settings/health"),
    ("team", "/staff/settings/team/"),
    ("team, invite", "/staff/settings/team/invite"),
    ("team, member", "/staff/settings/team/{marketer}"),
    ("team, switched off", "/staff/settings/team/{switched_off}"),
)
SIGNED_OUT = (
    ("log in", "/staff/log-in"),
    ("choose password", "/staff/password/{password}"),
    ("sign up", "/f/main"),
    ("sign up, framed", "/f/fair/embed"),
    ("sign up, tablet", "/f/fair/tablet/{tablet_token}"),
    ("confirm", "/confirm/{confirm}"),
    ("unsubscribe", "/u/{unsubscribe}"),
    ("preferences", "/p/{preferences}"),
    ("lesson", "/l/{lesson}"),
    ("text programme", "/sms-program"),
    ("privacy", "/privacy"),
    ("terms", "/terms"),
    ("demonstration, booking", "/demo/booking"),
    ("public, not found", f"/f/{NOT_THERE}"),
)
FIRST_DAY = (("set-up", "/staff/set-up/{set_up}"),)


def of(scene: Scene) -> list[Page]:
    """Return all pages with the scene's numbers and tokens filled in."""
    values: dict[str, object] = {**scene.ids, **scene.texts}
    return [
        *(Page(name=name, path=path.format(**values)) for name, path in STAFF),
        *(
            Page(name=name, path=path.format(**values), signed_in=False)
            for name, path in SIGNED_OUT
        ),
    ]


def of_first_day(scene: Scene) -> list[Page]:
    """Return the pages of a clinic that nobody has set up."""
    return [
        Page(name=name, path=path.format(**scene.texts), signed_in=False, first_day=True)
        for name, path in FIRST_DAY
    ]


def endpoint_of(scene: Scene) -> Callable[[str], str]:
    """Return what tells a path's route."""
    adapter = create_app(scene.services).url_map.bind("127.0.0.1")

    def tell(path: str) -> str:
        endpoint: str = adapter.match(urlsplit(path).path, method="GET")[0]
        return endpoint

    return tell


def missing(scene: Scene, opened: list[Page]) -> set[str]:
    """Return GET routes that are neither opened nor on the list of reasons."""
    app = create_app(scene.services)
    tell = endpoint_of(scene)
    known = {tell(page.path) for page in opened} | NO_PAGES.keys()
    return {
        rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())
    } - known
