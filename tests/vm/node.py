# SPDX-License-Identifier: Apache-2.0
"""A kernel module of the tests' own, and a driver from outside the tree that goes through its node.

Environment, by meson.build: ROADBED_VM_PORT, the driver; ROADBED_VM_SHARE, the program that shares
memory between nodes; ROADBED_VM_PORT_LIST, what is known about the driver.
"""
import os
import re
import shutil
import subprocess
import tempfile

import guest
import suite

HERE = os.path.dirname(os.path.abspath(__file__))
NAME = 'roadbed_test'
NODE = 'drm:renderD128'  # the first that is loaded
MODULES = ('drm', 'drm_shmem_helper', 'vgem')  # of the kernel; as they are loaded
RUN = 'ROADBED_DRIVERS=/drivers'

# What a boot in CI runs of the suite.
CASES = '''
discovery.open_by_address discovery.close_releases_everything
query.features_bits_match_behaviour query.property_iteration_ends query.simulated_always_said
memory.buffer_create_huge_out_of_device_memory memory.buffer_zero_initialised
memory.buffer_map_valid_while_referenced memory.buffer_export_import_same_bytes
memory.buffer_exhaust_then_free_recovers memory.buffer_leak_zero_after_close
memory.heap_kinds_as_reported memory.view_of_buffer memory.lookup_interior_pointer
memory.address_unlike_host_and_other_devices memory.free_in_queue_order
copy.copy_h2d_d2h_identity copy.copy_d2d copy.copy_2d_strides copy.copy_overlap_defined
copy.copy_fill_pattern_sizes copy.copy_oob_faults_cleanly
queue.queue_fifo_order queue.queue_two_queues_progress queue.host_callback_in_order
queue.queue_destroy_pending_cancels queue.queue_cancel_from queue.queue_reset_alone
queue.list_larger_than_queue queue.queue_submit_empty_is_sync_point
event.event_wait_all event.event_wait_any_first_index event.event_export_import_process
event.event_every_point_ends_once
fault.reset_stops_what_runs fault.reset_queue_stops_what_runs
fault.reset_during_wait_wakes_all
hotplug.unplug_with_running_jobs hotplug.unplug_wakes_waiters_device_lost
'''.split()


def says(text, *parts):
    for part in parts:
        assert part in text, f'{part!r} is not in {text!r}'


def missing():
    """Why the module cannot be built here; None: it can."""
    folder = guest.kernel_folder()
    if not os.path.exists(os.path.join(folder, 'headers')):
        return 'no headers of the guest\'s kernel: run script/guest-kernel'
    for name in MODULES:
        if not os.path.exists(os.path.join(folder, f'{name}.ko')):
            return f'no {name}.ko of the guest\'s kernel: remove {folder} and run script/guest-kernel'
    for program in ('make', 'gcc-12'):
        if not shutil.which(program):
            return f'{program}, which the guest\'s kernel is built with, is not installed'
    return None


def build():
    """The module, as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, 'module')
        shutil.copytree(os.path.join(HERE, 'module'), source)
        made = subprocess.run(['make', '-s', '-C', os.path.join(guest.kernel_folder(), 'headers/build'),
                               f'M={source}', 'KCFLAGS=-Werror', 'modules'], capture_output=True, text=True, check=False)
        assert not made.returncode, f'the module does not build: {made.stdout}{made.stderr}'
        with open(os.path.join(source, f'{NAME}.ko'), 'rb') as file:
            return file.read()


def add(made, own):
    """Puts into the archive what the rules need."""
    if missing():
        return
    made.data(f'modules/{NAME}.ko', build())
    for name in MODULES:
        made.file(f'modules/{name}.ko', os.path.join(guest.kernel_folder(), f'{name}.ko'), 0o644)
    made.program('bin/share', os.environ['ROADBED_VM_SHARE'], own)
    made.file('drivers/node-test.so', os.environ['ROADBED_VM_PORT'])
    made.file('bin/expected/node-test.list', os.environ['ROADBED_VM_PORT_LIST'], 0o644)


# ---- rules ----

def loads(vm):
    """a device of a kernel module is listed by its node, and no driver of ours runs it"""
    for name in ('drm', 'drm_shmem_helper', NAME):
        vm.run(f'insmod /modules/{name}.ko')
    says(vm.run('roadbed list'), NODE)
    says(vm.run('roadbed explain'), NODE, f'kernel driver {NAME}', '/dev/dri/renderD128')
    says(vm.run(f'roadbed info {NODE}'), 'generic', 'kernel')


def runs(vm):
    """with a driver from outside the tree it is run through its node"""
    says(vm.run(f'{RUN} roadbed explain'), 'node-test.so', NODE)
    text = vm.run(f'{RUN} roadbed info {NODE}')
    says(text, 'node-test', 'node', 'not simulated', 'Test engine of a kernel module', 'health          ok')
    says(vm.run(f'{RUN} roadbed info {NODE}?speed=1', 1), 'takes no options')


def refuses(vm):
    """who may not open the node is told so, with the node and its group"""
    vm.run('mkdir -p /etc; chmod 0660 /dev/dri/renderD128; chgrp 44 /dev/dri/renderD128; '
           'echo video:x:44: >/etc/group; echo nobody:x:65534:65534::/:/bin/sh >/etc/passwd')
    text = vm.run(f'{RUN} su nobody -c "roadbed info {NODE}"', 1)
    says(text, 'no permission to open the node', '/dev/dri/renderD128', 'group video, mode 0660')


def conformance(vm):
    """the driver conforms, by its list"""
    suite.run(vm, 'node', conformance.__doc__, NODE, CASES, f'export {RUN};')


def shares(vm):
    """memory and events are shared with other drivers and processes"""
    vm.run('insmod /modules/vgem.ko')
    text = vm.run(f'{RUN} ROADBED_TIMEOUT_SCALE=100 share {NODE}', None)
    results = re.findall(r'^(ok|not ok) \d+ - (.+)((?:\n#.*)*)', text, re.M)
    assert results, text
    for word, name, rest in results:
        vm.tell(word == 'ok', f'{shares.__doc__}: {name}', rest)


def unplugged(vm):
    """a device that its kernel driver lets go of is lost, and comes back"""
    vm.run(f'({RUN} roadbed events {NODE} --follow >/tmp/node-events 2>&1 & echo $! >/tmp/pid)')
    vm.run('while ! grep -q opened /tmp/node-events; do sleep 1; done')
    vm.run(f'echo {NAME} >/sys/bus/platform/drivers/{NAME}/unbind')
    says(vm.run('while ! grep -q lost /tmp/node-events; do sleep 1; done; cat /tmp/node-events'), 'lost')
    says(vm.run(f'{RUN} roadbed info {NODE}', 1), 'no node of this name')
    vm.run('kill $(cat /tmp/pid)')
    vm.run(f'echo {NAME} >/sys/bus/platform/drivers/{NAME}/bind')
    says(vm.run(f'{RUN} roadbed info {NODE}'), 'node-test')


RULES = [loads, runs, refuses, conformance, shares, unplugged]
