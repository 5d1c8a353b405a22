#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The suite on a chip that another process serves: served.py CLIENTS ROADBED CONFORMANCE ADDRESS [ARG…].

So many suites run at once, each on a function of its own; what the first one says is printed, of the
others what is wrong. Cases open up to five devices at once, and want as much of the chip's memory as
there can be.
"""
import os
import signal
import subprocess
import sys
import tempfile

FUNCTIONS = 6 # of each client


def run(clients, command):
    """Exit status: the first that is not 0."""
    others = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
              for _ in range(clients - 1)]
    codes = [subprocess.run(command, check=False).returncode]
    for number, other in enumerate(others, 2):
        said = other.communicate()[0]
        codes.append(other.returncode)
        if other.returncode:
            print(f'client {number}:\n{said}', file=sys.stderr)
    return next((code for code in codes if code), 0)


def main():
    clients, roadbed, conformance, address, *rest = sys.argv[1:]
    functions = str(FUNCTIONS * int(clients))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('was ended')) # the server goes, too
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'sock')
        server = subprocess.Popen([roadbed, 'serve', address, '--functions', functions, '--socket',
                                   path, '--quiet'],
                                  stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        try:
            if not server.stdout.readline().startswith('sock:'):
                sys.exit(f'{roadbed} serve {address} does not begin')
            code = run(int(clients), [conformance, f'sock:{path}', *rest])
        finally:
            server.terminate()
            ended = server.wait(60)
    if ended:
        print(f'the server exits with {ended}', file=sys.stderr)
    sys.exit(code or ended)


main()
