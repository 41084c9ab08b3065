# SPDX-License-Identifier: ISC
"""The shell completes what gatepostctl takes."""
import re
import subprocess

import pytest

from lab import needs

FILE = needs.ROOT / "etc" / "completion" / "gatepostctl"


def completed(*words):
    """What bash offers for the last of these words."""
    script = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gatepostctl; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", script, str(FILE), "gatepostctl", *words], capture_output=True, text=True, check=True)
    return done.stdout.split()


def subcommands():
    said = subprocess.run([needs.BUILD / "gatepostctl", "--help"], capture_output=True, text=True, check=True).stdout
    return [(line[4:27].split() + [""])[:2] for line in said.splitlines() if line.startswith("    ")]


def test_every_subcommand_is_completed():
    offered = completed("")
    assert {first for first, _ in subcommands()} == {word for word in offered if not word.startswith("-")}
    for group in ("policy", "quarantine", "learn", "transparent"):
        assert {word for word in completed(group, "") if not word.startswith("-")} == {second for first, second in subcommands() if first == group and second}


@pytest.mark.parametrize("command", [["trace"], ["stats"], ["status"], ["why"], ["export"], ["forget"], ["metrics"], ["sessions"], ["top"], ["check"], ["probe"], ["selftest"], ["policy", "check"], ["transparent", "rules"],
                                     *(["quarantine", word] for word in ("list", "show", "release", "delete", "report-false")),
                                     ["learn"], *(["learn", word] for word in ("status", "build", "rollback", "forget"))])
def test_every_option_that_is_offered_is_known(command):
    for option in completed(*command, "--"):
        done = subprocess.run([needs.BUILD / "gatepostctl", *command, option], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={"PATH": "/nonexistent"}, timeout=20)
        assert not re.search("unrecognized|invalid option", done.stderr), (option, done.stderr)


def test_words_that_an_option_takes_are_offered():
    assert completed("trace", "--verdict", "di") == ["discard"]
    assert completed("trace", "--verdict", "q") == ["quarantine"]
    assert completed("learn", "forget", "--how", "re") == ["released", "reported"]
    assert completed("tra") == ["trace", "transparent"] and completed("probe", "--u") == ["--user"]
    assert completed("quarantine", "show", "--r") == ["--raw"] and completed("quarantine", "release", "--a") == ["--again"]
    assert "gatepost.conf" in [name.rpartition("/")[2] for name in completed("trace", "--config", str(needs.ROOT / "etc") + "/")]
