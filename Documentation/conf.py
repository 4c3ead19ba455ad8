# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
"""Sphinx builds these pages with this, `make docs`.

The directive kernel-doc:: runs the kernel's own script, which KERNEL_DOC names; a page
that a text names, such as usage.rst, becomes a link.
"""

import os
import pathlib
import re
import subprocess
import sys

import sphinx
from docutils import nodes
from docutils.parsers.rst import Directive, directives
from docutils.statemachine import StringList
from sphinx.util.nodes import nested_parse_with_titles

TOP = pathlib.Path(__file__).resolve().parent.parent


def version_of(header):
    """The version, which is defined only there."""
    found = re.findall(r"^#define GALLOC_(?:MAJOR|MINOR|PATCH)\s+(\d+)", header, re.M)
    return ".".join(found)


project = "galloc"
copyright = "2026 The galloc authors"  # pylint: disable=redefined-builtin
release = version_of((TOP / "include/galloc.h").read_text())
version = release
primary_domain = "c"
highlight_language = "none"
html_theme = "alabaster"
html_theme_options = {"page_width": "1000px", "description": "An allocator for kernel modules"}
html_show_sphinx = False
html_copy_source = False
# LaTeX knows no SVG.
extensions = ["sphinxcontrib.rsvgconverter"] if "latex" in " ".join(sys.argv) else []
latex_elements = {"papersize": "a4paper"}
# What the kernel's declarations have beside C's own words.
c_id_attributes = ["__malloc", "__must_check", "__always_inline", "notrace"]
c_paren_attributes = ["__alloc_size", "__realloc_size"]


# Functions have the same names, and a link can lead to only one of the two.
STRUCTS = re.compile(r"^\.\. c:struct:: (galloc_heap_usage|galloc_prefill)\n", re.M)


class KernelDoc(Directive):
    """The comments of a file: all of them, or those of :identifiers:."""

    required_arguments = 1
    option_spec = {"identifiers": directives.unchanged_required, "export": directives.flag}
    has_content = False

    def run(self):
        env = self.state.document.settings.env
        file = TOP / self.arguments[0]
        env.note_dependency(str(file))
        command = [os.environ["KERNEL_DOC"], "-rst", "-sphinx-version", sphinx.__version__]
        if "export" in self.options:
            command.append("-export")
        for name in self.options.get("identifiers", "").split():
            command += ["-function", name]
        done = subprocess.run(command + [str(file)], capture_output=True, text=True, check=False)
        complaints = [line for line in done.stderr.splitlines() if "_BITS' not described" not in line
                      and not line.endswith("warnings as Errors")]
        if done.returncode or complaints or not done.stdout.strip():
            raise self.severe(f"kernel-doc {file}: {complaints or 'no output'}")
        node = nodes.section()
        node.document = self.state.document
        text = STRUCTS.sub(r"**struct \1**\n", done.stdout.expandtabs())
        lines = StringList(text.splitlines(), str(file))
        nested_parse_with_titles(self.state, lines, node)
        return node.children


PAGE = re.compile(r"(?<![\w./-])((?:why/)?[a-z][a-z-]*)\.rst\b")


def link_pages(app, doctree, docname):
    """Make links of the names of pages in a text."""
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, (nodes.literal, nodes.literal_block, nodes.reference, nodes.comment)):
            continue
        parts, at = [], 0
        for match in PAGE.finditer(text):
            page = match[1]
            if page not in app.env.all_docs:
                page = str(pathlib.PurePosixPath(docname).parent / page)
            if page not in app.env.all_docs or page == docname:
                continue
            title = app.env.titles[page].astext()
            uri = app.builder.get_relative_uri(docname, page)
            parts += [nodes.Text(text[at:match.start()]),
                      nodes.reference("", title, refuri=uri, internal=True)]
            at = match.end()
        if parts:
            text.parent.replace(text, parts + [nodes.Text(text[at:])])


def give_widths(app, doctree, _name):
    """On paper columns are as wide, in proportion, as in the source: long tables would
    leave the page."""
    if app.builder.name == "latex":
        for table in doctree.findall(nodes.table):
            table["classes"].append("colwidths-given")


def setup(app):
    """Called by Sphinx."""
    app.connect("doctree-resolved", give_widths)
    app.add_directive("kernel-doc", KernelDoc)
    app.connect("doctree-resolved", link_pages)
    return {"parallel_read_safe": True}
