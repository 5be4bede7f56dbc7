# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that all modules share: their options and their attributes."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that open a hypervisor, and what every module can do."""

    DOCUMENTATION = r"""
options:
  uri:
    description:
      - The connection URI of the hypervisor, such as V(hyperv://user@host/), V(qemu:///system),
        V(qemu+ssh://root@host/system), V(xen+tls://host/) or V(test:///default), or an alias from C(libvirt.conf).
      - By default the host's variable C(ansible_libvirt_uri) (that of the host in C(delegate_to), if it has one), then the
        environment variable E(LIBVIRT_DEFAULT_URI), then C(uri_default) of C(libvirt.conf), then what libvirt finds by itself.
      - It is opened from where the module runs. That is the controller where the host's connection is
        P(ansible.builtin.local#connection), and the host itself with any other connection.
    type: str
  username:
    description:
      - The user to sign in as. The user in the URI is the default, then the host's C(ansible_user) where the module runs
        on the controller, then libvirt's C(auth.conf).
    type: str
  password:
    description:
      - The password of that user. The host's C(ansible_password) is the default where the module runs on the
        controller, then libvirt's C(auth.conf).
      - The transport C(ssh) runs the ssh program, which takes no password from here. Use a key, an agent, or the
        transports C(libssh) and C(libssh2).
    type: str
  auth:
    description:
      - How to sign in to a Hyper-V host. Libvirt hosts choose for themselves.
      - V(auto) takes the best that the server offers. V(basic) over plain HTTP sends the password in the clear.
    type: str
    choices: [auto, basic, ntlm, kerberos, credssp, certificate]
    default: auto
  validate_certs:
    description:
      - Whether the certificate of a host that is reached over TLS is checked. By default it is.
      - V(false) is the same as C(no_verify=1) in the URI, and lets anyone between read and change everything.
    type: bool
  ca_path:
    description:
      - The file with the certificates of the authorities that are trusted to vouch for the host.
      - TLS to libvirt takes O(ca_path), O(client_cert) and O(client_key) together. The parameter C(pkipath=) of the URI
        names a folder with all three instead.
    type: path
  client_cert:
    description: The file with the client's certificate.
    type: path
  client_key:
    description: The file with the private key of the client's certificate.
    type: path
  message_encryption:
    description: Whether messages to a Hyper-V host are encrypted over plain HTTP.
    type: str
    choices: [auto, always, never]
    default: auto
  timeout:
    description:
      - How many seconds the hypervisor has to answer when the connection is opened. A connection on which nothing
        comes back for that long counts as broken.
      - The same time is given to a machine that is told to shut down. A day (V(86400)) is the most.
    type: int
    default: 60
requirements:
  - pywinrm 0.5 or later where a C(hyperv://) URI is opened, with its extras for C(kerberos) and C(credssp)
  - libvirt-python (Debian's python3-libvirt, or PyPI's libvirt-python) where the URI of a libvirt host is opened
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  action:
    description: Runs within the process of the controller, with no Python on the host, where the connection is local.
    support: full
  async:
    description: Can be run with the C(async) keyword. It then runs as an ordinary module.
    support: full
  action_group:
    description: Use C(group/hypervisor.connect.hypervisor) in C(module_defaults) to set URI and credentials once.
    support: full
    membership:
      - hypervisor.connect.hypervisor
  platform:
    description: Platforms that the module runs on.
    support: full
    platforms: posix
"""
