"""Programs of the distribution's packages that a benchmark needs: installed ones, else unpacked below var/, once."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.engines.environment import FOLDER


def program(name: str, package: str) -> str:
    """Return the path of `name`, unpacking `package` where it is not installed; raises RuntimeError."""
    if installed := shutil.which(name):
        return installed
    folder = FOLDER.with_name(f"bench-{package}")
    if not (found := _in(folder, name)):
        unpack(package, folder)
        found = _in(folder, name)
    if not found:
        raise missing(name, package)
    return found


def _in(folder: Path, name: str) -> str:
    return str(next(folder.glob(f"usr/bin/{name}"), ""))


def unpack(package: str, folder: Path) -> None:
    """Fetch a package of the distribution and unpack it, without installing it; raises RuntimeError."""
    print(f"Unpacking {package} into {folder.parent.name}/{folder.name} (once) ...", file=sys.stderr)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["apt-get", "download", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        archive = next(folder.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg", "-x", str(archive), str(folder)], check=True)
        archive.unlink()
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        raise missing(package, package) from error


def missing(name: str, package: str) -> RuntimeError:
    """Return what to raise where a program can be had in no way."""
    return RuntimeError(f"{name} is not here. Install it (sudo apt install {package}), then try again.")
