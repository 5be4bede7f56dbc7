# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of every configuration file in the host. Pure.

Sources: the comments of libvirtd.conf and qemu.conf, https://libvirt.org/auth.html,
sshd_config(5).
"""

from __future__ import annotations

import uuid
from pathlib import Path

from testbed.plan import SASL_PORT, SSH_PORT, TCP_PORT, TLS_PORT, Plan

QEMU_CONF = """\
# No security driver: AppArmor may be absent or belong to the machine.
security_driver = "none"
user = "root"
group = "root"
swtpm_user = "root"
swtpm_group = "root"
dynamic_ownership = 0
remember_owner = 0
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
"""

SASL_CONF = """\
mech_list: scram-sha-256
sasldb_path: {database}
"""


def _daemon_common(plan: Plan) -> str:
    return f"""\
host_uuid = "{uuid.uuid5(uuid.NAMESPACE_DNS, plan.hostname)}"
unix_sock_group = "root"
unix_sock_rw_perms = "0700"
auth_unix_ro = "none"
auth_unix_rw = "none"
key_file = "{plan.etc}/pki/serverkey.pem"
cert_file = "{plan.etc}/pki/servercert.pem"
ca_file = "{plan.etc}/pki/cacert.pem"
max_clients = 500
max_anonymous_clients = 100
log_outputs = "3:stderr"
"""


def libvirtd_conf(plan: Plan) -> str:
    """The host's libvirtd: unix, plain TCP, and TLS with client certificates."""
    return (
        _daemon_common(plan)
        + f"""\
listen_tls = 1
tls_port = "{TLS_PORT}"
auth_tls = "none"
listen_tcp = 1
tcp_port = "{TCP_PORT}"
auth_tcp = "none"
"""
    )


def sasl_libvirtd_conf(plan: Plan) -> str:
    """A second libvirtd, which wants a certificate and a user with a password."""
    return (
        _daemon_common(plan)
        + f"""\
listen_tls = 1
tls_port = "{SASL_PORT}"
auth_tls = "sasl"
listen_tcp = 0
"""
    )


def sasl_libvirtd_argv(plan: Plan, libvirtd: str) -> list[str]:
    """The second libvirtd's command: directories of its own over the first one's."""
    binds = " && ".join(
        f"mount --bind {plan.sasl}/{own} {over}"
        for own, over in (
            ("run", "/run/libvirt"),
            ("etc", "/etc/libvirt"),
            ("lib", "/var/lib/libvirt"),
            ("cache", "/var/cache/libvirt"),
        )
    )
    script = f"{binds} && exec {libvirtd} --listen -p /run/libvirtd-sasl.pid"
    return ["unshare", "--mount", "--propagation=private", "sh", "-c", script]


def sshd_config(plan: Plan) -> str:
    """sshd for root with a key, and for nobody else."""
    keys = plan.etc / "testbed-ssh"
    return f"""\
Port {SSH_PORT}
HostKey {keys}/host_ed25519
HostKey {keys}/host_rsa
AuthorizedKeysFile {keys}/authorized_keys
StrictModes no
PermitRootLogin prohibit-password
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
MaxStartups 100
PidFile none
Subsystem sftp internal-sftp
"""


def private_accounts(passwd: str, group: str, shadow: str) -> tuple[str, str, str]:
    """The machine's accounts as the host needs them.

    Root gets a home, a plain shell and no lock: sshd without PAM refuses an account
    whose password field begins with ``!`` (sshd(8)), as Ubuntu's root does. The user
    and groups that Debian's libvirt was built with are added where the package that
    makes them is not installed: libvirtd refuses to start without, whatever qemu.conf
    says (seen on 9.0.0).

    Args:
        passwd: Text of /etc/passwd.
        group: Text of /etc/group.
        shadow: Text of /etc/shadow.

    Returns:
        The three texts changed.
    """
    return (
        _with_entries(
            passwd,
            replaced=["root:x:0:0:root:/run/root:/bin/sh"],
            added=["libvirt-qemu:x:64055:64055::/run:/usr/sbin/nologin"],
        ),
        _with_entries(
            group,
            replaced=[],
            added=["kvm:x:64054:", "libvirt-qemu:x:64055:", "libvirt:x:64056:"],
        ),
        _with_entries(shadow, replaced=["root:*:19000:0:99999:7:::"], added=[]),
    )


def _with_entries(text: str, *, replaced: list[str], added: list[str]) -> str:
    """An account file with some entries replaced and others added where missing."""
    names = {line.split(":")[0] for line in replaced}
    kept = [line for line in text.splitlines() if line.split(":")[0] not in names]
    present = {line.split(":")[0] for line in kept}
    new = [line for line in added if line.split(":")[0] not in present]
    return "\n".join([*replaced, *kept, *new]) + "\n"


def hosts(plan: Plan) -> str:
    """The host's /etc/hosts, so that no name is ever asked for over the network."""
    return f"127.0.0.1 localhost\n{plan.address} {plan.hostname} {plan.name}\n"


def auth_conf(hostname: str, username: str, password: str) -> str:
    """A libvirt authentication file (https://libvirt.org/auth.html).

    SCRAM asks for an authorisation name (``username``) too where the client says that
    it can answer that.
    """
    return f"""\
[credentials-testbed]
authname={username}
username={username}
password={password}

[auth-libvirt-{hostname}]
credentials=testbed
"""


def ssh_wrapper(ssh: str, known_hosts: Path) -> str:
    """A script for the ssh transport's ``command=``.

    libvirt's ssh transport has no known_hosts of its own, and the user's files must
    not count.
    """
    return f"""\
#!/bin/sh
exec {ssh} -F none -o UserKnownHostsFile={known_hosts} \\
    -o GlobalKnownHostsFile=/dev/null -o StrictHostKeyChecking=yes \\
    -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes "$@"
"""


def helper_relay(init_pid: int) -> str:
    """A script for the ext transport: libvirt's own helper, run inside the host."""
    return f"""\
#!/bin/sh
exec nsenter --target {init_pid} --mount --uts --net --wd=/ -- \\
    virt-ssh-helper test:///default
"""


def counting_relay(python: str, relay: Path, socket: Path, counts: Path) -> str:
    """A script for the ext transport that counts the calls it passes on."""
    return f"""\
#!/bin/sh
exec {python} -I {relay} {socket} {counts}
"""


BROKEN_RELAY = """\
#!/bin/sh
echo 'testbed: this relay is broken' >&2
exit 3
"""
