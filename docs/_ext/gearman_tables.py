"""Render the options and the packets from the code, so that the reference never drifts from it.

``.. gearmand-options::`` lists the options of ``twistd gearmand``, each with an anchor that
``:option:`` can point to. ``.. gearman-packets::`` lists the packets by type. Both write
reStructuredText and let Sphinx parse it, so their looks are the theme's.
"""

from __future__ import annotations

import inspect
import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from twisted.python import usage

from gearman_tx.tap import Options
from gearman_tx.wire.packets import PACKETS

MARKUP = re.compile(r"([\\*`|_])")


def option_lines(options: usage.Options) -> list[str]:
    """Return an ``option`` directive for each option, sorted by name: letters, default, text."""
    lines: list[str] = []
    for declared in sorted(options.longOpt):
        name = declared.removesuffix("=")
        value = " <value>" if declared.endswith("=") else ""
        letters = [
            f"-{letter}"
            for letter, long in options.synonyms.items()
            if long == name and len(letter) == 1
        ]
        lines += [f".. option:: {', '.join([*letters, f'--{name}{value}'])}", ""]
        lines += [f"   {line}".rstrip() for line in _text(options, name).splitlines()]
        lines.append("")
    return lines


def _text(options: usage.Options, name: str) -> str:
    """Return what option ``name`` means, and its default if it has one."""
    text = MARKUP.sub(r"\\\1", inspect.cleandoc(options.docs[name] or ""))
    default = options.defaults.get(name)
    if default in {None, 0, ""} or isinstance(default, list):
        return text
    return f"{text}\n\nDefault: ``{default}``."


def packet_lines() -> list[str]:
    """Return a list-table of all packets: type, name, who sends it, arguments."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
    lines += _row("Type", "Name", "Sent by", "Arguments")
    for packet in PACKETS:
        arguments = ", ".join(name.replace("_", " ") for name in packet.arguments)
        lines += _row(
            str(int(packet.type)), f"``{packet.type.name}``", packet.sender.value, arguments
        )
    return lines


def _row(*cells: str) -> list[str]:
    """Return one row of a list-table."""
    first, *others = cells
    return [f"   * - {first}".rstrip(), *(f"     - {cell}".rstrip() for cell in others)]


class _Rendered(SphinxDirective):
    """A directive without arguments whose content is written by code."""

    def lines(self) -> list[str]:
        """Return the reStructuredText to put in the directive's place."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse the lines as if they stood in the page."""
        source, _ = self.get_source_info()
        parent = nodes.Element()
        self.state.nested_parse(StringList(self.lines(), source), self.content_offset, parent)
        return parent.children


class OptionsDirective(_Rendered):
    """``.. gearmand-options::``: every option of ``twistd gearmand``."""

    def lines(self) -> list[str]:
        """Return the options."""
        return option_lines(Options())


class PacketsDirective(_Rendered):
    """``.. gearman-packets::``: every packet of the protocol."""

    def lines(self) -> list[str]:
        """Return the table of packets."""
        return packet_lines()


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directives known to Sphinx."""
    app.add_directive("gearmand-options", OptionsDirective)
    app.add_directive("gearman-packets", PacketsDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
