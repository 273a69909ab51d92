"""People who sign in quickly."""

from tests.web.conftest import quick_hashes

__all__ = ["quick_hashes"]
