# SPDX-License-Identifier: ISC
"""A fresh certificate authority and certificates signed by it, made by the openssl program."""
import datetime
import functools
import os
import subprocess
from collections import namedtuple

Certificate = namedtuple("Certificate", "names chain key")

NEW_ECDSA = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]


class Authority:
    """certificate() writes <file>.pem and <file>.key into the folder; `ca` is the root's certificate."""

    def __init__(self, folder):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.ca = self._path("ca.pem")
        self._ca_key = self._path("ca.key")
        _openssl("req", "-x509", *NEW_ECDSA, "-days", "30", "-subj", "/CN=Gatepost lab CA",
                 "-keyout", self._ca_key, "-out", self.ca)

    def certificate(self, *names, kind="rsa", file=None, days=30):
        """A certificate for these DNS names (the first is also its CN); an existing file is replaced. All of kind "rsa" have the same key."""
        file = file or "%s-%s" % (names[0].replace("*", "any"), kind)
        key, request, chain = self._path(file + ".key"), self._path(file + ".csr"), self._path(file + ".pem")
        if kind == "rsa":
            with open(key, "wb", opener=_for_us_alone) as f:
                f.write(_rsa_key())
        _openssl("req", "-new", *(["-key", key] if kind == "rsa" else [*NEW_ECDSA, "-keyout", key]), "-subj", "/CN=" + names[0],
                 "-addext", "subjectAltName=" + ",".join("DNS:" + name for name in names), "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._ca_key, "-CAcreateserial",
                 "-copy_extensions", "copy", "-days", str(days), "-out", chain)
        os.unlink(request)
        return Certificate(names, chain, key)

    def dated(self, *names, begins, ends, file="dated"):
        """The same, valid from `begins` to `ends`: days from now."""
        certificate = self.certificate(*names, kind="ecdsa", file=file)
        for name, text in (("index.txt", ""), ("ca.cnf", CA_CONFIGURATION.format(folder=self.folder))):
            with open(self._path(name), "w") as f:
                f.write(text)
        request = self._path(file + ".csr")
        _openssl("req", "-new", "-key", certificate.key, "-subj", "/CN=" + names[0],
                 "-addext", "subjectAltName=" + ",".join("DNS:" + name for name in names), "-out", request)
        _openssl("ca", "-batch", "-config", self._path("ca.cnf"), "-cert", self.ca, "-keyfile", self._ca_key, "-in", request,
                 "-notext", "-startdate", _in_days(begins), "-enddate", _in_days(ends), "-out", certificate.chain)
        os.unlink(request)
        return certificate

    def _path(self, name):
        return os.path.join(self.folder, name)


CA_CONFIGURATION = """[ca]
default_ca = lab
[lab]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
copy_extensions = copy
policy = any
[any]
commonName = supplied
"""


def _in_days(days):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")


@functools.lru_cache(maxsize=None)
def _rsa_key():
    """A new one takes as much processor time as several starts of a gateway."""
    return _openssl("genrsa", "2048")


def _for_us_alone(path, flags):
    return os.open(path, flags, 0o600)


def _openssl(*words):
    return subprocess.run(["openssl", *words], check=True, stdin=subprocess.DEVNULL, capture_output=True).stdout
