# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# shellcheck shell=sh
#
# Process 1 of a test guest, under "#!/bin/busybox sh": says on the console that it is
# up, and what it sees whenever that changes, and powers off when the ACPI power button
# is pressed, unless the kernel was given "testbed.deaf".

/bin/busybox mkdir -p /bin /proc /sys /dev
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do
    [ -e "$module" ] && insmod "$module"
done

press_means_power_off() {
    for device in /sys/class/input/event*; do
        if [ "$(cat "$device/device/name")" = "Power Button" ]; then
            dd if="/dev/input/${device##*/}" of=/dev/null bs=24 count=1 2>/dev/null &&
                poweroff -f &
        fi
    done
}

grep -q testbed.deaf /proc/cmdline || press_means_power_off
# One line of JSON: disks by name in bytes, interfaces by MAC address with whether their
# cable is in, kilobytes of memory as the kernel found it and as it has it now.
sees() {
    for cpu in /sys/devices/system/cpu/cpu*/online; do
        [ "$(cat "$cpu")" = 1 ] || echo 1 >"$cpu"
    done
    disks=
    for disk in /sys/block/vd* /sys/block/sd*; do
        [ -e "$disk/size" ] || continue
        disks="$disks${disks:+, }\"${disk##*/}\": $(($(cat "$disk/size") * 512))"
    done
    nics=
    for nic in /sys/class/net/*; do
        name=${nic##*/}
        [ "$name" = lo ] && continue
        ip link set "$name" up
        carrier=$(cat "$nic/carrier" 2>/dev/null)
        [ "$carrier" = 1 ] && carrier=true || carrier=false
        nics="$nics${nics:+, }\"$(cat "$nic/address")\": $carrier"
    done
    found=$(dmesg | sed -n 's|.*Memory: [0-9]*K/\([0-9]*\)K available.*|\1|p')
    has=$(sed -n 's|^MemTotal: *\([0-9]*\) kB|\1|p' /proc/meminfo)
    echo "{\"vcpus\": $(nproc), \"memory_found\": ${found:-null}, \"memory\": $has," \
        "\"disks\": {$disks}, \"nics\": {$nics}}"
}

echo "TESTBED-GUEST-UP after $(cut -d' ' -f1 /proc/uptime) s" >/dev/console
before=
while :; do
    now=$(sees)
    [ "$now" = "$before" ] || echo "TESTBED-GUEST-SEES $now" >/dev/console
    before=$now
    sleep 1
done
