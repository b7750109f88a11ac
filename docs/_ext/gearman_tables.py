"""Render the options and the packets from the code, so that the reference always matches it.

``.. gearmand-options::`` lists the options of ``twistd gearmand``, each with an anchor that
``:option:`` can point to. ``.. drop-in-options::`` lists the options with which ``gearman-tx
gearmand`` replaces twistd's own. ``.. gearman-packets::`` lists the packets by type.
``.. report-columns::`` lists what the reports of ``gearman-tx`` show, and ``.. metrics::`` what it
prints for Prometheus. The directives write reStructuredText and let Sphinx parse it, so the theme
decides how it looks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from gearman_tx.cli.columns import COLUMNS
from gearman_tx.cli.metric_names import METRICS
from gearman_tx.daemon import Options
from gearman_tx.daemon.options.option import Option
from gearman_tx.gearmand.options import PROCESS
from gearman_tx.wire.packets import PACKETS

MARKUP = re.compile(r"([\\*`|_])")


def option_lines(groups: Mapping[str, Sequence[Option]]) -> list[str]:
    """Return an ``option`` directive for each option under the heading of its group.

    Options that are refused for the same reason share one directive and its text.
    """
    lines: list[str] = []
    for heading, rows in groups.items():
        lines += [f".. rubric:: {heading}", "", *group_lines(rows)]
    return lines


def group_lines(rows: Sequence[Option]) -> list[str]:
    """Return the ``option`` directives of one group."""
    lines: list[str] = []
    for reason, alike in groupby(rows, key=lambda row: row.refused):
        options = list(alike)
        for together in [options] if reason else [[row] for row in options]:
            lines += _option(together)
    return lines


def _option(rows: Sequence[Option]) -> list[str]:
    """Return one ``option`` directive: a signature for each row, the text of the first."""
    first, *others = [row.spelled.strip() for row in rows]
    lines = [f".. option:: {first}", *(f"            {spelled}" for spelled in others), ""]
    lines += [f"   {MARKUP.sub(_escaped, rows[0].help)}", ""]
    if rows[0].shown:
        lines += [f"   Default: ``{rows[0].shown}``.", ""]
    return lines


def _escaped(found: re.Match[str]) -> str:
    """Return a character escaped, so that reStructuredText does not read it as markup."""
    return f"\\{found[0]}"


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


def column_lines() -> list[str]:
    """Return a list-table of what reports show: its name, and what it is."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
    lines += _row("Name", "What it is")
    for column in COLUMNS.values():
        lines += _row(f"``{column.name}``", column.about)
    return lines


def metric_lines() -> list[str]:
    """Return a list-table of the metrics: name, kind, and what it is."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
    lines += _row("Name", "Kind", "What it is")
    for name, (kind, about) in METRICS.items():
        lines += _row(f"``{name}``", kind, about)
    return lines


def _row(*cells: str) -> list[str]:
    """Return one row of a list-table."""
    first, *others = cells
    return [f"   * - {first}".rstrip(), *(f"     - {cell}".rstrip() for cell in others)]


class _Rendered(SphinxDirective):
    """A directive without arguments whose content is generated."""

    def lines(self) -> list[str]:
        """Return the reStructuredText that replaces the directive."""
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
        return option_lines(Options.groups)


class DropInOptionsDirective(_Rendered):
    """``.. drop-in-options::``: the options of ``gearman-tx gearmand`` about its process."""

    def lines(self) -> list[str]:
        """Return the options, separate from those of the same name of ``twistd gearmand``."""
        program = [".. program:: gearman-tx gearmand", ""]
        return [*program, *group_lines(PROCESS), ".. program:: None", ""]


class PacketsDirective(_Rendered):
    """``.. gearman-packets::``: every packet of the protocol."""

    def lines(self) -> list[str]:
        """Return the table of packets."""
        return packet_lines()


class ColumnsDirective(_Rendered):
    """``.. report-columns::``: what the reports of ``gearman-tx`` show."""

    def lines(self) -> list[str]:
        """Return the table of columns."""
        return column_lines()


class MetricsDirective(_Rendered):
    """``.. metrics::``: what ``gearman-tx metrics`` prints."""

    def lines(self) -> list[str]:
        """Return the table of metrics."""
        return metric_lines()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives with Sphinx."""
    app.add_directive("gearmand-options", OptionsDirective)
    app.add_directive("drop-in-options", DropInOptionsDirective)
    app.add_directive("gearman-packets", PacketsDirective)
    app.add_directive("report-columns", ColumnsDirective)
    app.add_directive("metrics", MetricsDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
