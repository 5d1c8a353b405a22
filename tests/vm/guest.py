# SPDX-License-Identifier: Apache-2.0
"""A virtual machine with Debian's kernel and our programs, that runs what it is told.

Always by translation (tcg), with time that runs by instructions and jumps over idleness: a device
that takes 100 ms for a transfer costs nothing then.
"""
import json
import os
import re
import select
import shutil
import socket
import stat
import subprocess
import time

MODULES = ('irqbypass', 'vfio', 'vfio_virqfd', 'vfio_iommu_type1', 'vfio-pci-core', 'vfio-pci')
PATIENCE = 300  # seconds of the host, for anything


class Missing(Exception):
    """What keeps a machine from being made here."""


def kernel_folder():
    cache = os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache')
    return os.environ.get('ROADBED_VM') or os.path.join(cache, 'roadbed-vm')


def check_host():
    for program in ('qemu-system-x86_64', 'busybox'):
        if not shutil.which(program):
            raise Missing(f'{program} is not installed')
    if not os.path.exists(os.path.join(kernel_folder(), 'vmlinux')):
        raise Missing('no kernel for the guest: run script/guest-kernel')


def libraries(program):
    """The shared objects that it loads, by the names under which it looks for them."""
    said = subprocess.run(['ldd', program], capture_output=True, text=True, check=True).stdout
    return {(name or path): path
            for name, path in re.findall(r'^\s*(?:(\S+) => )?(/\S+) \(', said, re.MULTILINE)}


class Archive:
    """cpio, as the kernel unpacks it: the format newc."""

    def __init__(self):
        self.bytes = bytearray()
        self.seen = set()

    def _entry(self, name, mode, data=b'', device=(0, 0)):
        fields = (len(self.seen) + 1, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        head = b'070701' + ''.join(f'{field:08x}' for field in fields).encode() + name.encode() + b'\0'
        for part in (head, data):
            self.bytes += part + bytes(-(len(self.bytes) + len(part)) % 4)
        self.seen.add(name)

    def folder(self, path):
        if path and path not in self.seen:
            self.folder(os.path.dirname(path))
            self._entry(path, stat.S_IFDIR | 0o755)

    def file(self, path, source, mode=0o755):
        with open(source, 'rb') as file:
            self.data(path, file.read(), mode)

    def data(self, path, data, mode=0o644):
        path = path.lstrip('/')
        if path in self.seen:
            return
        self.folder(os.path.dirname(path))
        self._entry(path, stat.S_IFREG | mode, data)

    def link(self, path, target):
        self.folder(os.path.dirname(path))
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def node(self, path, major, minor):
        self.folder(os.path.dirname(path))
        self._entry(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def program(self, path, source, own):
        """With the libraries that it needs; `own` of them, by name, come from elsewhere."""
        self.file(path, source)
        for name, found in libraries(source).items():
            self.file(name if name.startswith('/') else f'lib/{name}', own.get(name, found))

    def write(self, path):
        self._entry('TRAILER!!!', 0)
        with open(path, 'wb') as file:
            file.write(self.bytes)


class Guest:
    def __init__(self, folder, archive, devices):
        self.folder = folder
        archive.write(self._path('initramfs'))
        self.log = open(self._path('qemu.log'), 'wb')
        self.process = subprocess.Popen(
            ['qemu-system-x86_64', '-accel', 'tcg', '-icount', 'shift=3,sleep=off', '-machine', 'q35',
             '-cpu', 'qemu64', '-smp', '1', '-m', '512', '-nodefaults', '-no-user-config',
             '-display', 'none', '-no-reboot',
             '-kernel', os.path.join(kernel_folder(), 'vmlinux'), '-initrd', self._path('initramfs'),
             '-append', 'console=ttyS0 quiet panic=-1 nokaslr mitigations=off '
             'cryptomgr.notests tsc=reliable intel_iommu=on rdinit=/init',
             '-serial', f'file:{self._path("console")}',
             '-serial', f'unix:{self._path("serial")},server=on,wait=off',
             '-qmp', f'unix:{self._path("qmp")},server=on,wait=off', *devices],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.kept = b''
        self.tell = self.note = print  # of who runs the rules
        self.qmp = self.serial = None
        try:
            self.serial = self._connect('serial')
            self.qmp = self._connect('qmp').makefile('rw')
            self.qmp.readline()  # the greeting
            self.monitor('qmp_capabilities')
            self._read_until('@ready')
        except Exception:
            self.end()
            raise

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _connect(self, name):
        end = time.monotonic() + PATIENCE
        while True:
            one = socket.socket(socket.AF_UNIX)
            try:
                one.connect(self._path(name))
                one.settimeout(PATIENCE)
                return one
            except OSError:
                one.close()
                if self.process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f'QEMU did not start: {self.said()}') from None
                time.sleep(0.02)  # until QEMU has made its sockets

    def said(self):
        """What QEMU and the guest's kernel said last."""
        parts = []
        for name in ('qemu.log', 'console'):
            try:
                with open(self._path(name), encoding='utf-8', errors='replace') as file:
                    parts.append(file.read()[-2000:])
            except OSError:
                pass
        return '\n'.join(parts)

    def _more(self, end):
        """More of what the guest says, into self.kept; False: nothing until then."""
        ready, _, _ = select.select([self.serial], [], [], max(0, end - time.monotonic()))
        more = self.serial.recv(65536) if ready else b''
        if ready and not more:
            raise AssertionError(f'the guest is gone: {self.kept[-2000:]}\n{self.said()}')
        self.kept += more
        return bool(ready)

    def _read_until(self, mark):
        """The lines before the one that begins with the mark, and that one."""
        end = time.monotonic() + PATIENCE
        while not (found := re.search(rb'(?:^|\n)(' + mark.encode() + rb'[^\r\n]*)\r?\n', self.kept)):
            if not self._more(end):
                raise AssertionError(f'the guest says no {mark}: {self.kept[-2000:]}\n{self.said()}')
        before, self.kept = self.kept[:found.start()], self.kept[found.end():]
        return before.decode(errors='replace').replace('\r', ''), found.group(1).decode()

    def start(self, command):
        self.serial.sendall(command.encode() + b'\n')

    def finish(self):
        """Exit status and output of what was started."""
        text, status = self._read_until('@status')
        return int(status.split()[1]), text

    def run(self, command, code=0):
        self.start(command)
        status, text = self.finish()
        assert code is None or status == code, f'{command}: exit {status}, wanted {code}: {text}'
        return text

    def stream(self, command):
        """Starts it; what it says comes by line(), and last `@ended STATUS`."""
        self.run(f'stream {command}')

    def line(self, seconds):
        """The next line of what was started; TimeoutError: there is none for so long."""
        end = time.monotonic() + seconds
        while b'\n' not in self.kept:
            if not self._more(end):
                raise TimeoutError
        line, self.kept = self.kept.split(b'\n', 1)
        return line.decode(errors='replace').rstrip('\r')

    def aside(self, command):
        """Runs it beside what was started, and loses what it says."""
        self.start(f'{{ {command}; }} >/dev/null 2>&1')
        before, _ = self._read_until('@status')
        self.kept = f'{before}\n'.encode() * bool(before) + self.kept

    def monitor(self, command, **arguments):
        self.qmp.write(json.dumps({'execute': command, 'arguments': arguments}) + '\n')
        self.qmp.flush()
        while True:
            answer = json.loads(self.qmp.readline())
            if 'error' in answer:
                raise AssertionError(f'{command}: {answer["error"]}')
            if 'return' in answer:
                return answer['return']

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        for one in (self.serial, self.qmp):
            if one:
                one.close()
