# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of hypervisors as libvirt packs them into one number, both ways.

virConnectGetVersion packs major * 1000000 + minor * 1000 + release. The Hyper-V driver
packs major * 100000000 + minor * 1000000 + micro, since Windows build numbers have five
digits, so that virsh prints 1000.17.763 for 10.0.17763 (libvirt's page on the Hyper-V
driver, "Version Numbers").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)

# Rows of the page's table (libvirt 6 and 9).
WINDOWS_RELEASES = {
    (6, 0, 6001): "Windows Server 2008",
    (6, 1, 7600): "Windows Server 2008 R2",
    (6, 2, 9200): "Windows Server 2012",
    (6, 3, 9600): "Windows Server 2012 R2",
    (10, 0, 14393): "Windows Server 2016",
    (10, 0, 17763): "Windows Server 2019",
}
_MAX_PACKED = (1 << 64) - 1  # unsigned long in virConnectGetVersion
_DOTTED = re.compile(
    r"([0-9]{1,10})\.([0-9]{1,10})(?:\.([0-9]{1,10}))?(?:\.[0-9]{1,10})?"
)


@dataclass(frozen=True)
class Version:
    """A version of three numbers.

    Attributes:
        driver: ``hyperv``, which packs in its own way, or any other.
        major: The first number.
        minor: The second.
        release: The third; Windows's build number on Hyper-V.
    """

    driver: str
    major: int
    minor: int
    release: int

    def __post_init__(self) -> None:
        major, minor, release = _units(self.driver)
        if not (
            0 <= self.minor < major // minor
            and 0 <= self.release < minor // release
            and self.major >= 0
            and self.packed <= _MAX_PACKED
        ):
            raise HypervisorConnectError(
                f"{self.text} does not fit libvirt's packed form",
                where="version",
                remedy="check the number",
            )

    @classmethod
    def from_packed(cls, driver: str, packed: int) -> Version:
        """Read the number that libvirt reports, such as 1002003 or 1000017763.

        Raises:
            HypervisorConnectError: The number is negative or over 64 bits.
        """
        if not 0 <= packed <= _MAX_PACKED:
            raise _no_version(packed)
        major, minor, _release = _units(driver)
        return cls(driver, packed // major, packed % major // minor, packed % minor)

    @classmethod
    def from_text(cls, driver: str, text: str) -> Version:
        """Read ``10.0.17763``; a missing third number is 0, a fourth is left out.

        Raises:
            HypervisorConnectError: The text is no version.
        """
        found = _DOTTED.fullmatch(text)
        if found is None:
            raise _no_version(text)
        return cls(driver, int(found[1]), int(found[2]), int(found[3] or 0))

    @classmethod
    def from_printed(cls, driver: str, text: str) -> Version:
        """Read what virsh prints, such as ``1000.17.763`` for 10.0.17763.

        Raises:
            HypervisorConnectError: The text is no version.
        """
        return cls.from_packed(driver, cls.from_text("", text).packed)

    @classmethod
    def from_any(cls, driver: str, value: int | str) -> Version:
        """Read any of the forms.

        On Hyper-V a first number of 100 or more is libvirt's printed form: the driver
        packs major version 1 as 100 already.

        Raises:
            HypervisorConnectError: The value is no version.
        """
        if isinstance(value, int):
            return cls.from_packed(driver, value)
        if re.fullmatch("[0-9]{1,20}", value):
            return cls.from_packed(driver, int(value))
        found = _DOTTED.fullmatch(value)
        if driver == "hyperv" and found and int(found[1]) >= 100:
            return cls.from_printed(driver, value)
        return cls.from_text(driver, value)

    @property
    def packed(self) -> int:
        """The number that virConnectGetVersion gives."""
        major, minor, release = _units(self.driver)
        return self.major * major + self.minor * minor + self.release * release

    @property
    def text(self) -> str:
        """The version as its maker writes it, such as ``10.0.17763``."""
        return f"{self.major}.{self.minor}.{self.release}"

    @property
    def printed(self) -> str:
        """The version as libvirt's own tools print the packed number."""
        return Version.from_packed("", self.packed).text

    @property
    def windows_release(self) -> str | None:
        """The name of the Windows release, where libvirt's table has it."""
        if self.driver != "hyperv":
            return None
        return WINDOWS_RELEASES.get((self.major, self.minor, self.release))


def _units(driver: str) -> tuple[int, int, int]:
    return (100000000, 1000000, 1) if driver == "hyperv" else (1000000, 1000, 1)


def _no_version(value: object) -> HypervisorConnectError:
    shown = str(value)[:40]
    return HypervisorConnectError(
        f'"{shown}" is no version',
        where="version",
        remedy="give a form like 10.0.17763, 1000.17.763 or 1000017763",
    )
