# SPDX-License-Identifier: ISC
"""The lab: real mail servers, clients and faults around a Gatepost, all on loopback and in one folder of its own."""
