# SPDX-License-Identifier: ISC
"""Where tests write."""
import os
import shutil

IN_MEMORY = "/dev/shm"
ROOM = 4 << 30  # octets; a whole run takes less


def quick():
    """Where a database is on the "disk" at once, if there is such a place: thousands of gateways make theirs. None: wherever else
    temporary files are."""
    if "TMPDIR" in os.environ or not os.path.ismount(IN_MEMORY) or shutil.disk_usage(IN_MEMORY).free < ROOM:
        return None
    return IN_MEMORY
