#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How a list is run in the guest, without one: what is said is told as it comes, a case that says nothing is ended."""
import os
import sys

import suite

SAID = ['# a device', '1..3', 'ok 1 - copy.a', 'not ok 2 - copy.b', '#   why', 'ok 3 - copy.c # SKIP has none']


class Guest:
    """Says lines; None: nothing for so long. What it is told to do is kept."""

    def __init__(self, lines, status=0):
        self.lines = [*lines, f'@ended {status}']
        self.told, self.notes, self.done, self.patience = [], [], [], []

    def stream(self, command):
        self.command = command

    def line(self, seconds):
        self.patience.append(seconds)
        line = self.lines.pop(0)
        if line is None:
            raise TimeoutError
        return line

    def aside(self, command):
        self.done.append(command.split()[1])

    def said(self):
        return 'the last words'

    def tell(self, good, name, note=''):
        self.told.append((good, name, note))

    def note(self, line):
        self.notes.append(line)


def run(lines, status=0, chosen=('copy.a',)):
    vm = Guest(lines, status)
    try:
        suite.run(vm, 'edu', 'the device', 'pci:0', chosen)
    except AssertionError as error:
        return vm, str(error)
    return vm, ''


def what_is_said_is_told():
    vm, wrong = run(SAID, 1)
    assert not wrong, wrong
    assert vm.told == [(True, 'the device: copy.a', ''), (False, 'the device: copy.b', ''),
                       (True, 'the device: copy.c', ' # SKIP has none')], vm.told
    assert '#   why' in vm.notes and '# 1..3' in vm.notes, vm.notes
    assert vm.notes[-1].startswith('# the device: 3 cases: 1 hold, 1 do not, 1 are not'), vm.notes
    assert '--case copy.a' in vm.command, vm.command


def a_silent_case_is_ended_and_the_next_begins():
    vm, wrong = run([*SAID[:3], None, 'not ok 2 - copy.b', None, None, 'not ok 3 - copy.c'], 1)
    assert not wrong and vm.done == ['-ALRM', '-ALRM', '-KILL'], (wrong, vm.done)
    assert len(vm.told) == 3 and any('after copy.a' in note for note in vm.notes), vm.notes
    case, grace = suite.CASE_SECONDS, suite.GRACE_SECONDS
    assert vm.patience == [case, case, case, case, grace, case, grace, grace, case], vm.patience


def one_that_nothing_ends_is_told_with_what_ran_before():
    vm, wrong = run([*SAID[:3], None, None, None])
    assert 'after copy.a' in wrong and 'the last words' in wrong, wrong
    assert vm.done == ['-ALRM', '-KILL'], vm.done


def what_the_list_asks_of_the_whole_counts():
    assert 'ended with 1' in run(SAID[:3], 1)[1]      # a minimum that is not met
    assert 'ended with 0' in run(SAID[:4], 0)[1]      # a failure that the suite did not count
    assert 'no case holds' in run(SAID[5:], 0)[1]
    assert not run(SAID[:3], 0)[1]


def devices_are_chosen_by_name():
    def words(text, device='edu'):
        os.environ['ROADBED_VM_FULL'] = text
        try:
            return suite.options(device, ['copy.a'])
        finally:
            del os.environ['ROADBED_VM_FULL']
    assert suite.options('edu', ['copy.a']) == ['--case copy.a']
    assert words('1') == [] and words('node,edu') == [] and words('node') is None and words('0') == ['--case copy.a']
    assert words('edu:copy+fault.b,node') == ['--suite copy', '--case fault.b']
    try:
        words('toaster')
    except SystemExit as error:
        assert 'toaster' in str(error)
    else:
        raise AssertionError('a device that there is not is taken')
    os.environ['ROADBED_VM_FULL'] = 'node'
    vm, wrong = run([])
    del os.environ['ROADBED_VM_FULL']
    assert not wrong and vm.told == [(True, 'the device', ' # SKIP ROADBED_VM_FULL names others')], vm.told


RULES = [what_is_said_is_told, a_silent_case_is_ended_and_the_next_begins,
         one_that_nothing_ends_is_told_with_what_ran_before, what_the_list_asks_of_the_whole_counts,
         devices_are_chosen_by_name]
os.environ.pop('ROADBED_VM_FULL', None)
failed = 0
print(f'1..{len(RULES)}')
for number, rule in enumerate(RULES, 1):
    try:
        rule()
        print(f'ok {number} - {rule.__name__.replace("_", " ")}')
    except AssertionError as wrong_one:
        failed += 1
        print(f'not ok {number} - {rule.__name__.replace("_", " ")}\n# {wrong_one}')
sys.exit(failed > 0)
