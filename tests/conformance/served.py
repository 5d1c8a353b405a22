#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The suite on a chip that another process serves: served.py ROADBED CONFORMANCE ADDRESS [ARG…].

Cases open up to five devices at once, and want as much of the chip's memory as there can be.
"""
import os
import signal
import subprocess
import sys
import tempfile


def main():
    roadbed, conformance, address, *rest = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('was ended')) # the server goes, too
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'sock')
        server = subprocess.Popen([roadbed, 'serve', address, '--functions', '6', '--socket', path,
                                   '--quiet'],
                                  stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        try:
            if not server.stdout.readline().startswith('sock:'):
                sys.exit(f'{roadbed} serve {address} does not begin')
            code = subprocess.run([conformance, f'sock:{path}', *rest]).returncode
        finally:
            server.terminate()
            ended = server.wait(60)
    if ended:
        print(f'the server exits with {ended}', file=sys.stderr)
    sys.exit(code or ended)


main()
