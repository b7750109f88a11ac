"""What ``gearman-tx work MODULE:OBJECT`` names: a worker, or functions for one."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

from gearman_tx.cli import exit_status
from gearman_tx.cli.trouble import Trouble
from gearman_tx.worker import Worker

Functions: TypeAlias = dict[str, Callable[[Any], Any]]


def load(targets: Sequence[str]) -> Worker | Functions:
    """Return the one worker that is named, or all functions by the names that clients use.

    Args:
        targets: ``module:worker``, ``module:function``, ``name=module:function`` or
            ``module:mapping``, with names as the keys and functions as the values.

    Raises:
        Trouble: a target cannot be imported, or is none of these.
    """
    functions: Functions = {}
    for target in targets:
        name, equals, path = target.rpartition("=")
        found = find(path)
        if isinstance(found, Worker):
            if equals or len(targets) > 1:
                text = f"{path} is a worker, which stands alone: leave out the name and the others"
                raise Trouble(text, exit_status.USAGE)
            return found
        if isinstance(found, Mapping) and not equals:
            functions.update(found)
        elif callable(found):
            functions[name or path.rpartition(":")[2].rpartition(".")[2]] = found
        else:
            text = f"{path} is a {type(found).__name__}"
            remedy = "name a Worker, a function, or a dict of functions by their names"
            raise Trouble(f"{text}; {remedy}", exit_status.USAGE)
    return functions


def find(path: str) -> object:
    """Return the object ``module:object``; modules of the current folder are found, too.

    Raises:
        Trouble: there is none, or the module cannot be imported.
    """
    module_name, colon, names = path.partition(":")
    if not colon or not module_name or not names:
        text = f"{path!r} is no MODULE:OBJECT; tasks:reverse is one"
        raise Trouble(f"{text}, and so is a command: -f FUNCTION -- COMMAND", exit_status.USAGE)
    here = os.getcwd()  # noqa: PTH109  # sys.path has strings
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        text = f"cannot import {module_name}: {error}"
        remedy = "modules are looked for in the current folder and in PYTHONPATH"
        raise Trouble(f"{text}; {remedy}", exit_status.USAGE) from error
    except Exception as error:
        raise Trouble(f"cannot import {module_name}: {_where(error)}", exit_status.USAGE) from error
    try:
        return reduce(getattr, names.split("."), module)
    except AttributeError as error:
        raise Trouble(f"{path}: {error}", exit_status.USAGE) from error


def _where(error: Exception) -> str:
    """Return what was raised, and the place in the user's code where it was."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return text  # it names its place
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{text} ({last.filename}, line {last.lineno})"
