"""The WSGI entry: build the services from the environment, create the application."""

from campaigns.app import create_app
from campaigns.core import logs, processes, settings
from campaigns.wiring import build

if processes.is_child():
    processes.die_with_parent()
_settings = settings.load()
logs.configure(level=_settings.log_level, plain=_settings.log_plain)
app = create_app(build(_settings))
