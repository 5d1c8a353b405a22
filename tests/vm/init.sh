#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The guest's first process, and its child, which runs what the host asks for, line by line, on the
# second serial port. The first one alone is told when a process without a parent ends: a shell
# that is told so while it reads a line loses what it has read.
export PATH=/bin
if [ -z "$AGENT" ]; then
	busybox mkdir -p /proc /sys /dev /tmp /run
	busybox mount -t proc proc /proc
	busybox --install -s /bin
	mount -t sysfs sys /sys
	mount -t devtmpfs dev /dev
	mount -t tmpfs tmp /tmp
	AGENT=1 sh "$0" &
	wait
fi
exec 3<>/dev/ttyS1
stty raw -echo <&3
echo @ready >&3
while read -r line <&3; do
	case $line in
	'stream '*) # beside further commands; says @ended and its status last. No child of the agent's, see above.
		({ sh -c "${line#stream }" 3>&-; echo "@ended $?"; } </dev/null >&3 2>&1 &)
		line=
		;;
	esac
	sh -c "$line" </dev/null >/tmp/said 2>&1 3>&-
	status=$?
	cat /tmp/said >&3
	echo "@status $status" >&3
done
