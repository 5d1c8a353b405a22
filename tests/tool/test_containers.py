#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`roadbed list --cdi` as a specification, and in podman: test_containers.py ROADBED [SIM]."""
import copy
import json
import os
import resource
import shutil
import subprocess
import sys

import schema
import tap

ROADBED = os.path.abspath(sys.argv[1])
SIM = len(sys.argv) > 2
HERE = os.path.dirname(os.path.abspath(__file__))
DEVICES = ['sim:edu', 'sim:gpu-small@1?time=approx']
# A runtime that runs nothing: what podman made of the specification is in config.json. Its name is one
# of those of which podman knows that they can do without control groups.
RUNTIME = '''#!/bin/sh
while [ $# -gt 0 ]; do
	case $1 in
	--bundle | -b) cp "$2/config.json" "$(dirname "$0")/seen.json" ;;
	esac
	shift
done
exit 1
'''


def cdi(*words, code=0, **more):
    env = {name: value for name, value in os.environ.items() if not name.startswith('ROADBED_')}
    return tap.run(ROADBED, 'list', '--cdi', *words, code=code, env=dict(env, **more)).stdout


def folders():
    """Of drivers and of firmware, that a device may come from."""
    for name in ('drivers', 'firmware'):
        os.makedirs(name, mode=0o755, exist_ok=True)
    return {'ROADBED_DRIVERS': os.path.abspath('drivers'),
            'ROADBED_FIRMWARE_PATH': f'{os.path.abspath("firmware")}:/nonesuch'}


@tap.case('every form of the specification is one, by the rules of its version')
def rules():
    if not SIM:
        return 'needs libroadbed-sim'
    if not schema.jsonschema:
        return schema.MISSING
    with open(os.path.join(HERE, 'cdi.json'), encoding='utf-8') as file:
        validator = schema.jsonschema.Draft202012Validator(json.load(file))
    outside = folders()
    specs = [json.loads(cdi(*words, **more)) for words, more in (
        ((), {'ROADBED_DEVICES': ';'.join(DEVICES)}),
        (('--all',), {}),
        (('--all',), dict(outside, ROADBED_DEVICES=DEVICES[0])))]
    for spec in specs:
        assert [error.message for error in validator.iter_errors(spec)] == [], spec
    assert 'containerEdits' not in specs[0] and specs[0]['cdiVersion'] == '0.3.0', specs[0]
    assert specs[2]['containerEdits']['env'] == [
        f'{name}={value}' for name, value in outside.items()], specs[2]['containerEdits']
    assert [mount['hostPath'] for mount in specs[2]['containerEdits']['mounts']] == [
        outside['ROADBED_DRIVERS'], os.path.abspath('firmware'), '/nonesuch']
    # The rules are worth what they refuse.
    for path, value in ((('cdiVersion',), '0.2.0'), (('kind',), 'sim'), (('kind',), 'a.b/c.d'),
                        (('devices',), []), (('devices', 0, 'name'), 'a b'),
                        (('devices', 0, 'name'), '1a'), (('more',), 1),
                        (('devices', 0, 'containerEdits'), {}),
                        (('devices', 0, 'containerEdits', 'env'), ['=x'])):
        wrong = copy.deepcopy(specs[0])
        at = wrong
        for key in path[:-1]:
            at = at[key]
        at[path[-1]] = value
        assert list(validator.iter_errors(wrong)), (path, value)


def podman(device, spec):
    """(what the runtime was to run, what podman said), in a /run of its own; None: nothing."""
    with open('spec.json', 'w', encoding='utf-8') as file:
        file.write(spec)
    with open('crun', 'w', encoding='utf-8') as file:
        file.write(RUNTIME)
    os.chmod('crun', 0o755)
    os.makedirs('rootfs/bin', exist_ok=True)
    if os.path.exists('seen.json'):
        os.unlink('seen.json')
    # The usual limits are more than a container of a container may ask for.
    limits = [f'--ulimit={name}={hard}:{hard}' for name, hard in (
        ('nofile', resource.getrlimit(resource.RLIMIT_NOFILE)[1]), ('nproc', 1024))]
    script = '''mount -t tmpfs tmpfs /run && mkdir -p /run/cdi && cp spec.json /run/cdi/roadbed.json &&
exec podman --root "$PWD/store" --runroot /run/root --tmpdir /run/tmp --storage-driver vfs \\
--cgroup-manager cgroupfs --events-backend none --runtime "$PWD/crun" run --rm --network none \\
--cgroups disabled "$@" --rootfs "$PWD/rootfs" /bin/true'''
    words = ['--device', device] if device else []
    got = subprocess.run(['unshare', '-m', 'sh', '-c', script, 'sh', *limits, *words],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90)
    if not os.path.exists('seen.json'):
        return None, got.stderr.strip() or got.stdout.strip()
    with open('seen.json', encoding='utf-8') as file:
        return json.load(file), got.stderr


@tap.case('podman resolves the devices, and gives the container variables and folders')
def resolved():
    if not SIM:
        return 'needs libroadbed-sim'
    if not shutil.which('podman') or not shutil.which('unshare'):
        return 'needs podman'
    outside = folders()
    os.rmdir('firmware')
    os.makedirs('firmware', mode=0o755)
    outside['ROADBED_FIRMWARE_PATH'] = os.path.abspath('firmware')
    spec = cdi(ROADBED_DEVICES=';'.join(DEVICES), **outside)
    plain, said = podman(None, spec)
    if plain is None:
        return f'podman cannot run here: {said.splitlines()[-1] if said else "it says nothing"}'
    assert not any(text.startswith('ROADBED_') for text in plain['process']['env']), plain
    names = [one['name'] for one in json.loads(spec)['devices']]
    for name, wanted in zip(names, DEVICES + [';'.join(DEVICES)]):
        made, said = podman(f'roadbed.dev/sim={name}', spec)
        assert made is not None, (name, said)
        env = made['process']['env']
        assert f'ROADBED_DEVICES={wanted}' in env, (name, env)
        assert f'ROADBED_DRIVERS={outside["ROADBED_DRIVERS"]}' in env, (name, env)
        mounts = {mount['destination']: mount for mount in made['mounts']}
        for path in outside.values():
            assert mounts[path]['source'] == path and 'ro' in mounts[path]['options'], mounts
    made, said = podman('roadbed.dev/sim=nonesuch', spec)
    assert made is None and 'nonesuch' in said, said


tap.main()
