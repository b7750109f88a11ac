"""Say in the reference of the Python interface what a reader needs, and leave out the rest.

A class whose objects are only ever given to a program, and so every error, is shown without the
arguments of its constructor. A name in a docstring leads to its description wherever that stands,
as long as it is the only one with this name; the name of an error does so without markup.
"""

from __future__ import annotations

import re
from typing import Final

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

GIVEN: Final = frozenset(
    {
        "gearman_tx.Task",
        "gearman_tx.WorkerJob",
        "gearman_tx.client.Batch",
        "gearman_tx.client.HashRing",
        "gearman_tx.client.InOrder",
        "gearman_tx.client.RandomOrder",
        "gearman_tx.client.RoundRobin",
        "gearman_tx.daemon.GearmanService",
        "gearman_tx.daemon.Options",
        "gearman_tx.worker.WorkerService",
    }
)
"""Classes that a program does not make itself."""

AMBIGUOUS: Final = {"gearman_tx.store": {"batch: Batch": "batch: gearman_tx.core.Batch"}}
"""By the beginning of a name: annotations that could mean two classes, and what they mean there."""

INLINE: Final = re.compile(r"^[~\w.]*Generator\[([~\w.]*Deferred)\[[~\w.]*\], [~\w.]*, (.+)\]$")
"""What a function with ``inlineCallbacks`` is annotated to return; its caller gets a Deferred."""

ERROR: Final = re.compile(
    r"(?<![`.\w])(?<!:raises )(ConfigurationError|ConnectionLost|JobException|JobFailed"
    r"|LocalProtocolError|NoServer|Refused|RemoteProtocolError|StoreError|StoreLostError|TimedOut)(?!`|\w|\.\w)"
)
"""The name of an error of ours, as a word of a sentence."""


def shown_signature(  # what Sphinx calls with
    _app: Sphinx,
    kind: str,
    name: str,
    _thing: object,
    _options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str, str | None] | None:
    """Sphinx: return the arguments to show after ``name``, or None to leave them as they are."""
    if (kind == "exception" and signature) or (kind == "class" and name in GIVEN):
        return "", None
    if signature is None:
        return None
    for start, meanings in AMBIGUOUS.items():
        if name.startswith(start):
            for written, meant in meanings.items():
                signature = signature.replace(written, meant)
    return signature, INLINE.sub(r"\1[\2]", returns) if returns else returns


def link_errors(  # what Sphinx calls with
    _app: Sphinx, _kind: str, _name: str, _thing: object, _options: object, lines: list[str]
) -> None:
    """Sphinx: make links of the errors that the lines of a docstring name."""
    lines[:] = [ERROR.sub(r":class:`\1`", line) for line in lines]


def find_anywhere(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Sphinx: resolve a bare name that is described in another module than its user."""
    if node.get("refdomain") != "py" or "." in node["reftarget"]:
        return None
    node["refspecific"] = True
    page, target = node.get("refdoc", ""), node["reftarget"]
    domain = env.domains.python_domain
    return domain.resolve_xref(env, page, app.builder, node["reftype"], target, node, content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Make Sphinx call what is above."""
    app.connect("autodoc-process-signature", shown_signature)
    app.connect("autodoc-process-docstring", link_errors)
    app.connect("missing-reference", find_anywhere)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
