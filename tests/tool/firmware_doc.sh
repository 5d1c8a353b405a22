# SPDX-License-Identifier: Apache-2.0
# What docs/firmware.md takes for given.
VID=0f6c7a3e-5b1d-5c42-9a77-0c1f4e2d8b90 CID=5b2d3a1c-77aa-5c0e-8d0f-2f6c1a9e4b10
OTHER=3e0a0dc2-6a52-5a3b-9d3e-0c7b1b0e8a51
head -c 600 /dev/zero >one.bin
head -c 700 /dev/zero >two.bin
mkdir set
cat >quiet.program <<'PROGRAM'
family gpu
protocol 1 1
quantum 20000        # ns that a queue goes first while others of its priority have entries, too
opcode load 1
opcode unload 1
opcode copy 1
opcode fill 1
opcode fence 1
opcode dispatch 1
level 1000 300000    # 1/1000 of the chip's clock, mW
level 400 90000
use 1
PROGRAM
