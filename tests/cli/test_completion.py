"""`completion`: the tab key of a real shell knows nouns, verbs, options and the names of jobs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Type

ASK = "{script}\nCOMP_WORDS=({words}) COMP_CWORD={at}\n_edupulse\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_completes_nouns_and_verbs_through_the_function_that_the_script_defines(
    type_in: Type, project_folder: Path
) -> None:
    script = type_in("completion", "bash").stdout

    told = subprocess.run(
        ["bash", "-c", ASK.format(script=script, words="edupulse jobs st", at=2)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=project_folder,
    )

    assert told.stdout.split() == ["stats", "status"]


def test_the_nouns_are_listed_without_loading_what_is_behind_them(project_folder: Path) -> None:
    ask = (
        "import os, sys\n"
        "os.environ |= {'_EDUPULSE_COMPLETE': 'bash_complete', 'COMP_WORDS': 'edupulse ', 'COMP_CWORD': '1'}\n"
        "from edupulse.cli import main\n"
        "try: main()\n"
        "finally: print([each for each in sys.modules if each.startswith('edupulse.mailboxes')])"
    )

    told = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, cwd=project_folder
    )

    assert "plain,jobs\n" in told.stdout
    assert told.stdout.endswith("\n[]\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_script_defines_the_command_for_this_python(
    type_in: Type, project_folder: Path, shell: str
) -> None:
    script = type_in("completion", shell).stdout

    assert str(project_folder / "cli.py") in script
    assert f"_EDUPULSE_COMPLETE={shell}_complete" in script


def test_another_shell_is_refused_with_those_there_are(type_in: Type) -> None:
    refused = type_in("completion", "tcsh")

    assert (refused.exit_code, "'bash', 'zsh', 'fish'" in refused.stderr) == (2, True)
