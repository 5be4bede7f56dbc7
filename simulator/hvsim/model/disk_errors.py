# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why the image service refuses a file: codes and sentences.

The codes are those of winerror.h (ERROR_VHD_*, 0xC03A00xx); the sentences are those that
New-VHD and Resize-VHD print ("Failed to resize the virtual disk ... might truncate
user data residing on the virtual disk. (0xC03A0025)": Siemens-Healthineers/K2s#1403).
"""

from __future__ import annotations

from enum import Enum

from hvsim.model.jobs import JobError, ReturnCode


class Cause(Enum):
    """Why a file is refused: ErrorCode, Windows' code and its sentence."""

    NO_FILE = (
        ReturnCode.FILE_NOT_FOUND,
        0x80070002,
        "The system cannot find the file specified.",
    )
    NO_FOLDER = (
        ReturnCode.FILE_NOT_FOUND,
        0x80070003,
        "The system cannot find the path specified.",
    )
    IN_USE = (
        ReturnCode.IN_USE,
        0x80070020,
        "The process cannot access the file because it is being used by another "
        "process.",
    )
    NOT_SUPPORTED = (
        ReturnCode.NOT_SUPPORTED,
        0x80070032,
        "The request is not supported.",
    )
    EXISTS = (ReturnCode.FAILED, 0x80070050, "The file exists.")
    PARAMETER = (
        ReturnCode.INVALID_PARAMETER,
        0x80070057,
        "The parameter is incorrect.",
    )
    NAME = (
        ReturnCode.INVALID_PARAMETER,
        0x8007007B,
        "The filename, directory name, or volume label syntax is incorrect.",
    )
    BLOCK_SIZE = (
        ReturnCode.INVALID_PARAMETER,
        0xC03A000B,
        "The virtual hard disk is corrupted. The block size is incorrect.",
    )
    IDENTIFIERS = (
        ReturnCode.FAILED,
        0xC03A000E,
        "The chain of virtual hard disks is corrupted. There is a mismatch in the "
        "identifiers of the parent virtual hard disk and differencing disk.",
    )
    SIZE = (
        ReturnCode.INVALID_PARAMETER,
        0xC03A0012,
        "The size of the virtual hard disk is not valid.",
    )
    SIZES = (
        ReturnCode.FAILED,
        0xC03A0017,
        "The chain of virtual hard disks is corrupted. There is a mismatch in the "
        "virtual sizes of the parent virtual hard disk and differencing disk.",
    )
    TRUNCATES = (
        ReturnCode.FAILED,
        0xC03A0025,
        "The requested resize operation could not be completed because it might "
        "truncate user data residing on the virtual disk.",
    )


class DiskError(Exception):
    """An image that can't be worked on."""

    def __init__(self, cause: Cause, path: str) -> None:
        super().__init__(path)
        self.cause = cause
        self.path = path

    def job_error(self, verb: str) -> JobError:
        """The failure of a job that was to create, resize, ... an image."""
        code, hresult, text = self.cause.value
        sentence = (
            f"Failed to {verb} the virtual hard disk. The system failed to {verb} "
            f"'{self.path}': {text} (0x{hresult:08X})."
        )
        return JobError(code, sentence, hresult)
