"""The program that compares `jtconv.compat` with the frameworks sees what is wrong; no framework is needed."""

import json
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from tests.checks.agreement import registry
from tests.checks.agreement.compared import compare
from tests.checks.agreement.draws import Draw
from tests.checks.agreement.misshapen import misshapen
from tests.checks.agreement.report import with_others

PEER = registry.peer("tf")  # whose functions are written with JAX's
GOOD = next(c for c in PEER.configurations() if compare(PEER, c).kind == "compared" and c.dtype == "float64")


def outcome_of(change):
    """Compare with a peer whose result, and whose size of terms, goes through `change`."""

    def theirs(configuration):
        function = PEER.theirs(configuration)
        return lambda *arrays: change(function(*arrays))

    return compare(replace(PEER, theirs=theirs), GOOD)


def test_calls_are_the_same_every_time():
    first, second = (PEER.configurations() for _ in range(2))
    assert list(map(str, first)) == list(map(str, second))
    assert len(set(map(str, first))) > len(first) // 2
    np.testing.assert_array_equal(first[0].arrays()[0], second[0].arrays()[0])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x + 1e-9 * jnp.sign(x), "off by"),
        (lambda x: x[..., ::-1, :], "off by"),
        (lambda x: x[:-1], "shape"),
        (lambda x: x.astype("float32"), "dtype"),
    ],
)
def test_a_wrong_result_is_a_failure(change, words):
    assert outcome_of(lambda x: x).kind == "compared"
    outcome = outcome_of(change)
    assert outcome.kind == "failure"
    assert words in outcome.words


def test_what_one_alone_refuses_is_a_failure():
    def refuse(configuration):
        raise RuntimeError("no such layer")

    outcome = compare(replace(PEER, theirs=refuse), GOOD)
    assert (outcome.kind, outcome.words) == ("failure", "only the peer refuses: RuntimeError: no such layer")
    wrong = replace(GOOD, arguments=GOOD.arguments | {"padding": "CAUSAL"})
    outcome = compare(PEER, wrong)
    assert outcome.kind == "failure"
    assert outcome.words.startswith("only the adapter refuses: ValueError")
    assert compare(replace(PEER, theirs=refuse), wrong).kind == "both refuse"


def test_mistakes_are_calls_of_their_own():
    edges = [c for c in PEER.configurations() if c.edge]
    assert len(edges) > 100
    assert all(c.features == {"edge cases"} for c in edges)
    image, kernel = GOOD.shapes
    assert all((c.shapes, c.dtypes) != ((image, kernel), GOOD.dtypes) for c in misshapen(GOOD, empty=True))


def test_draws_stay_in_their_ranges():
    draws = [Draw(number) for number in range(200)]
    assert {draw.ndim for draw in draws} == {1, 2, 3}
    layers = [draw.layer("bfloat16", groups=(1, 2), strides=draw.one_or_each(1, 4)) for draw in draws]
    assert {layer.groups for layer in layers} == {1, 2}
    assert {layer.x_per_group for layer in layers} == {1}
    assert {s for layer in layers for s in layer.strides} == {1, 2, 3, 4}


def test_rows_of_peers_that_are_not_run_again_are_kept(tmp_path):
    machine = {"processor": "p", "cores": 2, "python": "3", "jax": "0", "jtconv": "0"}
    earlier = {
        **machine,
        "date": "old",
        "every": 1,
        "peers": [{"peer": "a", "compared": 1}, {"peer": "b", "compared": 2}],
    }
    (tmp_path / "result.json").write_text(json.dumps(earlier))
    result = {**machine, "date": "new", "peers": [{"peer": "b", "compared": 3, "date": "new", "every": 1}]}
    kept = with_others(result, tmp_path / "result.json")
    assert [(p["peer"], p["compared"], p["date"]) for p in kept["peers"]] == [("a", 1, "old"), ("b", 3, "new")]
    assert with_others(result, tmp_path / "missing.json") == result
    assert with_others(result | {"processor": "q"}, tmp_path / "result.json") == result | {"processor": "q"}
