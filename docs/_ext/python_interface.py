"""Show in the reference of the Python interface what a reader needs, and leave out the rest.

Errors, and classes that a program does not make itself, are shown without the arguments of their
constructors. A name in a docstring links to its description on any page if it is the only one with
this name; the name of an error needs no markup for that.
"""

from __future__ import annotations

import re
import sys
from typing import Final

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

GIVEN: Final = frozenset(
    {
        "gearman_tx.Task",
        "gearman_tx.WorkerJob",
        "gearman_tx.aio.Batch",
        "gearman_tx.aio.Task",
        "gearman_tx.aio.Job",
        "gearman_tx.client.Batch",
        "gearman_tx.client.HashRing",
        "gearman_tx.client.InOrder",
        "gearman_tx.client.RandomOrder",
        "gearman_tx.client.RoundRobin",
        "gearman_tx.daemon.GearmanService",
        "gearman_tx.daemon.Options",
        "gearman_tx.worker.WorkerFunction",
        "gearman_tx.worker.WorkerService",
    }
)
"""Classes that a program does not make itself."""

AMBIGUOUS: Final = {"gearman_tx.store": {"batch: Batch": "batch: gearman_tx.core.Batch"}}
"""By the beginning of a name: ambiguous annotations, and the class that they mean there."""

INLINE: Final = re.compile(r"^[~\w.]*Generator\[([~\w.]*Deferred)\[[~\w.]*\], [~\w.]*, (.+)\]$")
"""What a function with ``inlineCallbacks`` is annotated to return; its caller gets a Deferred."""

ATTRS_DEFAULT: Final = re.compile(r"attr_dict\['(\w+)'\]\.default")
"""How attrs writes a default in the constructor that it makes."""

CONSTANT: Final = re.compile(r"(?<== )[A-Z][A-Z_]+\b")
"""The name of a constant that is a default."""

INTERFACE: Final = re.compile(r"<InterfaceClass ([\w.]+)>")
"""The representation of a zope interface."""

ARGUMENTS: Final = re.compile(r"^:param .*\n(?:[ ]+.*\n)*", re.MULTILINE)
"""An argument in a docstring that was translated from Google's style."""

ERROR: Final = re.compile(
    r"(?<![`.\w])(?<!:raises )(ConfigurationError|ConnectionLost|JobException|JobFailed"
    r"|LocalProtocolError|NoServer|Refused|RemoteProtocolError|StoreError|StoreLostError|TimedOut)(?!`|\w|\.\w)"
)
"""The name of one of our errors, as a word in a sentence."""


def shown_signature(  # what Sphinx calls with
    _app: Sphinx,
    kind: str,
    name: str,
    thing: object,
    _options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str, str | None] | None:
    """Sphinx: return the arguments to show after ``name``, or None to leave them as they are."""
    if signature is None:
        return None
    if kind == "exception" or (kind == "class" and is_given(name, thing)):
        return "", None
    for start, meanings in AMBIGUOUS.items():
        if name.startswith(start):
            for written, meant in meanings.items():
                signature = signature.replace(written, meant)
    defaults = {field.name: field.default for field in getattr(thing, "__attrs_attrs__", ())}
    signature = ATTRS_DEFAULT.sub(lambda found: repr(defaults[found[1]]), signature)
    module = sys.modules.get(getattr(thing, "__module__", ""))
    signature = CONSTANT.sub(lambda found: value_of(module, found[0]), signature)
    signature = INTERFACE.sub(r"\1", signature.replace("NOTHING", "..."))
    return signature, INLINE.sub(r"\1[\2]", returns) if returns else returns


def value_of(module: object, name: str) -> str:
    """Return the number or text of a module's constant, or its name if it is anything else."""
    value = getattr(module, name, None)
    return repr(value) if isinstance(value, int | float | str | bytes) else name


def is_given(name: str, thing: object) -> bool:
    """Return whether a program never calls the class: it receives its objects, or it is a port."""
    return name in GIVEN or bool(getattr(thing, "_is_protocol", False))


def shown_docstring(  # what Sphinx calls with
    _app: Sphinx, kind: str, name: str, thing: object, _options: object, lines: list[str]
) -> None:
    """Sphinx: link the errors that a docstring names; leave out hidden arguments."""
    if kind == "class" and is_given(name, thing):
        lines[:] = ARGUMENTS.sub("", "\n".join([*lines, ""])).splitlines()
    lines[:] = [INTERFACE.sub(r"\1", ERROR.sub(r":class:`\1`", line)) for line in lines]


def find_anywhere(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Sphinx: resolve a bare name that is described in another module."""
    if node.get("refdomain") != "py" or "." in node["reftarget"]:
        return None
    node["refspecific"] = True
    page, target = node.get("refdoc", ""), node["reftarget"]
    domain = env.domains.python_domain
    return domain.resolve_xref(env, page, app.builder, node["reftype"], target, node, content)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the functions above to Sphinx."""
    app.connect("autodoc-process-signature", shown_signature)
    app.connect("autodoc-process-docstring", shown_docstring)
    app.connect("missing-reference", find_anywhere)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
