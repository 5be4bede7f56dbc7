# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine shows, and keys pressed on it."""

from __future__ import annotations

from collections.abc import Sequence

from .._hypervisor.hypervisor import OperationFailed
from .._hypervisor.plan import PlanRefused
from .._hypervisor.values import Screenshot, VirtualMachine
from .binding import libvirt
from .linux_keys import KEYS
from .pictures import size_of
from .session import Session

#: How many keys virDomainSendKey presses at once (VIR_DOMAIN_SEND_KEY_MAX_KEYS).
_KEYS_AT_ONCE = 16


class Screen(Session):
    """The screen and the keyboard of a running machine."""

    def screenshot(self, vm: VirtualMachine) -> Screenshot:
        """virDomainScreenshot: PNG or PPM, whichever the driver makes."""
        parts: list[bytes] = []

        def keep(_stream: object, data: bytes, _nothing: object) -> int:
            parts.append(data)
            return len(data)

        with self._doing(f"take a picture of the screen of machine {vm.name}"):
            stream = self._connection.newStream(0)
            mime_type = str(self._domain(vm).screenshot(stream, 0, 0))
            stream.recvAll(keep, None)
            stream.finish()
        data = b"".join(parts)
        size = size_of(data)
        if size is None:
            raise OperationFailed(
                f"the host sent {len(data)} bytes of {mime_type} as the screen of machine "
                f"{vm.name}, which is no picture that is known here",
                where=self.uri,
            )
        return Screenshot(data, mime_type, *size)

    def check_keys(self, keys: Sequence[str]) -> None:
        """Refuse names that are none of a key; asks nothing of the host."""
        for key in keys:
            if key not in KEYS:
                raise PlanRefused(
                    f"'{key}' is no key",
                    remedy="write it as Linux does, such as KEY_ENTER",
                )
        if len(keys) > _KEYS_AT_ONCE:
            raise PlanRefused(
                f"{len(keys)} keys are to be pressed at once",
                remedy=f"press {_KEYS_AT_ONCE} at most",
            )

    def send_keys(self, vm: VirtualMachine, keys: Sequence[str], hold: int) -> None:
        """virDomainSendKey with the codes of Linux."""
        self.check_keys(keys)
        codes = [KEYS[key] for key in keys]
        with self._doing(f"press keys of machine {vm.name}"):
            linux = libvirt.VIR_KEYCODE_SET_LINUX
            self._domain(vm).sendKey(linux, hold, codes, len(codes), 0)
