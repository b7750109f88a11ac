"""Load the worker or the functions that ``gearman-tx work MODULE:OBJECT`` names."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.worker import Worker

Functions: TypeAlias = dict[str, Callable[[Any], Any]]


def load(targets: Sequence[str]) -> Worker | Functions:
    """Return the named worker, or all named functions by the names that clients use.

    Args:
        targets: ``module:worker``, ``module:function``, ``name=module:function`` or
            ``module:mapping``, with names as the keys and functions as the values.

    Raises:
        CommandError: a target cannot be imported, or is none of these.
    """
    functions: Functions = {}
    for target in targets:
        name, equals, path = target.rpartition("=")
        found = find(path)
        if isinstance(found, Worker):
            if equals or len(targets) > 1:
                text = f"{path} is a Worker: leave out the name and all other targets"
                raise CommandError(text, ExitStatus.USAGE)
            return found
        if isinstance(found, Mapping) and not equals:
            functions.update(found)
        elif callable(found):
            functions[name or path.rpartition(":")[2].rpartition(".")[2]] = found
        else:
            text = f"{path} is a {type(found).__name__}"
            remedy = "name a Worker, a function, or a dict of functions by their names"
            raise CommandError(f"{text}; {remedy}", ExitStatus.USAGE)
    return functions


def find(path: str) -> object:
    """Return the object ``module:object``; modules of the current folder are found too.

    ``sys.argv`` becomes that of ``python module.py``: a module that reads arguments must not take
    those of ``gearman-tx`` for its own, neither here nor in the processes of its functions.

    Raises:
        CommandError: the object does not exist, or the module cannot be imported.
    """
    module_name, colon, names = path.partition(":")
    if not colon or not module_name or not names:
        text = f"{path!r} is not MODULE:OBJECT, such as tasks:reverse"
        raise CommandError(f"{text}; a command needs -f FUNCTION -- COMMAND", ExitStatus.USAGE)
    here = os.getcwd()  # noqa: PTH109  # sys.path has strings
    if here not in sys.path:
        sys.path.insert(0, here)
    sys.argv = [module_name]
    try:
        spec = importlib.util.find_spec(module_name)
        if spec is not None and spec.origin is not None:
            sys.argv = [spec.origin]
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        text = f"cannot import {module_name}: {error}"
        remedy = "modules are searched in the current folder and in PYTHONPATH"
        raise CommandError(f"{text}; {remedy}", ExitStatus.USAGE) from error
    except Exception as error:
        text = f"cannot import {module_name}: {_where(error)}"
        raise CommandError(text, ExitStatus.USAGE) from error
    try:
        return reduce(getattr, names.split("."), module)
    except AttributeError as error:
        raise CommandError(f"{path}: {error}", ExitStatus.USAGE) from error


def _where(error: Exception) -> str:
    """Return the text of ``error`` and its place in the user's code."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError):
        return text  # its text has the place
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{text} ({last.filename}, line {last.lineno})"
