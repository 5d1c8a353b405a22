#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed doctor`: test_doctor.py ROADBED [SIM]. A fake machine's are in tests/discovery."""
import json
import os
import re
import resource
import subprocess
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
SIM = len(sys.argv) > 2
CHECKS = [line.split()[0] for line in tap.run(ROADBED, 'doctor', '--list').stdout.splitlines()]


def roadbed(*words, code=0, **more):
    env = {name: value for name, value in os.environ.items() if not name.startswith('ROADBED_')}
    return tap.run(ROADBED, *words, code=code, env=dict(env, **more))


def document(*words, **more):
    got = json.loads(roadbed(*words, '--json', **more).stdout)
    assert got['schema'] == 'roadbed.doctor.1', got
    return got


def doctor(*words, code=0, **more):
    """The checks by id; of several of one id the last."""
    got = document('doctor', *words, code=code, **more)
    assert code is None or got['result'] == ('PASS', 'WARN', 'FAIL')[code], got
    return {row['id']: row for row in got['checks']}


@tap.case('doctor has stable checks, and passes where all is well')
def well():
    os.makedirs('dev')
    rows = doctor('--dev', 'dev', code=0 if SIM else 1, ROADBED_CACHE='off')
    firmware = [] if rows['firmware.loader']['result'] == 'PASS' else ['firmware.keys']
    assert list(rows) == [name for name in CHECKS if name not in firmware], list(rows)
    assert len(set(CHECKS)) == len(CHECKS) >= 19, CHECKS
    text = roadbed('doctor', '--dev', 'dev', code=0 if SIM else 1, ROADBED_CACHE='off').stdout
    assert all(re.match('(PASS|WARN|FAIL)  [a-z.]+ ', one) or 'remedy: ' in one
               for one in text.splitlines()), text
    tap.says(roadbed('doctor', 'x', code=2).stderr, 'takes no argument', 'explain DEVICE')


@tap.case('doctor counts accelerators, and the processor is none')
def counted():
    row = doctor('--dev', '/nonesuch', code=None, ROADBED_DEVICES='host:')['devices']
    assert row['result'] == 'PASS' and row['what'].startswith('no accelerator is here'), row
    if SIM:
        row = doctor('--dev', '/nonesuch', ROADBED_CACHE='off',
                     ROADBED_DEVICES='sim:edu;sim:gpu-small')['devices']
        assert row['what'] == '2 accelerators can be opened, 2 of them simulated', row


@tap.case('doctor names a cache that is none, and a folder of drivers that others may write')
def folders():
    os.makedirs('dev')
    rows = doctor('--dev', 'dev', code=1, ROADBED_CACHE='somewhere')
    assert rows['cache']['result'] == 'WARN' and 'absolute' in rows['cache']['what'], rows
    with open('file', 'w'):
        pass
    rows = doctor('--dev', 'dev', code=1, ROADBED_CACHE=os.path.abspath('file'))
    tap.says(rows['cache']['what'], 'no folder', 'file')
    os.makedirs('open')
    os.chmod('open', 0o777)
    rows = doctor('--dev', 'dev', code=2, ROADBED_CACHE='off',
                  ROADBED_DRIVERS=os.path.abspath('open'))
    tap.says(rows['drivers']['what'], os.path.abspath('open'))
    assert rows['drivers']['result'] == 'FAIL' and 'chmod go-w' in rows['drivers']['remedy'], rows


@tap.case('doctor says which group or rule a node lacks')
def nodes():
    if os.geteuid():
        return 'needs root, to stand for a user without rights'
    os.chmod('.', 0o755)
    os.makedirs('dev/accel')
    os.makedirs('dev/dri')
    for path, mode, group in (('dev/accel/accel0', 0o660, 1), ('dev/dri/renderD128', 0o600, 0)):
        with open(path, 'w'):
            pass
        os.chown(path, 0, group)
        os.chmod(path, mode)
    dev = os.path.abspath('dev')
    words = ['doctor', '--json', '--dev', dev]
    probe = subprocess.run([ROADBED, '--version'], user=65534, capture_output=True)
    if probe.returncode:
        return 'another user cannot run the command from here'
    env = {'ROADBED_CACHE': 'off', 'HOME': '/', **{k: v for k, v in os.environ.items()
                                                  if k.startswith('LD_')}}
    got = subprocess.run([ROADBED, *words[0:]], user=65534, group=65534, extra_groups=[],
                         capture_output=True, text=True, env=env, timeout=60)
    assert got.returncode == 2, got
    rows = {row['id']: row for row in json.loads(got.stdout)['checks']}
    assert rows['node.accel']['result'] == rows['node.dri']['result'] == 'FAIL', rows
    tap.says(rows['node.accel']['what'], f'{dev}/accel/accel0', 'mode 660')
    tap.says(rows['node.accel']['remedy'], 'usermod -aG daemon')
    tap.says(rows['node.dri']['remedy'], 'udev', 'SUBSYSTEM=="drm"', 'GROUP="render"')
    rows = doctor('--dev', dev, code=0 if SIM else 1, ROADBED_CACHE='off')
    assert rows['node.accel']['result'] == 'PASS' and '1 nodes' in rows['node.accel']['what']


@tap.case('doctor names variables that nothing reads, or whose value is not taken')
def environment():
    row = doctor('--dev', '/nonesuch', code=1, ROADBED_DEVICE='sim:edu')['environment']
    assert row['result'] == 'WARN' and 'ROADBED_DEVICE:' in row['what'], row
    row = doctor('--dev', '/nonesuch', code=1, ROADBED_TIMEOUT_SCALE='fast')['environment']
    assert row['result'] == 'WARN' and 'ROADBED_TIMEOUT_SCALE=fast' in row['what'], row
    row = doctor('--dev', '/nonesuch', code=0 if SIM else 1, ROADBED_TIMEOUT_SCALE='2.5',
                 ROADBED_LIBRARY_FAKERT='/nonesuch.so')['environment']
    assert row['result'] == 'PASS' and row['what'].startswith('2 '), row


@tap.case('every variable that the sources read is known to doctor and in the manual')
def variables():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
    read = set()
    for folder in ('hal', 'drivers', 'simulators', 'firmware-loader', 'compat', 'tools/roadbed'):
        for at, _, names in os.walk(os.path.join(root, folder)):
            for name in names:
                if name.endswith('.c') and name != 'doctor_checks.c':
                    with open(os.path.join(at, name), encoding='utf-8') as file:
                        read |= set(re.findall(r'"(ROADBED_[A-Z_]+)"', file.read()))
    assert {'ROADBED_DEVICES', 'ROADBED_FIRMWARE_PATH', 'ROADBED_LIBRARY_'} <= read, read
    with open(os.path.join(root, 'docs/roadbed.1'), encoding='utf-8') as file:
        manual = set(re.findall(r'^\.(?:B|BI) (ROADBED_[A-Z_]+)', file.read(), re.M))
    assert manual == read, manual ^ read
    for name in read:
        value = {'ROADBED_TIMEOUT_SCALE': '1', 'ROADBED_DEVICES': 'host:'}.get(name, '/nonesuch')
        name += 'X' if name.endswith('_') else ''
        row = doctor('--dev', '/nonesuch', code=None, **{name: value})['environment']
        assert row['result'] == 'PASS', row


@tap.case('doctor says of a device that is listed and not there that it is missing')
def missing():
    got = document('doctor', '--dev', '/nonesuch', code=1, ROADBED_CACHE='off',
                   ROADBED_DEVICES='host:;sim:nonesuch;moon:x')['checks']
    rows = [row for row in got if row['id'] == 'device']
    assert [row['result'] for row in rows] == ['WARN', 'WARN'], rows
    tap.says(rows[0]['what'], 'sim:nonesuch')
    tap.says(rows[1]['what'], 'moon:x', 'unknown scheme')
    assert all('ROADBED_DEVICES' in row['remedy'] for row in rows), rows


@tap.case('what ROADBED_DEVICES alone names feeds no check of the machine')
def named():
    if os.path.exists('/sys/bus/pci/devices/0000:ff:1f.7'):
        return 'this machine has a function there'
    bare = doctor('--dev', '/nonesuch', code=None, ROADBED_CACHE='off')
    for address in ('pci:0000:ff:1f.7', 'accel:accel4095', 'drm:renderD4095'):
        rows = doctor('--dev', '/nonesuch', code=1, ROADBED_CACHE='off', ROADBED_DEVICES=address)
        for check in ('pci.bus', 'pci.driver', 'pci.ids', 'iommu', 'udev'):
            assert rows[check] == bare[check], (address, rows[check], bare[check])
        row = rows['device']
        assert row['result'] == 'WARN' and row['what'].startswith(f'{address}: not found'), row
        assert row['remedy'] == 'nothing at this address; correct or unset ROADBED_DEVICES', row


@tap.case('doctor says how little memory can be pinned where VFIO needs it')
def pinned():
    os.makedirs('dev/vfio')
    with open('dev/vfio/vfio', 'w'):
        pass
    dev = os.path.abspath('dev')

    hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]

    def run(limit):
        got = subprocess.run(
            [ROADBED, 'doctor', '--json', '--dev', dev], capture_output=True, text=True, timeout=60,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_MEMLOCK, (limit, hard)))
        return {row['id']: row for row in json.loads(got.stdout)['checks']}['memory.pinned']

    row = run(65536)
    assert row['result'] == 'WARN' and '64 KiB' in row['what'] and 'memlock' in row['remedy'], row
    if hard == resource.RLIM_INFINITY or hard >= 64 << 20:
        row = run(64 << 20)
        assert row['result'] == 'PASS' and '65536 KiB' in row['what'], row


@tap.case('doctor tells the groups that a user is in and is not in')
def groups():
    if os.geteuid():
        return 'needs root, to stand for a user without rights'
    os.chmod('.', 0o755)
    if subprocess.run([ROADBED, '--version'], user=65534, capture_output=True).returncode:
        return 'another user cannot run the command from here'
    import grp
    known = {row.gr_name: row.gr_gid for row in grp.getgrall()}
    env = {'ROADBED_CACHE': 'off', 'HOME': '/', **{k: v for k, v in os.environ.items()
                                                  if k.startswith('LD_')}}

    def run(extra):
        got = subprocess.run([ROADBED, 'doctor', '--json', '--dev', '/nonesuch'], user=65534,
                             group=65534, extra_groups=extra, capture_output=True, text=True,
                             env=env, timeout=60)
        return {row['id']: row for row in json.loads(got.stdout)['checks']}['groups']['what']

    if 'video' not in known:
        return 'there is no group video'
    assert re.fullmatch('in none; not in.* video.*', run([])), run([])
    assert re.match('in video;', run([known['video']])), run([known['video']])
    assert doctor('--dev', '/nonesuch', code=None)['groups']['what'] == 'root needs none'


@tap.case('doctor says that a group counts from the next login on')
def login():
    if os.geteuid():
        return 'needs root, to stand for a user without rights'
    with open('/etc/group', encoding='utf-8') as file:
        text = file.read()
    if '\nvideo:' not in text:
        return 'there is no group video'
    os.chmod('.', 0o755)
    with open('group', 'w', encoding='utf-8') as file:
        file.write(re.sub(r'\nvideo:(.*):(.*):.*', r'\nvideo:\1:\2:nobody', text))
    os.chmod('group', 0o644)
    script = '''mount --bind group /etc/group && exec setpriv --reuid 65534 --regid 65534 \\
--clear-groups "$@"'''
    words = ['unshare', '-m', 'sh', '-c', script, 'sh', ROADBED]
    if subprocess.run(words + ['--version'], capture_output=True).returncode:
        return 'no mount namespace, or another user cannot run the command from here'
    got = subprocess.run(words + ['doctor', '--json', '--dev', '/nonesuch'], capture_output=True,
                         text=True, env=dict(os.environ, HOME='/', ROADBED_CACHE='off'), timeout=60)
    row = {row['id']: row for row in json.loads(got.stdout)['checks']}['groups']
    assert row['result'] == 'WARN' and row['remedy'] == 'log in again', row
    assert 'nobody was put into group video' in row['what'], row


@tap.case('doctor tells the huge pages that the kernel has')
def huge():
    with open('/proc/meminfo', encoding='utf-8') as file:
        kernel = dict(re.findall(r'^(HugePages_Total|HugePages_Free|Hugepagesize): +([0-9]+)',
                                 file.read(), re.M))
    row = doctor('--dev', '/nonesuch', code=None)['memory.hugepages']
    if not kernel:
        return 'this kernel has none'
    tap.says(row['what'], f'{kernel["HugePages_Total"]} of {kernel["Hugepagesize"]} KiB reserved',
             f'{kernel["HugePages_Free"]} free')


tap.main()
