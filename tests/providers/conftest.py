"""One stand-in process for all tests of the providers; each test begins with a clean script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.providers import standin
from tests.providers.standin import StandIn


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("standin")
    # Nothing listens there: these tests look at what goes out, not at webhooks.
    with standin.run(folder, webhook_url="http://127.0.0.1:9", arguments=("--silent",)) as one:
        yield one


@pytest.fixture
def vendor(running: StandIn) -> StandIn:
    running.reset()
    running.control("defaults", email="silent", sms="silent")
    running.log.write_bytes(b"")
    running.requests.write_bytes(b"")
    return running
