# SPDX-License-Identifier: ISC
"""Who has a mailbox in the lab."""
import pwd

PASSWORD = "secret"
DOMAINS = ("example.com", "example.org")
LOCAL_PARTS = ("user", "second", "third", "postmaster", "abuse", "user.name", "пользователь")
ADDRESSES = tuple("%s@%s" % (local, domain) for domain in DOMAINS for local in LOCAL_PARTS)

OWNER = pwd.getpwnam("mail")  # the account that owns all mailboxes
