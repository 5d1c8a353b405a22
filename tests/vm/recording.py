# SPDX-License-Identifier: Apache-2.0
"""QEMU's device, recorded in the guest and replayed here. ROADBED_TEST_WRITE keeps the traces for the
unit tests (traces/)."""
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KEPT = os.path.join(HERE, 'traces')
SCALE = {'ROADBED_TIMEOUT_SCALE': '100'}
# One of each kind of thing that a driver does; each waits for what it submitted.
CASES = ('copy.copy_h2d_d2h_identity', 'copy.copy_d2d', 'copy.copy_oob_faults_cleanly',
         'memory.view_of_buffer', 'event.event_wait_all')
BYTES_MAX = 256 << 10  # of a trace: it comes over a serial line


def record(vm, place, case):
    vm.run(f'rm -f /tmp/trace; ROADBED_TIMEOUT_SCALE=100 roadbed-conformance "record(/tmp/trace):pci:{place}" '
           f'--case {case}')
    size = int(vm.run('wc -c </tmp/trace'))
    assert 0 < size <= BYTES_MAX, f'{case}: {size} bytes of trace, allowed 1 to {BYTES_MAX}'
    text = vm.run('cat /tmp/trace')
    assert len(text.strip('\n')) == size - 1, f'{case}: {len(text)} of {size} bytes came'
    return text.strip('\n') + '\n'


def replay(conformance, path, case):
    """What is wrong with a replay; '': nothing."""
    done = subprocess.run([conformance, f'replay({path}):', '--case', case, '--tap'], text=True,
                          capture_output=True, check=False, env=os.environ | SCALE)
    good = not done.returncode and '\nok 1 - ' in done.stdout and 'SKIP' not in done.stdout
    return '' if good else done.stdout + done.stderr


def recorded(vm, place, conformance):
    for case in CASES:
        text = record(vm, place, case)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(KEPT if os.environ.get('ROADBED_TEST_WRITE') else folder, f'{case}.trace')
            with open(path, 'w', encoding='ascii') as file:
                file.write(text)
            wrong = replay(conformance, path, case)
            assert not wrong, f'{case} does not replay: {wrong}'
