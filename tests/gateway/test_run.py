# SPDX-License-Identifier: ISC
"""make run, the first thing that a newcomer sees, keeps what its tables promise."""
import re
import subprocess
import sys

from lab import namespaces, needs


def run(script):
    command = [sys.executable, str(needs.ROOT / "tests" / "lab" / script), "--build", str(needs.BUILD), "--once"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@needs.root
def test_the_lab_shows_what_it_promises():
    done = run("run.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" yes") == 9
    assert "swaks, submission" in done.stdout and "[Gatepost has removed this: " in done.stdout
    assert "arrived marked" in done.stdout and "like spam" in done.stdout
    assert "dkim=pass header.d=good.example" in done.stdout


@needs.root
def test_the_lab_in_networks_shows_that_servers_see_their_clients():
    namespaces.to_have_them()
    done = run("run_transparent.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" yes") == 4 and "infected: Eicar" in done.stdout
    assert re.search(r"connect from unknown\[198\.51\.100\.2\]:\d+", done.stdout) and "rip=198.51.100.2, rport=" in done.stdout
    assert "tproxy ip to :10025" in done.stdout
