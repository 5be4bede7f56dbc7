# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say how open a host's WinRM is, asked by pypsrp instead of our own client.

    witness.py READY_FILE [CERTIFICATE]

The ready file is hvsim's; the certificate, PEM, is what the HTTPS listener's is checked
against. Prints JSON: ``basic`` and ``allow_unencrypted`` as the host's configuration
has them, ``listeners`` (transport and port), and for ``basic_over_http`` and
``basic_over_https`` what came of signing in: ``accepted``, or why not.
"""

from __future__ import annotations

import json
import sys
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from pypsrp.exceptions import AuthenticationError, WinRMError
from pypsrp.wsman import WSMan
from requests.exceptions import RequestException

CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
OPTIMIZED = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"


def main(ready_file: str, certificate: str = "") -> None:
    """Print what was found."""
    with open(ready_file, encoding="utf-8") as stream:
        ready = json.load(stream)
    port = urlsplit(ready["http"]).port
    sealed = {"ssl": False, "port": port, "auth": "ntlm", "encryption": "always"}
    with session(ready, **sealed) as client:
        service = client.get(f"{CONFIG}/service")
        listeners = read_listeners(client)
    plain = {"ssl": False, "port": port, "auth": "basic", "encryption": "never"}
    found = {
        "basic": text_of(service, "Basic") == "true",
        "allow_unencrypted": text_of(service, "AllowUnencrypted") == "true",
        "listeners": listeners,
        "basic_over_http": attempt(ready, **plain),
        "basic_over_https": "no listener",
    }
    for listener in listeners:
        if listener["transport"] == "HTTPS":
            tls = {"ssl": True, "port": listener["port"], "auth": "basic"}
            tls["cert_validation"] = certificate or True
            found["basic_over_https"] = attempt(ready, **tls)
    print(json.dumps(found))


def session(ready: dict[str, Any], **options: Any) -> WSMan:
    """A session by the name that certificates are made out to."""
    who = {"username": ready["username"], "password": ready["password"]}
    return WSMan("localhost", **who, **options)


def attempt(ready: dict[str, Any], **options: Any) -> str:
    """``accepted``, or what kept a session from reading the configuration."""
    try:
        with session(ready, **options) as client:
            client.get(f"{CONFIG}/winrs")
    except AuthenticationError:
        return "not authenticated"
    except (WinRMError, RequestException) as error:
        return f"{type(error).__name__}: {error}"
    return "accepted"


def read_listeners(client: WSMan) -> list[dict[str, Any]]:
    """Transport and port of each, in one optimized enumeration."""
    body = ElementTree.Element(f"{{{ENUMERATION}}}Enumerate")
    ElementTree.SubElement(body, f"{{{OPTIMIZED}}}OptimizeEnumeration")
    ElementTree.SubElement(body, f"{{{OPTIMIZED}}}MaxElements").text = "50"
    answer = client.enumerate(f"{CONFIG}/listener", body)
    return [
        {"transport": text_of(one, "Transport"), "port": int(text_of(one, "Port"))}
        for one in answer.iter()
        if one.tag.endswith("}Listener")
    ]


def text_of(element: ElementTree.Element, name: str) -> str:
    """The text of the first element of that name, whatever its namespace."""
    return next(
        one.text or "" for one in element.iter() if one.tag.endswith("}" + name)
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
