#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a configuration image of the DSA: microcode (uapi/dsa/microcode.h) in the container of
uapi/region.h.

    dsa_config.py OPS.DEF OUTPUT NAME CUBE VECTOR [INSTRUCTION...]

CUBE and VECTOR are shares in eighths, 16 together; the instructions named are those that the cores
shall not know: of a unit without a share, all of its queue.
"""
import re
import struct
import sys

FABRIC = 0x4453414600000001
KIND_MICROCODE = 3
ISA = 1


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def microcode(operators, cube, vector, without):
    enabled = (1 << len(operators)) - 1
    for name in without:
        enabled &= ~(1 << operators.index(name))
    table = [enabled >> 64 * i & 0xFFFFFFFFFFFFFFFF for i in range(4)]
    return struct.pack("<4sHBBII4Q2Q", b"RBMC", 1, cube, vector, ISA, len(operators), *table, 0, 0)


def image(name, payload):
    def header(crc):
        return struct.pack("<4sHHIIQHHIII64s", b"RBCF", 1, KIND_MICROCODE, 104 + len(payload), crc,
                           FABRIC, 1, 0, 0, len(payload), 0, name.encode())

    return header(crc32c(header(0) + payload)) + payload


def main(ops, output, name, cube, vector, *without):
    with open(ops, encoding="utf-8") as file:
        operators = re.findall(r"^OP\((\w+),", file.read(), re.MULTILINE)
    missing = [one for one in without if one not in operators]
    if missing:
        sys.exit(f"{ops}: no instruction {missing[0]}")
    with open(output, "wb") as file:
        file.write(image(name, microcode(operators, int(cube), int(vector), without)))


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
