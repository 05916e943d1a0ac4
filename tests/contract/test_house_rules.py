"""The rules of CONTRIBUTING.md that no linter knows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["schemas", "aggregates", "projections", "gateways", "streams", "creatorflow"]
MODULES = sorted(module for package in PACKAGES for module in (ROOT / package).rglob("*.py"))
FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 500
NAMES_THAT_SAY_NOTHING = {"utils", "helpers", "common", "misc", "adapters"}

each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.relative_to(ROOT).as_posix())


def functions(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module, methods and inner ones included."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@each_module
def test_module_is_short(module: Path) -> None:
    """A module fits in 500 lines and a function in 70."""
    assert len(module.read_text().splitlines()) <= MODULE_LINES_MAX
    for function in functions(module):
        assert function.end_lineno is not None
        assert function.end_lineno - function.lineno < FUNCTION_LINES_MAX, function.name


@each_module
def test_module_name_says_what_it_holds(module: Path) -> None:
    """No module or folder is called utils, helpers or common."""
    assert not NAMES_THAT_SAY_NOTHING & {*module.relative_to(ROOT).parts, module.stem}
