#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Make a capture file with the odd frames that real networks carry.

    make-pcap.py FILE

The same file every time.  Frames are for 02:00:00:00:07:01 unless they are
odd in that respect.  Each sort comes in a number of its own, so that two that
are mixed up do not go unnoticed.
"""

import struct
import sys

US = bytes.fromhex("020000000701")
PEER = bytes.fromhex("020000000702")
OTHER_HOST = bytes.fromhex("02aabbccddee")
BROADCAST = b"\xff" * 6
STP = bytes.fromhex("0180c2000000")
CDP = bytes.fromhex("01000ccccccc")
IPV4_GROUP = bytes.fromhex("01005e000001")
IPV6_GROUP = bytes.fromhex("333300000001")

IP_US, IP_PEER = bytes([10, 7, 0, 1]), bytes([10, 7, 0, 2])
IP6_US = bytes.fromhex("fd000007") + bytes(11) + b"\x01"
IP6_PEER = bytes.fromhex("fd000007") + bytes(11) + b"\x02"


def checksum(data):
    """Return the Internet checksum of data."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(dest, ethertype, payload, least=60):
    """Return a frame, padded as on the wire."""
    data = dest + PEER + struct.pack("!H", ethertype) + payload
    return data + bytes(max(0, least - len(data)))


def ipv4(proto, payload, dest=IP_US, length=None):
    """Return an IPv4 packet, of another length than it says if asked to."""
    length = 20 + len(payload) if length is None else length
    fields = (0x45, 0, length, 7, 0, 64, proto)
    head = struct.pack("!BBHHHBB", *fields) + b"\0\0" + IP_PEER + dest
    return (head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload)


def icmp_echo(size):
    """Return an ICMP echo request."""
    body = struct.pack("!HH", 7, 7) + bytes(i & 0xFF for i in range(size))
    check = checksum(b"\x08\0\0\0" + body)
    return ipv4(1, b"\x08\0" + struct.pack("!H", check) + body)


def udp(size, dest=IP_US):
    """Return a UDP datagram to a port that nobody listens on; no checksum."""
    head = struct.pack("!HHHH", 7777, 7777, 8 + size, 0)
    return ipv4(17, head + bytes(size), dest)


def ipv6(next_header, payload, dest=IP6_US):
    """Return an IPv6 packet."""
    head = struct.pack("!IHBB", 6 << 28, len(payload), next_header, 64)
    return head + IP6_PEER + dest + payload


def icmp6_echo():
    """Return an ICMPv6 echo request."""
    body = struct.pack("!HH", 7, 7) + bytes(32)
    pseudo = IP6_PEER + IP6_US + struct.pack("!II", 4 + len(body), 58)
    check = checksum(pseudo + b"\x80\0\0\0" + body)
    return ipv6(58, b"\x80\0" + struct.pack("!H", check) + body)


def arp(operation):
    """Return an ARP packet from the peer."""
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    return head + PEER + IP_PEER + bytes(6) + IP_US


def tag(vlan, ethertype):
    """Return a VLAN tag, behind its own EtherType, and what follows it."""
    return struct.pack("!HH", vlan, ethertype)


def llc(payload, sap=0x42):
    """Return an LLC header of unnumbered information, and its payload."""
    return bytes([sap, sap, 3]) + payload


def snap(oui, ethertype, payload):
    """Return LLC and SNAP headers, and their payload."""
    return llc(oui + struct.pack("!H", ethertype) + payload, 0xAA)


def dot3(dest, payload, says=None, least=60):
    """Return an 802.3 frame, of another length than it says if asked to."""
    says = len(payload) if says is None else says
    return frame(dest, says, payload, least)


# (how many, frame)
FRAMES = [
    # What most of it is
    (11, frame(US, 0x0800, icmp_echo(56))),
    (5, frame(US, 0x0800, udp(100))),
    (3, frame(US, 0x0806, arp(1))),
    (4, frame(BROADCAST, 0x0806, arp(1))),
    (2, frame(US, 0x86DD, icmp6_echo())),
    (3, frame(BROADCAST, 0x0800, udp(10, bytes([10, 7, 0, 255])))),
    (2, frame(IPV4_GROUP, 0x0800, udp(10, bytes([224, 0, 0, 1])))),
    (5, frame(IPV6_GROUP, 0x86DD, ipv6(17, bytes(8)))),
    # Jumbo, and as large as the device takes
    (3, frame(US, 0x0800, udp(8900))),
    (2, frame(US, 0x0800, udp(8972))),
    (1, frame(US, 0x88B6, bytes(9000))),
    # Runts: shorter than Ethernet's least, down to a header alone
    (3, frame(US, 0x0800, ipv4(17, b"", IP_US, 20), 0)),
    (2, frame(US, 0x0800, b"", 0)),
    (1, frame(US, 0x0800, b"\x45", 0)),
    (2, frame(US, 0x86DD, b"\x60", 0)),
    (1, frame(US, 0x0806, arp(1)[:9], 0)),
    (2, frame(US, 0x88B6, b"", 0)),
    # IP that is not what it says
    (2, frame(US, 0x0800, ipv4(17, bytes(8), IP_US, 1400))),
    (1, frame(US, 0x0800, b"\xff" * 46)),
    # For others
    (7, frame(OTHER_HOST, 0x0800, udp(10))),
    (2, frame(OTHER_HOST, 0x86DD, icmp6_echo())),
    (1, frame(OTHER_HOST, 0x88B6, bytes(46))),
    (2, dot3(OTHER_HOST, llc(bytes(35)))),
    # Types that no protocol of the host's takes
    (6, frame(US, 0x88B6, bytes(46))),
    (1, frame(US, 0xFFFF, bytes(46))),
    (2, frame(US, 0x0600, bytes(46))),
    (2, frame(CDP, 0x88CC, bytes(46))),
    # Tagged once, twice in both manners, by priority alone
    (4, frame(US, 0x8100, tag(5, 0x0800) + udp(10))),
    (1, frame(US, 0x8100, tag(0, 0x0800) + udp(10))),
    (2, frame(US, 0x88A8, tag(6, 0x8100) + tag(5, 0x0800) + udp(10))),
    (3, frame(US, 0x8100, tag(6, 0x8100) + tag(5, 0x86DD) + icmp6_echo())),
    (1, frame(OTHER_HOST, 0x8100, tag(5, 0x0800) + udp(10))),
    # MPLS and PPPoE
    (3, frame(US, 0x8847, struct.pack("!I", 0x00010140) + udp(10))),
    (1, frame(IPV4_GROUP, 0x8848, struct.pack("!I", 0x00010140) + udp(10))),
    (2, frame(BROADCAST, 0x8863, bytes.fromhex("110900000004") + bytes(4))),
    (3, frame(US, 0x8864, bytes.fromhex("11000001001a0021") + udp(4))),
    # 802.3: spanning tree, SNAP, and the longest there is
    (5, dot3(STP, llc(bytes(35)))),
    (2, dot3(US, llc(bytes(35), 0xE0))),
    (4, dot3(CDP, snap(bytes.fromhex("00000c"), 0x2000, bytes(40)))),
    (1, dot3(US, snap(bytes(3), 0x0800, udp(10)))),
    (1, dot3(US, llc(bytes(1497)))),
    (1, dot3(US, llc(b""), None, 0)),
    # The length says more than there is, or too little for LLC, or for SNAP; or
    # the frame ends in there
    (3, dot3(US, llc(bytes(35)), 1000)),
    (2, dot3(STP, llc(bytes(35)), 0x5FF)),
    (1, dot3(US, llc(bytes(2)), 6, 0)),
    (1, dot3(US, b"", 3, 0)),
    (1, dot3(US, b"", 0, 0)),
    (2, dot3(US, b"\x42\x42", 2)),
    (4, dot3(US, snap(bytes(3), 0x0800, b""), 5)),
    (1, dot3(US, snap(bytes(3), 0x0800, b"")[:7], 7, 0)),
    (1, dot3(US, snap(bytes(3), 0x0800, b"")[:7], 8, 0)),
    (1, dot3(OTHER_HOST, llc(bytes(35)), 1000)),
]


def main():
    """Write the file."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "wb") as out:
        out.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        count = 0
        for times, data in FRAMES:
            for _ in range(times):
                size = len(data)
                out.write(struct.pack("=IIII", count // 1000,
                                      count % 1000 * 1000, size, size))
                out.write(data)
                count += 1


if __name__ == "__main__":
    main()
