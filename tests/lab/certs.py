# SPDX-License-Identifier: ISC
"""A fresh certificate authority and certificates signed by it, made by the openssl program."""
import os
import subprocess
from collections import namedtuple

Certificate = namedtuple("Certificate", "names chain key")

KEYS = {
    "rsa": ["-newkey", "rsa:2048"],
    "ecdsa": ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
}


class Authority:
    """certificate() writes <file>.pem and <file>.key into the folder; `ca` is the root's certificate."""

    def __init__(self, folder):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.ca = self._path("ca.pem")
        self._ca_key = self._path("ca.key")
        _openssl("req", "-x509", "-nodes", *KEYS["ecdsa"], "-days", "30", "-subj", "/CN=Gatepost lab CA",
                 "-keyout", self._ca_key, "-out", self.ca)

    def certificate(self, *names, kind="rsa", file=None, days=30):
        """A certificate for these DNS names (the first is also its CN); an existing file is replaced."""
        file = file or "%s-%s" % (names[0].replace("*", "any"), kind)
        key, request, chain = self._path(file + ".key"), self._path(file + ".csr"), self._path(file + ".pem")
        _openssl("req", "-new", "-nodes", *KEYS[kind], "-subj", "/CN=" + names[0],
                 "-addext", "subjectAltName=" + ",".join("DNS:" + name for name in names),
                 "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._ca_key, "-CAcreateserial",
                 "-copy_extensions", "copy", "-days", str(days), "-out", chain)
        os.unlink(request)
        return Certificate(names, chain, key)

    def _path(self, name):
        return os.path.join(self.folder, name)


def _openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdin=subprocess.DEVNULL, capture_output=True)
