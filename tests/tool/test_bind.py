#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bind and unbind on a folder in sysfs's likeness: test_bind.py ROADBED. The guest of tests/vm has
the real thing."""
import os
import sys

import tap

ROADBED = os.path.abspath(sys.argv[1])
PLACE = '0000:03:00.0'


def tree(driver='', vfio=True, iommu=True):
    """sysfs with one function; files that are written keep what was written last."""
    function = f'sys/bus/pci/devices/{PLACE}'
    os.makedirs(function)
    os.makedirs('sys/bus/pci/drivers/other')
    for name in ('bus/pci/drivers_probe', f'bus/pci/devices/{PLACE}/driver_override',
                 'bus/pci/drivers/other/unbind'):
        open(f'sys/{name}', 'w', encoding='ascii').close()
    if vfio:
        os.makedirs('sys/bus/pci/drivers/vfio-pci')
        open('sys/bus/pci/drivers/vfio-pci/unbind', 'w', encoding='ascii').close()
    if iommu:
        os.makedirs('sys/kernel/iommu_groups/4')
        os.symlink('../../../../kernel/iommu_groups/4', f'{function}/iommu_group')
    if driver:
        os.symlink(f'../../drivers/{driver}', f'{function}/driver')


def written(name):
    with open(f'sys/{name}', encoding='ascii') as file:
        return file.read()


def bind(verb, *words, code=0):
    return tap.run(ROADBED, verb, *words, '--sys', 'sys', code=code)


@tap.case('a function that is bound already stays so, and nothing is written')
def already():
    tree('vfio-pci')
    tap.says(bind('bind', f'pci:{PLACE}', '--any').stdout, 'already')
    assert written('bus/pci/drivers_probe') == ''


@tap.case('binding overrides the choice of a driver, leaves the old one, and is undone if it fails')
def binds():
    tree('other')  # here the kernel binds nothing
    got = bind('bind', f'pci:{PLACE}', '--any', code=1)
    tap.says(got.stderr, 'the kernel did not bind it', PLACE)
    assert written('bus/pci/drivers/other/unbind') == PLACE
    assert written('bus/pci/drivers_probe') == PLACE
    # Files of sysfs are written over; this one keeps what is longer.
    assert written(f'bus/pci/devices/{PLACE}/driver_override').startswith('\n')


@tap.case('unbinding clears the override, leaves vfio-pci and lets the kernel choose')
def unbinds():
    tree('vfio-pci')
    tap.says(bind('unbind', f'pci:{PLACE}').stdout, PLACE)
    assert written('bus/pci/drivers/vfio-pci/unbind') == PLACE
    assert written('bus/pci/drivers_probe') == PLACE
    assert written(f'bus/pci/devices/{PLACE}/driver_override') == '\n'


@tap.case('unbinding what another driver has clears the override alone')
def unbinds_other():
    tree('other')
    tap.says(bind('unbind', f'pci:{PLACE}').stdout, 'bound to other')
    assert written('bus/pci/drivers/other/unbind') == ''
    assert written('bus/pci/drivers_probe') == ''


@tap.case('without vfio-pci or an IOMMU nothing is touched')
def impossible():
    tree('other', vfio=False)
    tap.says(bind('bind', f'pci:{PLACE}', '--any', code=1).stderr, 'modprobe vfio-pci')
    os.rename('sys', 'first')
    tree('other', iommu=False)
    tap.says(bind('bind', f'pci:{PLACE}', '--any', code=1).stderr, 'no IOMMU')
    assert written('bus/pci/drivers/other/unbind') == ''


@tap.case('what is no known accelerator needs --any')
def unknown():
    tree('other')
    tap.says(bind('bind', f'pci:{PLACE}', code=1).stderr, 'no accelerator', '--any')
    assert written('bus/pci/drivers/other/unbind') == ''


@tap.case('addresses that are none are refused')
def addresses():
    tree('other')
    for address in ('', 'pci:', 'sim:edu', 'pci:../../x', 'pci:0000:03:00.0/../x', PLACE):
        tap.says(bind('bind', address, '--any', code=2).stderr, 'no address')
    tap.says(bind('unbind', 'pci:0000:09:00.0', code=1).stderr, 'no function at this place')
    bind('bind', code=2)
    bind('unbind', f'pci:{PLACE}', '--any', code=2)


tap.main()
