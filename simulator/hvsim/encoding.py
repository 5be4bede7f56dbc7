# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as WinRM writes them on the wire, and as it reads them.

The forms are those of recorded answers (Windows Server 2003 to 2022): null scalars are
xsi:nil, null and empty arrays are absent, arrays repeat their element, properties are
in alphabetical order without regard to case, datetimes lose the trailing zeros of
their fraction. Where [MS-WSMV] 3.1.4.1.26 differs (nil for arrays), the recordings win.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone

from hvsim.namespaces import ANONYMOUS, DMTF, NS, WMI
from hvsim.wmi.schema import CimClass, PropertyType
from hvsim.wmi.values import Instance, ObjectPath, Value

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_NIL = ' xsi:nil="true"/>'
_INSTANCE_NS = f'xmlns:xsi="{NS["xsi"]}" xmlns:p="{{uri}}" xmlns:cim="{NS["cim"]}"'
_EPR_NS = f'xmlns:a="{NS["a"]}" xmlns:w="{NS["w"]}"'
_ROW_NS = f'xmlns:xsi="{NS["xsi"]}" xmlns:w="{NS["w"]}"'


def escape(text: str) -> str:
    """Text for XML; characters that XML can't hold become question marks.

    [MS-WSMV] 3.1.4.1.25 prescribes the question mark for control characters.
    """
    text = text.translate(_ESCAPES)
    if text.isprintable():
        return text
    return "".join(c if c in "\t\n\r" or c >= " " else "?" for c in text)


def scalar(value: Value) -> str:
    """A simple value as the text of its element."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, datetime):
        return f"<cim:Datetime>{datetime_text(value)}</cim:Datetime>"
    if isinstance(value, timedelta):
        return f"<cim:Interval>{interval_text(value)}</cim:Interval>"
    return str(int(value)) if isinstance(value, int) else repr(value)


def datetime_text(value: datetime) -> str:
    """xs:dateTime without trailing zeros in the fraction: Z for UTC, else the offset."""
    text = value.strftime("%Y-%m-%dT%H:%M:%S").zfill(19)
    if value.microsecond:
        text += f".{value.microsecond:06d}".rstrip("0")
    offset = value.utcoffset() or timedelta(0)
    if not offset:
        return text + "Z"
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{text}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def interval_text(value: timedelta) -> str:
    """xs:duration with all four parts, as WinRM writes it: P0DT0H1M40S."""
    hours, seconds = divmod(value.seconds, 3600)
    text = f"P{value.days}DT{hours}H{seconds // 60}M{seconds % 60}"
    if value.microseconds:
        text += f".{value.microseconds:06d}".rstrip("0")
    return text + "S"


def dmtf_text(value: datetime | timedelta) -> str:
    """A datetime or interval as CIM writes it (DSP0004 5.2.4), as in INSTANCE text."""
    if isinstance(value, timedelta):
        hours, seconds = divmod(value.seconds, 3600)
        return (
            f"{value.days:08d}{hours:02d}{seconds // 60:02d}{seconds % 60:02d}"
            f".{value.microseconds:06d}:000"
        )
    minutes = int((value.utcoffset() or timedelta(0)).total_seconds() // 60)
    stamp = value.strftime("%Y%m%d%H%M%S").zfill(14)
    return f"{stamp}.{value.microsecond:06d}{minutes:+04d}"


def parse_dmtf(text: str) -> datetime | timedelta:
    """Read what dmtf_text writes; a star stands for a digit that isn't told.

    Raises:
        ValueError: It has another form.
    """
    if len(text) != 25 or text[14] != ".":
        raise ValueError(f"no CIM datetime: {text!r}")
    digits = text.replace("*", "0")
    fraction = int(digits[15:21])
    if text[21] == ":":
        return timedelta(
            days=int(digits[:8]),
            hours=int(digits[8:10]),
            minutes=int(digits[10:12]),
            seconds=int(digits[12:14]),
            microseconds=fraction,
        )
    offset = timezone(timedelta(minutes=int(digits[21:])))
    moment = datetime.strptime(digits[:14], "%Y%m%d%H%M%S")
    return moment.replace(microsecond=fraction, tzinfo=offset)


# References


def epr_children(path: ObjectPath, *, dmtf: bool = False) -> str:
    """a:Address and a:ReferenceParameters, as references hold them directly.

    Args:
        path: Of the instance.
        dmtf: With the DMTF's URI, and the namespace as a selector.
    """
    keys = [*path.keys, ("__cimnamespace", path.namespace)] if dmtf else path.keys
    selectors = "".join(
        f'<w:Selector Name="{escape(name)}">{escape(value)}</w:Selector>'
        for name, value in sorted(keys, key=lambda item: item[0].lower())
    )
    uri = DMTF if dmtf else f"{WMI}{path.namespace}/"
    return (
        f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters><w:ResourceURI>"
        f"{uri}{path.class_name}</w:ResourceURI>"
        f"<w:SelectorSet>{selectors}</w:SelectorSet></a:ReferenceParameters>"
    )


def epr(path: ObjectPath, *, dmtf: bool = False) -> bytes:
    """a:EndpointReference, an item of EnumerateEPR."""
    children = epr_children(path, dmtf=dmtf)
    return f"<a:EndpointReference {_EPR_NS}>{children}</a:EndpointReference>".encode()


# Instances and rows


def element(prefix: str, kind: PropertyType, value: Value) -> str:
    """The element or elements of one property.

    Args:
        prefix: "p:", or nothing in a row of columns.
        kind: The property's name and type.
        value: Its value.
    """
    tag = prefix + kind.name
    if kind.is_array:
        values = [] if value is None else value if isinstance(value, list) else [value]
        return "".join(_one(tag, item) for item in values)
    return _one(tag, value)


def _one(tag: str, value: Value) -> str:
    if value is None:
        return f"<{tag}{_NIL}"
    if isinstance(value, ObjectPath):
        return f"<{tag} {_EPR_NS}>{epr_children(value)}</{tag}>"
    if isinstance(value, Instance):
        return _embedded(tag, value)
    return f"<{tag}>{scalar(value)}</{tag}>"


def _embedded(tag: str, value: Instance) -> str:
    """An embedded object: its properties in its own namespace, directly inside.

    That shape is read by virt-who from real hosts; whether there is an xsi:type too is
    not documented.
    """
    return f'<{tag} xmlns:p1="{value.cim_class.uri}">{_body(value, "p1:")}</{tag}>'


def _body(instance: Instance, prefix: str) -> str:
    values = instance.values
    return "".join(
        element(prefix, kind, values.get(kind.name))
        for kind in instance.cim_class.properties.values()
    )


def instance(value: Instance, *, dmtf: bool = False) -> bytes:
    """An instance, all its properties; in the DMTF's namespace if it was asked so."""
    name = value.cim_class.name
    uri = DMTF + name if dmtf else value.cim_class.uri
    text = (
        f'<p:{name} {_INSTANCE_NS.format(uri=uri)} xsi:type="p:{name}_Type">'
        f"{_body(value, 'p:')}</p:{name}>"
    )
    return text.encode()


def row(columns: Iterable[tuple[PropertyType, Value]]) -> bytes:
    """A w:XmlFragment: a row of a query that names its columns.

    Nothing in it has a namespace, dates included (as Server 2008 answers).
    """
    parts = "".join(element("", kind, value) for kind, value in columns)
    for name in ("Datetime", "Interval"):
        parts = parts.replace(f"<cim:{name}>", f"<{name}>")
        parts = parts.replace(f"</cim:{name}>", f"</{name}>")
    return f"<w:XmlFragment {_ROW_NS}>{parts}</w:XmlFragment>".encode()


def _output(kind: PropertyType, value: Value) -> str:
    """A parameter out; bytes are one element in Base64.

    libvirt's hypervDomainScreenshot reads the image of a machine's screen so.
    """
    if kind.cim_type == "uint8" and kind.is_array and value is not None:
        return f"<p:{kind.name}>{b64encode(bytes(value)).decode()}</p:{kind.name}>"
    return element("p:", kind, value)


def output(
    cim_class: CimClass,
    method: str,
    outputs: Iterable[PropertyType],
    values: Mapping[str, Value],
) -> bytes:
    """METHOD_OUTPUT: parameters out, ReturnValue last."""
    parts = "".join(
        _output(kind, values.get(kind.name))
        for kind in sorted(outputs, key=lambda kind: kind.name.lower())
    )
    result = element("p:", PropertyType("ReturnValue", "uint32"), values["ReturnValue"])
    tag = f"p:{method}_OUTPUT"
    namespaces = _INSTANCE_NS.format(uri=cim_class.uri)
    return f"<{tag} {namespaces}>{parts}{result}</{tag}>".encode()
