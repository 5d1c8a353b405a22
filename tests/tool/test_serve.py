#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed serve`: test_serve.py ROADBED [SIM]. Without SIM there is nothing to serve."""
import os
import resource
import signal
import subprocess
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
FEW = 16 # descriptors: too few for a single client's share


def limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))


@tap.case('a server may have as many descriptors as its hard limit says')
def descriptors():
    if len(sys.argv) < 3:
        return 'no simulated chips'
    path = os.path.join(os.getcwd(), 'private', 'sock')
    with subprocess.Popen([ROADBED, 'serve', 'sim:edu', '--socket', path, '--quiet'],
                          stdout=subprocess.PIPE, preexec_fn=limit, text=True) as server:
        assert server.stdout.readline().strip() == f'sock:{path}'
        soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    assert soft == hard > FEW, (soft, hard)
    return None


tap.main()
