# SPDX-License-Identifier: ISC
"""Files in the MaxMind DB format 2.0, of {network: record}."""
import ipaddress
import subprocess

MARKER = b"\xab\xcd\xefMaxMind.com"
POINTER, TEXT, UINT16, UINT32, MAP, UINT64, ARRAY, BOOLEAN = 1, 2, 5, 6, 7, 9, 11, 14


class U16(int):
    pass


class U64(int):
    pass


def _control(kind, size):
    more = b""
    if size >= 65821:
        size, more = 31, (size - 65821).to_bytes(3, "big")
    elif size >= 285:
        size, more = 30, (size - 285).to_bytes(2, "big")
    elif size >= 29:
        size, more = 29, (size - 29).to_bytes(1, "big")
    return (bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])) + more


def _number(kind, value):
    octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _control(kind, len(octets)) + octets


def _pointer(to):
    if to < 2048:
        return bytes([POINTER << 5 | to >> 8, to & 255])
    to -= 2048
    if to < 1 << 19:
        return bytes([POINTER << 5 | 1 << 3 | to >> 16]) + (to & 0xffff).to_bytes(2, "big")
    return bytes([POINTER << 5 | 2 << 3 | to - (526336 - 2048) >> 24]) + (to - (526336 - 2048) & 0xffffff).to_bytes(3, "big")


class _Records:
    """What was written once is pointed to afterwards, as MaxMind's own writers do."""

    def __init__(self, shares):
        self.octets, self.places, self.shares = b"", {}, shares

    def value(self, value):
        key = repr(value)
        if self.shares and key in self.places and not isinstance(value, (bool, int)):
            self.octets += _pointer(self.places[key])
            return
        self.places.setdefault(key, len(self.octets))
        if isinstance(value, dict):
            self.octets += _control(MAP, len(value))
            for name, member in value.items():
                self.value(name)
                self.value(member)
        elif isinstance(value, list):
            self.octets += _control(ARRAY, len(value))
            for member in value:
                self.value(member)
        elif isinstance(value, str):
            self.octets += _control(TEXT, len(value.encode())) + value.encode()
        elif isinstance(value, bool):
            self.octets += _control(BOOLEAN, int(value))
        else:
            self.octets += _number(UINT16 if isinstance(value, U16) else UINT64 if isinstance(value, U64) else UINT32, value)

    def record(self, value):
        """Where it is; the same one is there once."""
        if repr(value) not in self.places:
            self.value(value)
        return self.places[repr(value)]


def _bits(network, version):
    length, address = network.prefixlen, int(network.network_address)
    if network.version == 4 and version == 6:
        length += 96
    width = 32 if version == 4 else 128
    return [address >> (width - 1 - i) & 1 for i in range(length)]


def _tree(networks, version):
    """Nodes of [left, right]: None, ("node", n) or ("record", value); larger networks before those in them."""
    nodes = [[None, None]]
    for network in sorted(networks, key=lambda n: len(_bits(n, version))):
        at, bits = 0, _bits(network, version)
        for bit in bits[:-1]:
            if nodes[at][bit] is None or nodes[at][bit][0] == "record":
                nodes.append([nodes[at][bit], nodes[at][bit]])
                nodes[at][bit] = ("node", len(nodes) - 1)
            at = nodes[at][bit][1]
        nodes[at][bits[-1]] = ("record", networks[network])
    return nodes


def _node(size, left, right):
    if size != 28:
        return left.to_bytes(size // 8, "big") + right.to_bytes(size // 8, "big")
    return (left & 0xffffff).to_bytes(3, "big") + bytes([(left >> 24) << 4 | right >> 24]) + (right & 0xffffff).to_bytes(3, "big")


def database(networks, kind="Test-Country", size=24, version=6, shares=True):
    """The octets of a file: networks as texts, records as dict, list, str, bool and int."""
    nodes = _tree({ipaddress.ip_network(network): record for network, record in networks.items()}, version)
    records = _Records(shares)

    def branch(what):
        if what is None:
            return len(nodes)
        return what[1] if what[0] == "node" else len(nodes) + 16 + records.record(what[1])

    tree = b"".join(_node(size, *map(branch, node)) for node in nodes)
    metadata = _Records(False)
    metadata.value({"node_count": len(nodes), "record_size": U16(size), "ip_version": U16(version), "database_type": kind,
                    "languages": ["en"], "binary_format_major_version": U16(2), "binary_format_minor_version": U16(0),
                    "build_epoch": U64(1750000000), "description": {"en": "made by a test"}})
    return tree + bytes(16) + records.octets + MARKER + metadata.octets


def country(code, **more):
    """A record as GeoLite2-City has them."""
    return dict({"city": {"geoname_id": 1, "names": {"en": "City of %s" % code, "ru": "Город"}},
                 "country": {"geoname_id": 2, "is_in_european_union": True, "iso_code": code, "names": {"en": "Land %s" % code}},
                 "subdivisions": [{"iso_code": "XY"}]}, **more)


def system(number, name):
    """As GeoLite2-ASN."""
    return {"autonomous_system_number": number, "autonomous_system_organization": name}


def looked_up(file, ip, *path):
    """What mmdblookup says."""
    done = subprocess.run(["mmdblookup", "--file", str(file), "--ip", ip, *path], capture_output=True, text=True)
    return done.stdout.strip().rpartition(" <")[0].strip('"') if done.returncode == 0 else None
