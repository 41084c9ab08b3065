# SPDX-License-Identifier: ISC
"""make run, the first thing that a newcomer sees, keeps what its tables promise."""
import subprocess
import sys

from lab import needs


@needs.root
def test_the_lab_shows_what_it_promises():
    command = [sys.executable, str(needs.ROOT / "tests" / "lab" / "run.py"), "--build", str(needs.BUILD), "--once"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" yes") == 9
    assert "swaks, submission" in done.stdout and "[Gatepost has removed this: " in done.stdout
    assert "arrived marked" in done.stdout and "like spam" in done.stdout
    assert "dkim=pass header.d=good.example" in done.stdout
