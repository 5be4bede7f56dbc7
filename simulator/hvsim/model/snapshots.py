# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checkpoints: how they belong to machines and stand upon each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hvsim.model.common import system_path
from hvsim.model.machine import Machine
from hvsim.model.settings import vssd_path
from hvsim.wmi.registry import Values, of_machine

if TYPE_CHECKING:
    from hvsim.model.model import Model


@of_machine("Msvm_SnapshotOfVirtualSystem")
def snapshots(model: Model, machine: Machine) -> Iterator[Values]:
    """A machine and its checkpoints."""
    for snapshot in machine.snapshots:
        yield {
            "Antecedent": system_path(model, machine.guid),
            "Dependent": vssd_path(model, snapshot.guid),
        }


@of_machine("Msvm_MostCurrentSnapshotInBranch")
def most_current(model: Model, machine: Machine) -> Iterator[Values]:
    """The checkpoint that the present configuration stands upon."""
    if machine.current_parent:
        yield {
            "Antecedent": system_path(model, machine.guid),
            "Dependent": vssd_path(model, machine.current_parent),
        }


@of_machine("Msvm_LastAppliedSnapshot")
def last_applied(model: Model, machine: Machine) -> Iterator[Values]:
    """The checkpoint that was applied or taken last."""
    if machine.current_parent:
        yield {
            "Antecedent": system_path(model, machine.guid),
            "Dependent": vssd_path(model, machine.current_parent),
        }


@of_machine("Msvm_ParentChildSettingData")
def parents(model: Model, machine: Machine) -> Iterator[Values]:
    """Checkpoints, and what stands upon them."""
    for snapshot in machine.snapshots:
        if snapshot.parent:
            yield {
                "Antecedent": vssd_path(model, snapshot.parent),
                "Dependent": vssd_path(model, snapshot.guid),
            }
    if machine.current_parent:
        yield {
            "Antecedent": vssd_path(model, machine.current_parent),
            "Dependent": vssd_path(model, machine.guid),
        }
