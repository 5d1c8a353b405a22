#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our driver of the educational device on QEMU's own one, over VFIO, in one boot of Debian's kernel.

And simulated chips of the host's, by QEMU's ivshmem-doorbell: see ivshmem.py.

test_vm.py ROADBED CONFORMANCE LIBRARY EXPECTED KERNELS. Environment ROADBED_VM_FULL: whole lists
of the conformance suite, those that take minutes on an emulated processor included: see suite.py.
"""
import hashlib
import os
import signal
import sys
import tempfile

import guest
import ivshmem
import node
import recording
import suite

ROADBED, CONFORMANCE, LIBRARY, LIST, KERNELS = (os.path.abspath(path) for path in sys.argv[1:6])
HERE = os.path.dirname(os.path.abspath(__file__))
PLACE, LATER = '0000:01:00.0', '0000:02:00.0'  # behind the two root ports
MODULES = ' '.join(f'/modules/{name}.ko' for name in guest.MODULES)
DEVICES = ['-device', 'intel-iommu,intremap=on',
           '-device', 'pcie-root-port,id=first,chassis=1,slot=1',
           '-device', 'pcie-root-port,id=second,chassis=2,slot=2',
           '-device', 'edu,id=edu,bus=first']

# What a boot in CI runs of the suite. The rest of the groups moves more bytes than an emulated
# processor should, or opens the device hundreds of times: ROADBED_VM_FULL.
CASES = '''
discovery.open_by_address discovery.private_instance_is_separate
discovery.close_releases_everything discovery.find_by_pci_address
discovery.explain_names_reason_for_each_candidate
abi.fork_child_wrong_process abi.null_arguments_refused
query.features_bits_match_behaviour query.simulated_always_said query.json_schema_validates
memory.buffer_map_valid_while_referenced memory.buffer_exhaust_then_free_recovers
memory.buffer_leak_zero_after_close memory.heap_kinds_as_reported memory.view_of_buffer
copy.copy_h2d_d2h_identity copy.copy_d2d copy.copy_overlap_defined copy.copy_fill_pattern_sizes
copy.copy_concurrent_both_directions copy.copy_oob_faults_cleanly
queue.queue_fifo_order queue.queue_two_queues_progress queue.host_callback_in_order
queue.timed_submission_four_times_ordered fault.reset_queue_stops_what_runs
event.event_wait_all event.event_wait_interrupted_restarts
progress.waiter_timeout_then_other_finishes
fault.reset_stops_what_runs fault.reset_during_wait_wakes_all
change.change_fd_and_read change.change_poll_ready
telemetry.telemetry_once_units_sane
hotplug.unplug_with_running_jobs hotplug.unplug_wakes_waiters_device_lost
hotplug.replug_is_new_device hotplug.unbind_rebind_late_close
'''.split()


def archive():
    own = {'libroadbed.so.0': LIBRARY}
    made = guest.Archive()
    made.file('init', os.path.join(HERE, 'init.sh'))
    made.file('bin/busybox', '/bin/busybox')
    made.link('bin/sh', 'busybox')
    made.file('bin/hotplug', os.path.join(HERE, 'hotplug.sh'))
    made.node('dev/console', 5, 1)
    made.program('bin/roadbed', ROADBED, own)
    made.program('bin/roadbed-conformance', CONFORMANCE, own)
    made.file('bin/expected/edu.list', LIST, 0o644)
    ivshmem.add(made, os.path.dirname(LIST), KERNELS)
    for name in guest.MODULES:
        made.file(f'modules/{name}.ko', os.path.join(guest.kernel_folder(), f'{name}.ko'), 0o644)
    node.add(made, own)
    return made


def says(text, *parts):
    for part in parts:
        assert part in text, f'{part!r} is not in {text!r}'


# ---- cases, in this order: each finds the machine as the one before left it ----

def same_library(vm):
    """the library in the guest is the one that runs in process, byte for byte"""
    with open(LIBRARY, 'rb') as file:
        mine = hashlib.sha256(file.read()).hexdigest()
    says(vm.run('sha256sum /lib/libroadbed.so.0'), mine)
    print(f'# sha256 of libroadbed.so: {mine}')


def unbound(vm):
    """a function that no driver gives to programs says so, and how it is to be had"""
    says(vm.run('roadbed explain'), f'pci:{PLACE}', 'Educational device', 'no driver gives',
         f'roadbed bind pci:{PLACE}')
    says(vm.run(f'roadbed info pci:{PLACE}', 1), 'no driver gives', 'roadbed bind')
    says(vm.run(f'roadbed bind pci:{PLACE}', 1), 'modprobe vfio-pci')


def binds(vm):
    """bind gives the function to programs, and the command shows it"""
    vm.run(f'for m in {MODULES}; do insmod $m || exit 1; done')
    says(vm.run(f'roadbed bind pci:{PLACE}'), 'bound to vfio-pci (was: none)')
    says(vm.run(f'roadbed bind pci:{PLACE}'), 'already')
    says(vm.run('roadbed list'), f'pci:{PLACE}', 'Educational device')
    text = vm.run(f'roadbed info pci:{PLACE}')
    says(text, 'edu', 'vfio', 'not simulated', PLACE)
    says(vm.run('roadbed doctor', None), 'pinned')
    says(vm.run('roadbed bind pci:0000:00:1f.2', 1), 'no accelerator that is known')


def conformance(vm):
    """QEMU's device conforms, by the list that the simulated one has"""
    suite.run(vm, 'edu', 'QEMU\'s edu', f'pci:{PLACE}', CASES)


def recorded(vm):
    """what the driver did to QEMU's device is recorded, and replays without it"""
    recording.recorded(vm, PLACE, CONFORMANCE)


def crash(vm):
    """after a program was killed in the middle of work, the device works for the next one"""
    vm.run(f'(roadbed-conformance pci:{PLACE} --suite copy >/dev/null 2>&1 & echo $! >/tmp/pid); '
           'sleep 3; kill -9 -$(cat /tmp/pid) $(cat /tmp/pid) $(pidof roadbed-conformance); true',
           None)
    vm.run('while pidof roadbed-conformance >/dev/null; do sleep 1; done')
    says(vm.run(f'roadbed info pci:{PLACE}'), 'health          ok')


def blocked(vm):
    """a bus address that nothing is mapped at is out of the device's reach"""
    assert 'fault' not in vm.run('dmesg | grep DMAR', None), vm.run('dmesg | grep DMAR')
    vm.run(f'roadbed unbind pci:{PLACE}')
    # By hand: no driver of ours asks for that. Registers: uapi/edu.h; 16 bytes from 0x1000000.
    vm.run(f'cd /sys/bus/pci/devices/{PLACE}; echo 1 >enable; '
           "printf '\\006' | dd of=config bs=1 seek=4 conv=notrunc 2>/dev/null; "
           'set -- $(head -n 1 resource); devmem $(($1 + 0x80)) 64 0x1000000; '
           'devmem $(($1 + 0x88)) 64 0x40000; devmem $(($1 + 0x90)) 64 16; '
           'devmem $(($1 + 0x98)) 32 1; sleep 1; echo 0 >enable')
    says(vm.run('dmesg | grep DMAR'), 'fault addr 0x1000000')
    says(vm.run(f'roadbed bind pci:{PLACE}'), 'bound to vfio-pci')


def plugged(vm):
    """a function that is plugged in is found"""
    vm.monitor('device_add', driver='edu', bus='second', id='later')
    vm.run(f'while ! [ -e /sys/bus/pci/devices/{LATER} ]; do sleep 1; done')
    says(vm.run('roadbed explain'), f'pci:{LATER}')
    says(vm.run(f'roadbed bind pci:{LATER}'), 'bound to vfio-pci')
    says(vm.run(f'roadbed info pci:{LATER}'), 'health          ok')


def pulled_idle(vm):
    """a function that is pulled out is lost, and the program that has it lives on"""
    vm.run(f'(roadbed events pci:{LATER} --follow >/tmp/events 2>&1 & echo $! >/tmp/pid)')
    vm.run('while ! grep -q opened /tmp/events; do sleep 1; done')
    vm.monitor('device_del', id='later')
    vm.run(f'while [ -e /sys/bus/pci/devices/{LATER} ]; do sleep 1; done')
    says(vm.run('while ! grep -q lost /tmp/events; do sleep 1; done; cat /tmp/events'), 'lost')
    vm.run('kill $(cat /tmp/pid)')
    says(vm.run(f'roadbed info pci:{LATER}', 1), 'no function at this place')


def pulled(vm):
    """one that is pulled out with work in flight fails the work, and the kernel gets it back"""
    plugged(vm)
    vm.run(f'(roadbed-conformance pci:{LATER} --case copy.copy_sizes_sweep >/tmp/sweep 2>&1; '
           'echo @ended >>/tmp/sweep) >/dev/null 2>&1 &')
    vm.run('while ! pidof roadbed-conformance | grep -q " "; do sleep 1; done; sleep 3')
    vm.monitor('device_del', id='later')
    vm.run(f'while [ -e /sys/bus/pci/devices/{LATER} ]; do sleep 1; done')
    says(vm.run('while ! grep -q @ended /tmp/sweep; do sleep 1; done; cat /tmp/sweep'),
         'FAILED       copy.copy_sizes_sweep', 'device lost')
    says(vm.run(f'roadbed info pci:{PLACE}'), 'health          ok')


def unbinds(vm):
    """unbind gives the function back"""
    says(vm.run(f'roadbed unbind pci:{PLACE}'), 'bound to no driver')
    says(vm.run(f'roadbed info pci:{PLACE}', 1), 'roadbed bind')


RULES = [same_library, unbound, binds, conformance, recorded, crash, blocked, plugged, pulled_idle, pulled, unbinds]


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def tell(self, good, name, note=''):
        self.count += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.count} - {name}{note}', flush=True)

    def note(self, line):
        print(line, flush=True)


def run(vm, tap, chips):
    vm.tell, vm.note = tap.tell, tap.note
    for rule in RULES + node.RULES + ivshmem.rules(chips, ROADBED, CONFORMANCE, LIBRARY):
        if rule in node.RULES and node.missing():
            tap.tell(True, rule.__doc__, f' # SKIP {node.missing()}')
            continue
        before = tap.count
        try:
            rule(vm)
        except Exception as error:  # a failed case is told, the others still run
            tap.tell(False, rule.__doc__)
            for line in str(error).splitlines():
                tap.note(f'# {line}')
            if vm.process.poll() is not None:
                return
            continue
        if tap.count == before:
            tap.tell(True, rule.__doc__)


def main():
    suite.wishes()  # wrong ones are told before anything starts
    try:
        guest.check_host()
    except guest.Missing as missing:
        print(f'1..0 # SKIP {missing}')
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('told to end'))  # with all that was started
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        chips = ivshmem.Chips(folder, ROADBED)
        vm = None
        try:
            vm = guest.Guest(folder, archive(), DEVICES + chips.devices())
            run(vm, tap, chips)
        finally:
            if vm:
                vm.end()
            ended = chips.end()
        tap.tell(not ended, 'the server of the chips ends when it is told to', f' # exit {ended}')
        if tap.failed:
            for line in vm.said().splitlines():
                print(f'# {line}')
    print(f'1..{tap.count}')
    return 1 if tap.failed else 0


sys.exit(main())
