"""What an application carries with it: its settings, its catalog of jobs, its connection to Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_login import LoginManager
from flask_wtf import CSRFProtect
from redis import Redis

from edupulse.config import Settings

login_manager = LoginManager()
csrf = CSRFProtect()


@dataclass
class Runtime:
    """Lives at `app.extensions["edupulse"]`; the Redis connection is opened on first use."""

    settings: Settings
    catalog: Any  # control.catalog.Catalog; the core does not know control
    redis: Redis | None = None
