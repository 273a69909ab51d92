"""`completion`: a script for the shell, by which the tab key knows every noun, verb, option and many names."""

from __future__ import annotations

import shlex
import sys

import click

from edupulse.cli import COMPLETING
from edupulse.cli.command import Command
from edupulse.embedded.program import PROJECT

PROGRAM = "edupulse"  # the shell function that the script defines

# Each defines `edupulse` for `python cli.py`, and asks it what may follow. The answers are click's: in bash a line
# "type,value", in zsh three lines, in fish a line "type,value<tab>help".
BASH = """\
%(program)s() { %(command)s "$@"; }
_%(program)s() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            dir,*) compopt -o dirnames ;;
            file,*) compopt -o default ;;
            plain,*) COMPREPLY+=("${line#plain,}") ;;
        esac
    done < <(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD="$COMP_CWORD" %(variable)s=bash_complete %(command)s)
}
complete -o nosort -F _%(program)s %(program)s
"""
ZSH = """\
%(program)s() { %(command)s "$@"; }
_%(program)s() {
    local kind value help
    local -a answer
    answer=("${(@f)$(env COMP_WORDS="${words[*]}" COMP_CWORD=$((CURRENT - 1)) %(variable)s=zsh_complete %(command)s)}")
    for kind value help in "${answer[@]}"; do
        case $kind in
            dir) _files -/ ;;
            file) _files ;;
            plain) compadd -- "$value" ;;
        esac
    done
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _%(program)s %(program)s
"""
FISH = """\
function %(program)s
    %(command)s $argv
end
function _%(program)s
    set -l word (commandline --current-token)
    set -l typed (commandline --cut-at-cursor --current-process)
    for line in (env COMP_WORDS="$typed" COMP_CWORD="$word" %(variable)s=fish_complete %(command)s)
        set -l answer (string split --max 1 , -- $line)
        switch $answer[1]
            case dir
                __fish_complete_directories $word
            case file
                __fish_complete_path $word
            case plain
                echo $answer[2]
        end
    end
end
complete --no-files --command %(program)s --arguments '(_%(program)s)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(list(SCRIPTS)))
def completion(shell: str) -> None:
    """Print a script that defines `edupulse` for SHELL, with completion by the tab key.

    bash and zsh: eval "$(python cli.py completion bash)", fish: python cli.py completion fish | source
    """
    click.echo(SCRIPTS[shell] % {"program": PROGRAM, "command": _command(), "variable": COMPLETING}, nl=False)


def _command() -> str:
    """Return how this program is called from anywhere."""
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(PROJECT / 'cli.py'))}"
