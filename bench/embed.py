#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes files as C arrays: embed.py OUT.c NAME=FILE..."""
import sys

out, *pairs = sys.argv[1:]
files = [pair.split("=", 1) for pair in pairs]
with open(out, "w", encoding="ascii") as c:
    c.write('/* Written by bench/embed.py. */\n#include "bench/bench.h"\n\n')
    for number, (_, path) in enumerate(files):
        with open(path, "rb") as source:
            data = source.read()
        c.write("static const unsigned char file%d[] = {%s};\n" % (number, ",".join(map(str, data))))
    c.write("\nconst struct bench_file bench_files[] = {\n")
    for number, (name, _) in enumerate(files):
        c.write('\t{"%s", file%d, sizeof(file%d)},\n' % (name, number, number))
    c.write("\t{0},\n};\n")
