#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The suite on a chip that another process serves: served.py CLIENTS[:FUNCTIONS] ROADBED CONFORMANCE
ADDRESS [ARG…].

So many suites run at once, each on a function of its own; what the first one says is printed, of the
others what is wrong. Cases open up to five devices at once beside their own, each a function, and want
as much of the chip's memory as there can be: so a client has FUNCTIONS, 6 unless said. A case that
finds fewer is skipped, and says so. With 6 that is a mistake here; with fewer it has to happen.
"""
import os
import signal
import subprocess
import sys
import tempfile

FUNCTIONS = 6 # of each client
TOO_FEW = 'more functions at once than the server has free'


def run(clients, command):
    """Exit status, the first that is not 0, and what the suites said."""
    others = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
              for _ in range(clients - 1)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        all_said = []
        for line in first.stdout:
            print(line, end='', flush=True)
            all_said.append(line)
    codes = [first.returncode]
    for number, other in enumerate(others, 2):
        said = other.communicate()[0]
        codes.append(other.returncode)
        all_said.append(said)
        if other.returncode:
            print(f'client {number}:\n{said}', file=sys.stderr)
    return next((code for code in codes if code), 0), ''.join(all_said)


def main():
    clients, roadbed, conformance, address, *rest = sys.argv[1:]
    clients, _, each = clients.partition(':')
    functions = str(int(each or FUNCTIONS) * int(clients))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('was ended')) # the server goes, too
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'sock')
        server = subprocess.Popen([roadbed, 'serve', address, '--functions', functions, '--socket',
                                   path, '--quiet'],
                                  stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        try:
            if not server.stdout.readline().startswith('sock:'):
                sys.exit(f'{roadbed} serve {address} does not begin')
            code, said = run(int(clients), [conformance, f'sock:{path}', *rest])
        finally:
            server.terminate()
            ended = server.wait(60)
    if ended:
        print(f'the server exits with {ended}', file=sys.stderr)
    if (TOO_FEW in said) != bool(each):
        print('no case is skipped for want of functions' if each else f'{functions} functions are too few',
              file=sys.stderr)
        code = code or 1
    sys.exit(code or ended)


main()
