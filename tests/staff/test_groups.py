"""The screens of groups, driven as a browser without a script would."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from campaigns.accounts.models import Role
from campaigns.audience import interests, segments
from campaigns.wiring import Services
from tests.factories.accounts import sign_in
from tests.factories.audience import give_interests, make_segment
from tests.factories.contacts import make_contact

JOINT = {"field": "interest", "op": "has", "value": "joint_pain"}


@pytest.fixture
def maria(services: Services) -> int:
    now = services.clock.now()
    with services.db.transaction() as session:
        interests.create_defaults(session)
        maria = make_contact(session, now=now, first_name="Maria", last_name="Ibarra", state="TX")
        give_interests(session, maria.id, {"joint_pain"}, now=now)
        make_contact(session, now=now, first_name="Otis", last_name="Vance", state="NY")
        return maria.id


def form(**values: Any) -> dict[str, Any]:
    return {
        "name": "Joints",
        "match": "all",
        "b0c0-field": "interest",
        "b0c0-op": "has",
        "b0c0-value": "joint_pain",
        **values,
    }


def test_a_group_is_built_saved_and_listed_with_its_size(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    reply = client.post("/staff/groups/new", data=form(), follow_redirects=True)
    assert "People who are interested in joint pain." in reply.text
    assert "Maria Ibarra" in reply.text
    listed = client.get("/staff/groups/").text
    assert "Joints" in listed
    assert "1 person" in listed


def test_a_draft_counts_and_explains_without_saving(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    sent = form(who="Otis", do="explain")
    page = client.post("/staff/groups/draft", data=sent, headers={"HX-Request": "true"}).text
    assert page.lstrip().startswith("<form")
    assert "Otis Vance is not interested in joint pain." in page
    assert client.get("/staff/groups/").text.count("row-link") == 0


def test_buttons_add_and_remove_conditions_without_a_script(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    page = client.post("/staff/groups/draft", data=form(do="add")).text
    assert 'name="b1c0-field"' in page
    assert "<html" in page
    page = client.post("/staff/groups/draft", data=form(do="more:0")).text
    assert 'name="b0c1-field"' in page
    page = client.post("/staff/groups/draft", data=form(do="remove:0:0")).text
    assert "Everybody on file" in page


def test_changing_the_field_offers_its_own_operators_and_values(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    sent = form(**{"b0c0-field": "state"})
    page = client.post("/staff/groups/draft", data=sent).text
    assert "Texas" in page
    assert "1 condition" in page or "One condition has no value yet" in page


def test_several_states_and_an_alternative_make_one_rule(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    sent = form(
        **{
            "b1c0-field": "state",
            "b1c0-op": "in",
            "b1c0-value": ["TX", "UT"],
            "b1c1-field": "booked",
            "b1c1-op": "never",
        }
    )
    client.post("/staff/groups/new", data=sent)
    with services.db.reading() as session:
        (kept,) = segments.list_all(session)
    assert kept.rule == {
        "all": [
            JOINT,
            {
                "any": [
                    {"field": "state", "op": "in", "value": ["TX", "UT"]},
                    {"field": "booked", "op": "never"},
                ]
            },
        ]
    }


def test_what_was_chosen_survives_a_refusal_and_the_place_is_marked(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    sent = form(**{"name": "", "b1c0-field": "booked", "b1c0-op": "within", "b1c0-value": ""})
    reply = client.post("/staff/groups/new", data=sent)
    assert reply.status_code == 422
    assert "Choose a value, or remove this condition." in reply.text
    assert '<option value="joint_pain" selected>' in reply.text


def test_a_group_that_matches_nobody_names_the_condition_that_empties_it(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    sent = form(**{"b1c0-field": "city", "b1c0-op": "is", "b1c0-value": "Nowhere"})
    page = client.post("/staff/groups/draft", data=sent).text
    assert "Nobody is in this group." in page
    assert "people who live in Nowhere" in page
    assert "Without this, 1 would be in." in page


def test_why_not_answers_on_the_page_of_a_group(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    with services.db.transaction() as session:
        kept = make_segment(session, {"all": [JOINT]}, now=services.clock.now())
    page = client.get(f"/staff/groups/{kept.id}?who=maria").text
    assert "Maria Ibarra is interested in joint pain." in page
    assert "in the group" in page
    assert "Nobody on the list is called" in client.get(f"/staff/groups/{kept.id}?who=zz").text


def test_a_group_is_changed_put_away_and_brought_back(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    with services.db.transaction() as session:
        kept = make_segment(session, {"all": [JOINT]}, now=services.clock.now(), name="Old")
    assert 'value="Old"' in client.get(f"/staff/groups/{kept.id}/edit").text
    client.post(f"/staff/groups/{kept.id}/edit", data=form(name="Knees"))
    client.post(f"/staff/groups/{kept.id}/archive")
    assert "Knees" not in client.get("/staff/groups/").text.split("<main")[1].split("</main")[0]
    assert "Knees" in client.get("/staff/groups/?archived=yes").text
    client.post(f"/staff/groups/{kept.id}/restore")
    assert "Knees" in client.get("/staff/groups/").text


def test_a_rule_nested_deeper_than_the_form_is_shown_but_not_edited(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.MARKETER)
    deep = {"all": [JOINT, {"any": [JOINT, {"all": [{"field": "booked", "op": "never"}, JOINT]}]}]}
    with services.db.transaction() as session:
        kept = make_segment(session, deep, now=services.clock.now())
    assert client.get(f"/staff/groups/{kept.id}").status_code == 200
    reply = client.get(f"/staff/groups/{kept.id}/edit", follow_redirects=True)
    assert "nested deeper than the form" in reply.text


def test_a_viewer_sees_sizes_but_no_people_of_a_topic(
    client: FlaskClient, services: Services, maria: int
) -> None:
    sign_in(client, services, Role.VIEWER)
    with services.db.transaction() as session:
        kept = make_segment(session, {"all": [JOINT]}, now=services.clock.now())
    page = client.get(f"/staff/groups/{kept.id}?who=maria").text
    assert "Maria" not in page.split("<main")[1].split("</main")[0]
    assert client.get("/staff/groups/new").status_code == 403
