"""The examples in the documentation are documents, and the tables name every kind and every exception."""

import json
import re
from pathlib import Path
from typing import get_args

import billing.rules
from billing.rules import check
from billing.rules.nodes import Condition, Node
from billing.rules.outcome import MESSAGES

README = (Path(billing.rules.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_the_examples_are_documents() -> None:
    examples = re.findall(r"```json\n(.*?)```", README, flags=re.DOTALL)
    assert len(examples) >= 4
    for example in examples:
        assert check(json.loads(example)) == []


def test_every_kind_and_every_exception_is_explained() -> None:
    unions = (get_args(Node)[0], get_args(Condition)[0])
    fields = [part.model_fields["kind"] for union in unions for part in get_args(union)]
    kinds = [kind for field in fields for kind in get_args(field.annotation)]
    assert len(kinds) == 27
    for word in (*kinds, *MESSAGES):
        assert f"`{word}`" in README, word
