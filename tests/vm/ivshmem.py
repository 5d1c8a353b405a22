# SPDX-License-Identifier: Apache-2.0
"""Chips that `roadbed serve` simulates beside QEMU, as functions of PCI in the guest.

The drivers in the guest are those of the library in process, byte for byte. The host's time goes on
while the guest's jumps over idleness, so a program there would wait for the server in no time at
all: something of the lowest priority keeps the guest busy meanwhile.
"""
import glob
import hashlib
import os
import re
import subprocess

import suite

CHIPS = {'sim:dsa-small': '0000:00:05.0', 'sim:rpu-small': '0000:00:06.0'}
VECTORS = 32  # as many as these chips have: the kernel sets up each one that there is

SPIN = '(while :; do :; done) </dev/null >/dev/null 2>&1 & spin=$!; renice -n 19 $spin >/dev/null;'

# What a boot in CI runs of the suite.
CASES = {'sim:dsa-small': '''
discovery.open_by_address discovery.private_instance_is_separate query.simulated_always_said
query.info_size_first memory.buffer_map_read_write event.event_wait_all image.image_two_entries
''', 'sim:rpu-small': '''
query.info_size_first memory.buffer_map_read_write image.image_two_entries
'''}


def family(chip):
    return chip.split(':')[1].split('-')[0]


def sha256(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


def loaded_library(program, library):
    """The file that the program's own loader takes for the library, here."""
    said = subprocess.run(['ldd', program], capture_output=True, text=True, check=True).stdout
    found = re.search(rf'{re.escape(os.path.basename(library).rsplit(".", 2)[0])} => (\S+)', said)
    assert found, said
    return os.path.realpath(found.group(1))


class Chips:
    """The server, from before QEMU starts until after it has ended."""

    def __init__(self, folder, roadbed):
        self.path = os.path.join(folder, 'chips')
        self.sock = os.path.join(folder, 'sock')
        self.log = os.path.join(folder, 'serve.log')
        with open(self.log, 'w', encoding='utf-8') as log:
            self.process = subprocess.Popen(
                [roadbed, 'serve', *CHIPS, '--ivshmem', self.path, '--socket', self.sock],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise AssertionError(f'roadbed serve does not begin: {self.said()}')

    def devices(self):
        words = []
        for number, place in enumerate(CHIPS.values()):
            path = f'{self.path}#{number}' if number else self.path
            words += ['-chardev', f'socket,id=chip{number},path={path}', '-device',
                      f'ivshmem-doorbell,chardev=chip{number},vectors={VECTORS},addr={place[8:]}']
        return words

    def said(self):
        with open(self.log, encoding='utf-8') as file:
            return file.read()

    def end(self):
        self.process.terminate()
        return self.process.wait(60)


def add(archive, expected, kernels):
    """What the suite needs in the guest: folders of lists and of images."""
    for name in map(family, CHIPS):
        archive.file(f'bin/expected/{name}.list', os.path.join(expected, f'{name}.list'), 0o644)
    for pattern in ('*.image', '*.config'):  # also those of others, which a chip refuses
        for file in glob.glob(pattern, root_dir=kernels):
            archive.file(f'share/roadbed/conformance/kernels/{file}', os.path.join(kernels, file), 0o644)


def rules(chips, roadbed, conformance, library):
    """The cases, in this order."""

    def same_everywhere(vm):
        """one library, by its sha256: in process, by a socket, and in the guest"""
        mine = sha256(library)
        for program in (roadbed, conformance):
            assert sha256(loaded_library(program, library)) == mine, program
        for address in (*CHIPS, *(f'sock:{chips.sock}#{n}' for n in range(len(CHIPS))),
                        'sim:edu'):
            said = subprocess.run([conformance, address, '--case', 'query.info_size_first', '--tap'],
                                  capture_output=True, text=True, check=False)
            assert said.returncode == 0, said.stdout + said.stderr
        text = vm.run('sha256sum /lib/libroadbed.so.0')
        assert mine in text, text
        print(f'# sha256 of libroadbed.so, in process, by a socket, and in the guest: {mine}')

    def listed(vm):
        """a chip on the host is listed in the guest, and said to be simulated"""
        text = vm.run('roadbed explain')
        for chip, place in CHIPS.items():
            row = [line for line in text.splitlines() if f'pci:{place}' in line]
            assert row and family(chip).upper() in row[0] and 'not simulated' not in row[0], text

    def bound(vm):
        """bind takes it for what it is, and the chip's own driver runs it"""
        for chip, place in CHIPS.items():
            text = vm.run(f'roadbed bind pci:{place}')
            assert 'bound to vfio-pci' in text, text
            text = vm.run(f'{SPIN} roadbed info pci:{place}; kill $spin')
            for part in (f'driver          {family(chip)}', 'bus             ivshmem', '(simulated)',
                         place, 'health          ok'):
                assert part in text, f'{part!r} is not in {text!r}'

    def conforms(chip, place):
        def conformance_of(vm):
            suite.run(vm, family(chip), f'{chip} on the host', f'pci:{place}', CASES[chip].split(), SPIN, 'kill $spin;')
        conformance_of.__doc__ = f'{chip} on the host'
        return conformance_of

    def gone(vm):
        """what a guest did is in order for the server, and is gone with its programs"""
        assert 'thrown out' not in chips.said(), chips.said()
        for place in CHIPS.values():
            vm.run(f'roadbed unbind pci:{place}')

    return [same_everywhere, listed, bound, *(conforms(*item) for item in CHIPS.items()), gone]
