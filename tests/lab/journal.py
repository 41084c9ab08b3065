# SPDX-License-Identifier: ISC
"""systemd-journald beside the system's, if there is one: in a mount namespace with a /run of its own, with whoever is to log to it."""
import json
import os
import shutil
import signal
import subprocess

JOURNALD = "/lib/systemd/systemd-journald"
BEGIN = r"""set -e
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
%s >/dev/null 2>&1 &
echo $! >"$1"
shift
n=0
while [ ! -S /run/systemd/journal/socket ] && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1; done
exec "$@"
""" % JOURNALD


class Journal:
    """`around` is put in front of a command, which runs inside; `pid` is that command's afterwards."""

    def __init__(self, folder):
        self._pid_file = os.path.join(str(folder), "journald.pid")
        self.around = ["unshare", "-m", "sh", "-c", BEGIN, "sh", self._pid_file]

    @staticmethod
    def is_there():
        return os.path.exists(JOURNALD) and shutil.which("journalctl") is not None

    def _journald(self):
        with open(self._pid_file) as f:
            return int(f.read())

    def entries(self, *matches):
        """What the journal tells of these, as dictionaries."""
        done = subprocess.run(["nsenter", "-m", "-t", str(self._journald()), "journalctl", "-D", "/run/log/journal", "-q", "-o", "json", *matches],
                              capture_output=True, text=True, timeout=30)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def stop(self):
        os.kill(self._journald(), signal.SIGKILL)
