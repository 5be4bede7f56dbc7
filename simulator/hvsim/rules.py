# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fault rules: what shall go wrong, for which requests, how often."""

from __future__ import annotations

import fnmatch
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from hvsim.soap import Request

JOB_KINDS = ("fail-job", "hang-job")
KINDS = ("drop", "delay", "http-status", "wsman-fault", "truncate", *JOB_KINDS)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        do: `drop` closes the connection without an answer; `delay` waits and then
            answers (with TimedOut where OperationTimeout is shorter); `http-status`
            answers with a status and nothing else; `wsman-fault` with a fault;
            `truncate` sends half of the answer. `fail-job` lets a job end with an
            error, and nothing done; `hang-job` lets it run for ever.
        resource: Of which resource URIs, as a pattern (`*Msvm_ComputerSystem`).
        action: Of which actions: a pattern, or the last word (`Pull`).
        count: How often; None for always.
        skip: How many such requests pass before.
        after: For `drop` and `http-status`: once the work is done, not before.
        seconds: Of `delay`.
        status: Of `http-status`; a 401 also signs the connection out.
        code, message: Of `wsman-fault`; `message` also of `fail-job`.
        job: Of `fail-job` and `hang-job`: of which jobs, as a pattern for the class
            (`Msvm_StorageJob`) or for the type (`create_disk`, `*snapshot*`; the names
            of hvsim.model.jobs in lower case).
        error: Of `fail-job`: the job's ErrorCode.

    Raises:
        ValueError: There is no such thing to do.
    """

    do: str
    resource: str = "*"
    action: str = "*"
    count: int | None = 1
    skip: int = 0
    after: bool = False
    seconds: float = 1.0
    status: int = 503
    code: int = 2150859175
    message: str | None = None
    job: str = "*"
    error: int = 32768

    def __post_init__(self) -> None:
        if self.do not in KINDS:
            raise ValueError(f"a rule can do {', '.join(KINDS)}, not {self.do!r}")

    def fits(self, request: Request) -> bool:
        """Whether it is about this request."""
        if self.do in JOB_KINDS:
            return False
        action = request.action.lower()
        wanted = self.action.lower()
        return fnmatch.fnmatchcase(
            request.resource_uri.lower(), self.resource.lower()
        ) and (
            action.rpartition("/")[2] == wanted or fnmatch.fnmatchcase(action, wanted)
        )

    def fits_job(self, names: Iterable[str]) -> bool:
        """Whether it is about a job with these names."""
        wanted = self.job.lower()
        return self.do in JOB_KINDS and any(
            fnmatch.fnmatchcase(name.lower(), wanted) for name in names
        )


class Rules:
    """The rules of a host; the first that fits and is not used up counts."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self._lock = threading.Lock()
        self._seen: list[tuple[Rule, list[int]]] = []
        for rule in rules:
            self.add(rule)

    def add(self, rule: Rule) -> None:
        """One more, behind the others."""
        with self._lock:
            self._seen.append((rule, [0]))

    def clear(self) -> None:
        """None any more."""
        with self._lock:
            self._seen.clear()

    def take(self, request: Request) -> Rule | None:
        """The rule for this request, which is counted."""
        return self._take(lambda rule: rule.fits(request))

    def take_job(self, names: Iterable[str]) -> Rule | None:
        """The rule for a job with these names, which is counted."""
        known = tuple(names)
        return self._take(lambda rule: rule.fits_job(known))

    def _take(self, fits: Callable[[Rule], bool]) -> Rule | None:
        with self._lock:
            for rule, seen in self._seen:
                if not fits(rule):
                    continue
                if rule.count is not None and seen[0] >= rule.skip + rule.count:
                    continue
                seen[0] += 1
                if seen[0] > rule.skip:
                    return rule
        return None


def rule_from(data: Mapping[str, Any]) -> Rule:
    """A rule from JSON's names (those of the attributes).

    Raises:
        ValueError: A name is unknown, or `do` is missing.
    """
    known = {field.name for field in fields(Rule)}
    if unknown := set(data) - known:
        raise ValueError(f"a rule has no {', '.join(sorted(unknown))}")
    if "do" not in data:
        raise ValueError("a rule says what to do")
    return Rule(**data)


def read_rules(path: Path) -> list[Rule]:
    """Rules from a JSON file: a list of objects.

    Raises:
        ValueError: It is none.
        OSError: It can't be read.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, list):
        raise ValueError("a file of rules holds a list")  # noqa: TRY004
    return [rule_from(entry) for entry in data]
