# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The INF files that certreq reads, and the self-signed certificates that they ask for.

Keys and their values: "certreq" in Microsoft's "Windows Commands". What a key that is
not known here would change is not simulated, so such a key is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from hvsim.certificates import extensions, sign
from hvsim.machine_store import PROVIDER, Key

Sections = Mapping[str, Mapping[str, str]]
SAN, EKU = "2.5.29.17", "2.5.29.37"
PERIODS = {"years": 365.0, "months": 30.0, "weeks": 7.0, "days": 1.0, "hours": 1 / 24}
"""Days of a ValidityPeriod."""
KEY_LENGTHS = (1024, 2048, 3072, 4096)
EARLIER = timedelta(minutes=10)
"""A certificate begins so long before it is made (seen in published output)."""
KNOWN = frozenset(
    {
        "exportable", "friendlyname", "hashalgorithm", "keyalgorithm", "keylength",
        "keyspec", "keyusage", "machinekeyset", "privatekeyarchive", "providername",
        "providertype", "requesttype", "silent", "smime", "subject", "suppressdefaults",
        "useexistingkeyset", "userprotected", "validityperiod", "validityperiodunits",
    }
)  # fmt: skip
_ATTRIBUTES = {
    "CN": NameOID.COMMON_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "L": NameOID.LOCALITY_NAME,
    "S": NameOID.STATE_OR_PROVINCE_NAME,
    "C": NameOID.COUNTRY_NAME,
    "DC": NameOID.DOMAIN_COMPONENT,
}


class InvalidInf(Exception):
    """What an INF file asks for can't be done.

    Args:
        code: The HRESULT.
        text: What certreq says.
    """

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def invalid(where: str) -> InvalidInf:
    """ERROR_INVALID_DATA about a place in the file."""
    return InvalidInf(
        0x8007000D,
        f"The data is invalid. 0x8007000d (WIN32: 13 ERROR_INVALID_DATA)\r\n{where}",
    )


@dataclass(frozen=True)
class Made:
    """A certificate, its key, and for which store it is."""

    certificate: x509.Certificate
    key: Key
    provider: str
    is_of_machine: bool


def read_inf(text: str) -> Sections:
    """Sections and their keys, all in lower case, values without quotation marks.

    Raises:
        InvalidInf: A line is neither a section's head nor KEY=VALUE.
    """
    sections: dict[str, dict[str, str]] = {}
    current: dict[str, str] | None = None
    last = ""
    for line in text.lstrip("\ufeff").splitlines():
        plain = re.sub(r';(?=(?:[^"]*"[^"]*")*[^"]*$).*', "", line).strip()
        if not plain:
            continue
        if head := re.fullmatch(r"\[([^\]]+)\]", plain):
            current = sections.setdefault(head[1].strip().lower(), {})
            continue
        key, equals, value = (part.strip() for part in plain.partition("="))
        if current is None or not equals or not key:
            raise InvalidInf(
                0xE0000100,
                "Expected INF file section name 0xe0000100 (INF: -536870656 "
                "SPAPI_E_EXPECTED_SECTION_NAME)",
            )
        value = re.sub(r'^"(.*)"$', r"\1", value).replace('""', '"')
        if key.lower() == "_continue_":
            current[last] = current.get(last, "") + value
        else:
            last = key.lower()
            current[last] = value
    return sections


def make(sections: Sections, *, machine: bool, now: datetime | None = None) -> Made:
    """The certificate that an INF file asks for.

    Args:
        sections: As of `read_inf`.
        machine: Whether certreq was called with -machine.
        now: When it is made.

    Raises:
        InvalidInf: It asks for something else, or for something wrong.
    """
    wanted = sections.get("newrequest", {})
    if sections.get("version", {}).get("signature", "$Windows NT$") not in (
        "$Windows NT$",
        "$CHICAGO$",
    ):
        raise InvalidInf(
            0xE0000101, "The style of the INF is different than requested."
        )
    if unknown := set(wanted) - KNOWN:
        raise invalid(f"[NewRequest] {min(unknown)}")
    if wanted.get("requesttype", "").lower() != "cert":
        raise invalid(
            "[NewRequest] RequestType: this hvsim makes self-signed certificates alone"
        )
    subject = _subject(wanted.get("subject", ""))
    start = (now or datetime.now(timezone.utc)) - EARLIER
    key = rsa.generate_private_key(65537, _key_length(wanted))
    certificate = sign(
        subject,
        key,
        _extensions(sections),
        (start, start + EARLIER + _period(wanted)),
        (subject, key),
    )
    return Made(
        certificate,
        key,
        wanted.get("providername", PROVIDER),
        machine or wanted.get("machinekeyset", "").lower() in ("true", "1", "yes"),
    )


def _subject(text: str) -> x509.Name:
    parts = re.findall(r"\s*([A-Za-z]+)\s*=\s*([^,]+?)\s*(?:,|$)", text)
    try:
        attributes = [
            x509.NameAttribute(_ATTRIBUTES[kind.upper()], value)
            for kind, value in parts
        ]
    except (KeyError, ValueError):
        attributes = []
    if not attributes:
        raise InvalidInf(
            0x80092023,
            "The string contains an invalid X500 attribute key, oid, value or "
            "delimiter. 0x80092023 (-2146885597 CRYPT_E_INVALID_X500_STRING)\r\n"
            f"[NewRequest] Subject = {text}",
        )
    return x509.Name(attributes)


def _key_length(wanted: Mapping[str, str]) -> int:
    text = wanted.get("keylength", "2048")
    if not text.isdecimal() or int(text) not in KEY_LENGTHS:
        raise invalid("[NewRequest] KeyLength")
    return int(text)


def _period(wanted: Mapping[str, str]) -> timedelta:
    units = wanted.get("validityperiodunits", "1")
    days = PERIODS.get(wanted.get("validityperiod", "years").lower())
    if days is None or not units.isdecimal() or not 0 < int(units) * days < 400_000:
        raise invalid("[NewRequest] ValidityPeriod")
    return timedelta(days=int(units) * days)


def _extensions(sections: Sections) -> Sequence[tuple[x509.ExtensionType, bool]]:
    given = sections.get("extensions", {})
    if unknown := set(given) - {SAN, EKU}:
        raise invalid(f"[Extensions] {min(unknown)}")
    usages = [
        value
        for key, value in sections.get("enhancedkeyusageextension", {}).items()
        if key == "oid"
    ]
    usages += re.split(r"[,&]", _text(given[EKU])) if EKU in given else []
    names = _names(_text(given[SAN])) if SAN in given else []
    try:
        found = extensions(names, [x509.ObjectIdentifier(usage) for usage in usages])
    except ValueError:
        raise invalid("[Extensions]") from None
    return found if names else found[1:]


def _text(value: str) -> str:
    if not value.lower().startswith("{text}"):
        raise invalid("[Extensions]")
    return value[len("{text}") :]


def _names(text: str) -> list[str]:
    names = []
    for part in filter(None, text.split("&")):
        kind, equals, value = part.partition("=")
        if kind.strip().lower() not in ("dns", "ipaddress") or not equals or not value:
            raise invalid(f"[Extensions] {SAN}")
        names.append(value.strip())
    return names
