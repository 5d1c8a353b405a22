#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed serve`: test_serve.py ROADBED [SIM]. Without SIM there is nothing to serve."""
import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
FEW = 16 # descriptors: too few for a single client's share
SIM = len(sys.argv) > 2


def limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))


@tap.case('a server may have as many descriptors as its hard limit says')
def descriptors():
    if not SIM:
        return 'no simulated chips'
    path = os.path.join(os.getcwd(), 'private', 'sock')
    with subprocess.Popen([ROADBED, 'serve', 'sim:edu', '--socket', path, '--quiet'],
                          stdout=subprocess.PIPE, preexec_fn=limit, text=True) as server:
        assert server.stdout.readline().split()[0] == f'sock:{path}'
        soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    assert soft == hard > FEW, (soft, hard)
    return None


@contextlib.contextmanager
def served(*chips, grace='0'):
    """The server, its address, and the line of each chip."""
    path = os.path.join(os.getcwd(), 'private', 'sock')
    with subprocess.Popen([ROADBED, 'serve', *chips, '--socket', path, '--functions', '3', '--grace', grace],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            yield server, f'sock:{path}', [server.stdout.readline().rstrip() for _ in chips]
        finally:
            server.terminate()
            server.communicate(timeout=60)


@tap.case('a server says of each chip its address, what it is, and what a client has of it')
def lines():
    if not SIM:
        return 'no simulated chips'
    with served('sim:gpu-small', 'sim:edu@1') as (_, address, said):
        assert said == [f'{address}  sim:gpu-small  Small GPGPU  3 functions for clients, each with 64 MiB',
                        f'{address}#1  sim:edu@1  Educational device  3 functions for clients, each with 3840 B'], said
    return None


@tap.case('explain says what a server has, or why it cannot be had; list has what is named')
def explained():
    if not SIM:
        return 'no simulated chips'
    none = os.path.join(os.getcwd(), 'none')
    with served('sim:gpu-small', 'sim:edu') as (_, address, _lines):
        said = tap.run(ROADBED, 'explain', address, '--json').stdout
        rows = {row['address']: row for row in json.loads(said)['candidates']}
        assert list(rows) == [address, f'{address}#1'], rows
        assert rows[address]['memory_total_bytes'] == 64 << 20 and rows[address]['class'] == 'gpu', rows
        assert rows[f'{address}#1']['name'] == 'Educational device', rows
        said = tap.run(ROADBED, 'explain', f'{address}#1').stdout
        assert 'Educational device' in said and 'GPGPU' not in said, said
        tap.says(tap.run(ROADBED, 'explain', f'{address}#7').stdout, 'not found: the server has no such chip (7)')
        env = dict(os.environ, ROADBED_DEVICES=f'{address}#1;sock:{none}')
        said = tap.run(ROADBED, 'list', env=env).stdout
        assert f'{address}#1' in said and none not in said, said
    tap.says(tap.run(ROADBED, 'explain', f'sock:{none}').stdout, 'not found: the socket cannot be reached')
    tap.says(tap.run(ROADBED, 'explain').stdout, '`roadbed serve CHIP --socket PATH`', '`roadbed explain sock:PATH`')
    return None


@tap.case('who comes while a server waits for its clients to leave is told that it is ending')
def ending():
    if not SIM:
        return 'no simulated chips'
    with served('sim:edu', grace='60') as (server, address, _lines):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(address[5:])
            tap.run(ROADBED, 'info', address) # the client before it was let in, too
            server.send_signal(signal.SIGTERM)
            while 'waiting for 1 client' not in server.stderr.readline():
                assert server.poll() is None
            late = tap.run(ROADBED, 'info', address, code=1)
            tap.says(late.stderr, 'the server is ending (not found)', 'one that was started again')
        assert server.wait(60) == 0
    return None


@tap.case('what is refused is told with the client, its process and chip')
def told():
    if not SIM:
        return 'no simulated chips'
    with served('sim:edu') as (server, address, _lines):
        tap.run(ROADBED, 'info', f'{address}#9', code=1)
        for line in server.stderr:
            if 'refused' in line:
                break
        assert re.search(r'client \d+ \(process \d+\): ROAD_HELLO is refused: the server has no such chip, '
                         r'seen 9, allowed: ', line), line
        tap.run(ROADBED, 'info', address)
        assert re.search(r'client \d+ \(process \d+, sim:edu\): ', server.stderr.readline() +
                         server.stderr.readline()), line
    return None


@tap.case('the help of bench names the parts that --part takes')
def bench_parts():
    said = tap.run(ROADBED, 'bench', '--help', code=None)
    if said.returncode:
        return 'built without bench'
    wrong = tap.run(ROADBED, 'bench', '--part', 'none', code=2).stderr
    parts = re.search(r'^NAME, of --part: (.+)$', said.stdout, re.M).group(1)
    assert 'served' in parts.split(', '), parts
    tap.says(wrong, parts)
    return None


tap.main()
