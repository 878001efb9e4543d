"""Every public function, class and method is documented, and its example runs."""

import doctest
import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

import crm_core as crm

# Their examples would read files: tests of reading have them.
WITHOUT_EXAMPLE = {"read_orders", "read_events"}


def public() -> Iterator[tuple[str, Any]]:
    """Names and objects, each method once: under the class that defines it."""
    for name in crm.__all__:
        thing = getattr(crm, name)
        if not (inspect.isclass(thing) or callable(thing)):
            continue
        yield name, thing
        if not inspect.isclass(thing) or issubclass(thing, Exception):
            continue
        for base in reversed(thing.__mro__):
            if base.__module__.startswith("crm_core"):
                for member, found in vars(base).items():
                    if not member.startswith("_") and (
                        callable(found) or isinstance(found, property | classmethod)
                    ):
                        yield f"{base.__qualname__}.{member}", found


PUBLIC = dict(public())


def function_of(thing: Any) -> Any:
    return thing.fget if isinstance(thing, property) else getattr(thing, "__func__", thing)


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the package's docstring makes for all examples."""
    made: dict[str, Any] = {}
    run("crm_core", crm.__doc__ or "", made)
    assert {"orders", "events", "summary", "model", "spend"} <= set(made)
    return made


def run(name: str, text: str, names: dict[str, Any]) -> int:
    """Run a docstring's examples in `names`; gives how many there were."""
    example = doctest.DocTestParser().get_doctest(text, {}, name, name, 0)
    example.globs = names
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST)
    result = runner.run(example, out=said.append, clear_globs=False)
    assert not result.failed, "".join(said)
    return result.attempted


def test_what_is_public_is_found() -> None:
    assert len(PUBLIC) > 120
    assert {"rfm", "Orders.view", "Purchases.predict", "Model.aic_", "Table.to_pandas"} <= {*PUBLIC}


@pytest.mark.parametrize("name", [n for n in PUBLIC if n not in WITHOUT_EXAMPLE])
def test_the_example_runs(name: str, names: dict[str, Any]) -> None:
    if inspect.isclass(PUBLIC[name]) and issubclass(PUBLIC[name], Exception):
        name = "CrmError"
    assert run(name, inspect.getdoc(PUBLIC[name]) or "", {**names}) > 0, "there is no example"


def described(text: str) -> set[str]:
    """The arguments that a docstring describes; several may share a line."""
    _, _, arguments = text.partition("Args:\n")
    found: set[str] = set()
    for line in re.split(r"\n\s*\n", arguments)[0].splitlines():
        if match := re.match(r" {4}(\*{0,2}\w+(?:, \w+)*):", line):
            found |= set(match[1].split(", "))
    return found


@pytest.mark.parametrize("name", PUBLIC)
def test_arguments_and_results_are_described(name: str) -> None:
    thing = PUBLIC[name]
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return
    parameters = inspect.signature(function_of(thing)).parameters.values()
    stars = {inspect.Parameter.VAR_KEYWORD: "**"}
    wanted = {
        stars.get(p.kind, "") + p.name
        for p in parameters
        if p.name not in ("self", "cls") and not (name == "Table" and p.name == "table")
    }
    text = inspect.getdoc(thing) or ""
    assert described(text) == wanted
    if wanted and not inspect.isclass(thing) and name != "set_threads":
        assert "Returns:" in text


@pytest.mark.parametrize("task", crm.tasks())
def test_names_of_columns_say_their_unit(task: str) -> None:
    """As the docstring of `Table` says."""
    for column in crm.describe(task)["columns"]:
        name = column["name"]
        for end, unit in (("_days", "days"), ("_seconds", "seconds")):
            if name.endswith(end):
                assert column["unit"] == unit, name
