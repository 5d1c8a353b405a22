# SPDX-License-Identifier: Apache-2.0
"""The conformance suite in the guest, told case by case as it goes.

A boot of CI runs chosen cases of each device's. ROADBED_VM_FULL names the devices whose whole lists
are run instead, and what a list asks of the whole is looked at then: "1" for all, else names of
DEVICES with a comma between; "edu:copy+fault.reset_stops_what_runs" runs only these groups and cases
of one. A device that it does not name is left out.
"""
import os
import re
import time

DEVICES = ('edu', 'node', 'dsa', 'rpu')
# Seconds of the host for one case: it is ended then, and the next one begins. The runner's own limit
# is in the guest's time, which a busy guest is slower than.
CASE_SECONDS = 900
GRACE_SECONDS = 60
SLOW_SECONDS = 20  # a case that takes longer is told with its time
PID = '/tmp/suite.pid'

ROW = re.compile(r'(ok|not ok) \d+ - (\S+)(.*)')


def wishes():
    """{device: words for the suite, [] for all of it}; None: what CI runs."""
    text = os.environ.get('ROADBED_VM_FULL', '')
    if text in ('', '0'):
        return None
    if text == '1':
        return {device: [] for device in DEVICES}
    wished = {}
    for part in text.split(','):
        device, _, names = part.partition(':')
        if device not in DEVICES:
            raise SystemExit(f'ROADBED_VM_FULL: no device {device!r}; there are {", ".join(DEVICES)}')
        wished[device] = names.split('+') if names else []
    return wished


def options(device, chosen):
    """Options of the suite; None: the device is left out."""
    wished = wishes()
    if wished is None:
        return [f'--case {name}' for name in chosen]
    if device not in wished:
        return None
    return [f'--{"case" if "." in name else "suite"} {name}' for name in wished[device]]


class Count:
    """What came of a list."""

    def __init__(self):
        self.good = self.bad = self.left_out = 0
        self.begun = self.last = time.monotonic()

    def take(self, word, rest):
        """One more; answers the seconds that it took."""
        if word != 'ok':
            self.bad += 1
        elif '# SKIP' in rest:
            self.left_out += 1
        else:
            self.good += 1
        before, self.last = self.last, time.monotonic()
        return self.last - before

    def __str__(self):
        return (f'{self.good + self.bad + self.left_out} cases: {self.good} hold, {self.bad} do not, '
                f'{self.left_out} are not the device\'s; {time.monotonic() - self.begun:.0f} s')


class Listener:
    """Reads what the suite says, and ends a case that says nothing for too long."""

    def __init__(self, vm, title):
        self.vm, self.title = vm, title
        self.last = 'the beginning'

    def line(self):
        for signal, seconds in ((None, CASE_SECONDS), ('ALRM', GRACE_SECONDS), ('KILL', GRACE_SECONDS)):
            if signal:
                self.vm.note(f'# {self.title}: nothing came for {CASE_SECONDS} s after {self.last}: SIG{signal}')
                self.vm.aside(f'kill -{signal} $(pgrep -P $(cat {PID}))')
            try:
                return self.vm.line(seconds)
            except TimeoutError:
                pass
        raise AssertionError(f'{self.title}: nothing ends what runs after {self.last}: {self.vm.said()}')

    def listen(self):
        """All to its end; its exit status, and the count."""
        count = Count()
        while not (line := self.line()).startswith('@ended'):
            row = ROW.fullmatch(line)
            if not row:
                self.vm.note(line if line.startswith('#') else f'# {line}')
                continue
            word, self.last, rest = row.groups()
            self.vm.tell(word == 'ok', f'{self.title}: {self.last}', rest)
            seconds = count.take(word, rest)
            if seconds > SLOW_SECONDS:
                self.vm.note(f'# {seconds:.0f} s')
        return int(line.split()[1]), count


def run(vm, device, title, address, chosen, before='', after=''):
    """Runs the suite on the address, and tells each case with the title before it.

    before, after: commands of the guest's shell around it."""
    words = options(device, chosen)
    if words is None:
        vm.tell(True, title, ' # SKIP ROADBED_VM_FULL names others')
        return
    vm.stream(f'{before} ulimit -n 256; ROADBED_TIMEOUT_SCALE=100 roadbed-conformance {address} --tap '
              f'--hotplug hotplug {" ".join(words)} & echo $! >{PID}; wait $!; code=$?; {after} exit $code')
    status, count = Listener(vm, title).listen()
    vm.note(f'# {title}: {count}')
    assert count.good, f'{title}: no case holds'
    # Of a whole list also what it asks beside its cases: minima, lines that nothing meets.
    assert status == (count.bad > 0), f'{title}: the suite ended with {status}'
