# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Sphinx turns antsibull-docs' pages into HTML (`make docs`); no network needed."""

from __future__ import annotations

project = "hypervisor.connect"
project_copyright = "2026, the hypervisor.connect contributors"
extensions = ["sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
html_title = "hypervisor.connect"
html_show_sphinx = False
html_theme_options = {"documentation_home_url": "index.html"}
# References into Ansible's own documentation would be looked up on its site.
default_role = "any"
suppress_warnings = ["ref.*"]
