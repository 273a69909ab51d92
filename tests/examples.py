"""The examples in the documentation, so that tests can run them."""

from __future__ import annotations

import re
from pathlib import Path


def python_of(page: Path) -> list[str]:
    """Return the Python in a page of the documentation, block by block."""
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), flags=re.M | re.S)
