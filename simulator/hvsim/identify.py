# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Identify (DSP0226 section 11): what a server is, told before signing in too.

Who is not signed in learns neither the version of Windows nor the ways to sign in
([MS-WSMV] 3.1.4.1.23; recorded answers of Server 2008 R2 and 2012 R2).
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from hvsim.namespaces import NS, qname
from hvsim.soap import escape


def is_request(root: etree._Element) -> bool:
    """Whether an envelope asks wsmid:Identify; no SOAP header is needed for it."""
    return root.find(f"{qname('s:Body')}/{qname('wsmid:Identify')}") is not None


def response(version: str, profiles: Sequence[str] | None) -> bytes:
    """The whole envelope.

    Args:
        version: `10.0.20348`.
        profiles: The security profiles; None for who is not signed in.
    """
    shown = "0.0.0" if profiles is None else version
    listed = ""
    if profiles is not None:
        names = "".join(
            f"<wsmid:SecurityProfileName>{escape(name)}</wsmid:SecurityProfileName>"
            for name in profiles
        )
        listed = f"<wsmid:SecurityProfiles>{names}</wsmid:SecurityProfiles>"
    return (
        f'<s:Envelope xmlns:s="{NS["s"]}"><s:Header/><s:Body>'
        f'<wsmid:IdentifyResponse xmlns:wsmid="{NS["wsmid"]}">'
        f"<wsmid:ProtocolVersion>{NS['w']}</wsmid:ProtocolVersion>"
        "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>OS: {escape(shown)} SP: 0.0 Stack: 3.0"
        f"</wsmid:ProductVersion>{listed}</wsmid:IdentifyResponse>"
        "</s:Body></s:Envelope>"
    ).encode()
