"""The application for gunicorn and for `flask --app wsgi`."""

from edupulse import create_app
from edupulse.config import load_settings
from edupulse.logs import configure_logging
from jobs.catalog import CATALOG

settings = load_settings()
configure_logging(settings)
app = create_app(settings, catalog=CATALOG)
