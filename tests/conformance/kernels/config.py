#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a configuration image: config.py OUT NAME CLASS [FIELD=VALUE…].

The container is that of uapi/region.h; what the classes' payloads mean stands in
uapi/gpu/profile.h. Fields that are not named are 0, version is 1.
"""
import struct
import sys

HEADER = struct.Struct('<IHHIIQHHIII64s')
MAGIC = 0x46434252

# class: kind, fabric, format of the payload, its fields
CLASSES = {
    'gpu': (2, 0x3150504752424452, '<HHIII16x', ('version', 'flags', 'shared_bytes', 'warps', 'blocks')),
}


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def build(name, kind, fabric, payload):
    padded = payload + bytes(-len(payload) % 8)

    def header(crc):
        return HEADER.pack(MAGIC, 1, kind, HEADER.size + len(padded), crc, fabric, 1, 0, 0,
                           len(payload), 0, name.encode())
    return header(crc32c(header(0) + padded)) + padded


def main():
    out, name, family, *pairs = sys.argv[1:]
    kind, fabric, layout, fields = CLASSES[family]
    values = dict.fromkeys(fields, 0) | {'version': 1}
    for pair in pairs:
        field, value = pair.split('=')
        if field not in values:
            sys.exit(f'{sys.argv[0]}: {family} has no field {field}, but {", ".join(fields)}')
        values[field] = int(value, 0)
    with open(out, 'wb') as file:
        file.write(build(name, kind, fabric, struct.pack(layout, *values.values())))


main()
