"""Every text of the services that a page can show has its Spanish form in the pages' catalogue, and no other is there.

Services write English; the pages translate at their edge. So whoever changes a text here changes the catalogue too. Texts
are taken from the source: every literal of two words or more, with `{}` for what is filled in. What no page shows is left out by
name below.
"""

from __future__ import annotations

import ast
import errno
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic_core._pydantic_core import list_all_errors
from werkzeug import exceptions

from commons import errors
from commons.chain.jobs import JobState as StateOnChain
from commons.computations.registry import BY_KIND
from commons.market.state import JobState
from data_owner.services.job_view import TRAINER, VALIDATOR
from model_buyer.domain.job_request import JobRequest
from model_buyer.domain.stages import Stage

ROOT = Path(__file__).parents[2]
I18N = ROOT / "ui/src/i18n"

SHOWN = (
    "commons/agent",
    "commons/chain",
    "commons/ciphers/wire.py",
    "commons/computations",
    "commons/market",
    "commons/messages.py",
    "commons/tables",
    "commons/web",
    "data_owner",
    "federated_aggregator",
    "model_buyer",
    # What a data owner finds wrong with a job's key, or with its own numbers, when it accepts.
    "commons/computations/linear_regression/learning/gradient_map.py",
    "commons/ciphers/paillier/openings.py",
    "commons/ciphers/paillier/proofs.py",
    "commons/ciphers/paillier/public_key.py",
    "commons/ciphers/paillier/self_check.py",
)
"""The other modules of paillier raise what only a mistake in this project's own code can bring about."""

_OWN_MISTAKES = "only a mistake in this project's own code can bring it about"

NEVER_SHOWN = {
    "commons/arrays.py": _OWN_MISTAKES,
    "commons/computations/linear_regression/learning/federated.py": _OWN_MISTAKES,
    "commons/computations/linear_regression/learning/linear_model.py": _OWN_MISTAKES,
    "commons/computations/linear_regression/learning/quadratic_metric.py": _OWN_MISTAKES,
    "commons/computations/linear_regression/learning/scaling.py": _OWN_MISTAKES,
    "commons/computations/statistics/slots.py": _OWN_MISTAKES,
    "commons/agent/sign_in.py": "the text that accounts sign",
    "commons/agent/upload.py": "the form of a request",
    "commons/chain/artifact.py": "before a service starts",
    "commons/chain/contract_addresses.py": "before a service starts",
    "commons/chain/deployment.py": "by the command that deploys",
    "commons/chain/keystore.py": "before a service starts",
    "commons/chain/settings.py": "before a service starts",
    "commons/market/contribution.py": _OWN_MISTAKES,
    "commons/market/payout.py": _OWN_MISTAKES,
    "commons/web/app.py": "headers",
    "commons/web/core_app.py": "the documentation of the API, and how JSON is read",
    "commons/web/configuration.py": "before a service starts",
    "commons/web/frontend.py": "where there are no pages",
    "commons/web/server.py": "before a service starts",
    "commons/web/supervision.py": "in the log",
    "data_owner/config.py": "before a service starts",
    "federated_aggregator/config.py": "before a service starts",
    "model_buyer/config.py": "before a service starts",
}

NO_TEXTS = {
    "Bearer {}": "a header",
    "DeltaML Marketplace": "the name that signatures are for",
    "DeltaML statistics v1": "the format of a file",
    "text/csv; charset=utf-8": "a header",
    "Paillier public key, keccak256 of n {}": "a member of a file",
    "predicted {}": "the name of a column in a file",
    "{} was answered with something other than a JSON object": "replaced before it leaves its module",
    "looked at for the first time": "in the log",
    "gas required exceeds": "what nodes say, to compare with",
    '{"tasks": {}}': "an answer in JSON, put together from stored bytes",
    '{"outcome": "{}", "tasks": {}}': "an answer in JSON, put together from stored bytes",
    '{"task_id": "{}", "deadline": {}, "task": {}}': "a part of such an answer",
    "out of gas": "what nodes say, to compare with",
    "exceeds block gas limit": "what nodes say, to compare with",
    "exceeds the limit allowed": "what nodes say, to compare with",
}

NOT_PEOPLES = {"AssertionError", "NotThrift", "create_api", "create_participant_app", "removeprefix", "text"}
"""Calls whose arguments are for programs; those of loggers are too."""

OTHER_TYPES = ("bytes", "complex", "dataclass", "date", "decimal", "fraction", "time", "url", "uuid")
"""Types that no request has; their errors begin with them."""

OTHER_WORDS = (
    *(
        "Attribute",
        "attribute",
        "Argument",
        "argument",
        "callable",
        "factory",
        "frozen",
        "instance",
        "iterat",
        "keyword",
    ),
    *(
        "array or an object",
        "bytearray",
        "cyclic",
        "depth",
        "hashable",
        "mapping",
        "null",
        "sentinel",
        "subclass",
        "tag",
    ),
    *("'Ellipsis'", "validating from"),
)
"""Words in pydantic's messages about what only programs do."""

MAX_HOLES = 10
"""A catalogue counts holes with one digit."""


def shown_modules() -> list[Path]:
    paths = [path for name in SHOWN for path in (sorted((ROOT / name).rglob("*.py")) or [ROOT / name])]
    return [path for path in paths if str(path.relative_to(ROOT)) not in NEVER_SHOWN and "migrations" not in path.parts]


def template(node: ast.AST) -> str | None:
    """The text of a literal, `{}` for each value that is filled in."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def is_prose(text: str) -> bool:
    return " " in text.strip() and re.search(r"[A-Za-z]{2}", text) is not None and not text.startswith("<")


def is_for_programs(node: ast.AST) -> bool:
    """Whether nothing below this node is read by people on a page: documentation, logs, statements of SQL."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        # Why ciphertexts are on the wire as they are, for whoever reads the code.
        return any(
            isinstance(target, ast.Name) and re.fullmatch(r"_WHY_\w+_(IS|ARE)_NOT", target.id)
            for target in node.targets
        )
    if isinstance(node, ast.keyword):
        return node.arg in {"description", "examples", "summary"}
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func).split(".")
    return called[0] in {"log", "_log"} or called[-1] in NOT_PEOPLES


def texts_below(node: ast.AST) -> Iterator[str]:
    if is_for_programs(node):
        return
    text = template(node)
    if text is not None and is_prose(text):
        yield text
    for child in ast.iter_child_nodes(node):
        # The constants between the values of a text are parts of it.
        if not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from texts_below(child)


def own_texts() -> dict[str, str]:
    """All texts that the services write, each with one place where it is written."""
    return {
        text: f"{path.relative_to(ROOT)}"
        for path in shown_modules()
        for text in texts_below(ast.parse(path.read_text(encoding="utf-8")))
        if text not in NO_TEXTS
    }


def libraries_texts() -> set[str]:
    """What pydantic, werkzeug and the operating system say, and the services pass on."""
    of_pydantic = {
        re.sub(r"\{\w+\}", "{}", error.get("message_template_json") or error["message_template_python"])
        for error in list_all_errors()
        if not error["type"].startswith(OTHER_TYPES) and error["type"] not in {"assertion_error", "value_error"}
    }
    # As `commons.web.validation` words them.
    worded = {text.removeprefix("Input ") for text in of_pydantic if not any(word in text for word in OTHER_WORDS)}
    answers = (exceptions.BadRequest, exceptions.MethodNotAllowed, exceptions.NotFound)
    troubles = (errno.EACCES, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EPERM)
    return (
        {text[:1].lower() + text[1:] for text in worded}
        | {str(answer.description) for answer in answers}
        | {os.strerror(trouble) for trouble in troubles}
    )


@cache
def catalogue() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((I18N / "services.es.json").read_text(encoding="utf-8"))
    return found


@cache
def api_names() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads((I18N / "apiNames.json").read_text(encoding="utf-8"))
    return found


def test_every_text_that_a_page_can_show_is_in_the_catalogue_and_no_other() -> None:
    written, others = own_texts(), libraries_texts()
    assert len(written) > 200
    missing = {text: place for text, place in written.items() if text not in catalogue()["texts"]}
    assert missing == {}
    assert others - catalogue()["texts"].keys() == set()
    assert catalogue()["texts"].keys() - written.keys() - others == set()


def test_what_is_left_out_is_still_there() -> None:
    assert [path for path in NEVER_SHOWN if not (ROOT / path).is_file()] == []
    sources = "".join(path.read_text(encoding="utf-8") for path in shown_modules())
    assert [text for text in NO_TEXTS if max(text.split("{}"), key=len) not in sources] == []


def test_texts_are_whole_so_that_they_can_be_translated() -> None:
    glued = [text for text in own_texts() if text != text.strip(" ") or "{}{}" in text]
    assert glued == []


def test_no_text_is_put_together_with_a_plus() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in shown_modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add)
        and any(is_prose(template(side) or "") for side in (node.left, node.right))
    ]
    assert found == []


def holes_agree(text: str, translated: str) -> bool:
    pieces = text.split("{}")
    holes = range(len(pieces) - 1)
    # An ending is glued to its word, as in "item{}"; other languages have their own.
    needed = {hole for hole in holes if not pieces[hole][-1:].isalpha()}
    numbered = re.findall(r"\{(\d)\}", translated)
    used = set(map(int, numbered)) if numbered else set(range(translated.count("{}")))
    return needed <= used <= set(holes) and len(holes) <= MAX_HOLES and not (numbered and "{}" in translated)


def test_a_translation_has_the_same_holes() -> None:
    assert [text for text, translated in catalogue()["texts"].items() if not holes_agree(text, translated)] == []


def test_no_translation_is_empty_or_left_as_it_was() -> None:
    same = [text for kind in catalogue().values() for text, translated in kind.items() if translated in ("", text)]
    assert same == []


def error_codes() -> set[str]:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.DeltaMLError)]
    return {kind.code for kind in kinds}


def test_the_words_that_fill_holes_are_those_of_the_states_and_roles() -> None:
    states = {*JobState, *Stage, *(state.name.lower() for state in StateOnChain)}
    assert catalogue()["words"].keys() == {*map(str, states), TRAINER, VALIDATOR}


def test_names_of_the_api_in_texts_have_words_in_both_languages() -> None:
    names = api_names()
    assert names["en"].keys() == names["es"].keys()
    used = {name for text in own_texts() for name in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text)}
    asked = (JobRequest, *(one.spec for one in BY_KIND.values()))
    fields = {name for model in asked for name in model.model_fields if "_" in name}
    tasks = {str(task.model_fields["kind"].default) for one in BY_KIND.values() for task in one.tasks}
    assert (used | fields | tasks | {code for code in error_codes() if "_" in code}) - names["en"].keys() == set()
